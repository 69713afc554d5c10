"""Servers that take requests of one shape and refuse or fail all of another, in words that nobody has heard before."""

from collections import deque
from typing import Any

import pytest
from fake_server import SCHEMA, Call, Engines, FakeServer, Reply, echo, failure, request, taking

from polyglot_assets.domain.errors import EngineDown
from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.inference.server_engine import ServerEngine

SCHEMA_WORDS = "Answer in JSON."
NO_SCHEMA = {
    "guided decoding": failure(400, "guided decoding is not supported by this backend"),
    "guided_json": failure(422, "extra_forbidden: guided_json"),
    "xgrammar": failure(500, "xgrammar: Failed to compile grammar from JSON schema"),
    "OpenRouter": failure(404, "No endpoints found that support the requested parameters."),
    "words of no kind": failure(400, "E1047"),
    "no words": Reply(b"", 400),
    "a crash": failure(500, "list index out of range"),
}


def form(call: Call) -> str | None:
    asked: dict[str, Any] = call.body.get("response_format", {})
    return asked.get("type")


def mixed(count: int) -> list[Request]:
    """Plain requests first, so that the server has answered when the first one with a schema comes."""
    plain = [request(f"plain {n}") for n in range(count)]
    return [*plain, *(request(f"pair {n}", schema=SCHEMA) for n in range(count))]


def stream(engine: ServerEngine, requests: list[Request]) -> dict[str, Completion]:
    return {completion.request_id: completion for completion in engine.stream(taking(deque(requests)))}


@pytest.mark.parametrize("words", NO_SCHEMA)
@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize("takes", ["json_object", None])
def test_a_server_that_refuses_schemas_is_asked_for_simpler_json(
    words: str, concurrency: int, takes: str | None, server: FakeServer, engine_of: Engines
) -> None:
    server.answer = lambda call: echo(call) if form(call) in (None, takes) else NO_SCHEMA[words]
    server.control = server.answer
    completions = stream(engine_of(server, concurrency=concurrency), mixed(12))
    assert {completion.finish_reason for completion in completions.values()} == {"stop"}
    assert {c.engine for name, c in completions.items() if "pair" in name} == {"server (JSON without schema)"}
    assert [form(call) for call in server.calls].count(takes) >= 12
    assert sum(form(call) == "json_schema" for call in server.calls) <= 5 * concurrency


@pytest.mark.parametrize("words", ["words of no kind", "a crash"])
def test_a_server_that_gives_json_in_no_form_ends_the_run(words: str, server: FakeServer, engine_of: Engines) -> None:
    """Though it answers everything else."""

    def answer(call: Call) -> Reply:
        return NO_SCHEMA[words] if SCHEMA_WORDS in call.body["messages"][0]["content"] else echo(call)

    server.answer = server.control = answer
    requests = mixed(12)
    requests[12:] = [
        Request(r.request_id, ({"role": "system", "content": SCHEMA_WORDS}, *r.messages[1:]), r.sampling, r.schema)
        for r in requests[12:]
    ]
    ended: list[Completion] = []
    with pytest.raises(EngineDown, match="refuses every request: HTTP"):
        ended.extend(engine_of(server, concurrency=4, patience_seconds=0.05).stream(taking(deque(requests))))
    assert {completion.finish_reason for completion in ended} <= {"stop"}
    assert not [completion for completion in ended if "pair" in completion.request_id]


def test_one_prompt_that_is_refused_takes_no_schema_from_the_others(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda call: failure(400, "E1047") if call.text == "pair 3" else echo(call)
    completions = stream(engine_of(server, concurrency=4), mixed(12))
    assert [name for name, c in completions.items() if c.finish_reason != "stop"] == ["pair 3"]
    assert {form(call) for call in server.calls if "pair" in call.text} == {"json_schema"}


def test_a_moments_trouble_with_schemas_does_not_drop_them(server: FakeServer, engine_of: Engines) -> None:
    """The harmless question is refused in it as well; the form that took its place is not kept."""

    def answer(call: Call) -> Reply:
        over = any(form(question) == "json_object" for question in server.controls)
        return echo(call) if over or form(call) != "json_schema" else failure(400, "backend reconnecting")

    server.answer = server.control = answer
    completions = stream(engine_of(server, concurrency=4), mixed(12))
    assert {completion.finish_reason for completion in completions.values()} == {"stop"}
    assert {form(call) for call in server.calls if "pair" in call.text} == {"json_schema"}
    assert {completion.engine for completion in completions.values()} == {"server"}


def test_json_objects_may_need_the_word_json(server: FakeServer, engine_of: Engines) -> None:
    """OpenAI and DashScope want it in the messages; the templates say it, other prompts need not."""
    refusal = failure(400, "'messages' must contain the word 'json' in some form, to use this format.")
    server.answer = lambda call: echo(call) if form(call) is None else refusal
    completions = stream(engine_of(server, concurrency=1), [request(str(n), schema=SCHEMA) for n in range(3)])
    assert {completion.finish_reason for completion in completions.values()} == {"stop"}
    assert [form(call) for call in server.calls] == ["json_schema", "json_object", None, None, None]
