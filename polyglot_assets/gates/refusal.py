"""The refusal gate: answers that decline, and answers that speak of themselves as a machine.

Here: how much of an answer such sentences take. Not here: the phrases of each language (refusal_phrases.py,
refusal_limits.py).

What matters is where they stand and how much else there is: `As an AI I have no taste, but …` before a page of advice
is an answer, and so is a story in which somebody says that he cannot help. So only the beginning is searched, and the
score is the share of the text that the declining sentences in it make up, each up to its `but` or colon. What is
quoted, or said in a letter that the answer drafts, is not said by the speaker.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pydantic import Field

from polyglot_assets.domain import outcomes
from polyglot_assets.domain.outcomes import Outcome
from polyglot_assets.gates.gate import SHARE, Column, Finding, Gate, Limits, Pair
from polyglot_assets.gates.refusal_limits import LIMITS
from polyglot_assets.gates.refusal_phrases import PHRASES
from polyglot_assets.text.languages import DENSE_WEIGHT

_HEAD = 300
"""Characters at the beginning that are searched."""
_DENSE = frozenset({"ja", "ko", "zh"})
_DENSE_HEAD = round(_HEAD / DENSE_WEIGHT)
_BRIEF = 200
"""In a text of so few characters an apology for not being able to is a refusal, whatever it is about."""
_END = re.compile(r"(?<=[.!?؟।])\s+|(?<=[。！？])|\n+|(?<=[\u0e00-\u0e7f])\s+(?=[\u0e00-\u0e7f])")
"""Where sentences end. Thai has only the space for it."""
_TURN = re.compile(
    r"[:：]|[,،;—–-] ?(?:but|however|yet|aber|doch|jedoch|pero|mais|cependant|ma|però|mas|porém|maar|echter|ale|však"
    r"|lecz|но|однако|але|проте|dar|însă|men|ama|ancak|fakat|nhưng|tetapi|tapi|namun|ngunit|subalit|و?لكن|लेकिन|परंतु|मगर)\b"
    r"|[，,](?:不过|不過|但)|が、|けれど|지만|แต่"
)
"""Where a sentence turns to what the speaker can say."""
_ANNOUNCED = re.compile(r"[:：]\s*\S|\n\s*(?:[-*•]|\d+[.)]) |ดังนี้|次の(?:とおり|通り)|以下の|如下")
"""What stands before an answer that is delivered after all."""
_WEIGHT_BEFORE_AN_ANSWER = 1 / 3
_QUOTED = re.compile(
    r"„[^„“”\n]{3,300}[“”]|“[^“”\n]{3,300}”|”[^”\n]{3,300}”|«[^«»\n]{3,300}»|「[^「」\n]{3,300}」"
    r"|(?<!\w)\"[^\"\n]{3,300}\"(?![a-z])|^[—–] ?[^—–\n]{3,200}[—–]",
    re.MULTILINE,
)
_SAID_ELSEWHERE = 5
"""Letters outside of quotations without which a text is a quotation as a whole."""
_SALUTATION = re.compile(r"\A(?:[^\n!?]{2,60}[,،，:：]|[^\n]{1,20}(?:様|殿|御中)|เรียน[^\n]{2,50})\s*\n")
_SIGNATURE = re.compile(r"\n[^\n.!?。！？।]{2,40}\s*\Z")
_START = re.compile(r"(?:\A|[.!?।。！？\n])\W*\Z")
_WITHIN = r"[^.!?।。！？\n]"
_ESCAPE = re.compile(r"(\\.)", re.DOTALL)
_PLAIN = str.maketrans(
    {
        "’": "'",
        "ʼ": "'",
        "İ": "i",
        "ş": "ș",
        "ţ": "ț",
        "़": None,
        "\u095e": "फ",
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ى": "ي",
        "ـ": None,
    }
    | {chr(mark): None for mark in range(0x64B, 0x653)}
)
"""Apostrophes, and spellings that writers choose freely: Arabic alif and vowels, the Romanian comma, Hindi dots."""
_CHANGED = re.compile(f"[{''.join(map(chr, _PLAIN))}]")


def refusal_share(text: str, language: str) -> float:
    """The share of `text` that declines to answer or speaks of a machine, 0..1; 0 if it does not begin like that.

    Refusals are looked for in `language` and in English, which teachers fall back to; for a language without phrases
    (see refusal_phrases.py) in English only.
    """
    head = _own_words(_plain(text[: _DENSE_HEAD if language in _DENSE else _HEAD]), text)
    patterns = [_patterns(code) for code in dict.fromkeys((language, "en")) if code in PHRASES]
    # A phrase counts for the sentence in which it ends: an apology may stand in the one before.
    ends = sorted(end for pattern in patterns for end in pattern.ends(head))
    if not ends:
        return 1.0 if len(text) <= _BRIEF and any(pattern.brief.match(head) for pattern in patterns) else 0.0
    if _is_letter(text, ends[0]):
        return 0.0
    declining = begin = 0
    for stop in (*(match.end() for match in _END.finditer(head)), len(head)):
        if last := max((end for end in ends if begin < end <= stop), default=0):
            turn = _TURN.search(head, last, stop)
            declining += len(head[begin : turn.start() if turn else stop].rstrip())
        begin = stop
    weight = _WEIGHT_BEFORE_AN_ANSWER if _ANNOUNCED.search(head, ends[-1]) else 1.0
    return round(min(1.0, weight * declining / len(text)), 4)


def _own_words(head: str, text: str) -> str:
    """`head` with blanks in the place of what it quotes, unless `text` is a quotation as a whole."""
    if not _QUOTED.search(head):
        return head
    unquoted = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), head)
    said = sum(map(str.isalpha, unquoted)) + max(0, len(text) - len(head))
    return unquoted if said >= _SAID_ELSEWHERE else head


def _is_letter(text: str, first_refusal: int) -> bool:
    """Whether `text` is a letter, in which somebody else may decline: a salutation at the top, a name at the end."""
    salutation = _SALUTATION.match(text)
    return bool(salutation and salutation.end() <= first_refusal and _SIGNATURE.search(text))


def _plain(text: str) -> str:
    return (text.translate(_PLAIN) if _CHANGED.search(text) else text).casefold()


@dataclass(frozen=True)
class _Patterns:
    """What is searched for in one language.

    Attributes:
        statement: a phrase that declines; in the only group one that does only if it is said of the speaker.
        regrets: what may stand before a role.
        excuse: an apology at the beginning of the text, then something that nobody can do.
        brief: an apology at the beginning for not being able to.
    """

    statement: re.Pattern[str]
    regrets: re.Pattern[str]
    excuse: re.Pattern[str] | None
    brief: re.Pattern[str]

    def ends(self, head: str) -> Iterator[int]:
        """Where in `head` phrases that decline end."""
        for match in self.statement.finditer(head):
            if match[1] is None or self._is_own(head, match.start()):
                yield match.end()
        if self.excuse and (match_ := self.excuse.match(head)):
            yield match_.end()

    def _is_own(self, head: str, start: int) -> bool:
        """Whether `as an AI` is said of the speaker: at the beginning of a sentence, after an apology or `I`."""
        return bool(_START.search(head, 0, start) or self.regrets.search(head, max(0, start - 60), start))


@lru_cache(maxsize=64)
def _patterns(language: str) -> _Patterns:
    phrases = PHRASES[language]
    gap, regrets = f"{_WITHIN}{{0,60}}?", _any(phrases.sorry, phrases.alas)
    declining = f"{_any(phrases.cannot)}{gap}{_any(phrases.task)}"
    if phrases.task_first:
        declining = f"{_any(phrases.task)}{_WITHIN}{{0,20}}?{_any(phrases.cannot)}"
    brief, excuse = f"{regrets}{gap}{_any(phrases.cannot)}", f"{_any(phrases.sorry)}{gap}{_any(phrases.nobody)}"
    # Asking once whether a word begins is three times faster than asking at the beginning of each alternative.
    word = r"\b" if phrases.spaced else ""
    return _Patterns(
        _compiled(
            word + _any(declining, phrases.machine, phrases.whole, LIMITS.get(language, ""), f"({phrases.role})")
        ),
        _compiled(_any(phrases.sorry, phrases.alas, phrases.speaker)),
        _compiled(rf"\W*{excuse}{gap}{_any(phrases.task)}") if phrases.nobody else None,
        _compiled(rf"\W*{_any(brief, excuse if phrases.nobody else '')}"),
    )


def _any(*patterns: str) -> str:
    return f"(?:{'|'.join(filter(None, patterns))})"


def _compiled(pattern: str) -> re.Pattern[str]:
    """`pattern` in the spelling of the texts (ß is ss there), its escapes as they are."""
    pieces = _ESCAPE.split(pattern)
    return re.compile("".join(piece if number % 2 else _plain(piece) for number, piece in enumerate(pieces)))


REFUSED = Outcome(
    "refused",
    outcomes.GATES,
    "declines, names an assistant's limits, or speaks of itself as a machine, and gives no answer beside it",
)


class RefusalLimits(Limits):
    """How much of a refusal is too much."""

    refusal_share: float = Field(
        default=0.1,
        gt=0,
        description="From this share of the response on, sentences at its beginning that decline make it `refused`; a "
        "third of it counts where they announce an answer all the same.",
    )


def _assess(pair: Pair, limits: RefusalLimits) -> Finding:
    share = refusal_share(pair.response, pair.language)
    objections = []
    if share >= limits.refusal_share:
        objections.append((REFUSED, f"{share:.0%} of the response declines or speaks of a machine"))
    return Finding({"refusal_share": share}, objections)


GATE = Gate(
    "refusal",
    "answers that decline, and answers that speak of themselves as a machine",
    decides=40,
    joined=20,
    outcomes=(REFUSED,),
    columns=(Column("refusal_share", SHARE, "Share of the response that declines or speaks of a machine, 0..1"),),
    limits=RefusalLimits,
    assess=_assess,
)
