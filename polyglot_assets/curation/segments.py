"""The index of duplicates: what is remembered of one cell of examples, so that it need not be read again.

Here: making, storing and opening a segment. Not here: comparing segments (pairs.py).

A segment is a file of plain arrays that are mapped into memory, not read: looking up a few rows in a large segment
touches only the pages that hold them, which no compressed format allows. It can be deleted at any time and is made
again from the examples. Its name stands for the exact file that it was made from.

Rows with the same n-gram set and teacher share one set, so a text that occurs a thousand times is compared once.
Sets are numbered in the order of the best row that has them, best first (see `best_first`).
"""

import json
import os
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.domain.grid import Cell
from polyglot_assets.domain.ids import code_digest, content_id
from polyglot_assets.lake.files import replacing
from polyglot_assets.lake.store import Lake
from polyglot_assets.seeds.sources import PRECEDENCE
from polyglot_assets.text.shingles import BANDS, Grams, band_keys, grams_of, stored_keys

Array = npt.NDArray[Any]

NO_SET = np.uint32(0xFFFFFFFF)
_BATCH_ROWS = 2048
_READ = ("id", "source", "teacher", "prompt_key", "content_key", "prompt", "response")

_KINDS = {
    "id": "<u8",
    "content": "<u8",
    "prompt": "<u8",
    "place": "<u2",
    "source": "<u2",
    "teacher": "<u2",
    "repeats": "<u4",
    "leader": "<u4",
    "start": "<i8",
    "prompt_count": "<i4",
    "count": "<i4",
    "asked": "<u8",
    "grams": "<u4",
    "bands": "<u8",
    "set_of": "<u4",
}
_ROWS_OF = {"id": 2, "content": 2, "prompt": 2, "bands": BANDS}
"""Arrays of two dimensions: the number of their rows. The other dimension counts examples, or sets."""


@dataclass(frozen=True)
class Segment:
    """One cell, as arrays.

    Attributes:
        cell: the cell.
        name: changes whenever the cell's file does.
        sources: names that `source` counts through.
        teachers: names that `teacher` counts through.
        id, content, prompt: uint64 (2, rows): upper and lower half of the 128-bit hashes id, content_key, and
            prompt_key mixed with language and teacher. Rows are in the order of their ids.
        place: uint16 (rows), place of the row's source in the order of precedence.
        source, teacher: uint16 (rows).
        set_of: uint32 (rows), number of the row's n-gram set, NO_SET for a text without tokens.
        repeats: uint32, the rows whose set other rows of the segment have, too.
        leader: uint32 (sets), the best row that has the set.
        start, prompt_count, count: where a set begins in `grams`, how many of its n-grams are the prompt's, its size.
        asked: uint64 (sets), hash of the teacher's name.
        grams: uint32, n-gram hashes.
        bands: uint64 (BANDS, sets), sorted in each band: band key in the upper half, set number in the lower.
    """

    cell: Cell
    name: str
    sources: tuple[str, ...]
    teachers: tuple[str, ...]
    id: Array
    content: Array
    prompt: Array
    place: Array
    source: Array
    teacher: Array
    set_of: Array
    repeats: Array
    leader: Array
    start: Array
    prompt_count: Array
    count: Array
    asked: Array
    grams: Array
    bands: Array


def best_first(place: Array, ids: Array) -> Array:
    """The row numbers in the order of the rule which of two duplicates is kept: earlier source, then smaller id."""
    order = order_of(ids)
    best: Array = order[np.argsort(place[order], kind="stable")]
    return best


def order_of(hashes: Array) -> Array:
    """Row numbers that bring equal 128-bit hashes, uint64 (2, rows), together and put different ones in order."""
    order = np.argsort(hashes[0])
    upper = hashes[0][order]
    # NumPy sorts single numbers many times as fast, and half of two different hashes is equal only by chance.
    equal = np.flatnonzero(upper[1:] == upper[:-1])
    if np.any(hashes[1][order[equal]] != hashes[1][order[equal + 1]]):
        order = np.lexsort((hashes[1], hashes[0]))
    by_hash: Array = order
    return by_hash


