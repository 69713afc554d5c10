"""A server that answers every chat request at once, for measuring what the asking costs.

It is a process of its own, prints its port and ends when its standard input is closed. `GET /asked` tells how many
chat requests it has answered. It reads as little of a request as it can: the first line, the length, whether the
connection stays open, and whether there is any message at all.
"""

import asyncio
import json
import sys
from itertools import cycle, permutations

SENTENCES = (
    "Die Antwort hängt vor allem davon ab, wie genau man die Frage stellt.",
    "Zuerst sollte man die wichtigsten Begriffe klären und Beispiele sammeln.",
    "Danach lohnt sich ein Blick auf die häufigsten Fehler.",
    "Wer regelmäßig übt, bemerkt schon nach kurzer Zeit einen Unterschied.",
    "Am Ende zählt, dass man es verständlich erklären kann.",
)
MODELS = {"object": "list", "data": [{"id": "teacher", "object": "model", "created": 0, "owned_by": "benchmark"}]}


def completion(number: int, text: str) -> bytes:
    """The body of an answer."""
    message = {"role": "assistant", "content": text}
    body = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 0,
        "model": "teacher",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 60, "completion_tokens": 80, "total_tokens": 140},
    }
    return json.dumps(body, ensure_ascii=False).encode()


def response(status: str, body: bytes, connection: str) -> bytes:
    """A whole HTTP response."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: {connection}\r\n\r\n".encode() + body


class Counter:
    """The answers and their number. They differ, so that no contestant can reuse what it found out about the last."""

    def __init__(self) -> None:
        bodies = [completion(number, " ".join(order)) for number, order in enumerate(permutations(SENTENCES))]
        self.asked = 0
        self.answers = {
            connection: cycle([response("200 OK", body, connection) for body in bodies])
            for connection in ("keep-alive", "close")
        }

    def answer(self, line: bytes, body: bytes, connection: str) -> bytes:
        """The response to a request with the first line `line`, in small letters."""
        if line.startswith(b"post /v1/chat/completions "):
            if b'"content"' not in body:  # a client that only wants to see whether anybody is there
                return response("400 Bad Request", b'{"error": {"message": "no messages"}}', connection)
            self.asked += 1
            return next(self.answers[connection])
        if line.startswith(b"get /v1/models "):
            return response("200 OK", json.dumps(MODELS).encode(), connection)
        if line.startswith(b"get /asked "):
            return response("200 OK", str(self.asked).encode(), connection)
        return response("404 Not Found", b"{}", connection)


class Connection(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 what a TCP server is given
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers every request that is complete."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0 and self.transport is not None:
            head = self.buffer[:end].lower()
            start = head.find(b"content-length:")
            length = int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            connection = "close" if b"connection: close" in head else "keep-alive"
            self.transport.write(self.counter.answer(head, body, connection))
            if connection == "close":
                self.transport.close()
                self.transport = None


async def main() -> None:
    """Serves until standard input is closed."""
    loop = asyncio.get_running_loop()
    closed = asyncio.Event()
    counter = Counter()
    server = await loop.create_server(lambda: Connection(counter), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop.add_reader(sys.stdin.fileno(), closed.set)
    await closed.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
