"""A model server on loopback that answers as a function of the request, counts what it answered, and can misbehave.

Here: HTTP by hand, so that every byte and every moment can be wrong on purpose, and what a request is answered with.
Not here: the ways to misbehave (faults.py).

An answer counts as paid when the server has finished it, also if nobody is there any more to receive it: that is what
a provider charges for.
"""

import asyncio
import json
import math
import socket
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from scripted import SENTENCES

from polyglot_assets.inference.chat_api import CONTROL

MODEL = "org/chaos-1b"
_LAST_WORDS = (0, 8)
BUDGET = 64
"""max_tokens of a first try."""


@dataclass
class Call:
    """One POST: `number` counts all of them, `nth` those with the same body, `draw` is a number from the body."""

    number: int
    nth: int
    digest: str
    body: dict[str, Any]
    since: float = field(default_factory=time.monotonic)

    @property
    def draw(self) -> int:
        return int(self.digest[:8], 16)


@dataclass
class Wire:
    """The connection of a call."""

    writer: asyncio.StreamWriter

    def send(self, status: int, content: bytes, length: int | None = None, times: int = 1, **headers: str) -> None:
        """A response, or several equal ones in one piece. `length` may lie about the content."""
        lines = [f"HTTP/1.1 {status} Whatever", "Content-Type: application/json"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines.append(f"Content-Length: {len(content) if length is None else length}")
        self.writer.write(("\r\n".join([*lines, "", ""]).encode() + content) * times)

    def reset(self) -> None:
        """Ends the connection in the hardest way."""
        linger = b"\1\0\0\0\0\0\0\0"
        with suppress(OSError, AttributeError):
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    def cut(self) -> None:
        """Ends the connection after what was sent."""
        self.writer.close()


Plan = Callable[["ModelServer", Call, Wire], Awaitable[bool]]
"""Returns whether it has dealt with the call; else the call is answered truthfully."""


async def behave(server: "ModelServer", call: Call, wire: Wire) -> bool:
    return False


class ModelServer:
    """Runs in a thread of its own. Everything that counts is counted in that thread."""

    def __init__(self, slowness: float = 1.0) -> None:
        self.plan: Plan = behave
        self.slowness = slowness
        self.calls: Counter[str] = Counter()
        self.paid: Counter[str] = Counter()
        self.last_words: set[str] = set()
        """Those of them that are no answer: too long, or filtered."""
        self.in_flight = self.most_in_flight = 0
        self.fence: float = math.inf
        """So many different answers are paid, and then everybody waits: a run cannot end before a slow test acts."""
        self._loop = asyncio.new_event_loop()
        self._listening: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self._thread = threading.Thread(target=self._loop.run_forever, name="chaos-server", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def answered(self) -> int:
        """How many answers were paid, all in all."""
        return sum(self.paid.values())

    @property
    def paid_twice(self) -> int:
        """How many of them had been paid before. Last words wait for others to be answered, and are asked again."""
        return sum(count - 1 for digest, count in self.paid.items() if digest not in self.last_words)

    @property
    def last_words_twice(self) -> int:
        """How many last words had been said before."""
        return self.answered - len(self.paid) - self.paid_twice

    def forget(self) -> None:
        """Sets the counters to nothing."""
        self.fence = math.inf
        self.quiet()
        self.calls.clear()
        self.paid.clear()
        self.last_words.clear()
        self.most_in_flight = 0

    def quiet(self) -> None:
        """Waits until nothing is under way here: a client that died has left questions behind."""
        until(lambda: self.in_flight == 0)

    # Life and death.

    def rise(self) -> None:
        """Listens, each time on the same port."""

        async def listen() -> None:
            self._listening = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=512)
            self.port = self._listening.sockets[0].getsockname()[1]

        self._do(listen())

    def die(self) -> None:
        """What the kernel does for a killed process: no more port, all connections broken, nothing finished."""

        async def end() -> None:
            if self._listening is not None:
                self._listening.close()
                self._listening = None
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self._do(end())

    def _do(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    @contextmanager
    def running(self) -> Iterator["ModelServer"]:
        self._thread.start()
        self.rise()
        try:
            yield self
        finally:
            self.die()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(30)

    # HTTP.

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        wire = Wire(writer)
        try:
            while not writer.is_closing():
                await self._exchange(reader, wire)
        except asyncio.CancelledError:
            wire.reset()
        except (OSError, asyncio.IncompleteReadError):
            wire.cut()
        finally:
            self._tasks.discard(task)

    async def _exchange(self, reader: asyncio.StreamReader, wire: Wire) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        if first.startswith("GET"):
            wire.send(200, json.dumps({"object": "list", "data": [{"id": MODEL}]}).encode())
            return
        digest = blake2b(content, digest_size=16).hexdigest()
        self.calls[digest] += 1
        call = Call(self.calls.total(), self.calls[digest], digest, json.loads(content))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            while len(self.paid) >= self.fence:
                await asyncio.sleep(0.002)
            if not await self.plan(self, call, wire):
                wire.send(*await self.finish(call))
        finally:
            self.in_flight -= 1

    async def finish(self, call: Call) -> tuple[int, bytes]:
        """Works on a call until its answer is there and has to be paid."""
        await asyncio.sleep(self.slowness * (1 + call.draw % 10) / 1000)
        if not _is_harmless(call):
            self.paid[call.digest] += 1
            if call.draw % 20 in _LAST_WORDS:
                self.last_words.add(call.digest)
        return truth(call)


def _is_harmless(call: Call) -> bool:
    """Whether it is the question by which the engine finds out whether the server works: every model answers that."""
    return call.body["messages"][-1]["content"] == CONTROL


def truth(call: Call) -> tuple[int, bytes]:
    """Status and body: always the same for the same request, and some of every kind of answer.

    Most are good; the rest is cut, no JSON, in another language, empty, refused, or too long to be asked.
    """
    body, draw = call.body, 19 if _is_harmless(call) else call.draw % 20
    system = body["messages"][0]["content"]
    sentence = f"{next(text for name, text in SENTENCES.items() if name in system)} ({call.digest[:8]})"
    if draw == 0:
        error = {"message": "This model's maximum context length is 4096 tokens", "type": "BadRequestError"}
        return 400, json.dumps({"error": error}).encode()
    text, reason = sentence, "stop"
    if draw == 1:
        text = "This is a complete and clear answer, but nobody asked for it in the English language."
    elif draw == 2:
        text = ""
    if "response_format" in body:
        text = json.dumps({"prompt": f"{sentence} {call.digest[8:]}", "response": text}, ensure_ascii=False)
    if draw == 3 or (draw in (4, 5) and body["max_tokens"] == BUDGET):
        text, reason = text[: len(text) // 2], "length"
    elif draw in (6, 7):
        text = text[:-2]  # no JSON any more, where JSON was asked for
    elif draw == 8:
        reason = "content_filter"
    choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 7 + len(system) // 10, "completion_tokens": 1 + len(text) // 4}
    return 200, json.dumps({"object": "chat.completion", "choices": [choice], "usage": usage}).encode()


def until(condition: Callable[[], bool], seconds: float = 600, every: float = 0.001) -> None:
    """Waits for something that is going to be so. The limit only ends a test that would hang."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(every)