def segment_of(lake: Lake, cell: Cell, folder: Path, width: int, report: Callable[[str], None]) -> Segment:
    """The segment of a cell as its file is now, from `folder` or made anew.

    Args:
        lake: holds the examples.
        cell: a cell that was written.
        folder: holds the segments.
        width: tokens per n-gram.
        report: is told if the cell has to be read.
    """
    with lake.cell_path(EXAMPLES, cell).open("rb") as file:
        # The open file is what is read, whatever takes its place meanwhile.
        seen = os.fstat(file.fileno())
        name = content_id("segment", rules(), cell.key, width, seen.st_ino, seen.st_size, seen.st_mtime_ns)
        path = folder / name
        if not path.exists():
            report(f"reading {cell}")
            with replacing(path) as handle:
                _write(handle, pq.ParquetFile(_mapped(file)), cell, width)
    return _open(path, cell)


@lru_cache(maxsize=2)
def rules(*more: str) -> str:
    """A hash of what decides about the index: the code, Unicode's version, and the order of the sources.

    Args:
        more: names of modules of this folder that decide, too.
    """
    own = (f"curation/{name}.py" for name in ("pair_kernels", "pairs", "segments", *more))
    text = (f"text/{name}.py" for name in ("characters", "duplicate_kernels", "invisible", "languages", "shingles"))
    return content_id(code_digest(*own, *text), unicodedata.unidata_version, *PRECEDENCE)


def _open(path: Path, cell: Cell) -> Segment:
    whole = np.asarray(np.memmap(path, np.uint8, mode="r"))
    (size,) = whole[-8:].view("<u8")
    about = json.loads(whole[-8 - int(size) : -8].tobytes())
    arrays = {
        name: whole[start:end].view(_KINDS[name]).reshape(shape)
        for name, (start, end, shape) in about["arrays"].items()
    }
    return Segment(cell, path.name, tuple(about["sources"]), tuple(about["teachers"]), **arrays)


def _mapped(file: IO[bytes]) -> pa.BufferReader:
    """A file that is decoded where it lies, without a copy. Files of the lake are replaced, never changed."""
    return pa.BufferReader(pa.py_buffer(np.memmap(file, np.uint8, mode="r")))


def _write(handle: IO[bytes], file: pq.ParquetFile, cell: Cell, width: int) -> None:
    """One array after the other, then where each lies and the names as JSON, then the length of that."""
    sources: dict[str, int] = {}
    teachers: dict[str, int] = {}
    parts: list[dict[str, Array]] = []
    written = 0
    for batch, grams, keys in _batches(file, width):
        part = _row_arrays(batch, cell, sources, teachers)
        part |= {"start": grams.starts + written, "prompt_count": grams.prompt_counts, "count": grams.counts}
        part |= {"sets": grams.sets, "keys": keys.T}
        grams.grams.tofile(handle)
        written += len(grams.grams)
        parts.append(part)
    places: dict[str, Any] = {"grams": (0, handle.tell(), [written])}
    rows = {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]} if parts else {}
    if rows:
        rows |= _number_sets(rows, [_name_hash(name) for name in teachers])
    for name in _KINDS.keys() - {"grams"}:
        empty = np.empty((_ROWS_OF[name], 0) if name in _ROWS_OF else 0)
        array = np.ascontiguousarray(rows.get(name, empty), _KINDS[name])
        handle.write(bytes(-handle.tell() % 8))
        start = handle.tell()
        array.tofile(handle)
        places[name] = (start, handle.tell(), array.shape)
    about = json.dumps({"sources": list(sources), "teachers": list(teachers), "arrays": places}).encode()
    about = about.ljust(len(about) + -(handle.tell() + len(about)) % 8)
    handle.write(about + len(about).to_bytes(8, "little"))


