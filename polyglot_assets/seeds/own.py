"""Sources of the user's own: a folder with files, and a `source.toml` beside them that says what their columns mean.

Here: that file, and the source that it makes. Not here: what becomes of a raw row (columns.py).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from polyglot_assets.domain.errors import UserError, nearest, shown
from polyglot_assets.lake.reading import toml_table
from polyglot_assets.seeds.columns import ColumnPath, Condition, Mapped, path_of
from polyglot_assets.seeds.source import REASONS, Source
from polyglot_assets.text.invisible import is_name
from polyglot_assets.text.languages import has_name, known_names, to_code

FILE = "source.toml"

COLUMNS = ("prompt", "input", "response", "messages", "language", "license", "id", "toxic", "redacted")
"""What a column may mean."""

_KEYS = ("license", "language", "files", "columns", "filter")
_FILTER_KEYS = ("column", "equals", "matches", "negate", "reason")
_REASON = re.compile(r"[a-z][a-z0-9_]*")


def read(file: Path) -> Source:
    """The source of a folder, from the `source.toml` in it.

    Raises:
        UserError: a key is unknown, missing, or has a value that cannot be used; the message names file and key.
    """
    data = toml_table(file)
    _known(file, "", data, _KEYS)
    columns = _columns(file, _table(file, data.get("columns", {}), "columns"))
    conditions = tuple(_conditions(file, data.get("filter", [])))
    language = _language(file, data, columns)
    license_ = _license(file, data, columns)
    named = [*columns.values(), *(condition.path for condition in conditions)]
    keys = [*(f"columns.{name}" for name in columns), *(f"filter[{n}].column" for n, _ in enumerate(conditions, 1))]
    folder = file.parent
    return Source(
        name=re.sub("[^A-Za-z0-9_]", "_", folder.name),
        repo=folder.name.replace("__", "/", 1),
        license=license_,
        files=_files(file, data.get("files", [])),
        columns=tuple(dict.fromkeys(path.column for path in named)),
        adapt=Mapped(file, columns, conditions, language),
        # Rows in English are there to be translated, too. Which rows are may differ from row to row.
        english=None if language in (None, "en") else False,
        file=file,
        named_by={path.column: f"{file}: {key}" for key, path in reversed(list(zip(keys, named, strict=True)))},
    )


def _columns(file: Path, given: Mapping[str, Any]) -> dict[str, ColumnPath]:
    _known(file, "columns.", given, COLUMNS)
    columns = {name: _path(file, f"columns.{name}", value) for name, value in given.items()}
    if ("prompt" in columns) == ("messages" in columns):
        raise UserError(f"{file}: columns: expected either prompt (with response) or messages")
    if "messages" in columns and (extra := {"input", "response"} & columns.keys()):
        raise UserError(f"{file}: columns.{min(extra)}: messages hold prompt and response already")
    return columns


def _path(file: Path, key: str, value: Any) -> ColumnPath:
    path = path_of(value)
    if path is None:
        raise UserError(f"{file}: {key}: expected a column such as 'question' or 'answers[0].text', got {shown(value)}")
    return path


def _language(file: Path, data: Mapping[str, Any], columns: Mapping[str, ColumnPath]) -> str | None:
    """The language of all rows, or None if a column says it."""
    if not _one_of_two(file, data, columns, "language"):
        return None
    code = to_code(data["language"])
    if code is None or not has_name(code):
        raise UserError(
            f"{file}: language: unknown language {data['language']!r}{nearest(data['language'], known_names())}"
        )
    return code


def _license(file: Path, data: Mapping[str, Any], columns: Mapping[str, ColumnPath]) -> str:
    if not _one_of_two(file, data, columns, "license"):
        return "unlicensed"
    if not is_name(data["license"]):
        raise UserError(f"{file}: license: expected a name such as 'cc-by-4.0', got {shown(data['license'])}")
    return str(data["license"])


def _one_of_two(file: Path, data: Mapping[str, Any], columns: Mapping[str, ColumnPath], key: str) -> bool:
    """Whether `key` is said for all rows at once. It has to be, or a column says it."""
    if (key in data) == (key in columns):
        both = "both" if key in data else "neither"
        raise UserError(f"{file}: {key}: expected {key} for all rows or columns.{key}, found {both}")
    if key in data and not isinstance(data[key], str):
        raise UserError(f"{file}: {key}: expected a text, got {shown(data[key])}")
    return key in data


def _files(file: Path, value: Any) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(name, str) and name for name in given):
        raise UserError(f"{file}: files: expected names such as 'data/*.parquet', got {shown(value)}")
    for name in given:
        if name.startswith("/") or ".." in name.split("/"):
            raise UserError(f"{file}: files: {shown(name)} leads out of the folder")
        try:
            next(file.parent.glob(name), None)
        except (ValueError, IndexError, NotImplementedError) as error:
            raise UserError(f"{file}: files: {shown(name)} is no pattern of file names ({error})") from None
    return tuple(given)


def _conditions(file: Path, given: Any) -> Iterator[Condition]:
    if not isinstance(given, list):
        raise UserError(f"{file}: filter: expected tables [[filter]], got {shown(given)}")
    for number, entry in enumerate(given, start=1):
        key = f"filter[{number}]"
        _known(file, f"{key}.", _table(file, entry, key), _FILTER_KEYS)
        if ("equals" in entry) == ("matches" in entry):
            raise UserError(f"{file}: {key}: expected either equals or matches")
        for name, kind in (("negate", bool), ("reason", str), ("matches", str)):
            if not isinstance(entry.get(name, kind()), kind):
                raise UserError(f"{file}: {key}.{name}: expected {_KIND[kind]}, got {shown(entry[name])}")
        reason = entry.get("reason", "filtered")
        if not _REASON.fullmatch(reason):
            raise UserError(f"{file}: {key}.reason: expected a word such as 'low_quality', got {shown(reason)}")
        if reason in REASONS:
            raise UserError(f"{file}: {key}.reason: other rows are counted under {reason!r}; choose another word")
        yield Condition(
            _path(file, f"{key}.column", entry.get("column")),
            reason,
            _values(file, f"{key}.equals", entry["equals"]) if "equals" in entry else (),
            _pattern(file, f"{key}.matches", entry["matches"]) if "matches" in entry else None,
            entry.get("negate", False),
        )


_KIND: Mapping[Callable[[], Any], str] = {bool: "true or false", str: "a text"}


def _values(file: Path, key: str, value: Any) -> tuple[Any, ...]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int | float) for one in values):
        raise UserError(f"{file}: {key}: expected texts, numbers or true/false, got {shown(value)}")
    return tuple(values)


def _pattern(file: Path, key: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise UserError(f"{file}: {key}: no regular expression: {error}") from None


def _known(file: Path, prefix: str, data: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in data:
        if key not in known:
            raise UserError(f"{file}: {prefix}{key}: unknown key{nearest(key, known)}")


def _table(file: Path, value: Any, key: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UserError(f"{file}: {key}: expected a table, got {shown(value)}")
    return value
