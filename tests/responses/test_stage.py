"""The stream through an engine: every prompt gets an outcome, nothing is asked twice, crashes change nothing."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from scripted import ScriptedEngine, good_answer

from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.contracts.table import QUALITY
from polyglot_assets.domain.grid import Cell, cells
from polyglot_assets.gates.registry import DEFAULT, GATES
from polyglot_assets.inference.engine import Completion, Request, Take
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.lake.store import Lake
from polyglot_assets.prompts.build import build
from polyglot_assets.prompts.templates import load
from polyglot_assets.responses import stage
from polyglot_assets.responses.compact import Rules
from polyglot_assets.responses.ledger import Ledger, ledger_path
from polyglot_assets.responses.requests import make_request
from polyglot_assets.responses.retry import mark_for_retry
from polyglot_assets.responses.stage import CellResponses
from polyglot_assets.seeds.acquire import find
from polyglot_assets.seeds.fill import fill
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import Settings

TEACHER = Teacher("scripted", "org/scripted", "mit", max_tokens=64, max_model_len=4096)
CELLS = cells(["de", "cs"])


def quiet(line: str) -> None:
    pass


def respond(
    lake: Lake,
    teacher: Teacher,
    chosen: list[Cell],
    engine: Callable[[], ScriptedEngine],
    report: Callable[[str], None],
) -> dict[Cell, CellResponses]:
    return dict(stage.respond(lake, teacher, chosen, engine, report))


@pytest.fixture
def prompted(lake: Lake, settings: Settings) -> Lake:
    """A lake with six cells of prompts."""
    filled = [fill(source, find(source, settings), CELLS, settings) for source in SOURCES]
    for cell in CELLS:
        seeds = [seed for source in filled for seed in source[cell].rows]
        rows, _ = build(cell, seeds, load()[cell.strategy], limit=5)
        lake.write_cell(PROMPTS, cell, rows)
    return lake


def no_engine() -> ScriptedEngine:
    raise AssertionError("an unchanged cell loaded the engine")


def response_bytes(lake: Lake) -> dict[Cell, bytes]:
    return {cell: lake.cell_path(RESPONSES, cell, teacher=TEACHER.name).read_bytes() for cell in CELLS}


def test_every_prompt_has_one_outcome_and_unchanged_cells_need_no_engine(prompted: Lake) -> None:
    engine = ScriptedEngine()
    results = respond(prompted, TEACHER, CELLS, lambda: engine, quiet)
    assert {cell: result.outcomes for cell, result in results.items()} == {cell: {"ok": 5} for cell in CELLS}
    assert len(engine.asked) == 30
    first = response_bytes(prompted)

    again = respond(prompted, TEACHER, CELLS, no_engine, quiet)
    assert sum(result.asked for result in again.values()) == 0
    assert response_bytes(prompted) == first


def test_all_cells_share_one_engine_and_one_stream(prompted: Lake) -> None:
    loads = []

    def load_engine() -> ScriptedEngine:
        loads.append(ScriptedEngine())
        return loads[-1]

    respond(prompted, TEACHER, CELLS, load_engine, quiet)
    assert len(loads) == 1


def _crashing_after(answers: int) -> Callable[[Request], Completion]:
    left = [answers]

    def answer(request: Request) -> Completion:
        if left[0] == 0:
            raise ConnectionError("the engine died")
        left[0] -= 1
        return good_answer(request)

    return answer


def _same(engine: ScriptedEngine) -> ScriptedEngine:
    return engine


def test_a_crash_in_the_middle_loses_nothing_and_changes_nothing(prompted: Lake, tmp_path: Path) -> None:
    whole = ScriptedEngine()
    respond(prompted, TEACHER, CELLS, lambda: whole, quiet)
    uninterrupted = response_bytes(prompted)
    shutil.rmtree(prompted.root / "ledger")

    asked: list[str] = []
    for limit in (4, 9, 100):
        engine = ScriptedEngine(_crashing_after(limit))
        try:
            respond(prompted, TEACHER, CELLS, partial(_same, engine), quiet)
        except ConnectionError:
            assert limit < 100
        asked += [request.request_id for request in engine.asked]
    assert response_bytes(prompted) == uninterrupted
    # Eight requests are under way in the scripted engine when it dies: only those are asked again.
    assert len(asked) - len(set(asked)) <= 2 * 8


def test_more_prompts_pay_only_for_themselves(prompted: Lake, settings: Settings) -> None:
    respond(prompted, TEACHER, CELLS, ScriptedEngine, quiet)
    cell = CELLS[0]
    kept = prompted.read_cell(PROMPTS, cell)
    filled = [fill(source, find(source, settings), [cell], settings) for source in SOURCES]
    seeds = [seed for source in filled for seed in source[cell].rows]
    rows, _ = build(cell, seeds, load()[cell.strategy], limit=8)
    assert {row["prompt_id"] for row in kept} < {row["prompt_id"] for row in rows}
    prompted.write_cell(PROMPTS, cell, rows)
    engine = ScriptedEngine()
    respond(prompted, TEACHER, CELLS, lambda: engine, quiet)
    assert len(engine.asked) == 3


def test_a_larger_budget_asks_again_for_what_it_changes(prompted: Lake) -> None:
    respond(prompted, TEACHER, CELLS[:1], ScriptedEngine, quiet)
    engine = ScriptedEngine()
    respond(prompted, replace(TEACHER, max_tokens=65), CELLS[:1], lambda: engine, quiet)
    assert len(engine.asked) == 5


def test_another_threshold_rewrites_the_cells_without_asking(prompted: Lake) -> None:
    respond(prompted, TEACHER, CELLS, ScriptedEngine, quiet)
    before = response_bytes(prompted)
    strict = DEFAULT.but(shortest_response=500)
    results = dict(stage.respond(prompted, TEACHER, CELLS, no_engine, quiet, rules=Rules(strict)))
    assert {outcome for result in results.values() for outcome in result.outcomes} == {"bad_length"}
    rows = prompted.read_cell(RESPONSES, CELLS[0], teacher=TEACHER.name)
    assert all(row["reason"] and row["response_length"] < 500 for row in rows)
    respond(prompted, TEACHER, CELLS, no_engine, quiet)
    assert response_bytes(prompted) == before


def test_what_the_gates_measured_is_written_with_the_row(prompted: Lake) -> None:
    """The columns of the gates that are on; those of the others are null."""
    respond(prompted, TEACHER, CELLS[:1], ScriptedEngine, quiet)
    on = {column.name for gate in GATES if gate.name in DEFAULT.enabled for column in gate.columns} & set(QUALITY)
    for row in prompted.read_cell(RESPONSES, CELLS[0], teacher=TEACHER.name):
        filled = {name for name in QUALITY if row[name] is not None}
        assert filled == on - {"prompt_echo_share", "response_echo_share"}, "only a translation has an original"
        assert (row["outcome"], row["personal_data"]) == ("ok", [])


def _when(condition: Callable[[Request], bool], finish: str, text: str = "") -> Callable[[Request], Completion]:
    def answer(request: Request) -> Completion:
        if condition(request):
            return Completion(request.request_id, text, finish, prompt_tokens=10, response_tokens=64)  # type: ignore[arg-type]
        return good_answer(request)

    return answer


def test_truncated_answers_get_a_second_try_with_a_larger_budget(prompted: Lake) -> None:
    engine = ScriptedEngine(_when(lambda request: request.sampling["max_tokens"] == 64, "length"))
    results = respond(prompted, TEACHER, CELLS[:1], lambda: engine, quiet)
    assert results[CELLS[0]].outcomes == {"ok": 5}
    assert len(engine.asked) == 10
    rows = prompted.read_cell(RESPONSES, CELLS[0], teacher=TEACHER.name)
    assert {row["attempts"] for row in rows} == {2}
    assert {json.loads(row["sampling"])["max_tokens"] for row in rows} == {128}


def test_an_answer_that_is_cut_twice_is_truncated_and_not_tried_a_third_time(prompted: Lake) -> None:
    engine = ScriptedEngine(_when(lambda request: True, "length", "halb"))
    results = respond(prompted, TEACHER, CELLS[:1], lambda: engine, quiet)
    assert results[CELLS[0]].outcomes == {"truncated": 5}
    assert len(engine.asked) == 10
    respond(prompted, TEACHER, CELLS[:1], lambda: engine, quiet)
    assert len(engine.asked) == 10
    rows = prompted.read_cell(RESPONSES, CELLS[0], teacher=TEACHER.name)
    assert {row["raw_text"] for row in rows} == {"halb"}
    assert all(row["prompt"] is None and row["reason"] for row in rows)


def test_failed_rows_keep_their_text_and_the_rest_goes_on(prompted: Lake) -> None:
    engine = ScriptedEngine(_when(lambda request: request.sampling["seed"] % 2 == 0, "error"))
    results = respond(prompted, TEACHER, CELLS, lambda: engine, quiet)
    for cell, result in results.items():
        assert sum(result.outcomes.values()) == len(prompted.read_cell(PROMPTS, cell))
    assert sum(result.outcomes.get("engine_error", 0) for result in results.values()) > 0


def test_nothing_that_failed_is_asked_again_by_itself(prompted: Lake) -> None:
    failing = ScriptedEngine(_when(lambda request: request.sampling["seed"] % 2 == 0, "error"))
    first = respond(prompted, TEACHER, CELLS, lambda: failing, quiet)
    before = response_bytes(prompted)
    healthy = ScriptedEngine()
    second = respond(prompted, TEACHER, CELLS, lambda: healthy, quiet)
    assert not healthy.asked
    assert {cell: result.outcomes for cell, result in second.items()} == {
        cell: result.outcomes for cell, result in first.items()
    }
    assert response_bytes(prompted) == before


def test_engine_errors_that_are_marked_for_retry_are_asked_as_they_were(prompted: Lake) -> None:
    respond(prompted, TEACHER, CELLS, ScriptedEngine, quiet)
    untroubled = response_bytes(prompted)
    shutil.rmtree(prompted.root / "ledger")
    failing = ScriptedEngine(_when(lambda request: request.sampling["seed"] % 2 == 0, "error"))
    first = respond(prompted, TEACHER, CELLS, lambda: failing, quiet)
    errors = sum(result.outcomes.get("engine_error", 0) for result in first.values())
    for _ in range(2):  # marking twice is marking once
        assert sum(mark_for_retry(prompted, TEACHER, CELLS, {"engine_error"}).values()) == errors > 0
    healthy = ScriptedEngine()
    second = respond(prompted, TEACHER, CELLS, lambda: healthy, quiet)
    assert len(healthy.asked) == errors
    assert all(result.outcomes == {"ok": 5} for result in second.values())
    assert response_bytes(prompted) == untroubled


def test_other_outcomes_that_are_marked_for_retry_are_asked_with_another_seed(prompted: Lake) -> None:
    engine = ScriptedEngine(_when(lambda request: True, "stop", ""))
    cell = Cell("de", "respond")
    assert respond(prompted, TEACHER, [cell], lambda: engine, quiet)[cell].outcomes == {"empty": 5}
    seeds = {request.sampling["seed"] for request in engine.asked}
    assert mark_for_retry(prompted, TEACHER, CELLS, {"truncated"}) == {}
    assert mark_for_retry(prompted, TEACHER, CELLS, {"empty", "truncated"}) == {cell: 5}
    assert respond(prompted, TEACHER, [cell], lambda: engine, quiet)[cell].outcomes == {"empty": 5}
    assert len({request.sampling["seed"] for request in engine.asked} - seeds) == 5
    assert mark_for_retry(prompted, TEACHER, CELLS, {"empty"}) == {cell: 5}
    healthy = ScriptedEngine()
    assert respond(prompted, TEACHER, [cell], lambda: healthy, quiet)[cell].outcomes == {"ok": 5}
    rows = prompted.read_cell(RESPONSES, cell, teacher=TEACHER.name)
    assert {row["attempts"] for row in rows} == {3}


def test_one_request_of_two_prompts_is_asked_once(prompted: Lake) -> None:
    """The same messages, for example of a seed that two sources have."""
    cell = CELLS[0]
    rows = prompted.read_cell(PROMPTS, cell)
    twin = {**rows[0], "prompt_id": "f" * 32}
    prompted.write_cell(PROMPTS, cell, [*rows, twin])
    engine = ScriptedEngine()
    assert respond(prompted, TEACHER, [cell], lambda: engine, quiet)[cell].outcomes == {"ok": 6}
    assert len(engine.asked) == 5


def test_the_same_request_of_two_cells_reaches_both(prompted: Lake) -> None:
    cell, other = CELLS[:2]
    prompted.write_cell(PROMPTS, other, prompted.read_cell(PROMPTS, cell))
    engine = ScriptedEngine()
    assert set(respond(prompted, TEACHER, [cell, other], lambda: engine, quiet)) == {cell, other}
    assert len(engine.asked) <= 10
    respond(prompted, TEACHER, [cell, other], no_engine, quiet)


class _Echoing(ScriptedEngine):
    """Delivers every answer twice."""

    def stream(self, take: Take) -> Iterator[Completion]:
        for completion in super().stream(take):
            yield completion
            yield completion


def test_an_answer_that_is_delivered_twice_counts_once(prompted: Lake) -> None:
    respond(prompted, TEACHER, CELLS, ScriptedEngine, quiet)
    once = response_bytes(prompted)
    shutil.rmtree(prompted.root / "ledger")
    results = respond(prompted, TEACHER, CELLS, _Echoing, quiet)
    assert sum(result.asked for result in results.values()) == 30
    assert response_bytes(prompted) == once


def test_cells_are_written_as_they_finish(prompted: Lake) -> None:
    engine, seen = ScriptedEngine(), []
    for cell, _ in stage.respond(prompted, TEACHER, CELLS, lambda: engine, quiet):
        seen.append((cell, len(engine.asked)))
        assert prompted.cell_path(RESPONSES, cell, teacher=TEACHER.name).exists()
    assert {cell for cell, _ in seen} == set(CELLS)
    assert seen[0][1] < 30, "the first cell was written while others were still asked for"


def test_prompts_are_read_when_the_engine_takes_them(prompted: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    read = [0]
    scan = Lake.scan_cell

    def counting(*arguments: Any, **parts: str) -> Iterator[dict[str, Any]]:
        for row in scan(*arguments, **parts):
            read[0] += 1
            yield row

    monkeypatch.setattr(Lake, "scan_cell", counting)

    class Slow(ScriptedEngine):
        def stream(self, take: Take) -> Iterator[Completion]:
            for _ in range(3):
                request = take()
                assert request
                self.asked.append(request)
                yield good_answer(request)

    engine = Slow()
    respond(prompted, TEACHER, CELLS, lambda: engine, quiet)
    assert read[0] == len(engine.asked) == 3


@pytest.mark.parametrize("damage", ["cell", "note", "ledger", "prompts", "teacher"])
def test_a_cell_is_written_again_if_anything_it_depends_on_changed(prompted: Lake, damage: str) -> None:
    cell, teacher = CELLS[0], TEACHER
    respond(prompted, TEACHER, CELLS[:1], ScriptedEngine, quiet)
    path = prompted.cell_path(RESPONSES, cell, teacher=TEACHER.name)
    ledger = ledger_path(prompted.root, TEACHER.name, cell)
    whole = path.read_bytes()
    if damage == "cell":
        path.write_bytes(whole[:-1])
    elif damage == "note":
        ledger.with_name("compacted").write_text("")
    elif damage == "ledger":
        ledger.write_bytes(ledger.read_bytes() + ledger.read_bytes())
    elif damage == "prompts":
        prompted.write_cell(PROMPTS, cell, prompted.read_cell(PROMPTS, cell)[1:])
    else:
        teacher = replace(TEACHER, license="gemma")
    written = path.stat().st_ino
    respond(prompted, teacher, CELLS[:1], no_engine, quiet)
    assert path.stat().st_ino != written
    assert (path.read_bytes() == whole) == (damage in ("cell", "note", "ledger"))
    written = path.stat().st_ino
    respond(prompted, teacher, CELLS[:1], no_engine, quiet)
    assert path.stat().st_ino == written


def test_a_cell_that_another_process_works_on_comes_last_and_is_not_asked_twice(prompted: Lake) -> None:
    """The other process is a second ledger in this one; the lock is the same."""
    cell = min(CELLS)
    other = Ledger(ledger_path(prompted.root, TEACHER.name, cell))
    engine, order = ScriptedEngine(), []
    for done, _ in stage.respond(prompted, TEACHER, CELLS, lambda: engine, quiet):
        order.append(done)
        if len(order) == 5:
            for prompt in prompted.read_cell(PROMPTS, cell):
                other.append(good_answer(make_request(prompt, TEACHER, TEACHER.max_tokens)))
            other.close()
    assert set(order) == set(CELLS)
    assert order[-1] == cell
    assert len(engine.asked) == 25


def test_an_empty_cell_is_written_and_asks_nothing(lake: Lake) -> None:
    cell = Cell("de", "generate")
    lake.write_cell(PROMPTS, cell, [])
    results = respond(lake, TEACHER, [cell], ScriptedEngine, quiet)
    assert results[cell].outcomes == {}
    assert lake.cell_path(RESPONSES, cell, teacher=TEACHER.name).exists()


def test_licenses_of_seed_examples_and_teacher_come_together(prompted: Lake) -> None:
    respond(prompted, TEACHER, CELLS, ScriptedEngine, quiet)
    prompts = {row["prompt_id"]: row for row in prompted.read_cell(PROMPTS, CELLS[0])}
    for row in prompted.read_cell(RESPONSES, CELLS[0], teacher=TEACHER.name):
        assert row["licenses"] == sorted({*prompts[row["prompt_id"]]["licenses"], "mit"})


def test_answers_in_the_other_type_of_computation_are_not_mixed_in_and_it_is_said(prompted: Lake) -> None:
    bfloat16, float32 = TEACHER, replace(TEACHER, engine={"dtype": "float32"})
    notices: list[str] = []

    def ask(teacher: Teacher) -> int:
        engine = ScriptedEngine()
        list(stage.respond(prompted, teacher, CELLS, lambda: engine, quiet, notice=notices.append))
        return len(engine.asked)

    assert (ask(bfloat16), notices) == (30, [])
    assert ask(float32) == 30
    (notice,) = notices
    assert "computed in bfloat16" in notice
    assert "asked again in float32" in notice
    assert "POLYGLOT_CPU_DTYPE=bfloat16" in notice
    assert ask(bfloat16) == 0  # its own answers are still there
    assert len(notices) == 1
