"""The debris gate: marks of machinery that text for people does not hold.

Here: what the machinery leaves behind: tokens of chat templates, JSON that was not taken apart, broken characters and
markup that does not close. Not here: the words of our own templates (leakage.py).

Code shows such marks on purpose, so code blocks and `inline code` are left out; an answer about chat templates passes
as long as it sets them as code.
"""

import re
from collections import Counter

from pydantic import Field

from polyglot_assets.domain import outcomes
from polyglot_assets.domain.outcomes import Outcome
from polyglot_assets.gates.gate import COUNT, Column, Finding, Gate, Limits, Pair

_CODE = re.compile(r"```.*?(?:```|\Z)|~~~.*?~~~|`[^`\n]*`", re.DOTALL)
_SUSPECT = re.compile(r"[<\[{\\&\ufffd\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfffÃâ:｜▁#◁]")

_MARKS: tuple[tuple[str, int, re.Pattern[str]], ...] = (
    ("a chat-template token", 1, re.compile(
        r"<[|｜][\w▁ ]{2,40}[|｜]>|<\|?(?:im_start|im_end|im_sep|endoftext|eot_id|start_header_id|end_header_id)\|?>"
        r"|\[/?INST\]|<</?SYS>>|</?(?:start_of_turn|end_of_turn|bos|eos|pad|unk)>|</s>|\A\s*<s>|</?think(?:ing)?>"
        r"|\[(?:PAD|UNK|BOS|EOS)\]|<0x[0-9A-F]{2}>|<(?:unused|extra_id_)\d+>|<(?:turn|channel|tool_call)\|>"
        r"|<\|(?:turn|channel|tool_call)>|</?(?:seed|mm):\w{2,20}>|◁/?\w{2,20}▷|\[DONE\]"
        r"|\[/?(?:THINK|TOOL_CALLS|TOOL_RESULTS|ARGS)\]"
        r"|</?(?:tool_calls?|tool_response|function_calls?|answer|thoughts?|reasoning|scratchpad)>"
        r"|^#{2,3} ?(?:Instruction|Response|Input|Human|Assistant) ?:?\s*$",
        re.MULTILINE)),
    ("a broken character", 1, re.compile(
        r"[\ufffd\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]|Ã[¤¶¼Ÿ©¨±³¡­º§]|â€[™œ“”¦\x9d]|▁\w+▁")),
    ("a JSON key", 1, re.compile(r'^\s*[\[{]?\s*"(?:prompt|response|messages|role|content)"\s*:', re.MULTILINE)),
    ("a JSON escape", 1, re.compile(r"\\u[0-9a-fA-F]{4}")),
    ("JSON escapes", 2, re.compile(r'\\n(?=\\n|[A-Z0-9\s*#-]|\Z)|\\"')),
    ("a label", 1, re.compile(r"\A\W{0,4}(?:prompt|response|assistant|human)\W{0,3}[:：]", re.IGNORECASE)),
    ("HTML entities", 3, re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|#\d{2,5}|#x[0-9a-fA-F]{2,4});")),
)  # fmt: skip
"""(name, from how many on it counts, pattern)."""
_PAIRED = re.compile(
    r"<(/?)(div|span|table|ul|ol|b|i|u|strong|em|h[1-6]|sup|sub|font|center|a|section|article|blockquote|script|style)"
    r"(?:\s[^<>]*)?>",
    re.IGNORECASE,
)
_UNBALANCED = 2
"""So many tags may lack their other half: `the <div> element`."""


def debris(text: str) -> tuple[int, str]:
    """(number of marks, name of the first kind) in `text` outside of code; (0, "") if it has none."""
    if not _SUSPECT.search(text):
        return 0, ""
    plain = _CODE.sub(" ", text) if "`" in text or "~~~" in text else text
    total, first = 0, ""
    for name, least, pattern in _MARKS:
        found = sum(1 for _ in pattern.finditer(plain))
        if found >= least:
            total, first = total + found, first or name
    unbalanced = _unbalanced_tags(plain) if "<" in plain else 0
    if unbalanced > _UNBALANCED:
        total, first = total + unbalanced, first or "unbalanced HTML"
    return total, first


def _unbalanced_tags(text: str) -> int:
    balance: Counter[str] = Counter()
    for match in _PAIRED.finditer(text):
        balance[match[2].lower()] += -1 if match[1] else 1
    return sum(map(abs, balance.values()))


DEBRIS = Outcome(
    "debris", outcomes.GATES, "chat-template tokens, remains of JSON, broken characters or markup outside of code"
)


class DebrisLimits(Limits):
    """How many marks are too many."""

    debris_marks: int = Field(
        default=1,
        ge=1,
        description="So many chat-template tokens, JSON remains, broken characters or unbalanced tags outside of code "
        "make a text `debris`.",
    )


def _assess(pair: Pair, limits: DebrisLimits) -> Finding:
    marks, kind = max(map(debris, pair.written))
    objections = [(DEBRIS, f"{kind} ({marks} in all)")] if marks >= limits.debris_marks else []
    return Finding({"debris_marks": marks}, objections)


GATE = Gate(
    "debris",
    "marks of machinery that text for people does not hold",
    decides=20,
    joined=50,
    outcomes=(DEBRIS,),
    columns=(
        Column(
            "debris_marks",
            COUNT,
            "Chat-template tokens, JSON remains, broken characters and markup outside of code",
        ),
    ),
    limits=DebrisLimits,
    assess=_assess,
)
