"""A request's id changes with everything that reaches the model, and with nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.responses.requests import RequestState, make_request, request_state

TEACHER = Teacher(
    "t", "org/model", "mit", revision="1", max_tokens=100, max_model_len=1000, sampling={"temperature": 0.5}
)
PROMPT: dict[str, Any] = {"system_prompt": "S", "synth_prompt": "U", "strategy": "generate", "language": "de",
                          "prompt": "P", "prompt_id": "1"}  # fmt: skip


def first_request(prompt: dict[str, Any], teacher: Teacher, sample_index: int = 0) -> Request:
    return make_request(prompt, teacher, teacher.max_tokens, sample_index=sample_index)


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
        ({}, {"lora": "org/adapter"}),
        ({}, {"engine": {"quantization": "fp8"}}),
        ({}, {"engine": {"dtype": "float32"}}),
        ({}, {"engine": {"kv_cache_dtype": "fp8"}}),
        ({}, {"engine": {"hf_overrides": {"rope_theta": 1}}}),
        ({}, {"engine": {"tokenizer": "org/other"}}),
        ({}, {"dialect": {"system": "fold"}}),
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


@pytest.mark.parametrize(
    "change",
    [
        {"name": "renamed"},
        {"license": "gemma"},
        {"served_as": "alias"},
        {"max_model_len": 2000},
        {"input_price": 1.0},
        {"engine": {"tensor_parallel_size": 2, "max_num_seqs": 8}},
        {"dialect": {"rename": {"max_tokens": "budget"}, "drop": ["seed"], "system": "keep", "json": "words"}},
    ],
)
def test_what_the_model_never_sees_leaves_the_id(change: dict[str, Any]) -> None:
    assert first_request(PROMPT, replace(TEACHER, **change)) == first_request(PROMPT, TEACHER)


@pytest.mark.parametrize(
    ("strategy", "request_id"),
    [("generate", "de1cadd2867578bd06f376292bfcdefe"), ("respond", "c5c068e212c2dc0f4076349d0d452c5e")],
)
def test_ids_stay_what_they_were(strategy: str, request_id: str) -> None:
    """A changed id is a request that is asked and paid again, in every lake that there is."""
    teacher = Teacher("t", "google/gemma-2-9b-it", "gemma", revision="1", max_tokens=100,
                      sampling={"temperature": 0.5, "top_k": 64})  # fmt: skip
    assert first_request({**PROMPT, "strategy": strategy}, teacher).request_id == request_id


def test_a_teacher_without_system_role_reads_it_in_the_user_turn() -> None:
    request = first_request(PROMPT, replace(TEACHER, dialect={"system": "fold"}))
    assert request.messages == ({"role": "user", "content": "S\n\nU"},)


def test_each_request_has_its_own_seed() -> None:
    seeds = {first_request({**PROMPT, "synth_prompt": str(n)}, TEACHER).sampling["seed"] for n in range(100)}
    assert len(seeds) == 100
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_messages_and_parameters_cannot_trade_places() -> None:
    moved = {**PROMPT, "system_prompt": "SU", "synth_prompt": ""}
    assert first_request(moved, TEACHER).request_id != first_request(PROMPT, TEACHER).request_id


class Answered:
    """A ledger in memory: the n-th request of a prompt gets the n-th answer."""

    def __init__(self, *answers: Completion, marked: set[int] = frozenset()) -> None:  # type: ignore[assignment]
        self.answers, self.marked, self.order = answers, marked, list[str]()

    def get(self, request_id: str) -> Completion | None:
        if request_id not in self.order:
            self.order.append(request_id)
        number = self.order.index(request_id)
        return self.answers[number] if number < len(self.answers) else None

    def is_marked_for_retry(self, request_id: str) -> bool:
        return self.order.index(request_id) in self.marked


def end(*answers: Completion, marked: set[int] = frozenset()) -> RequestState:  # type: ignore[assignment]
    return request_state(PROMPT, TEACHER, Answered(*answers, marked=marked))


def completion(text: str, finish: Any, prompt_tokens: int = 10) -> Completion:
    return Completion("r", text, finish, prompt_tokens=prompt_tokens, response_tokens=100)


CUT = completion("{", "length")
INVALID = completion("{", "stop")
GOOD = completion('{"prompt": "P", "response": "R"}', "stop")


def test_a_prompt_that_was_never_asked_stands_before_its_first_request() -> None:
    assert end() == RequestState(first_request(PROMPT, TEACHER), None, 1)


def test_a_good_answer_is_the_end() -> None:
    assert end(GOOD) == RequestState(first_request(PROMPT, TEACHER), GOOD, 1)


def test_a_truncated_answer_gets_twice_the_budget_once() -> None:
    second = end(CUT)
    assert (second.completion, second.attempts) == (None, 2)
    assert second.request.sampling["max_tokens"] == 200
    assert second.request.request_id != first_request(PROMPT, TEACHER).request_id
    assert end(CUT, CUT) == RequestState(second.request, CUT, 2)


def test_no_second_try_where_the_model_is_too_short_for_it() -> None:
    long = completion("{", "length", prompt_tokens=801)
    assert end(long).completion == long
    assert end(completion("{", "length", prompt_tokens=800)).completion is None


def test_invalid_json_is_asked_again_with_another_seed_once() -> None:
    second, first = end(INVALID), first_request(PROMPT, TEACHER)
    assert (second.completion, second.attempts) == (None, 2)
    assert second.request.sampling["max_tokens"] == first.sampling["max_tokens"]
    assert second.request.sampling["seed"] != first.sampling["seed"]
    assert end(INVALID, INVALID) == RequestState(second.request, INVALID, 2)


@pytest.mark.parametrize("finish", ["too_long", "error"])
def test_no_second_try_for_other_failures(finish: str) -> None:
    assert end(completion("", finish)).attempts == 1


def test_what_is_marked_for_retry_is_followed_by_a_new_request_each_time() -> None:
    seen = set()
    for tries in range(4):
        found = end(*[GOOD] * tries, marked=set(range(tries)))
        assert (found.completion, found.attempts) == (None, tries + 1)
        seen.add(found.request.request_id)
    assert len(seen) == 4


def test_marking_the_second_try_keeps_its_budget() -> None:
    third = end(CUT, CUT, marked={1})
    assert (third.completion, third.attempts) == (None, 3)
    assert third.request.sampling["max_tokens"] == 200
