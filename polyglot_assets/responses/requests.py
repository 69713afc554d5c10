"""Requests: what is sent to a teacher for a prompt, and what is sent when the first answer cannot be used.

Here: the one place where a request_id is made. Not here: the sending (generate.py).
"""

from collections.abc import Mapping
from typing import Any

from polyglot_assets.grid import RESPOND
from polyglot_assets.ids import content_id, seed_number
from polyglot_assets.responses.outcomes import Judgement, read_answer
from polyglot_assets.teachers.engine import Completion, Request
from polyglot_assets.teachers.registry import Teacher

PAIR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"prompt": {"type": "string"}, "response": {"type": "string"}},
    "required": ["prompt", "response"],
    "additionalProperties": False,
}

_LARGER = 2
"""The budget of a second try after a truncated answer, as a multiple of the first."""


def first_request(prompt: Mapping[str, Any], teacher: Teacher, sample_index: int = 0) -> Request:
    """The request for a row of records.PROMPTS."""
    return _request(prompt, teacher, teacher.max_tokens, attempt=0, sample_index=sample_index)


def second_request(prompt: Mapping[str, Any], teacher: Teacher, completion: Completion) -> Request | None:
    """The one retry that an answer deserves, or None.

    A truncated answer is asked for again with twice the budget, if the model is long enough; invalid JSON is asked
    for again with another sampling seed.
    """
    answer = read_answer(prompt, completion)
    outcome = answer.outcome if isinstance(answer, Judgement) else None
    if outcome == "truncated":
        budget = _LARGER * teacher.max_tokens
        room = teacher.max_model_len - (completion.prompt_tokens or 0)
        return _request(prompt, teacher, budget, attempt=0) if budget <= room else None
    if outcome == "invalid_json":
        return _request(prompt, teacher, teacher.max_tokens, attempt=1)
    return None


def _request(
    prompt: Mapping[str, Any], teacher: Teacher, max_tokens: int, attempt: int, sample_index: int = 0
) -> Request:
    messages = (
        {"role": "system", "content": prompt["system_prompt"]},
        {"role": "user", "content": prompt["synth_prompt"]},
    )
    schema = None if prompt["strategy"] == RESPOND else PAIR_SCHEMA
    sampling: dict[str, Any] = {**teacher.sampling, "max_tokens": max_tokens}
    # Everything that reaches the model, and nothing else: no cell, no time, no host.
    request_id = content_id(teacher.model, teacher.revision, messages, sampling, schema, sample_index, attempt)
    return Request(request_id, messages, {**sampling, "seed": seed_number(request_id)}, schema)
