"""OpenAssistant/oasst2: conversation trees as single messages, or as nested trees (one JSON object a tree).

A seed is a root: later user turns make no sense without what was said before. Its response is the best-ranked reply
in the tree that was neither deleted nor failed by review. Every message is one raw row.
"""

from collections.abc import Iterable, Iterator

from polyglot_assets.languages import to_code
from polyglot_assets.seeds.source import (
    BadFieldError,
    Candidate,
    Located,
    Record,
    Source,
    flag,
    text,
    value_of,
)

_WORST = 1 << 30


def _messages(located: Iterable[Located]) -> Iterator[Located]:
    """Single messages, whichever of the two shapes the file has."""
    for where, record in located:
        if "prompt" not in record:
            yield where, record
            continue
        stack = [(value_of(record, "prompt", dict), None)]
        while stack:
            node, parent = stack.pop()
            yield where, {**node, "parent_id": parent}
            stack += [(reply, node.get("message_id")) for reply in reversed(node.get("replies") or [])]


def _acceptable(message: Record) -> bool:
    reviewed = message.get("review_result")
    return not flag(message, "deleted") and (reviewed is None or reviewed is True)


def _rank(message: Record) -> tuple[int, str]:
    rank = message.get("rank")
    return (_WORST if rank is None else int(rank), str(message["message_id"]))


def adapt(located: Iterable[Located]) -> Iterator[Candidate]:
    """One candidate per message. Keeps the roots and the best reply to each message in memory."""
    roots: list[Record] = []
    best: dict[str, Record] = {}
    for where, message in _messages(located):
        try:
            role, parent = text(message, "role"), message.get("parent_id")
            language = to_code(text(message, "lang"))
            text(message, "text"), text(message, "message_id")
        except BadFieldError as error:
            raise BadFieldError(f"{where}: {error}") from None
        if role == "assistant":
            reply = best.get(str(parent))
            if _acceptable(message) and (reply is None or _rank(message) < _rank(reply)):
                best[str(parent)] = message
            yield Candidate(language=language, rejected="assistant_turn")
        elif parent is not None:
            yield Candidate(language=language, rejected="follow_up")
        elif not _acceptable(message):
            yield Candidate(language=language, rejected="deleted_or_unreviewed")
        else:
            roots.append(message)
    for root in roots:
        reply = best.get(str(root["message_id"]))
        same = reply is not None and to_code(text(reply, "lang")) == to_code(text(root, "lang"))
        yield Candidate(
            source_id=text(root, "message_id"),
            language=to_code(text(root, "lang")),
            prompt=text(root, "text"),
            response=text(reply, "text") if reply is not None and same else "",
        )


SOURCE = Source(
    name="oasst2",
    repo="OpenAssistant/oasst2",
    license="apache-2.0",
    files=("data/train-*.parquet", "*trees*.jsonl*"),
    columns=("message_id", "parent_id", "text", "role", "lang", "review_result", "deleted", "rank"),
    adapt=adapt,
    language_column="lang",
)
