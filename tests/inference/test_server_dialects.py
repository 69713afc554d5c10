"""Servers that want to be asked otherwise, and servers that refuse everything: the run goes on, or ends in one line."""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from fake_server import (
    KEY,
    SCHEMA,
    TEACHER,
    Call,
    Engines,
    FakeServer,
    Reply,
    ask,
    chat,
    down,
    echo,
    failure,
    request,
    requests_for,
    taking,
)
from hypothesis import given
from hypothesis import strategies as st

from polyglot_assets.inference.dialect import JSON_FORMS, Dialect, dialect_of, fold_system
from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.inference.server_engine import ServerEngine

Body = dict[str, Any]


def only_if(accepted: Callable[[Body], bool], refusal: Reply) -> Callable[[Call], Reply]:
    """A server that answers what it accepts and refuses the rest."""
    return lambda call: echo(call) if accepted(call.body) else refusal


def roles(body: Body) -> list[str]:
    return [message["role"] for message in body["messages"]]


def json_form(body: Body) -> str:
    return str(body.get("response_format", {}).get("type"))


def extra_field(name: str) -> Reply:
    detail = [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted"}]
    return Reply({"object": "error", "message": {"detail": detail}}, 422)


WANTS = {
    "Gemma behind vLLM": (lambda body: "system" not in roles(body), failure(400, "System role not supported")),
    "Mistral behind llama.cpp": (
        lambda body: "system" not in roles(body),
        failure(500, "Jinja Exception: Conversation roles must alternate user/assistant/user/assistant/..."),
    ),
    "Gemma at Google": (
        lambda body: "system" not in roles(body),
        Reply([{"error": {"code": 400, "message": "Developer instruction is not enabled for this model"}}], 400),
    ),
    "the budget's other name": (
        lambda body: "max_tokens" not in body and body["max_completion_tokens"] == 64,
        failure(400, "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."),
    ),
    "no seed": (lambda body: "seed" not in body, extra_field("seed")),
    "no schema": (
        lambda body: json_form(body) == "json_object",
        failure(400, "This response_format type is unavailable now"),
    ),
    "words alone": (lambda body: json_form(body) == "None", failure(400, "response_format is not supported")),
    "two of them": (
        lambda body: "seed" not in body and "system" not in roles(body),
        Reply({"error": {"message": "unknown field: seed; system messages are not supported"}}, 400),
    ),
}


def stream(engine: ServerEngine, *requests: Request) -> dict[str, Completion]:
    queue = list(requests)
    return {c.request_id: c for c in engine.stream(lambda: queue.pop() if queue else None)}


@pytest.mark.parametrize("name", WANTS)
def test_what_a_server_wants_is_learned_from_its_refusal(name: str, server: FakeServer, engine_of: Engines) -> None:
    accepted, refusal = WANTS[name]
    server.answer = only_if(accepted, refusal)
    engine = engine_of(server, concurrency=1)
    completions = stream(engine, *(request(str(n), schema=SCHEMA) for n in range(5)))
    assert {c.finish_reason for c in completions.values()} == {"stop"}
    refused = sum(not accepted(call.body) for call in server.calls)
    assert len(server.calls) == 5 + refused, "every refusal was followed by an answer"
    assert refused <= 2, "and what was learned is kept in mind"
    said = {c.engine for c in completions.values()}
    assert said == ({"server"} if name == "the budget's other name" else said - {"server"})


def test_the_system_text_begins_the_user_turn(server: FakeServer, engine_of: Engines) -> None:
    server.answer = only_if(*WANTS["Gemma behind vLLM"])
    completion = ask(engine_of(server), "Hi")["Hi"]
    assert server.calls[-1].body["messages"] == [{"role": "user", "content": "Be brief.\n\nHi"}]
    assert completion.engine == "server (system text in the user turn)"


def test_each_server_has_its_own_dialect(servers: Callable[[], FakeServer], engine_of: Engines) -> None:
    strict, lax = servers(), servers()
    strict.answer = only_if(*WANTS["no seed"])
    ask(engine_of(strict, lax, concurrency=1), *map(str, range(12)))
    assert all("seed" in call.body for call in lax.calls)
    assert sum("seed" in call.body for call in strict.calls) == 1


def test_a_lesson_that_does_not_help_is_not_kept(server: FakeServer, engine_of: Engines) -> None:
    """The prompt is quoted in a refusal that has another reason."""
    refusal = failure(400, "invalid request: {'content': 'What is a seed?'}")
    server.answer = lambda call: refusal if call.text == "odd" else echo(call)
    completions = ask(engine_of(server, concurrency=1), "odd", "a", "b")
    assert completions["odd"].finish_reason == "error"
    assert all("seed" in call.body for call in server.calls if call.text != "odd")
    assert {c.engine for c in completions.values()} == {None, "server"}


# What the registry says


def sent(teacher: Teacher, server: FakeServer, **more: Any) -> tuple[Body, Completion]:
    asked = replace(request("a", **more), sampling={"temperature": 0.5, "top_k": 64, "max_tokens": 64, "seed": 5})
    with closing(ServerEngine(teacher, [server.url], KEY)) as engine:
        (completion,) = stream(engine, asked).values()
    return server.calls[-1].body, completion


def test_a_registry_entry_says_how_to_ask(server: FakeServer) -> None:
    dialect = {"rename": {"max_tokens": "max_output"}, "drop": ["seed", "top_k"], "json": "object"}
    body, completion = sent(replace(TEACHER, dialect=dialect), server, schema=SCHEMA)
    assert body == {
        "model": TEACHER.model,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "a"}],
        "temperature": 0.5,
        "max_output": 64,
        "response_format": {"type": "json_object"},
    }
    assert completion.engine == "server (without top_k, without seed, JSON without schema)"


