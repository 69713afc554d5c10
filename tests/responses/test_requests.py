"""A request's id changes with everything that reaches the model, and with nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from polyglot_assets.responses.requests import first_request, second_request
from polyglot_assets.teachers.engine import Completion
from polyglot_assets.teachers.registry import Teacher

TEACHER = Teacher(
    "t", "org/model", "mit", revision="1", max_tokens=100, max_model_len=1000, sampling={"temperature": 0.5}
)
PROMPT: dict[str, Any] = {"system_prompt": "S", "synth_prompt": "U", "strategy": "generate", "language": "de",
                          "prompt": "P", "prompt_id": "1"}  # fmt: skip


@pytest.mark.parametrize(
    ("prompt", "teacher"),
    [
        ({"system_prompt": "S2"}, {}),
        ({"synth_prompt": "U2"}, {}),
        ({"strategy": "respond"}, {}),  # no JSON schema
        ({}, {"model": "org/other"}),
        ({}, {"revision": "2"}),
        ({}, {"max_tokens": 101}),
        ({}, {"sampling": {"temperature": 0.6}}),
        ({}, {"sampling": {"temperature": 0.5, "top_p": 0.9}}),
    ],
)
def test_everything_that_reaches_the_model_changes_the_id(prompt: dict[str, Any], teacher: dict[str, Any]) -> None:
    base = first_request(PROMPT, TEACHER)
    assert first_request({**PROMPT, **prompt}, replace(TEACHER, **teacher)).request_id != base.request_id


def test_the_sample_index_changes_the_id() -> None:
    assert first_request(PROMPT, TEACHER, 1).request_id != first_request(PROMPT, TEACHER).request_id


@pytest.mark.parametrize("change", [{"prompt_id": "2"}, {"language": "cs"}, {"strategy": "translate"}, {"prompt": "Q"}])
def test_nothing_else_changes_the_id(change: dict[str, Any]) -> None:
    assert first_request({**PROMPT, **change}, TEACHER) == first_request(PROMPT, TEACHER)


@pytest.mark.parametrize("change", [{"name": "renamed"}, {"license": "gemma"}, {"engine": {"dtype": "float32"}}])
def test_what_the_model_never_sees_leaves_the_id(change: dict[str, Any]) -> None:
    assert first_request(PROMPT, replace(TEACHER, **change)) == first_request(PROMPT, TEACHER)


def test_each_request_has_its_own_seed() -> None:
    seeds = {first_request({**PROMPT, "synth_prompt": str(n)}, TEACHER).sampling["seed"] for n in range(100)}
    assert len(seeds) == 100
    assert all(0 <= seed < 2**31 for seed in seeds)


def completion(text: str, finish: Any, prompt_tokens: int = 10) -> Completion:
    return Completion("r", text, finish, prompt_tokens=prompt_tokens, response_tokens=100)


def test_a_truncated_answer_gets_twice_the_budget_once() -> None:
    retry = second_request(PROMPT, TEACHER, completion("{", "length"))
    assert retry is not None
    assert retry.sampling["max_tokens"] == 200
    assert retry.request_id != first_request(PROMPT, TEACHER).request_id


def test_no_second_try_where_the_model_is_too_short_for_it() -> None:
    assert second_request(PROMPT, TEACHER, completion("{", "length", prompt_tokens=801)) is None
    assert second_request(PROMPT, TEACHER, completion("{", "length", prompt_tokens=800)) is not None


def test_invalid_json_is_asked_again_with_another_seed() -> None:
    retry = second_request(PROMPT, TEACHER, completion("{", "stop"))
    first = first_request(PROMPT, TEACHER)
    assert retry is not None
    assert retry.sampling["max_tokens"] == first.sampling["max_tokens"]
    assert retry.sampling["seed"] != first.sampling["seed"]


@pytest.mark.parametrize("finish", ["too_long", "error"])
def test_no_second_try_for_other_failures(finish: str) -> None:
    assert second_request(PROMPT, TEACHER, completion("", finish)) is None
