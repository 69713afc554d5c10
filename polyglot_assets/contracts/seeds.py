"""Seeds: what people asked."""

import pyarrow as pa

from polyglot_assets.contracts.table import CELL, ORIGIN, TEXT, Table

SEEDS = Table(
    "seeds",
    ("seed_id",),
    ("source",),
    (
        ("seed_id", TEXT, "h(source, source_id)"),
        *ORIGIN,
        ("license", TEXT, "License of the source as its card states it; `unlicensed` where it states none"),
        *CELL,
        ("seed_language", TEXT, "Language of the seed itself: `en` for seeds that are to be translated"),
        ("prompt", TEXT, "First user turn"),
        ("response", TEXT, "The source's answer to exactly that turn; empty where it has none"),
        ("toxic", pa.bool_(), "The source flags the row as toxic"),
        ("redacted", pa.bool_(), "The source removed personal data from the row"),
        ("prompt_key", TEXT, "Hash of the normalised prompt: equal for exact duplicates"),
        ("prompt_chars", pa.int32(), "Length of the prompt in characters"),
        ("response_chars", pa.int32(), "Length of the response in characters"),
    ),
)
