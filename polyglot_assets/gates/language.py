"""The language gate: which language a text is in, and how much of it is in another one.

Here: the measurement, for one text and the language it should be in. Not here: the detector (languages.py) and the
outcomes wrong_language, mixed_language and not_translated (responses/outcomes.py).

A text is read in passages of a few sentences, so that a good beginning does not hide an English end. A passage is in
another language if it is written in another script, or if the detector finds the asked language unlikely. Unlikely,
not second: on correct text a relative often comes first, but the language itself is then close behind. Code,
formulas, links and quotations are left out, and where too few letters remain there is no verdict.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter

from polyglot_assets.languages import (
    DENSE_SCRIPTS,
    DENSE_WEIGHT,
    MIN_LETTERS,
    SENTENCE_END,
    candidates,
    count_scripts,
    likelihood,
    scripts_of,
    without_code,
)

_QUOTATION = re.compile(r"„[^„“”\n]{3,500}[“”]|“[^“”\n]{3,500}”|«[^«»\n]{3,500}»|「[^「」\n]{3,500}」|"
                        r'(?<!\w)"[^"\n]{3,500}"(?!\w)|^>.*$', re.MULTILINE)  # fmt: skip
_QUOTATION_MARKS = re.compile(r'["„“«「>]')

_PASSAGE = 100
"""Characters of a passage at least: below that the detector errs on correct text."""
_PASSAGES = 10
"""About so many passages at most; those of longer texts are longer, and are judged by their beginnings."""
_READ = 300
"""Characters of a passage that are shown to the detector."""
_SURE = 100
"""Letters from which on the detector's word is taken in full. Shorter text is given the benefit of the doubt."""
_LEAST_FOREIGN = 0.4
"""How sure the detector must be of another language in text that is shorter."""

_DECIDING = {"ja": frozenset({"HIRAGANA", "KATAKANA"}), "ko": frozenset({"HANGUL"}), "th": frozenset({"THAI"}),
             "el": frozenset({"GREEK"}), "he": frozenset({"HEBREW"})}  # fmt: skip
"""Scripts that one language uses, of those that a detector could take for each other."""
_LEAST_DECIDING = 0.04
"""Share of the deciding script among the language's own letters: Chinese has no kana."""
_LEAST_SCRIPT = 0.3
"""Share of a passage's letters that is in the language's script: names and terms are written in Latin everywhere."""


@dataclass(frozen=True)
class Reading:
    """The language of a text that should be in a certain one.

    Attributes:
        code: the language of most of it; None where there is too little text to say.
        score: how sure that is, 0..1.
        foreign_share: share of its letters that are in another language or script than asked, 0..1; None like `code`.
        foreign: the language of most of these.
    """

    code: str | None = None
    score: float | None = None
    foreign_share: float | None = None
    foreign: str | None = None


NO_VERDICT = Reading()


def read(text: str, language: str, least: float) -> Reading:
    """Reads `text`, which should be in `language`.

    Args:
        text: with code, formulas and quotations; they are left out here.
        language: ISO 639 code.
        least: probability that the detector must give to `language` for a passage of at least 100 letters.
    """
    votes: defaultdict[str, float] = defaultdict(float)
    scores: defaultdict[str, float] = defaultdict(float)
    strange: defaultdict[str, float] = defaultdict(float)
    all_letters, foreign_letters = 0.0, 0.0
    for passage in _passages(own_words(text)):
        scripts = count_scripts(passage)
        letters = _weigh(scripts, None)
        if letters < MIN_LETTERS or _is_name(passage, letters):
            continue
        own_letters = _weigh(scripts, scripts_of(language))
        code, score, is_own = _judge(passage, language, least, letters, own_letters, scripts)
        votes[code] += letters
        scores[code] += score * letters
        all_letters += letters
        if is_own:
            # In one sentence a single name in Latin letters may be half of the text.
            foreign_letters += letters - own_letters if letters >= _SURE else 0.0
        else:
            foreign_letters += letters
            strange[code] += letters
    if not votes:
        return NO_VERDICT
    code, weight = max(votes.items(), key=itemgetter(1))
    foreign = max(strange.items(), key=itemgetter(1))[0] if strange else None
    return Reading(code, round(scores[code] / weight, 4), round(foreign_letters / all_letters, 4), foreign)


def _judge(
    passage: str, language: str, least: float, letters: float, own_letters: float, scripts: Counter[str]
) -> tuple[str, float, bool]:
    """(language, score, whether it counts as the asked one) of a passage."""
    in_script = own_letters >= _LEAST_SCRIPT * letters
    deciding = _DECIDING.get(language)
    if in_script and deciding and _weigh(scripts, deciding) > _LEAST_DECIDING * own_letters:
        return language, own_letters / letters, True
    found = candidates(passage[:_READ])
    code, score = next(iter(found.items()))
    chance = likelihood(language, found)
    if not in_script:
        return code if code != language else "und", score, False
    if chance is None or chance >= least * min(1.0, letters / _SURE):
        return language, score if chance is None else chance, True
    if letters < _SURE and score < _LEAST_FOREIGN:
        return language, chance, True
    return code, score, False


def own_words(text: str) -> str:
    """What the text says itself: without code, and without quotations unless it consists of them."""
    plain = without_code(text)
    if _QUOTATION_MARKS.search(plain):
        unquoted = _QUOTATION.sub(" ", plain)
        if 2 * len(unquoted) >= len(plain):
            return unquoted
    return plain


def _passages(text: str) -> Iterator[str]:
    """Neighbouring sentences and lines, put together until they are long enough; a short rest goes with the last."""
    at_least = max(_PASSAGE, len(text) // _PASSAGES)
    pieces: list[str] = []
    size = 0
    waiting = None
    for piece in SENTENCE_END.split(text):
        pieces.append(piece)
        size += len(piece)
        if size >= at_least:
            if waiting:
                yield waiting
            waiting, pieces, size = " ".join(pieces), [], 0
    rest = " ".join(pieces)
    if waiting and size < _PASSAGE:
        yield f"{waiting} {rest}"
    else:
        if waiting:
            yield waiting
        yield rest


def _weigh(scripts: Counter[str], chosen: frozenset[str] | None) -> float:
    return sum(
        number * (DENSE_WEIGHT if script in DENSE_SCRIPTS else 1.0)
        for script, number in scripts.items()
        if chosen is None or script in chosen
    )


def _is_name(passage: str, letters: float) -> bool:
    """Whether a short text looks like a name or a term, which belongs to any language: `The Art of the Fugue`."""
    if letters >= 2.5 * MIN_LETTERS or passage.rstrip()[-1:] in (".", "!", "?", "。"):
        return False
    words = [word for word in passage.split() if word[0].isalpha()]
    return (len(words) < 3 and passage.isascii()) or sum(word[0].isupper() for word in words) > 0.6 * len(words)
