"""arbml/CIDAR: Arabic instructions. Not for commercial use (CC-BY-NC). Texts have Windows line ends."""

from polyglot_assets.seeds.source import Candidate, Record, Source, each, identifier, text


def _adapt(record: Record) -> Candidate:
    return Candidate(
        source_id=identifier(record, "index"),
        language="ar",
        prompt=text(record, "instruction"),
        response=text(record, "output"),
    )


SOURCE = Source(
    name="cidar",
    repo="arbml/CIDAR",
    license="cc-by-nc-4.0",
    files=("data/train-*.parquet",),
    columns=("instruction", "output", "index"),
    adapt=each(_adapt),
)
