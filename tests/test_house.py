"""The floors of the house: which room may use which, and that nothing goes in circles."""

import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

import polyglot_assets

ROOT = Path(__file__).parents[1]


def test_the_floors_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint_imports(str(ROOT / "pyproject.toml"), no_cache=True) == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_no_files_go_in_circles() -> None:
    graph = grimp.build_graph("polyglot_assets")
    uses = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(uses) > 150
    tuple(TopologicalSorter(uses).static_order())  # raises CycleError, which names the modules


def test_below_the_stages_nothing_knows_dagster() -> None:
    plain = ["domain", "text", "contracts", "lake", "gates"]
    files = [path for room in plain for path in (ROOT / "polyglot_assets" / room).rglob("*.py")]
    assert len(files) > 40
    assert [path for path in files if "\nimport dagster" in path.read_text(encoding="utf-8")] == []


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert polyglot_assets.__version__ == project["version"]
    assert f"## {project['version']}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
