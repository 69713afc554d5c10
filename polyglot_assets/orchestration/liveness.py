"""Which runs are alive, and how many of them may use a teacher at once.

Here: the lock file of a run, what becomes of runs whose process is gone, and the slots of a pool. Not here: the lock of
the lake (locks.py), and where runs are started (cli/run.py).

Dagster learns of the end of a run from the run itself, so a run that is killed stays STARTED for ever and counts
against the limits of its pools. Therefore each run holds a lock on a file that is called after it. Such a lock is the
operating system's and ends with the process, however that ends: a file that nobody holds belongs to a run that is over.
A process id would not do: in a container, or after the machine was started again, another process has the same one.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import dagster as dg

from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake import locks
from polyglot_assets.lake.files import locked
from polyglot_assets.lake.store import Lake

TEACHERS = "teacher"
"""The pool of the assets that ask a teacher. The UI's queue and the slots below go by its limit in Dagster."""

_RUNS, _SLOTS = "running", "slots"
_DEAD = "The process of this run ended without a word: it was killed, ran out of memory, or the machine went down."
_WITHOUT_LOCK_SECONDS = 60.0
_POLL_SECONDS = 1.0
_LOG = logging.getLogger(__name__)
_until_exit = ExitStack()


@contextmanager
def alive(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Held around a run that this process executes. A run that has no end afterwards is marked as failed."""
    try:
        with locked(_path(instance, _RUNS, run_id)):
            yield
    finally:
        fail_dead_runs(instance)


def alive_until_exit(instance: dg.DagsterInstance, run_id: str) -> None:
    """For a process that executes one run and ends: Dagster writes the run's end after everything of ours is over."""
    _until_exit.enter_context(locked(_path(instance, _RUNS, run_id)))


def fail_dead_runs(instance: dg.DagsterInstance, lake: Lake | None = None) -> list[str]:
    """Marks the runs whose process is gone as failed, and frees their pool slots.

    Args:
        instance: whose runs.
        lake: if given, and if the instance is this lake's own, also runs of versions that kept no lock files.

    Returns:
        The ids of the runs that were marked.
    """
    marked = []
    for path in sorted(path for path in (Path(instance.root_directory) / _RUNS).glob("*") if path.is_file()):
        with suppress(_Taken, UserError), locked(path, busy=_do_not_wait):
            if _end(instance, path.name):
                marked.append(path.name)
            with suppress(PermissionError):  # a colleague's, in a folder of his; he removes it
                path.unlink(missing_ok=True)  # while it is held: whoever waits for it sees that it is gone
    if lake is not None:
        marked += [run_id for run_id in _dead_without_lock(instance, lake) if _end(instance, run_id)]
    for run_id in marked:
        _LOG.warning("run %s: its process is gone; marked as failed", run_id)
    return marked


def wait_for_slot(instance: dg.DagsterInstance, report: Callable[[str], None]) -> ExitStack | None:
    """A slot of the pool of teachers, as soon as one is free; it ends with `close`, or with the process.

    Runs of the UI wait in Dagster's queue already. Runs of the command line have no queue, so without this a teacher
    would be loaded beside the one of another run.

    Args:
        instance: whose limit counts; it is read again while waiting.
        report: takes a line if there is something to wait for.

    Returns:
        None where the pool has no limit.
    """
    said = False
    while (limit := _limit(instance)) is not None:
        for number in range(limit):
            slot = ExitStack()
            with suppress(_Taken):
                slot.enter_context(locked(_path(instance, _SLOTS, f"{TEACHERS}-{number}"), busy=_do_not_wait))
                return slot
        if not said:
            report(f"waiting for another run: the pool `{TEACHERS}` lets {limit} at a time use a teacher")
            said = True
        time.sleep(_POLL_SECONDS)
    return None


def _limit(instance: dg.DagsterInstance) -> int | None:
    storage = instance.event_log_storage
    if not storage.supports_global_concurrency_limits:
        return None
    chosen = {pool.name: pool.limit for pool in storage.get_pool_limits() if not pool.from_default}
    default = instance.global_op_concurrency_default_limit
    return chosen.get(TEACHERS, default)


def _end(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Gives a run of which no process is left its end; returns whether it had none."""
    run = instance.get_run_by_id(run_id)
    if run is None:  # its process was killed before it was noted
        return False
    over = run.is_finished
    if run.status == dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, _DEAD)
    elif not over:
        instance.report_run_failed(run, _DEAD)
    if instance.event_log_storage.supports_global_concurrency_limits:
        instance.event_log_storage.free_concurrency_slots_for_run(run_id)
    return not over


def _dead_without_lock(instance: dg.DagsterInstance, lake: Lake) -> list[str]:
    """Runs that have no lock file, in an instance that holds nothing but runs of this lake.

    They are of an earlier version, or were killed in the moment between their start and their lock. That version's runs
    held the lake's lock too: where nobody holds it, none of them is alive.
    """
    home = Path(instance.root_directory)
    if not home.is_relative_to(lake.root):
        return []
    statuses = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    suspects = [
        record.dagster_run.run_id
        for record in instance.get_run_records(dg.RunsFilter(statuses=statuses))
        if time.time() - (record.start_time or 0) > _WITHOUT_LOCK_SECONDS
        and not (home / _RUNS / record.dagster_run.run_id).exists()
    ]
    try:
        if suspects:
            with locks.alone(lake):
                return suspects
    except UserError:
        return []  # somebody works here, perhaps one of them; there is a next time
    return []


def _path(instance: dg.DagsterInstance, folder: str, name: str) -> Path:
    return Path(instance.root_directory) / folder / name


class _Taken(Exception):  # noqa: N818 the name says what is the case
    """Somebody else holds a lock."""


def _do_not_wait() -> None:
    raise _Taken
