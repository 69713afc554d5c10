"""Deletions: the rows that were asked to be deleted."""

import pyarrow as pa

from polyglot_assets.contracts.table import TEXT, Table

DELETIONS = Table(
    "deletions",
    ("seed_id",),
    (),
    (
        ("seed_id", TEXT, "h(source, source_id) of the row that was asked to be deleted"),
        ("source", TEXT, "Hugging Face id of its seed dataset"),
        ("source_id", TEXT, "Its id in the source"),
        ("requested_by", TEXT, "Who asked, as the operator wrote it down"),
        ("reference", TEXT, "Reference of the request"),
        ("requested_on", TEXT, "Date of the request, ISO 8601"),
        ("received_at", TEXT, "When the lake was told; from then on the row stays out"),
        ("done_at", TEXT, "When everything was removed; null while that is not finished"),
        ("rows", pa.int64(), "Rows that were removed, over all places"),
        (
            "removed",
            pa.list_(pa.struct([("place", TEXT), ("language", TEXT), ("strategy", TEXT), ("rows", pa.int64())])),
            "Rows by place. A row that two requests concern is counted for both",
        ),
    ),
    cellwise=False,
)
