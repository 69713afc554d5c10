"""Licenses: examples that the policy of the release keeps out."""

from polyglot_assets.contracts.table import CELL, TEXT, Table

LICENSES = Table(
    "licenses",
    ("id",),
    (),
    (
        ("id", TEXT, "The example that the policy of the release keeps out"),
        ("license", TEXT, "The first of its licenses that offends; null where the source or the teacher does"),
        ("rule", TEXT, "The key of the policy that it breaks, and the property: `require commercial`"),
        *CELL,
        ("source", TEXT, "Hugging Face id of the seed dataset of the example"),
        ("teacher", TEXT, "Name of the teacher of the example"),
    ),
    cellwise=False,
)
