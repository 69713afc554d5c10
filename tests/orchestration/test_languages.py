"""A language is added to polyglot.toml, whatever else stands there, and an open UI is told."""

import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from polyglot_assets.cli.main import main
from polyglot_assets.orchestration import ui as open_ui
from polyglot_assets.orchestration.languages import add_languages, with_languages
from polyglot_assets.settings import dagster_home, load

FILES = {
    "nothing": "",
    "another table": '[seeds]\nfrom = "hub"  # all of them',
    "comments": '# mine\n[grid]\n# languages = ["de"]\n\n[seeds]\nfrom = "hub"\n',
    "a list": '[grid]\nlanguages = ["de", "cs"]  # for now\n\n[lake]\ncommit_rows = 7\n',
    "lines": '[lake]\ncommit_rows = 7\n[grid]  # here\nlanguages = [\n  "de",\n  "cs",\n]\n',
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a polyglot.toml, which commands read."""
    file = tmp_path / "polyglot.toml"
    file.write_text('[grid]\nlanguages = ["de"]\n')
    monkeypatch.setenv("POLYGLOT_CONFIG", str(file))
    return file


def polyglot(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["languages", *arguments])


@pytest.mark.parametrize("name", FILES)
def test_only_the_languages_change(name: str) -> None:
    before, changed = FILES[name], with_languages(FILES[name], ["de", "fr"])
    assert tomllib.loads(changed)["grid"] == {"languages": ["de", "fr"]}
    rest = {table: values for table, values in tomllib.loads(before).items() if table != "grid"}
    assert {table: values for table, values in tomllib.loads(changed).items() if table != "grid"} == rest
    kept = [line for line in before.splitlines() if line.startswith("#") or "all of them" in line]
    assert [line for line in kept if line not in changed] == []
    assert with_languages(changed, ["de", "fr"]) == changed


@hypothesis_settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(FILES)), max_size=1),
    st.lists(st.sampled_from(["de", "fr", "pt", "yo"]), min_size=1),
)
def test_any_list_can_be_written(names: list[str], codes: list[str]) -> None:
    text = FILES[names[0]] if names else ""
    assert tomllib.loads(with_languages(text, codes))["grid"]["languages"] == codes


def test_a_language_is_added_and_listed(project: Path) -> None:
    result = polyglot("add", "fr", "it")
    assert result.exit_code == 0, result.output
    assert "materialize -l fr -l it" in result.output
    assert load().languages == ("de", "fr", "it")
    assert [line.split()[0] for line in polyglot().output.splitlines()] == ["de", "fr", "it"]


@pytest.mark.parametrize(
    ("codes", "variable", "message"),
    [
        (["klingon"], "", "klingon: unknown language"),
        (["pt-br"], "", "pt-br: unknown language; write pt-BR"),
        (["de"], "", "de (German) is one of the languages already"),
        (["fr"], "de,cs", "POLYGLOT_LANGUAGES in the environment has the last word; add fr there"),
    ],
)
def test_what_cannot_be_added(
    project: Path, monkeypatch: pytest.MonkeyPatch, codes: list[str], variable: str, message: str
) -> None:
    if variable:
        monkeypatch.setenv("POLYGLOT_LANGUAGES", variable)
    before = project.read_text()
    result = polyglot("add", *codes)
    assert (result.exit_code, project.read_text()) == (2, before)
    assert message in result.output


@pytest.fixture
def ui() -> Iterator[tuple[HTTPServer, list[bytes]]]:
    """Something that listens where a UI would, and what it was asked."""
    asked: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server, asked
    server.shutdown()
    server.server_close()


def test_an_open_ui_loads_the_grid_again(project: Path, ui: tuple[HTTPServer, list[bytes]]) -> None:
    server, asked = ui
    dagster_home(load()).mkdir(parents=True)
    open_ui.remember(load(), "0.0.0.0", server.server_address[1])  # noqa: S104
    assert "The open UI shows them." in polyglot("add", "fr").output
    (body,) = asked
    assert b"reloadRepositoryLocation" in body
    assert f'"name": "{open_ui.LOCATION}"'.encode() in body


def test_the_job_of_the_ui_does_the_same(project: Path) -> None:
    config = {"ops": {"add_to_the_settings": {"config": {"languages": ["fr"]}}}}
    assert add_languages.execute_in_process(run_config=config).success
    assert load().languages == ("de", "fr")
