"""Writing the rows of a query, in the forms that `polyglot sql` offers.

Here: every form, for every type that DuckDB has, and where it is written. Not here: which queries are run
(sql.py).
"""

import contextlib
import csv
import io
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.files import output_file

_NESTED = {"list", "array", "struct", "map", "union", "tuple"}
_NUMBERS = {
    *("tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint"),
    *("uhugeint", "bignum", "float", "double", "decimal"),
}
_NO_JSON = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[-+]?(?:nan|inf(?:inity)?)', re.IGNORECASE)
"""The values that JSON has not, and all strings, in which the same letters are just text."""
_FORMULA = re.compile(r"[\x00-\x20\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r]")
"""As spreadsheets see it: also behind blanks, and in the wide forms of these characters."""
_BOX = str.maketrans("│─┌┐└┘├┤┬┴┼", "|-+++++++++")
_TABLE_ROWS = 200


def write(relation: duckdb.DuckDBPyRelation, form: str, output: Path | None, *, spreadsheet: bool) -> None:
    """Writes the rows of a relation.

    Args:
        relation: any columns, also equally named ones.
        form: table, csv, json (one object a line) or parquet.
        output: a file, a device, or None for standard output.
        spreadsheet: CSV without texts that a spreadsheet would take for a formula.

    Raises:
        UserError: Parquet has no form for a column.
        OSError: the file cannot be written.
    """
    with output_file(output) as target:
        if form == "parquet":
            _write_parquet(relation, target)
        elif form == "table":
            target.write(_table(relation, None if output else sys.stdout.encoding))
        else:
            for line in _json(relation) if form == "json" else _csv(relation, spreadsheet=spreadsheet):
                target.write(line)


def _table(relation: duckdb.DuckDBPyRelation, encoding: str | None) -> bytes:
    """The first rows as a box, which a terminal without Unicode gets in ASCII."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        relation.show(max_rows=_TABLE_ROWS)
    box = text.getvalue()
    if encoding is None or encoding.lower().replace("-", "").startswith("utf"):
        return box.encode()
    return box.translate(_BOX).encode(encoding, "replace")


def _json(relation: duckdb.DuckDBPyRelation) -> Iterator[bytes]:
    """One object a line. DuckDB writes the values: it has a text for all of its types."""
    keys = [json.dumps(name, ensure_ascii=False) for name in _distinct(relation.columns)]
    # json() brings values of the type JSON, which are kept as they were written, to one line and into order.
    for row in relation.project("json(to_json(COLUMNS(*)))::VARCHAR").iter_rows():
        values = ("null" if value is None else _NO_JSON.sub(_only_json, value) for value in row)
        yield ("{" + ", ".join(f"{key}: {value}" for key, value in zip(keys, values, strict=True)) + "}\n").encode()


def _only_json(found: re.Match[str]) -> str:
    text = found.group()
    return text if text.startswith('"') else "null"


def _csv(relation: duckdb.DuckDBPyRelation, *, spreadsheet: bool) -> Iterator[bytes]:
    """Lines of CSV; lists and structs have no form in it and are written as JSON, which can be read back."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL if spreadsheet else csv.QUOTE_MINIMAL)
    may_be_formula = [spreadsheet and kind.id not in _NUMBERS for kind in relation.types]
    writer.writerow([_plain(name) if spreadsheet else name for name in relation.columns])
    distinct = relation.project("*")  # the names of a relation may be equal, those of a projection are not
    columns = [
        f"to_json({name})::VARCHAR" if kind.id in _NESTED else f"{name}::VARCHAR"
        for name, kind in zip(map(_identifier, distinct.columns), relation.types, strict=True)
    ]
    for row in distinct.project(", ".join(columns)).iter_rows():
        cells = zip(row, may_be_formula, strict=True)
        writer.writerow([_plain(value) if check and value is not None else value for value, check in cells])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()


def _plain(text: str) -> str:
    """The text as a spreadsheet shows it and never runs it: an apostrophe before what begins like a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def _write_parquet(relation: duckdb.DuckDBPyRelation, target: IO[bytes]) -> None:
    names = _distinct(relation.columns)
    with relation.to_arrow_reader() as reader:
        schema = pa.schema([field.with_name(name) for field, name in zip(reader.schema, names, strict=True)])
        _refuse_unwritable(schema, [str(kind) for kind in relation.types])
        with pq.ParquetWriter(target, schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(pa.record_batch(batch.columns, schema=schema))


def _refuse_unwritable(schema: pa.Schema, kinds: Sequence[str]) -> None:
    for field, kind in zip(schema, kinds, strict=True):
        try:
            pq.ParquetWriter(io.BytesIO(), pa.schema([field])).close()
        except pa.ArrowException:
            name = _identifier(field.name)
            raise UserError(f"sql: Parquet has no form for {kind}; ask for {name}::VARCHAR") from None


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, with numbers behind those that occur again: every value needs a key of its own."""
    distinct: list[str] = []
    for name in names:
        unique, number = name, 1
        while unique in distinct or (number > 1 and unique in names):
            number += 1
            unique = f"{name}_{number}"
        distinct.append(unique)
    return distinct
