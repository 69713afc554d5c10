"""What a run would take out of the lake: counted, said before anything is written, and done only if somebody says so.

The same steps guard the UI, whose runs carry no options: what `job.execute_in_process` does here is one click there.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest
from click.testing import CliRunner
from factories import leak
from scripted import ScriptedVllm

from polyglot_assets import definitions
from polyglot_assets.cli import run as running
from polyglot_assets.cli.main import main
from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell, cells
from polyglot_assets.lake import made_with
from polyglot_assets.lake.store import Lake, write_parquet
from polyglot_assets.orchestration import removal
from polyglot_assets.orchestration.choices import TAG, Choices
from polyglot_assets.release import manifest, versions
from polyglot_assets.settings import Settings

TEACHER = "smollm2-135m"
CELL = Cell("de", "respond")
ALL = ("seeds", "prompts", "responses", "examples")
AFTER = ALL[1:]

Click = Callable[..., dg.ExecuteInProcessResult]


def run(settings: Settings, groups: tuple[str, ...], launchpad: dict[str, Any]) -> dg.ExecuteInProcessResult:
    """A cell, as a click in the UI runs it: with these settings, and what stands in the launchpad."""
    defs = definitions.build_defs(settings, ScriptedVllm.new())
    named = {"seeds": [dg.AssetKey(["seeds", "aya"])]}
    graph = defs.resolve_asset_graph().get_all_asset_keys()
    keys = [key for group in groups for key in named.get(group, [key for key in graph if key.path[0] == group])]
    return defs.resolve_implicit_global_asset_job_def().execute_in_process(
        asset_selection=keys,
        partition_key=CELL.key,
        run_config={"resources": {"choices": {"config": launchpad}}} if launchpad else {},
        raise_on_error=False,
    )


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with a cell of three rows."""
    root = tmp_path_factory.mktemp("original") / "lake"
    assert run(Settings(lake=root, rows_per_cell=3), ALL, {}).success
    return root


@pytest.fixture
def click(original: Path, settings: Settings) -> Click:
    """Clicks in the UI of a copy of that lake."""
    shutil.copytree(original, settings.lake, dirs_exist_ok=True)

    def clicked(
        groups: tuple[str, ...] = AFTER, launchpad: dict[str, Any] | None = None, **others: Any
    ) -> dg.ExecuteInProcessResult:
        return run(settings.model_copy(update=others), groups, launchpad or {})

    return clicked


def said(result: dg.ExecuteInProcessResult, step: str) -> str:
    """What the failed step says, whatever Dagster wraps around it."""
    (failure,) = (event.step_failure_data for event in result.all_events if event.is_step_failure)
    (event,) = (event for event in result.all_events if event.is_step_failure)
    assert event.step_key == step
    return str(failure.error.cause.message if failure.error.cause else failure.error.message)


def files(lake: Lake) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(lake.root.rglob("*.parquet"))}


def test_fewer_rows_stop_before_anything_is_written(click: Click, lake: Lake) -> None:
    before = files(lake)
    for others in ({"rows_per_cell": 1}, {"launchpad": {"rows_per_cell": 1}}):
        message = said(click(("prompts",), **others), "prompts")
        assert "the prompts stay as they were, for this run would take rows out of the lake" in message
        assert "2 prompts with their answers and examples (de/respond 2)" in message
        assert "POLYGLOT_ROWS_PER_CELL is 1; 3 would keep them" in message
        assert "allow_removal: true" in message
        assert files(lake) == before
    assert click(launchpad={"rows_per_cell": 1, "allow_removal": True}).success
    assert len(lake.read_cell(EXAMPLES, CELL)) == 1
    assert click().success, "more rows never ask"
    assert files(lake) == before, "the answers were in the ledger"


