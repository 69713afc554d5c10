"""CohereLabs/aya_collection, subset aya_dataset: human-written pairs with ISO 639-3 language codes.

`arb` is Standard Arabic, so it is `ar`; Arabic dialects are languages of their own here. `tgl` and `fil` are both `tl`.
"""

from polyglot_assets.seeds.source import Candidate, Record, Source, each, identifier, text
from polyglot_assets.text.languages import to_code


def _adapt(record: Record) -> Candidate:
    return Candidate(
        source_id=identifier(record, "id"),
        language=to_code(text(record, "language")),
        prompt=text(record, "inputs"),
        response=text(record, "targets"),
    )


SOURCE = Source(
    name="aya",
    repo="CohereLabs/aya_collection",
    license="apache-2.0",
    files=("aya_dataset/train-*.parquet",),
    columns=("id", "inputs", "targets", "language"),
    adapt=each(_adapt),
    language_column="language",
)
