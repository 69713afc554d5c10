"""allenai/WildChat-4.8M: conversations of people with a chat model; the first exchange is the seed.

Toxic and redacted flags stand on the row and on each turn; either counts. A conversation may hold one message only.
A mass user's requests to spell film titles in katakana are left out, as the paper does.
"""

from collections.abc import Mapping

from polyglot_assets.seeds.source import (
    Candidate,
    Record,
    Source,
    each,
    first_exchange,
    flag,
    identifier,
    text,
    value_of,
)
from polyglot_assets.text.languages import to_code

_TITLE_SPAM = ("englishtitle", "katakanaoftitle")


def _adapt(record: Record) -> Candidate:
    turns = value_of(record, "conversation", list)
    prompt, response = first_exchange(turns, "role", "content")
    language = to_code(text(record, "language"))
    exchange = [turn for turn in turns[:3] if isinstance(turn, Mapping) and turn.get("role") != "system"][:2]
    spoken = {to_code(text(turn, "language")) for turn in exchange[:1] if turn.get("language")}
    rejected = None
    if language == "ja" and any(word in prompt.lower() for word in _TITLE_SPAM):
        rejected = "title_spam"
    elif spoken and language not in spoken:
        rejected = "language_conflict"
    return Candidate(
        source_id=identifier(record, "conversation_hash"),
        language=language,
        prompt=prompt,
        response=response,
        toxic=flag(record, "toxic") or any(flag(turn, "toxic") for turn in exchange),
        redacted=flag(record, "redacted") or any(flag(turn, "redacted") for turn in exchange),
        rejected=rejected,
    )


SOURCE = Source(
    name="wildchat",
    repo="allenai/WildChat-4.8M",
    license="odc-by",
    files=("data/train-*.parquet",),
    columns=("conversation_hash", "conversation", "language", "toxic", "redacted"),
    adapt=each(_adapt),
    language_column="language",
    # Conversations run to hundreds of turns of two dozen fields.
    conversations={"conversation": ("role", "content", "language", "toxic", "redacted")},
)
