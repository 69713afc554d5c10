"""Tombstones: the log of deletion requests, which is there before anything is removed and stays for ever.

Here: writing and reading `deletions/log.jsonl` in the lake, and the table `deletions` that SQL sees. Not here: what is
removed (plan.py, cells.py, …).

The log is only ever appended to, one JSON object a line, each flushed to the disk before the next step is taken:

    requested   source, source_id, who asked; from now on the row stays out
    found       what was in the lake: ids, and hashes of the row's texts, for the proof that they are gone; numbers of
                rows for the record
    done        everything was removed

It names the row by its id in its source, as the request did: a keyed hash would hide nothing from anyone who can read
the lake and so the key, and nobody could tell any more which request it was. Of the texts themselves it keeps a hash
and the length; those say whether a given text is the one, but cannot be turned back into it.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polyglot_assets.contracts.deletions import DELETIONS
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.ids import content_id
from polyglot_assets.lake.files import sync_folder
from polyglot_assets.lake.store import Lake, write_parquet

FOLDER = "deletions"
Place = tuple[str, str, str]
"""(table, language, strategy) or, for what is not stored by cell, (table, "", "")."""


@dataclass(frozen=True)
class Request:
    """A request to delete a row of a source. `requested_on` is a date as the requester gave it, ISO 8601."""

    source: str
    source_id: str
    requested_by: str = ""
    reference: str = ""
    requested_on: str = ""

    @property
    def seed_id(self) -> str:
        """The row's id in the lake."""
        return content_id(self.source, self.source_id)


@dataclass(frozen=True, order=True)
class Trace:
    """By which a text is found again without being known: see traces.py.

    Attributes:
        key: hash of the normalised text.
        rolling: hash that can be computed for every stretch of a longer text.
        length: characters of the normalised text.
    """

    key: str
    rolling: int
    length: int


@dataclass
class Found:
    """What the lake held of a row when it was asked for, and of what was made from it.

    Attributes:
        cells: partition keys of the cells in which it may have been used.
        texts: traces of its prompt and response.
        ids: of the prompts and examples made from it.
        requests: ids of the requests that showed it to a teacher.
        rows: number of rows by place.
    """

    cells: set[str] = field(default_factory=set)
    texts: set[Trace] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    requests: set[str] = field(default_factory=set)
    rows: Counter[Place] = field(default_factory=Counter)

    def add(self, other: "Found") -> None:
        """Adds what was found later."""
        self.cells |= other.cells
        self.texts |= other.texts
        self.ids |= other.ids
        self.requests |= other.requests
        self.rows += other.rows


@dataclass
class Tombstone:
    """A request and what became of it."""

    request: Request
    received_at: str
    found: Found | None = None
    done_at: str | None = None


def log_path(lake: Lake) -> Path:
    """Where the log lies."""
    return lake.root / FOLDER / "log.jsonl"


def read(lake: Lake) -> dict[str, Tombstone]:
    """All tombstones by seed_id, in the order in which they were requested.

    Raises:
        UserError: a line of the log cannot be read. A request that nobody can read must not be passed over.
    """
    path = log_path(lake)
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return {}
    known: dict[str, Tombstone] = {}
    for number, line in enumerate(lines[:-1], start=1):  # after the last line end: torn, and never acted upon
        try:
            _apply(known, json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UserError(
                f"{path}, line {number}: damaged; mend it from a backup, requests must not be lost"
            ) from None
    return known


def seed_ids(lake: Lake) -> frozenset[str]:
    """The rows that must not come back."""
    return frozenset(read(lake))


def record_requests(lake: Lake, requests: Iterable[Request]) -> None:
    """Appends requests. When this returns they are on the disk."""
    at = now()
    _append(
        lake,
        [
            {
                "event": "requested",
                "seed_id": request.seed_id,
                "source": request.source,
                "source_id": request.source_id,
                "requested_by": request.requested_by,
                "reference": request.reference,
                "requested_on": request.requested_on,
                "received_at": at,
            }
            for request in requests
        ],
    )


def record_found(lake: Lake, found: Mapping[str, Found]) -> None:
    """Appends what was found, by seed_id."""
    _append(
        lake,
        [
            {
                "event": "found",
                "seed_id": seed_id,
                "cells": sorted(one.cells),
                "texts": [[text.key, text.rolling, text.length] for text in sorted(one.texts)],
                "ids": sorted(one.ids),
                "requests": sorted(one.requests),
                "rows": [[*place, rows] for place, rows in sorted(one.rows.items())],
            }
            for seed_id, one in found.items()
        ],
    )


def record_done(lake: Lake, done: Iterable[str]) -> None:
    """Appends that everything of these was removed."""
    at = now()
    _append(lake, [{"event": "done", "seed_id": seed_id, "at": at} for seed_id in done])


def save_table(lake: Lake) -> None:
    """Makes the table `deletions` anew from the log, if there is one and the table is not as it should be."""
    if not log_path(lake).exists():
        return
    rows = [
        {
            "seed_id": seed_id,
            "source": stone.request.source,
            "source_id": stone.request.source_id,
            "requested_by": stone.request.requested_by or None,
            "reference": stone.request.reference or None,
            "requested_on": stone.request.requested_on or None,
            "received_at": stone.received_at,
            "done_at": stone.done_at,
            "rows": sum(stone.found.rows.values()) if stone.found else 0,
            "removed": [
                {"place": place, "language": language or None, "strategy": strategy or None, "rows": rows}
                for (place, language, strategy), rows in sorted(stone.found.rows.items() if stone.found else ())
            ],
        }
        for seed_id, stone in sorted(read(lake).items())
    ]
    data, path = pa.Table.from_pylist(rows, schema=DELETIONS.schema), lake.table_path(DELETIONS)
    if not path.exists() or not pq.read_table(path, partitioning=None).equals(data):
        write_parquet(data, path)


def now() -> str:
    """The time, to the second, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _append(lake: Lake, events: list[dict[str, Any]]) -> None:
    if not events:
        return
    path = log_path(lake)
    path.parent.mkdir(parents=True, exist_ok=True)
    sync_folder(lake.root)
    lines = b"".join(json.dumps(event, ensure_ascii=False).encode("utf-8", "replace") + b"\n" for event in events)
    with path.open("a+b") as handle:
        handle.seek(0)
        handle.truncate(handle.read().rfind(b"\n") + 1)  # what a killed process left of a line
        handle.write(lines)
        handle.flush()
        os.fsync(handle.fileno())
    sync_folder(path.parent)


def _apply(known: dict[str, Tombstone], event: dict[str, Any]) -> None:
    seed_id = str(event["seed_id"])
    if event["event"] == "requested":
        request = Request(
            *(str(event[name]) for name in ("source", "source_id", "requested_by", "reference", "requested_on"))
        )
        if request.seed_id != seed_id:
            raise ValueError(seed_id)
        known.setdefault(seed_id, Tombstone(request, str(event["received_at"])))
        return
    stone = known[seed_id]
    if event["event"] == "found":
        stone.found, stone.done_at = stone.found or Found(), None
        stone.found.add(
            Found(
                set(event["cells"]),
                {Trace(*text) for text in event["texts"]},
                set(event["ids"]),
                set(event["requests"]),
                Counter({(place, language, strategy): rows for place, language, strategy, rows in event["rows"]}),
            )
        )
    elif event["event"] == "done":
        stone.done_at = str(event["at"])
    else:
        raise ValueError(event["event"])