def _batches(file: pq.ParquetFile, width: int) -> Iterator[tuple[pa.RecordBatch, Grams, Array]]:
    columns = [*_READ, *({"minhash"} & set(file.schema_arrow.names))]
    for raw in file.iter_batches(_BATCH_ROWS, columns=columns, use_threads=False):
        batch = _contracted(raw)
        grams = grams_of(batch.column("prompt"), batch.column("response"), width)
        # Cells that were written before the column was added, or with another width, have no keys to use.
        keys = stored_keys(batch.column("minhash"), width) if "minhash" in columns else None
        yield batch, grams, band_keys(grams) if keys is None else keys


def _contracted(batch: pa.RecordBatch) -> pa.RecordBatch:
    """With the types of the contract, on which native code relies: other tools write other kinds of strings."""
    kinds = {name: EXAMPLES.schema.field(name).type for name in batch.schema.names}
    return pa.record_batch({name: batch.column(name).cast(kind) for name, kind in kinds.items()})


def _row_arrays(
    batch: pa.RecordBatch, cell: Cell, sources: dict[str, int], teachers: dict[str, int]
) -> dict[str, Array]:
    source = _codes(batch.column("source"), sources)
    teacher = _codes(batch.column("teacher"), teachers)
    places = np.array([PRECEDENCE.get(name, len(PRECEDENCE)) for name in sources], np.uint16)
    mixed = np.array([_name_hash(cell.language, name) for name in teachers], np.uint64)
    prompt = _hashes(batch.column("prompt_key"))
    prompt[0] ^= mixed[teacher]
    return {
        "id": _hashes(batch.column("id")),
        "content": _hashes(batch.column("content_key")),
        "prompt": prompt,
        "place": places[source],
        "source": source,
        "teacher": teacher,
    }


def _name_hash(*names: str) -> int:
    return int.from_bytes(blake2b(json.dumps(names).encode(), digest_size=8).digest(), "little")


def _codes(column: pa.StringArray, names: dict[str, int]) -> Array:
    encoded = column.dictionary_encode()
    own = [names.setdefault(name, len(names)) for name in encoded.dictionary.to_pylist()]
    codes: Array = np.array(own, np.uint16)[encoded.indices.to_numpy()]
    return codes


def _hashes(column: pa.StringArray) -> Array:
    """128-bit hashes from 32 hex digits, as two numbers that sort as the digits do."""
    digits = np.frombuffer(column.buffers()[2], np.uint8)
    first = np.frombuffer(column.buffers()[1], np.int32)[column.offset]
    digits = digits[first : first + 32 * len(column)].reshape(len(column), 32)
    half = (digits & 15) + np.where(digits > 64, np.uint8(9), np.uint8(0))  # 0-9 and a-f
    hashes: Array = ((half[:, ::2] << 4) | half[:, 1::2]).view(">u8").astype(np.uint64).T
    return hashes


def _number_sets(rows: dict[str, Array], asked: list[int]) -> dict[str, Array]:
    """Numbers the distinct n-gram sets, best row first, and sorts their band keys."""
    ordered = best_first(rows["place"], rows["id"])
    ordered = ordered[rows["count"][ordered] > 0]
    by_teacher = np.array(asked, np.uint64)[rows["teacher"]]
    _, first, which = np.unique((rows["sets"] ^ by_teacher)[ordered], return_index=True, return_inverse=True)
    best = np.argsort(first)
    number = np.empty(len(first), np.uint32)
    number[best] = np.arange(len(first), dtype=np.uint32)
    set_of = np.full(rows["id"].shape[1], NO_SET, np.uint32)
    set_of[ordered] = number[which]
    leaders = ordered[first[best]]
    number_of_each = np.arange(len(leaders), dtype=np.uint64)
    bands = np.empty((BANDS, len(leaders)), np.uint64)
    for keys, band in zip(rows["keys"], bands, strict=True):
        np.left_shift(keys[leaders], np.uint64(32), out=band)
        np.bitwise_or(band, number_of_each, out=band)
        band.sort()
    return {
        "set_of": set_of,
        "repeats": ordered[np.bincount(which)[which] > 1],
        "leader": leaders,
        "start": rows["start"][leaders],
        "prompt_count": rows["prompt_count"][leaders],
        "count": rows["count"][leaders],
        "asked": by_teacher[leaders],
        "bands": bands,
    }
