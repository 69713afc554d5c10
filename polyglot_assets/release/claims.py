"""The figures that a card's English sentences claim, and those that stand beside a label such as `Train: 900`.

Here: which of them are about this data set, and of which part of it. Not here: whether they are true (audit.py).

A figure is only taken where the words say what it counts: the whole, a split or a language. What is removed, drawn from
elsewhere or about another data set is not; what is given as about so many neither.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from polyglot_assets.release.card_page import Text
from polyglot_assets.release.figures import (
    FIGURE,
    MEASURES,
    NOUNS,
    SPLITS,
    Figure,
    Label,
    bare,
    figure_in,
    label_of,
    language_of,
)

_WORDS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_CLAIM = re.compile(
    rf"{FIGURE}\s+(?P<between>(?:[^\s.,;:|()\d]{{1,40}}\s+){{0,4}}?)(?:{NOUNS})\b(?P<after>[^.;|]{{0,60}})"
)
_TOTAL = re.compile(
    rf"\b(?:total|number of (?:{NOUNS})|dataset size)\b(?P<between>[^\d.|]{{0,30}}?){FIGURE}", re.IGNORECASE
)
_LANGUAGES = re.compile(
    rf"\b(?P<number>\d{{1,3}}|{'|'.join(_WORDS)})\s+(?P<between>(?:[\w-]{{1,40}}\s+){{0,2}}?)languages\b", re.IGNORECASE
)
_SPLIT_NAMES = "|".join(SPLITS.values())
_SPLIT_AFTER = re.compile(rf"{FIGURE}\s+(?:[A-Za-z-]{{1,20}}\s+){{0,2}}?(?P<split>{_SPLIT_NAMES})", re.IGNORECASE)
_SPLIT_BEFORE = re.compile(
    rf"(?P<split>{_SPLIT_NAMES})(?:\s+(?:set|split|data))?\s*(?:[:=(]|of|has|contains|holds)\s*{FIGURE}", re.IGNORECASE
)
_WHOLE = re.compile(
    r"\b(?:total|altogether|in all|overall|it has|comprises?|contains?|consists?|holds?|includes?|there are|we release|"
    r"(?:dataset|corpus|collection|release|set) (?:of|has|with|is))\b",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"\b(?:removed?|filter\w*|dropp?\w*|exclud\w*|discard\w*|evaluat\w*|benchmark\w*|held.out|seeds?|raw|tested|"
    r"baseline|deriv\w+|based on|built (?:on|upon|from)|(?:taken|drawn|sampled|translated|adapted|selected|extracted|"
    r"collected|sourced|comes?|came) from|subset of|original(?:ly)?|upstream|parent|unlike|compared (?:to|with)|"
    r"instead of|whereas|earlier|previous(?:ly)?)\b",
    re.IGNORECASE,
)
_PART = re.compile(
    r"\b(?:per|each|every|sampled?|subset|average|before|first|shown?|of these|of them|of which)\b", re.IGNORECASE
)
_ABOUT = re.compile(
    r"(?:about|around|over|than|to|least|most|nearly|almost|approximately|roughly|some|~|≈|[<>])\s*$", re.IGNORECASE
)
_SOME_LANGUAGES = re.compile(
    r"\b(?:other|more|additional|further|another|new|unseen|held|remaining|different from|low|mid|high|\w+-resource|"
    r"least|most|to|over|than|about|these|those|first|last)\b",
    re.IGNORECASE,
)
_VERB = re.compile(r"\b(?:comprises?|contains?|consists?|holds?|includes?|has|covers?|spans?)\b", re.IGNORECASE)
_OURS = re.compile(
    r"^(?:it|this|that|these|they|we|the|our|all|dataset|data|corpus|collection|release|set|version|card|file|table|and|"
    r"also|in|total|which)$",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.!?]\s+|\n\s*\n")
_CLAUSE = re.compile(r"[,:;(.]|\band\b")
_ITEM = re.compile(rf"(?P<label>[^:：]{{1,80}}?)\s*(?:[:：=]|\s[-–—]\s)\s*{FIGURE}(?!\s*[%/–-])(?P<after>.{{0,200}})")  # noqa: RUF001
_NEAR = 500
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")


@dataclass(frozen=True)
class Claim:
    """A figure that a card claims.

    Attributes:
        value: the figure.
        where: line of the card.
        words: the words around it.
        slack: how much the true figure may differ; `86k` may be 85,952.
        language: code of the language that it is about.
        split: the split that it is about. Without either it is about the whole.
    """

    value: int
    where: str
    words: str
    slack: int = 0
    language: str | None = None
    split: str | None = None


@dataclass(frozen=True)
class Sum:
    """Parts that the card gives beside their total."""

    where: str
    total: Claim
    parts: tuple[Claim, ...]


@dataclass(frozen=True)
class Entry:
    """A figure beside its label, as an item of a list or a line of its own."""

    label: str
    says: Label
    figure: Figure
    line: int

    @property
    def claim(self) -> Claim:
        """The entry as a claim."""
        split = self.says.split
        language = None if split or self.says.total else language_of(self.label)
        words = f"{self.label}: {self.figure.value:,}"
        return Claim(self.figure.value, f"line {self.line}", words, self.figure.slack, language, split)


def entry_of(line: str, number: int) -> Entry | None:
    """The entry that a line is, if it is one."""
    found = _ITEM.fullmatch(line[:400])
    if not found or _CLAIM.search(found["label"]):  # a sentence that goes on after a colon
        return None
    label = bare(found["label"])
    counted = re.match(r"\s*([^\W\d]+(?: [^\W\d]+)?)?", found["after"])
    says = label_of(f"{label} {counted[1] or '' if counted else ''}")
    return Entry(label, says, figure_in(found), number)


def sentences(text: Text, titles: Collection[str]) -> Iterator[Claim]:
    """What the sentences of a paragraph say of how large the whole, a split or a language's part is.

    Args:
        text: the paragraph.
        titles: words of the data set's own names.
    """
    prose = _ADDRESS.sub(" ", text.text)
    seen = set()
    for found in (*_CLAIM.finditer(prose), *_TOTAL.finditer(prose)):
        begin, end = _sentence(prose, found.start())
        sentence, before = prose[begin:end].strip(" \n*_-"), prose[begin : found.start("number")]
        groups = found.groupdict()
        between, after = groups["between"], groups.get("after") or ""
        at = found.start("number")
        if at in seen or _ABOUT.search(before) or _ELSEWHERE.search(sentence) or _of_another(before, titles):
            continue
        clause = between + _CLAUSE.split(after)[0] if "after" in groups else ""
        split = label_of(clause).split
        named = {code for name in re.findall(r"\b[A-Z]\w+", between + after) if (code := language_of(name))}
        counted = _LANGUAGES.search(between + after)
        whole = counted or _WHOLE.search(sentence) or sentence.startswith(found["number"])
        if len(named) > 1 or not (whole or named or split) or (not counted and _PART.search(sentence)):
            continue
        if (split and named) or MEASURES.search(clause):
            continue
        seen.add(at)
        figure = figure_in(found)
        language = next(iter(named), None) if not counted else None
        yield Claim(figure.value, _line(text, prose, at), _short(found[0]), figure.slack, language, split)


def split_sums(text: Text, claims: Sequence[Claim]) -> Iterator[Sum]:
    """A paragraph that says how large the whole is and how large its splits: `1,000 examples, 900 for training…`."""
    whole = [claim for claim in claims if claim.split is None and claim.language is None]
    if len(whole) != 1 or _ELSEWHERE.search(text.text):
        return
    parts: dict[str, set[int]] = {}
    for pattern in (_SPLIT_BEFORE, _SPLIT_AFTER):
        for found in pattern.finditer(text.text):
            split = label_of(found["split"]).split
            figure = figure_in(found)
            if split and figure.value != whole[0].value and not figure.slack:
                parts.setdefault(split, set()).add(figure.value)
    if len(parts) > 1 and all(len(values) == 1 for values in parts.values()):
        claimed = [Claim(values.pop(), whole[0].where, split, split=split) for split, values in parts.items()]
        yield Sum(whole[0].where, whole[0], tuple(claimed))


def languages(text: Text, titles: Collection[str]) -> Iterator[Claim]:
    """What the sentences of a paragraph say of the number of languages."""
    prose = _ADDRESS.sub(" ", text.text)
    for found in _LANGUAGES.finditer(prose):
        begin, end = _sentence(prose, found.start())
        before = " ".join(prose[: found.start()].split()[-2:])
        sentence = prose[begin:end]
        if _SOME_LANGUAGES.search(f"{before} . {found['between']}") or _ELSEWHERE.search(sentence):
            continue
        if _of_another(prose[begin : found.start()], titles):
            continue
        number = found["number"].lower()
        value = _WORDS.index(number) + 1 if number in _WORDS else int(number)
        yield Claim(value, _line(text, prose, found.start()), _short(found[0]))


def _of_another(before: str, titles: Collection[str]) -> bool:
    """Whether the words before a figure make it another data set's: `Aya, which contains 513,758 examples`."""
    verbs = list(_VERB.finditer(before))
    if not verbs:
        return False
    subject = re.findall(r"[\w-]+", before[: verbs[-1].start()])[-5:]
    names = [word for word in subject if not _OURS.match(word) and word.casefold() not in titles]
    return any(word[0].isupper() for word in names)


def _sentence(prose: str, at: int) -> tuple[int, int]:
    """Where the sentence around a position begins and ends; of one that does not end, what is near."""
    least, most = max(0, at - _NEAR), min(len(prose), at + _NEAR)
    begin = max((found.end() for found in _ENDS.finditer(prose, least, at)), default=least)
    end = _ENDS.search(prose, at, most)
    return begin, end.start() if end else most


def _line(text: Text, prose: str, at: int) -> str:
    return f"line {text.line + prose.count(chr(10), 0, at)}"


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 60 else words[:59] + "…"
