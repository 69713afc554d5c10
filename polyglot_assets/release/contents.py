"""What is in a release's folder, as relations, and what is counted of it.

Here: the one place that reads the shards of a release. Not here: writing them (sft.py).
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from polyglot_assets.contracts.examples import PUBLISHED
from polyglot_assets.contracts.lineage import LINEAGE
from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.views import over, quoted

DATA, MADE_FROM = "data", "lineage"
_SHORT_EXAMPLE, _LONGEST_EXAMPLE = 800, 4000
"""In characters of prompt and response: what a reader of a card takes in at a glance, and what still fits a page."""

_GROUPS = {
    "cells": "language, strategy",
    "sources": "source, source_revision AS revision",
    "teachers": "teacher, model, model_revision, engine",
    "templates": "strategy, template_version AS version",
    "licenses": "licenses",
}


@contextmanager
def opened(folder: Path, without: Sequence[str] = ()) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with the views `published` (contracts.PUBLISHED) and `lineage` (contracts.LINEAGE) over a release.

    Args:
        folder: the release.
        without: ids of rows that the views leave out.

    Raises:
        UserError: a part of the release is gone, or what its files hold is not that of a release.
    """
    with duckdb.connect(":memory:") as connection, _told(folder):
        connection.register("left_out", pa.table({"id": pa.array(without, pa.string())}))
        for name, part in (("published", DATA), ("lineage", MADE_FROM)):
            files = sorted((folder / part).rglob("*.parquet"))
            if not files:
                raise UserError(f"{folder / part}: no Parquet file is left of this part of the release")
            listed = f"[{', '.join(map(quoted, files))}]"
            if name == "lineage":  # columns that were added after a release was made are null in it
                rows = over(listed, files, LINEAGE.schema)
            else:  # as they are, for whoever checks them
                rows = f"FROM read_parquet({listed}, hive_partitioning=false)"
            connection.execute(f"CREATE TEMP VIEW {name} AS FROM ({rows}) ANTI JOIN left_out USING (id)")
        yield connection


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """What DuckDB cannot do with a release, its SQL being always the same, is the fault of the files."""
    try:
        yield
    except duckdb.Error as error:
        raise UserError(f"{folder}: its files are not those of a release: {str(error).splitlines()[0]}") from error


def counts(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What a manifest says of the published rows, counted from `published` and `lineage`."""
    both = "published JOIN lineage USING (id)"
    counted = {
        name: query(connection, f"SELECT {by}, count(*) AS rows FROM {both} GROUP BY ALL ORDER BY ALL")
        for name, by in _GROUPS.items()
    }
    return {"rows": query(connection, "SELECT count(*) AS rows FROM published")[0]["rows"], **counted}


def example(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """A published row that a card can show: the first by id of the short ones; empty if even the shortest is long."""
    characters = "length(prompt) + length(response)"
    rows = query(
        connection,
        f"SELECT {', '.join(PUBLISHED)} FROM published WHERE {characters} <= {_LONGEST_EXAMPLE} "
        f"ORDER BY greatest({characters}, {_SHORT_EXAMPLE}), id LIMIT 1",
    )
    return rows[0] if rows else {}


def query(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    """The rows of a query."""
    relation = connection.sql(sql)
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def sha256(file: Path) -> str:
    """The SHA-256 of a file, as the hub and `sha256sum` give it."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
