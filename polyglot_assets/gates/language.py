"""The language gate: whether prompt and answer are in the language that they should be in.

Here: what speaks against a pair, an untranslated prompt included. Not here: reading a text's language (reading.py), and
what counts as copied (leakage.py).
"""

from collections.abc import Iterator

from pydantic import Field

from polyglot_assets.domain import outcomes
from polyglot_assets.domain.outcomes import Outcome
from polyglot_assets.gates.gate import SHARE, TEXT, Column, Finding, Gate, Limits, Objection, Pair
from polyglot_assets.gates.leakage import copied_share, untranslated_share, words_to_translate
from polyglot_assets.gates.own_words import own_words
from polyglot_assets.gates.reading import NO_VERDICT, Reading, read_variant
from polyglot_assets.text.languages import display_name, without_code
from polyglot_assets.text.normal import text_key

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
    by_the_row=False,
)
