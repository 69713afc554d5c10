"""nvidia/HelpSteer3, subset preference: a conversation with two answers to its last turn and a preference.

The answers belong to the last turn, so a conversation of several exchanges gives no pair: its first prompt was never
answered by them. A tie is decided by content hash: without preference, but the same on every machine.
"""

from polyglot_assets.domain.ids import content_id
from polyglot_assets.seeds.source import BadFieldError, Candidate, Record, Source, each, text, value_of
from polyglot_assets.text.languages import to_code


def _adapt(record: Record) -> Candidate:
    context = value_of(record, "context", list)
    users = [turn for turn in context if isinstance(turn, dict) and turn.get("role") == "user"]
    first, second = text(record, "response1"), text(record, "response2")
    language = to_code(text(record, "language"))
    if text(record, "domain") != "multilingual":
        # Programming languages and the English general domain share the column with human languages.
        return Candidate(language=language, rejected="other_domain")
    if len(users) != 1:
        return Candidate(language=language, rejected="multi_turn" if users else "empty_prompt")
    prompt = text(users[0], "content")
    source_id = content_id(prompt, first, second)
    preference = value_of(record, "overall_preference", int)
    if not -3 <= preference <= 3:
        raise BadFieldError(f"field 'overall_preference': expected -3 to 3, got {preference}")
    prefers_first = preference < 0 or (preference == 0 and int(source_id, 16) % 2 == 0)
    return Candidate(source_id=source_id, language=language, prompt=prompt, response=first if prefers_first else second)


SOURCE = Source(
    name="helpsteer3",
    repo="nvidia/HelpSteer3",
    license="cc-by-4.0",
    files=("preference/train.jsonl.gz", "preference/train-*.parquet"),
    columns=("domain", "language", "context", "response1", "response2", "overall_preference"),
    adapt=each(_adapt),
    language_column="language",
)
