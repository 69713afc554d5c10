"""Outcomes: how a request ended. Every request gets exactly one; nothing is dropped without a name.

Here: the rules, as a pure function of the prompt and the completion. They are applied when a cell is written, not
when an answer arrives, so a changed rule or threshold needs no new answers. Not here: what the gates measure (gates/)
and storing (stage.py).
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from polyglot_assets.domain.grid import GENERATE, RESPOND, TRANSLATE
from polyglot_assets.gates import measures as gates_
from polyglot_assets.gates.language import Reading
from polyglot_assets.gates.leakage import words_to_translate
from polyglot_assets.gates.length import measured_length
from polyglot_assets.gates.measures import Gates, Measures, Pair, measure
from polyglot_assets.inference.engine import Completion
from polyglot_assets.prompts import templates
from polyglot_assets.responses.traces import split
from polyglot_assets.text.invisible import trimmed
from polyglot_assets.text.languages import display_name, without_code
from polyglot_assets.text.normal import storable, text_key

_UNTESTED = Measures()
_MOSTLY = 0.5
"""From this share on a text is in the other language, below it is mixed."""
_ECHO = 20
"""Letters (see gates/length.py) from which on a seed's prompt cannot be its own answer; to `Hello!` it can."""
_FENCED = re.compile(r"```(?:json|JSON)?[ \t]*\n(.*)\n[ \t]*```", re.DOTALL)
"""An answer that is one block of code and nothing else."""
_KIND_NAMES = {
    "email": "an e-mail address",
    "phone": "a telephone number",
    "ip_address": "an IP address",
    "card": "a card number",
    "bank_account": "an account number",
    "national_id": "an identity number",
}


@dataclass(frozen=True)
class Judgement:
    """An outcome with its reason (None for ok), the pair it is about, and what the gates measured.

    `reasoning` is what the teacher thought before it answered, whether the server or a mark in the text told it apart.
    """

    outcome: str
    reason: str | None
    prompt: str | None = None
    response: str | None = None
    measures: Measures = _UNTESTED
    reasoning: str | None = None


def judge(prompt: Mapping[str, Any], completion: Completion, gates: Gates = gates_.DEFAULT) -> Judgement:
    """The outcome of a completion for a row of contracts.PROMPTS.

    The first rule that applies decides: engine_error, too_long, truncated, invalid_json, empty, leaked, debris,
    repetitive, refused, not_translated, wrong_language, mixed_language, bad_length, personal_data; else ok.
    """
    reasoning = "\n\n".join(filter(None, (completion.reasoning, split(trimmed(completion.text))[0]))) or None
    answer = read_answer(prompt, completion)
    if isinstance(answer, Judgement):
        return replace(answer, reasoning=reasoning)
    pair = _pair_of(prompt, *answer)
    measures = measure(pair, gates)
    outcome, reason = next(_objections(prompt, pair, measures, gates), ("ok", None))
    return Judgement(outcome, reason, pair.prompt, pair.response, measures, reasoning)


def read_answer(prompt: Mapping[str, Any], completion: Completion) -> tuple[str, str] | Judgement:
    """The (prompt, response) of a completion, or the judgement that it has none. Cheap: asks no gate."""
    if completion.finish_reason == "error":
        return Judgement("engine_error", completion.error or "the engine gave no reason")
    if completion.finish_reason == "too_long":
        return Judgement("too_long", completion.error or f"the prompt has {completion.prompt_tokens} tokens")
    if completion.finish_reason == "length":
        return Judgement("truncated", f"no end after {completion.response_tokens} tokens")
    text = split(trimmed(completion.text))[1]
    if prompt["strategy"] == RESPOND:
        asked, answer = str(prompt["prompt"]), storable(trimmed(text))
    else:
        pair = _pair(text)
        if isinstance(pair, str):
            return Judgement("invalid_json", pair)
        asked, answer = pair
    for name, text in (("prompt", asked), ("response", answer)):
        if not text:
            return Judgement("empty", f"empty {name}", asked, answer)
    return asked, answer


def _pair(text: str) -> tuple[str, str] | str:
    """The prompt and response of a JSON answer, or what is wrong with it."""
    text = trimmed(text)
    if fenced := _FENCED.fullmatch(text):
        text = fenced[1]
    try:
        # strict=False: raw line breaks inside strings are common and harmless.
        value = json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        return f"{error.msg} at character {error.pos + 1}"
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, thousands of brackets
        return str(error)
    if not isinstance(value, dict):
        return f"expected an object, got {type(value).__name__}"
    for name in ("prompt", "response"):
        if not isinstance(value.get(name), str):
            return f"no text under {name!r}"
    return storable(trimmed(value["prompt"])), storable(trimmed(value["response"]))


def _pair_of(prompt: Mapping[str, Any], asked: str, answer: str) -> Pair:
    strategy, language = str(prompt["strategy"]), str(prompt["language"])
    return Pair(
        language,
        asked,
        answer,
        invented=strategy in (GENERATE, TRANSLATE),
        original=str(prompt["prompt"]) if strategy == TRANSLATE and prompt["seed_language"] != language else "",
        instructions=_instructions(strategy, language),
        messages=(prompt.get("system_prompt", ""), prompt.get("synth_prompt", "")),
    )


