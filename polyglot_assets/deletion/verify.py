"""Proving that deleted rows are gone, by looking into every file of the lake.

Here: what is looked for in which kind of file. Not here: what a hit in a text is (traces.py).

Looked for are the row's id in its source, its id in the lake, the ids of everything that was made from it, and its
texts by their traces:

    Parquet                each column, with what is nested in it; texts also by their traces
    JSON lines, ledgers    each line; answers and other texts also by their traces
    SQLite                 each value of each table; metadata of events also by their traces
    everything else        its bytes, for the ids as digits

What this cannot see: a text that was cut, reworded or translated (what was made from the row is known by its ids); the
signatures of texts, which are hashes of their words; a text shorter than 20 letters inside of another one; compressed
or encrypted files of other kinds; and whatever lies outside of the lake and of Dagster's home: the source's own files,
copies of releases, what users exported, backups, free blocks of the disk.

A row of another id with the same text is not deleted (plan.Twin), so the text is still there: where a seed has it, it
is reported and no offence, and neither is a text so short that it says nothing.
"""

import gzip
import html
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.deletion import history, traces
from polyglot_assets.lake import tombstones
from polyglot_assets.lake.store import Lake
from polyglot_assets.lake.tombstones import Trace

_BATCH_ROWS = 2048
_LONG_ID = 8
"""A shorter source_id (`17`) is looked for only in columns called source_id, with its source."""
_HASH = re.compile(rb"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_TEXTS = {".md", ".html", ".txt", ".csv", ".tsv", ".yaml", ".err", ".out", ".log"}
_BLOCK = 1 << 24


@dataclass(frozen=True, order=True)
class Find:
    """A trace of a deleted row.

    Attributes:
        file: where.
        column: the column, line or table.
        what: `id` (of the row, or of something made from it) or `text`.
        seed_id: the deleted row.
        rows: how often.
        allowed: why it is no offence; empty if it is one.
        text: the hash of the text, if it is one.
    """

    file: Path
    column: str
    what: str
    seed_id: str
    rows: int = 1
    allowed: str = ""
    text: str = ""


@dataclass
class Verdict:
    """What was looked for and found.

    Attributes:
        requests: number of deletion requests.
        files: number of files that were looked into.
        finds: what was found, offences first.
        unseen: what could not be looked into.
    """

    requests: int = 0
    files: int = 0
    finds: list[Find] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)

    @property
    def offences(self) -> list[Find]:
        """What must not be there."""
        return [find for find in self.finds if not find.allowed]


_Hit = tuple[str, str, str]
"""(what, seed_id, hash of the text)."""


@dataclass(frozen=True)
class _Wanted:
    """What is looked for, each with the deleted row that it stands for.

    Attributes:
        hashes: 32 hex digits of ids and texts.
        names: other ids that are long enough to be looked for everywhere.
        pairs: (source, source_id) of the others.
        texts: traces.
        inside: whether texts are looked for inside of others.
    """

    hashes: Mapping[bytes, _Hit]
    names: Mapping[bytes, _Hit]
    pairs: Mapping[tuple[str, str], _Hit]
    texts: Mapping[Trace, _Hit]
    inside: bool

    @cached_property
    def traces(self) -> traces.Traces:
        """The traces, to be looked for together."""
        return traces.Traces(self.texts, inside=self.inside)

    def in_bytes(self, data: Any) -> Iterator[_Hit]:
        """Ids and hashes of texts in bytes."""
        for found in _HASH.finditer(data):
            if hit := self.hashes.get(found[0]):
                yield hit
        for name, hit in self.names.items():
            at = data.find(name)
            while at >= 0:
                yield hit
                at = data.find(name, at + len(name))

    def in_text(self, text: str) -> Iterator[_Hit]:
        """The texts that a text holds."""
        return (self.texts[trace] for trace in self.traces.find(text))


def verify(lake: Lake, homes: Iterable[Path] = (), *, inside: bool = True) -> Verdict:
    """Looks into every file of the lake and of Dagster's homes, but the log of the requests itself.

    Args:
        lake: the lake.
        homes: Dagster's homes.
        inside: look for texts inside of others too, and not only for whole ones: 160 µs a text of 1,000 characters
            where one request is looked for, about ten times as much as without.

    Raises:
        UserError: the log cannot be read.
    """
    stones = tombstones.read(lake)
    verdict = Verdict(len(stones))
    if not stones:
        return verdict
    wanted = _wanted(stones, inside=inside)
    homes = list(homes)
    roots = [lake.root, *(home for home in homes if not home.is_relative_to(lake.root))]
    for path in (path for root in roots for path in sorted(root.rglob("*"))):
        if path.is_symlink() or not path.is_file() or path.parent == lake.root / tombstones.FOLDER:
            continue
        verdict.files += 1
        counted: Counter[tuple[str, _Hit]] = Counter()
        try:
            counted.update(_in_file(path, wanted))
        except FileNotFoundError:
            continue  # replaced or removed since the folder was listed
        except (OSError, ValueError, pa.ArrowException, sqlite3.Error) as error:
            verdict.unseen.append(f"{path}: {(str(error) or type(error).__name__).splitlines()[0]}")
            counted.update(_in_bytes(path, wanted))
        verdict.finds += [
            Find(path, where, what, seed_id, rows, text=text)
            for (where, (what, seed_id, text)), rows in counted.items()
        ]
    verdict.unseen += [f"{home}: Dagster keeps its events elsewhere" for home in homes if history.elsewhere(home)]
    verdict.finds = sorted(_allowed(lake, verdict.finds, wanted), key=lambda find: (bool(find.allowed), find))
    return verdict


