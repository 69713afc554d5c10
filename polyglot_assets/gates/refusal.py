"""The refusal gate: answers that decline, and answers that speak of themselves as a machine.

Here: how much of an answer such sentences take. Not here: the phrases of each language (refusal_phrases.py).

What matters is where they stand and how much else there is: `As an AI I have no taste, but …` before a page of advice
is an answer, and so is a story in which somebody says that he cannot help. So only the beginning is searched, and the
score is the share of the text that the declining sentences in it make up.
"""

import re
from functools import lru_cache

from polyglot_assets.gates.refusal_phrases import PHRASES

_HEAD = 300
"""Characters at the beginning that are searched."""
_BRIEF = 200
"""In a text of so few characters an apology for not being able to is a refusal, whatever it is about."""
_END = re.compile(r"(?<=[.!?؟])\s+|(?<=[。！？])|\n+")
_PLAIN = str.maketrans(
    {"’": "'", "ʼ": "'", "أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ـ": None}
    | {chr(mark): None for mark in range(0x64B, 0x653)}
)
"""Apostrophes, and the Arabic spellings that writers choose freely; vowel signs are left out."""


def refusal_share(text: str, language: str) -> float:
    """The share of `text` that declines to answer or speaks of a machine, 0..1; 0 if it does not begin like that.

    Refusals are looked for in `language` and in English, which teachers fall back to.
    """
    head = text[:_HEAD].translate(_PLAIN).casefold()
    patterns = [_patterns(code) for code in dict.fromkeys((language, "en")) if code in PHRASES]
    if not any(statement.search(head) for statement, _ in patterns):
        brief = len(text) <= _BRIEF and any(apology.match(head) for _, apology in patterns)
        return 1.0 if brief else 0.0
    declining = sum(
        len(sentence) for sentence in _END.split(head) if any(statement.search(sentence) for statement, _ in patterns)
    )
    return round(min(1.0, declining / len(text)), 4)


@lru_cache(maxsize=64)
def _patterns(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """(a sentence that declines, a text that begins with an apology for not being able to) of a language."""
    phrases = PHRASES[language]
    declining = f"(?:{phrases.cannot})[^.!?。！？\n]{{0,60}}?(?:{phrases.task})"
    if phrases.task_first:
        declining = f"(?:{phrases.task})[^.!?。！？\n]{{0,20}}?(?:{phrases.cannot})"
    apology = rf"\W*(?:{phrases.sorry})[^.!?。！？\n]{{0,60}}?(?:{phrases.cannot})"
    return re.compile(f"{declining}|{phrases.machine}"), re.compile(apology)
