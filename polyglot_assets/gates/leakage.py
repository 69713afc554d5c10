"""The leakage gate: words of the request that come back in the answer.

Here: the longest run of words that an answer shares with the instructions that the teacher was given, and the share
of a translation that was copied from the original. Not here: the instructions themselves (prompts/templates).

What the seed and the examples say does not count: an answer may quote its question. Numbers and the letters of formulas
are no copies: every translation keeps them.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import compress, groupby
from operator import itemgetter

from pydantic import Field

from polyglot_assets.domain import outcomes
from polyglot_assets.domain.outcomes import Outcome
from polyglot_assets.gates.gate import COUNT, Column, Finding, Gate, Limits, Pair

_WORD = re.compile(r"\w+")
_RUN = 4
"""Words that must follow each other as in the instructions before they count at all."""
_DIFFERENT = 3
"""Different words in such a run of a translation: in `5 km + 6 km + 7 km + 8 km` only the unit is left."""
_STRETCH = 4
"""Words in a stretch that was left untranslated at least."""

Runs = frozenset[tuple[str, ...]]


def leaked_words(text: str, instructions: tuple[str, ...], material: Iterable[str] = ()) -> int:
    """Length in words of the longest run in `text` that is taken from `instructions`; 0 below four words.

    Args:
        text: what the teacher wrote.
        instructions: the texts of the template as the teacher saw them, without what was filled in.
        material: whole messages as the teacher saw them. A run that stands there oftener than in the instructions was
            filled in.
    """
    own = _runs(instructions)
    words = _words(text)
    marks = [run in own for run in _each(words)]
    if True not in marks:
        return 0
    filled_in = _filled_in(instructions, material, {run for run, mark in zip(_each(words), marks, strict=True) if mark})
    longest = length = 0
    for run, mark in zip(_each(words), marks, strict=True):
        length = length + 1 if mark and run not in filled_in else 0
        longest = max(longest, length)
    return longest + _RUN - 1 if longest else 0


def copied_share(text: str, source: str) -> float:
    """The share of `text`'s words that were copied from `source` in runs of four or more, by their letters, 0..1.

    Numbers are left out on both sides.
    """
    words = words_to_translate(text)
    copied = _copied(words, source)
    return round(_letters(words, copied) / _letters(words), 4) if True in copied else 0.0


def untranslated_share(text: str, source: str) -> float:
    """As `copied_share`, for a `text` that should be a translation of `source`: its longest stretch counts twice.

    Names and terms that are kept lie scattered; an end that was left as it was is one stretch. A title is one too, so
    a stretch must be of six words at least, and at least half of them written small in `text`.
    """
    words = words_to_translate(text)
    copied = _copied(words, source)
    if True not in copied:
        return 0.0
    small = {word for word in _WORD.findall(text) if not word[:1].isupper()}
    left = max((_letters(stretch) for stretch in _stretches(words, copied) if _is_prose(stretch, small)), default=0)
    return round(min(1.0, max(_letters(words, copied), 2 * left) / _letters(words)), 4)


def _copied(words: list[str], source: str) -> list[bool]:
    """For each of `words` whether it stands in a run of four that `source` has too."""
    own = frozenset(run for run in _each(words_to_translate(source)) if len(set(run)) >= _DIFFERENT)
    copied = [False] * len(words)
    for place, run in enumerate(_each(words)):
        if run in own:
            copied[place : place + _RUN] = [True] * _RUN
    return copied


def _letters(words: list[str], chosen: list[bool] | None = None) -> int:
    return sum(map(len, words if chosen is None else compress(words, chosen)))


def _stretches(words: list[str], copied: list[bool]) -> Iterator[list[str]]:
    """The longest runs of copied words."""
    for is_copied, group in groupby(zip(words, copied, strict=True), key=itemgetter(1)):
        if is_copied:
            yield [word for word, _ in group]


def _is_prose(stretch: list[str], small: set[str]) -> bool:
    return len(stretch) >= _STRETCH and 2 * sum(word in small for word in stretch) >= len(stretch)


def words_to_translate(text: str) -> list[str]:
    """The words of `text`, case folded, without numbers (also `3rd` and `5km`) and the single letters of formulas."""
    return [word for word in _words(text) if not word[0].isdecimal() and (len(word) > 1 or not word.isascii())]


def _filled_in(instructions: tuple[str, ...], material: Iterable[str], runs: set[tuple[str, ...]]) -> Runs:
    given = [run for text in material for run in _each(_words(text)) if run in runs]
    own = [run for text in instructions for run in _each(_words(text)) if run in runs]
    return frozenset(run for run in runs if given.count(run) > own.count(run))


@lru_cache(maxsize=256)
def _runs(texts: tuple[str, ...]) -> Runs:
    return frozenset(run for text in texts for run in _each(_words(text)))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _each(words: list[str]) -> Iterable[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(_RUN)), strict=False)


LEAKED = Outcome("leaked", outcomes.GATES, "words of the template in prompt or answer")


class LeakageLimits(Limits):
    """How many words are too many."""

    leaked_words: int = Field(
        default=7, ge=_RUN, description="So many words of the template in a row make a text `leaked`."
    )


def _assess(pair: Pair, limits: LeakageLimits) -> Finding:
    words = max(leaked_words(text, pair.instructions, pair.messages) for text in pair.written)
    objections = [(LEAKED, f"{words} words in a row are the template's own")] if words >= limits.leaked_words else []
    return Finding({"leaked_words": words}, objections)


GATE = Gate(
    "leakage",
    "words of the request that come back in the answer",
    decides=10,
    joined=40,
    outcomes=(LEAKED,),
    columns=(Column("leaked_words", COUNT, "Longest run of words taken from the template; 0 below four"),),
    limits=LeakageLimits,
    assess=_assess,
    by_the_row=False,
)
