"""The README's commands are real: each one is run here, or is a make target that exists."""

import re
import runpy
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from scripted import ScriptedVllm

from polyglot_assets import definitions
from polyglot_assets.cli.main import main
from polyglot_assets.gates.registry import OUTCOMES
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines() if line]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("make ")])
def test_make_targets_exist(command: str) -> None:
    assert command.split()[1] in TARGETS


def test_the_two_commands_of_a_fresh_machine_are_there() -> None:
    assert {"make demo", "make test"} <= set(COMMANDS)
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_every_other_command_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the order of the README, on a small lake, with scripted engines in the place of vLLM's."""
    monkeypatch.setattr(definitions.VllmResource, "of", lambda _: ScriptedVllm.new())
    monkeypatch.setenv("POLYGLOT_ROWS_PER_CELL", "1")
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    assert runner.invoke(main, ["materialize", "-l", "de"]).exit_code == 0
    ran = 0
    for command in COMMANDS:
        words = shlex.split(command)
        settings = dict(word.split("=", 1) for word in words if re.fullmatch(r"POLYGLOT_\w+=.*", word))
        words = words[len(settings) :]
        if words[0] == "make":
            continue
        assert words[0] == ".venv/bin/polyglot", f"{command!r} is not covered here"
        result = runner.invoke(main, words[1:], env=settings)
        assert result.exit_code == 0, f"{command}\n{result.output}"
        ran += 1
    assert ran >= 6
    assert (tmp_path / "examples.parquet").exists()


def test_the_table_of_sources_names_each() -> None:
    for source in SOURCES:
        assert f"| `seeds/{source.name}` | {source.repo} |" in README


def test_the_tables_of_outcomes_and_settings_are_what_the_code_says() -> None:
    tables = runpy.run_path(str(ROOT / "tools" / "readme_tables.py"))
    assert tables["written"](README) == README, "python tools/readme_tables.py writes them"
    for outcome in OUTCOMES:
        assert f"\n| `{outcome}` | " in README
    for name in Settings.model_fields:
        assert f"\n| `POLYGLOT_{name.upper()}` | " in README


def test_every_make_target_is_mentioned() -> None:
    for target in TARGETS:
        assert f"make {target}" in README
