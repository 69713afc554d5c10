"""openai/gsm8k: English word problems, to be translated. The test split is never read.

Answers carry calculator marks (`48/2=<<48/2=24>>24`) and end in `#### 72`; both are notation, not text.
"""

import re

from polyglot_assets.domain.ids import content_id
from polyglot_assets.seeds.source import Candidate, Record, Source, each, text

_MARK = re.compile(r"<<[^<>]*>>")
_RESULT = re.compile(r"^####\s*", re.MULTILINE)


def _adapt(record: Record) -> Candidate:
    question, answer = text(record, "question"), text(record, "answer")
    return Candidate(
        source_id=content_id(question, answer),
        language="en",
        prompt=question,
        response=_RESULT.sub("", _MARK.sub("", answer)),
    )


SOURCE = Source(
    name="gsm8k",
    repo="openai/gsm8k",
    license="mit",
    files=("main/train-*.parquet",),
    columns=("question", "answer"),
    adapt=each(_adapt),
    english=True,
)
