"""The server engine against a real HTTP server on loopback that misbehaves as told."""

import json
import logging
import random
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from polyglot_assets.errors import UserError
from polyglot_assets.grid import Cell
from polyglot_assets.lake import Lake
from polyglot_assets.records import PROMPTS, RESPONSES
from polyglot_assets.responses.generate import respond
from polyglot_assets.teachers.engine import Completion, Request
from polyglot_assets.teachers.registry import Teacher
from polyglot_assets.teachers.server_engine import ServerEngine

KEY = "sk-a-secret/that+nobody=may-see"
TEACHER = Teacher(name="served", model="org/served-1b", license="apache-2.0", max_tokens=64)
SCHEMA = {"type": "object", "properties": {"prompt": {"type": "string"}}, "required": ["prompt"]}


@dataclass
class Call:
    """What the server received."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def text(self) -> str:
        return self.body["messages"][-1]["content"]


@dataclass
class Reply:
    """What the server sends: `body` as JSON, or bytes as they are; `drop` ends the connection instead."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False


def chat(text: Any, finish_reason: Any = "stop", **more: Any) -> Reply:
    choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return Reply({"object": "chat.completion", "choices": [choice | more], "usage": usage})


def echo(call: Call) -> Reply:
    return chat(f"answer to {call.text}")


def failure(status: int, message: str, **headers: str) -> Reply:
    return Reply({"error": {"message": message, "type": "error", "code": status}}, status, headers)


class FakeServer(ThreadingHTTPServer):
    """Answers chat completions with a function and notes what it was asked."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer: Callable[[Call], Reply] = echo
        self.models: Callable[[], Reply] = lambda: Reply({"object": "list", "data": [{"id": TEACHER.model}]})
        self.calls: list[Call] = []
        self.checks = 0
        self.in_flight = self.most_in_flight = 0
        self.lock = threading.Lock()
        self.released = threading.Event()  # what hangs waits for this, so that it ends with the test
        self.url = f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent: clients that hang up are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    server: FakeServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.server.checks += 1
        self._send(self.server.models() if self.path == "/v1/models" else Reply({"detail": "Not Found"}, 404))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        call = Call(self.path, self.headers, body)
        server = self.server
        if self.path != "/v1/chat/completions":
            self._send(Reply({"detail": "Not Found"}, 404))
            return
        with server.lock:
            server.calls.append(call)
            server.in_flight += 1
            server.most_in_flight = max(server.most_in_flight, server.in_flight)
        try:
            reply = server.answer(call)
        finally:
            with server.lock:
                server.in_flight -= 1
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        if reply.drop:
            self.close_connection = True
            return
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], FakeServer]]:
    """Makes servers; they end with the test. The library's back-off is shortened, its logic is the real one."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    started: list[FakeServer] = []

    def start() -> FakeServer:
        started.append(FakeServer())
        threading.Thread(target=started[-1].serve_forever, args=(0.01,), daemon=True).start()
        return started[-1]

    yield start
    for server in started:
        server.released.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def server(servers: Callable[[], FakeServer]) -> FakeServer:
    return servers()


@pytest.fixture
def engine_of() -> Iterator[Callable[..., ServerEngine]]:
    """Makes engines; they are closed after the test."""
    made: list[ServerEngine] = []

    def make(*servers: FakeServer, key: str = KEY, **options: Any) -> ServerEngine:
        made.append(ServerEngine(TEACHER, [server.url for server in servers], key, **options))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


Engines = Callable[..., ServerEngine]


def request(name: str, **more: Any) -> Request:
    messages = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": name})
    return Request(name, messages, {"max_tokens": 64, "seed": 5}, **more)


def ask(engine: ServerEngine, *names: str) -> dict[str, Completion]:
    completions = list(engine.stream(deque(map(request, names))))
    assert sorted(c.request_id for c in completions) == sorted(names)
    return {c.request_id: c for c in completions}


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def engine_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "polyglot-servers"]


# What is sent


def test_a_plain_answer(server: FakeServer, engine_of: Engines) -> None:
    assert ask(engine_of(server), "a")["a"] == Completion("a", "answer to a", "stop", 7, 3)
    assert server.calls[0].headers["Authorization"] == f"Bearer {KEY}"
    assert server.checks == 1