@pytest.mark.parametrize(
    ("model", "accepted"),
    [
        ("google/gemma-2-9b-it", WANTS["Gemma behind vLLM"][0]),
        ("gemma2:9b", WANTS["Gemma behind vLLM"][0]),
        ("mistralai/Mistral-7B-Instruct-v0.2", WANTS["Gemma behind vLLM"][0]),
        ("openai/o3-mini", lambda body: "max_completion_tokens" in body and not {"max_tokens", "top_k"} & set(body)),
        ("gpt-5-mini", lambda body: "max_completion_tokens" in body and "temperature" not in body),
        ("mistral-large-latest", lambda body: body.get("random_seed") == 5 and "seed" not in body),
        ("deepseek-chat", lambda body: json_form(body) == "json_object"),
    ],
)
def test_what_is_known_of_a_family_needs_no_refusal(
    model: str, accepted: Callable[[Body], bool], server: FakeServer
) -> None:
    assert accepted(sent(replace(TEACHER, served_as=model), server, schema=SCHEMA)[0])


@pytest.mark.parametrize(
    "model",
    [
        "google/gemma-3-27b-it",
        "gpt-4o-mini-2024-07-18",
        "gpt-5-chat-latest",
        "mistralai/Mistral-Small-3.2-24B-Instruct-2506",
        "org/o1-open",
        "deepseek-ai/DeepSeek-V3",
        "cohere-command-a",
        "org/model",
    ],
)
def test_other_families_are_asked_as_ever(model: str) -> None:
    assert dialect_of(model, {}) == Dialect()


def test_the_registry_wins_over_what_is_known() -> None:
    entry = {"rename": {}, "drop": [], "system": "keep", "json": "schema"}
    assert all(dialect_of(model, entry) == Dialect() for model in ("gemma-2-2b", "o3", "deepseek-chat"))


DIALECTS = st.builds(
    Dialect,
    drop=st.frozensets(st.sampled_from(["seed", "top_k"])),
    fold=st.booleans(),
    json=st.sampled_from(JSON_FORMS),
)


@given(DIALECTS, DIALECTS)
def test_what_two_dialects_want_is_what_both_want(one: Dialect, two: Dialect) -> None:
    assert one | two == two | one == (one | two) | one
    assert one | Dialect() == one


def test_messages_without_a_system_text_stay_as_they_are() -> None:
    messages = ({"role": "user", "content": "U"}, {"role": "assistant", "content": "A"})
    assert fold_system(messages) == messages
    assert fold_system(({"role": "system", "content": "S"}, *messages))[1:] == messages[1:]


# Refusals of everything

ALWAYS = {
    "payment": failure(402, "Insufficient credits."),
    "account": Reply({"error": {"type": "exceeded_current_quota_error", "message": "Suspended."}}, 429),
    "debts": Reply({"error": {"code": "1113", "message": "Recharge."}}, 429),
    "account in 200": Reply({"base_resp": {"status_code": 1008, "status_msg": "no balance"}}),
    "quota": failure(429, "You exceeded your current quota, please check your plan."),
    "key": Reply([{"error": {"code": 400, "message": "API key not valid."}}], 400),
    "model": failure(400, "Invalid model name passed in model=org/served-1b."),
    "size": failure(413, "Request too large for model on tokens per minute: Limit 6000, Requested 9000"),
    "forbidden": failure(403, "You have no access."),
    "method": failure(405, "Method not allowed."),
    "redirect": Reply({}, 307, {"Location": "http://elsewhere.test/v1"}),
    "broken": failure(500, "CUDA out of memory"),
    "no chat": Reply(b"data: {}\n\ndata: [DONE]\n\n"),
    "payment in 200": Reply({"error": {"code": 402, "message": "Insufficient credits."}}),
    "key in 200": Reply({"error": {"code": "401", "message": "No cookie auth credentials found"}}),
}


