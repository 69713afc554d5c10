"""Outcomes: how a request ended. Every request gets exactly one; nothing is dropped without a name.

Here: the rules, as a pure function of the prompt and the completion. They are applied when a cell is written, not
when an answer arrives, so a changed rule needs no new answers. Not here: storing (generate.py).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from polyglot_assets.grid import RESPOND, TRANSLATE
from polyglot_assets.ids import text_key
from polyglot_assets.languages import Verdict, display_name, identify
from polyglot_assets.teachers.engine import Completion

_UNTESTED = Verdict(None, None)


@dataclass(frozen=True)
class Judgement:
    """An outcome with its reason (None for ok), the pair it is about, and the languages that were found."""

    outcome: str
    reason: str | None
    prompt: str | None = None
    response: str | None = None
    prompt_language: Verdict = _UNTESTED
    response_language: Verdict = _UNTESTED


def judge(prompt: Mapping[str, Any], completion: Completion) -> Judgement:
    """The outcome of a completion for a row of records.PROMPTS.

    The first rule that applies decides: engine_error, too_long, truncated, invalid_json, empty, not_translated,
    wrong_language; else ok.
    """
    pair = read_answer(prompt, completion)
    return pair if isinstance(pair, Judgement) else _judge_language(prompt, *pair)


def read_answer(prompt: Mapping[str, Any], completion: Completion) -> tuple[str, str] | Judgement:
    """The (prompt, response) of a completion, or the judgement that it has none. Cheap: detects no language."""
    if completion.finish_reason == "error":
        return Judgement("engine_error", completion.error or "the engine gave no reason")
    if completion.finish_reason == "too_long":
        return Judgement("too_long", completion.error or f"the prompt has {completion.prompt_tokens} tokens")
    if completion.finish_reason == "length":
        return Judgement("truncated", f"no end after {completion.response_tokens} tokens")
    if prompt["strategy"] == RESPOND:
        asked, answer = str(prompt["prompt"]), completion.text.strip()
    else:
        pair = _pair(completion.text)
        if isinstance(pair, str):
            return Judgement("invalid_json", pair)
        asked, answer = pair
    for name, text in (("prompt", asked), ("response", answer)):
        if not text:
            return Judgement("empty", f"empty {name}", asked, answer)
    return asked, answer


def _pair(text: str) -> tuple[str, str] | str:
    """The prompt and response of a JSON answer, or what is wrong with it."""
    try:
        # strict=False: raw line breaks inside strings are common and harmless.
        value = json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        return f"{error.msg} at character {error.pos + 1}"
    if not isinstance(value, dict):
        return f"expected an object, got {type(value).__name__}"
    for name in ("prompt", "response"):
        if not isinstance(value.get(name), str):
            return f"no text under {name!r}"
    return value["prompt"].strip(), value["response"].strip()


def _judge_language(prompt: Mapping[str, Any], asked: str, answer: str) -> Judgement:
    language = str(prompt["language"])
    # The prompt of `respond` is the seed's own: its language is the source's claim, not the teacher's work.
    asked_in = _UNTESTED if prompt["strategy"] == RESPOND else identify(asked)
    answered_in = identify(answer)

    def result(outcome: str, reason: str | None) -> Judgement:
        return Judgement(outcome, reason, asked, answer, asked_in, answered_in)

    if prompt["strategy"] == TRANSLATE:
        if text_key(asked) == prompt["prompt_key"]:
            return result("not_translated", "the prompt is the English one, word for word")
        if asked_in.code == prompt["seed_language"] != language:
            return result("not_translated", f"the prompt is still in {_named(asked_in)}")
    for name, found in (("prompt", asked_in), ("response", answered_in)):
        if not found.agrees_with(language):
            return result("wrong_language", f"the {name} is in {_named(found)}, not in {display_name(language)}")
    return result("ok", None)


def _named(verdict: Verdict) -> str:
    try:
        name = display_name(verdict.code or "")
    except LookupError:
        name = str(verdict.code)
    return f"{name} ({verdict.score:.2f})"
