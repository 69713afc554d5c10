"""polyglot.toml and `.env`: found from where a command runs, below the environment, refused where they are wrong."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from polyglot_assets.cli.main import main
from polyglot_assets.domain.errors import UserError
from polyglot_assets.settings import Settings, describe, load, places
from polyglot_assets.settings.groups import SECRET
from polyglot_assets.settings.sources import KEYS, variable


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, in one below which commands run, and no file named."""
    folder = tmp_path / "project"
    (folder / "below" / "further").mkdir(parents=True)
    monkeypatch.chdir(folder / "below" / "further")
    monkeypatch.delenv("POLYGLOT_CONFIG")
    monkeypatch.delenv("POLYGLOT_LAKE")
    monkeypatch.setattr(places, "CHECKOUT", tmp_path / "checkout")
    return folder


def _origins() -> dict[str, str]:
    return {setting.variable.removeprefix("POLYGLOT_").lower(): setting.origin for setting in describe()}


class TestFinding:
    def test_the_environment_is_above_dotenv_is_above_the_file_is_above_defaults(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (project / "polyglot.toml").write_text(
            '[prompts]\nrows_per_cell = 7\n[grid]\nlanguages = ["de"]\n[seeds]\nkeep_toxic = true\n'
        )
        (project / ".env").write_text("POLYGLOT_ROWS_PER_CELL=8\nPOLYGLOT_LANGUAGES=cs,ja\nSOMEBODY_ELSES=1\n")
        monkeypatch.setenv("POLYGLOT_ROWS_PER_CELL", "9")
        settings = load()
        assert (settings.rows_per_cell, settings.languages, settings.keep_toxic) == (9, ("cs", "ja"), True)
        origins = _origins()
        assert origins["rows_per_cell"] == "environment"
        assert origins["languages"] == str(project / ".env")
        assert origins["keep_toxic"] == str(project / "polyglot.toml")
        assert origins["seed_chars"] == "default"
        assert settings.model_fields_set >= {"rows_per_cell", "languages", "keep_toxic"}

    def test_the_nearest_file_counts_and_not_those_above_it(self, project: Path) -> None:
        (project / "polyglot.toml").write_text("[prompts]\nrows_per_cell = 7\n[seeds]\nkeep_toxic = true\n")
        (project / "below" / "polyglot.toml").write_text("[prompts]\nrows_per_cell = 8\n")
        assert (load().rows_per_cell, load().keep_toxic) == (8, False)

    def test_a_checkout_has_its_file_wherever_commands_run(self, project: Path) -> None:
        checkout = places.CHECKOUT
        checkout.mkdir()
        (checkout / "pyproject.toml").touch()
        (checkout / "polyglot.toml").write_text("[prompts]\nrows_per_cell = 7\n")
        assert load().rows_per_cell == 7
        assert load().lake == checkout / "data" / "lake"
        (project / "polyglot.toml").touch()
        assert load().rows_per_cell == 6

    def test_without_a_file_dotenv_lies_in_the_working_directory(self, project: Path) -> None:
        Path(".env").write_text("POLYGLOT_ROWS_PER_CELL=8\n")
        assert load().rows_per_cell == 8

    def test_a_file_can_be_named(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (project / "polyglot.toml").write_text("[prompts]\nrows_per_cell = 7\n")
        (project / "other.toml").write_text("[prompts]\nrows_per_cell = 8\n")
        monkeypatch.setenv("POLYGLOT_CONFIG", "../../other.toml")
        assert load().rows_per_cell == 8
        monkeypatch.setenv("POLYGLOT_CONFIG", "nowhere.toml")
        with pytest.raises(UserError, match=r"^POLYGLOT_CONFIG: there is no file .*/nowhere\.toml; `polyglot init` "):
            load()
        result = CliRunner().invoke(main, ["--config", "../../other.toml", "settings"])
        assert "POLYGLOT_ROWS_PER_CELL=8\n" in result.output

    def test_relative_paths_begin_at_the_file(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/users/someone")
        (project / "polyglot.toml").write_text(
            '[lake]\nfolder = "lake"\ncache = "~/cache"\n[seeds]\nfrom = "native"\n[release]\npolicy = "policy.toml"\n'
        )
        (project / ".env").write_text("POLYGLOT_EVALSETS=sets\n")
        settings = load()
        assert (settings.lake, settings.cache) == (project / "lake", Path("/users/someone/cache"))
        assert (settings.seeds, settings.release_policy) == (str(project / "native"), str(project / "policy.toml"))
        assert settings.evalsets == project / "sets"
        assert settings.deciding()["seeds"] == settings.deciding()["evalsets"] == "folder"
        assert settings.deciding()["release_policy"] == "file"
        (project / "polyglot.toml").write_text('[seeds]\nfrom = "hub"\n[release]\npolicy = "commercial"\n')
        assert (load().seeds, load().release_policy) == ("hub", "commercial")

    def test_the_code_location_reads_the_same(self, project: Path) -> None:
        """As `dagster dev` and `workspace.yaml` load it, by hand or from `polyglot dev`."""
        (project / "polyglot.toml").write_text('[grid]\nlanguages = ["de"]\n')
        (project / ".env").write_text("POLYGLOT_TEACHERS=gemma-3-4b-it\n")
        code = (
            "import json; from polyglot_assets.definitions import defs; graph = defs().resolve_asset_graph(); "
            "nodes = {key.to_user_string(): graph.get(key) for key in graph.get_all_asset_keys()}; "
            "cells = nodes['prompts'].partitions_def.get_partition_keys(); "
            "print(json.dumps([[name for name in nodes if name.startswith('responses/')], cells]))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        keys, partitions = json.loads(done.stdout.splitlines()[-1])
        assert keys == ["responses/gemma_3_4b_it"]
        assert partitions == ["de|generate", "de|respond", "de|translate"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[prompt]\n", "[prompt]: there is no such table; did you mean prompts?"),
        ("[prompts]\nrow_per_cell = 1\n", "[prompts] row_per_cell: there is no such key; did you mean rows_per_cell?"),
        ("[teachers]\nteacher_url = []\n", "[teachers] teacher_url: there is no such key; it is `url` in [teachers]"),
        ("[seeds]\nrows_per_cell = 3\n", "[seeds] rows_per_cell: there is no such key; it is `rows_per_cell` in [pro"),
        ("[seeds]\nurl = 3\n", "[seeds] url: there is no such key; it belongs into [teachers]"),
        ("rows_per_cell = 3\n", "rows_per_cell: stands in no table; it is `rows_per_cell` in [prompts]"),
        ("POLYGLOT_SEEDS = 'hub'\n", "POLYGLOT_SEEDS: stands in no table; it is `from` in [seeds]"),
        ("version = 3\n", "version: stands in no table; there are lake, grid, seeds, prompts, teachers, gates, "),
        ("[prompts]\nrows_per_cell = 0\n", "[prompts] rows_per_cell: Input should be greater than or equal to 1"),
        ("[prompts]\nrows_per_cell = true\n", "[prompts] rows_per_cell: expected another value than true"),
        ("[grid]\nlanguages = ['xx']\n", "[grid] languages: no language has the code 'xx'"),
        ("[grid]\nlanguages = ['fil']\n", "[grid] languages: unknown language 'fil'; write 'tl'"),
        ("[grid.languages]\nde = 1\n", "[grid] languages: expected a value, got {'de': 1}"),
        ("[gates]\nforeign_share = 'much'\n", "[gates] foreign_share: Input should be a valid number"),
        ("[teachers]\napi_key = 'sk-1'\n", "[teachers] api_key: is a secret, and this file is meant to be shared"),
        ("[teachers\n", "Expected ']' at the end of a table declaration (at line 1, column 10)"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_one_line_that_names_file_table_and_key(
    project: Path, text: str, problem: str
) -> None:
    path = project / "polyglot.toml"
    path.write_text(text)
    result = CliRunner().invoke(main, ["settings"])
    assert result.exit_code == 2
    assert result.output.startswith(f"polyglot: {path}: {problem}")
    assert result.output.count("\n") == 1
    assert "sk-1" not in result.output


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"POLYGLOT_LANGUAGE=de\n", "POLYGLOT_LANGUAGE: there is no such setting; did you mean POLYGLOT_LANGUAGES?"),
        (b"POLYGLOT_SEED_CHARS=0\n", "POLYGLOT_SEED_CHARS: Input should be greater than or equal to 1"),
        (b"POLYGLOT_SEEDS=\xff\n", "not UTF-8"),
    ],
)
def test_a_mistake_in_dotenv_is_one_line(project: Path, content: bytes, problem: str) -> None:
    Path(".env").write_bytes(content)
    with pytest.raises(
        UserError, match=rf"^{re.escape(str(Path('.env').absolute()))}[^\n]*: {re.escape(problem)}"
    ) as error:
        load()
    assert "\n" not in str(error.value)


class TestInit:
    def test_the_file_says_the_defaults_and_changes_nothing(self, project: Path) -> None:
        before = load()
        result = CliRunner().invoke(main, ["init"])
        path = Path("polyglot.toml").absolute()
        assert (result.exit_code, result.output) == (0, f"{path}\n")
        assert load() == before
        text = path.read_text()
        keys = re.findall(r"^#(\w+) = ", text, re.MULTILINE)
        assert len(keys) == sum(SECRET not in Settings.model_fields[name].metadata for name in KEYS)
        path.write_text(re.sub(r"^#(\w+ = )", r"\1", text, flags=re.MULTILINE))
        assert load() == before, "every line can be taken as it stands"
        assert set(_origins().values()) == {str(path), "default"}
        assert [name for name, origin in _origins().items() if origin == "default"] == ["teacher_api_key"]

    def test_a_file_that_is_there_stays(self, project: Path) -> None:
        Path("polyglot.toml").write_text("# mine\n")
        result = CliRunner().invoke(main, ["init"])
        assert result.exit_code == 2
        assert "is there already; it is yours" in result.output
        assert Path("polyglot.toml").read_text() == "# mine\n"


def test_keys_and_variables_are_one_to_one() -> None:
    assert set(KEYS) == set(Settings.model_fields)
    assert len({(group.table, key) for group, key in KEYS.values()}) == len(KEYS)
    assert all(re.fullmatch("[a-z_]+", key) for _, key in KEYS.values())
    assert len({variable(name) for name in KEYS}) == len(KEYS)
    assert os.environ["POLYGLOT_CONFIG"] == os.devnull, "no file of whoever runs the tests is read"
