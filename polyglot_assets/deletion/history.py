"""The rows that Dagster's history holds: previews of tables, offending rows of checks, sample rows of old versions.

Here: blanking them where they may have held a deleted row. Not here: writing them (orchestration/wiring.py and the
assets).

They are cut, so whether one of them shows the row cannot be told for certain. Therefore all samples of the cells
concerned go, and all previews of tables and of offending rows; the next materialization shows new ones. History itself
stays: runs, times, counts. Only the SQLite files of Dagster's default storage can be changed; Dagster has no way to
change an event, so for any other storage the user is told.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from polyglot_assets.domain.errors import UserError

_OF_CELLS = {"samples"}
"""Versions before the present one put rows there."""
_OF_TABLES = {"rows", "first_offences"}
_BLANK = "removed on a deletion request"
_COLUMNS = {
    "event_logs": "event",
    "asset_keys": "last_materialization",
    "asset_check_executions": "evaluation_event",
}
_WAIT = 60.0


def databases(home: Path) -> Iterator[Path]:
    """The SQLite files of a Dagster home."""
    yield from sorted(home.glob("**/*.db"))


def elsewhere(home: Path) -> bool:
    """Whether Dagster keeps its events somewhere else than in its home."""
    try:
        text = (home / "dagster.yaml").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    names = ("storage:", "event_log_storage:", "run_storage:")
    return any(line.startswith(names) for line in text.splitlines())


def blank(home: Path, cells: Collection[str]) -> int:
    """Blanks the rows that events of these cells (partition keys) and of tables show; returns how many texts.

    What is overwritten does not stay in the files' free pages.

    Raises:
        UserError: another process holds a file for longer than a minute.
    """
    return sum(_blank_in(path, cells) for path in databases(home))


def _blank_in(path: Path, cells: Collection[str]) -> int:
    number = 0
    try:
        with closing(sqlite3.connect(path, timeout=_WAIT)) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            for table, column in _COLUMNS.items():
                if table not in there:
                    continue
                rows = connection.execute(
                    f"SELECT id, {column} FROM {table} WHERE {column} LIKE '%MarkdownMetadataEntryData%'"
                ).fetchall()
                for key, text in rows:
                    changed, blanked = _blanked(text, cells)
                    if blanked:
                        connection.execute(
                            f"UPDATE {table} SET {column} = ? WHERE id = ?",
                            (changed, key),
                        )
                        number += blanked
            connection.commit()
            if there & _COLUMNS.keys():  # also if nothing was blanked now: the last attempt may have ended before this
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        raise UserError(
            f"{path}: {error}; if the Dagster UI is open, end it. The deletion is not finished: run it again"
        ) from None
    return number


def _blanked(text: str, cells: Collection[str]) -> tuple[str, int]:
    try:
        event = json.loads(text)
    except ValueError:
        return text, 0
    number = _walk(event, cells, None)
    return (json.dumps(event), number) if number else (text, 0)


def _walk(value: Any, cells: Collection[str], partition: str | None) -> int:
    """Blanks in place. An entry belongs to the partition of the nearest object around it that names one."""
    if isinstance(value, list):
        return sum(_walk(item, cells, partition) for item in value)
    if not isinstance(value, dict):
        return 0
    here = value["partition"] if isinstance(value.get("partition"), str) else partition
    label, data = value.get("label"), value.get("entry_data")
    concerned = label in _OF_TABLES or (label in _OF_CELLS and (here is None or here in cells))
    if concerned and isinstance(data, dict) and data.get("md_str") not in (None, "none", _BLANK):
        data["md_str"] = _BLANK
        return 1
    return sum(_walk(item, cells, here) for item in value.values())
