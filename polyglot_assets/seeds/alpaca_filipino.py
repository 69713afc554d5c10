"""saillab/alpaca-filipino-cleaned: Tagalog instructions with an optional input text.

The card states no license; the set derives from Stanford Alpaca, which is CC-BY-NC-4.0, so that is what rows carry.
The input is empty, null or the word `nan` where a task has none. Rows have no id of their own.
"""

from polyglot_assets.domain.ids import content_id
from polyglot_assets.seeds.source import Candidate, Record, Source, each, text


def _adapt(record: Record) -> Candidate:
    instruction, given, output = (text(record, name) for name in ("instruction", "input", "output"))
    has_input = given and given.lower() != "nan"
    prompt = f"{instruction}\n\n{given}" if has_input and instruction else instruction
    return Candidate(source_id=content_id(prompt, output), language="tl", prompt=prompt, response=output)


SOURCE = Source(
    name="alpaca_filipino",
    repo="saillab/alpaca-filipino-cleaned",
    license="cc-by-nc-4.0",
    files=("data/train-*.parquet",),
    columns=("instruction", "input", "output"),
    adapt=each(_adapt),
)
