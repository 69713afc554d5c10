"""Finish reasons: why an answer ended, in the words of whatever server wrote it.

Here: one word in, one of four ends out. Not here: reading the answer (chat_api.py), and what its end is worth
(responses/outcomes.py).

Servers spell the same reason in many ways (`MAX_TOKENS`, `maxTokens`, `FINISH_REASON_MAX_TOKENS`, `length_capped`), so
a reason is told by the stems that it holds and not by a list of whole words.
"""

import re
from typing import Any, Literal

End = Literal["stop", "length", "final", "broken"]
"""stop: the model ended. length: the text is cut off. final: the model's last word, or that of whoever watches it: the
same would come again. broken: the server failed: asking again may help."""

_ENDS: tuple[tuple[End, re.Pattern[str]], ...] = (
    # These hold words of the following ends: an unexpected tool call, a time limit, a quota that is exceeded.
    ("broken", re.compile(
        r"malformed|unexpected|time_?out|timed|time_?limit|deadline|rate_?limit|quota|resource|credit")),
    ("final", re.compile(
        r"filter|safety|unsafe|recitation|blocklist|blocked|prohibited|spii|sensitive|toxic|guardrail|moderat|polic"
        r"|violat|flagged|censor|armor|harmful|copyright|refus|language|tool|function|requires_?action")),
    ("length", re.compile(
        r"length|max|limit|capped|context|truncat|cut_?off|incomplete|unfinished|not_?finished|not_?complete|in_?progress"
        r"|exceeded|exhausted|budget|overflow|too_?(?:long|many)|pause|repetition|partial")),
    ("broken", re.compile(
        r"error|abort|cancel|fail|network|unavailable|overload|disconnect|interrupt|preempt|exception|expired|closed")),
    ("stop", re.compile(r"stop|eos|^end|_end|complete|done|finish|natural")),
)  # fmt: skip
"""In the order in which they are asked: `ERROR_LIMIT` is a cut, `incomplete` is not complete."""
_PREFIX = re.compile(r"^.*(?:finish|stop|done|end)_?reason_?(?=.)")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def read_end(reason: Any, text: str | None, *, spent: bool) -> End:
    """Why an answer ended.

    Args:
        reason: what the server calls it; some put the word under `type`.
        text: the answer's text.
        spent: whether the text is as long as the budget: it tells a cut where the server does not.
    """
    word = reason.get("type") if isinstance(reason, dict) else reason
    word = _HUMP.sub("_", word.strip()) if isinstance(word, str) else ""
    word = _PREFIX.sub("", re.sub(r"[\W_]+", "_", word).strip("_").casefold())
    for end, stems in _ENDS:
        if stems.search(word):
            return end
    if not text:
        return "broken"
    return "length" if spent else "stop"  # a text under a word that nobody knows, or none: it was paid for
