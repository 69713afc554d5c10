"""The lock of a lake: any number of runs may work on it, or one deletion and nobody else.

Here: the two ways to hold it. Not here: how a lock is held (files.py), and the locks of single files (the ledger's, the
index of duplicates').

A deletion has to know that no run holds rows in memory that it read before them and writes after. The lock is the
operating system's, so it ends with the process that holds it, however that ends.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.files import locked, sweep
from polyglot_assets.lake.store import Lake

_NAME = ".lock"
_LOG = logging.getLogger(__name__)


@contextmanager
def shared(lake: Lake) -> Iterator[None]:
    """Held while a run works on the lake; waits for a deletion to end. A process may hold it several times."""

    def busy() -> None:
        _LOG.warning("%s: a deletion is under way; waiting for it", lake.root)

    lake.prepare()
    with locked(lake.root / _NAME, shared=True, busy=busy):
        sweep(lake.root)
        yield


@contextmanager
def alone(lake: Lake) -> Iterator[None]:
    """Held while rows are deleted.

    Raises:
        UserError: a run or another deletion works on the lake.
    """

    def busy() -> None:
        raise UserError(
            f"{lake.root}: a materialization or another deletion is at work here; nothing was done. "
            "Run this again when it has ended (or end the run: what it asked is kept)"
        )

    lake.prepare()
    with locked(lake.root / _NAME, busy=busy):
        yield
