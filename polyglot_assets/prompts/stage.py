"""The prompts' step: the seeds of a cell in, its prompts out.

Here: read, build, write, count. Not here: which seeds are asked (choose.py), what a prompt row holds (build.py), and
Dagster (assets.py).
"""

from collections import Counter
from typing import NamedTuple

from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.counts import Counted, write_counts
from polyglot_assets.lake.store import Lake
from polyglot_assets.prompts.build import build
from polyglot_assets.prompts.templates import StrategyTemplate
from polyglot_assets.seeds.sources import SOURCES


class CellPrompts(NamedTuple):
    """What became of a cell's seeds: how many prompts, and the seeds by the reason why they are asked or not."""

    rows: int
    seeds: Counter[str]


def fill_cell(lake: Lake, cell: Cell, template: StrategyTemplate, limit: int) -> CellPrompts:
    """Writes the prompts of a cell, `limit` at most, in place of those that it had."""
    seeds = [seed for source in SOURCES for seed in lake.read_cell(SEEDS, cell, source=source.name)]
    rows, counts = build(cell, seeds, template, limit)
    lake.write_cell(PROMPTS, cell, rows)
    counted = {Counted(source, reason): number for (source, reason), number in counts.items()}
    write_counts(lake, cell, counted, stage="prompts", part="all")
    by_reason: Counter[str] = Counter()
    for (_, reason), number in counts.items():
        by_reason[reason] += number
    return CellPrompts(len(rows), by_reason)
