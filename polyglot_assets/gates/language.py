"""The language gate: which language a text is in, and how much of it is in another one.

Here: the measurement, for one text and the language it should be in, and what speaks against a pair, an untranslated
prompt included. Not here: the detectors (text/languages.py), which words are a text's own (own_words.py), and what
counts as copied (leakage.py).

A text is read in passages of about a sentence, so that neither a good beginning nor every other sentence hides
English. A passage is in another language if it is written in another script, or if CLD2 finds another language in it
and fastText does not overrule that: on correct text a relative sometimes comes first. A line that stands alone counts
half: that may be titles, names or an error. Where neither detector knows the asked language, only what both are sure of
is foreign, and there is no verdict on the rest. Code, formulas, links and a few quotations are left out, and where too
few letters remain there is no verdict either.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import itemgetter

from pydantic import Field

from polyglot_assets.domain import outcomes
from polyglot_assets.domain.outcomes import Outcome
from polyglot_assets.gates.gate import SHARE, TEXT, Column, Finding, Gate, Limits, Objection, Pair
from polyglot_assets.gates.leakage import copied_share, untranslated_share, words_to_translate
from polyglot_assets.gates.own_words import own_words
from polyglot_assets.text.languages import (
    DENSE_SCRIPTS,
    DENSE_WEIGHT,
    MIN_LETTERS,
    candidates,
    count_scripts,
    display_name,
    is_known,
    is_known_to_cld2,
    likelihood,
    same_to_detectors,
    scripts_of,
    shares,
    without_code,
)
from polyglot_assets.text.normal import text_key
from polyglot_assets.text.tags import base_of
from polyglot_assets.text.variants import has_usual_script, other_script

_SENTENCE_END = re.compile(r"(?<=[.!?;:؟।])\s+|(?<=[。！？；：])|\n+")
"""Where a text may be cut. A half sentence that a colon ends may be in one language and the rest in another."""
_PASSAGE = 60
"""Characters of a passage at least: below that the detectors err on correct text; two sentences in different languages
should not come together in one."""
_PASSAGES = 40
"""About so many passages at most; those of longer texts are longer."""
_READ = 300
"""Characters of a passage that are shown to fastText."""
_SURE = 100
"""Letters of a text from which on the detectors' word is taken in full. Only a text that is shorter as a whole is given
the benefit of the doubt, not each passage of a longer one."""
_LEAST_FOREIGN = 0.4
"""How sure fastText must be of another language in text that is shorter."""

_MOSTLY_OWN = 0.8
"""Share of a passage that CLD2 must give to one language for its word to be taken."""
_RIVAL = 0.05
"""fastText overrules CLD2 only if it gives the language that CLD2 found less than this: else the passage is mixed."""
_RESCUE = 0.5
"""Probability that fastText must give to the asked language where CLD2 finds nothing, or a language that fastText does
not know."""
_LEAST_PART = 0.2
"""Share of a longer passage from which a second language in it is no error of CLD2."""
_STRAY = 0.5
"""Weight of what a text in the asked language may well hold here and there: a line of titles or names that the
detectors take for another language, a line that is quoted, names in another script. Whole sentences in a row, or every
other one, weigh in full."""
_MOST_STRAY = 2
"""Passages that may be such lines."""
_SURE_OF_FOREIGN = 0.3
"""Probability that fastText must give to CLD2's language where neither knows the asked one."""

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
    votes: defaultdict[str | None, float] = defaultdict(float)
    scores: defaultdict[str | None, float] = defaultdict(float)
    strange: defaultdict[str, float] = defaultdict(float)
    passages = [_Passage(text, language) for text in _passages(own_words(text))]
    passages = [passage for passage in passages if not passage.is_too_little()]
    letters = sum(passage.letters for passage in passages)
    verdicts = [_judge(passage, language, least, letters) for passage in passages]
    stray = _stray([verdict.foreign is not None for verdict in verdicts])
    foreign_letters = 0.0
    for number, (passage, verdict) in enumerate(zip(passages, verdicts, strict=True)):
        votes[verdict.code] += passage.letters
        scores[verdict.code] += verdict.score * passage.letters
        if verdict.foreign:
            strange[verdict.foreign] += verdict.foreign_share * passage.letters
            foreign_letters += verdict.foreign_share * passage.letters * (_STRAY if number in stray else 1)
        elif verdict.code and letters >= _SURE:
            # In one sentence a single name in Latin letters may be half of the text.
            foreign_letters += (passage.letters - passage.own_letters) * _STRAY
    if votes.keys() <= {None}:
        return NO_VERDICT
    code, weight = max(votes.items(), key=itemgetter(1))
    foreign = max(strange.items(), key=itemgetter(1))[0] if strange else None
    score = round(scores[code] / weight, 4) if code else None
    return Reading(code, score, round(foreign_letters / letters, 4), foreign)


