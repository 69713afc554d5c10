"""Answering SQL questions over the lake, read-only.

Here: checking and running a user's query and writing its result in a format. Not here: the views (lake.py).
"""

import csv
import io
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from polyglot_assets.errors import UserError
from polyglot_assets.lake import Lake, write_parquet

_READING = {"SELECT", "EXPLAIN", "RELATION"}


def answer(lake: Lake, query: str, form: str, output: Path | None) -> None:
    """Runs one reading statement and writes its rows.

    Args:
        lake: what is asked.
        query: SQL in DuckDB's dialect.
        form: table, csv, json (one object a line) or parquet.
        output: a file, or None for standard output; Parquet needs a file.

    Raises:
        UserError: the query is malformed, changes something, or the file cannot be written.
    """
    if form == "parquet" and output is None:
        raise UserError("--format parquet needs --output FILE")
    with lake.connect() as connection:
        try:
            _only_reads(connection, query)
            relation = connection.sql(query)
            if relation is None:
                raise UserError("the statement returns no rows")
            _write(relation, form, output)
        except duckdb.Error as error:
            raise UserError(f"sql: {str(error).strip()}") from None
        except OSError as error:
            raise UserError(f"cannot write {output}: {error.strerror}") from None


def _only_reads(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    statements = connection.extract_statements(query)
    if len(statements) != 1:
        raise UserError(f"sql: give one statement, not {len(statements)}")
    kind = statements[0].type.name
    if kind not in _READING:
        raise UserError(f"sql: {kind} statements are not allowed; the lake is only read here")


def _write(relation: duckdb.DuckDBPyRelation, form: str, output: Path | None) -> None:
    if form == "table" and output is None:
        relation.show(max_rows=200)
    elif form == "table":
        _emit(str(relation), output)
    elif form == "parquet" and output is not None:
        write_parquet(relation.to_arrow_table(), output.absolute())
    elif form == "csv":
        _emit(_csv(relation.columns, relation.fetchall()), output)
    else:
        rows = (dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall())
        _emit("".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows), output)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    # Lists and structs have no CSV form; JSON is the one that can be read back.
    for row in rows:
        writer.writerow(
            [json.dumps(v, ensure_ascii=False, default=str) if isinstance(v, list | dict) else v for v in row]
        )
    return buffer.getvalue()


def _emit(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
