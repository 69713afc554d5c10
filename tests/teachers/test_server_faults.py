"""Whatever a server does, every request ends once, visibly, and the key stays where it belongs."""

import json
import logging
import socket
import time
from contextlib import closing
from typing import Any

import pytest
from fake_server import KEY, TEACHER, Call, Engines, FakeServer, Reply, ask, chat, echo, failure

from polyglot_assets.errors import UserError
from polyglot_assets.teachers.engine import Completion
from polyglot_assets.teachers.server_engine import ServerEngine

# What can go wrong


def test_429_with_retry_after_then_success(server: FakeServer, engine_of: Engines) -> None:
    times = []

    def answer(call: Call) -> Reply:
        times.append(time.monotonic())
        return failure(429, "slow down", Retry_After="0.4") if len(times) == 1 else echo(call)

    server.answer = answer
    assert ask(engine_of(server), "a")["a"].finish_reason == "stop"
    assert times[1] - times[0] >= 0.4


def test_a_storm_of_500_ends_in_an_error(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: failure(500, "CUDA out of memory\nin layer 3")
    completion = ask(engine_of(server), "a")["a"]
    assert (completion.finish_reason, completion.text) == ("error", "")
    assert completion.error == "InternalServerError 500: CUDA out of memory in layer 3"
    assert len(server.calls) == 5


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
        "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
        "Input length (5000) exceeds model's maximum context length (4096).",
        "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it",
        "max_tokens must be at least 1, got -186.",
        "max_tokens=4000 cannot be greater than max_model_len=512. Please request fewer output tokens.",
    ],
)
def test_a_prompt_without_room_is_too_long(message: str, server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: failure(400, message)
    completion = ask(engine_of(server), "a")["a"]
    assert completion.finish_reason == "too_long"
    assert message in (completion.error or "")
    assert len(server.calls) == 1


def test_the_code_of_an_error_can_say_too_long(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: Reply({"error": {"message": "Shorter.", "code": "context_length_exceeded"}}, 400)
    assert ask(engine_of(server), "a")["a"].finish_reason == "too_long"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (failure(400, "unknown field top_k"), "BadRequestError 400: unknown field top_k"),
        (failure(404, "The model does not exist."), "NotFoundError 404: The model does not exist."),
        (Reply({"detail": "no"}, 403), "PermissionDeniedError 403: no"),
        (Reply({"error": "a text"}, 422), "UnprocessableEntityError 422: a text"),
        (Reply([1], 400), "BadRequestError 400: [1]"),
        (Reply(b"<h1>no</h1>", 400), "BadRequestError 400: <h1>no</h1>"),
        (Reply(b"", 418), "APIStatusError 418: Error code: 418"),
    ],
)
def test_other_client_errors_are_errors_at_once(
    reply: Reply, error: str, server: FakeServer, engine_of: Engines
) -> None:
    server.answer = lambda _: reply
    completion = ask(engine_of(server), "a")["a"]
    assert (completion.finish_reason, completion.error) == ("error", error)
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(b"<html>"), "malformed: <html>"),
        (Reply(b""), "malformed"),
        (Reply(b"\xff\xfe{"), "malformed"),
        (Reply(b"[" * 100_000), "malformed: [[["),
        (Reply({"choices": []}), 'malformed: {"choices": []}'),
        (Reply({"error": "over capacity"}), "over capacity"),
        (Reply({"choices": [{"finish_reason": "stop", "message": None}]}), "malformed"),
        (Reply({"choices": [{"finish_reason": "stop", "message": "text"}]}), "malformed"),
        (Reply([]), "malformed"),
        (chat(None), "no text"),
        (chat(["text"]), "no text"),
        (chat(None, message={"content": None, "refusal": "I cannot."}), "the model refused: I cannot."),
        (chat("half", "content_filter"), "the server finished with 'content_filter'"),
        (chat("half", None), "the server finished with None"),
        (chat("half", ["stop"]), "the server finished with ['stop']"),
        (Reply(b"not gzip", headers={"Content-Encoding": "gzip"}), "APIConnectionError"),
    ],
)
def test_a_malformed_body_is_an_error(reply: Reply, error: str, server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: reply
    completion = ask(engine_of(server), "a")["a"]
    assert (completion.finish_reason, completion.text) == ("error", "")
    assert error in (completion.error or "")
    assert len(completion.error or "") < 400


def test_an_answer_cut_by_its_budget(server: FakeServer, engine_of: Engines) -> None:
    texts = {"a": "half an ans", "b": None}  # None: a reasoning model that never came to its answer
    server.answer = lambda call: chat(texts[call.text], "length")
    completions = ask(engine_of(server), "a", "b")
    assert [(c.text, c.finish_reason) for _, c in sorted(completions.items())] == [
        ("half an ans", "length"),
        ("", "length"),
    ]


def test_odd_or_missing_usage_is_unknown(server: FakeServer, engine_of: Engines) -> None:
    choice = {"finish_reason": "stop", "message": {"content": "x"}}
    usages = {"a": None, "b": {"prompt_tokens": "7", "completion_tokens": True}, "c": [1]}
    server.answer = lambda call: Reply({"choices": [choice], "usage": usages[call.text]})
    for completion in ask(engine_of(server), "a", "b", "c").values():
        assert completion == Completion(completion.request_id, "x", "stop", None, None)


def test_a_hanging_server_times_out_once(server: FakeServer, engine_of: Engines) -> None:
    def answer(call: Call) -> Reply:
        if call.text == "hangs":
            server.released.wait(20)
        return echo(call)

    server.answer = answer
    start = time.monotonic()
    completions = ask(engine_of(server, timeout_seconds=1), "hangs", "fine")
    assert time.monotonic() - start < 4
    assert completions["fine"].finish_reason == "stop"
    assert completions["hangs"].error == "TimeoutError: no answer within 1 s"
    assert sum(call.text == "hangs" for call in server.calls) == 1


def test_a_dropped_connection_is_tried_again(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda call: Reply(drop=True) if len(server.calls) < 3 else echo(call)
    assert ask(engine_of(server), "a")["a"].finish_reason == "stop"


def test_a_server_that_goes_away(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: Reply(drop=True)
    error = ask(engine_of(server), "a")["a"].error or ""
    assert error.startswith("APIConnectionError: Connection error. (")
    assert len(server.calls) == 5


def test_text_that_cannot_be_sent_is_an_error(server: FakeServer, engine_of: Engines) -> None:
    (completion,) = ask(engine_of(server), "half a surrogate pair: \ud83d").values()
    assert completion.finish_reason == "error"
    assert "UnicodeEncodeError" in (completion.error or "")


# Health check


def unused_url() -> str:
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}/v1"


def user_error(engine: ServerEngine) -> str:
    with pytest.raises(UserError) as raised:
        ask(engine, "a")
    engine.close()
    assert KEY not in repr(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_server_that_is_down_is_named(server: FakeServer) -> None:
    down = unused_url()
    message = user_error(ServerEngine(TEACHER, [server.url, down], KEY))
    assert f"{down} does not answer" in message
    assert "POLYGLOT_TEACHER_URL" in message
    assert server.url not in message
    assert server.calls == []


def test_a_server_that_hangs_is_named(server: FakeServer, engine_of: Engines) -> None:
    server.models = lambda: Reply({"data": []} if server.released.wait(20) else {})
    assert f"{server.url} does not answer" in user_error(engine_of(server, timeout_seconds=0.3))


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (failure(401, f"wrong key {KEY}"), "refuses the key in POLYGLOT_TEACHER_API_KEY"),
        (failure(503, f"loading, {KEY}\nplease wait"), "does not answer (InternalServerError 503: loading"),
        (Reply(b"<html>a web page</html>"), "is no OpenAI-compatible server"),
    ],
)
def test_a_server_that_is_of_no_use_is_named(
    reply: Reply, message: str, server: FakeServer, engine_of: Engines
) -> None:
    server.models = lambda: reply
    found = user_error(engine_of(server))
    assert server.url in found
    assert message in found


def test_a_base_url_without_v1_is_named(server: FakeServer) -> None:
    message = user_error(ServerEngine(TEACHER, [server.url.removesuffix("/v1")], KEY))
    assert "does the base URL end in /v1?" in message


def test_a_server_that_lists_no_models_is_used(server: FakeServer, engine_of: Engines) -> None:
    server.models = lambda: Reply({"detail": "Not Found"}, 404)
    server.answer = lambda call: echo(call) if call.body else failure(422, "field required")
    assert ask(engine_of(server), "a")["a"].finish_reason == "stop"


def test_a_busy_server_is_used(server: FakeServer, engine_of: Engines) -> None:
    server.models = lambda: failure(429, "busy")
    assert ask(engine_of(server), "a")["a"].finish_reason == "stop"


@pytest.mark.parametrize(("data", "warnings"), [([{"id": "other"}], 1), ([], 0), (7, 0), ([None], 0)])
def test_a_model_that_is_not_listed_is_a_warning(
    data: Any, warnings: int, server: FakeServer, engine_of: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    server.models = lambda: Reply({"data": data})
    assert ask(engine_of(server), "a")["a"].finish_reason == "stop"
    assert caplog.text.count(f"{server.url} lists other, but not {TEACHER.model}") == warnings


def test_after_a_failed_check_the_engine_can_be_used_again(server: FakeServer, engine_of: Engines) -> None:
    models, server.models = server.models, lambda: failure(503, "loading")
    engine = engine_of(server)
    with pytest.raises(UserError):
        ask(engine, "a")
    server.models = models
    assert ask(engine, "a")["a"].finish_reason == "stop"


@pytest.mark.parametrize("url", ["127.0.0.1:8000/v1", "http://", "http://[::1/v1", "http://h:99999/v1", KEY])
def test_a_url_that_is_none_is_a_user_error(url: str) -> None:
    with pytest.raises(UserError, match="POLYGLOT_TEACHER_URL") as raised:
        ServerEngine(TEACHER, [url], KEY)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("key", ["sk-älter", "sk-a\nb"])
def test_a_key_that_cannot_be_sent_is_a_user_error(key: str) -> None:
    with pytest.raises(UserError, match="POLYGLOT_TEACHER_API_KEY") as raised:
        ServerEngine(TEACHER, ["http://127.0.0.1:1/v1"], key)
    assert key not in str(raised.value)


# The key


def test_the_key_is_nowhere_even_if_servers_repeat_it(
    server: FakeServer, engine_of: Engines, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    replies = {
        "4xx": failure(401, f"Incorrect API key provided: {KEY}"),
        "too long": failure(400, f"{KEY}: maximum context length is 8 tokens"),
        "5xx": failure(500, KEY),
        "html": Reply(f"<p>Bearer {KEY}</p>".encode(), 400),
        "malformed": Reply({"headers": {"Authorization": f"Bearer {KEY}"}}),
        "escaped": Reply(json.dumps({"echo": KEY}).replace("/", "\\/").encode()),
        "at the cut": failure(400, "x" * 270 + KEY),
        "answer": chat(f"Your key is {KEY}."),
        "reason": chat("text", KEY),
        "refusal": chat(None, message={"content": None, "refusal": KEY}),
        "header": Reply({}, 400, {"X-Key": KEY}),
    }
    server.answer = lambda call: replies[call.text]
    server.models = lambda: Reply({"data": [{"id": KEY}]}, headers={"X-Key": KEY})
    completions = ask(engine_of(server), *replies)
    assert {c.finish_reason for c in completions.values()} == {"error", "too_long"}
    assert "[key]" in (completions["4xx"].error or "")
    for text in (repr(completions), caplog.text, repr(engine_of(server))):
        assert KEY not in text
    assert KEY[:12] not in repr(completions)


def test_a_made_up_key_may_occur_in_an_answer(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: chat("The list is EMPTY.")
    assert ask(engine_of(server, key="EMPTY"), "a")["a"].text == "The list is EMPTY."


def test_a_password_in_a_url_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = unused_url().replace("http://", "http://me:hunter2@")
    assert "hunter2" not in user_error(ServerEngine(TEACHER, [url], KEY)) + caplog.text