def test_a_request_arrives_whole(server: FakeServer, engine_of: Engines) -> None:
    sampling = {"temperature": 0.6, "top_p": 0.9, "top_k": 64, "repetition_penalty": 1.1, "max_tokens": 9, "seed": 5}
    messages = ({"role": "system", "content": "Sei kurz."}, {"role": "user", "content": "Größe? 大きさ"})
    list(engine_of(server).stream(deque([Request("a", messages, sampling, SCHEMA)])))
    assert server.calls[0].body == {
        "model": TEACHER.model,
        "messages": list(messages),
        **sampling,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA},
        },
    }


def test_plain_text_sends_no_response_format(server: FakeServer, engine_of: Engines) -> None:
    ask(engine_of(server), "a")
    assert set(server.calls[0].body) == {"model", "messages", "max_tokens", "seed"}


@pytest.mark.parametrize("key", ["", "  \n"])
def test_without_a_key_the_users_openai_key_stays_at_home(
    key: str, server: FakeServer, engine_of: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert ask(engine_of(server, key=key), "a")["a"].finish_reason == "stop"
    assert server.calls[0].headers["Authorization"] == "Bearer none"


# How the stream runs


def test_completions_come_as_they_finish(server: FakeServer, engine_of: Engines) -> None:
    fast_done = threading.Semaphore(0)

    def answer(call: Call) -> Reply:
        if call.text == "slow":
            fast_done.acquire(timeout=5)
        return echo(call)

    server.answer = answer
    order = []
    for completion in engine_of(server).stream(deque(map(request, ["slow", "b", "c"]))):
        order.append(completion.request_id)
        if len(order) == 2:
            fast_done.release()
    assert sorted(order[:2]) == ["b", "c"]
    assert order[2] == "slow"


def test_no_more_than_concurrency_requests_at_once(server: FakeServer, engine_of: Engines) -> None:
    def answer(call: Call) -> Reply:
        time.sleep(0.02)
        return echo(call)

    server.answer = answer
    ask(engine_of(server, concurrency=4), *map(str, range(40)))
    assert server.most_in_flight == 4


def test_requests_are_taken_from_the_left_and_no_more_than_needed(server: FakeServer, engine_of: Engines) -> None:
    requests = deque(map(request, map(str, range(20))))
    stream = engine_of(server, concurrency=3).stream(requests)
    assert len(requests) == 20
    next(stream)
    assert requests[0].request_id == "6"
    time.sleep(0.2)  # nobody reads: no more is taken
    assert requests[0].request_id == "6"
    assert len(list(stream)) == 19


def test_a_slow_reader_keeps_the_servers_busy_within_bounds(server: FakeServer, engine_of: Engines) -> None:
    read = 0
    for _ in engine_of(server, concurrency=3).stream(deque(map(request, map(str, range(30))))):
        read += 1
        assert eventually(lambda read=read: len(server.calls) == min(read + 5, 30))
    assert read == 30


def test_two_servers_share_the_load(servers: Callable[[], FakeServer], engine_of: Engines) -> None:
    pair = [servers(), servers()]
    together = threading.Barrier(8)

    def answer(call: Call) -> Reply:
        together.wait(5)
        return echo(call)

    for server in pair:
        server.answer = answer
    ask(engine_of(*pair, concurrency=8), *map(str, range(16)))
    assert [server.most_in_flight for server in pair] == [4, 4]
    assert [server.checks for server in pair] == [1, 1]


def test_the_idle_server_gets_the_next_request(servers: Callable[[], FakeServer], engine_of: Engines) -> None:
    slow, fast = servers(), servers()

    def hang(call: Call) -> Reply:
        eventually(lambda: len(fast.calls) >= 9)
        return echo(call)

    slow.answer = hang
    ask(engine_of(slow, fast, concurrency=2), *map(str, range(10)))
    assert (len(slow.calls), len(fast.calls)) == (1, 9)


def test_requests_appended_while_the_stream_runs_are_served(server: FakeServer, engine_of: Engines) -> None:
    requests = deque([request("first")])
    seen = []
    for completion in engine_of(server).stream(requests):
        seen.append(completion.request_id)
        if len(seen) < 4:
            requests.append(request(f"after {completion.request_id}"))
    assert seen == ["first", "after first", "after after first", "after after after first"]


def test_nothing_to_ask_asks_nobody(server: FakeServer, engine_of: Engines) -> None:
    assert list(engine_of(server).stream(deque())) == []
    assert server.checks == 0
    assert not engine_threads()


def test_servers_are_checked_once_per_engine(server: FakeServer, engine_of: Engines) -> None:
    engine = engine_of(server)
    ask(engine, "a")
    ask(engine, "b")
    assert server.checks == 1


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


# The end


def test_a_stream_closed_early_leaves_nothing_busy(server: FakeServer, engine_of: Engines) -> None:
    def answer(call: Call) -> Reply:
        if call.text != "0":
            server.released.wait(20)
        return echo(call)

    server.answer = answer
    engine = engine_of(server, concurrency=8)
    requests = deque(map(request, map(str, range(20))))
    stream = engine.stream(requests)
    assert next(stream).request_id == "0"
    stream.close()
    assert eventually(lambda: all(s.under_way == 0 for s in engine._servers))
    assert len(requests) == 4
    server.released.set()
    time.sleep(0.1)
    assert len(server.calls) <= 9
    server.answer = echo
    ask(engine, "after")  # the engine itself is fine


def test_close_twice_ends_the_thread(server: FakeServer, engine_of: Engines) -> None:
    engine = engine_of(server)
    ask(engine, "a")
    assert len(engine_threads()) == 1
    engine.close()
    engine.close()
    assert engine_threads() == []
    with pytest.raises(RuntimeError, match="closed"):
        ask(engine, "b")


def test_closing_an_engine_that_never_ran(server: FakeServer, engine_of: Engines) -> None:
    engine = engine_of(server)
    engine.close()
    engine.close()


def test_closing_the_engine_under_a_stream_wakes_the_reader(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: Reply(drop=server.released.wait(20))
    engine = engine_of(server)
    stream = engine.stream(deque([request("a")]))
    threading.Thread(target=lambda: (eventually(lambda: bool(server.calls)), engine.close())).start()
    with pytest.raises(RuntimeError, match="closed"):
        next(stream)


@pytest.mark.parametrize("seed", range(3))
def test_every_request_ends_once_whatever_the_servers_do(
    seed: int, servers: Callable[[], FakeServer], engine_of: Engines
) -> None:
    dice, lock = random.Random(seed), threading.Lock()
    soon = {"Retry_After_Ms": "5"}
    replies: list[Callable[[Call], Reply]] = [
        echo,
        echo,
        echo,
        lambda _: Reply(drop=True),
        lambda _: failure(429, "slow down", **soon),
        lambda _: failure(500, "oops", **soon),
        lambda _: failure(400, "maximum context length is 8"),
        lambda _: failure(404, "gone"),
        lambda _: chat(None),
        lambda _: chat("half", "length"),
        lambda _: Reply(b"{"),
    ]

    def answer(call: Call) -> Reply:
        with lock:
            reply, wait, hang = dice.choice(replies), dice.random() * 0.01, dice.random() < 0.02
        time.sleep(1.5 if hang else wait)
        return reply(call)

    pair = [servers(), servers()]
    for server in pair:
        server.answer = answer
    requests = deque(map(request, map(str, range(150))))
    seen, expected = [], {str(i) for i in range(150)}
    for completion in engine_of(*pair, concurrency=16, timeout_seconds=1).stream(requests):
        seen.append(completion.request_id)
        assert (completion.error is None) == (completion.finish_reason in ("stop", "length"))
        if completion.finish_reason == "length":  # as `respond` does: ask again, once
            again = f"{completion.request_id} again"
            if again.count("again") == 1:
                expected.add(again)
                requests.append(request(again))
    assert len(seen) == len(set(seen))
    assert set(seen) == expected


# The chain


def test_a_cell_answered_by_a_server(server: FakeServer, lake: Lake, cell: Cell) -> None:
    text = "Das ist eine vollständige und klare Antwort auf die Frage, die Sie gerade gestellt haben."
    rows = [
        {column: f"{column} {number}" for column, kind, _ in PROMPTS.fields if str(kind) == "string"}
        | {"language": cell.language, "strategy": cell.strategy, "exemplar_ids": [], "licenses": ["cc0-1.0"]}
        for number in range(4)
    ]
    lake.write_cell(PROMPTS, cell, rows)

    def answer(call: Call) -> Reply:
        if call.text == "synth_prompt 0":
            return failure(400, "maximum context length is 8 tokens")
        if call.text == "synth_prompt 1":
            return chat(None, "content_filter")
        if call.text == "synth_prompt 2" and call.body["max_tokens"] == TEACHER.max_tokens:
            return chat("cut", "length")
        return chat(json.dumps({"prompt": text, "response": text}))

    server.answer = answer
    with closing(ServerEngine(TEACHER, [server.url], KEY)) as engine:
        result = respond(lake, TEACHER, [cell], lambda: engine, lambda _: None)[cell]
    assert result.outcomes == {"ok": 2, "too_long": 1, "engine_error": 1}
    assert result.asked == 5
    assert len(lake.read_cell(RESPONSES, cell, teacher=TEACHER.name)) == 4
