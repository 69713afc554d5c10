"""What a seed source is, and what an adapter makes of one of its rows.

Here: the two types that the adapters share, and the small helpers for reading fields of foreign rows. Not here:
any particular source.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from typing import Any

from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.reading import whole_number
from polyglot_assets.recipes.registry import RECIPES
from polyglot_assets.text.tags import base_of

Record = Mapping[str, Any]
"""One raw row as its file holds it."""


class BadFieldError(Exception):
    """A field of a raw row is missing or of the wrong type. The reader adds file and row."""


@dataclass(frozen=True)
class Candidate:
    """A raw row as its adapter understood it: a seed, or a rejection with its reason.

    Attributes:
        language: ISO 639-1 code of the row; None if it has none that we know.
        license: of the row, where the rows of its source differ in it.
        rejected: why the row cannot be a seed, in one word; None if it can.
        rows: how many raw rows this stands for (more than one only for rows skipped together).
    """

    source_id: str = ""
    language: str | None = None
    prompt: str = ""
    response: str = ""
    toxic: bool = False
    redacted: bool = False
    rejected: str | None = None
    rows: int = 1
    license: str | None = None


REASONS = frozenset({
    "kept", "deleted", "over_cap", "duplicate_id", "other_language", "other_script", "empty_prompt", "empty_response",
    "prompt_too_long", "response_too_long", "toxic", "redacted",
})  # fmt: skip
"""Under these fill.py counts rows itself: a filter of the user's own needs another word."""

Located = tuple[str, Record]
"""("file, row 17", raw row)."""

Adapter = Callable[[Iterable[Located]], Iterator[Candidate]]


@dataclass(frozen=True)
class Source:
    """A seed dataset.

    Attributes:
        name: asset name below `seeds/`.
        repo: id on the Hugging Face hub, as it spells itself, or the name of a folder; also the column `source`.
        license: as the dataset's card states it; `unlicensed` where it states none.
        files: globs of the training files inside the repository.
        columns: columns the adapter reads; their absence is an error.
        adapt: raw rows to candidates, one candidate per raw row.
        english: the rows are English and feed the strategies that take English seeds (recipes/), in all languages;
            otherwise those that take seeds in the target language. None: each row feeds what its own language allows.
        language_column: column whose value decides the language of a row, so that rows in languages nobody asked
            for are skipped while reading.
        conversations: columns of Parquet files that hold conversations of which only the beginning is needed, and
            those of the fields of its turns that are.
        file: the `source.toml` of a source of the user's own (own.py), which lies in the folder of its data.
        named_by: for messages about a column that is missing, where such a file names it.
    """

    name: str
    repo: str
    license: str
    files: tuple[str, ...]
    columns: tuple[str, ...]
    adapt: Adapter
    english: bool | None = False
    language_column: str | None = None
    conversations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    file: Path | None = None
    named_by: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Name of the source's folder in a local copy: `<org>__<name>`."""
        return self.file.parent.name if self.file else self.repo.replace("/", "__")

    def does_not_feed(self, cell: Cell) -> str | None:
        """Why this source never has rows for a cell, or None if it can."""
        takes_english = RECIPES[cell.strategy].english
        if self.english and not takes_english:
            return f"{self.name} is English and feeds only {_fed(english=True)}"
        if self.english is not False and takes_english and base_of(cell.language) == "en":
            return f"{self.name} is English already"
        if self.english is False and takes_english:
            return f"{self.name} is not English and feeds only {_fed(english=False)}"
        return None


def _fed(*, english: bool) -> str:
    return ", ".join(name for name, recipe in RECIPES.items() if recipe.english == english)


def each(adapt: Callable[[Record], Candidate]) -> Adapter:
    """An adapter that looks at one row at a time."""

    def adapter(located: Iterable[Located]) -> Iterator[Candidate]:
        for where, record in located:
            try:
                yield adapt(record)
            except BadFieldError as error:
                raise BadFieldError(f"{where}: {error}") from None

    return adapter


def text(record: Record, name: str) -> str:
    """A text field with plain line ends and without surrounding white space; empty where it is null.

    Raises:
        BadFieldError: the field is absent or not a text.
    """
    value = value_of(record, name, str, type(None))
    if value is None:
        return ""
    return str(value).replace("\r\n", "\n").replace("\r", "\n").strip()


def identifier(record: Record, name: str) -> str:
    """A row's id, a number or a text, as text.

    Raises:
        BadFieldError: it is absent, empty or of another type. Rows without an id would all count as the same row.
    """
    value = str(value_of(record, name, int, str)).strip()
    if not value:
        raise BadFieldError(f"field {name!r} is empty")
    return value


def flag(record: Record, name: str) -> bool:
    """A boolean field; absent or null is False."""
    return bool(value_of(record, name, bool, type(None))) if name in record else False


def value_of(record: Record, name: str, *types: type) -> Any:
    """A field of one of the given types: whole numbers may be written as 7.0, and nulls as NaN, as pandas does.

    Raises:
        BadFieldError: it is absent or of another type.
    """
    if name not in record:
        raise BadFieldError(f"field {name!r} is missing")
    value = whole_number(record[name]) if int in types else record[name]
    if isinstance(value, float) and isnan(value) and type(None) in types:
        return None
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        expected = " or ".join(kind.__name__ for kind in types if kind is not type(None))
        raise BadFieldError(f"field {name!r}: expected {expected}, got {type(value).__name__}")
    return value


def first_exchange(turns: list[Any], role: str, content: str) -> tuple[str, str]:
    """The first user turn and the answer that follows it directly, whatever came before; empty where absent.

    Args:
        turns: the conversation.
        role: the key that holds the speaker (`user`, `human`, `assistant`, `gpt`, `system`).
        content: the key that holds the text.
    """
    for index, turn in enumerate(turns):
        if not isinstance(turn, Mapping):
            raise BadFieldError(f"turn {index}: expected an object, got {type(turn).__name__}")
        if text(turn, role) in ("user", "human"):
            following = turns[index + 1] if index + 1 < len(turns) else {role: None}
            if not isinstance(following, Mapping):
                raise BadFieldError(f"turn {index + 1}: expected an object, got {type(following).__name__}")
            answered = text(following, role) in ("assistant", "gpt")
            return text(turn, content), text(following, content) if answered else ""
    return "", ""
