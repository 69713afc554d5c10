"""Counts: what became of the rows that a stage was given."""

import pyarrow as pa

from polyglot_assets.contracts.table import CELL, TEXT, Table

COUNTS = Table(
    "counts",
    ("source", "teacher", "reason"),
    ("stage", "part"),
    (
        ("stage", TEXT, "seeds (raw rows of a source), prompts (seeds of the cell) or answers (that examples are of)"),
        ("source", TEXT, "Hugging Face id of the seed dataset"),
        *CELL,
        ("teacher", TEXT, "Name of the teacher in the registry, for answers only"),
        ("reason", TEXT, "`kept`, or why the row did not go on; for answers the outcome"),
        ("rows", pa.int64(), "Number of rows"),
    ),
)
