"""utter-project/EuroBlocks-SFT-Synthetic-1124: synthetic instructions in European and some other languages.

Its Magpie part is left out, as the paper does. Rows have no id of their own. Its card states no license.
"""

from polyglot_assets.domain.ids import content_id
from polyglot_assets.seeds.source import Candidate, Record, Source, each, first_exchange, text, value_of
from polyglot_assets.text.languages import to_code


def _adapt(record: Record) -> Candidate:
    prompt, response = first_exchange(value_of(record, "conversations", list), "from", "value")
    return Candidate(
        source_id=content_id(prompt, response),
        language=to_code(text(record, "language")),
        prompt=prompt,
        response=response,
        rejected="magpie" if "magpie" in text(record, "dataset").lower() else None,
    )


SOURCE = Source(
    name="euroblocks",
    repo="utter-project/EuroBlocks-SFT-Synthetic-1124",
    license="unlicensed",
    files=("data/train-*.parquet",),
    columns=("conversations", "dataset", "language"),
    adapt=each(_adapt),
    language_column="language",
)
