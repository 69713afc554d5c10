"""Contamination: examples that hold text of evaluation sets."""

import pyarrow as pa

from polyglot_assets.contracts.table import CELL, TEXT, Table

CONTAMINATION = Table(
    "contamination",
    ("id", "side", "eval_set", "item"),
    (),
    (
        ("id", TEXT, "The example that holds text of an evaluation item"),
        ("side", TEXT, "prompt or response"),
        ("eval_set", TEXT, "File of the evaluation set, relative to the folder of all"),
        ("item", TEXT, "The item's id in its file, else its row number from 1"),
        (
            "overlap",
            pa.float32(),
            "Share of the words of the item, or of a part of 256 words or fewer, held in order by one stretch, 0..1",
        ),
        ("excerpt", TEXT, "That stretch, cut to 200 characters"),
        *CELL,
        ("source", TEXT, "Hugging Face id of the seed dataset of the example"),
        ("teacher", TEXT, "Name of the teacher of the example"),
    ),
    cellwise=False,
)
