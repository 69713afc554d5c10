"""Disks that are full, that tear records, and that may not be written at all."""

import os
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chaos.processes import remount
from chaos.world import COMMIT_ROWS, IN_FLIGHT, Figures, Form, Start, Trial, intact

Record = Callable[[Figures], None]
_NOBODY = 65534
_needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system or become another user")


def test_files_that_may_not_grow_tear_a_record(trial: Start, record: Record, form: Form) -> None:
    """RLIMIT_FSIZE refuses within a write, so the last record is really half there."""
    chance, one, torn = random.Random(1), trial(), 0
    for limit in sorted(chance.randint(300, 9000) for _ in range(form.of(3, 8))):
        run = one.start(file_limit=limit)
        assert run.end(), "a ledger may not grow, and the run went well?"
        assert "File too large" in run.errors()
        torn += any(intact(path) != path.read_bytes() for path in one.ledgers())
        one.died()
    assert torn
    one.finish()
    assert "torn last record dropped" in one.runs[-1].errors()
    record(one.figures("disk full (file size limit)", len(one.runs) * (IN_FLIGHT + COMMIT_ROWS)))


@_needs_root
@pytest.mark.parametrize("below", ["ledger", "responses"])
def test_a_full_disk(trial: Start, record: Record, small_disk: Callable[[str], Path], below: str) -> None:
    """Ledgers, or response cells, lie on a disk that is too small; then it is made larger."""
    one = trial()
    place = small_disk("size=56k" if below == "ledger" else "size=40k")
    (one.lake.root / below).symlink_to(place)
    for _ in range(3):
        run = one.start()
        if run.end() == 0:
            break
        assert "No space left on device" in run.errors()
        one.died()
        if below == "responses":
            assert not list(place.rglob(".write-*")), "a draft keeps the space that is missing"
    assert one.deaths == 3, "the disk was never full"
    remount(place, "size=16m")
    one.finish()
    record(one.figures("disk full (tmpfs)", one.deaths * (IN_FLIGHT + COMMIT_ROWS)))


def _refused(one: Trial, **options: object) -> None:
    """A run that must not start: one clear line, nothing asked, nothing changed."""
    before = _state(one.lake.root)
    run = one.start(**options)
    code, errors = run.end(), run.errors()
    assert not one.server.calls, "the teacher was asked although its answers cannot be kept"
    assert _state(one.lake.root) == before
    assert code != 0
    assert "Permission denied" in errors or "Read-only file system" in errors


def _state(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture
def open_path(tmp_path: Path) -> Iterator[None]:
    """Lets everybody reach the test's folder, and its owner remove it afterwards."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    yield
    for folder in [tmp_path, *tmp_path.rglob("*")]:
        if folder.is_dir():
            folder.chmod(0o755)


@pytest.mark.usefixtures("open_path")
@pytest.mark.parametrize("begun", [False, True])
def test_a_lake_that_may_not_be_written(trial: Start, record: Record, *, begun: bool) -> None:
    one = trial()
    if begun:
        run = one.start_fenced()
        one.left(50)
        run.kill()
        one.died()
    for path in [one.lake.root, *one.lake.root.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    asked = one.server.answered
    one.server.calls.clear()
    _refused(one, user=_NOBODY if os.geteuid() == 0 else None)
    assert one.server.answered == asked
    for path in [one.lake.root, *one.lake.root.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    one.finish()
    record(one.figures("read-only lake", one.deaths * IN_FLIGHT))


@_needs_root
def test_a_disk_that_becomes_read_only(trial: Start, record: Record, small_disk: Callable[[str], Path]) -> None:
    one = trial()
    place = small_disk("size=16m")
    (one.lake.root / "ledger").symlink_to(place)
    run = one.start_fenced()
    one.left(50)
    run.kill()
    one.died()
    remount(place, "ro")
    one.server.calls.clear()
    _refused(one)
    remount(place, "rw")
    one.finish()
    record(one.figures("read-only lake", one.deaths * IN_FLIGHT))


def test_a_command_on_a_read_only_lake_says_so_in_one_line(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    (tmp_path / "file").write_text("")
    if os.geteuid() == 0:
        lake = tmp_path / "file" / "lake"  # for root too, nothing can be made below a file
    else:
        tmp_path.chmod(0o555)
    code = "from polyglot_assets.cli.main import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", code, "materialize", "--select", "prompts"],
        env={**os.environ, "POLYGLOT_LAKE": str(lake)},
        capture_output=True,
        text=True,
        check=False,
    )
    tmp_path.chmod(0o755)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("polyglot: cannot write to the lake")
    shutil.rmtree(lake, ignore_errors=True)
