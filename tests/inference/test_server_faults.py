"""Whatever a server does, every request ends once, visibly, and the key stays where it belongs."""

import gzip
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from fake_server import KEY, TEACHER, Engines, FakeServer, Reply, ask, chat, echo, failure, unused_url

from polyglot_assets.domain.errors import UserError
from polyglot_assets.inference.engine import Completion
from polyglot_assets.inference.server_engine import ServerEngine

# What can go wrong


def test_a_storm_of_500_ends_in_an_error(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: failure(500, "CUDA out of memory\nin layer 3")
    completion = ask(engine_of(server), "a")["a"]
    assert (completion.finish_reason, completion.text) == ("error", "")
    assert completion.error == "HTTP 500 Internal Server Error: CUDA out of memory in layer 3"
    assert len(server.calls) == 6  # the last one when the server had shown that it works


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
        (failure(400, "no such field"), "HTTP 400 Bad Request: no such field"),
        (Reply({"detail": "no"}, 405), "HTTP 405 Method Not Allowed: no"),
        (Reply({"object": "error", "message": "flat"}, 400), "HTTP 400 Bad Request: flat"),
        (Reply({"error": "a text"}, 451), "HTTP 451 Unavailable For Legal Reasons: a text"),
        (Reply({"error": {"code": 7}}, 400), 'HTTP 400 Bad Request: {"code": 7}'),
        (Reply([1], 400), "HTTP 400 Bad Request: [1]"),
        (Reply(b"<h1>no</h1>", 400), "HTTP 400 Bad Request: <h1>no</h1>"),
        (Reply(b"", 418), "HTTP 418 I'm a Teapot"),
        (Reply(b"", 499), "HTTP 499"),
        (Reply({}, 301), "HTTP 301 Moved Permanently: redirects to None, which is not followed"),
    ],
)
def test_other_client_errors_are_asked_once_more(
    reply: Reply, error: str, server: FakeServer, engine_of: Engines
) -> None:
    server.answer = lambda _: reply
    completion = ask(engine_of(server), "a")["a"]
    assert (completion.finish_reason, completion.error) == ("error", error)
    assert len(server.calls) == 2


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(b"<html>"), "malformed: <html>"),
        (Reply(b""), "malformed"),
        (Reply(b"", 204), "HTTP 204 No Content"),
        (Reply(b"\xff\xfe{"), "malformed"),
        (Reply(b"[" * 100_000), "malformed: [[["),
        (Reply({"choices": []}), 'malformed: {"choices": []}'),
        (Reply({"error": "over capacity"}), "over capacity"),
        (Reply({"choices": [{"finish_reason": "stop", "message": None}]}), "malformed"),
        (Reply({"choices": [{"finish_reason": "stop", "message": "text"}]}), "malformed"),
        (Reply([]), "malformed"),
        (chat(7), "no text"),
        (chat("", None), "the server finished with None"),
        (chat("half", "abort"), "the server finished with 'abort'"),
        (chat("half", "insufficient_system_resource"), "the server finished with 'insufficient_system_resource'"),
        (Reply(b"not gzip", headers={"Content-Encoding": "gzip"}), "Can not decode content-encoding: gzip"),
        (Reply(b'{"choices": [{', length=99), "ClientPayloadError"),
        (failure(409, "conflict"), "HTTP 409 Conflict: conflict"),
        (failure(507, "full"), "HTTP 507 Insufficient Storage: full"),
    ],
)
def test_what_broke_is_tried_five_times_and_once_more(
    reply: Reply, error: str, server: FakeServer, engine_of: Engines
) -> None:
    server.answer = lambda _: reply
    completion = ask(engine_of(server), "a")["a"]
    assert (completion.finish_reason, completion.text) == ("error", "")
    assert error in (completion.error or "")
    assert len(completion.error or "") < 400
    assert len(server.calls) == 6


