"""indonlp/cendol_collection_v2: Indonesian tasks, among them translations into regional languages and English.

The collection has no language column, so a row counts as Indonesian when neither its input nor its output is
detected as something else. Its ids are unique only together with the subset, and repeated rows exist, so the id
contains a content hash.
"""

from polyglot_assets.domain.ids import content_id
from polyglot_assets.seeds.source import Candidate, Record, Source, each, text
from polyglot_assets.text.languages import identify


def _adapt(record: Record) -> Candidate:
    prompt, response = text(record, "input"), text(record, "output")
    indonesian = identify(prompt).agrees_with("id") and identify(response).agrees_with("id")
    key = ":".join(text(record, name) for name in ("subset_name", "prompt_id", "dataset_key"))
    return Candidate(
        source_id=f"{key}:{content_id(prompt, response)[:8]}",
        language="id",
        prompt=prompt,
        response=response,
        rejected=None if indonesian else "not_indonesian",
    )


SOURCE = Source(
    name="cendol",
    repo="indonlp/cendol_collection_v2",
    license="apache-2.0",
    files=("data/train-*.parquet",),
    columns=("subset_name", "prompt_id", "dataset_key", "input", "output"),
    adapt=each(_adapt),
)