@lru_cache(maxsize=256)
def _instructions(strategy: str, language: str) -> tuple[str, ...]:
    """What the templates themselves say, with the place of seed and examples left empty."""
    return templates.load()[strategy].renderer(language)("\n")


def _objections(
    prompt: Mapping[str, Any], pair: Pair, found: Measures, gates: Gates
) -> Iterator[tuple[str, str | None]]:
    """Every outcome that speaks against a pair, with its reason, the deciding one first."""
    if (found.leaked_words or 0) >= gates.leaked_words:
        yield "leaked", f"{found.leaked_words} words in a row are the template's own"
    if (found.debris_marks or 0) >= gates.debris_marks:
        yield "debris", f"{found.debris_kind} ({found.debris_marks} in all)"
    if (found.repeated_share or 0) >= gates.repeated_share:
        yield "repetitive", f"{found.repeated_share:.0%} of the text repeats itself"
    if gates_.REPETITION in gates.enabled:
        yield from _echo_objections(pair)
    if (found.refusal_share or 0) >= gates.refusal_share:
        yield "refused", f"{found.refusal_share:.0%} of the response declines or speaks of a machine"
    if gates_.LANGUAGE in gates.enabled:
        yield from _language_objections(prompt, pair, found, gates)
    yield from _length_objections(pair, found, gates)
    for name, kinds in (("prompt", found.prompt_personal), ("response", found.response_personal)):
        if kinds:
            whose = (
                "prompt" if name == "prompt" and pair.invented else "seed's own prompt" if name == "prompt" else name
            )
            yield "personal_data", f"the {whose} holds " + " and ".join(_KIND_NAMES[kind] for kind in kinds)


def _echo_objections(pair: Pair) -> Iterator[tuple[str, str]]:
    # Nearly all differ in the first character, which is seen much faster than a hash of both.
    if _first(pair.prompt) != _first(pair.response) or text_key(pair.prompt) != text_key(pair.response):
        return
    reason = "the response is the prompt, word for word"
    letters = measured_length("".join(filter(str.isalpha, pair.prompt)))
    if pair.invented:
        yield "repetitive", reason
    elif letters >= _ECHO:
        yield "repetitive", f"{reason} ({letters:,} letters; from {_ECHO} on a seed's own prompt is no answer)"


def _first(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:4]).casefold()[:1]


def _language_objections(
    prompt: Mapping[str, Any], pair: Pair, found: Measures, gates: Gates
) -> Iterator[tuple[str, str | None]]:
    asked_in, seed_language = found.prompt_language, str(prompt["seed_language"])
    if pair.original:
        same = text_key(pair.prompt) == prompt["prompt_key"]
        if same and words_to_translate(without_code(pair.original)):  # `2 + 2 = ?` is the same in all languages
            yield "not_translated", f"the prompt is the {display_name(seed_language)} one, word for word"
        if asked_in.code == seed_language and (asked_in.foreign_share or 0) >= _MOSTLY:
            yield "not_translated", f"the prompt is still in {_named(asked_in.code, asked_in.score)}"
        if (found.prompt_echo_share or 0) >= gates.echo_share:
            share = f"{found.prompt_echo_share:.0%} of the prompt are copied from the untranslated one"
            yield "not_translated", f"{share}, the longest stretch counted twice"
    named = (("prompt", asked_in), ("response", found.response_language))
    for name, reading in named:
        if (reading.foreign_share or 0) >= max(_MOSTLY, gates.foreign_share):
            language = _named(_foreign(reading), reading.score)
            yield "wrong_language", f"the {name} is in {language}, not in {display_name(pair.language)}"
    if (found.response_echo_share or 0) >= gates.echo_share:
        yield "not_translated", f"{found.response_echo_share:.0%} of the response are the untranslated prompt"
    for name, reading in named:
        if (reading.foreign_share or 0) >= gates.foreign_share:
            language = _named(_foreign(reading), None)
            yield "mixed_language", f"{reading.foreign_share:.0%} of the {name} is in {language}"


def _length_objections(pair: Pair, found: Measures, gates: Gates) -> Iterator[tuple[str, str | None]]:
    for name, length, shortest, longest in (
        ("prompt", found.prompt_length if pair.invented else None, gates.shortest_prompt, gates.longest_prompt),
        ("response", found.response_length, gates.shortest_response, gates.longest_response),
    ):
        if length is not None and not shortest <= length <= longest:
            yield "bad_length", f"the {name} has a length of {length:,}, not {shortest:,} to {longest:,}"


def _foreign(reading: Reading) -> str:
    return reading.foreign or "und"


def _named(code: str | None, score: float | None) -> str:
    try:
        name = "another language" if code in (None, "und") else display_name(str(code))
    except LookupError:
        name = str(code)
    return name if score is None else f"{name} ({score:.2f})"
