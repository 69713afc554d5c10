"""All gates on one pair: what was measured, and from which figure on a pair is rejected.

Here: which gate looks at which text, and the thresholds. Not here: each gate's measurement (the modules beside this
one), and the order in which they decide (responses/outcomes.py).

A gate looks at what the teacher wrote: the answer, and the prompt where the teacher invented or translated it. Only
personal data are looked for in the seed's own prompt too, since that is published just the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from polyglot_assets.gates.debris import debris
from polyglot_assets.gates.language import NO_VERDICT, Reading, own_words, read
from polyglot_assets.gates.leakage import copied_share, leaked_words, untranslated_share
from polyglot_assets.gates.length import measured_length
from polyglot_assets.gates.personal import KINDS, personal_data
from polyglot_assets.gates.refusal import refusal_share
from polyglot_assets.gates.repetition import repeated_share

LANGUAGE, REFUSAL, REPETITION, LEAKAGE = "language", "refusal", "repetition", "leakage"
DEBRIS, LENGTH, PERSONAL = "debris", "length", "personal_data"
GATES = (LEAKAGE, DEBRIS, REPETITION, REFUSAL, LANGUAGE, LENGTH, PERSONAL)
"""All gates, in the order in which they decide."""


@dataclass(frozen=True)
class Gates:
    """Which gates are on, and their thresholds. settings.py says what each means."""

    enabled: tuple[str, ...] = GATES
    language_likelihood: float = 0.2
    foreign_share: float = 0.12
    echo_share: float = 0.3
    refusal_share: float = 0.1
    repeated_share: float = 0.2
    leaked_words: int = 7
    debris_marks: int = 1
    shortest_prompt: int = 2
    longest_prompt: int = 20_000
    shortest_response: int = 1
    longest_response: int = 50_000
    personal_kinds: tuple[str, ...] = KINDS


DEFAULT = Gates()


@dataclass(frozen=True)
class Pair:
    """A prompt and its response, with what the gates need to know about their making.

    Attributes:
        language: the language they should be in.
        prompt: its text.
        response: its text.
        invented: the teacher wrote the prompt too.
        original: the text that the prompt should be a translation of, else empty.
        instructions: the template's own texts as the teacher saw them.
        messages: the whole messages as the teacher saw them.
    """

    language: str
    prompt: str
    response: str
    invented: bool
    original: str
    instructions: tuple[str, ...]
    messages: Sequence[str]


@dataclass(frozen=True)
class Measures:
    """What was measured; None (or no verdict) where a gate is off or has nothing to say."""

    prompt_language: Reading = NO_VERDICT
    response_language: Reading = NO_VERDICT
    prompt_echo_share: float | None = None
    response_echo_share: float | None = None
    refusal_share: float | None = None
    repeated_share: float | None = None
    leaked_words: int | None = None
    debris_marks: int | None = None
    debris_kind: str = ""
    prompt_length: int | None = None
    response_length: int | None = None
    prompt_personal: tuple[str, ...] | None = None
    response_personal: tuple[str, ...] | None = None


def measure(pair: Pair, gates: Gates) -> Measures:
    """Measures `pair` with the gates that are on."""
    found: dict[str, object] = {}
    texts = [pair.prompt, pair.response] if pair.invented else [pair.response]
    if LEAKAGE in gates.enabled:
        found["leaked_words"] = max(leaked_words(text, pair.instructions, pair.messages) for text in texts)
    if DEBRIS in gates.enabled:
        found["debris_marks"], found["debris_kind"] = max(map(debris, texts))
    if REPETITION in gates.enabled:
        found["repeated_share"] = max(map(repeated_share, texts))
    if REFUSAL in gates.enabled:
        found["refusal_share"] = refusal_share(pair.response, pair.language)
    if LANGUAGE in gates.enabled:
        found |= _languages(pair, gates)
    if LENGTH in gates.enabled:
        found["prompt_length"], found["response_length"] = map(measured_length, (pair.prompt, pair.response))
    if PERSONAL in gates.enabled:
        found["prompt_personal"] = _personal(pair.prompt, pair.language, gates)
        found["response_personal"] = _personal(pair.response, pair.language, gates)
    return Measures(**found)  # type: ignore[arg-type]


def _languages(pair: Pair, gates: Gates) -> dict[str, object]:
    found: dict[str, object] = {"response_language": read(pair.response, pair.language, gates.language_likelihood)}
    if pair.invented:  # the language of a seed's own prompt is the source's claim, not the teacher's work
        found["prompt_language"] = read(pair.prompt, pair.language, gates.language_likelihood)
    if pair.original:
        found["prompt_echo_share"] = untranslated_share(own_words(pair.prompt), pair.original)
        found["response_echo_share"] = copied_share(own_words(pair.response), pair.original)
    return found


def _personal(text: str, language: str, gates: Gates) -> tuple[str, ...]:
    return tuple(kind for kind in personal_data(text, language) if kind in gates.personal_kinds)
