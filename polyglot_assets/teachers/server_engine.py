"""OpenAI-compatible servers (`vllm serve` and others): the engine for models that run somewhere else.

Here: sending requests to one or more servers, and turning whatever comes back into exactly one completion each.
Everything that depends on the `openai` library is in this file. Not here: what to ask (responses/) and vLLM in this
process (vllm_engine.py).

The library is asynchronous and the rest of the project is not, so it runs in one background thread; a queue hands
its results to the generator that the caller reads. The API key never leaves this file: the library puts it into
headers, and every text that a server sends back is searched for it.
"""

import asyncio
import json
import logging
import queue
import re
import threading
from collections import deque
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeVar
from urllib.parse import urlsplit

from polyglot_assets.errors import UserError
from polyglot_assets.teachers.engine import Completion, Request
from polyglot_assets.teachers.registry import Teacher

_RETRIES = 4
"""On 408, 409, 429, 5xx and broken connections: waits of 0.5 to 8 s, or what Retry-After says up to two minutes."""
_CONNECT_SECONDS = 10.0
_CHECK_SECONDS = 30.0
_LONGEST_ERROR = 300
_SHORTEST_SECRET = 16
"""Keys below this length are made up for servers that need none (EMPTY, token-abc123); an answer may hold such a
word, while in a longer one the key can only be an echo."""

_STANDARD = ("temperature", "top_p", "max_tokens", "seed")
"""Sampling parameters of OpenAI's own API. Others (top_k, repetition_penalty) are extensions of the servers."""
_TOO_LONG_STATUS = (400, 422)
_TOO_LONG = re.compile(
    r"context[ _](length|window|size)"  # OpenAI, vLLM, SGLang, llama.cpp
    r"|maximum model length|max_model_len|max_tokens must be at least 1, got -"  # vLLM
    r"|too many tokens|(prompt|input) is too long|token count .{0,40}exceeds",  # hosted providers
    re.IGNORECASE,
)
_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")


@dataclass
class _Server:
    """A server and the number of requests it is working on (touched by the background thread only)."""

    url: str
    client: Any
    under_way: int = 0


class AnswerError(ValueError):
    """A server answered with something that is no answer. Stays inside; its name shows in `Completion.error`."""


