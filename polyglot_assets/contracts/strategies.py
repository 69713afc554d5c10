"""Strategies: what the recipes say of themselves, so that SQL need not know any of them by name."""

import pyarrow as pa

from polyglot_assets.contracts.table import TEXT, Table

STRATEGIES = Table(
    "strategies",
    ("strategy",),
    (),
    (
        ("strategy", TEXT, "Name of the strategy"),
        ("place", pa.int32(), "Place in the order of the strategies"),
        ("english", pa.bool_(), "It feeds on English seeds, whatever the target language"),
        ("examples", pa.int32(), "Other seeds that are shown with each seed"),
        ("does", TEXT, "What the teacher does"),
    ),
    cellwise=False,
)
