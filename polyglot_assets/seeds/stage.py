"""One source's step: its files in, the seeds of cells out.

Here: find, read, write, count. Not here: where files come from (acquire.py), which rows become seeds (fill.py), and
Dagster (assets.py).
"""

from collections.abc import Callable, Iterable, Mapping

from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.counts import Counted, write_counts
from polyglot_assets.lake.store import Lake
from polyglot_assets.seeds.acquire import Files, find
from polyglot_assets.seeds.fill import CellSeeds, fill
from polyglot_assets.seeds.source import Source
from polyglot_assets.settings import Settings


def fill_cells(
    lake: Lake,
    source: Source,
    cells: Iterable[Cell],
    settings: Settings,
    deleted: frozenset[str],
    check: Callable[[Files | None, Mapping[Cell, CellSeeds]], None] = lambda *_: None,
) -> tuple[Files | None, dict[Cell, CellSeeds]]:
    """Writes the seeds of a source in place of those that the cells had.

    Args:
        lake: where.
        source: what is read.
        cells: which cells.
        settings: where the source's files are, limits, and what is kept.
        deleted: seed_ids of the rows that stay out (lake/tombstones.py).
        check: is shown the files and what the cells will have, before any of them is written, and may raise.

    Returns:
        The files that were read (None: there are none), and what each cell has now.

    Raises:
        UserError: a file cannot be read, or a row has a field of another type.
    """
    files = find(source, settings)
    filled = fill(source, files, cells, settings, deleted)
    check(files, filled)
    for cell, seeds in filled.items():
        lake.write_cell(SEEDS, cell, seeds.rows, source=source.name)
        counts = {Counted(source.repo, reason): rows for reason, rows in seeds.counts.items()}
        write_counts(lake, cell, counts, stage="seeds", part=source.name)
    return files, filled
