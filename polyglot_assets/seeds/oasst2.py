"""OpenAssistant/oasst2: conversation trees as single messages, or as nested trees (one JSON object a tree).

A seed is a root: later user turns make no sense without what was said before. Its response is the best-ranked reply
in the tree that was neither deleted nor failed by review. Every message is one raw row.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from polyglot_assets.seeds.source import (
    BadFieldError,
    Candidate,
    Located,
    Record,
    Source,
    flag,
    identifier,
    text,
    value_of,
)
from polyglot_assets.text.languages import to_code

_WORST = 1 << 30


def _messages(located: Iterable[Located]) -> Iterator[Located]:
    """Single messages, whichever of the two shapes the file has."""
    for where, record in located:
        if "prompt" not in record:
            yield where, record
            continue
        try:
            yield from ((where, message) for message in _flat(record))
        except BadFieldError as error:
            raise BadFieldError(f"{where}: {error}") from None


def _flat(tree: Record) -> Iterator[Record]:
    stack = [(value_of(tree, "prompt", dict), None)]
    while stack:
        node, parent = stack.pop()
        yield {**node, "parent_id": parent}
        for reply in reversed(node.get("replies") or []):
            if not isinstance(reply, dict):
                raise BadFieldError(f"field 'replies': expected objects, got {type(reply).__name__}")
            stack.append((reply, node.get("message_id")))


def _acceptable(message: Record) -> bool:
    reviewed = message.get("review_result")
    return not flag(message, "deleted") and (reviewed is None or reviewed is True)


def _rank(message: Record) -> tuple[int, str]:
    rank = value_of(message, "rank", int, type(None)) if "rank" in message else None
    return (_WORST if rank is None else rank, identifier(message, "message_id"))


def _language(message: Record) -> str | None:
    return to_code(text(message, "lang"))


@dataclass
class _Trees:
    """The roots seen so far, and the best reply to each message in each language."""

    roots: list[Record] = field(default_factory=list)
    best: dict[tuple[str, str | None], Record] = field(default_factory=dict)

    def add(self, message: Record) -> Candidate | None:
        """Takes a message in; a candidate unless it is a root, whose replies may come later."""
        language, parent = _language(message), message.get("parent_id")
        text(message, "text")
        place, acceptable = _rank(message), _acceptable(message)
        if text(message, "role") == "assistant":
            # By language: which replies were read at all depends on the languages asked for.
            key = (str(parent), language)
            if acceptable and (key not in self.best or place < _rank(self.best[key])):
                self.best[key] = message
            return Candidate(language=language, rejected="assistant_turn")
        if parent is not None:
            return Candidate(language=language, rejected="follow_up")
        if not acceptable:
            return Candidate(language=language, rejected="deleted_or_unreviewed")
        self.roots.append(message)
        return None

    def seed(self, root: Record) -> Candidate:
        """A root and the best reply to it in its own language."""
        source_id, language = identifier(root, "message_id"), _language(root)
        reply = self.best.get((source_id, language))
        return Candidate(
            source_id=source_id,
            language=language,
            prompt=text(root, "text"),
            response=text(reply, "text") if reply else "",
        )


def adapt(located: Iterable[Located]) -> Iterator[Candidate]:
    """One candidate per message. Keeps the roots and the best replies in memory."""
    trees = _Trees()
    for where, message in _messages(located):
        try:
            candidate = trees.add(message)
        except BadFieldError as error:
            raise BadFieldError(f"{where}: {error}") from None
        if candidate:
            yield candidate
    yield from map(trees.seed, trees.roots)


SOURCE = Source(
    name="oasst2",
    repo="OpenAssistant/oasst2",
    license="apache-2.0",
    files=("data/train-*.parquet", "*trees*.jsonl*"),
    columns=("message_id", "parent_id", "text", "role", "lang", "review_result", "deleted", "rank"),
    adapt=adapt,
    language_column="lang",
)