def test_a_run_chooses_teachers_and_remembers_them(click: Click, lake: Lake) -> None:
    two = {"teachers": (TEACHER, "gemma-3-4b-it")}
    other = {"teachers": ["gemma-3-4b-it"]}
    before = files(lake)
    message = said(click(("examples",), launchpad=other, **two), "examples")
    assert f"3 examples of {TEACHER} (de/respond 3): POLYGLOT_TEACHERS does not name it" in message
    assert files(lake) == before
    assert click(AFTER, launchpad={**other, "allow_removal": True}, **two).success
    assert {row["teacher"] for row in lake.read_cell(EXAMPLES, CELL)} == {"gemma-3-4b-it"}
    mine = lake.cell_path(RESPONSES, CELL, teacher=TEACHER)
    assert mine.read_bytes() == before[mine], "one that is not named keeps its answers"
    assert made_with.read(lake.cell_path(EXAMPLES, CELL))["teachers"] == ["gemma-3-4b-it"]
    note = made_with.read(lake.cell_path(RESPONSES, CELL, teacher="gemma-3-4b-it"))
    assert note["gate_refusal_share"] == 0.1
    assert note["sampled"]["model"] == "google/gemma-3-4b-it"
    assert note["sampled"]["sampling"]
    assert made_with.read(lake.cell_path(PROMPTS, CELL))["rows_per_cell"] == 3
    seeds = made_with.read(lake.cell_path(SEEDS, CELL, source="aya"))
    assert (seeds["seeds"], seeds["source"]) == ("samples", "CohereLabs/aya_collection")
    with pytest.raises(UserError, match=r"^choices\.teachers: 'nobody' is not enabled"):
        Choices(rows_per_cell=1, seeds="hub", teachers=["nobody"]).chosen([TEACHER])


def test_stricter_gates_stop_the_examples_and_say_what_the_answers_end_as(click: Click, lake: Lake) -> None:
    before = lake.read_cell(EXAMPLES, CELL)
    strict = {"gate_longest_response": 10}
    message = said(click(("responses", "examples"), **strict), "examples")
    assert "the examples stay as they were" in message, "while the answers were judged anew"
    assert "3 examples (de/respond 3): under POLYGLOT_GATES and its thresholds they end as bad_length 3; " in message
    assert lake.read_cell(EXAMPLES, CELL) == before
    assert click(("examples",), launchpad={"allow_removal": True}, **strict).success
    assert lake.read_cell(EXAMPLES, CELL) == []
    assert click(("responses", "examples")).success
    assert lake.read_cell(EXAMPLES, CELL) == before, "back to what it was made with"


def test_other_seeds_stop_before_anything_is_written(click: Click, lake: Lake, tmp_path: Path) -> None:
    before = files(lake)
    (tmp_path / "empty").mkdir()
    message = said(click(("seeds",), seeds=str(tmp_path / "empty")), "seeds__aya")
    assert "3 prompts from CohereLabs/aya_collection with their answers and examples (de/respond 3)" in message
    assert files(lake) == before


def test_other_settings_of_seeds_stop_too_and_are_named(click: Click, lake: Lake) -> None:
    before = files(lake)
    message = said(click(("seeds",), seeds_per_cell=1), "seeds__aya")
    assert " prompts from CohereLabs/aya_collection with their answers and examples (de/respond " in message
    assert "): POLYGLOT_SEEDS_PER_CELL is 1, with 10000 they were read. " in message
    assert files(lake) == before
    assert click(("seeds",), launchpad={"allow_removal": True}, seeds_per_cell=1).success


def test_another_model_of_the_same_name_stops(lake: Lake) -> None:
    cell, path = CELL, lake.cell_path(RESPONSES, CELL, teacher="small")
    empty = dict.fromkeys(name for name, _, _ in RESPONSES.fields)
    row = empty | {"prompt_id": "p", "sample_index": 0, "language": "de", "strategy": "respond", "teacher": "small"}
    lake.write_cell(RESPONSES, cell, [row], teacher="small")
    assert removal.of_model(lake, [cell], "small", "org/small") == [], "nothing is known of it"
    made_with.write(path, {"sampled": {"model": "org/small"}})
    assert removal.of_model(lake, [cell], "small", "org/small") == []
    (found,) = removal.of_model(lake, [cell], "small", "other/small")
    assert str(found).startswith("1 answers of org/small with their examples (de/respond 1): POLYGLOT_TEACHERS calls")


def test_no_evaluation_sets_any_more(lake: Lake, settings: Settings, tmp_path: Path) -> None:
    assert removal.of_evalsets(lake, settings) == []
    rows = [
        leak({"id": name, "language": "de", "strategy": "respond", "source": "s", "teacher": "t"}) for name in "aab"
    ]
    write_parquet(pa.Table.from_pylist(rows, schema=CONTAMINATION.schema), lake.table_path(CONTAMINATION))
    (found,) = removal.of_evalsets(lake, settings)
    assert str(found).startswith("2 findings of contamination, whose examples would count as clean: POLYGLOT_EVALSETS")
    assert removal.of_evalsets(lake, settings.model_copy(update={"evalsets": tmp_path})) == []


