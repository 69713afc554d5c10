"""The figures that a card's English sentences claim, and those that stand beside a label such as `Train: 900`.

Here: which of them are about this data set, and of which part of it. Not here: whether they are true (audit.py).

A figure is only taken where the words say what it counts: the whole, a split or a language. What is removed, drawn from
elsewhere or about another data set is not; what is given as about so many neither.
"""

import re
from bisect import bisect
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from polyglot_assets.release.card_page import Text
from polyglot_assets.release.figures import (
    FIGURE,
    MEASURES,
    NOUNS,
    SPLITS,
    WORDS_BELOW_1000,
    Figure,
    Label,
    bare,
    figure_in,
    in_words,
    label_of,
    language_of,
)


def _any_of(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words})\b", re.IGNORECASE)


_CLAIM = re.compile(
    rf"{FIGURE}\s+(?P<between>(?:[^\s.,;:|()\d]{{1,40}}\s+){{0,4}}?)(?:{NOUNS})\b(?P<after>[^.;|]{{0,60}})"
)
# A noun that follows would be what is counted, and rows are found by _CLAIM: `a total of 7 sources`.
_TOTAL = re.compile(
    rf"\b(?:total|number of (?:{NOUNS})|dataset size)\b(?P<between>[^\d.|]{{0,30}}?){FIGURE}"
    r"(?!\s+(?!(?:across|and|as|by|for|from|in|of|on|over|with)\b)[^\W\d])",
    re.IGNORECASE,
)
_LANGUAGES = re.compile(
    rf"(?<![\w-])(?P<number>\d{{1,3}}|{WORDS_BELOW_1000})\s+(?P<between>(?:[\w-]{{1,40}}\s+){{0,2}}?)languages\b",
    re.IGNORECASE,
)
_SPLIT_NAMES = "|".join(SPLITS.values())
_SPLIT_AFTER = re.compile(rf"{FIGURE}\s+(?:[A-Za-z-]{{1,20}}\s+){{0,2}}?(?P<split>{_SPLIT_NAMES})", re.IGNORECASE)
_SPLIT_BEFORE = re.compile(
    rf"(?P<split>{_SPLIT_NAMES})(?:\s+(?:set|split|data))?\s*(?:[:=(]|of|has|contains|holds)\s*{FIGURE}", re.IGNORECASE
)
_WHOLE = _any_of(
    r"total|altogether|in all|overall|it has|comprises?|contains?|consists?|holds?|includes?|there are|we release|"
    r"(?:dataset|corpus|collection|release|set) (?:of|has|with|is)"
)
_ELSEWHERE = _any_of(
    r"removed?|filter\w*|dropp?\w*|exclud\w*|discard\w*|evaluat\w*|benchmark\w*|held.out|seeds?|raw|tested|baseline|"
    r"deriv\w+|based on|built (?:on|upon|from)|(?:taken|drawn|sampled|translated|adapted|selected|extracted|collected|"
    r"sourced|comes?|came) from|subset of|original(?:ly)?|upstream|parent|unlike|compared (?:to|with)|instead of|"
    r"whereas|earlier|previous(?:ly)?"
)
_PART = _any_of(r"per|each|every|sampled?|subset|average|before|first|shown?|of these|of them|of which")
_ABOUT = re.compile(
    r"(?:about|around|over|under|above|below|than|to|or|least|most|nearly|almost|approximately|approx\.?|roughly|circa|"
    r"ca\.?|some|~|≈|[<>≤≥])\s*$",
    re.IGNORECASE,
)
_SOME_LANGUAGES = _any_of(
    r"other|more|additional|further|another|new|unseen|held|remaining|different from|low|mid|high|\w+-resource|least|"
    r"most|largest|smallest|biggest|top|to|over|than|about|these|those|first|last"
)
_KINDS_OF_LANGUAGES = re.compile(r"\b(?:of|out|programming|coding|markup|scripting|source|target|seed)\b|\b[A-Z]")
_VERB = _any_of(r"comprises?|contains?|consists?|holds?|includes?|has|covers?|spans?")
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
        line: of the card.
    """

    value: int
    where: str
    words: str
    slack: int = 0
    language: str | None = None
    split: str | None = None
    line: int = 0


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
        return Claim(self.figure.value, f"line {self.line}", words, self.figure.slack, language, split, self.line)


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
    seen = set()
    for found, before, sentence, line in _own(text, titles, _CLAIM, _TOTAL):
        groups = found.groupdict()
        between, after = groups["between"], groups.get("after") or ""
        if found.start("number") in seen or _ABOUT.search(before):
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
        seen.add(found.start("number"))
        figure = figure_in(found)
        language = next(iter(named), None) if not counted else None
        yield Claim(figure.value, f"line {line}", _short(found[0]), figure.slack, language, split, line)


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
    for found, before, _, line in _own(text, titles, _LANGUAGES):
        near = " ".join(before.split()[-2:])
        if _SOME_LANGUAGES.search(f"{near} . {found['between']}") or _KINDS_OF_LANGUAGES.search(found["between"]):
            continue
        number = found["number"]
        value = int(number) if number.isdecimal() else in_words(number)
        yield Claim(value, f"line {line}", _short(found[0]), line=line)


def _own(
    text: Text, titles: Collection[str], *patterns: re.Pattern[str]
) -> Iterator[tuple[re.Match[str], str, str, int]]:
    """What patterns find in a paragraph, but for what is said of other data: match, words before, sentence, line."""
    prose = _ADDRESS.sub(" ", text.text)
    line_ends = [found.start() for found in re.finditer("\n", prose)]
    for found in (match for pattern in patterns for match in pattern.finditer(prose)):
        begin, end = _sentence(prose, found.start())
        at = found.start("number")
        sentence, before = prose[begin:end].strip(" \n*_-"), prose[begin:at]
        if not _ELSEWHERE.search(sentence) and not _of_another(before, titles):
            yield found, before, sentence, text.line + bisect(line_ends, at)


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


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 60 else words[:59] + "…"