@pytest.mark.parametrize("name", ALWAYS)
@pytest.mark.parametrize("count", [1, 100])
def test_a_server_that_refuses_everything_ends_the_run(
    name: str, count: int, server: FakeServer, engine_of: Engines
) -> None:
    server.answer, server.control = lambda _: ALWAYS[name], None
    message = down(engine_of(server, concurrency=4, patience_seconds=0.05), *map(str, range(count)))
    assert message.startswith(server.url)
    assert len(server.calls) <= (4 + 1) * 5


def test_a_parameter_of_the_users_choice_is_not_left_out_without_a_word(server: FakeServer, engine_of: Engines) -> None:
    server.control = None
    server.answer = only_if(lambda body: "top_k" not in body, failure(400, "Unrecognized argument supplied: top_k"))
    asked = [replace(request(str(n)), sampling={"top_k": 64, "max_tokens": 64, "seed": 5}) for n in range(9)]
    with pytest.raises(Exception, match=r"top_k; dialect = \{ drop = \[\"top_k\"\] \} in the registry"):
        stream(engine_of(server), *asked)
    assert all("seed" in call.body for call in server.calls)


@pytest.mark.parametrize("reply", [failure(400, "odd"), failure(413, "too large"), failure(403, "flagged")])
def test_prompts_that_are_refused_do_not_end_a_run_that_answers_others(
    reply: Reply, server: FakeServer, engine_of: Engines
) -> None:
    server.answer = lambda call: echo(call) if int(call.text) % 3 == 0 else reply
    completions = ask(engine_of(server, concurrency=4), *map(str, range(60)))
    ended = {name: c.finish_reason for name, c in completions.items()}
    other = "too_long" if reply.status == 413 else "error"
    assert ended == {str(n): "stop" if n % 3 == 0 else other for n in range(60)}
    assert len(server.controls) <= 40


def test_prompts_that_are_all_refused_are_told_from_a_server_that_refuses_all(
    server: FakeServer, engine_of: Engines
) -> None:
    """The last prompts of a cell, of which none is ever answered, must not block it."""
    server.answer = lambda call: failure(400, f"{call.text} is not to be talked about")
    completions = ask(engine_of(server), "a", "b", "c")
    assert {name: c.error for name, c in completions.items()} == {
        name: f"HTTP 400 Bad Request: {name} is not to be talked about" for name in "abc"
    }
    assert len(server.calls) == 6
    assert 1 <= len(server.controls) <= 6


@pytest.mark.parametrize("reply", [failure(400, "API key not valid"), failure(500, "out of order")])
@pytest.mark.parametrize("concurrency", [1, 4, 16])
def test_a_server_that_refuses_all_from_some_moment_on_ends_the_run_and_no_request(
    reply: Reply, concurrency: int, server: FakeServer, engine_of: Engines
) -> None:
    """Not even a request whose own fault it could be: it waits for the answer to another, and then for a question."""
    server.control = None
    server.answer = lambda call: echo(call) if len(server.calls) <= 20 else reply
    ended: list[Completion] = []
    engine = engine_of(server, concurrency=concurrency, patience_seconds=0.05)
    with pytest.raises(Exception, match=f"refuses every request: HTTP {reply.status} "):
        ended.extend(engine.stream(taking(requests_for(*map(str, range(500))))))
    assert {completion.finish_reason for completion in ended} == {"stop"}
    assert len(ended) <= 20
    assert len(server.calls) <= 20 + (concurrency + 1) * 5


def test_a_moments_failure_of_the_harmless_question_does_not_end_the_run(
    server: FakeServer, engine_of: Engines
) -> None:
    failures = [failure(500, "oops")] * 3
    server.control = lambda call: failures.pop() if failures else echo(call)
    server.answer = lambda call: failure(400, "odd") if call.text == "odd" else echo(call)
    completions = ask(engine_of(server, concurrency=1), "odd", "a", "b")
    assert {name for name, completion in completions.items() if completion.error} == {"odd"}
    assert not failures


def test_a_server_that_is_busy_when_it_is_to_be_found_out(server: FakeServer, engine_of: Engines) -> None:
    busy = [failure(429, "later"), failure(503, "later")]
    server.control = lambda call: busy.pop() if busy else echo(call)
    server.answer = lambda _: failure(400, "odd")
    assert {c.error for c in ask(engine_of(server), "a", "b").values()} == {"HTTP 400 Bad Request: odd"}
    assert not busy


