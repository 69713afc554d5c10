"""Reading the language of a text: which one it is in, and how much of it is in another one than it should be.

Here: the measurement, for one text and the language it should be in. Not here: the detectors (text/languages.py), which
words are a text's own (own_words.py), cutting them into passages (passages.py), and what follows for a pair
(language.py).

A text is read in passages of about a sentence, so that neither a good beginning nor every other sentence hides
English. A passage is in another language if it is written in another script, or if CLD2 finds another language in it
and fastText does not overrule that: on correct text a relative sometimes comes first. What counts is running prose:
titles and names do not, nor examples beside their translation, and a sentence that stands alone counts half. Where
neither detector knows the asked language, only what both are sure of is foreign, and there is no verdict on the rest.
Code, formulas, links and quotations are left out, and where too few letters remain there is no verdict either.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from operator import itemgetter

from polyglot_assets.gates.own_words import own_words
from polyglot_assets.gates.passages import Passage, passages
from polyglot_assets.text.languages import (
    candidates,
    is_known,
    is_known_to_cld2,
    likelihood,
    same_to_detectors,
    shares,
)
from polyglot_assets.text.tags import base_of
from polyglot_assets.text.variants import has_usual_script, other_script

_READ = 300
"""Characters of a passage that are shown to fastText."""
_SURE = 100
"""Letters of a text from which on the detectors' word is taken in full. Only a text that is shorter as a whole is given
the benefit of the doubt, not each passage of a longer one."""
_LEAST_FOREIGN = 0.4
"""How sure fastText must be of another language in text that is shorter."""

_SMALL_WORDS = 2
_WHOLLY = 0.96
_THIRD = 100
"""Share of each third of a text, of so many characters at least, that CLD2 must give to the asked language for nothing
else to be looked for: sentences in another one show in it, and reading all passages takes several times as long."""
_MOSTLY_IN_SCRIPT = 0.97
_MOSTLY = 0.8
"""Share of a passage that CLD2 must give to one language for its word to be taken."""
_RIVAL = 0.05
"""fastText overrules CLD2 only if it gives the language that CLD2 found less than this: else the passage is mixed."""
_RESCUE = 0.5
"""Probability that fastText must give to the asked language where CLD2 finds nothing, or a language that fastText does
not know."""
_LEAST_PART = 0.2
"""Share of a longer passage from which a second language in it is no error of CLD2."""
_STRAY = 0.5
"""Weight of what a text in the asked language may well hold here and there: a sentence that stands alone, a sentence
that is mixed, Latin sentences within one in another script. Sentences in a row, or every other one, weigh in full."""
_BLOCK = 1.4
_PLAIN = 0.25
"""Weight of several sentences in a row at the beginning or the end, where a teacher slips into English or did not
finish a translation; of a text in which foreign sentences are fewer than this share."""
_MOST_STRAY = 2
"""Sentences that may stand alone."""
_LEAST_GUESSES = 3
"""Passages in the asked language for which there should be more than fastText's word."""
_SURE_OF_FOREIGN = 0.3
"""Probability that fastText must give to CLD2's language where neither knows the asked one."""
_LEAST_TO_PART = 25
"""Letters of a sentence from which on it is not put together with a neighbour in another language."""
_SWITCHING = {
    "tl": frozenset(
        ["ako", "ang", "dahil", "dito", "hindi", "ikaw", "ito", "iyan", "kapag", "kasi", "kaya", "kung", "lang", "mga",
         "naman", "namin", "natin", "ng", "nila", "niya", "pero", "rin", "sila", "siya", "tayo", "wala", "yung"]
    )
}  # fmt: skip
"""Languages whose speakers change into English within a sentence (Taglish), and their small words; whole sentences in
English are foreign."""


@dataclass(frozen=True)
class Reading:
    """The language of a text that should be in a certain one.

    Attributes:
        code: the language of most of it; None where there is too little text to say, or no detector can.
        score: how sure the detector is of that, 0..1; None like `code`.
        foreign_share: share of its letters that are in another language or script than asked, 0..1, those of stray
            lines and names counted half; None where nothing could be said about any part.
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
        least: probability that fastText must give to `language` in a passage in which CLD2 does not find it.
    """
    verdicts = _verdicts(text, language, least)
    votes: defaultdict[str | None, float] = defaultdict(float)
    scores: defaultdict[str | None, float] = defaultdict(float)
    strange: defaultdict[str, float] = defaultdict(float)
    for part, verdict in verdicts:
        votes[verdict.code] += part.letters
        scores[verdict.code] += verdict.score * part.letters
        if verdict.foreign:
            strange[verdict.foreign] += verdict.foreign_share * part.letters
    if votes.keys() <= {None}:
        return NO_VERDICT
    code, weight = max(votes.items(), key=itemgetter(1))
    foreign = max(strange.items(), key=itemgetter(1))[0] if strange else None
    score = round(scores[code] / weight, 4) if code else None
    return Reading(code, score, round(_foreign_share(verdicts), 4), foreign)


