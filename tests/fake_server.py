"""A model server on loopback that misbehaves as told, and what tests need to talk to it."""

import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from polyglot_assets.domain.errors import EngineDown
from polyglot_assets.inference.chat_api import CONTROL
from polyglot_assets.inference.engine import Completion, Request, Take
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.inference.server_engine import ServerEngine

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
    """What the server sends: `body` as JSON, or bytes as they are; `drop` ends the connection instead.

    `length` is what Content-Length claims if that is not the truth; below 0 there is none and the connection ends.
    """

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    length: int | None = None


def chat(text: Any, finish_reason: Any = "stop", **more: Any) -> Reply:
    choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return Reply({"object": "chat.completion", "choices": [choice | more], "usage": usage})


def echo(call: Call) -> Reply:
    return chat(f"answer to {call.text}")


def failure(status: int, message: str, **headers: str) -> Reply:
    return Reply({"error": {"message": message, "type": "error", "code": status}}, status, headers)


class FakeServer(ThreadingHTTPServer):
    """Answers chat completions with a function and notes what it was asked. `die` is what a killed process does.

    The harmless request by which the engine finds out whether everything is refused is answered, and not among the
    `calls`, unless `control` is None.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.answer: Callable[[Call], Reply] = echo
        self.models: Callable[[], Reply] = lambda: Reply({"object": "list", "data": [{"id": TEACHER.model}]})
        self.control: Callable[[Call], Reply] | None = echo
        self.calls: list[Call] = []
        self.controls: list[Call] = []
        self.checks = 0
        self.in_flight = self.most_in_flight = 0
        self.lock = threading.Lock()
        self.released = threading.Event()  # what hangs waits for this, so that it ends with the test
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        self.connections: list[socket.socket] = []
        self.dead = False

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.append(request)
        super().process_request(request, client_address)

    def die(self) -> None:
        self.dead = True
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent: clients that hang up are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    server: FakeServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.server.checks += 1
        found = urlsplit(self.path).path == "/v1/models"  # a proxy is given the whole URL
        self._send(self.server.models() if found else Reply({"detail": "Not Found"}, 404))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        call = Call(self.path, self.headers, body)
        server = self.server
        if urlsplit(self.path).path != "/v1/chat/completions":
            self._send(Reply({"detail": "Not Found"}, 404))
            return
        if server.control is not None and body and call.text == CONTROL:
            server.controls.append(call)
            self._send(server.control(call))
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
        if reply.drop or self.server.dead:
            self.close_connection = True
            return
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name.replace("_", "-"), value)
        length = len(content) if reply.length is None else reply.length
        if length >= 0:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        with suppress(ConnectionError):  # the client need not wait for all of it
            self.wfile.write(content)
        self.close_connection = self.close_connection or length != len(content)

    def log_message(self, *args: Any) -> None:
        pass


@dataclass
class Clock:
    """A clock that can be put forward; see the fixture `clock`."""

    ahead: float = 0.0

    def read(self) -> float:
        return time.monotonic() + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += seconds


Engines = Callable[..., ServerEngine]
Servers = Callable[..., FakeServer]


def request(name: str, **more: Any) -> Request:
    messages = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": name})
    return Request(name, messages, {"max_tokens": 64, "seed": 5}, **more)


def taking(requests: deque[Request]) -> Take:
    """Takes from the left."""
    return lambda: requests.popleft() if requests else None


def requests_for(*names: str) -> deque[Request]:
    return deque(map(request, names))


def ask(engine: ServerEngine, *names: str) -> dict[str, Completion]:
    completions = list(engine.stream(taking(requests_for(*names))))
    assert sorted(c.request_id for c in completions) == sorted(names)
    return {c.request_id: c for c in completions}


def dropping(call: Call) -> Reply:
    return Reply(drop=True)


def down(engine: ServerEngine, *names: str) -> str:
    """The one line about a stream that ended because the servers are gone."""
    with pytest.raises(EngineDown) as raised:
        list(engine.stream(taking(requests_for(*names))))
    message = str(raised.value)
    assert "\n" not in message
    assert "not received; what was answered is kept; run again" in message
    assert KEY not in message
    assert raised.value.__context__ is None
    return message


def filling_up(server: FakeServer, number: int) -> Callable[[Call], None]:
    """For `answer`: holds the first calls until so many are in flight at once, however slowly they come."""

    def hold(call: Call) -> None:
        if len(server.calls) <= number:
            eventually(lambda: server.most_in_flight >= number)

    return hold


def eventually(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Waits for something that is going to be so; the limit only ends a test that would hang."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def unused_url() -> str:
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}/v1"
