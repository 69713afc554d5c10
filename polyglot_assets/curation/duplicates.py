"""The duplicates of the lake: one row per example that is left out.

Here: from the cells of `examples` to the table `duplicates`. Not here: the parts of the work: segments.py (what is
remembered of a cell), pairs.py (near duplicates), keep.py (which row is kept, and the rule in words).

The table is a function of the examples and the settings alone: neither the order in which cells came, nor the number
of runs, nor what an earlier run had remembered changes a byte of it. It is stored in parts, the rows of each cell in a
file of their own, so that a cell that came later leaves most of them as they are. Each part is replaced as a whole; a
run that is cut off between two parts leaves the others as they were before, and the next run does the rest.
"""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pyarrow as pa

from polyglot_assets.contracts.duplicates import DUPLICATES
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.curation.decisions import NONE, Decisions, load, save, update
from polyglot_assets.curation.keep import KEPT, KINDS, gather, row_ends
from polyglot_assets.curation.pairs import near_pairs
from polyglot_assets.curation.segments import Array, Segment, rules, segment_of
from polyglot_assets.domain.grid import Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.lake.files import locked
from polyglot_assets.lake.store import Lake, Stamp, stamp, write_parquet
from polyglot_assets.settings import Settings

_REPEATED = ["kind", "language", "strategy", "source", "teacher"]
"""Columns of the table in which few values occur. Ids hardly repeat; looking for repeated ones only takes time."""


def find(lake: Lake, settings: Settings, report: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """Writes the table `duplicates`; returns the number of examples and of those left out, by kind.

    Only cells that changed since the last time are read.

    Args:
        lake: holds the examples.
        settings: the similarity from which two texts count as near duplicates, and the width of n-grams.
        report: is told about each cell that has to be read.
    """
    index = lake.root / "index" / "duplicates"
    with locked(index.with_suffix(".lock")):  # no other process works on the index
        width, threshold = settings.duplicates_width, settings.duplicates_similarity
        known = [segment_of(lake, cell, index / "segments", width, report) for cell in example_cells(lake)]
        compared = {
            (one, other): near_pairs(known[one], known[other], threshold, index / "edges")
            for one, other in _of_one_language(known)
        }
        _forget_others(index / "segments", {segment.name for segment in known})
        _forget_others(index / "edges", {found.name for found in compared.values()})
        memory, rule = index / "decisions", content_id(rules("keep", "decisions", "duplicates"), width, threshold)
        before = load(memory, rule)
        made, stamps = NONE.made, {}
        if known:
            made, changed = update(before, known, {pair: near.edges for pair, near in compared.items()})
            stamps = _write_parts(lake, known, made, changed, before.stamps)
        _forget_other_parts(lake, known)
        save(Decisions(made, {segment.name: len(segment.place) for segment in known}, stamps), memory, rule)
    counts = np.bincount(made["kind"][made["instead"] != KEPT], minlength=len(KINDS)).tolist()
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


def _write_parts(
    lake: Lake, known: Sequence[Segment], made: Array, changed: Array, stamps: dict[str, Stamp]
) -> dict[str, Stamp]:
    """Brings the table up to date: parts that changed, or are not what was written; returns the stamps of all."""
    paths = [lake.part_path(DUPLICATES, segment.cell) for segment in known]
    pairs = zip(known, paths, strict=True)
    wrong = changed | [stamp(path) != stamps.get(segment.cell.key) for segment, path in pairs]
    ends = row_ends(known)
    made = made[np.repeat(wrong, np.diff(ends))[made["row"]] & (made["instead"] != KEPT)]
    made = made[np.argsort(made["row"])]
    kept = _kept_ids(known, made["instead"])
    bounds = np.searchsorted(made["row"], ends)
    for number in np.flatnonzero(wrong).tolist():
        some = slice(bounds[number], bounds[number + 1])
        own = made[some]
        own["row"] -= ends[number]
        write_parquet(_part(known[number], own, kept[:, some]), paths[number], use_dictionary=_REPEATED)
    return {segment.cell.key: stamp(path) for segment, path in zip(known, paths, strict=True)}


def _forget_other_parts(lake: Lake, known: Sequence[Segment]) -> None:
    """Removes parts of cells that are gone, and what a run that was cut off left over."""
    paths = {lake.part_path(DUPLICATES, segment.cell) for segment in known}
    for path in (lake.root / DUPLICATES.name).rglob("*"):
        if path.is_file() and path not in paths:
            path.unlink()


def _kept_ids(known: Sequence[Segment], rows: Array) -> Array:
    """The ids of rows in any order."""
    order = np.argsort(rows)
    ids = np.empty((2, len(rows)), np.uint64)
    ids[:, order] = gather(known, "id", rows[order])
    return ids


def _part(segment: Segment, left_out: Array, kept: Array) -> pa.Table:
    """The rows of contracts.DUPLICATES of one segment, in the order of their ids.

    Args:
        segment: the cell.
        left_out: DECISIONs about it, with rows counted from its first.
        kept: ids of the rows that are kept instead.
    """
    rows = left_out["row"]
    columns = {
        "id": _hex(segment.id[:, rows]),
        "kept_id": _hex(kept),
        "kind": _named(np.ascontiguousarray(left_out["kind"]), KINDS),
        "similarity": pa.array(np.ascontiguousarray(left_out["similarity"])),
        "language": pa.repeat(segment.cell.language, len(rows)),
        "strategy": pa.repeat(segment.cell.strategy, len(rows)),
        "source": _named(segment.source[rows], segment.sources),
        "teacher": _named(segment.teacher[rows], segment.teachers),
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


def _forget_others(folder: Path, used: set[str]) -> None:
    """Removes what no longer belongs to the index: cells that were replaced or are gone, other settings."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in used:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