def read_variant(text: str, language: str, least: float) -> Reading:
    """As `read`, of a language with a script or a region: read as the language, and by the letters of its script."""
    if base_of(language) == language:
        return read(text, language, least)
    reading = read(text, base_of(language), least) if has_usual_script(language) else NO_VERDICT
    strange = other_script(own_words(text), language)
    if strange is None or strange[0] <= (reading.foreign_share or 0):
        return reading
    return replace(reading, foreign_share=round(strange[0], 4), foreign=strange[1])


@dataclass(frozen=True)
class _Verdict:
    """What a passage is in; `code` is None where nothing speaks for a language or against the asked one."""

    code: str | None
    score: float
    foreign_share: float = 0.0
    foreign: str | None = None


_UNREAD = _Verdict(None, 0.0)


_Read = tuple[Passage, _Verdict]
"""What was read of a passage, and what it is in."""


def _verdicts(text: str, language: str, least: float) -> list[_Read]:
    whole = Passage(own_words(text), language)
    if (own := _least_share(whole, language)) >= _WHOLLY:
        return [] if whole.is_too_little() else [(whole, _Verdict(language, own))]
    found = passages(whole.text, language, partial(_are_unlike, language))
    found = [passage for passage in found if not passage.is_too_little()]
    letters = sum(passage.letters for passage in found)
    verdicts = [_read(passage, language, least, letters) for passage in found]
    verdicts = [(part, verdict) for part, verdict in verdicts if part.letters]
    if _is_guessed(verdicts, language):
        return [(part, verdict if verdict.foreign else _Verdict("und", verdict.score, 1.0, "und"))
                for part, verdict in verdicts]  # fmt: skip
    return verdicts


def _least_share(whole: Passage, language: str) -> float:
    """The share of `language` in the third of a text that has least of it."""
    if whole.own_letters < _MOSTLY_IN_SCRIPT * whole.letters or not whole.letters:
        return 0.0
    size = len(whole.text) // max(1, min(3, len(whole.text) // _THIRD)) + 1
    forms = same_to_detectors(language)
    least = 1.0
    for start in range(0, len(whole.text), size):
        found = shares(whole.text[start : start + size])
        least = min(least, sum(share for code, share in found.items() if code in forms))
        if least < _WHOLLY:
            break
    return least


def _is_guessed(verdicts: list[_Read], language: str) -> bool:
    """Whether CLD2 knows `language` and finds it in no passage of several that fastText gives to it."""
    own = [part for part, verdict in verdicts if verdict.code == language and not verdict.foreign]
    if len(own) < _LEAST_GUESSES or language in _SWITCHING or not is_known_to_cld2(language):
        return False
    forms = same_to_detectors(language)
    return not any(part.is_decided or not forms.isdisjoint(part.shares) for part in own)


def _foreign_share(verdicts: list[_Read]) -> float:
    letters, foreign = sum(part.letters for part, _ in verdicts), 0.0
    for (part, verdict), weight in zip(verdicts, _weights(verdicts), strict=True):
        if verdict.foreign:
            foreign += verdict.foreign_share * part.letters * weight
        elif verdict.code and letters >= _SURE:
            foreign += part.other_letters() * _STRAY
    if foreign < _PLAIN * letters:
        foreign = min(_PLAIN * letters, foreign + (_BLOCK - 1) * _letters_at_an_end(verdicts))
    return foreign / letters


def _weights(verdicts: list[_Read]) -> list[float]:
    """What the foreign part of each passage weighs.

    An example in a list, beside which its translation stands, weighs nothing, nor do items of few words, unless they
    are nearly all of the text. A sentence that stands alone weighs half, if a text has no more than two such, and so
    does one that is mixed.
    """
    foreign = [verdict.foreign is not None for _, verdict in verdicts]
    lines = {part.line for part, verdict in verdicts if part.is_item and verdict.code and not verdict.foreign}
    around = [False, *foreign, False]
    few = sum(foreign) <= _MOST_STRAY and len(foreign) > 1
    own = sum(part.letters for part, verdict in verdicts if not verdict.foreign)
    is_own = own >= _LEAST_PART * sum(part.letters for part, _ in verdicts)
    weights = []
    for place, (part, verdict) in enumerate(verdicts):
        alone = few and part.sentences == 1 and not (around[place] or around[place + 2])
        is_example = part.is_item and part.sentences == 1 and part.line in lines
        weights.append(
            0.0 if is_example or (is_own and part.is_short) else _STRAY if alone or verdict.foreign_share < 1 else 1.0
        )
    return weights


def _letters_at_an_end(verdicts: list[_Read]) -> float:
    """Letters of the foreign sentences with which a text begins or ends, where these are several."""
    total = 0.0
    for ordered in (verdicts, verdicts[::-1]):
        block = [part for part, _ in takewhile(lambda read: read[1].foreign_share == 1, ordered)]
        if sum(part.sentences for part in block) > 1:
            total += sum(part.letters for part in block)
    return total


