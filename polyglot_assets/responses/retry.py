"""Asking again: marking answers for a retry by their outcome.

Here: which answers of a response cell are not wanted any more. Not here: the asking; the next materialization of the
cell finds the mark in the ledger (requests.request_state).
"""

from collections.abc import Collection, Iterable

from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.grid import Cell
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.lake.store import Lake
from polyglot_assets.responses.ledger import Ledger, ledger_path


def mark_for_retry(lake: Lake, teacher: Teacher, cells: Iterable[Cell], outcomes: Collection[str]) -> dict[Cell, int]:
    """Marks the answers with one of `outcomes`; returns their number in each cell that has any.

    A request that ended in an engine error is asked once more as it was; another answer is followed by a request with
    another sampling seed. Marking twice is marking once.
    """
    marked: dict[Cell, int] = {}
    for cell in cells:
        rows = lake.scan_cell(RESPONSES, cell, ("request_id", "outcome"), teacher=teacher.name)
        chosen = [row["request_id"] for row in rows if row["outcome"] in outcomes]
        if chosen:
            with Ledger(ledger_path(lake.root, teacher.name, cell)) as ledger:
                for request_id in chosen:
                    ledger.mark_for_retry(request_id)
            marked[cell] = len(chosen)
    return marked
