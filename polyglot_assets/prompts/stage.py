"""The prompts' step: the seeds of a cell in, its prompts out.

Here: read, build, write, count. Not here: which seeds are asked (choose.py), what a prompt row holds (build.py), and
Dagster (assets.py).
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.counts import Counted, write_counts
from polyglot_assets.lake.store import Lake
from polyglot_assets.prompts.build import build
from polyglot_assets.prompts.templates import StrategyTemplate
from polyglot_assets.seeds.source import Source
from polyglot_assets.seeds.sources import SOURCES

REMOVED = "source_removed"
"""Of seeds whose source POLYGLOT_SEEDS does not hold any more."""


class CellPrompts(NamedTuple):
    """What became of a cell's seeds: how many prompts, and the seeds by the reason why they are asked or not."""

    rows: int
    seeds: Counter[str]


def fill_cell(
    lake: Lake, cell: Cell, template: StrategyTemplate, limit: int, sources: Sequence[Source] = SOURCES
) -> CellPrompts:
    """Writes the prompts of a cell, `limit` at most, in place of those that it had.

    Args:
        lake: where.
        cell: which.
        template: of its strategy.
        limit: prompts.
        sources: whose seeds are asked; those of others that the lake still has are counted.
    """
    seeds = [seed for source in sources for seed in lake.read_cell(SEEDS, cell, source=source.name)]
    rows, counts = build(cell, seeds, template, limit)
    for name in sorted(_sources_in(lake, cell) - {source.name for source in sources}):
        for seed in lake.scan_cell(SEEDS, cell, ("source",), source=name):
            counts[seed["source"], REMOVED] += 1
    lake.write_cell(PROMPTS, cell, rows)
    counted = {Counted(source, reason): number for (source, reason), number in counts.items()}
    write_counts(lake, cell, counted, stage="prompts", part="all")
    by_reason: Counter[str] = Counter()
    for (_, reason), number in counts.items():
        by_reason[reason] += number
    return CellPrompts(len(rows), by_reason)


def _sources_in(lake: Lake, cell: Cell) -> set[str]:
    """Names of the sources of which the lake has seeds in a cell."""
    folder = lake.root / SEEDS.name
    return {path.name.removeprefix("source=") for path in folder.glob("source=*") if (path / cell.path).is_dir()}
