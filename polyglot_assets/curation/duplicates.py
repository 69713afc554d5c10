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
from collections.abc import Callable, Collection
from typing import Any

import duckdb

from polyglot_assets.contracts.duplicates import DUPLICATES
from polyglot_assets.curation.pairs import STATE, index_of, opened, rules, step, versions
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.files import locked, write_text
from polyglot_assets.lake.store import Lake, stamp, write_parquet
from polyglot_assets.settings import Settings

KINDS = ("exact_pair", "exact_prompt", "near")

_REPEATED = ["kind", "language", "strategy", "source", "teacher"]
"""Columns of the table in which few values occur. Ids hardly repeat; looking for repeated ones only takes time."""


def find(lake: Lake, settings: Settings, report: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """Writes the table `duplicates`; returns the number of examples and of those left out, by kind.

    Only cells that changed since the last time are compared again.

    Args:
        lake: holds the examples.
        settings: the similarity from which two texts count as near duplicates, and the width of n-grams.
        report: is told about each cell that has to be read.
    """
    index = index_of(lake)
    with locked(index.with_suffix(".lock")):  # no other process works on the index
        cells = versions(lake)
        _forget_other_parts(lake, cells)
        known = {"rule": rules(settings), "cells": {cell.key: name for cell, name in cells.items()}}
        state = _state(lake)
        parts: dict[str, Any] = state.get("parts", {})
        if known.items() <= state.items() and all(_is_written(lake, cell, parts) for cell in cells):
            return dict(state["counts"])
        with opened(lake, settings, cells, report) as connection:
            decide(connection)
            counts = _counts(connection)
            parts = _write_parts(lake, connection, cells, parts)
        write_text(json.dumps({**known, "parts": parts, "counts": counts}), index / STATE)
    return counts


def decide(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the table `left_out` from `ranked` and `near_pairs`."""
    for name in ("classes", "links", "undecided"):
        step(connection, name)
    while connection.sql("SELECT count(*) FROM undecided").fetchall() != [(0,)]:  # each round decides one row at least
        step(connection, "round")
    step(connection, "left_out")


def _counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    (examples,) = connection.execute("SELECT count(*) FROM ranked").fetchone() or (0,)
    kinds = dict(connection.execute("SELECT kind, count(*) FROM left_out GROUP BY ALL").fetchall())
    return {"examples": examples, **{kind: kinds.get(kind, 0) for kind in KINDS}}


def _state(lake: Lake) -> dict[str, Any]:
    """What was remembered of the table; nothing if that cannot be read."""
    try:
        values = json.loads((index_of(lake) / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _is_written(lake: Lake, cell: Cell, parts: dict[str, Any], digest: str | None = None) -> bool:
    """Whether the part of a cell is the file that was written last, with rows of this digest if one is given."""
    written, seen = parts.get(cell.key, ("", ()))
    return digest in (None, written) and tuple(seen) == stamp(lake.part_path(DUPLICATES, cell)) != ()


def _write_parts(
    lake: Lake, connection: duckdb.DuckDBPyConnection, cells: Collection[Cell], parts: dict[str, Any]
) -> dict[str, Any]:
    """Brings the table up to date: parts that changed, or are not what was written; returns digest and stamp of all."""
    digests = connection.execute(
        "SELECT language, strategy, concat_ws(' ', count(*), sum(hash(left_out))) FROM left_out GROUP BY ALL"
    ).fetchall()
    of_cell = {Cell(language, strategy): digest for language, strategy, digest in digests}
    written = {}
    for cell in cells:
        path, digest = lake.part_path(DUPLICATES, cell), of_cell.get(cell, "")
        if not _is_written(lake, cell, parts, digest):
            query = "FROM left_out WHERE language = ? AND strategy = ? ORDER BY id"
            rows = connection.sql(query, params=[cell.language, cell.strategy])
            write_parquet(rows.to_arrow_table().cast(DUPLICATES.schema), path, use_dictionary=_REPEATED)
        written[cell.key] = [digest, stamp(path)]
    return written


def _forget_other_parts(lake: Lake, cells: Collection[Cell]) -> None:
    """Removes parts of cells that are gone, and what a run that was cut off left over."""
    paths = {lake.part_path(DUPLICATES, cell) for cell in cells}
    for path in (lake.root / DUPLICATES.name).rglob("*"):
        if path.is_file() and path not in paths:
            path.unlink()
