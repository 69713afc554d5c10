"""The lock of a lake: any number of runs may work on it, or one deletion and nobody else.

Here: the two ways to hold it. Not here: the locks of single files (the ledger's, the index of duplicates').

A deletion has to know that no run holds rows in memory that it read before them and writes after. The lock is the
operating system's, so it ends with the process that holds it, however that ends.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from polyglot_assets.errors import UserError
from polyglot_assets.lake import Lake

_NAME = ".lock"
_LOG = logging.getLogger(__name__)


@contextmanager
def shared(lake: Lake) -> Iterator[None]:
    """Held while a run works on the lake; waits for a deletion to end. A process may hold it several times."""
    handle = _open(lake)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            _LOG.warning("%s: a deletion is under way; waiting for it", lake.root)
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


@contextmanager
def alone(lake: Lake) -> Iterator[None]:
    """Held while rows are deleted.

    Raises:
        UserError: a run or another deletion works on the lake.
    """
    handle = _open(lake)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"{lake.root}: a materialization or another deletion is at work here; nothing was done. "
                "Run this again when it has ended (or end the run: what it asked is kept)"
            ) from None
        yield
    finally:
        os.close(handle)


def _open(lake: Lake) -> int:
    lake.prepare()
    return os.open(lake.root / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