class ServerEngine:
    """One teacher behind one or more servers. Nothing is sent before the first completion is asked for.

    Args:
        teacher: who is asked; `teacher.model` must be the name under which the servers know it.
        urls: base URLs, each usually ending in /v1. A request goes to the one with the fewest under way.
        api_key: sent to every server; may be empty.
        concurrency: most requests under way at once, over all servers.
        timeout_seconds: longest time for one request, its retries included.

    Raises:
        UserError: a URL or the key cannot be used.
    """

    def __init__(
        self, teacher: Teacher, urls: Sequence[str], api_key: str, concurrency: int = 64, timeout_seconds: float = 600
    ) -> None:
        if not urls or concurrency < 1:
            raise ValueError("needs at least one URL and a concurrency of at least 1")
        self._teacher = teacher
        self._urls = tuple(urls)
        # A line end from a key file is the usual accident. In a header it is an error whose text quotes the key.
        self._key = api_key.strip()
        if not (self._key.isascii() and self._key.isprintable()):
            raise UserError("POLYGLOT_TEACHER_API_KEY: holds characters that no HTTP header can carry")
        self._concurrency = concurrency
        # Sent, waiting to be sent or waiting to be read. A worker that finds the next request at once keeps its server
        # busy whatever the reader does; more would only be lost, and paid again, if the process died.
        self._ahead = 2 * concurrency
        self._timeout = timeout_seconds
        self._servers: list[_Server] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closing = threading.Lock()
        self._closed = False
        for url in urls:
            if not _is_url(url):
                expected = "expected a URL such as http://127.0.0.1:8000/v1"
                raise UserError(self._clean(f"POLYGLOT_TEACHER_URL: {expected}, got {url!r}"))

    def stream(self, requests: deque[Request]) -> Iterator[Completion]:
        """See `Engine.stream`. Closing the generator cancels what is under way.

        Raises:
            UserError: a server does not answer, refuses the key or is no OpenAI-compatible server.
        """
        if not requests:
            return
        loop = self._start()
        waiting: asyncio.Queue[Request] = asyncio.Queue()
        finished: _Finished = queue.SimpleQueue()
        workers = self._submit(self._work(waiting, finished))
        workers.add_done_callback(finished.put)  # they end only with the engine; the reader must not wait for ever
        under_way = 0
        try:
            while requests or under_way:
                while requests and under_way < self._ahead:
                    loop.call_soon_threadsafe(waiting.put_nowait, requests.popleft())
                    under_way += 1
                completion = _opened(finished.get())
                under_way -= 1
                yield completion
        finally:
            workers.cancel()

    def close(self) -> None:
        """Cancels what is under way and ends the thread."""
        with self._closing:  # a run that is interrupted may close from two threads at once
            self._closed = True
            if self._loop is None or self._thread is None:
                return
            self._submit(_shut(self._servers)).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop = self._thread = None
            self._servers = []

    def _start(self) -> asyncio.AbstractEventLoop:
        """The loop of the thread. Starts it and checks the servers, unless that was done before."""
        if self._closed:
            raise RuntimeError("the engine is closed")
        if self._loop is None:
            _quieten()
            self._loop = asyncio.new_event_loop()
            # A daemon: an engine that nobody closed must not keep the process from ending.
            self._thread = threading.Thread(target=self._loop.run_forever, name="polyglot-servers", daemon=True)
            self._thread.start()
        if not self._servers:
            self._servers = self._submit(self._connect()).result()
        return self._loop

    def _submit(self, work: Coroutine[Any, Any, _T]) -> Future[_T]:
        if self._loop is None:
            work.close()
            raise RuntimeError("the engine is closed")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    # What follows runs in the background thread.

    async def _connect(self) -> list[_Server]:
        from openai import AsyncOpenAI, Timeout

        # `_answer` limits a request as a whole. The library's own limit is one between two bytes and begins anew
        # with each retry: a server that hangs would be waited for five times over.
        timeout = Timeout(None, connect=min(_CONNECT_SECONDS, self._timeout))
        # The library insists on a key; if none is given it would take OPENAI_API_KEY, which is not for this server.
        key = self._key or "none"
        servers = [
            _Server(url, AsyncOpenAI(base_url=url, api_key=key, timeout=timeout, max_retries=_RETRIES))
            for url in self._urls
        ]
        problems = [problem for problem in await asyncio.gather(*map(self._check, servers)) if problem]
        if problems:
            await _disconnect(servers)
            raise UserError(self._clean("POLYGLOT_TEACHER_URL: " + "; ".join(problems), limit=None))
        return servers

    async def _check(self, server: _Server) -> str | None:
        """What is wrong with a server, or None."""
        from openai import APIStatusError, OpenAIError

        client = server.client.with_options(max_retries=1)
        try:
            async with asyncio.timeout(min(_CHECK_SECONDS, self._timeout)):
                try:
                    response = await client.models.with_raw_response.list()
                except APIStatusError as error:
                    if error.status_code not in (404, 405):
                        raise
                    # Some providers list no models. Asked for nothing, a chat endpoint complains about the request.
                    await client.post("/chat/completions", body={}, cast_to=object)
                    return None
            self._compare_models(server, json.loads(response.http_response.content))
        except APIStatusError as error:
            return _problem(server.url, error.status_code, self._clean(_describe(error)))
        except TimeoutError:
            return f"{server.url} does not answer"
        except OpenAIError as error:
            return f"{server.url} does not answer ({self._clean(_describe(error))})"
        except (ValueError, RecursionError):
            return f"{server.url} answers, but is no OpenAI-compatible server"
        return None

    def _compare_models(self, server: _Server, listing: Any) -> None:
        """Warns if the teacher is not on a server's list. Only a warning: some servers take any name."""
        entries = listing.get("data") if isinstance(listing, Mapping) else None
        known = entries if isinstance(entries, list) else []
        names = [entry.get("id") for entry in known if isinstance(entry, Mapping)]
        if names and self._teacher.model not in names:
            shown = self._clean(", ".join(map(str, names)))
            _LOG.warning("%s lists %s, but not %s", self._clean(server.url), shown, self._teacher.model)

    async def _work(self, waiting: asyncio.Queue[Request], finished: "_Finished") -> None:
        """Answers what waits until it is cancelled."""

        async def worker() -> None:
            while True:
                request = await waiting.get()
                try:
                    finished.put(await self._answer(request))
                except Exception as error:  # noqa: BLE001 a programming error, raised again where the stream is read
                    finished.put(error)

        # Few long-lived tasks, not one per request: what the library's lower layers (anyio) keep per task makes a
        # request in a task of its own a quarter more expensive.
        async with asyncio.TaskGroup() as group:
            for _ in range(self._concurrency):
                group.create_task(worker())

    async def _answer(self, request: Request) -> Completion:
        """The completion of a request. Only a programming error raises."""
        from openai import APIStatusError, OpenAIError

        server = min(self._servers, key=attrgetter("under_way"))
        server.under_way += 1
        try:
            async with asyncio.timeout(self._timeout):
                create = server.client.chat.completions.with_raw_response.create
                response = await create(**_arguments(self._teacher, request))
            completion = _read(request.request_id, response.http_response.content)
            if len(self._key) >= _SHORTEST_SECRET and self._key in completion.text:
                raise AnswerError("the answer repeats the API key")
        except APIStatusError as error:
            return self._failed(request, _describe(error), too_long=_is_too_long(error))
        except TimeoutError:
            return self._failed(request, f"TimeoutError: no answer within {self._timeout:g} s")
        except (OpenAIError, ValueError, RecursionError) as error:
            return self._failed(request, _describe(error))
        else:
            return completion
        finally:
            server.under_way -= 1

    def _failed(self, request: Request, error: str, *, too_long: bool = False) -> Completion:
        return Completion(request.request_id, "", "too_long" if too_long else "error", error=self._clean(error))

    def _clean(self, text: str, limit: int | None = _LONGEST_ERROR) -> str:
        """One line without the key and without passwords in URLs. Shortened last: half a key is still a leak."""
        for secret in {self._key, json.dumps(self._key)[1:-1]} - {""}:
            text = text.replace(secret, "[key]")
        text = " ".join(re.sub(r"(?<=://)[^/\s@]*@", "", text).split())
        return text if limit is None or len(text) <= limit else text[:limit] + "…"


