"""The repetition gate: text that goes round in circles.

Here: the share of a text that is loops. Not here: duplicates of other rows (marts).

A loop is a stretch that follows upon itself at least twice more, letter by letter, or a long line that comes again and
again, its numbers aside. Both are counted in characters, so that languages without spaces are measured like all
others. Tables, lists, refrains and enumerations repeat their beginnings and their frame, not whole stretches in direct
succession.
"""

import re
from collections import Counter

from polyglot_assets.languages import SENTENCE_END, without_code

_GRAM = 12
"""Characters that must be equal to count as the same place: longer than the frame of most lists."""
_FEW = 0.05
"""A text in which fewer of these places come again has no loop worth looking for."""
_ROUNDS = 1.75
"""A stretch must come again so often: the last time may lack its end."""
_TIMES = 3
"""A line must stand there so often."""
_LONG = 1500
"""The share of a longer text is taken of so many characters."""
_LINE = 20
"""Letters from which on a line counts as a line of text; shorter ones are labels, table rows and verses."""
_NUMBER = re.compile(r"\d+")
_RULE = re.compile(r"[\s|:=_*#~.\-–—─━+]{4,}")
"""Rules, borders of tables and dotted lines: repetitive on purpose."""
_SPACE = re.compile(r"\s+")


def repeated_share(text: str) -> float:
    """The share of `text`'s characters that only repeat what stood before, 0..1.

    In a long text it is the share of 1,500 characters: a good beginning does not make an endless end better.
    """
    plain = _SPACE.sub(" ", _RULE.sub("\n", text)).strip()
    size = len(plain)
    if size < 3 * _GRAM:
        return _share_of_one_character(plain)
    # Every second place is enough to see that something comes again: what stands there three times stands twice at
    # an even distance.
    sample = [plain[start : start + _GRAM] for start in range(0, size - _GRAM + 1, 2)]
    if len(sample) - len(set(sample)) < _FEW * len(sample):
        return 0.0
    grams = [plain[start : start + _GRAM] for start in range(size - _GRAM + 1)]
    return round(min(1.0, max(_looped(grams), _line_characters(text)) / min(size, _LONG)), 4)


def _looped(grams: list[str]) -> int:
    """Characters in loops, the first time round not counted.

    Where a text repeats itself, the distance to the same place before is constant. A stretch of constant distance d
    that lasts for nearly 2·d characters or more is a third time round.
    """
    seen: dict[str, int] = {}
    looped = begin = distance = 0
    for place, gram in enumerate(grams):
        if not distance or grams[place - distance] != gram:
            looped += _worth(place - begin, distance)
            begin, distance = place, place - seen.get(gram, place)
        seen[gram] = place
    return looped + _worth(len(grams) - begin, distance)


def _worth(places: int, distance: int) -> int:
    """Characters of a stretch in which every place stood `distance` before, if that is a loop."""
    characters = places + _GRAM - 1
    return characters if distance and characters >= _ROUNDS * distance and characters >= 2 * _GRAM else 0


def _line_characters(text: str) -> int:
    """Characters of long lines and sentences that stand there at least three times, the first time not counted."""
    lines = (_NUMBER.sub("0", piece.strip()) for piece in SENTENCE_END.split(without_code(text)))
    times = Counter(line for line in lines if sum(map(str.isalpha, line)) >= _LINE)
    return sum(len(line) * (number - 1) for line, number in times.items() if number >= _TIMES)


def _share_of_one_character(text: str) -> float:
    """For very short text: `!!!!!!!!!!`, `ああああああ`."""
    if len(text) < _GRAM:
        return 0.0
    character, number = Counter(text).most_common(1)[0]
    share = number / len(text)
    return round(share, 4) if share > 0.8 and not character.isdigit() else 0.0
