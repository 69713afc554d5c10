"""The examples' step: the responses of a cell in, its examples out.

Here: read, build, write, count. Not here: what an example row holds (build.py), and Dagster (assets.py).
"""

from collections.abc import Iterable
from typing import NamedTuple

from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.grid import Cell
from polyglot_assets.examples.build import build
from polyglot_assets.lake.counts import count_answers, write_counts
from polyglot_assets.lake.store import Lake


class CellExamples(NamedTuple):
    """How many responses a cell has, and how many of them are examples."""

    responses: int
    rows: int


def fill_cell(lake: Lake, cell: Cell, teachers: Iterable[str], width: int) -> CellExamples:
    """Writes the examples of a cell in place of those that it had.

    Args:
        lake: where.
        cell: which.
        teachers: whose responses, by their names in the registry.
        width: tokens per n-gram of the signature that finds near duplicates.
    """
    responses = [row for teacher in teachers for row in lake.read_cell(RESPONSES, cell, teacher=teacher)]
    rows = build(lake.read_cell(PROMPTS, cell), responses, width)
    write_counts(lake, cell, count_answers(responses), stage="answers", part="all")
    lake.write_cell(EXAMPLES, cell, rows)
    return CellExamples(len(responses), len(rows))
