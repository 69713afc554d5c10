"""How files are written: whole or not at all, as the umask says, and nothing left of killed processes."""

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from lake_rows import CELL, row
from users import COLLEAGUE, as_user, needs_root, open_to_all

from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake import files, locks
from polyglot_assets.lake.files import locked, replacing, scratch, sweep, sweep_scratch, write_text
from polyglot_assets.lake.store import Lake
from polyglot_assets.responses.ledger import Commit, Ledger, ledger_path

DYING = """
import os, sys
from contextlib import ExitStack
from pathlib import Path
from polyglot_assets.lake.files import CATALOGUE, DRAFT, READING, replacing, scratch
root = Path(sys.argv[1])
with ExitStack() as stack:
    stack.enter_context(replacing(root / "below" / "cell.parquet")).write(b"half")
    for prefix in (READING, CATALOGUE, DRAFT):
        (stack.enter_context(scratch(root, prefix)) / "file").write_text("x")
    print("ready", flush=True)
    sys.stdin.read()
"""


@contextmanager
def masked(umask: int) -> Iterator[None]:
    before = os.umask(umask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o002, 0o022, 0o077])
def test_everything_has_the_mode_that_the_umask_says(lake: Lake, umask: int) -> None:
    with masked(umask):
        lake.write_cell(SEEDS, CELL, [row(SEEDS, 1)], source="one")
        write_text("x", lake.root / "below" / "text")
        Ledger(ledger_path(lake.root, "model", CELL), Commit()).close()
        with locks.shared(lake), scratch(lake.root, ".draft-") as folder:
            assert mode(folder) == 0o777 & ~umask
        lake.publish_catalogue()
    made = [path for path in lake.root.rglob("*") if path.name != "lake.duckdb"]
    assert len(made) > 8
    for path in made:
        assert mode(path) == (0o777 if path.is_dir() else 0o666) & ~umask, path


def test_what_a_killed_process_left_goes_and_what_a_living_one_uses_stays(lake: Lake) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", DYING, str(lake.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    left = set(lake.root.rglob(".*"))
    assert len(left) == 4
    assert sweep(lake.root) == 0
    assert set(lake.root.rglob(".*")) == left
    process.send_signal(signal.SIGKILL)
    process.wait()
    with locks.shared(lake):
        assert {path.name for path in lake.root.rglob(".*")} == {".lock"}


def test_a_query_keeps_its_files_while_others_clear_up(lake: Lake) -> None:
    lake.write_cell(SEEDS, CELL, [row(SEEDS, 1)], source="one")
    with lake.connect() as connection:
        assert sweep(lake.root) == 0
        lake.write_cell(SEEDS, CELL, [], source="one")
        assert connection.execute("SELECT count(*) FROM lake.seeds").fetchall() == [(1,)]
        assert sweep(lake.root, used=True) == 1
    assert not list(lake.root.glob(".reading-*"))


def test_files_of_the_user_are_not_leftovers(lake: Lake) -> None:
    kept = [lake.root / name for name in ("write-up", ".hidden", "a.write-", ".subset-mine/x")]
    for path in kept:
        write_text("x", path)
    assert sweep(lake.root) == 0
    assert all(path.exists() for path in kept)
    with scratch(lake.root, ".subset-") as used:
        sweep_scratch(lake.root, ".subset-")
        assert used.exists()
    assert not kept[-1].exists()


def test_whoever_clears_up_all_the_time_takes_nothing_from_those_who_write(tmp_path: Path) -> None:
    """Also not between the making of a file and its lock."""
    done = threading.Event()

    def clear() -> None:
        while not done.is_set():
            sweep(tmp_path)

    clearing = [threading.Thread(target=clear) for _ in range(2)]
    for thread in clearing:
        thread.start()
    try:
        for number in range(40):
            with replacing(tmp_path / "file", flush=False) as handle:
                handle.write(b"%d" % number)
            assert (tmp_path / "file").read_bytes() == b"%d" % number
            with scratch(tmp_path, ".draft-") as folder:
                (folder / "x").touch()
                assert (folder / "x").exists()
    finally:
        done.set()
        for thread in clearing:
            thread.join()
    assert sweep(tmp_path) == 0


def test_who_waits_for_a_lock_file_that_is_removed_holds_the_new_one(tmp_path: Path) -> None:
    path, waits, holds, over = tmp_path / ".lock", threading.Event(), threading.Event(), threading.Event()

    def wait() -> None:
        with files.locked(path, busy=waits.set):
            holds.set()
            over.wait(60)

    waiter = threading.Thread(target=wait)
    with files.locked(path):
        waiter.start()
        assert waits.wait(60)
        path.unlink()
    assert holds.wait(60)

    def busy() -> None:
        raise BlockingIOError

    with pytest.raises(BlockingIOError), files.locked(path, busy=busy):
        pass
    over.set()
    waiter.join()


def test_a_lock_is_held_alone_or_by_many(tmp_path: Path) -> None:
    path = tmp_path / "below" / ".lock"

    def busy() -> None:
        raise UserError("busy")

    with locked(path, shared=True), locked(path, shared=True), pytest.raises(UserError), locked(path, busy=busy):
        pass
    with locked(path, busy=busy), pytest.raises(UserError, match="busy"), locked(path, shared=True, busy=busy):
        pass


def test_a_lock_below_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "x"
    with pytest.raises(UserError, match=r"^cannot write to .*file/x: [^\n]*$"), locked(below / "lock"):
        pass


def test_a_file_system_that_cannot_flush_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def only_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    write_text("x", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "x"


def test_a_file_system_without_locks_still_writes_and_sweeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(files, "flock", none)
    (tmp_path / ".write-old").touch()
    write_text("x", tmp_path / "file")
    assert sweep(tmp_path) == 0
    assert {path.name for path in tmp_path.iterdir()} == {".write-old", "file"}


@needs_root
def test_a_lock_that_may_only_be_read_can_be_held(tmp_path: Path) -> None:
    open_to_all(tmp_path)
    lock = tmp_path / ".lock"
    lock.touch(0o644)
    code = "from pathlib import Path; import sys; from polyglot_assets.lake.files import locked\n"
    code += "with locked(Path(sys.argv[1])): print('held')"
    assert as_user(COLLEAGUE, code, str(lock)).stdout == "held\n"
    missing = as_user(COLLEAGUE, code, str(tmp_path / "none" / ".lock"))
    assert missing.stderr.splitlines()[-1].startswith("polyglot_assets.domain.errors.UserError: cannot write to ")
