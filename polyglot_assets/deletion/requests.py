"""Reading deletion requests: from the command line, or a file with one request a row.

Here: what a request has to say, and clear errors where it does not. Not here: what becomes of it (forget.py).
"""

import csv
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from polyglot_assets.deletion.tombstones import Request
from polyglot_assets.errors import UserError
from polyglot_assets.seeds.sources import SOURCES

_FIELDS = {"source": "source", "source_id": "source_id", "requester": "requested_by", "reference": "reference",
           "date": "requested_on"}  # fmt: skip
_REQUIRED = ("source", "source_id")


def request(where: str, values: dict[str, Any], defaults: dict[str, str]) -> Request:
    """A checked request.

    Args:
        where: names file and row, or the command line, in messages.
        values: the fields as they were given: source, source_id, and optionally requester, reference, date.
        defaults: values of the last three where the request has none.

    Raises:
        UserError: a field is missing, unknown, of the wrong type, or names a source that there is not.
    """
    for name, value in values.items():
        if name not in _FIELDS:
            raise UserError(f"{where}: unknown field {name!r}; there are {', '.join(_FIELDS)}")
        if isinstance(value, bool) or not isinstance(value, str | int | None):
            raise UserError(f"{where}: field {name!r}: expected a text, got {type(value).__name__}")
    given = {name: "" if value is None else str(value).strip() for name, value in values.items()}
    for name in _REQUIRED:
        if not given.get(name):
            raise UserError(f"{where}: field {name!r} is {'empty' if name in given else 'missing'}")
    for name, value in defaults.items():
        given[name] = given.get(name) or value
    if given.get("date"):
        try:
            date.fromisoformat(given["date"][:10])
        except ValueError:
            raise UserError(f"{where}: field 'date': {given['date']!r} is no date such as 2026-11-21") from None
    given["source"] = _source(where, given["source"])
    return Request(**{_FIELDS[name]: value for name, value in given.items()})


def read(path: Path, defaults: dict[str, str]) -> list[Request]:
    """The requests of a file, JSON lines (.jsonl) or CSV with a header (.csv); each row of a source once.

    Raises:
        UserError: the file cannot be read, or a row is no request; the message names file, row and field.
    """
    readers = {".jsonl": _json_lines, ".csv": _csv}
    if path.suffix not in readers:
        raise UserError(f"{path}: expected a file that ends in {' or '.join(readers)}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    found: dict[str, Request] = {}
    for where, values in readers[path.suffix](path, text):
        one = request(where, values, defaults)
        found.setdefault(one.seed_id, one)
    if not found:
        raise UserError(f"{path}: holds no request")
    return list(found.values())


def _json_lines(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            where = f"{path}, row {number}"
            try:
                values = json.loads(line)
            except json.JSONDecodeError as error:
                raise UserError(f"{where}: broken JSON ({error.msg} at character {error.pos + 1})") from None
            if not isinstance(values, dict):
                raise UserError(f"{where}: expected an object, got {type(values).__name__}")
            yield where, values


def _csv(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        rows = list(csv.reader(text.splitlines(), strict=True))
    except csv.Error as error:
        raise UserError(f"{path}: {error}") from None
    header = [name.strip() for name in rows[0]] if rows else []
    for name in _REQUIRED:
        if name not in header:
            raise UserError(f"{path}, row 1: the header has no field {name!r}")
    for number, row in enumerate(rows[1:], start=2):
        if row:
            if len(row) != len(header):
                raise UserError(f"{path}, row {number}: expected {len(header)} fields, found {len(row)}")
            yield f"{path}, row {number}", dict(zip(header, row, strict=True))


def _source(where: str, name: str) -> str:
    """The source as it spells itself. A misspelt one would be a request that never does anything."""
    for source in SOURCES:
        if name.casefold() in (source.repo.casefold(), source.name.casefold()):
            return source.repo
    raise UserError(
        f"{where}: field 'source': there is no source {name!r}; there are {', '.join(s.repo for s in SOURCES)}"
    )
