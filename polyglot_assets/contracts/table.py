"""What a table of the lake is, and the columns that several tables share."""

from dataclasses import dataclass

import pyarrow as pa

Field = tuple[str, pa.DataType, str]

TEXT = pa.string()

TEXTS = pa.list_(pa.string())

MESSAGES = pa.list_(pa.struct([("content", pa.string()), ("role", pa.string())]))


@dataclass(frozen=True)
class Table:
    """A table of the lake.

    Attributes:
        name: folder below the lake root and name of the view.
        key: columns whose values occur once per cell and part; rows are stored sorted by them.
        parts: hive keys above language and strategy (source, teacher), outermost first.
        fields: (column, type, description).
        cellwise: computed cell by cell. Else it is about the lake as a whole, and `key` is unique in it; it is stored
            as one file, or (duplicates) in parts, so that those without a change can stay as they are.
    """

    name: str
    key: tuple[str, ...]
    parts: tuple[str, ...]
    fields: tuple[Field, ...]
    cellwise: bool = True

    @property
    def schema(self) -> pa.Schema:
        """The schema with descriptions as field metadata."""
        return pa.schema([pa.field(n, t, metadata={"description": doc}) for n, t, doc in self.fields])


CELL: tuple[Field, ...] = (
    ("language", TEXT, "Target language, ISO 639-1"),
    ("strategy", TEXT, "generate, respond or translate"),
)

ORIGIN: tuple[Field, ...] = (
    ("source", TEXT, "Hugging Face id of the seed dataset, as it spells itself"),
    ("source_id", TEXT, "The row's id in its source; a content hash where the source has none"),
    ("source_revision", TEXT, "Commit of the source on the hub, or content hash of its files"),
)

MEASURES: tuple[Field, ...] = (
    ("prompt_foreign_share", pa.float32(), "Share of the prompt's letters in another language or script, 0..1"),
    ("response_foreign_share", pa.float32(), "Share of the response's letters in another language or script, 0..1"),
    ("prompt_echo_share", pa.float32(), "Share of the prompt copied from the untranslated one, 0..1"),
    ("response_echo_share", pa.float32(), "Share of the response copied from the untranslated prompt, 0..1"),
    ("refusal_share", pa.float32(), "Share of the response that declines or speaks of a machine, 0..1"),
    ("repeated_share", pa.float32(), "Share of prompt or response that is loops, 0..1"),
    ("leaked_words", pa.int32(), "Longest run of words taken from the template; 0 below four"),
    ("debris_marks", pa.int32(), "Chat-template tokens, JSON remains, broken characters and markup outside of code"),
    ("prompt_length", pa.int32(), "Length of the prompt, East Asian characters counted two and a half times"),
    ("response_length", pa.int32(), "Length of the response, East Asian characters counted two and a half times"),
    ("personal_data", TEXTS, "Kinds of personal data in prompt or response"),
)
"""What the gates measured; null where a gate was off, had nothing to say, or there was no pair."""

QUALITY = tuple(name for name, _, _ in MEASURES)
