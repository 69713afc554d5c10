"""Which examples hold text of evaluation items.

Here: from the lake's examples and a folder of evaluation sets to the table contracts.CONTAMINATION. Not here: what a
file of items looks like (evalsets.py), what counts as found (matching.py), what becomes of the rows (the marts).

Both sides of every example are searched for every item. What was found in a cell is kept beside the lake's tables
under a hash of the cell's file, the items and the rules, so that a run searches only the cells that are new or changed.
"""

import shutil
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.curation import evalsets
from polyglot_assets.curation.evalsets import Item
from polyglot_assets.domain.ids import code_digest, content_id, file_digest
from polyglot_assets.lake.store import Lake, write_parquet
from polyglot_assets.settings import Settings

if TYPE_CHECKING:
    from polyglot_assets.text.kernels import Index

SIDES = ("prompt", "response")
KEPT = "searched"
"""Folder of the lake with what was found in each cell."""

_BATCH_ROWS = 4096
_EXCERPT = 200
_MADE_FROM = b"made_from"


@dataclass(frozen=True)
class Found:
    """What a search came to.

    Attributes:
        rows: rows of the table.
        examples: examples with at least one of them.
        items: number of items by evaluation set.
        too_short: how many of them have no text that is long enough to be looked for.
        hit: how many of them some example holds.
        searched: cells that were searched now.
        kept: cells whose former result still holds.
    """

    rows: int = 0
    examples: int = 0
    items: Mapping[str, int] = field(default_factory=dict)
    too_short: Mapping[str, int] = field(default_factory=dict)
    hit: Mapping[str, int] = field(default_factory=dict)
    searched: int = 0
    kept: int = 0


@dataclass(frozen=True)
class _Wanted:
    """The index, whose text each of its texts is, and a hash of everything that decides what is found."""

    index: "Index"
    owners: Sequence[Item]
    digest: str


def find(lake: Lake, settings: Settings, report: Callable[[str], None] = lambda _: None) -> Found:
    """Searches all examples for the items of the evaluation sets and writes the table `contamination`.

    Equal examples and items give equal bytes. Without a folder of evaluation sets the table is empty.

    Args:
        lake: the lake.
        settings: `evalsets`, `evalsets_ngram` and `evalsets_overlap`.
        report: is told of files that are passed over and of items that are too short.

    Raises:
        UserError: a file of the folder cannot be used; the message names file, row and field.
    """
    if settings.evalsets is None:
        shutil.rmtree(lake.root / KEPT, ignore_errors=True)
        write_parquet(CONTAMINATION.schema.empty_table(), lake.table_path(CONTAMINATION))
        return Found()
    from polyglot_assets.curation import matching

    rules = matching.Rules(settings.evalsets_ngram, settings.evalsets_overlap)
    items = evalsets.read(settings.evalsets, lambda text: matching.words(text) >= rules.shortest, report)
    owners = [item for item in items for _ in item.texts]
    index, short = matching.build([text for item in items for text in item.texts], rules)
    unsearched = Counter(
        item.eval_set for item in set(items) - {owners[n] for n in set(range(len(owners))) - set(short)}
    )
    for name, number in sorted(unsearched.items()):
        report(f"evaluation sets: {name}: {number} items have fewer than {rules.shortest} words and are not looked for")
    wanted = _Wanted(index, owners, content_id(_code(), astuple(rules), [astuple(item) for item in items]))

    tables, searched = [], 0
    paths = sorted((lake.root / EXAMPLES.name).rglob("*.parquet"))
    places = [lake.root / KEPT / path.relative_to(lake.root / EXAMPLES.name) for path in paths]
    for path, place in zip(paths, places, strict=True):
        with path.open("rb") as file:  # opened once: the cell may be replaced meanwhile
            made_from = content_id(file_digest(file), wanted.digest)
            table = _kept(place, made_from)
            if table is None:
                searched += 1
                table = _search(file, wanted)
                write_parquet(table.replace_schema_metadata({_MADE_FROM: made_from}), place)
            tables.append(table.replace_schema_metadata(None))
    _forget_others(lake.root / KEPT, places)
    result = pa.concat_tables([CONTAMINATION.schema.empty_table().replace_schema_metadata(None), *tables])
    result = result.sort_by([(name, "ascending") for name in CONTAMINATION.key])
    write_parquet(result.cast(CONTAMINATION.schema), lake.table_path(CONTAMINATION))
    hits = set(zip(result["eval_set"].to_pylist(), result["item"].to_pylist(), strict=True))
    return Found(
        rows=result.num_rows,
        examples=len(set(result["id"].to_pylist())),
        items=Counter(item.eval_set for item in items),
        too_short=unsearched,
        hit=Counter(eval_set for eval_set, _ in hits),
        searched=searched,
        kept=len(paths) - searched,
    )


@lru_cache(maxsize=1)
def _code() -> str:
    """A hash of the code that decides what is found."""
    text = (f"text/{name}.py" for name in ("invisible", "kernels", "languages", "tokens"))
    code = code_digest("curation/contamination.py", "curation/matching.py", *text)
    return content_id(code, unicodedata.unidata_version)


def _kept(place: Path, made_from: str) -> pa.Table | None:
    """What was found in a cell before, if it was the same cell and the same search."""
    if not place.exists():
        return None
    table = pq.read_table(place, partitioning=None)
    return table if (table.schema.metadata or {}).get(_MADE_FROM) == made_from.encode() else None


def _forget_others(folder: Path, places: Sequence[Path]) -> None:
    """Removes the results of cells that are no longer there."""
    for path in set(folder.rglob("*.parquet")) - set(places):
        path.unlink(missing_ok=True)


def _search(file: BinaryIO, wanted: _Wanted) -> pa.Table:
    """The rows of the table for one cell."""
    file.seek(0)
    columns = ["id", "language", "strategy", "source", "teacher", *SIDES]
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    with pq.ParquetFile(file) as parquet:
        for batch in parquet.iter_batches(_BATCH_ROWS, columns=columns):
            for row in _hits(batch, wanted):
                key = tuple(row[name] for name in CONTAMINATION.key)
                if key not in rows or row["overlap"] > rows[key]["overlap"]:
                    rows[key] = row
    return pa.Table.from_pylist(list(rows.values()), schema=CONTAMINATION.schema)


def _hits(batch: pa.RecordBatch, wanted: _Wanted) -> Iterator[dict[str, Any]]:
    from polyglot_assets.curation.matching import search

    for side in SIDES:
        texts = batch.column(side)
        for at, number, overlap, begin, end in zip(*search(texts, wanted.index), strict=True):
            item = wanted.owners[number]
            found = texts[int(at)].as_py().encode()[begin:end].decode()
            yield {
                "side": side,
                "eval_set": item.eval_set,
                "item": item.item,
                "overlap": float(overlap),
                "excerpt": found if len(found) <= _EXCERPT else found[: _EXCERPT - 1] + "…",
                **{
                    name: batch.column(name)[int(at)].as_py()
                    for name in ("id", "language", "strategy", "source", "teacher")
                },
            }
