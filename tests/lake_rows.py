"""Rows for any table of the lake, and what its tables look like. For tests/test_lake*.py."""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from polyglot_assets.contracts.table import Table
from polyglot_assets.contracts.tables import CELL_TABLES
from polyglot_assets.domain.grid import Cell

TABLE = pytest.mark.parametrize("table", CELL_TABLES.values(), ids=CELL_TABLES)
CELL = Cell("de", "generate")


def value(kind: pa.DataType, number: int) -> Any:
    if pa.types.is_string(kind):
        return f"Wörter {number} 'quoted' \"twice\" $x\n\t日本語"
    if pa.types.is_list(kind):
        return [value(kind.value_type, n) for n in range(number % 3)]
    if pa.types.is_struct(kind):
        return {field.name: value(field.type, number) for field in kind}
    if pa.types.is_binary(kind):
        return bytes([number, 0, 255])
    if pa.types.is_boolean(kind):
        return number % 2 == 0
    return number / 4 if pa.types.is_floating(kind) else number


def row(table: Table, number: int) -> dict[str, Any]:
    return {name: value(kind, number) for name, kind, _ in table.fields}


def parts_of(table: Table, part: str = "one") -> dict[str, str]:
    return dict.fromkeys(table.parts, part)


def leftovers(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and path.name not in {"cell.parquet", "lake.duckdb"}]


def described(connection: duckdb.DuckDBPyConnection, view: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {view}").fetchall()}


def types_of(table: Table) -> dict[str, str]:
    with duckdb.connect() as connection:
        connection.register("contract", table.schema.empty_table())
        return described(connection, "contract")