def read_variant(text: str, language: str, least: float) -> Reading:
    """As `read`, of a language with a script or a region: read as the language, and by the letters of its script."""
    reading = read(text, base_of(language), least) if has_usual_script(language) else NO_VERDICT
    strange = other_script(own_words(text), language)
    if strange is None or strange[0] <= (reading.foreign_share or 0):
        return reading
    return replace(reading, foreign_share=round(strange[0], 4), foreign=strange[1])


def _stray(foreign: list[bool]) -> set[int]:
    """The places of foreign passages that stand alone among others, if a text has no more than two such passages."""
    if sum(foreign) > _MOST_STRAY or len(foreign) == 1:
        return set()
    around = [False, *foreign, False]
    return {
        place for place, is_foreign in enumerate(foreign) if is_foreign and not (around[place] or around[place + 2])
    }


class _Passage:
    """A part of a text, with its letters: all, in the scripts of the asked language, and in those that decide."""

    def __init__(self, text: str, language: str) -> None:
        own, deciding = scripts_of(language), _DECIDING.get(language, ())
        self.text = text
        self.letters = self.own_letters = self.deciding_letters = 0.0
        for script, number in count_scripts(text).items():
            weight = number * (DENSE_WEIGHT if script in DENSE_SCRIPTS else 1.0)
            self.letters += weight
            if script in own:
                self.own_letters += weight
            if script in deciding:
                self.deciding_letters += weight

    def is_too_little(self) -> bool:
        return self.letters < MIN_LETTERS or _is_name(self.text, self.letters)


@dataclass(frozen=True)
class _Verdict:
    """What a passage is in; `code` is None where nothing speaks for a language or against the asked one."""

    code: str | None
    score: float
    foreign_share: float = 0.0
    foreign: str | None = None


_UNREAD = _Verdict(None, 0.0)


def _judge(passage: _Passage, language: str, least: float, letters: float) -> _Verdict:
    """What `passage` is in, a part of a text of so many `letters`."""
    in_script = passage.own_letters >= _LEAST_SCRIPT * passage.letters
    if in_script and passage.deciding_letters > _LEAST_DECIDING * passage.own_letters:
        return _Verdict(language, passage.own_letters / passage.letters)
    forms = same_to_detectors(language)
    divided = shares(passage.text)
    others = {code: share for code, share in divided.items() if code not in forms}
    own = sum(share for code, share in divided.items() if code in forms)
    if in_script and own >= _MOSTLY_OWN:
        return _Verdict(language, own)
    likely = candidates(passage.text[:_READ])
    if not in_script:
        code, score = next(iter((others or likely).items()))
        code = "und" if code in forms else code
        return _Verdict(code, score, 1.0, code)
    if not is_known(language):
        return _unless_sure(divided, likely)
    is_mixed = passage.letters >= _SURE and min(own, sum(others.values())) >= _LEAST_PART
    if not is_mixed and _is_likely(language, others, likely, least, letters):
        return _Verdict(language, likelihood(language, likely) or own)
    return _foreign(language, own, others, likely, letters)


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
    if divided.get(code, 0.0) >= _MOSTLY_OWN and chance >= _SURE_OF_FOREIGN:
        return _Verdict(code, chance, 1.0, code)
    return _UNREAD


