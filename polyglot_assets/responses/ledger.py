"""The ledger: every finished request, appended to a file as it arrives and never asked for again.

Here: durable appending and tolerant reading, one file per teacher and cell. Not here: what the answers are worth
(outcomes.py); the cell's Parquet is computed from the ledger and can always be made again.

A line is `checksum request_id answer`; the checksum covers the rest, so that a line torn by a crash is recognised and
cut off instead of being believed. The answer is JSON; `null` marks the request's answer for a retry (see
`Ledger.mark_for_retry`).

A line reaches the operating system before `append` returns, so a killed process loses nothing of it; lines are flushed
to the disk in groups, so a power cut loses at most one group. Only ids and places are held in memory, about 150 bytes
a line; texts are read from the file when they are needed.
"""

import fcntl
import hashlib
import json
import logging
import os
import threading
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell
from polyglot_assets.inference.engine import Completion
from polyglot_assets.lake.files import replacing, sync_folder
from polyglot_assets.text.normal import storable

_LENGTH_BITS = 32
_ID_DIGITS = 32
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Commit:
    """When lines are flushed to the disk: after so many, or so many seconds after the first of them."""

    rows: int = 256
    seconds: float = 1.0


def ledger_path(root: Path, teacher: str, cell: Cell) -> Path:
    """The ledger file of a teacher's cell in the lake at `root`."""
    return root / "ledger" / f"teacher={teacher}" / cell.path / "ledger.jsonl"


class Ledger:
    """One ledger file, open in exactly one process at a time. Use as `with Ledger(path) as ledger`.

    A torn last line is cut off when the file is opened; a damaged line elsewhere is skipped. Both are logged.

    Args:
        path: the file; made with its folders if need be.
        commit: when lines are flushed to the disk.
        wait: whether to wait for another process that has the file open.

    Raises:
        BlockingIOError: another process has the file open, and `wait` is false.
        UserError: the file cannot be made or written.
    """

    def __init__(self, path: Path, commit: Commit | None = None, *, wait: bool = True) -> None:
        self._begin(path, commit or Commit())
        try:
            self._file = _open_alone(path, wait=wait)
        except BlockingIOError:
            raise
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}; without a ledger nothing is asked") from error
        try:
            _cut_torn_end(self._file, path)
            self._end = os.fstat(self._file).st_size
            self._read()
        except BaseException:
            os.close(self._file)
            raise

    def _begin(self, path: Path, commit: Commit) -> None:
        self.path = path
        self._commit = commit
        # 16 bytes of the id instead of its 32 digits, and one number instead of a pair: half the memory.
        self._places: dict[bytes, int] = {}
        self._marked: set[bytes] = set()
        self._uncommitted = 0
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._failure: OSError | None = None
        self._digest = hashlib.blake2b(digest_size=16)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """How many requests have an answer."""
        return len(self._places)

    def request_ids(self) -> Iterator[str]:
        """The requests that have an answer."""
        return (key.hex() for key in self._places)

    def get(self, request_id: str) -> Completion | None:
        """The answer to a request, the latest if there are several; None if there is none."""
        place = self._places.get(bytes.fromhex(request_id))
        if place is None:
            return None
        offset, length = divmod(place, 1 << _LENGTH_BITS)
        answer = os.pread(self._file, length, offset).split(b" ", 2)[2]
        return Completion(request_id, **json.loads(answer))

    def is_marked_for_retry(self, request_id: str) -> bool:
        """Whether the request has an answer that is not wanted."""
        return bytes.fromhex(request_id) in self._marked

    def digest(self) -> str:
        """A hash of the whole file."""
        return self._digest.hexdigest()

    def append(self, completion: Completion) -> None:
        """Adds an answer."""
        self._marked.discard(bytes.fromhex(completion.request_id))
        self._write(completion.request_id, _encode(completion))

    def mark_for_retry(self, request_id: str) -> None:
        """Marks a request's answer as not wanted, for good.

        An engine's error is no answer: it is forgotten, and the request can be asked again. An answer stays, and
        whoever wants another one makes another request. Unknown requests are left alone.
        """
        key = bytes.fromhex(request_id)
        if key in self._places and key not in self._marked:
            place = self._places[key]
            self._write(request_id, b"null")
            self._places[key] = place
            self._forget(key)

    def has_other_than(self, request_ids: Collection[str]) -> bool:
        """Whether the file holds anything but lines of these requests."""
        kept = {bytes.fromhex(request_id) for request_id in request_ids}
        with self.path.open("rb") as lines:
            return any(_checked(line) not in kept for line in lines)

    def keep_only(self, request_ids: Collection[str]) -> int:
        """Replaces the file by one with the lines of these requests, marks included, and nothing else.

        The new file takes the place of the old one in one step, so that a crash leaves one or the other. Returns the
        number of answers that were dropped. Nothing else may be done with this object afterwards; open it again.
        """
        kept = {bytes.fromhex(request_id) for request_id in request_ids}
        dropped = sum(key not in kept for key in self._places)
        self.commit()
        with self.path.open("rb") as lines, replacing(self.path) as draft:
            for line in lines:
                if _checked(line) in kept:  # a damaged line has no id: what it holds cannot be known
                    draft.write(line)
        self.close()
        return dropped

    def commit(self) -> None:
        """Flushes to the disk what was appended.

        Raises:
            OSError: this or an earlier flush failed.
        """
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._uncommitted:
                os.fsync(self._file)
            self._uncommitted = 0
            if self._failure is not None:
                raise self._failure

    def close(self) -> None:
        """Commits, and lets other processes have the file. May be called twice."""
        if self._file < 0:
            return
        try:
            self.commit()
        finally:
            os.close(self._file)
            self._file = -1

    def _read(self) -> None:
        offset = 0
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                self._digest.update(line)
                key = _checked(line)
                if key is None:
                    _LOG.warning("%s, line %d: damaged record skipped", self.path, number)
                elif line.endswith(b" null\n"):
                    self._forget(key)
                else:
                    self._places[key] = offset << _LENGTH_BITS | len(line)
                    self._marked.discard(key)
                offset += len(line)

    def _forget(self, key: bytes) -> None:
        completion = self.get(key.hex())
        if completion is None:
            return
        if completion.finish_reason == "error":
            del self._places[key]
        else:
            self._marked.add(key)

    def _write(self, request_id: str, answer: bytes) -> None:
        body = b"%s %s" % (request_id.encode(), answer)
        line = b"%08x %s\n" % (zlib.crc32(body), body)
        left = memoryview(line)
        while left:  # a full disk takes a part before it refuses; the next one to open the file cuts that off
            try:
                left = left[os.write(self._file, left) :]
            except OSError as error:
                raise UserError(f"{self.path}: {error.strerror}; what was answered before is kept") from error
        self._places[bytes.fromhex(request_id)] = self._end << _LENGTH_BITS | len(line)
        self._end += len(line)
        self._digest.update(line)
        self._uncommitted += 1
        if self._uncommitted >= self._commit.rows:
            self.commit()
        elif self._timer is None:
            # Seconds count even if nothing more arrives, so somebody else has to look at the clock.
            self._timer = threading.Timer(self._commit.seconds, self._commit_late)
            self._timer.daemon = True
            self._timer.start()

    def _commit_late(self) -> None:
        with self._lock:
            if self._timer is not threading.current_thread():
                return  # another commit came first
            self._timer = None
            try:
                os.fsync(self._file)
            except OSError as error:
                self._failure = error
            self._uncommitted = 0


