"""The duplicates of the lake: one row per example that is left out.

Here: from the cells of `examples` to the table `duplicates`. Not here: the parts of the work: segments.py (what is
remembered of a cell), pairs.py (near duplicates), keep.py (which row is kept, and the rule in words).

The table is a function of the examples and the settings alone: neither the order in which cells came, nor the number
of runs, nor what an earlier run had remembered changes a byte of it.
"""

import fcntl
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pyarrow as pa

from polyglot_assets.curation.keep import KINDS, LeftOut, gather, leave_out, row_ends
from polyglot_assets.curation.pairs import near_pairs
from polyglot_assets.curation.segments import Array, Segment, order_of, segment_of
from polyglot_assets.grid import Cell
from polyglot_assets.lake import Lake, write_parquet
from polyglot_assets.records import DUPLICATES, EXAMPLES
from polyglot_assets.settings import Settings


def find(lake: Lake, settings: Settings, report: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """Writes the table `duplicates`; returns the number of examples and of those left out, by kind.

    Only cells that changed since the last time are read.

    Args:
        lake: holds the examples.
        settings: the similarity from which two texts count as near duplicates, and the width of n-grams.
        report: is told about each cell that has to be read.
    """
    index = lake.root / "index" / "duplicates"
    with _alone(index):
        width, threshold = settings.duplicates_width, settings.duplicates_similarity
        known = [segment_of(lake, cell, index / "segments", width, report) for cell in example_cells(lake)]
        compared = {
            (one, other): near_pairs(known[one], known[other], threshold, index / "edges")
            for one, other in _of_one_language(known)
        }
        _forget_others(index / "segments", {segment.name for segment in known})
        _forget_others(index / "edges", {found.name for found in compared.values()})
        if not known:
            write_parquet(DUPLICATES.schema.empty_table(), lake.table_path(DUPLICATES))
            return dict.fromkeys(("examples", *KINDS), 0)
        found = leave_out(known, {pair: near.edges for pair, near in compared.items()})
        write_parquet(_table(known, found), lake.table_path(DUPLICATES))
    counts = np.bincount(found.kind, minlength=len(KINDS)).tolist()
    return {"examples": int(row_ends(known)[-1]), **dict(zip(KINDS, counts, strict=True))}


def example_cells(lake: Lake) -> list[Cell]:
    """The cells of `examples` that were written, in the order of their names."""
    folders = (lake.root / EXAMPLES.name).glob("language=*/strategy=*/cell.parquet")
    parts = sorted(path.parts[-3:-1] for path in folders)
    return [Cell(language.partition("=")[2], strategy.partition("=")[2]) for language, strategy in parts]


def _of_one_language(known: Sequence[Segment]) -> Iterator[tuple[int, int]]:
    """Each pair of segments of one language, by their numbers; each segment with itself, too."""
    by_language: dict[str, list[int]] = defaultdict(list)
    for number, segment in enumerate(known):
        by_language[segment.cell.language].append(number)
    for numbers in by_language.values():
        yield from combinations_with_replacement(numbers, 2)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Waits until no other process works on the index."""
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _table(known: Sequence[Segment], found: LeftOut) -> pa.Table:
    """The rows of records.DUPLICATES in the order of their ids."""
    order = order_of(found.id)
    home = np.searchsorted(row_ends(known), found.row[order], side="right") - 1
    columns = {
        "id": _hex(found.id[:, order]),
        "kept_id": _hex(found.kept_id[:, order]),
        "kind": _named(found.kind[order], KINDS),
        "similarity": pa.array(found.similarity[order]),
        "language": _named(home, [segment.cell.language for segment in known]),
        "strategy": _named(home, [segment.cell.strategy for segment in known]),
        "source": _own_names(known, "source", found.row).take(pa.array(order)),
        "teacher": _own_names(known, "teacher", found.row).take(pa.array(order)),
    }
    return pa.Table.from_pydict(columns, schema=DUPLICATES.schema)


def _hex(hashes: Array) -> pa.StringArray:
    from polyglot_assets.curation import pair_kernels as kernels

    digits = np.empty((hashes.shape[1], 32), np.uint8)
    kernels.hex_digits(hashes, digits)
    offsets = np.arange(len(digits) + 1, dtype=np.int32) * 32
    return pa.StringArray.from_buffers(len(digits), pa.py_buffer(offsets), pa.py_buffer(digits))


def _named(numbers: Array, names: Sequence[str]) -> pa.StringArray:
    return pa.array(names, pa.string()).take(pa.array(numbers))


def _own_names(known: Sequence[Segment], column: str, rows: Array) -> pa.StringArray:
    """The names of sources or teachers of ascending rows of the lake; each segment counts its own through."""
    names = sorted({name for segment in known for name in getattr(segment, f"{column}s")})
    number = {name: at for at, name in enumerate(names)}
    tables = [[number[name] for name in getattr(segment, f"{column}s")] for segment in known]
    first = np.cumsum([0, *map(len, tables)])
    home = np.searchsorted(row_ends(known), rows, side="right") - 1
    codes = np.concatenate([np.array(table, np.int64) for table in tables])[gather(known, column, rows) + first[home]]
    return _named(codes, names)


def _forget_others(folder: Path, used: set[str]) -> None:
    """Removes what no longer belongs to the index: cells that were replaced or are gone, other settings."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in used:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
