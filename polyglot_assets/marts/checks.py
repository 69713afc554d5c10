"""Checks: queries that return offending rows.

Here: the tests of schema.yml, put together as one check `contract` per table, and the files in checks/; and running
either for the whole lake or for some cells. Not here: Dagster.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import duckdb

from polyglot_assets.contracts.tables import TABLES
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell
from polyglot_assets.domain.outcomes import CURATED
from polyglot_assets.gates.registry import OUTCOMES
from polyglot_assets.lake.views import TableName
from polyglot_assets.marts.models import Described, Model, load, read_tables
from polyglot_assets.recipes.registry import NAMES


@dataclass(frozen=True)
class Check:
    """A query whose rows are offences.

    Attributes:
        name: unique within its table.
        table: the mart or cell-wise table it speaks about.
        sql: the query. Over a cell-wise table it returns `language` and `strategy` (and `teacher` where it can), so
            that one cell can be judged alone; and `source` where it can, so that one sees where to look.
        description: what must hold.
        reads: the tables that the query names.
    """

    name: str
    table: str
    sql: str
    description: str
    reads: frozenset[TableName]

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings that decide whether it holds: those that its description names."""
        return tuple(re.findall(r"POLYGLOT_([A-Z_]+)", self.description))

    def offences(
        self, connection: duckdb.DuckDBPyConnection, cells: Sequence[Cell] = (), teachers: Sequence[str] = ()
    ) -> list[dict[str, Any]]:
        """The offending rows: all, or those of `cells` and, if the query tells teachers apart, of `teachers`."""
        relation = connection.sql(self.sql)
        if cells:
            pairs = ", ".join(f"('{cell.language}', '{cell.strategy}')" for cell in cells)
            relation = relation.filter(f"(language, strategy) IN ({pairs})")
        if teachers and "teacher" in relation.columns:
            relation = relation.filter(f"teacher IN ({', '.join(repr(name) for name in teachers)})")
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def load_checks(folder: Path) -> list[Check]:
    """All checks of dbt_like_sql/.

    A file in checks/ is named `<table>__<what must hold>.sql`; the comment at its top is the description.

    Raises:
        UserError: a check names an unknown table or test, or cannot be parsed.
    """
    models, sources = load(folder)
    contracts = [_contract(f"lake.{name}", source) for name, source in sources.items()]
    contracts += [_contract(f"marts.{model.name}", model.described) for model in models]
    return contracts + [_singular(path, models) for path in sorted((folder / "checks").glob("*.sql"))]


def _singular(path: Path, models: Sequence[Model]) -> Check:
    table, _, name = path.stem.partition("__")
    if not name or table not in {model.name for model in models} | TABLES.keys():
        raise UserError(f"{path}: a check is named <table>__<what must hold>.sql; there is no table {table!r}")
    sql = path.read_text(encoding="utf-8")
    comment = takewhile(lambda line: line.startswith("--"), sql.splitlines())
    description = " ".join(line.removeprefix("--").strip() for line in comment)
    return Check(name, table, sql, description, read_tables(path, sql))


def _contract(relation: str, described: Described) -> Check:
    """All tests that schema.yml states for a table, as one query: which test a row violates, and with what value."""
    name = described.name
    fields = {field for field, _, _ in TABLES[name].fields} if name in TABLES else set()
    who = "".join(f"{column}, " for column in ("language", "strategy", "source", "teacher") if column in fields)
    parts, rules = [], []
    for column, test, arguments in described.tests:
        condition, rule = _violation(relation, described, column, test, arguments)
        parts.append(
            f"SELECT {who}'{column}: {test}' AS violated, {column}::VARCHAR AS value FROM {relation} WHERE {condition}"
        )
        rules.append(rule)
    named = [relation, *(arguments["to"] for _, test, arguments in described.tests if test == "relationships")]
    reads = frozenset((schema, table) for schema, _, table in (name.partition(".") for name in named))
    return Check("contract", name, "\nUNION ALL\n".join(parts), "; ".join(rules), reads)


def _violation(
    relation: str, described: Described, column: str, test: str, arguments: Mapping[str, Any]
) -> tuple[str, str]:
    """(the condition that offending rows meet, what must hold in words)."""
    if test == "not_null":
        return f"{column} IS NULL", f"{column} is never null"
    if test == "unique":
        repeated = f"SELECT {column} FROM {relation} GROUP BY {column} HAVING count(*) > 1"
        return f"{column} IN ({repeated})", f"{column} occurs once in the whole lake"
    if test == "accepted_values":
        accepted = arguments["values"]
        if isinstance(accepted, str):
            accepted = _accepted(accepted, f"{described.name}.{column}")
        values = ", ".join(f"'{value}'" for value in accepted)
        return f"{column} NOT IN ({values})", f"{column} is one of {', '.join(accepted)}"
    if test == "relationships":
        to, key = arguments["to"], arguments["field"]
        return (
            f"{column} NOT IN (SELECT {key} FROM {to} WHERE {key} IS NOT NULL)",
            f"{column} exists as {to}.{key}",
        )
    raise UserError(f"schema.yml: {described.name}.{column}: unknown test {test!r}")


def _accepted(name: str, where: str) -> tuple[str, ...]:
    """The values that schema.yml means by the name of a registry."""
    registries = {
        "strategies": NAMES,
        "outcomes of answers": tuple(OUTCOMES),
        "outcomes of examples": tuple(outcome.name for outcome in CURATED),
    }
    if name not in registries:
        raise UserError(f"schema.yml: {where}: accepted_values are a list or one of {', '.join(registries)}")
    return registries[name]
