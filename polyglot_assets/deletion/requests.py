"""Reading deletion requests: from the command line, or a file with one request a row.

Here: what a request has to say, and clear errors where it does not. Not here: what becomes of it (forget.py).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from polyglot_assets.domain.errors import UserError, shown
from polyglot_assets.lake.reading import csv_rows, json_object, json_rows, text_of, whole_number
from polyglot_assets.lake.tombstones import Request
from polyglot_assets.seeds.source import Source
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.text.normal import storable

_FIELDS = {"source": "source", "source_id": "source_id", "requester": "requested_by", "reference": "reference",
           "date": "requested_on"}  # fmt: skip
_REQUIRED = ("source", "source_id")


def request(
    where: str, values: dict[str, Any], defaults: dict[str, str], sources: Sequence[Source] = SOURCES
) -> Request:
    """A checked request.

    Args:
        where: names file and row, or the command line, in messages.
        values: the fields as they were given: source, source_id, and optionally requester, reference, date.
        defaults: values of the last three where the request has none.
        sources: that there are.

    Raises:
        UserError: a field is missing, unknown, of the wrong type, or names a source that there is not.
    """
    values = {name: whole_number(value) for name, value in values.items()}
    for name, value in values.items():
        if name not in _FIELDS:
            raise UserError(f"{where}: unknown field {shown(name)}; there are {', '.join(_FIELDS)}")
        if isinstance(value, bool) or not isinstance(value, str | int | None):
            raise UserError(f"{where}: field {name!r}: expected a text, got {type(value).__name__}")
    given = {name: "" if value is None else storable(str(value).strip()) for name, value in values.items()}
    for name in _REQUIRED:
        if not given.get(name):
            raise UserError(f"{where}: field {name!r} is {'empty' if name in given else 'missing'}")
    for name, value in defaults.items():
        given[name] = given.get(name) or storable(value)
    if given.get("date"):
        try:
            datetime.fromisoformat(given["date"])
        except ValueError:
            raise UserError(f"{where}: field 'date': {shown(given['date'])} is no date such as 2026-11-21") from None
    given["source"] = _source(where, given["source"], sources)
    return Request(**{_FIELDS[name]: value for name, value in given.items()})


def read(path: Path, defaults: dict[str, str], sources: Sequence[Source] = SOURCES) -> list[Request]:
    """The requests of a file, JSON lines (.jsonl) or CSV with a header (.csv); each row of a source once.

    Raises:
        UserError: the file cannot be read, or a row is no request; the message names file, row and field.
    """
    readers = {".jsonl": _json_lines, ".csv": _csv}
    if path.suffix not in readers:
        raise UserError(f"{path}: expected a file that ends in {' or '.join(readers)}")
    found: dict[str, Request] = {}
    for where, values in readers[path.suffix](path):
        one = request(where, values, defaults, sources)
        found.setdefault(one.seed_id, one)
    if not found:
        raise UserError(f"{path}: holds no request")
    return list(found.values())


def _json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from ((where, json_object(where, value)) for where, value in json_rows(path, unique=True))


def _csv(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    rows = csv_rows(path, text_of(path), strict=True)
    where, header = next(rows, (f"{path}, line 1", []))
    header = [name.strip() for name in header]
    for name in _REQUIRED:
        if name not in header:
            raise UserError(f"{where}: the header has no field {name!r}")
    if len(set(header)) < len(header):
        raise UserError(f"{where}: the header names a field twice: {', '.join(map(shown, header))}")
    for where, row in rows:
        if len(row) != len(header):
            raise UserError(f"{where}: expected {len(header)} fields, found {len(row)}")
        yield where, dict(zip(header, row, strict=True))


def _source(where: str, name: str, sources: Sequence[Source]) -> str:
    """The source as it spells itself. A misspelt one would be a request that never does anything."""
    for source in sources:
        if name.casefold() in (source.repo.casefold(), source.name.casefold()):
            return source.repo
    raise UserError(
        f"{where}: field 'source': there is no source {shown(name)}; there are {', '.join(s.repo for s in sources)}"
    )
