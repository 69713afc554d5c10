"""`kill -9` at any moment, of the run alone and of the whole command; and the power cut, which is worse.

A killed process loses only what the operating system does not have yet: answers that were under way. A power cut also
takes what was not flushed to the disk, so that is where the commit window counts. It is simulated: every flush is
noted, and after a kill each file is cut down to somewhere between its last flush and its end.
"""

import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from chaos.processes import Run
from chaos.server import until
from chaos.world import COMMIT_ROWS, IN_FLIGHT, TEACHER, Figures, Form, Start, Trial, flushed

Record = Callable[[Figures], None]
_PER_KILL = IN_FLIGHT + COMMIT_ROWS


def _after_answers(trial: Trial, chance: random.Random) -> None:
    run = trial.start()
    trial.left(chance.randint(1, 60))
    run.kill()


def _after_a_time(trial: Trial, chance: random.Random) -> None:
    """Also while it reads ledgers, waits, or writes cells."""
    run = trial.start()
    _wait_or_end(run, chance.random() * 0.4)
    run.kill()


def _from_within(trial: Trial, chance: random.Random) -> None:
    """At an exact point; most of them are in the moment in which a cell is written."""
    point, most = chance.choice([("write", 60), ("fsync", 8), ("replace", 4)])
    trial.start(die={"point": point, "nth": chance.randint(1, most), "after": chance.random() < 0.5}).end()


def _wait_or_end(run: Run, seconds: float) -> None:
    end = time.monotonic() + seconds
    until(lambda: run.ended() or time.monotonic() >= end)


def _died(trial: Trial) -> bool:
    run = trial.runs[-1]
    if run.code == 0:
        return False
    assert run.code == -9, run.errors()
    trial.died()
    return True


def test_kill_at_random_points(trial: Start, record: Record, form: Form) -> None:
    chance, kills = random.Random(9), form.of(8, 50)
    while kills:
        one = trial()
        while kills:
            chance.choice([_after_answers, _after_a_time, _from_within])(one, chance)
            if not _died(one):
                break
            kills -= 1
        one.finish()
        record(one.figures("kill -9 of the run", one.deaths * _PER_KILL))


def test_kill_at_every_kind_of_point(trial: Start, record: Record) -> None:
    """The points that chance may miss: a torn record, its repair, the flush, the renames of a cell and its note."""
    one, deaths = trial(), 0
    points = [("write", 20, True), ("truncate", 1, False), ("truncate", 1, True), ("fsync", 3, False)]
    points += [("replace", 1, False), ("replace", 1, True), ("replace", 2, False), ("replace", 2, True)]
    for point, nth, after in points:
        one.start(die={"point": point, "nth": nth, "after": after}).end()
        deaths += _died(one)
        if point == "truncate" and not after:
            assert any(not path.read_bytes().endswith(b"\n") for path in one.ledgers()), "nothing was torn"
    assert deaths == len(points)
    one.finish()
    record(one.figures("kill -9 of the run", one.deaths * _PER_KILL))


def test_power_cuts(trial: Start, record: Record, form: Form) -> None:
    chance = random.Random(4)
    for _ in range(form.of(1, 5)):
        one = trial()
        log = one.lake.root.parent / f"{one.lake.root.name}.synced"
        for _ in range(form.of(3, 4)):
            run = one.start(synced_log=str(log))
            one.left(chance.randint(20, 60))
            run.kill()
            one.server.quiet()
            _cut_power(one, log, chance)
            if not _died(one):
                break
        # Here what died includes what was written and not flushed.
        assert all(count <= (number + 1) * _PER_KILL for number, count in enumerate(one.unkept)), one.unkept
        one.unkept.clear()
        one.waiting.clear()
        one.finish()
        record(one.figures("power cut (simulated)", one.deaths * _PER_KILL))


def _cut_power(trial: Trial, log: Path, chance: random.Random) -> None:
    sizes = flushed(log)
    for path in trial.ledgers():
        least = sizes.get(str(path), 0)
        os.truncate(path, chance.randint(least, path.stat().st_size))
    for path in sorted((trial.lake.root / "ledger").rglob("compacted")):  # never flushed: anything may be left of it
        chance.choice([lambda path: None, Path.unlink, lambda path: path.write_bytes(b""), _zeros])(path)


def _zeros(path: Path) -> None:
    path.write_bytes(b"\0" * path.stat().st_size)


@pytest.fixture
def command(tmp_path: Path) -> Callable[[Trial], Run]:
    """Starts the real command line on a trial's lake."""
    registry = tmp_path / "registry.toml"
    registry.write_text(
        f'[{TEACHER.name}]\nmodel = "{TEACHER.model}"\nlicense = "{TEACHER.license}"\n'
        f"max_tokens = {TEACHER.max_tokens}\nmax_model_len = {TEACHER.max_model_len}\n"
    )

    def start(trial: Trial) -> Run:
        languages = dict.fromkeys(cell.language for cell in trial.world.cells)
        env = {
            "POLYGLOT_LAKE": str(trial.lake.root),
            "POLYGLOT_LANGUAGES": ",".join(languages),
            "POLYGLOT_TEACHERS": TEACHER.name,
            "POLYGLOT_TEACHER_REGISTRY": str(registry),
            "POLYGLOT_TEACHER_URL": trial.server.url,
            "POLYGLOT_TEACHER_CONCURRENCY": str(IN_FLIGHT),
            "POLYGLOT_COMMIT_ROWS": str(COMMIT_ROWS),
        }
        code = "from polyglot_assets.cli.main import run; run()"
        return trial.command([sys.executable, "-c", code, "materialize", "--select", 'key:"responses/chaos"'], env)

    return start


def test_kill_of_the_whole_command(trial: Start, command: Callable[[Trial], Run], record: Record, form: Form) -> None:
    chance, one = random.Random(2), trial()
    for _ in range(form.of(1, 6)):
        one.fence()
        run = command(one)
        one.left(chance.randint(1, 100))
        if not run.kill():
            break
        one.died()
    assert one.deaths
    last = command(one)
    assert last.end() == 0, last.errors()
    with dg.DagsterInstance.from_config(str(one.lake.root / "dagster")) as instance:
        newest, *others = [run.status.value for run in instance.get_runs()]
    assert newest == "SUCCESS"
    assert set(others) <= {"FAILURE"}, "a run that was killed seems to be under way"
    record(one.figures("kill -9 of `polyglot materialize`", one.deaths * _PER_KILL))
