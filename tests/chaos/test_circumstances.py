"""Clocks that jump, seeds that are edited between runs, and several runs at once."""

import math
import random
import shutil
from collections.abc import Callable

import pytest
from chaos.faults import always, hang
from chaos.server import until
from chaos.world import IN_FLIGHT, Figures, Form, Start, Trial, World, flushed

from polyglot_assets.contracts.prompts import PROMPTS

Record = Callable[[Figures], None]


@pytest.mark.parametrize("clock", ["jumping", "frozen"])
def test_the_wall_clock_decides_about_nothing(trial: Start, record: Record, clock: str) -> None:
    """Also not about when answers are flushed to the disk."""
    one = trial(clock=clock, commit_rows=10**6, commit_seconds=0.01)
    log, healthy = one.lake.root.parent / "synced", one.server.plan
    for _ in range(2):
        run = one.start_fenced(synced_log=str(log))
        one.left(50)
        one.server.plan = always(hang)
        one.server.fence = math.inf
        # Of a cell whose first answers hang the ledger is empty, and there is nothing to flush.
        until(lambda: flushed(log) == {str(path): size for path in one.ledgers() if (size := path.stat().st_size)})
        assert run.kill()
        one.server.plan = healthy
        one.died()
    one.finish()
    record(one.figures(f"{clock} clock", one.deaths * IN_FLIGHT))


def test_seeds_edited_between_runs_cost_what_they_change(
    trial: Start, world: World, edited: World, record: Record, form: Form
) -> None:
    chance = random.Random(6)
    for _ in range(form.of(1, 4)):
        one = trial()
        run = one.start_fenced()
        one.left(chance.randint(60, 120))
        run.kill()
        one.died()
        first = set(one.server.paid)
        _change_prompts(one, edited)
        one.finish()
        assert 0 < len(set(one.server.paid) - first) < edited.requests, "nothing was edited, or all of it asked again"
        _check(one)

        # And back: answers to the first seeds that nobody asked for meanwhile are still there.
        second = set(one.server.paid)
        _change_prompts(one, world)
        one.finish()
        assert len(set(one.server.paid) - second) <= world.requests - len(first)
        record(_check(one))


def _check(one: Trial) -> Figures:
    figures = one.figures("seeds edited between runs", IN_FLIGHT)
    assert figures.paid_twice <= one.unkept[0], "paid again without need"
    return figures


def _change_prompts(one: Trial, world: World) -> None:
    for cell in world.cells:
        path = one.lake.cell_path(PROMPTS, cell)
        shutil.copy(world.root / path.relative_to(one.lake.root), path)
    one.world = world


def test_two_runs_at_once_pay_nothing_twice(trial: Start, record: Record, form: Form) -> None:
    for _ in range(form.of(1, 5)):
        one = trial()
        runs = [one.start(), one.start()]
        for run in runs:
            assert run.end() == 0, run.errors()
        record(one.figures("two runs at once", bound=0))


def test_runs_over_parts_that_overlap(trial: Start, record: Record, form: Form) -> None:
    chance = random.Random(11)
    for _ in range(form.of(1, 5)):
        one = trial()
        cells = [(cell.language, cell.strategy) for cell in one.world.cells]
        parts = [cells[:4], cells[2:], chance.sample(cells, 3)]
        runs = [one.start(cells=part) for part in parts]
        for run in runs:
            assert run.end() == 0, run.errors()
        record(one.figures("two runs at once", bound=0))


def test_three_runs_at_once_of_which_one_is_killed(trial: Start, record: Record, form: Form) -> None:
    """The others take over its cells as soon as it is gone."""
    for number in range(form.of(1, 6)):
        one = trial()
        runs = [one.start() for _ in range(3)]
        until(lambda goal=20 + 15 * number, server=one.server: server.answered >= goal)
        runs[number % 3].kill()
        for run in runs:
            assert run.end() in (0, -9), run.errors()
        record(one.figures("three runs at once, one killed", IN_FLIGHT))


def test_nothing_remains_beside_what_is_meant_to_be_there(trial: Start) -> None:
    one = trial()
    one.finish()
    names = {path.name for path in one.lake.root.rglob("*") if path.is_file()}
    assert names == {"cell.parquet", "ledger.jsonl", "compacted"}
