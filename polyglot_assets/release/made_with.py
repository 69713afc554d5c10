"""What the published rows were made with, as far as the lake remembers it, for the manifest.

Here: sampling parameters, evaluation sets, where seeds came from. Not here: the settings of the release (sft.py).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake import made_with
from polyglot_assets.lake.store import Lake
from polyglot_assets.release.contents import query

_UNKNOWN = "unknown"


def of(lake: Lake, connection: duckdb.DuckDBPyConnection, gates: Mapping[str, Any]) -> dict[str, Any]:
    """What the rows of `lineage` were made with.

    Args:
        lake: the lake that is released.
        connection: has its tables, and the relations `published` and `lineage`.
        gates: the settings of the gates that the release states.
    """
    searched = made_with.read(lake.table_path(CONTAMINATION))
    known: dict[str, Any] = {} if searched is None else {"evalsets": searched["evalsets"]}
    if others := list(_judged_otherwise(lake, connection, gates)):
        known["judged_otherwise"] = others
    return {"sampling": _sampling(connection), **known, "seeds": _seeds(lake, connection)}


def without(before: Mapping[str, Any], connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The same of a release of which some rows go.

    Args:
        before: of the whole release.
        connection: has `published` and `lineage` of the rows that stay.
    """
    left = {row["teacher"] for row in query(connection, "SELECT DISTINCT teacher FROM lineage")}
    kept = {name: value for name, value in before.items() if name in ("evalsets", "judged_otherwise")}
    if "sampling" in before:
        kept["sampling"] = [row for row in before["sampling"] if row["teacher"] in left]
    if "seeds" in before:
        origins = {(row["source"], row["revision"]): row["seeds"] for row in before["seeds"]}
        kept["seeds"] = _with_origins(connection, origins)
    return kept


def _judged_otherwise(
    lake: Lake, connection: duckdb.DuckDBPyConnection, gates: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Cells that were last judged under other gates or thresholds than the settings name by now, and under which."""
    for cell in query(connection, "SELECT DISTINCT language, strategy FROM published ORDER BY ALL"):
        note = made_with.read(lake.cell_path(EXAMPLES, Cell(cell["language"], cell["strategy"]))) or {}
        others = {name: note[name] for name, value in gates.items() if note.get(name, value) != value}
        if others:
            yield cell | {"settings": others}


def _sampling(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Teachers and their sampling parameters, the seed of each request left out."""
    rows = query(
        connection,
        "SELECT DISTINCT teacher, regexp_replace(sampling, '(, )?\"seed\": -?[0-9]+', '') AS sampling "
        "FROM lake.responses SEMI JOIN lineage USING (teacher, prompt_id, request_id) "
        "WHERE sampling IS NOT NULL ORDER BY ALL",
    )
    return [row | {"sampling": json.loads(row["sampling"].replace("{, ", "{"))} for row in rows]


def _seeds(lake: Lake, connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Rows by source and revision, and where those seeds came from."""
    origins: dict[tuple[Any, Any], str] = {}
    for path in (lake.root / SEEDS.name).rglob("*.parquet"):
        if note := made_with.read(path):
            stated = note.get("from") or note.get("seeds", _UNKNOWN)  # notes of earlier versions have no `from`
            origins[note.get("source"), note.get("revision")] = stated
    return _with_origins(connection, origins)


def _with_origins(
    connection: duckdb.DuckDBPyConnection, origins: Mapping[tuple[Any, Any], str]
) -> list[dict[str, Any]]:
    rows = query(
        connection,
        "SELECT source, source_revision AS revision, count(*) AS rows FROM published JOIN lineage USING (id) "
        "GROUP BY ALL ORDER BY ALL",
    )
    return [row | {"seeds": origins.get((row["source"], row["revision"]), _UNKNOWN)} for row in rows]
