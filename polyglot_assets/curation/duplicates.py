"""The duplicates of the lake: one row per example that is left out.

Here: from the cells of `examples` to the table `duplicates`, and the rule. Not here: which texts are near (pairs.py),
and the steps, which are SQL (dbt_like_sql/duplicates/).

Two rows are duplicates if they have

- the same content_key (prompt and response), wherever they are in the lake: `exact_pair`;
- the same prompt_key, language and teacher: `exact_prompt`. Two teachers that answer the same prompt are meant to;
- the same language and teacher and a Jaccard similarity of at least the threshold: `near`.

The rows are taken best first: the earlier source (seeds/sources.SOURCES), then the smaller id. A row is left out if it
is the duplicate of a row that is kept, and kept otherwise. So each row that is left out was itself compared with the
row that is kept in its place, and no two rows that are kept are duplicates. Being a duplicate does not pass on: where
A resembles B and B resembles C but A does not resemble C, the kept rows are A and C, however long the chain. Clusters
by transitive closure would keep A alone. The result is a function of the set of rows.

If a row is the duplicate of several kept rows, the kind is the first that applies, and of near duplicates the most
similar is named, then the best.

The table is a function of the examples and the settings alone: neither the order in which cells came, nor the number
of runs, nor what an earlier run had remembered changes a byte of it. It is stored in parts, the rows of each cell in a
file of their own, so that a cell that came later leaves most of them as they are. Each part is replaced as a whole; a
run that is cut off between two parts leaves the others as they were before, and the next run does the rest.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any

import duckdb

from polyglot_assets.contracts.duplicates import DUPLICATES
from polyglot_assets.curation.pairs import STATE, choose, grouped, index_of, opened, prepare, rules, step, versions
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.files import locked, write_text
from polyglot_assets.lake.store import Lake, stamp, write_parquet
from polyglot_assets.settings import Settings

KINDS = ("exact_pair", "exact_prompt", "near")

_REPEATED = ["kind", "language", "strategy", "source", "teacher"]
"""Columns of the table in which few values occur. Ids hardly repeat; looking for repeated ones only takes time."""

Part = dict[str, Any]
"""What is remembered of a cell and its part of the table.

cell: the name of the cell's file; stamp: that of the part, as it was written; counts: as `find` returns them; digest:
of the rows; leans_on: other languages, in which rows are kept that its rows are left out for.
"""


def find(lake: Lake, settings: Settings, report: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """Writes the table `duplicates`; returns the number of examples and of those left out, by kind.

    Only cells that changed since the last time are compared again, and only the languages that this can reach are
    decided again.

    Args:
        lake: holds the examples.
        settings: the similarity from which two texts count as near duplicates, and the width of n-grams.
        report: is told about each cell that has to be read.
    """
    index = index_of(lake)
    with locked(index.with_suffix(".lock")):  # no other process works on the index
        cells, rule = versions(lake), rules(settings)
        _forget_other_parts(lake, cells)
        before = _remembered(lake, rule)
        parts = {cell.key: before[cell.key] for cell in cells if _is_as_before(lake, cell, cells[cell], before)}
        changed = {key.partition("|")[0] for key in before.keys() - parts.keys()}
        changed |= {cell.language for cell in cells if cell.key not in parts}
        if changed:
            with opened(lake, settings) as connection:
                languages = _reached(connection, changed, {cell.language for cell in cells}, before)
                prepare(connection, lake, rule, cells, languages, report)
                decide(connection)
                concerned = {cell: name for cell, name in cells.items() if cell.language in languages}
                parts |= _write_parts(lake, connection, concerned, before)
            write_text(json.dumps({"rule": rule, "parts": parts}), index / STATE)
    return {name: sum(part["counts"][name] for part in parts.values()) for name in ("examples", *KINDS)}


def decide(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the table `left_out` from `ranked` and `near_pairs`."""
    for name in ("classes", "links", "undecided"):
        step(connection, name)
    # Each round decides the best row that is undecided, so there are no more rounds than rows; mostly there are three.
    while step(connection, "round"):
        pass
    step(connection, "left_out")


def _remembered(lake: Lake, rule: str) -> dict[str, Part]:
    """The parts by the keys of their cells; none if they were made by another rule or cannot be read."""
    try:
        values = json.loads((index_of(lake) / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return dict(values["parts"]) if isinstance(values, dict) and values.get("rule") == rule else {}


def _is_as_before(lake: Lake, cell: Cell, name: str, before: Mapping[str, Part]) -> bool:
    """Whether neither the cell nor its part of the table changed."""
    part = before.get(cell.key)
    return part is not None and part["cell"] == name and _is_written(lake, cell, part)


def _is_written(lake: Lake, cell: Cell, part: Part) -> bool:
    return tuple(part["stamp"]) == stamp(lake.part_path(DUPLICATES, cell)) != ()


def _reached(
    connection: duckdb.DuckDBPyConnection, changed: set[str], there: set[str], before: Mapping[str, Part]
) -> set[str]:
    """The languages in which a change of some can make a difference: exact pairs connect languages."""
    leaning: dict[str, set[str]] = defaultdict(set)
    for key, part in before.items():
        for language in part["leans_on"]:
            leaning[language].add(key.partition("|")[0])
    languages = set(changed)
    while not there <= languages:
        choose(connection, languages=sorted(languages))
        step(connection, "reached")
        more = {language for (language,) in connection.sql("FROM reached").fetchall()}
        more = more.union(*(leaning[language] for language in languages)) - languages
        if not more:
            break
        languages |= more
    return languages & there


def _write_parts(
    lake: Lake, connection: duckdb.DuckDBPyConnection, cells: Mapping[Cell, str], before: Mapping[str, Part]
) -> dict[str, Part]:
    """Writes the parts that changed, or are not what was written last; returns what is to be remembered of all."""
    step(connection, "parts")
    found = {Cell(*names): values for *names, values in connection.sql("FROM parts").fetchall()}
    left_out = grouped(connection, "left_out", "language", "strategy")
    parts = {}
    for cell, name in cells.items():
        path, part = lake.part_path(DUPLICATES, cell), before.get(cell.key)
        values = found.get(cell, {"digest": "", "leans_on": [], "counts": dict.fromkeys(("examples", *KINDS), 0)})
        if not part or part["digest"] != values["digest"] or not _is_written(lake, cell, part):
            rows = left_out(cell.language, cell.strategy).select(DUPLICATES.schema.names)
            write_parquet(rows.cast(DUPLICATES.schema), path, use_dictionary=_REPEATED)
        parts[cell.key] = {**values, "cell": name, "stamp": stamp(path)}
    return parts


def _forget_other_parts(lake: Lake, cells: Collection[Cell]) -> None:
    """Removes parts of cells that are gone, and what a run that was cut off left over."""
    paths = {lake.part_path(DUPLICATES, cell) for cell in cells}
    for path in (lake.root / DUPLICATES.name).rglob("*"):
        if path.is_file() and path not in paths:
            path.unlink()
