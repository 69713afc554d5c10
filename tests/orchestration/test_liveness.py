"""Runs whose process is gone are found and ended; the UI and the command line share one limit.

The processes are real ones that hold a lock and are killed; the instances are Dagster's own, in SQLite.
"""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from chaos.server import until
from click.testing import CliRunner
from dagster._core.op_concurrency_limits_counter import GlobalOpConcurrencyLimitsCounter
from scripted import ScriptedVllm
from users import COLLEAGUE, GROUP, OWNER, as_user, needs_root, open_to_all

from polyglot_assets import definitions
from polyglot_assets.cli import run as running
from polyglot_assets.cli.main import main
from polyglot_assets.definitions import build_defs
from polyglot_assets.lake import locks
from polyglot_assets.lake.store import Lake
from polyglot_assets.orchestration import liveness
from polyglot_assets.settings import Settings

if TYPE_CHECKING:
    from contextlib import ExitStack

STARTED, FAILURE = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE
Hold = Callable[[Path], "subprocess.Popen[bytes]"]


@pytest.fixture(scope="session")
def home_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance without runs, as `polyglot` makes it: Dagster takes a second for its tables."""
    settings = Settings(lake=tmp_path_factory.mktemp("home") / "lake")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")
        home = running.prepare_home(settings)
        with dg.DagsterInstance.get() as instance:
            assert instance.get_runs() == []
    return home


@pytest.fixture
def instance(home_once: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """The instance of the lake."""
    home = Path(shutil.copytree(home_once, lake.root / "dagster"))
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as instance:
        yield instance


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Starts processes that hold the lock of a file until they are killed."""
    started = []

    def start(path: Path) -> "subprocess.Popen[bytes]":
        path.parent.mkdir(parents=True, exist_ok=True)
        code = "import fcntl, sys, time; file = open(sys.argv[1], 'a'); fcntl.flock(file, fcntl.LOCK_EX); "
        code += "print(flush=True); time.sleep(600)"
        process = subprocess.Popen([sys.executable, "-S", "-c", code, str(path)], stdout=subprocess.PIPE)
        assert process.stdout
        process.stdout.readline()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _run_of(instance: dg.DagsterInstance, status: dg.DagsterRunStatus = STARTED) -> str:
    """A run that asks a teacher, noted as the command line notes it."""

    @dg.op(pool=liveness.TEACHERS)
    def responses() -> None: ...

    @dg.job
    def chain() -> None:
        responses()

    run = instance.create_run_for_job(chain, run_id=str(uuid.uuid4()))
    if status not in (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED):
        for kind in (dg.DagsterEventType.PIPELINE_START, dg.DagsterEventType.PIPELINE_CANCELING)[
            : 1 + (status == dg.DagsterRunStatus.CANCELING)
        ]:
            event = dg.DagsterEvent(kind.value, run.job_name, message="")
            instance.report_dagster_event(event, run.run_id)
    return run.run_id


def _status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run
    return run.status


def _file_of(instance: dg.DagsterInstance, run_id: str) -> Path:
    return Path(instance.root_directory) / "running" / run_id


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (dg.DagsterRunStatus.NOT_STARTED, FAILURE),
        (STARTED, FAILURE),
        (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED),
    ],
)
def test_a_killed_run_gets_its_end(
    instance: dg.DagsterInstance, hold: Hold, before: dg.DagsterRunStatus, after: dg.DagsterRunStatus
) -> None:
    run_id = _run_of(instance, before)
    process = hold(_file_of(instance, run_id))
    assert liveness.fail_dead_runs(instance) == []
    assert _status(instance, run_id) == before, "it is alive"
    process.kill()
    process.wait()
    assert liveness.fail_dead_runs(instance) == [run_id]
    assert _status(instance, run_id) == after
    assert any("ended without a word" in entry.get_dagster_event().message for entry in instance.all_logs(run_id))
    assert not _file_of(instance, run_id).exists()
    assert liveness.fail_dead_runs(instance) == [], "once is enough"


FIND = """
import dagster as dg
from polyglot_assets.orchestration import liveness
with dg.DagsterInstance.get() as instance:
    print(liveness.fail_dead_runs(instance))
"""


