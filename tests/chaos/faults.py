"""The ways in which a model server misbehaves.

Here: plans for `ModelServer.plan`. Whether a call is hit depends on its body and on how often it was sent, never on
chance, and no call is hit more often than it may be sent again; so every run must end as the untroubled one did.
"""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from chaos.server import Call, ModelServer, Plan, Wire, truth

_MOST = 4
"""Failures in a row that a request survives (backoff.RETRIES)."""

_Act = Callable[[ModelServer, Call, Wire], Awaitable[None]]


def sometimes(act: _Act, share: float, most: int = _MOST) -> Plan:
    """Hits a share of all calls."""

    async def plan(server: ModelServer, call: Call, wire: Wire) -> bool:
        if call.nth > most or random.Random(f"{call.digest} {call.nth}").random() >= share:
            return False
        await act(server, call, wire)
        return True

    return plan


def storms(act: _Act, seconds: float, answers: int) -> Plan:
    """Hits everything for some time, after every so many answers."""
    end, goal = 0.0, answers

    async def plan(server: ModelServer, call: Call, wire: Wire) -> bool:
        nonlocal end, goal
        if server.answered >= goal:
            end, goal = time.monotonic() + seconds, server.answered + answers
        if time.monotonic() >= end:
            return False
        await act(server, call, wire)
        return True

    return plan


def always(act: _Act) -> Plan:
    """Hits everything from now on."""
    return sometimes(act, 1.0, most=10**9)


def refuse(status: int, **headers: str) -> _Act:
    """An error with a status."""
    content = json.dumps({"error": {"message": "not now", "type": "error", "code": status}}).encode()

    async def act(server: ModelServer, call: Call, wire: Wire) -> None:
        wire.send(status, content, **headers)

    return act


def body(content: Callable[[Call], bytes]) -> _Act:
    """A response whose body is not what it should be."""

    async def act(server: ModelServer, call: Call, wire: Wire) -> None:
        wire.send(200, content(call))

    return act


async def hang(server: ModelServer, call: Call, wire: Wire) -> None:
    """No answer for as long as anybody listens."""
    server.in_flight -= 1  # nobody has to wait for this one
    try:
        while not wire.writer.is_closing():
            await asyncio.sleep(0.01)
    finally:
        server.in_flight += 1


async def reset(server: ModelServer, call: Call, wire: Wire) -> None:
    """The connection breaks before an answer."""
    await asyncio.sleep(0.002)
    wire.reset()


async def truncate(server: ModelServer, call: Call, wire: Wire) -> None:
    """The connection ends in the middle of the body."""
    _, content = truth(call)
    wire.send(200, content[: len(content) // 2], length=len(content))
    await wire.writer.drain()
    wire.cut()


async def truncate_quietly(server: ModelServer, call: Call, wire: Wire) -> None:
    """Half of the body as if it were all of it."""
    _, content = truth(call)
    wire.send(200, content[: len(content) // 2])


async def answer_twice(server: ModelServer, call: Call, wire: Wire) -> None:
    """The same response twice in one piece."""
    status, content = await server.finish(call)
    wire.send(status, content, times=2)


async def no_http(server: ModelServer, call: Call, wire: Wire) -> None:
    """Something that speaks another protocol."""
    wire.writer.write(b"220 mail.example ESMTP\r\n" * 3)
    await wire.writer.drain()
    wire.cut()


_SHAPES: list[Any] = [
    {},
    [],
    None,
    "text",
    {"choices": []},
    {"choices": [{}]},
    {"choices": [{"finish_reason": "stop", "message": "text"}]},
    {"choices": [{"finish_reason": "stop", "message": {"content": 7}}]},
    {"choices": [{"finish_reason": "abort", "message": {"content": "half an ans"}}]},
    {"choices": {"0": {"finish_reason": "stop", "message": {"content": "text"}}}},
    {"error": {"message": "with status 200"}},
]
_MALFORMED = [b"", b"{", b"<html>Bad gateway</html>", b"\xff\xfe\x00", b"null null", b"[" * 100_000]


def wrong_shape(call: Call) -> bytes:
    """JSON, but no answer."""
    return json.dumps(_SHAPES[call.draw % len(_SHAPES)]).encode()


def malformed(call: Call) -> bytes:
    """No JSON."""
    return _MALFORMED[call.draw % len(_MALFORMED)]


PLANS: dict[str, Callable[[], Plan]] = {
    "500 on a fifth of all requests": lambda: sometimes(refuse(500), 0.2),
    "502, 503 and 504": lambda: sometimes(refuse(503), 0.1),
    "429 storm with Retry-After": lambda: storms(refuse(429, Retry_After="0.3"), 0.4, 50),
    "429 storm without Retry-After": lambda: storms(refuse(429), 0.6, 50),
    "connection reset": lambda: sometimes(reset, 0.1),
    "truncated body": lambda: sometimes(truncate, 0.2),
    "truncated body of the right length": lambda: sometimes(truncate_quietly, 0.2),
    "malformed body": lambda: sometimes(body(malformed), 0.2),
    "wrong-shape JSON": lambda: sometimes(body(wrong_shape), 0.2),
    "no HTTP": lambda: sometimes(no_http, 0.05),
    "response sent twice": lambda: sometimes(answer_twice, 0.2, most=1),
    "server hangs": lambda: sometimes(hang, 0.02, most=1),
}
