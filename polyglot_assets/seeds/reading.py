"""Reading native files: Parquet batch by batch, JSON line by line.

Here: raw rows with the place they came from, in bounded memory. Not here: what they mean (the adapters), and what is
wrong with a file as such (polyglot_assets/reading.py).

Parquet is read by PyArrow and not by DuckDB, whose conveniences change rows without a word: folders above a file that
are called `language=all` become a column, a `*` in a path reads the neighbours too, and names that differ in upper and
lower case are one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from polyglot_assets.domain.errors import UserError, nearest, shown
from polyglot_assets.lake.reading import json_object, json_rows, parquet
from polyglot_assets.seeds.source import Located, Source

_BATCH = 512
_TURNS = 3
"""Turns of a conversation that are read where a source asks for its beginning: a system turn and one exchange."""


@dataclass
class Reader:
    """Reads one source's files.

    Args:
        source: what is read.
        paths: its files.
        wanted: decides by the value of the source's language column whether a row is read at all.

    Attributes:
        skipped: number of rows passed over because nobody wanted their language; final once `rows` is exhausted.
    """

    source: Source
    paths: tuple[Path, ...]
    wanted: Callable[[str], bool]
    skipped: int = 0

    def rows(self) -> Iterator[Located]:
        """The wanted raw rows of all files, with file and row number.

        Raises:
            UserError: a file is damaged or lacks a column; the message names file and row or column.
        """
        for path in self.paths:
            yield from self._parquet(path) if path.suffix == ".parquet" else self._json(path)

    def _parquet(self, path: Path) -> Iterator[Located]:
        with parquet(path) as file:
            leaves, first = _leaves(path, file, self.source), 1
            for batch in file.iter_batches(_BATCH, columns=leaves):
                table = batch.select(self.source.columns)
                for name in self.source.conversations:
                    table = _beginning(table, name)
                chosen = self._wanted_rows(path, first, table)
                for at, row in zip(chosen, _rows(table, chosen), strict=True):
                    yield f"{path}, row {first + at}", row
                first += len(batch)

    def _wanted_rows(self, path: Path, first: int, table: pa.RecordBatch) -> list[int]:
        """The places of the rows of a batch whose language is wanted; counts the others."""
        column = self.source.language_column
        if column is None:
            return list(range(len(table)))
        values = table.column(column).to_pylist()
        foreign = next((at for at, value in enumerate(values) if not isinstance(value, str | None)), None)
        if foreign is not None:
            kind = type(values[foreign]).__name__
            raise UserError(f"{path}, row {first + foreign}: field {column!r}: expected str, got {kind}")
        chosen = [at for at, value in enumerate(values) if self.wanted(value or "")]
        self.skipped += len(values) - len(chosen)
        return chosen

    def _json(self, path: Path) -> Iterator[Located]:
        column = self.source.language_column
        nothing_yet = True
        for where, value in json_rows(path):
            record = json_object(where, value)
            if nothing_yet and (inside := _lists_of_rows(record, self.source)):
                raise UserError(
                    f"{where}: the rows seem to be the list below {', '.join(map(shown, inside))}; expected one row a "
                    f"line, or a list of all, each with {', '.join(self.source.columns)}"
                )
            nothing_yet = False
            if column and isinstance(record.get(column), str) and not self.wanted(record[column]):
                self.skipped += 1
            else:
                yield where, record


def _rows(table: pa.RecordBatch, chosen: list[int]) -> list[dict[str, Any]]:
    try:
        return table.take(pa.array(chosen, pa.int64())).to_pylist()  # type: ignore[no-any-return]
    except pa.ArrowNotImplementedError:  # it cannot choose among views of strings, which other writers use
        rows = table.to_pylist()
        return [rows[at] for at in chosen]


def _lists_of_rows(record: dict[str, Any], source: Source) -> list[str]:
    """Fields under which the rows of a file lie that wraps them, as in {"version": 1, "data": [{…}, …]}."""
    if not record.keys().isdisjoint((*source.columns, "prompt")):
        return []
    return [name for name, value in record.items() if isinstance(value, list) and value]


def _leaves(path: Path, file: pq.ParquetFile, source: Source) -> list[str]:
    """The columns of a file that a source needs, of conversations only the fields that are needed, as Parquet's paths.

    Raises:
        UserError: one is missing.
    """
    present = file.schema_arrow.names
    for name in source.columns:
        if name not in present and name in source.named_by:
            raise UserError(f"{source.named_by[name]}: {path} has no column {name!r}{nearest(name, present)}")
        if name not in present:
            raise UserError(f"{path}: column {name!r} is missing; found {', '.join(sorted(present))}")
    leaves = [name for name in source.columns if name not in source.conversations]
    leaves_of_file = [file.schema.column(number).path for number in range(len(file.schema))]
    for column, fields in source.conversations.items():
        # "conversation.list.element.role" in most files; what lies deeper is not a field of a turn.
        turn = [leaf.split(".") for leaf in leaves_of_file if leaf.startswith(f"{column}.") and leaf.count(".") < 4]
        inside = {parts[-1]: ".".join(parts) for parts in turn if len(parts) > 2}
        if absent := [name for name in fields if name not in inside] if turn else []:
            raise UserError(f"{path}: column {column!r} has no field {absent[0]!r}; found {', '.join(sorted(inside))}")
        leaves += [inside[name] for name in fields] if turn else [column]
    return leaves


def _beginning(table: pa.RecordBatch, name: str) -> pa.RecordBatch:
    """`table` with the first turns of the conversations in a column, which run to hundreds."""
    column, place = table.column(name), table.schema.get_field_index(name)
    if not pa.types.is_list(column.type) and not pa.types.is_large_list(column.type):
        return table  # the adapter will say so
    return table.set_column(place, name, pc.list_slice(column, 0, _TURNS))
