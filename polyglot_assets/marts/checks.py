"""Checks: queries that return offending rows, from schema.yml's tests and the files in checks/.

Here: turning both into one kind of query, and running it for the whole lake or one cell. Not here: Dagster.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from polyglot_assets.errors import UserError
from polyglot_assets.grid import Cell
from polyglot_assets.marts.models import Described, Model, load, read_tables
from polyglot_assets.records import TABLES


@dataclass(frozen=True)
class Check:
    """A query whose rows are offences.

    Attributes:
        name: unique within its table.
        table: the mart or cell-wise table it speaks about.
        sql: the query. Over a cell-wise table it returns `language` and `strategy` (and `teacher` where it can), so
            that one cell can be judged alone.
        description: what must hold.
    """

    name: str
    table: str
    sql: str
    description: str

    def offences(
        self, connection: duckdb.DuckDBPyConnection, cell: Cell | None = None, teachers: Iterable[str] = ()
    ) -> list[dict[str, Any]]:
        """The offending rows: all, or those of a cell and, if the query tells teachers apart, of `teachers`."""
        relation = connection.sql(self.sql)
        if cell is not None:
            relation = relation.filter(f"language = '{cell.language}' AND strategy = '{cell.strategy}'")
        chosen = ", ".join(f"'{teacher}'" for teacher in teachers)
        if chosen and "teacher" in relation.columns:
            relation = relation.filter(f"teacher IN ({chosen})")
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def load_checks(folder: Path) -> list[Check]:
    """All checks of dbt_like_sql/.

    A file in checks/ is named `<table>__<what must hold>.sql`; its first comment is the description.

    Raises:
        UserError: a check names an unknown table or test, or cannot be parsed.
    """
    models, sources = load(folder)
    checks = [
        _generic(f"lake.{name}", name, source, column, test, arguments)
        for name, source in sources.items()
        for column, test, arguments in source.tests
    ]
    checks += [
        _generic(f"marts.{model.name}", model.name, model.described, column, test, arguments)
        for model in models
        for column, test, arguments in model.described.tests
    ]
    return checks + [_singular(path, models) for path in sorted((folder / "checks").glob("*.sql"))]


def _singular(path: Path, models: tuple[Model, ...]) -> Check:
    table, _, name = path.stem.partition("__")
    if not name or table not in {model.name for model in models} | TABLES.keys():
        raise UserError(f"{path}: a check is named <table>__<what must hold>.sql; there is no table {table!r}")
    sql = path.read_text(encoding="utf-8")
    read_tables(path, sql)
    first = sql.split("\n", 1)[0]
    return Check(name, table, sql, first.removeprefix("--").strip())


def _generic(
    relation: str, table: str, described: Described, column: str, test: str, arguments: Mapping[str, Any]
) -> Check:
    cell = "language, strategy, " if table in TABLES else ""
    if test == "not_null":
        sql = f"SELECT {cell}{column} FROM {relation} WHERE {column} IS NULL"
        what = f"{column} is never null"
    elif test == "unique":
        over = f"SELECT {cell}{column}, count(*) OVER (PARTITION BY {column}) AS copies FROM {relation}"
        sql = f"FROM ({over}) WHERE copies > 1 AND {column} IS NOT NULL"
        what = f"{column} occurs once in the whole lake"
    elif test == "accepted_values":
        values = ", ".join(f"'{value}'" for value in arguments["values"])
        sql = f"SELECT {cell}{column} FROM {relation} WHERE {column} NOT IN ({values})"
        what = f"{column} is one of {', '.join(arguments['values'])}"
    elif test == "relationships":
        to, key = arguments["to"], arguments["field"]
        sql = (
            f"SELECT {cell}{column} FROM {relation} WHERE {column} IS NOT NULL "
            f"AND {column} NOT IN (SELECT {key} FROM {to} WHERE {key} IS NOT NULL)"
        )
        what = f"{column} exists as {to}.{key}"
    else:
        raise UserError(f"schema.yml: {described.name}.{column}: unknown test {test!r}")
    return Check(f"{column}_{test}", table, sql, what)