@needs_root
@pytest.mark.parametrize("folder_mode", [0o2775, 0o2755], ids=["folder of the group", "folder of the colleague"])
def test_the_dead_run_of_a_colleague_whose_umask_lets_others_only_read(
    instance: dg.DagsterInstance, hold: Hold, tmp_path: Path, folder_mode: int
) -> None:
    open_to_all(tmp_path)
    home, dead, alive = Path(instance.root_directory), _run_of(instance), _run_of(instance)
    process = hold(_file_of(instance, alive))
    _file_of(instance, dead).touch()
    for path in (home, *home.rglob("*")):
        os.chown(path, OWNER, GROUP)
        path.chmod(0o2775 if path.is_dir() else 0o664)
    _file_of(instance, dead).chmod(0o644)
    _file_of(instance, alive).chmod(0o644)
    (home / "running").chmod(folder_mode)
    for found in ([dead], []):
        done = as_user(COLLEAGUE, FIND, umask=0o002, DAGSTER_HOME=str(home))
        assert (done.returncode, done.stdout) == (0, f"{found}\n"), done.stderr[-2000:]
    assert _status(instance, dead) == FAILURE
    assert _status(instance, alive) == STARTED
    process.kill()


def test_a_run_that_ended_well_stays_as_it_is(instance: dg.DagsterInstance) -> None:
    run_id = _run_of(instance)
    with liveness.alive(instance, run_id):
        event = dg.DagsterEvent(dg.DagsterEventType.PIPELINE_SUCCESS.value, "chain", message="")
        instance.report_dagster_event(event, run_id)
    assert _status(instance, run_id) == dg.DagsterRunStatus.SUCCESS
    assert not _file_of(instance, run_id).exists()


def test_a_run_that_its_process_gave_up_is_marked_at_once(instance: dg.DagsterInstance) -> None:
    run_id = _run_of(instance)
    with pytest.raises(KeyboardInterrupt), liveness.alive(instance, run_id):
        raise KeyboardInterrupt
    assert _status(instance, run_id) == FAILURE


def test_a_killed_run_frees_what_it_held_of_a_pool(instance: dg.DagsterInstance) -> None:
    storage = instance.event_log_storage
    storage.set_concurrency_slots(liveness.TEACHERS, 1)
    dead, other = _run_of(instance), _run_of(instance)
    assert storage.claim_concurrency_slot(liveness.TEACHERS, dead, "responses").is_claimed
    assert not storage.claim_concurrency_slot(liveness.TEACHERS, other, "responses").is_claimed
    _file_of(instance, dead).parent.mkdir()
    _file_of(instance, dead).touch()
    assert liveness.fail_dead_runs(instance) == [dead]
    assert storage.claim_concurrency_slot(liveness.TEACHERS, other, "responses").is_claimed


def test_a_run_of_the_ui_leaves_the_queue_when_a_dead_run_is_found(instance: dg.DagsterInstance, hold: Hold) -> None:
    dead, waiting = _run_of(instance), _run_of(instance, dg.DagsterRunStatus.NOT_STARTED)
    process = hold(_file_of(instance, dead))
    storage, pools = instance.event_log_storage, instance.get_concurrency_config().pool_config

    def is_blocked() -> bool:
        """As Dagster's queue decides."""
        under_way = instance.get_run_records(dg.RunsFilter(statuses=[STARTED]))
        run = instance.get_run_by_id(waiting)
        assert run
        counters = [
            GlobalOpConcurrencyLimitsCounter(
                instance, [run], under_way, storage.get_concurrency_keys(), storage.get_pool_limits(),
                pool_granularity=pools.pool_granularity,
            )
            for _ in range(2)  # the first one tells the storage of the pool
        ]  # fmt: skip
        return counters[1].is_blocked(run)

    assert is_blocked(), "one run at a time may use a teacher"
    process.kill()
    process.wait()
    assert is_blocked(), "Dagster alone does not find out"
    liveness.fail_dead_runs(instance)
    assert not is_blocked()


def _began(instance: dg.DagsterInstance, run_id: str, seconds_ago: float) -> None:
    with sqlite3.connect(Path(instance.root_directory) / "history" / "runs.db") as connection:
        connection.execute("UPDATE runs SET start_time = ? WHERE run_id = ?", [time.time() - seconds_ago, run_id])