class PastAnswers(Ledger):
    """A ledger that is only read: as it is at this moment, also while a run writes it. No file is an empty one."""

    def __init__(self, path: Path) -> None:
        self._begin(path, Commit())
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC) if path.exists() else -1
        if self._file >= 0:
            self._read()


def _open_alone(path: Path, *, wait: bool) -> int:
    """Opens the file and locks it. What is locked is what lies at `path`: it may be replaced while one waits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not wait:
                    raise
                _LOG.warning("%s is in use by another run; waiting for it", path)
                fcntl.flock(file, fcntl.LOCK_EX)
            if path.exists() and os.path.samestat(os.fstat(file), path.stat()):
                sync_folder(path.parent)
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def _encode(completion: Completion) -> bytes:
    answer: dict[str, Any] = {
        "text": completion.text,
        "finish_reason": completion.finish_reason,
        "prompt_tokens": completion.prompt_tokens,
        "response_tokens": completion.response_tokens,
    }
    if completion.error is not None:
        answer["error"] = completion.error
    if completion.engine is not None:
        answer["engine"] = completion.engine
    if completion.reasoning is not None:
        answer["reasoning"] = completion.reasoning
    return storable(json.dumps(answer, ensure_ascii=False, separators=(",", ":"))).encode()


def _checked(line: bytes) -> bytes | None:
    """The id of an intact line, else None."""
    checksum, _, body = line[:-1].partition(b" ")
    request_id, _, answer = body.partition(b" ")
    if line[-1:] != b"\n" or checksum != b"%08x" % zlib.crc32(body) or len(request_id) != _ID_DIGITS:
        return None
    if not (answer == b"null" or (answer.startswith(b"{") and answer.endswith(b"}"))):
        return None  # a right checksum over something else, for example of nothing
    try:
        return bytes.fromhex(request_id.decode("ascii"))
    except ValueError:
        return None


def _cut_torn_end(file: int, path: Path) -> None:
    """Removes what follows the last line end: the beginning of a record whose writing was interrupted."""
    size = position = os.fstat(file).st_size
    while position > 0:
        start = max(0, position - 65536)
        found = os.pread(file, position - start, start).rfind(b"\n")
        if found >= 0:
            position = start + found + 1
            break
        position = start
    if position < size:
        _LOG.warning("%s: %d bytes of a torn last record dropped", path, size - position)
        os.ftruncate(file, position)