_Finished = queue.SimpleQueue[Completion | Exception | Future[None]]
"""Completions, an error that `_answer` does not know, or the end of the workers themselves."""


def _opened(item: Completion | Exception | Future[None]) -> Completion:
    if isinstance(item, Future):
        raise RuntimeError("the engine was closed while it answered")  # noqa: TRY004 no matter of types
    if isinstance(item, Exception):
        raise item
    return item


def _is_url(url: str) -> bool:
    """Whether this can be a base URL. The library itself would find out late and raise one of many errors."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and url.isprintable()
    except ValueError:
        return False


def _quieten() -> None:
    """Unless the user chose a level: these log a line per request, and at debug level what the server sent."""
    for name in ("httpx", "httpcore", "httpx2", "httpcore2"):
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)


async def _shut(servers: list[_Server]) -> None:
    """Cancels whatever else runs in this loop and closes the connections."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await _disconnect(servers)


async def _disconnect(servers: list[_Server]) -> None:
    for server in servers:
        await server.client.close()


def _arguments(teacher: Teacher, request: Request) -> dict[str, Any]:
    """A request as the library wants it."""
    arguments: dict[str, Any] = {"model": teacher.model, "messages": list(request.messages)}
    arguments |= {name: value for name, value in request.sampling.items() if name in _STANDARD}
    extra = {name: value for name, value in request.sampling.items() if name not in _STANDARD}
    if extra:
        arguments["extra_body"] = extra
    if request.schema is not None:
        schema = {"name": "answer", "strict": True, "schema": request.schema}
        arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
    return arguments


def _read(request_id: str, content: bytes) -> Completion:
    """The completion that a server sent. Read by hand, because the library believes every body.

    Raises:
        AnswerError: it holds no answer that can be used.
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise AnswerError(f"malformed: {content.decode('utf-8', 'replace')}") from None
    try:
        choice = body["choices"][0]
        reason, message = choice["finish_reason"], choice["message"]
        text, refusal = message["content"], message.get("refusal")
    except (LookupError, TypeError, AttributeError):
        # Written anew, since a server may escape characters of the key ("\/") so that it would not be recognised.
        raise AnswerError(f"malformed: {json.dumps(body, ensure_ascii=False)}") from None
    if text is None and reason == "length":
        text = ""  # a reasoning model that used up its budget before it began to answer
    if reason not in ("stop", "length"):
        raise AnswerError(f"the server finished with {reason!r}")
    if not isinstance(text, str):
        raise AnswerError(f"the model refused: {refusal}" if refusal else "no text")
    usage = body.get("usage")
    counts = usage if isinstance(usage, Mapping) else {}
    return Completion(
        request_id, text, reason, _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))
    )


def _count(value: Any) -> int | None:
    return value if type(value) is int else None


def _describe(error: Exception) -> str:
    """Class, status and message of an error. Not yet fit to be shown: see `ServerEngine._clean`."""
    status = getattr(error, "status_code", None)
    name = type(error).__name__ + (f" {status}" if status else "")
    body = getattr(error, "body", None)
    message = str(error)
    if isinstance(body, Mapping):
        found = body.get("message") or body.get("detail")
        message = found if isinstance(found, str) else json.dumps(body, ensure_ascii=False)
    elif body:
        message = str(body)
    # "Connection error." alone helps nobody; what the library caught says whether it was refused, reset or unknown.
    cause = error.__cause__
    return f"{name}: {message}" + (f" ({type(cause).__name__}: {cause})" if cause else "")


def _problem(url: str, status: int, description: str) -> str | None:
    """What a user should know about a server that answers the health check with an error status."""
    if status in (401, 403):
        return f"{url} refuses the key in POLYGLOT_TEACHER_API_KEY ({description})"
    if status in (404, 405):
        return f"{url} has no chat completions; does the base URL end in /v1?"
    if status >= 500:
        return f"{url} does not answer ({description})"
    return None  # it is busy (429), or complains about the empty request: it is there


def _is_too_long(error: Any) -> bool:
    """Whether a server refused a request because prompt and budget together exceed the model's length."""
    return error.status_code in _TOO_LONG_STATUS and bool(_TOO_LONG.search(f"{error.body} {error}"))
