"""The repetition gate: text that goes round in circles.

Here: the share of a text that is loops, and an answer that is its own prompt. Not here: duplicates of other rows
(curation/duplicates.py).

A loop is a stretch that follows upon itself at least twice more, letter by letter; a line that comes again and again,
the number that it begins with aside; eight sentences or more of which each is the one before but for one word, which
is also what a line does that grows by a word each time; and twenty rows or list items or more with nothing in them.
All are counted in characters, so that languages without spaces are measured like all others. Tables, lists, refrains
and enumerations repeat their beginnings and their frame, not whole stretches in direct succession; a plan of the
week has seven lines.

Code, sums and decimals repeat themselves for good reasons: a matrix of zeros, the rows of a table, 25 + 25 + 25 + 25,
0.3333. So a block of code stands for one word unless it goes round twenty times or comes three times itself, sums and
figures count only where they are endless, and lines with several numbers are steps of a calculation.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from zlib import crc32

from pydantic import Field

from polyglot_assets.domain import outcomes
from polyglot_assets.domain.outcomes import Outcome
from polyglot_assets.gates.gate import SHARE, Column, Finding, Gate, Limits, Objection, Pair
from polyglot_assets.gates.length import measured_length
from polyglot_assets.text.languages import SENTENCE_END
from polyglot_assets.text.normal import text_key

_GRAM = 12
"""Characters that must be equal to count as the same place: longer than the frame of most lists."""
_FEW = 0.05
"""A text in which fewer of these places come again has no loop worth looking for."""
_ROUNDS = 1.75
"""A stretch must come again so often: the last time may lack its end."""
_ROUNDS_IN_CODE = 20
_TIMES = 3
"""A line must stand there so often."""
_LONG = 1500
"""The share of a longer text is taken of so many characters."""
_LINE = 20
"""Letters from which on a line counts as a line of text; shorter ones are labels, table rows and verses."""
_SHORT_LINE, _SHORT_TIMES = 6, 10
"""Shorter lines, from so many letters on, count where they stand there so often, one after the other: `7. Be kind.`"""
_FRAMES = 7
"""Sentences that are the one before but for one word, from which on they are a loop."""
_FRAMED = 20
"""Characters of such a sentence at least."""
_OTHER_WORD, _OTHER_SHARE = 16, 0.25
"""Characters in which it may differ, and their share of it."""
_BULLETS = ".:)] *•-–—"
_NO_SENTENCE = re.compile(r"[{}<>=|;\\`]|://")
"""Marks of code, tables and lists of links, which repeat their frames for good reasons."""
_EMPTY_LINES = 20
_EMPTY = re.compile(
    r"^[ \t]*(?:\|?[ \t]*\d+[ \t]*[|.)]|\||[*•+-])(?:[ \t|…]|[-–—_.](?![-–—_.]))*$", re.MULTILINE)  # fmt: skip
"""A row or list item with nothing in it but, at most, its number; rules and borders are none."""
_ENDLESS = 300
"""Characters from which on repeated figures are neither a sum nor a decimal."""
_TERM = 12
"""Letters in a term at most: `3 apples + `."""
_FIGURES = re.compile(r"\d+")
_COUNTER = re.compile(r"\d{1,4}(?!\d)")
_OPERATOR = re.compile(r"[+*/=×·÷−]|\d *[-x] *\d")
_BLOCK = re.compile(r"```.*?(?:```|\Z)|~~~.*?~~~|\$\$.*?\$\$|\\\[.{0,2000}?\\\]", re.DOTALL)
_COUNT = re.compile(r"^\D{0,20}?\d+(?=[.):\]：）、．](?!\d))")
"""The number of a step at the beginning of a line: `12)`, `Step 12:`."""
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_RULE = re.compile(r"[\s|:=_*#~.\-–—─━+]{4,}")
"""Rules, borders of tables and dotted lines: repetitive on purpose."""
_SPACE = re.compile(r"\s+")


def repeated_share(text: str) -> float:
    """The share of `text`'s characters that only repeat what stood before, 0..1.

    In a long text it is the share of 1,500 characters: a good beginning does not make an endless end better.
    """
    plain = _fold(text)
    size = len(plain)
    empty = _empty_share(text)
    if size < 3 * _GRAM:
        return max(empty, _share_of_one_character(plain))
    # Every second place is enough to see that something comes again: what stands there three times stands twice at
    # an even distance. Figures are left out, as they count up.
    unnumbered = _COUNTER.sub("", plain)
    sample = [unnumbered[start : start + _GRAM] for start in range(0, len(unnumbered) - _GRAM + 1, 2)]
    if len(sample) - len(set(sample)) < _FEW * len(sample):
        return empty
    prose = _without_blocks(text)
    pieces = _pieces(prose)
    repeated = max(_looped(_fold(prose), _ROUNDS), _line_characters(pieces), _framed_characters(pieces))
    if prose != text:
        repeated = max(repeated, _looped(plain, _ROUNDS_IN_CODE))
    return max(empty, round(min(1.0, repeated / min(size, _LONG)), 4))


def _empty_share(text: str) -> float:
    """The share of rows and list items with nothing in them, if there are many."""
    if text.count("\n") < _EMPTY_LINES or len(_EMPTY.findall(text)) < _EMPTY_LINES:
        return 0.0
    sizes = [len(row[0]) for row in _EMPTY.finditer(_without_blocks(text))]
    return round(min(1.0, sum(sizes) / min(len(text), _LONG)), 4) if len(sizes) >= _EMPTY_LINES else 0.0


def _fold(text: str) -> str:
    return _SPACE.sub(" ", _RULE.sub("\n", text)).strip()


def _without_blocks(text: str) -> str:
    """`text` with a word in the place of each block of code or formula: the same for the same block.

    With nothing there, the words between blocks would follow upon each other. A block that comes again and again stays.
    """
    times = Counter(_BLOCK.findall(text))
    if not times:
        return text
    return _BLOCK.sub(
        lambda block: block[0] if times[block[0]] >= _TIMES else f" {crc32(block[0].encode(errors='replace')):08x} ",
        text,
    )


def _looped(plain: str, rounds: float) -> int:
    """Characters in loops, the first time round not counted.

    Where a text repeats itself, the distance to the same place before is constant. A stretch of constant distance d
    that lasts for nearly 2·d characters or more is a third time round.
    """
    grams = [plain[start : start + _GRAM] for start in range(len(plain) - _GRAM + 1)]
    seen: dict[str, int] = {}
    looped = begin = distance = 0
    for place, gram in enumerate(grams):
        if not distance or grams[place - distance] != gram:
            looped += _worth(plain, begin, place, distance, rounds)
            begin, distance = place, place - seen.get(gram, place)
        seen[gram] = place
    return looped + _worth(plain, begin, len(grams), distance, rounds)


def _worth(plain: str, begin: int, end: int, distance: int, rounds: float) -> int:
    """Characters of a stretch in which every place stood `distance` before, if that is a loop."""
    characters = end - begin + _GRAM - 1
    if not distance or characters < max(rounds * distance, 2 * _GRAM):
        return 0
    return 0 if characters < _ENDLESS and _is_calculation(plain[begin : begin + distance]) else characters


def _is_calculation(once: str) -> bool:
    """Whether a stretch that comes again is digits (`3`, `0, `) or a term of a sum (`25 + `, `3 apples + `)."""
    letters = sum(map(str.isalpha, once))
    return bool(_FIGURES.search(once)) and (not letters or (letters <= _TERM and bool(_OPERATOR.search(once))))


def _pieces(prose: str) -> list[str]:
    """The sentences and lines of `prose`, without the numbers of lists that stand alone."""
    pieces = (piece.strip() for piece in SENTENCE_END.split(prose))
    return [piece for piece in pieces if piece and not piece.rstrip(".)").isdecimal()]


def _line_characters(pieces: list[str]) -> int:
    """Characters of lines and sentences that stand there again and again, the first time not counted.

    A short one must follow upon such a one: labels and headings come again too, each with a text of its own.
    """
    lines = list(map(_without_count, pieces))
    times = Counter(lines)
    letters = {line: sum(map(str.isalpha, line)) for line, number in times.items() if number >= _TIMES}
    repeated = sum(len(line) * (times[line] - 1) for line in letters if letters[line] >= _LINE)
    short = {line for line, number in letters.items() if _SHORT_LINE <= number < _LINE and times[line] >= _SHORT_TIMES}
    if short:
        repeated += sum(len(line) for before, line in pairwise(lines) if line in short and before in short)
    return repeated


def _framed_characters(pieces: list[str]) -> int:
    """Characters of sentences that are one of the two before but for one word, if there are many."""
    if len(pieces) <= _FRAMES:
        return 0
    lines = [_COUNT.sub("", piece, count=1).lstrip(_BULLETS) for piece in pieces if not _NO_SENTENCE.search(piece)]
    lines = [line for line in lines if len(line) >= _FRAMED]
    sizes = [
        len(line)
        for place, line in enumerate(lines)
        if any(_differ_in_one_word(line, other) for other in lines[max(0, place - 2) : place])
    ]
    return sum(sizes) if len(sizes) >= _FRAMES else 0


def _differ_in_one_word(line: str, other: str) -> bool:
    longer, shorter = max(len(line), len(other)), min(len(line), len(other))
    allowed = min(_OTHER_WORD, _OTHER_SHARE * longer)
    # Of twenty characters fifteen are the same, so seven or more at one end: seen without counting.
    if longer - shorter > allowed or (line[:7] != other[:7] and line[-7:] != other[-7:]):
        return False
    same = _same_beginning(line, other)
    end = min(shorter - same, _same_beginning(line[::-1], other[::-1]))
    changed = line[same : len(line) - end] + other[same : len(other) - end]
    return longer - same - end <= allowed and not _FIGURES.search(changed)


def _same_beginning(line: str, other: str) -> int:
    """Characters with which both begin."""
    pairs = enumerate(zip(line, other, strict=False))
    return next((place for place, (one, two) in pairs if one != two), min(len(line), len(other)))


def _without_count(line: str) -> str:
    """`line` without what a loop counts up: the number of the step, or else the only number in it."""
    if _COUNT.match(line):
        return _FIGURES.sub("0", line, count=1)
    return _NUMBER.sub("0", line) if len(set(_NUMBER.findall(line))) == 1 else line


def _share_of_one_character(text: str) -> float:
    """For very short text: `!!!!!!!!!!`, `ああああああ`."""
    if len(text) < _GRAM:
        return 0.0
    character, number = Counter(text).most_common(1)[0]
    share = number / len(text)
    return round(share, 4) if share > 0.8 and not character.isdigit() else 0.0


REPETITIVE = Outcome(
    "repetitive",
    outcomes.GATES,
    "goes round in circles, also with a word changed each time, or the answer is the prompt (a seed's own prompt from "
    "20 letters on)",
)
_ECHO = 20
"""Letters (see length.py) from which on a seed's prompt cannot be its own answer; to `Hello!` it can."""


