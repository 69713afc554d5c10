"""Outcomes: how a request ended. Every request gets exactly one; nothing is dropped without a name.

Here: reading an answer, and putting the pair before the gates: a pure function of the prompt and the completion. It is
applied when a cell is written, not when an answer arrives, so a changed rule or threshold needs no new answers. Not
here: what the gates measure and what they object to (gates/), and storing (stage.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from polyglot_assets.domain.outcomes import EMPTY, ENGINE_ERROR, INVALID_JSON, TOO_LONG, TRUNCATED, UNCHANGED
from polyglot_assets.gates.gate import Pair
from polyglot_assets.gates.registry import DEFAULT, Gates, assess
from polyglot_assets.inference.engine import Completion
from polyglot_assets.prompts import templates
from polyglot_assets.prompts.templates import Templates
from polyglot_assets.recipes.registry import RECIPES
from polyglot_assets.responses.traces import split
from polyglot_assets.text.invisible import trimmed
from polyglot_assets.text.normal import text_key
from polyglot_assets.text.tags import base_of


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


def judge(
    prompt: Mapping[str, Any], completion: Completion, gates: Gates = DEFAULT, wording: Templates | None = None
) -> Judgement:
    """The outcome of a completion for a row of contracts.PROMPTS, which was put in this wording.

    The first rule that applies decides: engine_error, too_long, truncated, invalid_json, empty, unchanged, then the
    gates in their order; else ok.
    """
    reasoning = "\n\n".join(filter(None, (completion.reasoning, _split(prompt, completion)[0]))) or None
    answer = read_answer(prompt, completion)
    if isinstance(answer, Judgement):
        return replace(answer, reasoning=reasoning)
    recipe = RECIPES[prompt["strategy"]]
    if recipe.changes_prompt and text_key(answer[0]) == prompt["prompt_key"]:
        return Judgement(UNCHANGED.name, "the prompt is the seed's own, word for word", *answer, reasoning=reasoning)
    pair = _pair_of(prompt, *answer, wording or templates.load())
    found = assess(pair, gates)
    return Judgement(found.outcome, found.reason, pair.prompt, pair.response, found.measured, reasoning)


def _split(prompt: Mapping[str, Any], completion: Completion) -> tuple[str, str]:
    """The trace and the rest of a completion. Only where it answers a prompt can that have asked for the marks."""
    asked = "" if RECIPES[prompt["strategy"]].writes_prompt else str(prompt["prompt"])
    return split(trimmed(completion.text), asked)


def read_answer(prompt: Mapping[str, Any], completion: Completion) -> tuple[str, str] | Judgement:
    """The (prompt, response) of a completion, or the judgement that it has none. Cheap: asks no gate."""
    if completion.finish_reason == "error":
        return Judgement(ENGINE_ERROR.name, completion.error or "the engine gave no reason")
    if completion.finish_reason == "too_long":
        return Judgement(TOO_LONG.name, completion.error or f"the prompt has {completion.prompt_tokens} tokens")
    if completion.finish_reason == "length":
        return Judgement(TRUNCATED.name, f"no end after {completion.response_tokens} tokens")
    text = _split(prompt, completion)[1]
    pair = RECIPES[prompt["strategy"]].form.read(text, str(prompt["prompt"]))
    if isinstance(pair, str):
        return Judgement(INVALID_JSON.name, pair)
    asked, answer = pair
    for name, text in (("prompt", asked), ("response", answer)):
        if not text:
            return Judgement(EMPTY.name, f"empty {name}", asked, answer)
    return asked, answer


def _pair_of(prompt: Mapping[str, Any], asked: str, answer: str, wording: Templates) -> Pair:
    strategy, language = str(prompt["strategy"]), str(prompt["language"])
    recipe = RECIPES[strategy]
    return Pair(
        base_of(language),
        asked,
        answer,
        invented=recipe.writes_prompt,
        original=str(prompt["prompt"]) if recipe.english and prompt["seed_language"] != language else "",
        instructions=_instructions(wording, strategy, language),
        messages=(prompt.get("system_prompt", ""), prompt.get("synth_prompt", "")),
        seed_language=str(prompt["seed_language"]),
        seed_key=str(prompt["prompt_key"]),
        variant=language if base_of(language) != language else "",
    )


@lru_cache(maxsize=256)
def _instructions(wording: Templates, strategy: str, language: str) -> tuple[str, ...]:
    """What the templates themselves say, with the place of seed and examples left empty."""
    return wording.of(strategy, language).renderer(language)("\n")
