"""Duplicates: examples that repeat another one."""

import pyarrow as pa

from polyglot_assets.contracts.table import CELL, TEXT, Table

DUPLICATES = Table(
    "duplicates",
    ("id",),
    (),
    (
        ("id", TEXT, "The example that is left out"),
        ("kept_id", TEXT, "The example that is kept in its place, never itself a duplicate"),
        ("kind", TEXT, "exact_pair: prompt and response; exact_prompt: the prompt; near: most of prompt and response"),
        ("similarity", pa.float32(), "Jaccard similarity to the kept example, 1 for exact duplicates"),
        *CELL,
        ("source", TEXT, "Hugging Face id of the seed dataset of the example left out"),
        ("teacher", TEXT, "Name of the teacher of the example left out"),
    ),
    cellwise=False,
)