def _passages(text: str) -> Iterator[str]:
    """Neighbouring sentences and lines, put together until they are long enough; a short rest goes with the last."""
    at_least = max(_PASSAGE, len(text) // _PASSAGES)
    pieces: list[str] = []
    size = 0
    waiting = None
    for piece in _SENTENCE_END.split(text):
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


def _is_name(passage: str, letters: float) -> bool:
    """Whether a short text looks like a name or a term, which belongs to any language: `The Art of the Fugue`."""
    if letters >= 2.5 * MIN_LETTERS or passage.rstrip()[-1:] in (".", "!", "?", "。"):
        return False
    words = [word for word in passage.split() if word[0].isalpha()]
    return (len(words) < 3 and passage.isascii()) or sum(word[0].isupper() for word in words) > 0.6 * len(words)


NOT_TRANSLATED = Outcome(
    "not_translated",
    outcomes.GATES,
    "the prompt of `translate` is still English, wholly or in a part of it; numbers, formulas and code need no "
    "translation",
)
WRONG_LANGUAGE = Outcome(
    "wrong_language", outcomes.GATES, "prompt or answer in another language than the cell's, for the greater part"
)
MIXED_LANGUAGE = Outcome("mixed_language", outcomes.GATES, "a good part of prompt or answer is in another language")
MOSTLY = 0.5
"""From this share on a text is in the other language, below it is mixed."""


class LanguageLimits(Limits):
    """How much of another language is too much."""

    language_likelihood: float = Field(
        default=0.2,
        gt=0,
        le=1,
        description="Where CLD2 does not find the asked language in a passage, fastText must give it at least this "
        "(0 to 1), or the passage is in another language.",
    )
    foreign_share: float = Field(
        default=0.12,
        gt=0,
        description="From this share of letters in other languages or scripts on a text is `mixed_language`, from one "
        "half on `wrong_language`. One or two lines that stand alone, and names in another script, count half.",
    )
    echo_share: float = Field(
        default=0.3,
        gt=0,
        description="From this share of words copied from the untranslated prompt on, numbers aside, a translation is "
        "`not_translated`; in the prompt the longest stretch counts twice.",
    )


def _assess(pair: Pair, limits: LanguageLimits) -> Finding:
    # The language of a seed's own prompt is the source's claim, not the teacher's work.
    asked = pair.variant or pair.language
    prompt = read_variant(pair.prompt, asked, limits.language_likelihood) if pair.invented else NO_VERDICT
    response = read_variant(pair.response, asked, limits.language_likelihood)
    prompt_echo = untranslated_share(own_words(pair.prompt), pair.original) if pair.original else None
    response_echo = copied_share(own_words(pair.response), pair.original) if pair.original else None
    measured = {
        "prompt_language": prompt.code,
        "prompt_language_score": prompt.score,
        "response_language": response.code,
        "response_language_score": response.score,
        "prompt_foreign_share": prompt.foreign_share,
        "response_foreign_share": response.foreign_share,
        "prompt_echo_share": prompt_echo,
        "response_echo_share": response_echo,
    }
    return Finding(measured, _objections(pair, prompt, response, (prompt_echo or 0, response_echo or 0), limits))


def _objections(
    pair: Pair, prompt: Reading, response: Reading, echoes: tuple[float, float], limits: LanguageLimits
) -> Iterator[Objection]:
    if pair.original:
        yield from _translation_objections(pair, prompt, echoes[0], limits)
    named = (("prompt", prompt), ("response", response))
    for name, reading in named:
        if (reading.foreign_share or 0) >= max(MOSTLY, limits.foreign_share):
            language = _named(reading.foreign or "und", reading.score)
            yield WRONG_LANGUAGE, f"the {name} is in {language}, not in {display_name(pair.variant or pair.language)}"
    if echoes[1] >= limits.echo_share:
        yield NOT_TRANSLATED, f"{echoes[1]:.0%} of the response are the untranslated prompt"
    for name, reading in named:
        if (reading.foreign_share or 0) >= limits.foreign_share:
            language = _named(reading.foreign or "und", None)
            yield MIXED_LANGUAGE, f"{reading.foreign_share:.0%} of the {name} is in {language}"


def _translation_objections(pair: Pair, prompt: Reading, echo: float, limits: LanguageLimits) -> Iterator[Objection]:
    same = text_key(pair.prompt) == pair.seed_key
    if same and words_to_translate(without_code(pair.original)):  # `2 + 2 = ?` is the same in all languages
        yield NOT_TRANSLATED, f"the prompt is the {display_name(pair.seed_language)} one, word for word"
    if prompt.code == pair.seed_language and (prompt.foreign_share or 0) >= MOSTLY:
        yield NOT_TRANSLATED, f"the prompt is still in {_named(prompt.code, prompt.score)}"
    if echo >= limits.echo_share:
        share = f"{echo:.0%} of the prompt are copied from the untranslated one"
        yield NOT_TRANSLATED, f"{share}, the longest stretch counted twice"


def _named(code: str | None, score: float | None) -> str:
    try:
        name = "another language" if code in (None, "und") else display_name(str(code))
    except LookupError:
        name = str(code)
    return name if score is None else f"{name} ({score:.2f})"


GATE = Gate(
    "language",
    "which language prompt and answer are in, and what of a translation was left as it was",
    decides=50,
    joined=10,
    outcomes=(NOT_TRANSLATED, WRONG_LANGUAGE, MIXED_LANGUAGE),
    columns=(
        Column("prompt_language", TEXT, "Detected language of `prompt`, null if too short to say", in_examples=False),
        Column("prompt_language_score", SHARE, "Detector's confidence, 0..1"),
        Column(
            "response_language", TEXT, "Detected language of `response`, null if too short to say", in_examples=False
        ),
        Column("response_language_score", SHARE, "Detector's confidence, 0..1"),
        Column("prompt_foreign_share", SHARE, "Share of the prompt's letters in another language or script, 0..1"),
        Column("response_foreign_share", SHARE, "Share of the response's letters in another language or script, 0..1"),
        Column("prompt_echo_share", SHARE, "Share of the prompt copied from the untranslated one, 0..1"),
        Column("response_echo_share", SHARE, "Share of the response copied from the untranslated prompt, 0..1"),
    ),
    limits=LanguageLimits,
    assess=_assess,
)