def _wanted(stones: Mapping[str, tombstones.Tombstone], *, inside: bool) -> _Wanted:
    hashes: dict[bytes, _Hit] = {}
    names: dict[bytes, _Hit] = {}
    texts: dict[Trace, _Hit] = {}
    for seed_id, stone in stones.items():
        hit = ("id", seed_id, "")
        for text in stone.found.texts if stone.found else ():
            texts[text] = hashes[text.key.encode()] = ("text", seed_id, text.key)
        for row in {seed_id, *(stone.found.ids if stone.found else ())}:
            hashes[row.encode()] = hit
        own = stone.request.source_id.encode()
        if _HASH.fullmatch(own):
            hashes[own] = hit
        elif len(own) >= _LONG_ID:
            names[own] = hit
    pairs = {
        (stone.request.source, stone.request.source_id): ("id", seed_id, "")
        for seed_id, stone in stones.items()
        if stone.request.source_id.encode() not in hashes.keys() | names.keys()
    }
    return _Wanted(hashes, names, pairs, texts, inside)


def _allowed(lake: Lake, finds: Iterable[Find], wanted: _Wanted) -> Iterator[Find]:
    """The finds with what excuses them. Where a deleted seed is gone, its text among the seeds is another row's own."""
    found = list(finds)
    short = {trace.key for trace in wanted.texts if trace.length < traces.TELLING}
    among_seeds = [find for find in found if find.file.is_relative_to(lake.root / SEEDS.name)]
    still_there = {find.seed_id for find in among_seeds if not find.text}
    shared = {find.text for find in among_seeds if find.text and find.seed_id not in still_there}
    for find in found:
        why = "a seed of another id has the same text" if find.text in shared else "too short to say whose it is"
        yield replace(find, allowed=why) if find.text in short | shared else find


def _in_file(path: Path, wanted: _Wanted) -> Iterator[tuple[str, _Hit]]:
    if path.suffix == ".parquet":
        yield from _in_parquet(path, wanted)
        return
    yield from _in_bytes(path, wanted)
    if path.suffix == ".db":
        yield from _in_sqlite(path, wanted)
    elif path.suffix in (".jsonl", ".json", ".gz"):
        yield from _in_lines(path, wanted)
    elif path.suffix in _TEXTS:
        text = html.unescape(path.read_text(encoding="utf-8", errors="replace"))
        yield from (("text", hit) for hit in wanted.in_text(text))


def _in_parquet(path: Path, wanted: _Wanted) -> Iterator[tuple[str, _Hit]]:
    """Column by column, with what is nested in it."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH_ROWS):
            for name in batch.schema.names:
                for leaf in _leaves(batch.column(name)):
                    yield from ((name, hit) for hit in _in_leaf(leaf, wanted))
            if {"source", "source_id"} <= set(batch.schema.names):
                for pair in zip(batch.column("source").to_pylist(), batch.column("source_id").to_pylist(), strict=True):
                    if hit := wanted.pairs.get(pair):
                        yield "source_id", hit


def _leaves(values: pa.Array) -> Iterator[pa.Array]:
    """The arrays of texts and bytes that a column is made of."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        yield from _leaves(values.dictionary_decode())
    elif pa.types.is_struct(kind):
        for part in values.flatten():
            yield from _leaves(part)
    elif pa.types.is_map(kind):
        yield from _leaves(values.keys)
        yield from _leaves(values.items)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        yield from _leaves(values.flatten())
    elif any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary)):
        yield values


def _in_leaf(values: pa.Array, wanted: _Wanted) -> Iterator[_Hit]:
    present = values.drop_null()
    texts = present.to_pylist()
    if pa.types.is_binary(values.type):
        yield from wanted.in_bytes(b"\n".join(texts))
        return
    yield from wanted.in_bytes("\n".join(texts).encode())
    for text, times in Counter(texts).items():
        for hit in wanted.in_text(text):
            yield from [hit] * times


def _in_lines(path: Path, wanted: _Wanted) -> Iterator[tuple[str, _Hit]]:
    """The texts in JSON, also behind a ledger's checksum and id; in a compressed file the ids too."""
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as lines:
        data = [lines.read()] if path.suffix == ".json" else lines
        for number, line in enumerate(data, start=1):
            where = f"line {number}"
            if path.suffix == ".gz":
                yield from ((where, hit) for hit in wanted.in_bytes(line))
            for value in _json_in(line):
                yield from ((where, hit) for text in _strings(value) for hit in wanted.in_text(text))


def _json_in(line: bytes) -> Iterator[Any]:
    for text in (line, line.split(b" ", 2)[-1]):
        try:
            yield json.loads(text, strict=False)
        except ValueError:
            continue
        return
    yield line.decode(errors="replace")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        if value.lstrip()[:1] in ("{", "["):  # JSON in JSON, as answers of a teacher are
            for inner in _json_in(value.encode("utf-8", "replace")):
                yield from _strings(inner) if not isinstance(inner, str) else ()
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _in_sqlite(path: Path, wanted: _Wanted) -> Iterator[tuple[str, _Hit]]:
    """Each value of each table; ids were looked for in the bytes of the file, with its free pages."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    if isinstance(value, str):
                        texts = [
                            text for inner in _json_in(value.encode("utf-8", "replace")) for text in _strings(inner)
                        ]
                        yield from ((f"table {table}", hit) for text in texts for hit in wanted.in_text(text))


def _in_bytes(path: Path, wanted: _Wanted) -> Iterator[tuple[str, _Hit]]:
    """Ids and hashes of texts, as digits."""
    overlap = max([32, *(len(name) for name in wanted.names)]) + 1
    with path.open("rb") as file:
        before = b""
        while block := file.read(_BLOCK):
            data = before + block
            yield from (("bytes", hit) for hit in wanted.in_bytes(data))
            before = data[-overlap:] if len(block) == _BLOCK else b""