def test_runs_of_versions_without_lock_files_are_found_while_nobody_works(
    instance: dg.DagsterInstance, lake: Lake, tmp_path: Path
) -> None:
    old, new = _run_of(instance), _run_of(instance)
    _began(instance, old, 3600)
    assert liveness.fail_dead_runs(instance) == []
    with locks.shared(lake):
        assert liveness.fail_dead_runs(instance, lake) == [], "it may be that run which holds the lake"
    assert liveness.fail_dead_runs(instance, Lake(tmp_path / "other")) == [], "others use this instance too"
    assert liveness.fail_dead_runs(instance, lake) == [old]
    assert _status(instance, new) == STARTED, "a run of the UI has no lock file in its first moment"


def test_the_sensor_and_the_start_of_the_ui_look_for_dead_runs(
    instance: dg.DagsterInstance, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead() -> str:
        run_id = _run_of(instance)
        _file_of(instance, run_id).parent.mkdir(exist_ok=True)
        _file_of(instance, run_id).touch()
        return run_id

    first, second = dead(), ""
    sensors = build_defs(settings, ScriptedVllm.new()).sensors or []
    (sensor,) = [sensor for sensor in sensors if sensor.name == "dead_runs"]
    assert isinstance(sensor, dg.SensorDefinition)
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    with dg.build_sensor_context(instance=instance) as context:
        assert first in str(sensor.evaluate_tick(context).skip_message)
        assert _status(instance, first) == FAILURE
    second = dead()
    became: list[str] = []
    monkeypatch.setattr(os, "execv", lambda _, arguments: became.append(_status(instance, second).value))
    monkeypatch.setenv("POLYGLOT_LAKE", str(settings.lake))
    assert CliRunner().invoke(main, ["dev"]).exit_code == 0
    assert became == ["FAILURE"]


def test_a_slot_is_waited_for_and_is_free_when_its_process_is_killed(instance: dg.DagsterInstance, hold: Hold) -> None:
    first = hold(Path(instance.root_directory) / "slots" / "teacher-0")
    said: list[str] = []
    got: list[ExitStack | None] = []
    waiter = threading.Thread(target=lambda: got.append(liveness.wait_for_slot(instance, said.append)), daemon=True)
    waiter.start()
    until(lambda: bool(said))
    assert "lets 1 at a time" in said[0]
    assert not got
    first.kill()
    waiter.join(60)
    (lock,) = got
    assert lock is not None
    assert len(said) == 1
    lock.close()


def test_the_limit_of_the_pool_is_the_one_that_dagster_shows(instance: dg.DagsterInstance, hold: Hold) -> None:
    hold(Path(instance.root_directory) / "slots" / "teacher-0")
    instance.event_log_storage.set_concurrency_slots(liveness.TEACHERS, 2)  # as the UI does
    lock = liveness.wait_for_slot(instance, pytest.fail)
    assert lock is not None
    with (Path(instance.root_directory) / "slots" / "teacher-1").open() as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    lock.close()


def test_an_instance_without_limits_has_none(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        assert liveness.wait_for_slot(instance, pytest.fail) is None


def test_the_command_line_waits_for_a_run_that_uses_a_teacher(
    instance: dg.DagsterInstance, hold: Hold, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a run may be one of the UI: it takes the same slot, in the same resource."""
    vllm = ScriptedVllm.new()
    monkeypatch.setattr(definitions.VllmResource, "of", lambda _: vllm)
    monkeypatch.setenv("POLYGLOT_ROWS_PER_CELL", "1")
    other = hold(Path(instance.root_directory) / "slots" / "teacher-0")
    chain = ["-l", "de", "-s", "respond", "--select", 'key:"seeds/aya" or key:"prompts" or key:"responses/*"']
    results = []
    command = threading.Thread(
        target=lambda: results.append(CliRunner().invoke(main, ["materialize", *chain])), daemon=True
    )
    looked, limit = [], liveness._limit
    monkeypatch.setattr(liveness, "_limit", lambda where: looked.append(where) or limit(where))
    monkeypatch.setattr(liveness, "_POLL_SECONDS", 0.05)
    command.start()
    until(lambda: len(looked) > 2 or bool(results))
    assert not vllm.script.engines, "two teachers would be loaded at once"
    other.kill()
    command.join(120)
    assert results[0].exit_code == 0, results[0].output
    assert "waiting for another run" in results[0].output
    assert len(vllm.script.engines) == 1
    free = liveness.wait_for_slot(instance, pytest.fail)
    assert free is not None, "the slot is given back"
    free.close()