def _are_unlike(language: str, one: Passage, other: Passage) -> bool:
    """Whether one of two passages is surely in another language than `language`, and the other one may be in it."""
    if min(one.letters, other.letters) < _LEAST_TO_PART or (one.is_decided and other.is_decided):
        return False
    return _is_surely_foreign(one, language) is not _is_surely_foreign(other, language)


def _is_surely_foreign(passage: Passage, language: str) -> bool:
    if not passage.is_in_script or passage.is_decided:
        return not passage.is_in_script
    if not same_to_detectors(language).isdisjoint(passage.shares) or max(passage.shares.values(), default=0) < _MOSTLY:
        return False
    return (likelihood(language, candidates(passage.text[:_READ])) or 0.0) < _RIVAL


def _read(passage: Passage, language: str, least: float, letters: float) -> _Read:
    """What `passage` is in, a part of a text of so many `letters`, and what of it was read.

    Names and titles say nothing of the language they stand in, so one that is foreign is read again without them. A
    sentence in a list with its translation is an example.
    """
    verdict = _judge(passage, language, least, letters)
    if verdict.foreign is None:
        return passage, verdict
    rest = passage.without_names()
    if rest.letters == passage.letters and not passage.is_item:
        return passage, verdict
    if rest.is_too_little() or (passage.is_item and _is_example(passage, language)):
        rest.letters = 0.0
        return rest, _UNREAD
    verdict = _judge(rest, language, least, letters)
    return (passage if verdict.foreign and 2 * rest.letters > passage.letters else rest), verdict


def _is_example(passage: Passage, language: str) -> bool:
    """Whether one half of an item of a list is in `language` and another one is not."""
    chances = [likelihood(language, candidates(half.text)) or 0.0 for half in passage.halves()]
    return len(chances) > 1 and max(chances) >= _RESCUE > _RIVAL > min(chances)


def _judge(passage: Passage, language: str, least: float, letters: float) -> _Verdict:
    if passage.is_decided:
        return _Verdict(language, passage.own_letters / passage.letters)
    forms = same_to_detectors(language)
    others = {code: share for code, share in passage.shares.items() if code not in forms}
    own = sum(share for code, share in passage.shares.items() if code in forms)
    if passage.is_in_script and own >= _MOSTLY:
        return _Verdict(language, own)
    likely = candidates(passage.text[:_READ])
    if not passage.is_in_script:
        code, score = next(iter((others or likely).items()))
        code = "und" if code in forms else code
        return _Verdict(code, score, 1.0, code)
    if not is_known(language):
        return _unless_sure(passage.shares, likely)
    chance = likelihood(language, likely) or 0.0
    is_mixed = passage.letters >= _SURE and min(own, sum(others.values())) >= _LEAST_PART
    if _is_switched(passage, language, max(own, chance), least) or (
        not is_mixed and _is_likely(language, others, likely, least, letters)
    ):
        return _Verdict(language, chance or own)
    return _foreign(language, own, others, likely, letters)


def _is_switched(passage: Passage, language: str, chance: float, least: float) -> bool:
    """Whether a sentence that CLD2 gives to English is in a language that is spoken so."""
    if language not in _SWITCHING or not {"en"} <= passage.shares.keys() <= {language, "en"}:
        return False
    own = sum(word in _SWITCHING[language] for word in passage.text.lower().split())
    return chance >= least or own >= _SMALL_WORDS


def _foreign(language: str, own: float, others: dict[str, float], likely: dict[str, float], letters: float) -> _Verdict:
    """The verdict on a passage for which fastText does not speak: what CLD2 found in it, else fastText's guess."""
    if others:
        rival, share = next(iter(others.items()))
        foreign = sum(others.values())
        return _Verdict(language if own > share else rival, max(own, share), foreign / (own + foreign), rival)
    code, score = next(iter(likely.items()))
    if likelihood(language, likely) is None or (letters < _SURE and score < _LEAST_FOREIGN):
        return _UNREAD
    code = "und" if code in same_to_detectors(language) else code
    return _Verdict(code, score, 1.0, code)


def _is_likely(language: str, others: dict[str, float], likely: dict[str, float], least: float, letters: float) -> bool:
    """Whether fastText overrules CLD2, which found `others` in a passage, or nothing that it is sure of."""
    chance = likelihood(language, likely)
    if chance is None:
        return False
    if letters < _SURE or not is_known_to_cld2(language):
        return chance >= least * min(1.0, letters / _SURE)
    rival = likelihood(next(iter(others)), likely) if others else None
    if rival is None:  # fastText says nothing about the other language
        return chance >= max(least, _RESCUE)
    return chance >= least and rival < _RIVAL


def _unless_sure(divided: dict[str, float], likely: dict[str, float]) -> _Verdict:
    """The verdict on a passage that should be in a language that no detector knows: on such text they guess."""
    code, chance = next(iter(likely.items()))
    if divided.get(code, 0.0) >= _MOSTLY and chance >= _SURE_OF_FOREIGN:
        return _Verdict(code, chance, 1.0, code)
    return _UNREAD
