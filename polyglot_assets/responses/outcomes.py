"""Outcomes: how a request ended. Every request gets exactly one; nothing is dropped without a name.

Here: reading an answer, and putting the pair before the gates: a pure function of the prompt and the completion. It is
applied when a cell is written, not when an answer arrives, so a changed rule or threshold needs no new answers. Not
here: what the gates measure and what they object to (gates/), and storing (stage.py).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from polyglot_assets.domain.grid import GENERATE, RESPOND, TRANSLATE
from polyglot_assets.domain.outcomes import EMPTY, ENGINE_ERROR, INVALID_JSON, TOO_LONG, TRUNCATED
from polyglot_assets.gates.gate import Pair
from polyglot_assets.gates.registry import DEFAULT, Gates, assess
from polyglot_assets.inference.engine import Completion
from polyglot_assets.prompts import templates
from polyglot_assets.responses.traces import split
from polyglot_assets.text.invisible import trimmed
from polyglot_assets.text.normal import storable

_FENCED = re.compile(r"```(?:json|JSON)?[ \t]*\n(.*)\n[ \t]*```", re.DOTALL)
"""An answer that is one block of code and nothing else."""


@dataclass(frozen=True)
class Judgement:
    """An outcome with its reason (None for ok), the pair it is about, and what the gates measured, by column.

    `reasoning` is what the teacher thought before it answered, whether the server or a mark in the text told it apart.
    """

    outcome: str
    reason: str | None
    prompt: str | None = None
    response: str | None = None
    measures: Mapping[str, Any] = field(default_factory=dict)
    reasoning: str | None = None


def judge(prompt: Mapping[str, Any], completion: Completion, gates: Gates = DEFAULT) -> Judgement:
    """The outcome of a completion for a row of contracts.PROMPTS.

    The first rule that applies decides: engine_error, too_long, truncated, invalid_json, empty, then the gates in
    their order; else ok.
    """
    reasoning = "\n\n".join(filter(None, (completion.reasoning, _split(prompt, completion)[0]))) or None
    answer = read_answer(prompt, completion)
    if isinstance(answer, Judgement):
        return replace(answer, reasoning=reasoning)
    pair = _pair_of(prompt, *answer)
    found = assess(pair, gates)
    return Judgement(found.outcome, found.reason, pair.prompt, pair.response, found.measured, reasoning)


def _split(prompt: Mapping[str, Any], completion: Completion) -> tuple[str, str]:
    """The trace and the rest of a completion. Only where it answers a prompt can that have asked for the marks."""
    return split(trimmed(completion.text), str(prompt["prompt"]) if prompt["strategy"] == RESPOND else "")


def read_answer(prompt: Mapping[str, Any], completion: Completion) -> tuple[str, str] | Judgement:
    """The (prompt, response) of a completion, or the judgement that it has none. Cheap: asks no gate."""
    if completion.finish_reason == "error":
        return Judgement(ENGINE_ERROR.name, completion.error or "the engine gave no reason")
    if completion.finish_reason == "too_long":
        return Judgement(TOO_LONG.name, completion.error or f"the prompt has {completion.prompt_tokens} tokens")
    if completion.finish_reason == "length":
        return Judgement(TRUNCATED.name, f"no end after {completion.response_tokens} tokens")
    text = _split(prompt, completion)[1]
    if prompt["strategy"] == RESPOND:
        asked, answer = str(prompt["prompt"]), storable(trimmed(text))
    else:
        pair = _pair(text)
        if isinstance(pair, str):
            return Judgement(INVALID_JSON.name, pair)
        asked, answer = pair
    for name, text in (("prompt", asked), ("response", answer)):
        if not text:
            return Judgement(EMPTY.name, f"empty {name}", asked, answer)
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
        seed_language=str(prompt["seed_language"]),
        seed_key=str(prompt["prompt_key"]),
    )


@lru_cache(maxsize=256)
def _instructions(strategy: str, language: str) -> tuple[str, ...]:
    """What the templates themselves say, with the place of seed and examples left empty."""
    return templates.load()[strategy].renderer(language)("\n")
