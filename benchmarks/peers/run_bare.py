"""The floor: a loop that posts the questions with aiohttp, parses the answers and keeps the texts in memory."""

import asyncio
import json
from collections.abc import Callable

import aiohttp  # noqa: TID253 this process does nothing else

from peers.contest import IN_FLIGHT, MAX_TOKENS, MODEL, TEMPERATURE, Task, compete, messages

_TEXTS: list[str] = []


async def ask(task: Task) -> None:
    """Asks all questions."""
    _TEXTS.clear()
    waiting = iter(task.questions)
    url = f"{task.url}/v1/chat/completions"

    async def worker(session: aiohttp.ClientSession) -> None:
        for question in waiting:
            body = {
                "model": MODEL,
                "messages": messages(question),
                "max_tokens": MAX_TOKENS,
                "temperature": TEMPERATURE,
            }
            async with session.post(url, json=body) as response:
                _TEXTS.append(json.loads(await response.read())["choices"][0]["message"]["content"])

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session:
        await asyncio.gather(*(worker(session) for _ in range(IN_FLIGHT)))


def prepare(task: Task) -> Callable[[], None]:
    """See peers.contest.compete."""
    return lambda: asyncio.run(ask(task))


def written(_: Task) -> int:
    """Texts that were kept; this contestant writes nothing."""
    return sum(bool(text) for text in _TEXTS)


if __name__ == "__main__":
    compete(prepare, written)
