"""Files that are whole or not there, locks, and what killed processes left: how everything in a lake is written.

Here: replacing a file, folders for the time of a piece of work, lock files, removing leftovers. Not here: what is in
the files (store.py and the stages), and the ledger, which is appended to and is its own lock.

What is being made has a name of its own and is locked by its maker. The lock is the operating system's and ends with
the process, however that ends, so what nobody locks was left by a process that was killed, and `sweep` removes it.

Modes are left to the umask and to the folder, so that a group that shares a lake can write to what each of it made.
"""

import errno
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path
from typing import IO

from polyglot_assets.domain.errors import UserError

DRAFT = ".draft-"
READING = ".reading-"
CATALOGUE = ".catalogue-"
_WRITE = ".write-"
_LEFT = (_WRITE, READING, CATALOGUE, DRAFT, ".making-", ".old-")
"""How the names begin under which files and folders are made. Nothing is made under the last two any more."""


@contextmanager
def replacing(path: Path, *, flush: bool = True) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path` when it is complete and on the disk.

    Args:
        path: its folder is made if need be.
        flush: False does not wait for the disk: for what is checked when it is read and can be made again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft, descriptor = _made(path.parent, _WRITE, _new_file)
    with os.fdopen(descriptor, "w+b") as handle:
        try:
            yield handle
            handle.flush()
            if flush:
                os.fsync(handle.fileno())
            draft.replace(path)
            if flush:
                sync_folder(path.parent)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def write_text(text: str, path: Path) -> None:
    """Writes a text file: the old one is there until the new one is complete and on the disk."""
    with replacing(path) as handle:
        handle.write(text.encode())


@contextmanager
def scratch(parent: Path, prefix: str) -> Iterator[Path]:
    """An empty folder below `parent`, which goes away at the end, unless it was renamed."""
    folder, descriptor = _made(parent, prefix, _new_folder)
    try:
        yield folder
    finally:
        try:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)


@contextmanager
def locked(path: Path, *, shared: bool = False, busy: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Holds the lock file `path`, alone or with others that hold it as `shared`; waits for who has it.

    Args:
        path: made if it is not there, and left there. Who holds it alone may remove it.
        shared: together with others.
        busy: called before waiting; may raise instead.

    Raises:
        UserError: the file can neither be made nor opened.
    """
    removed = True
    while removed:
        descriptor = _lock_file(path)
        try:
            if not _at_once(descriptor, LOCK_SH if shared else LOCK_EX):
                busy()
                flock(descriptor, LOCK_SH if shared else LOCK_EX)
            removed = os.fstat(descriptor).st_nlink == 0  # by who held it while this waited; there is a new one
            if not removed:
                yield
        finally:
            os.close(descriptor)


def sweep(root: Path, *, used: bool = False) -> int:
    """Removes what killed processes left below `root`; returns how many files and folders.

    Args:
        root: a folder; what this user may not remove from it stays.
        used: also what a process is working on or reads from at this moment.
    """
    number = 0
    for folder, folders, names in os.walk(root):
        for name in [*folders, *names]:
            if name.startswith(_LEFT):
                number += _remove(Path(folder, name), used=used)
        folders[:] = [name for name in folders if not name.startswith(_LEFT)]
    return number


def sweep_scratch(parent: Path, prefix: str) -> None:
    """Removes what killed processes left of `scratch` with the same arguments."""
    for folder in parent.glob(f"{prefix}*"):
        _remove(folder, used=False)


def sync_folder(folder: Path) -> None:
    """Flushes a folder's list of names to the disk: a new file is not there after a power cut if its name is not."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that do this only for files
            raise
    finally:
        os.close(descriptor)


def _made(parent: Path, prefix: str, make: Callable[[Path], int]) -> tuple[Path, int]:
    """Something new of a name of its own, and the descriptor that holds its lock."""
    while True:
        path = parent / f"{prefix}{secrets.token_hex(6)}"
        try:
            descriptor = make(path)
        except FileNotFoundError:
            if not parent.is_dir():
                raise
            continue  # a folder that a sweep took for a leftover before it could be opened
        except PermissionError as error:  # names the folder, and not what nobody will ever see
            raise PermissionError(error.errno, error.strerror, str(parent)) from None
        with suppress(OSError):  # a file system without locks; a sweep does not get one there either
            flock(descriptor, LOCK_SH)  # waits for a sweep that looks at it just now …
        if path.exists():
            return path, descriptor
        os.close(descriptor)  # … and took it for a leftover


def _new_file(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)


def _new_folder(path: Path) -> int:
    path.mkdir()
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _at_once(descriptor: int, kind: int) -> bool:
    try:
        flock(descriptor, kind | LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_file(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        with suppress(OSError):  # made by somebody who lets others only read; that is enough for a lock
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        raise UserError(f"cannot write to {path.parent}: {error.strerror}") from None


def _remove(path: Path, *, used: bool) -> bool:
    """Removes a leftover; returns whether it is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if not used:
            flock(descriptor, LOCK_EX | LOCK_NB)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    except OSError:  # it is in use, or not ours
        return False
    finally:
        os.close(descriptor)
    return not path.exists()


@contextmanager
def output_file(output: Path | None) -> Iterator[IO[bytes]]:
    """Where a result goes that somebody asked for: standard output, a device as it is, or a file that is replaced."""
    if output is None or _is_standard_output(output):
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif output.exists() and not output.is_file():
        with output.open("wb") as device:
            yield device
    else:
        file = Path(os.path.realpath(output))  # behind a link, which stays
        if file.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        with replacing(file) as draft:
            yield draft


def _is_standard_output(output: Path) -> bool:
    """Whether it is /dev/stdout: the file that a shell has opened there must not be replaced or cut."""
    try:
        return os.path.samestat(output.stat(), os.fstat(1))
    except OSError:
        return False
