"""Reading columns by their paths, and the adapter that a table of paths configures.

Here: `a.b[0].c` as a path, what lies there in a raw row, conditions on it, and the candidate that comes of a row. Not
here: the TOML file in which somebody writes the paths down (own.py).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from polyglot_assets.domain.errors import UserError, nearest
from polyglot_assets.domain.ids import content_id
from polyglot_assets.lake.reading import whole_number
from polyglot_assets.seeds.source import (
    BadFieldError,
    Candidate,
    Located,
    Record,
    first_exchange,
    flag,
    identifier,
    text,
    value_of,
)
from polyglot_assets.text.languages import to_code

_STEP = re.compile(r"([^.\[\]]+)((?:\[-?[0-9]{1,9}\])*)")
_ABSENT = object()


@dataclass(frozen=True)
class ColumnPath:
    """Where a value lies in a raw row.

    Attributes:
        shown: as it was written.
        steps: names of fields and places in lists; the first one is a column of the file.
    """

    shown: str
    steps: tuple[str | int, ...]

    @property
    def column(self) -> str:
        """The column of the file that it begins with."""
        return str(self.steps[0])

    def value(self, record: Record) -> Any:
        """What lies there. None where something on the way is null or a list is too short.

        Raises:
            BadFieldError: something on the way is neither a list nor an object, as the path has it.
            KeyError: an object on the way has no such field; its argument is what it has.
        """
        value: Any = record
        for step in self.steps:
            if value is None:
                return None
            in_list = isinstance(step, int)
            if not (isinstance(value, list) if in_list else isinstance(value, Mapping)):
                expected = "a list" if in_list else "an object"
                raise BadFieldError(f"field {self.shown!r}: expected {expected}, got {type(value).__name__}")
            if isinstance(step, int):
                value = value[step] if -len(value) <= step < len(value) else None
            elif step in value:
                value = value[step]
            else:
                raise KeyError(*value)
        return value


def path_of(written: Any) -> ColumnPath | None:
    """The path that somebody wrote: a text such as `a.b[0].c`, or a list of its steps; None if it is neither."""
    if isinstance(written, list):
        sound = written and isinstance(written[0], str) and all(type(step) in (str, int) for step in written)
        return ColumnPath(".".join(map(str, written)), tuple(written)) if sound else None
    if not isinstance(written, str):
        return None
    steps: list[str | int] = []
    for part in written.split("."):
        if (found := _STEP.fullmatch(part)) is None:
            return None
        steps += [found[1].strip(), *(int(place) for place in re.findall(r"-?\d+", found[2]))]
    return ColumnPath(written, tuple(steps))


@dataclass(frozen=True)
class Condition:
    """What a row has to meet, or it is rejected.

    Attributes:
        path: the value that is looked at.
        reason: of the rejection.
        equals: the value has to be one of these.
        pattern: or this has to be found in it.
        negate: it must not meet the condition.
    """

    path: ColumnPath
    reason: str
    equals: tuple[Any, ...] = ()
    pattern: re.Pattern[str] | None = None
    negate: bool = False

    def holds(self, value: Any) -> bool:
        """Whether a row with this value is kept."""
        if self.pattern is not None:
            met = self.pattern.search("" if value is None else str(value)) is not None
        else:
            met = any(value == other and isinstance(value, bool) == isinstance(other, bool) for other in self.equals)
        return met != self.negate


@dataclass(frozen=True)
class Mapped:
    """The adapter of a source whose columns somebody named.

    Attributes:
        file: that names them, for messages.
        paths: by what they mean, see own.COLUMNS.
        conditions: in order; the first that a row does not meet is the reason why it is rejected.
        language: of all rows, where no column says it.
    """

    file: Path
    paths: Mapping[str, ColumnPath]
    conditions: tuple[Condition, ...] = ()
    language: str | None = None

    def __call__(self, located: Iterable[Located]) -> Iterator[Candidate]:
        """One candidate per raw row.

        Raises:
            BadFieldError: a value is of the wrong type.
            UserError: no row has a column that is named.
        """
        named = {f"columns.{name}": path for name, path in self.paths.items()}
        named |= {f"filter[{n}].column": condition.path for n, condition in enumerate(self.conditions, start=1)}
        absent: dict[str, tuple[str, ...]] = {}
        present: set[str] = set()
        for where, record in located:
            values: dict[str, Any] = {}
            try:
                for key, path in named.items():
                    try:
                        values[key] = path.value(record)
                        present.add(key)
                    except KeyError as error:
                        values[key] = None
                        absent[key] = error.args
                yield self._candidate(values)
            except BadFieldError as error:
                raise BadFieldError(f"{where}: {error}") from None
        for key in absent.keys() - present:
            raise UserError(
                f"{self.file}: {key}: no row has {named[key].shown!r}{nearest(str(named[key].steps[-1]), absent[key])}"
            )

    def _candidate(self, values: Mapping[str, Any]) -> Candidate:
        record = {path.shown: values[f"columns.{name}"] for name, path in self.paths.items()}
        prompt, response = self._exchange(record)
        language = self.language or to_code(self._text(record, "language"))
        unmet = (
            condition.reason
            for number, condition in enumerate(self.conditions, start=1)
            if not condition.holds(values[f"filter[{number}].column"])
        )
        return Candidate(
            source_id=identifier(record, self.paths["id"].shown)
            if "id" in self.paths
            else content_id(prompt, response),
            language=language,
            prompt=prompt,
            response=response,
            toxic="toxic" in self.paths and flag(record, self.paths["toxic"].shown),
            redacted="redacted" in self.paths and flag(record, self.paths["redacted"].shown),
            # On one line: it becomes part of manifests and of cards.
            license=(" ".join(self._text(record, "license").split()) or "unlicensed")
            if "license" in self.paths
            else None,
            rejected=next(unmet, None),
        )

    def _exchange(self, record: Record) -> tuple[str, str]:
        """The prompt and its answer, in one of the two forms that there are: columns of their own, or messages."""
        if "messages" in self.paths:
            turns = value_of(record, self.paths["messages"].shown, list, type(None)) or []
            of_sharegpt = any(isinstance(turn, Mapping) and "from" in turn for turn in turns)
            return first_exchange(turns, *(("from", "value") if of_sharegpt else ("role", "content")))
        parts = (self._text(record, "prompt"), self._text(record, "input"))
        return "\n\n".join(filter(None, parts)) if parts[0] else "", self._text(record, "response")

    def _text(self, record: Record, name: str) -> str:
        """A text, or a number as one; empty where there is no such column."""
        if name not in self.paths:
            return ""
        shown = self.paths[name].shown
        value = whole_number(record[shown])  # pandas writes whole numbers as 7.0 where one of a column is missing
        if type(value) in (int, float) and isfinite(value):
            return str(value)
        return "" if type(value) is float else text(record, shown)
