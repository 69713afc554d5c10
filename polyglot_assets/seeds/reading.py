"""Reading native files: Parquet through DuckDB, JSON lines (also gzipped) line by line.

Here: raw rows with the place they came from, in bounded memory. Not here: what they mean (the adapters).
"""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
from pyarrow import ArrowException

from polyglot_assets.errors import UserError
from polyglot_assets.seeds.source import BadFieldError, Located, Source
from polyglot_assets.views import quoted

_BATCH = 2048


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
            yield from self._parquet(path) if path.suffix == ".parquet" else self._json_lines(path)

    def _parquet(self, path: Path) -> Iterator[Located]:
        try:
            present = set(pq.read_schema(path).names)
        except (ArrowException, OSError) as error:
            raise UserError(f"{path}: not a readable Parquet file ({str(error).splitlines()[0]})") from None
        for name in self.source.columns:
            if name not in present:
                raise UserError(f"{path}: column {name!r} is missing; found {', '.join(sorted(present))}")
        columns = ", ".join(
            f'{self.source.projections[name]} AS "{name}"' if name in self.source.projections else f'"{name}"'
            for name in self.source.columns
        )
        table = f"read_parquet({quoted(path)}, file_row_number=true)"
        try:
            with duckdb.connect(":memory:") as connection:
                where = self._language_filter(connection, table)
                query = f"SELECT file_row_number AS _row, {columns} FROM {table} {where}"
                for batch in connection.sql(query).to_arrow_reader(_BATCH):
                    for row in batch.to_pylist():
                        yield f"{path}, row {row.pop('_row') + 1}", row
        except (duckdb.Error, ArrowException) as error:
            # Damaged pages, or nested fields that are not what the source has.
            raise UserError(f"{path}: cannot be read ({str(error).splitlines()[0]})") from None
        except BadFieldError as error:
            raise UserError(f"{path}: {error}") from None

    def _language_filter(self, connection: duckdb.DuckDBPyConnection, table: str) -> str:
        """The WHERE clause for the wanted languages; counts the rows it leaves out."""
        column = self.source.language_column
        if column is None:
            return ""
        counts = connection.execute(f'SELECT "{column}", count(*) FROM {table} GROUP BY ALL').fetchall()
        foreign = next((value for value, _ in counts if not isinstance(value, str | None)), None)
        if foreign is not None:
            raise BadFieldError(f"field {column!r}: expected str, got {type(foreign).__name__}")
        unwanted = [(value, rows) for value, rows in counts if not self.wanted(value or "")]
        self.skipped += sum(rows for _, rows in unwanted)
        values = ", ".join("'" + str(v).replace("'", "''") + "'" for v, _ in unwanted if v is not None)
        clauses = [f'"{column}" IS NOT NULL'] if any(v is None for v, _ in unwanted) else []
        clauses += [f'"{column}" NOT IN ({values})'] if values else []
        return f"WHERE {' AND '.join(clauses)}" if clauses else ""

    def _json_lines(self, path: Path) -> Iterator[Located]:
        opener: Any = gzip.open if path.suffix == ".gz" else open
        number = 0
        try:
            with opener(path, "rt", encoding="utf-8-sig") as lines:
                for number, line in enumerate(lines, start=1):
                    if line.strip():
                        yield from self._record(f"{path}, line {number}", line)
        except (UnicodeDecodeError, EOFError, OSError, zlib.error) as error:
            raise UserError(f"{path}, after line {number}: cannot be read ({error})") from None

    def _record(self, where: str, line: str) -> Iterator[Located]:
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise UserError(f"{where}: broken JSON ({error.msg} at character {error.pos + 1})") from None
        if not isinstance(record, dict):
            raise UserError(f"{where}: expected a JSON object, got {type(record).__name__}")
        column = self.source.language_column
        if column and isinstance(record.get(column), str) and not self.wanted(record[column]):
            self.skipped += 1
        else:
            yield where, record