@pytest.mark.parametrize(
    "reply", [Reply(b""), Reply(b"{", length=9), failure(500, "oops"), Reply({"error": "over capacity"})]
)
def test_what_broke_once_is_mended_by_another_try(reply: Reply, server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda call: reply if len(server.calls) < 5 else echo(call)
    assert ask(engine_of(server), "a")["a"].finish_reason == "stop"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (chat(None), "no text"),
        (chat(None, message={"content": None, "refusal": "I cannot."}), "the model refused: I cannot."),
        (chat("half", "content_filter"), "the server finished with 'content_filter'"),
        (chat(None, "tool_calls"), "the server finished with 'tool_calls'"),
        (chat(None, "SAFETY"), "the server finished with 'SAFETY'"),
        (chat(None, "content_filter", message={"role": "assistant"}), "the server finished with 'content_filter'"),
        (failure(400, "filtered by our content management policy"), "HTTP 400 Bad Request: filtered"),
    ],
)
def test_what_would_come_again_is_tried_once(reply: Reply, error: str, server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: reply
    completion = ask(engine_of(server), "a")["a"]
    assert (completion.finish_reason, completion.text) == ("error", "")
    assert error in (completion.error or "")
    assert len(server.calls) == 1


def test_a_redirect_is_not_followed(servers: Callable[..., FakeServer], engine_of: Engines) -> None:
    server, other = servers(), servers()
    server.answer = lambda _: Reply({}, 307, {"Location": f"{other.url}/chat/completions?key={KEY}"})
    error = ask(engine_of(server), "a")["a"].error or ""
    assert other.url in error
    assert KEY not in error
    assert other.calls == []


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"x" * 5000),
        Reply(b"x" * 5000, length=-1),
        Reply(gzip.compress(b"x" * 100_000), headers={"Content-Encoding": "gzip"}),
        Reply(b"x" * 5000, 400),
        Reply(b"x" * 5000, 200, length=10**12),
    ],
)
def test_a_huge_body_is_an_error(
    reply: Reply, server: FakeServer, engine_of: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polyglot_assets.inference.chat_client.LARGEST_BODY", 1000)
    server.answer = lambda call: echo(call) if call.text == "fine" else reply
    engine = engine_of(server, concurrency=1)
    assert ask(engine, "a")["a"].error == "AnswerError: more than 1000 bytes"
    assert ask(engine, "fine")["fine"].finish_reason == "stop"
    assert len(server.calls) == 2


def test_an_answer_in_many_pieces_arrives_whole(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: chat("ä" * 1_000_000)
    assert ask(engine_of(server), "a")["a"].text == "ä" * 1_000_000


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
        assert completion == Completion(completion.request_id, "x", "stop", None, None, engine="server")


def test_text_that_cannot_be_sent_is_an_error(server: FakeServer, engine_of: Engines) -> None:
    (completion,) = ask(engine_of(server), "half a surrogate pair: \ud83d").values()
    assert completion.finish_reason == "error"
    assert "UnicodeEncodeError" in (completion.error or "")


# Health check


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
        (failure(503, f"loading, {KEY}\nplease wait"), "does not answer (HTTP 503 Service Unavailable: loading"),
        (failure(500, "oops"), "does not answer (HTTP 500 Internal Server Error: oops)"),
        (Reply({}, 308, {"Location": "https://other.test/v1"}), "redirects to https://other.test/v1"),
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


def test_a_moments_trouble_at_the_start_is_forgiven(server: FakeServer, engine_of: Engines) -> None:
    models = server.models
    server.models = lambda: Reply(drop=True) if server.checks == 1 else models()
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


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000/v1", "http://", "http://[::1/v1", "http://h:99999/v1", "http://h/v1?a=b", KEY]
)
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
        "4xx": failure(400, f"Incorrect API key provided: {KEY}"),
        "too long": failure(400, f"{KEY}: maximum context length is 8 tokens"),
        "5xx": failure(500, KEY),
        "html": Reply(f"<p>Bearer {KEY}</p>".encode(), 400),
        "cut": Reply(json.dumps({"echo": KEY}).replace("/", "\\/").encode()[:-1]),
        "redirect": Reply({}, 307, {"Location": f"http://other.test/?key={KEY}"}),
        "malformed": Reply({"headers": {"Authorization": f"Bearer {KEY}"}}),
        "escaped": Reply(json.dumps({"echo": KEY}).replace("/", "\\/").encode()),
        "at the cut": failure(400, "x" * 270 + KEY),
        "answer": chat(f"Your key is {KEY}."),
        "reason": chat("", KEY),
        "thoughts": chat("text", message={"content": "Hm.", "reasoning_content": f"The key is {KEY}."}),
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
