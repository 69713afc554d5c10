"""The real vLLM on this machine's CPU: the run is killed, or only the process in which the engine computes.

What a CPU engine answers depends, in its last bits, on which requests share a batch, so an answer that is asked again
may differ from the one that was lost. Hence not every byte is compared with an untroubled run, but: answers that were
in the ledger stay as they were, every prompt has one outcome, and no more is asked twice than was under way.
"""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from chaos.processes import Run, start_worker
from chaos.server import until
from chaos.world import Figures, Form, World, entries, intact

from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.grid import cells
from polyglot_assets.inference.registry import enabled
from polyglot_assets.lake.store import Lake
from polyglot_assets.settings import Settings

Record = Callable[[Figures], None]
_AT_ONCE = 2
_IN_FLIGHT = 2 * _AT_ONCE
"""What the engine takes; see VllmEngine.stream."""

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed"),
]


@dataclass
class Trial:
    """A lake on which one teacher works, from the first run to the one that ends well."""

    world: World
    cache: Path
    runs: list[Run] = field(default_factory=list)
    kept: dict[Path, bytes] = field(default_factory=dict)
    deaths: int = 0

    def __post_init__(self) -> None:
        teacher = enabled(Settings())[0]
        self.teacher = replace(teacher, max_tokens=16, engine={**teacher.engine, "max_num_seqs": _AT_ONCE})
        self.asked = self.world.root.parent / "asked"

    def start(self, *, own_process: bool = False) -> Run:
        """Starts a worker whose engine computes in that process, or in one of its own."""
        options = {
            "lake": str(self.world.root),
            "cells": [(cell.language, cell.strategy) for cell in self.world.cells],
            "teacher": asdict(self.teacher),
            "cache": str(self.cache),
            "asked_log": str(self.asked),
            "commit_rows": 4,
            "commit_seconds": 3600,
        }
        env = {"VLLM_ENABLE_V1_MULTIPROCESSING": str(int(own_process))}
        self.runs.append(start_worker(options, self.world.root.parent / f"{len(self.runs)}.err", env))
        return self.runs[-1]

    def answers(self) -> int:
        return sum(len(entries(path)) for path in self._ledgers())

    def wait_for_answers(self, number: int) -> None:
        """Until so many more are in the ledgers."""
        goal, run = self.answers() + number, self.runs[-1]
        until(lambda: self.answers() >= goal or run.ended())
        assert self.answers() >= goal, run.errors()

    def remember(self) -> None:
        """What is in the ledgers now must stay."""
        self.kept = {path: intact(path) for path in self._ledgers()}

    def figures(self, fault: str, asked_again: int = 0) -> Figures:
        asked = Counter(self.asked.read_text().split())
        twice = asked.total() - len(asked) + asked_again
        lost = sum(not path.read_bytes().startswith(kept) for path, kept in self.kept.items())
        lake = Lake(self.world.root)
        for cell in self.world.cells:
            prompts = [row["prompt_id"] for row in lake.read_cell(PROMPTS, cell)]
            rows = lake.read_cell(RESPONSES, cell, teacher=self.teacher.name)
            assert [row["prompt_id"] for row in rows] == prompts
            assert "engine_error" not in {row["outcome"] for row in rows}
        assert lost == 0
        bound = self.deaths * _IN_FLIGHT
        assert twice <= bound
        return Figures(fault, len(self.runs), len(asked), twice, lost, bound)

    def _ledgers(self) -> list[Path]:
        return sorted((self.world.root / "ledger").rglob("ledger.jsonl"))


@pytest.fixture
def trial(tmp_path: Path, form: Form) -> Iterator[Trial]:
    """Its processes end with the test."""
    chosen = os.environ.get("POLYGLOT_CACHE")
    world = World(tmp_path / "lake", cells(["de"]), form.of(2, 12))
    world.build()
    trial = Trial(world, Path(chosen) if chosen else Settings().cache)
    yield trial
    for run in trial.runs:
        if not run.ended():
            for core in cores(run):
                os.kill(core, signal.SIGKILL)
            run.kill()


def cores(run: Run) -> list[int]:
    """The processes in which a run's engine computes."""
    found, waiting = [], [run.process.pid]
    while waiting:
        pid = waiting.pop()
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            waiting += map(int, children.read_text().split())
        if "EngineCore" in _command(pid):
            found.append(pid)
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _kill_core(run: Run) -> None:
    (core,) = cores(run)
    os.kill(core, signal.SIGKILL)


def _under_way(run: Run) -> int:
    """How many requests a new engine was given that the one before had."""
    (line,) = [line for line in run.errors().splitlines() if "starting it again, once" in line]
    return int(line.rpartition("with the ")[2].split()[0])


def test_an_engine_process_that_is_killed_is_started_again_once(trial: Trial, record: Record) -> None:
    run = trial.start(own_process=True)
    trial.wait_for_answers(3)
    trial.remember()
    _kill_core(run)
    trial.deaths += 1
    assert run.end() == 0, run.errors()
    record(trial.figures("engine process killed", _under_way(run)))


def test_an_engine_process_that_is_killed_twice_ends_the_run(trial: Trial, record: Record, form: Form) -> None:
    if not form.long:
        pytest.skip("takes four engine starts; runs with --chaos long")
    run = trial.start(own_process=True)
    for _ in range(2):
        trial.wait_for_answers(3)
        trial.remember()
        _kill_core(run)
        trial.deaths += 1
    assert run.end() == 2, run.errors()
    last = [line for line in run.errors().splitlines() if line.startswith("polyglot:")]
    assert len(last) == 1
    assert "died a second time" in last[0]
    again = _under_way(run)
    run = trial.start()
    assert run.end() == 0, run.errors()
    record(trial.figures("engine process killed", again))


def test_a_run_with_the_engine_in_its_own_process_is_killed(trial: Trial, record: Record, form: Form) -> None:
    if not form.long:
        pytest.skip("takes five engine starts; runs with --chaos long")
    for _ in range(4):
        run = trial.start()
        trial.wait_for_answers(4)
        if not run.kill():
            break
        trial.remember()
        trial.deaths += 1
    run = trial.start()
    assert run.end() == 0, run.errors()
    record(trial.figures("kill -9, CPU engine"))


def test_a_killed_run_takes_its_engine_process_along(trial: Trial, record: Record, form: Form) -> None:
    """Else it would keep the memory of the GPU, and the next run could not start."""
    if not form.long:
        pytest.skip("takes two engine starts; runs with --chaos long")
    run = trial.start(own_process=True)
    trial.wait_for_answers(3)
    (core,) = cores(run)
    assert run.kill()
    trial.remember()
    trial.deaths += 1
    try:
        until(lambda: "EngineCore" not in _command(core), 60)
    finally:
        if "EngineCore" in _command(core):
            os.kill(core, signal.SIGKILL)
    run = trial.start(own_process=True)
    assert run.end() == 0, run.errors()
    record(trial.figures("kill -9, CPU engine"))
