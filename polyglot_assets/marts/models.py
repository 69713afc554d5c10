"""Reading dbt_like_sql/: one model per file in marts/, described and tested by schema.yml.

Here: names, SQL, descriptions, and what each model reads and where its columns come from, both taken from the SQL
itself. Not here: checks (checks.py) and Dagster (assets.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import sqlglot
import yaml
from sqlglot import exp

from polyglot_assets.contracts.tables import TABLES
from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.views import TableName


@dataclass(frozen=True)
class Described:
    """An entry of schema.yml.

    Attributes:
        columns: descriptions by column.
        tests: (column, test name, arguments).
        private: a step on the way to other tables, which nobody opens for itself (`access: private`).
    """

    name: str
    description: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    tests: tuple[tuple[str, str, Mapping[str, Any]], ...] = ()
    private: bool = False


@dataclass(frozen=True)
class Model:
    """A mart: one SELECT. `reads` is what its FROM and JOIN clauses name."""

    name: str
    sql: str
    described: Described
    reads: frozenset[TableName]


def read_tables(path: Path, sql: str) -> frozenset[TableName]:
    """The schema-qualified tables that a query reads.

    Raises:
        UserError: the SQL cannot be parsed, or names a table without schema or one that does not exist in `lake`.
    """
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.errors.ParseError as error:
        raise UserError(f"{path}: {str(error).splitlines()[0]}") from None
    local = {cte.alias for cte in tree.find_all(exp.CTE)}
    tables = set()
    for table in tree.find_all(exp.Table):
        if not table.db:
            if table.name not in local:
                raise UserError(f"{path}: table {table.name!r} needs its schema, lake or marts")
        elif table.db == "lake" and table.name not in TABLES:
            raise UserError(f"{path}: unknown table lake.{table.name}; there are {', '.join(TABLES)}")
        else:
            tables.add((table.db, table.name))
    return frozenset(tables)


def _described(path: Path, entry: Mapping[str, Any]) -> Described:
    columns, tests = {}, []
    for column in entry.get("columns", []):
        columns[column["name"]] = column.get("description", "")
        for test in column.get("tests", []):
            name, arguments = (test, {}) if isinstance(test, str) else next(iter(test.items()))
            tests.append((column["name"], name, arguments))
    if "name" not in entry:
        raise UserError(f"{path}: an entry has no name")
    private = entry.get("access") == "private"
    return Described(entry["name"], entry.get("description", ""), columns, tuple(tests), private)


@lru_cache(maxsize=8)
def load(folder: Path) -> tuple[tuple[Model, ...], Mapping[str, Described]]:
    """The models of marts/, each after those that it reads, and the described cell-wise tables by name.

    Raises:
        UserError: a file cannot be parsed, models and schema.yml do not list the same names, or a model reads itself.
    """
    path = folder / "schema.yml"
    # The parser in C takes a tenth of the time; wheels of PyYAML have it, builds from source need libyaml.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    schema = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 both are safe
    described = {d.name: d for d in (_described(path, entry) for entry in schema["models"])}
    files = {file.stem: file for file in sorted((folder / "marts").glob("*.sql"))}
    for name in files.keys() ^ described.keys():
        where = "has no entry in schema.yml" if name in files else "has no file in marts/"
        raise UserError(f"{path}: model {name!r} {where}")
    models = []
    for name, file in files.items():
        sql = file.read_text(encoding="utf-8")
        models.append(Model(name, sql, described[name], read_tables(file, sql)))
    sources = {d.name: d for d in (_described(path, entry) for entry in schema["sources"])}
    return _in_order(path, models), sources


def needed(models: Sequence[Model], names: Iterable[str]) -> list[Model]:
    """The models of these names and all that they read, each after those that it reads."""
    wanted = set(names)
    for model in reversed(models):
        if model.name in wanted:
            wanted |= {name for schema, name in model.reads if schema == "marts"}
    return [model for model in models if model.name in wanted]


def _in_order(path: Path, models: Sequence[Model]) -> tuple[Model, ...]:
    reads = {model.name: {name for schema, name in model.reads if schema == "marts"} for model in models}
    for name, read in reads.items():
        for unknown in sorted(read - reads.keys()):
            raise UserError(f"{path.parent / 'marts' / name}.sql: unknown table marts.{unknown}")
    by_name = {model.name: model for model in models}
    try:
        return tuple(by_name[name] for name in TopologicalSorter(reads).static_order())
    except CycleError as error:
        raise UserError(f"{path.parent / 'marts'}: models read each other: {' → '.join(error.args[1])}") from None


def column_lineage(
    model: Model, schema: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> dict[str, set[tuple[str, str, str]]]:
    """For each column of a model the (schema, table, column) it is computed from.

    Args:
        model: the model.
        schema: types of the columns of all tables it may read, by schema, table and column.
    """
    from sqlglot.lineage import lineage

    found: dict[str, set[tuple[str, str, str]]] = {}
    # All columns at once, and not cut down for each of them: a twelfth of the time.
    nodes = lineage(None, model.sql, schema=dict(schema), dialect="duckdb", trim_selects=False)
    for column in model.described.columns:
        origins = set()
        for step in nodes[column].walk():
            if isinstance(step.expression, exp.Table) and not step.downstream:
                table = step.expression
                origins.add((table.db, table.name, step.name.rsplit(".", 1)[-1].strip('"')))
        found[column] = {origin for origin in origins if origin[2] in schema.get(origin[0], {}).get(origin[1], {})}
    return found