def test_429_under_200_is_waited_out(server: FakeServer, engine_of: Engines) -> None:
    limit = Reply({"error": {"message": "Rate limit exceeded", "code": 429}})
    server.answer = lambda call: limit if len(server.calls) < 9 else echo(call)
    assert ask(engine_of(server), "a")["a"].finish_reason == "stop"
    assert len(server.calls) == 9


# Budgets


def vllm(context: int, prompt: int = 120) -> Callable[[Call], Reply]:
    """As vLLM with a context shorter than the teacher's."""

    def answer(call: Call) -> Reply:
        budget = call.body["max_tokens"]
        if budget <= context - prompt:
            return chat("half", "length") if call.text == "long" else echo(call)
        return failure(
            400,
            f"'max_tokens' or 'max_completion_tokens' is too large: {budget}. This model's maximum context length is "
            f"{context} tokens and your request has {prompt} input tokens ({budget} > {context} - {prompt}).",
        )

    return answer


def test_the_budget_is_fitted_to_the_servers_context(server: FakeServer, engine_of: Engines) -> None:
    server.answer = vllm(160)
    completion = ask(engine_of(server), "a")["a"]
    assert (completion.finish_reason, completion.engine) == ("stop", "server (a smaller budget)")
    assert [call.body["max_tokens"] for call in server.calls] == [64, 40]


@pytest.mark.parametrize(
    "message",
    [
        "max_tokens is too large: 64. This model supports at most 50 completion tokens, whereas you provided 64.",
        "Invalid max_tokens value, the valid range of max_tokens is [1, 50]",
        "max_tokens: 64 > 50, which is the maximum allowed number of output tokens for model",
        "`max_tokens` must be less than or equal to `50`",
        "This model's maximum context length is 90 tokens. However, you requested 104 tokens (40 in the messages).",
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 90. Given: 40 `inputs` tokens and 64",
        "The sum of prompt length (40.0), query length (0) and max_tokens (64) should not exceed max_num_tokens (90)",
    ],
)
def test_servers_have_many_words_for_what_they_take(message: str, server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda call: echo(call) if call.body["max_tokens"] <= 50 else failure(400, message)
    assert ask(engine_of(server), "a")["a"].finish_reason == "stop"
    assert server.calls[-1].body["max_tokens"] == 50


def test_a_second_try_that_gets_no_more_room_is_not_paid(server: FakeServer, engine_of: Engines) -> None:
    server.answer = vllm(160)
    first = request("long")
    second = replace(first, request_id="second", sampling={"max_tokens": 128})
    completions = stream(engine_of(server, concurrency=1), second, first)
    assert completions["long"].finish_reason == "length"
    assert completions["second"].finish_reason == "too_long"
    assert len(server.calls) == 3


@pytest.mark.parametrize(
    "answer", [vllm(10, prompt=3), lambda _: failure(400, "input and max_tokens: more than the context length")]
)
def test_a_budget_far_above_the_server_ends_the_run(
    answer: Callable[[Call], Reply], server: FakeServer, engine_of: Engines
) -> None:
    server.control, server.answer = None, answer
    message = down(engine_of(server), *map(str, range(20)))
    assert f"{server.url} refuses every request: HTTP 400" in message
    assert "max_tokens" in message


def test_the_templates_ask_for_json_in_words() -> None:
    """So that a server that knows no schema can be asked too."""
    from polyglot_assets.prompts import templates
    from polyglot_assets.recipes.registry import RECIPES

    asking = {name: recipe.form.schema for name, recipe in RECIPES.items() if recipe.form.schema}
    assert len(asking) == 3
    for strategy, schema in asking.items():
        text = "".join(templates.load()[strategy].renderer("de")("\n"))
        assert "JSON object" in text
        assert all(json.dumps(name) in text for name in schema["required"])


@pytest.mark.parametrize("status", [200, 201, 202, 203])
def test_an_answer_under_any_status_of_success_is_one(status: int, server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda call: replace(echo(call), status=status)
    assert ask(engine_of(server), "a")["a"].text == "answer to a"
    assert len(server.calls) == 1


def test_a_body_in_another_charset_is_read_as_its_server_says(server: FakeServer, engine_of: Engines) -> None:
    body = json.dumps(chat("Öl für 5 €").body, ensure_ascii=False).encode("cp1252")
    server.answer = lambda _: Reply(body, headers={"Content-Type": "application/json; charset=windows-1252"})
    assert ask(engine_of(server), "a")["a"].text == "Öl für 5 €"
