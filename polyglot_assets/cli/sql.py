"""Answering SQL questions over the lake, read-only.

Here: judging and running a user's query. Not here: the views and DuckDB's own locks (lake/store.py), and the forms in
which rows are written (sql_output.py).

DuckDB's locks keep a query to the lake's files, but nothing in it forbids to write these. So the query itself is
judged as DuckDB parses it: a statement that reads, of nodes that read, over table functions that are known to read.
The last is needed because a few functions run SQL that they are given as a text.
"""

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import duckdb

from polyglot_assets.cli.sql_output import write
from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.store import Lake

_LIFT = "--unsafe lifts this"
_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_TABLE_FUNCTIONS = re.compile(
    "(read|parquet)_[a-z_]+|duckdb_(?!external_resource)[a-z_]+|pragma_[a-z_]+|sniff_csv|glob|range|generate_series"
    "|unnest|repeat|repeat_row|query_table|summary|histogram|histogram_values|json_each|json_tree|which_secret"
    "|icu_calendar_names|pg_timezone_names|test_all_types|test_vector_types"
)


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
                write(relation, form, output, spreadsheet=spreadsheet)
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
