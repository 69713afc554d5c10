"""The ledger: every finished request, appended to a file as it arrives and never asked for again.

Here: durable appending and tolerant reading, one file per teacher and cell. Not here: what the answers are worth
(outcomes.py); the cell's Parquet is computed from the ledger and can always be made again.

Records are grouped: the file is flushed to the disk after `GROUP_ROWS` records or `GROUP_SECONDS`, whichever comes
first. A killed process loses at most the records of one such group and the requests that were under way. Each line
carries a checksum, so that a line torn by a crash is recognised and cut off instead of being believed.
"""

import fcntl
import json
import logging
import os
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from io import BufferedWriter
from pathlib import Path

from polyglot_assets.grid import Cell
from polyglot_assets.teachers.engine import Completion

GROUP_ROWS = 256
GROUP_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


def ledger_path(root: Path, teacher: str, cell: Cell) -> Path:
    """The ledger file of a teacher's cell in the lake at `root`."""
    return root / "ledger" / f"teacher={teacher}" / cell.path / "ledger.jsonl"


class Ledger:
    """One ledger file, opened for appending by exactly one process at a time.

    Use as `with open_ledger(path) as ledger`. Reading needs no lock: see `read`.
    """

    def __init__(self, path: Path, handle: BufferedWriter) -> None:
        self._handle = handle
        self._uncommitted = 0
        self._last_commit = time.monotonic()
        self.completions = read(path)

    def append(self, completion: Completion) -> None:
        """Adds a finished request. Durable after the present group, at the latest when the ledger is closed."""
        self._handle.write(_encode(completion))
        self.completions[completion.request_id] = completion
        self._uncommitted += 1
        if self._uncommitted >= GROUP_ROWS or time.monotonic() - self._last_commit >= GROUP_SECONDS:
            self.commit()

    def set_errors_aside(self) -> int:
        """Forgets, for this run, the requests that ended in an engine error, so that they are asked again.

        An engine's failure is no answer: the server may be back by now. The file keeps the old record; the new one
        comes after it and counts.
        """
        failed = [key for key, completion in self.completions.items() if completion.finish_reason == "error"]
        for key in failed:
            del self.completions[key]
        return len(failed)

    def commit(self) -> None:
        """Flushes what was appended to the disk."""
        if self._uncommitted:
            self._handle.flush()
            os.fsync(self._handle.fileno())
        self._uncommitted = 0
        self._last_commit = time.monotonic()


@contextmanager
def open_ledger(path: Path) -> Iterator[Ledger]:
    """Opens a ledger for appending, waiting for another process that has it open; cuts off a torn last line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            _LOG.warning("%s is in use by another run; waiting for it", path)
            fcntl.flock(handle, fcntl.LOCK_EX)
        _cut_torn_end(path)
        ledger = Ledger(path, handle)
        try:
            yield ledger
        finally:
            ledger.commit()


def read(path: Path) -> dict[str, Completion]:
    """All intact records by request_id, the latest of each; a damaged line is skipped with a warning."""
    completions: dict[str, Completion] = {}
    if not path.exists():
        return completions
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            completion = _decode(line)
            if completion is None:
                _LOG.warning("%s, line %d: damaged record skipped", path, number)
            else:
                completions[completion.request_id] = completion
    return completions


def _encode(completion: Completion) -> bytes:
    body = json.dumps(asdict(completion), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _decode(line: bytes) -> Completion | None:
    checksum, _, body = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(body):
        return None
    return Completion(**json.loads(body))


def _cut_torn_end(path: Path) -> None:
    """Removes what follows the last line end: the beginning of a record whose writing was interrupted."""
    with path.open("rb+") as handle:
        size = handle.seek(0, os.SEEK_END)
        position = size
        while position > 0:
            start = max(0, position - 65536)
            handle.seek(start)
            found = handle.read(position - start).rfind(b"\n")
            if found >= 0:
                position = start + found + 1
                break
            position = start
        if position < size:
            _LOG.warning("%s: %d bytes of a torn last record dropped", path, size - position)
            handle.truncate(position)
