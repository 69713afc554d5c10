"""Answering SQL questions over the lake, read-only.

Here: checking and running a user's query and writing its result in a format. Not here: the views, and DuckDB's own
locks (lake.py).

DuckDB's locks keep a query to the lake's files, but nothing in it forbids to write these. So the query itself is
judged as DuckDB parses it: a statement that reads, of nodes that read, over table functions that are known to read.
The last is needed because a few functions run SQL that they are given as a text.
"""

import contextlib
import csv
import errno
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from polyglot_assets.errors import UserError
from polyglot_assets.lake import Lake, replacing

_LIFT = "--unsafe lifts this"
_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_TABLE_FUNCTIONS = re.compile(
    "(read|parquet)_[a-z_]+|duckdb_(?!external_resource)[a-z_]+|pragma_[a-z_]+|sniff_csv|glob|range|generate_series"
    "|unnest|repeat|repeat_row|query_table|summary|histogram|histogram_values|json_each|json_tree|which_secret"
    "|icu_calendar_names|pg_timezone_names|test_all_types|test_vector_types"
)
_NESTED = {"list", "array", "struct", "map", "union", "tuple"}
_NUMBERS = {
    *("tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint"),
    *("uhugeint", "bignum", "float", "double", "decimal"),
}
_NO_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|[-+]?(?:nan|inf(?:inity)?)', re.IGNORECASE)
"""The values that JSON has not, and all strings, in which the same letters are just text."""
_FORMULA = re.compile(r"[\x00-\x20\ufeff]*[=+\-@＝＋－＠]|[\t\r]")
_BOX = str.maketrans("│─┌┐└┘├┤┬┴┼", "|-+++++++++")
_TABLE_ROWS = 200


def answer(
    lake: Lake, query: str, form: str, output: Path | None, *, spreadsheet: bool = False, unsafe: bool = False
) -> None:
    """Runs one reading statement and writes its rows.

    Args:
        lake: what is asked.
        query: SQL in DuckDB's dialect.
        form: table, csv, json (one object a line) or parquet.
        output: a file, or None for standard output; Parquet needs a file.
        spreadsheet: CSV without texts that a spreadsheet would take for a formula.
        unsafe: any statements, which may read and write whatever the user may.

    Raises:
        UserError: the query is malformed, does more than read the lake, or the file cannot be written.
    """
    if form == "parquet" and output is None:
        raise UserError("--format parquet needs --output FILE")
    if spreadsheet and form != "csv":
        raise UserError("--spreadsheet is for --format csv")
    if not _is_unicode(query):
        raise UserError("sql: the query is not valid UTF-8")
    with lake.connect(jailed=not unsafe) as connection:
        try:
            if not unsafe:
                _only_reads(connection, query)
            relation = connection.sql(query)
            if relation is not None:
                _write(relation, form, output, spreadsheet=spreadsheet)
        except duckdb.PermissionException as error:
            raise UserError(f"sql: {str(error).strip()}; only the lake's tables are open here, {_LIFT}") from None
        except duckdb.Error as error:
            raise UserError(f"sql: {str(error).strip()}") from None
        except BrokenPipeError:
            raise  # whoever reads our output has seen enough
        except OSError as error:
            raise UserError(f"cannot write {output or 'the answer'}: {error.strerror or error}") from None


def _is_unicode(text: str) -> bool:
    """False where bytes of the command line were no UTF-8; Python keeps them as halves of surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _only_reads(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    statements = connection.extract_statements(query)
    if len(statements) != 1:
        raise UserError(f"sql: give one statement, not {len(statements)}")
    kind = statements[0].type.name
    if kind == "EXPLAIN":
        _only_reads(connection, _explained(connection, query))
    elif kind == "MULTI":  # DuckDB looks the values up first, in statements of their own
        raise UserError(f"sql: PIVOT needs its values here: PIVOT … ON column IN (…) ({_LIFT})")
    elif kind != "SELECT":
        raise UserError(f"sql: {kind} statements are not allowed; the lake is only read here ({_LIFT})")
    else:
        _refuse_hidden_writes(connection, query)


def _explained(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    """The statement that an EXPLAIN is about, which EXPLAIN ANALYZE runs: what parses behind its options."""
    text = query.encode()
    for offset, _ in duckdb.tokenize(query)[1:]:
        rest = text[offset:].decode()
        with contextlib.suppress(duckdb.ParserException):
            if connection.extract_statements(rest):
                return rest
    raise UserError(f"sql: what this EXPLAIN is about cannot be told ({_LIFT})")


def _refuse_hidden_writes(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Refuses what a SELECT can hold besides reading: WITH x AS (COPY …), and functions that run SQL."""

    def look(part: dict[str, Any]) -> dict[str, Any]:
        kind = str(part.get("type"))
        if kind.endswith("_NODE") and kind not in _NODES:
            raise UserError(f"sql: {kind.partition('_')[0]} is not allowed; the lake is only read here ({_LIFT})")
        if kind == "TABLE_FUNCTION":
            name = str(part["function"]["function_name"])
            if not _TABLE_FUNCTIONS.fullmatch(name):
                raise UserError(f"sql: the table function {name} is not allowed here ({_LIFT})")
        return part

    [(tree,)] = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchall()
    try:
        parsed = json.loads(tree, object_hook=look)
    except RecursionError:
        raise UserError(f"sql: the query is nested too deeply to be judged ({_LIFT})") from None
    if parsed["error"]:
        raise UserError(f"sql: {parsed['error_message']} ({_LIFT})")


def _write(relation: duckdb.DuckDBPyRelation, form: str, output: Path | None, *, spreadsheet: bool) -> None:
    if form == "table":
        lines = iter([_table(relation, None if output else sys.stdout.encoding)])
    elif form == "csv":
        lines = _csv(relation, spreadsheet=spreadsheet)
    elif form == "json":
        lines = _json(relation)
    else:
        lines = iter(())
    with _target(output) as target:
        for line in lines:
            target.write(line)
        if form == "parquet":
            _write_parquet(relation, target)


@contextlib.contextmanager
def _target(output: Path | None) -> Iterator[IO[bytes]]:
    """Where the answer goes: standard output, a file that is replaced when it is complete, or a device as it is."""
    if output is None or _is_standard_output(output):
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif output.exists() and not output.is_file():
        with output.open("wb") as device:
            yield device
    else:
        file = Path(os.path.realpath(output))  # behind a link, which stays
        if file.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        with replacing(file) as draft:
            yield draft


def _is_standard_output(output: Path) -> bool:
    """Whether it is /dev/stdout: the file that a shell has opened there must not be replaced or cut."""
    try:
        return os.path.samestat(output.stat(), os.fstat(1))
    except OSError:
        return False


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
    with relation.to_arrow_reader() as reader, tempfile.TemporaryFile() as spool:
        schema = pa.schema([field.with_name(name) for field, name in zip(reader.schema, names, strict=True)])
        _refuse_unwritable(schema, [str(kind) for kind in relation.types])
        with pq.ParquetWriter(spool, schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(pa.record_batch(batch.columns, schema=schema))
        spool.seek(0)
        shutil.copyfileobj(spool, target)


def _refuse_unwritable(schema: pa.Schema, kinds: Sequence[str]) -> None:
    for field, kind in zip(schema, kinds, strict=True):
        try:
            pq.write_table(pa.schema([field]).empty_table(), io.BytesIO())
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
