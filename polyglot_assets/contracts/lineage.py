"""Lineage: what each row of a release was made from, published beside it."""

from polyglot_assets.contracts.table import TEXT, TEXTS, Table

LINEAGE = Table(
    "lineage",
    ("id",),
    (),
    (
        ("id", TEXT, "The published row"),
        ("content_group", TEXT, "Equal for rows with the same seed, the same prompt or nearly the same text"),
        ("licenses", TEXTS, "Licenses of everything the row is made from, sorted"),
        ("seed_id", TEXT, "The seed that owns the prompt"),
        ("exemplar_ids", TEXTS, "Seeds that were shown as examples"),
        ("source_revision", TEXT, "Revision of the seed dataset"),
        ("template_version", TEXT, "Content hash of the templates"),
        ("teacher", TEXT, "Name of the teacher in the registry"),
        ("model_revision", TEXT, "Revision of the model's weights"),
        ("engine", TEXT, "What ran the model, with its version as far as it says one"),
        ("prompt_id", TEXT, "The prompt this row answers"),
        ("request_id", TEXT, "The request that wrote it"),
        ("prompt_key", TEXT, "Hash of the normalised prompt"),
        ("content_key", TEXT, "Hash of the normalised prompt and response together"),
    ),
)
"""What each row of a release was made from, published beside it. Not a table of the lake: it lies in the release."""