def test_many_cells_are_summed_and_the_largest_named(lake: Lake) -> None:
    for number, cell in enumerate(grid := cells(["de", "cs"])):
        lake.write_cell(PROMPTS, cell, [_prompt(cell, row) for row in range(10 * (number + 1))])
    (found,) = removal.of_prompts(lake, grid, 10)
    assert str(found).startswith("150 prompts with their answers and examples (cs/translate 50, ")
    assert ", and 1 more cells): " in str(found)
    assert removal.of_prompts(lake, grid, 60) == []


def _prompt(cell: Cell, number: int) -> dict[str, Any]:
    empty = dict.fromkeys(name for name, _, _ in PROMPTS.fields)
    return empty | {"prompt_id": str(number), "language": cell.language, "strategy": cell.strategy}


def test_the_command_line_says_it_and_ends_with_2(
    lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    vllm = ScriptedVllm.new()
    monkeypatch.setattr(definitions.VllmResource, "of", lambda _: vllm)
    monkeypatch.setenv("POLYGLOT_LANGUAGES", "de")
    monkeypatch.setenv("POLYGLOT_ROWS_PER_CELL", "4")

    def materialize(*options: str) -> Any:
        return CliRunner().invoke(main, ["materialize", *options])

    assert materialize().exit_code == 0
    newest = manifest.read(versions.path(lake, versions.latest(lake) or ""))
    assert newest.settings["rows_per_cell"] == 4
    with running.recorded(settings) as instance:
        (run,) = instance.get_runs()
    chosen = {"rows_per_cell": 4, "teachers": [TEACHER], "seeds": "samples", "allow_removal": False}
    assert run.run_config["resources"]["choices"]["config"] == chosen
    assert json.loads(run.tags[TAG]) == {"languages": ["de"], "rows_per_cell": 4}
    assert newest.made_with["evalsets"] == []
    assert {row["teacher"] for row in newest.made_with["sampling"]} == {TEACHER}
    assert all(
        "seed" not in row["sampling"] and "temperature" in row["sampling"] for row in newest.made_with["sampling"]
    )
    assert {row["seeds"] for row in newest.made_with["seeds"]} == {"samples"}
    assert sum(row["rows"] for row in newest.made_with["seeds"]) == newest.rows
    diff = CliRunner().invoke(main, ["settings", "--diff"])
    assert diff.output == "the lake was made with the present settings\n"

    before = files(lake)
    monkeypatch.setenv("POLYGLOT_ROWS_PER_CELL", "3")
    monkeypatch.setenv("POLYGLOT_GATES", "length")
    stopped = materialize()
    assert stopped.exit_code == 2
    assert "3 prompts with their answers and examples (de/generate 1, de/respond 1, de/translate 1)" in stopped.output
    assert files(lake) == before
    lines = CliRunner().invoke(main, ["settings", "--diff"]).output.splitlines()
    assert "POLYGLOT_ROWS_PER_CELL is 3; 3 cells of prompts were made with 4" in lines
    assert any(
        line.startswith("POLYGLOT_GATES is length; 3 cells of responses were made with leakage,") for line in lines
    )
    assert len(lines) == 2

    done = materialize("--yes")
    assert done.exit_code == 0, done.output
    assert "leaving the lake: 3 prompts" in done.output
    assert len(lake.read_cell(EXAMPLES, CELL)) <= 3
    asked = [request for engine in vllm.script.engines for request in engine.asked]
    assert len(asked) == 12, "nothing was asked twice"
    assert CliRunner().invoke(main, ["settings", "--diff"]).output == diff.output


def test_notes_are_of_the_file_that_is_there(tmp_path: Path) -> None:
    file = tmp_path / "cell" / "cell.parquet"
    assert made_with.read(file) is None
    with made_with.noted(file, {"rows": 3, "names": ("a",)}):
        pass
    assert made_with.read(file) == {"rows": 3, "names": ["a"]}
    with pytest.raises(KeyboardInterrupt), made_with.noted(file, {"rows": 3, "names": ("a",)}):
        raise KeyboardInterrupt
    assert made_with.read(file) == {"rows": 3, "names": ["a"]}, "old or new, it was made with the same"
    with pytest.raises(KeyboardInterrupt), made_with.noted(file, {"rows": 4}):
        raise KeyboardInterrupt
    assert made_with.read(file) is None
    file.with_name(made_with.NAME).write_bytes(b"\0\0")
    assert made_with.read(file) is None