class RepetitionLimits(Limits):
    """How much of a text may be loops."""

    repeated_share: float = Field(default=0.2, gt=0, description="From this share of loops on a text is `repetitive`.")


def _assess(pair: Pair, limits: RepetitionLimits) -> Finding:
    share = max(map(repeated_share, pair.written))
    return Finding({"repeated_share": share}, _objections(pair, share, limits))


def _objections(pair: Pair, share: float, limits: RepetitionLimits) -> Iterator[Objection]:
    if share >= limits.repeated_share:
        yield REPETITIVE, f"{share:.0%} of the text repeats itself"
    # Nearly all differ in the first character, which is seen much faster than a hash of both.
    if _first(pair.prompt) != _first(pair.response) or text_key(pair.prompt) != text_key(pair.response):
        return
    reason = "the response is the prompt, word for word"
    letters = measured_length("".join(filter(str.isalpha, pair.prompt)))
    if pair.invented:
        yield REPETITIVE, reason
    elif letters >= _ECHO:
        yield REPETITIVE, f"{reason} ({letters:,} letters; from {_ECHO} on a seed's own prompt is no answer)"


def _first(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:4]).casefold()[:1]


GATE = Gate(
    "repetition",
    "text that goes round in circles",
    decides=30,
    joined=30,
    outcomes=(REPETITIVE,),
    columns=(Column("repeated_share", SHARE, "Share of prompt or response that is loops, 0..1"),),
    limits=RepetitionLimits,
    assess=_assess,
)
