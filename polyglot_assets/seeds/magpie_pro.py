"""Magpie-Align/Magpie-Pro-300K-Filtered: English instructions, to be translated. A system turn may come first."""

from polyglot_assets.seeds.source import Candidate, Record, Source, each, first_exchange, identifier, value_of


def _adapt(record: Record) -> Candidate:
    prompt, response = first_exchange(value_of(record, "conversations", list), "from", "value")
    return Candidate(source_id=identifier(record, "uuid"), language="en", prompt=prompt, response=response)


SOURCE = Source(
    name="magpie_pro",
    repo="Magpie-Align/Magpie-Pro-300K-Filtered",
    license="llama3",
    files=("data/train-*.parquet",),
    columns=("conversations", "uuid"),
    adapt=each(_adapt),
    english=True,
)
