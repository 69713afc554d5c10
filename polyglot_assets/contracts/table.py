"""What a table of the lake is, and the columns that several tables share."""

from dataclasses import dataclass

import pyarrow as pa

from polyglot_assets.gates.registry import COLUMNS

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

MEASURES: tuple[Field, ...] = tuple((column.name, column.type, column.description) for column in COLUMNS)
"""What the gates measured; null where a gate was off, had nothing to say, or there was no pair."""

QUALITY = tuple(column.name for column in COLUMNS if column.in_examples)
"""Those that examples have too."""
