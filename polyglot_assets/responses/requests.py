"""Requests: what is sent to a teacher for a prompt, and what is sent when an answer cannot be used.

Here: the one place where a request_id is made, and the order in which a prompt's requests follow each other. Not
here: the sending (stage.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from polyglot_assets.domain.ids import content_id, seed_number
from polyglot_assets.inference.dialect import fold_system
from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.recipes.registry import RECIPES
from polyglot_assets.responses.outcomes import Judgement, read_answer

_LARGER = 2
"""The budget of a second try after a truncated answer, as a multiple of the first."""


class Answers(Protocol):
    """Where answers are found: a ledger."""

    def get(self, request_id: str) -> Completion | None:
        """The answer to a request, or None."""
        ...

    def is_marked_for_retry(self, request_id: str) -> bool:
        """Whether somebody asked for another answer than this one."""
        ...


@dataclass(frozen=True)
class RequestState:
    """How far a prompt is: its last request, that one's answer (None if it is still to be asked), and its number."""

    request: Request
    completion: Completion | None
    attempts: int


def request_state(prompt: Mapping[str, Any], teacher: Teacher, answers: Answers) -> RequestState:
    """How far a row of contracts.PROMPTS is with a teacher.

    One answer deserves one more request by itself: a truncated one with twice the budget, if the model is long
    enough, and invalid JSON with another sampling seed. An answer that was marked for a retry is followed by a
    request with another seed each time.
    """
    budget, retry_index, attempts = teacher.max_tokens, 0, 1
    while True:
        request = make_request(prompt, teacher, budget, retry_index)
        completion = answers.get(request.request_id)
        if completion is None:
            return RequestState(request, None, attempts)
        if answers.is_marked_for_retry(request.request_id):
            retry_index += 1
        elif attempts == 1 and _is_cut(completion) and _has_room(teacher, completion):
            budget *= _LARGER
        elif attempts == 1 and _is_invalid(prompt, completion):
            retry_index += 1
        else:
            return RequestState(request, completion, attempts)
        attempts += 1


def may_need_retry(prompt: Mapping[str, Any], completion: Completion) -> bool:
    """Whether another request may follow this answer by itself. Cheaper than `request_state`, for most end well."""
    return _is_cut(completion) or _is_invalid(prompt, completion)


def make_request(
    prompt: Mapping[str, Any], teacher: Teacher, max_tokens: int, retry_index: int = 0, sample_index: int = 0
) -> Request:
    """The request for a row of contracts.PROMPTS.

    Its id is a hash of everything that reaches the model, and of nothing else: no cell, no time, no host. Of a
    teacher's dialect only what was chosen for it and changes the text that it reads is part of that.

    Args:
        prompt: the row.
        teacher: who is asked.
        max_tokens: budget of the answer.
        retry_index: 0 for the first sampling seed, 1 for the next, …
        sample_index: which of several answers to one prompt.
    """
    system, user = prompt["system_prompt"], prompt["synth_prompt"]
    form = RECIPES[prompt["strategy"]].form
    messages: tuple[dict[str, str], ...] = ({"role": "system", "content": system}, {"role": "user", "content": user})
    folded = teacher.dialect.get("system") == "fold"
    # All parts are texts, which are hashed four times as fast as dictionaries.
    request_id = content_id(
        teacher.fingerprint,
        str(max_tokens),
        form.schema_text,
        system,
        user,
        str(sample_index),
        str(retry_index),
        *(["system text in the user turn"] if folded else []),
    )
    return Request(
        request_id,
        fold_system(messages) if folded else messages,
        {**teacher.sampling, "max_tokens": max_tokens, "seed": seed_number(request_id)},
        form.schema,
    )


def _is_cut(completion: Completion) -> bool:
    return completion.finish_reason == "length"


def _has_room(teacher: Teacher, completion: Completion) -> bool:
    return (completion.prompt_tokens or 0) + _LARGER * teacher.max_tokens <= teacher.max_model_len


def _is_invalid(prompt: Mapping[str, Any], completion: Completion) -> bool:
    answer = read_answer(prompt, completion)
    return isinstance(answer, Judgement) and answer.outcome == "invalid_json"
