"""OpenAI-compatible servers (`vllm serve` and others): the engine for models that run somewhere else.

Here: the engine's life, the health check, and the stream as its reader sees it. Not here: who is asked when
(dispatch.py), HTTP (chat_client.py), what bodies mean (chat_api.py), and vLLM in this process (vllm_engine.py).

Everything happens in the reader's thread: the generator runs an event loop until something is finished, stops it, and
hands that out. While the reader works, nothing moves, and nothing is held against the servers. The API key never
leaves the engine: it goes into headers, and every text that a server sends back is searched for it.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from polyglot_assets.domain.errors import EngineDown, UserError
from polyglot_assets.inference import backoff, chat_api
from polyglot_assets.inference.chat_api import SHORTEST_SECRET
from polyglot_assets.inference.chat_client import ChatServer, open_session
from polyglot_assets.inference.dialect import Dialect, dialect_of
from polyglot_assets.inference.dispatch import Dispatcher
from polyglot_assets.inference.endpoints import Endpoint, Limits
from polyglot_assets.inference.engine import Completion, Request, Take
from polyglot_assets.inference.refusals import Kind, TryError, concerns_budget
from polyglot_assets.inference.registry import Teacher

if TYPE_CHECKING:
    from aiohttp import ClientSession

_CHECK_SECONDS = 30.0
_MOST_LESSONS = 6
"""So often one try is put in other words; servers want one or two."""

_TEACHING = (Kind.REFUSED, Kind.FAILED)
_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")


class ServerEngine:
    """One teacher behind one or more servers. Nothing is sent before the first completion is asked for.

    Args:
        teacher: who is asked; `served_as` or else `model` must be the name under which the servers know it.
        urls: base URLs, each usually ending in /v1. A request goes to the one with the fewest under way.
        api_key: sent to every server whose URL holds no password; may be empty.
        concurrency: most requests under way on each server.
        timeout_seconds: longest time for one try.
        patience_seconds: how long a server that is busy or away is waited for while no server answers.

    Raises:
        UserError: a URL or the key cannot be used.
    """

    def __init__(
        self,
        teacher: Teacher,
        urls: Sequence[str],
        api_key: str,
        concurrency: int = 64,
        timeout_seconds: float = 600,
        patience_seconds: float = 300,
    ) -> None:
        if not urls or concurrency < 1:
            raise ValueError("needs at least one URL and a concurrency of at least 1")
        self._teacher = teacher
        # A line end from a key file is the usual accident. In a header it is an error whose text quotes the key.
        self._key = api_key.strip()
        if not (self._key.isascii() and self._key.isprintable()):
            raise UserError("POLYGLOT_TEACHER_API_KEY: holds characters that no HTTP header can carry")
        self._limits = Limits(concurrency, timeout_seconds, patience_seconds)
        self._secrets = {self._key} - {""}
        self._endpoints = [self._endpoint(url) for url in urls]
        known = dialect_of(chat_api.model_name(teacher), teacher.dialect)
        self._dialects = {endpoint.server: known for endpoint in self._endpoints}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: ClientSession | None = None
        self._checked = False
        self._stream: Dispatcher | None = None
        self._running = threading.Lock()
        self._runner = 0
        self._closed = False

    def _endpoint(self, url: str) -> Endpoint:
        server: ChatServer | None = None
        with suppress(ValueError):
            server = ChatServer(url, self._key)
        if server is None:  # raised here, so that no context repeats the URL
            expected = "expected a URL such as http://127.0.0.1:8000/v1"
            raise UserError(self._clean(f"POLYGLOT_TEACHER_URL: {expected}, got {url!r}"))
        self._secrets |= server.secrets
        server.name = self._clean(server.name)
        return Endpoint(server)

    def stream(self, take: Take) -> Iterator[Completion]:
        """See `Engine.stream`. Closing the generator cancels what is under way.

        Raises:
            UserError: a server does not answer the first question, refuses the key or is no OpenAI-compatible server.
            EngineDown: the servers went away, or refuse the key or the model.
        """
        request = take()
        if request is None:
            return
        loop = self._open()
        stream = self._stream = Dispatcher(loop, self._endpoints, self._ask, self._probe, self._control, self._limits)
        stream.add(request)
        more = True
        try:
            while True:
                more = more and _fill(stream, take)
                stream.note_supply(more=more)
                if not stream.held and not stream.finished:
                    return
                self._run(stream)
                if stream.finished:
                    handed_out = time.monotonic()
                    while stream.finished:
                        yield stream.finished.popleft()
                    stream.was_away(time.monotonic() - handed_out)
                    more = True
                if stream.broken is not None:
                    # What is wrong now is better found by the health check, should somebody ask again.
                    self._checked = self._checked and not isinstance(stream.broken, EngineDown)
                    raise stream.broken
        finally:
            self._abandon(stream)

    def close(self) -> None:
        """Cancels what is under way and closes the connections."""
        self._closed = True
        loop = self._loop
        if self._runner == threading.get_ident():
            if loop is not None:
                loop.stop()  # called by a signal handler: the stream finds out and closes
            return
        while self._runner and loop is not None:  # another thread reads a stream, or closes too
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(loop.stop)
            time.sleep(0.01)
        with self._alone():
            self._shut()

    # Running the loop.

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Only one thread at a time runs the loop or changes what hangs on it."""
        with self._running:
            self._runner = threading.get_ident()
            try:
                yield
            finally:
                self._runner = 0

    def _open(self) -> asyncio.AbstractEventLoop:
        """The loop, with a session and servers that were found to be there."""
        if self._closed:
            raise RuntimeError("the engine is closed")
        if _in_a_loop():
            raise RuntimeError("ServerEngine.stream runs an event loop of its own; read it in a thread without one")
        if self._stream is not None:
            self._abandon(self._stream)  # its reader is gone, or will be told
        with self._alone():
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
            if self._session is None:
                self._session = self._await(self._loop, open_session(self._limits.timeout))
            problems = [] if self._checked else self._await(self._loop, self._check_all())
        if problems:
            raise UserError("POLYGLOT_TEACHER_URL: " + "; ".join(problems))
        self._checked = True
        return self._loop

    def _run(self, stream: Dispatcher) -> None:
        """Runs the loop until the stream stops it."""
        with self._alone():
            if self._stream is stream and self._loop is not None and not self._closed:
                self._loop.run_forever()
        if self._closed or self._stream is not stream:
            raise RuntimeError("the engine was closed, or asked for another stream, while it answered")

    def _abandon(self, stream: Dispatcher) -> None:
        """Cancels what a stream has under way, unless that was done before."""
        if self._stream is not stream:
            return  # perhaps in the middle of another stream's loop, if this one was found by the garbage collector
        with self._alone():
            if self._stream is stream and self._loop is not None:  # still, after waiting for a thread that closes
                self._await(self._loop, _end(stream.cancel()))
                self._stream = None
            if self._closed:
                self._shut()

    def _shut(self) -> None:
        if self._loop is None:
            return
        if self._stream is not None:
            self._stream.cancel()
        # All of them, since a second interrupt may have left some that were already given up.
        self._await(self._loop, _end(asyncio.all_tasks(self._loop)))
        if self._session is not None:
            self._await(self._loop, self._session.close())
        self._loop.close()
        self._loop = self._session = self._stream = None

    def _await(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, _T]) -> _T:
        """What `work` returns. A stop that was meant for something else does not end it."""
        task = loop.create_task(work)
        task.add_done_callback(lambda _: loop.stop())
        try:
            while not task.done():
                loop.run_forever()
        except BaseException:
            task.cancel()
            raise
        return task.result()

    # What runs in the loop.

    async def _ask(self, server: ChatServer, request: Request) -> Completion:
        """One try. A refusal that says how the server wants to be asked is followed, and kept in mind if that helps."""
        completion, dialect = await self._ask_in(self._dialects[server], server, request)
        self._keep_in_mind(server, dialect, request)
        return completion

    async def _ask_in(self, dialect: Dialect, server: ChatServer, request: Request) -> tuple[Completion, Dialect]:
        """One try that begins in this dialect, and the one in which it was answered."""
        sent = request
        for _ in range(_MOST_LESSONS):
            try:
                body = chat_api.encode(self._teacher, sent, dialect)
                completion = chat_api.read_answer(
                    request.request_id, await server.complete(self._opened(), body), sent.sampling
                )
                break
            except TryError as error:
                if (fitted := chat_api.fitted(self._teacher, sent, error)) is not None:
                    sent = fitted
                elif error.kind in _TEACHING and (learned := dialect.learn(error.body, sent)) is not None:
                    dialect = learned
                else:
                    raise self._cleaned(error, dialect.advice(error.body, sent)) from None
        else:
            raise TryError(Kind.REFUSED, "the server wants to be asked in yet another way each time")
        told = completion.text + (completion.reasoning or "")
        if any(len(secret) >= SHORTEST_SECRET and secret in told for secret in self._secrets):
            raise TryError(Kind.FINAL, "AnswerError: the answer repeats the API key")
        departures = dialect.departures(request) + (", a smaller budget" if sent is not request else "")
        engine = f"{completion.engine} ({departures.removeprefix(', ')})" if departures else completion.engine
        return replace(completion, engine=engine), dialect

    def _keep_in_mind(self, server: ChatServer, dialect: Dialect, request: Request) -> None:
        known = self._dialects[server]
        if (learned := known | dialect) != known:
            self._dialects[server] = learned
            how = learned.departures(request) or "other names of parameters"
            _LOG.warning("%s refused requests as they were and takes them otherwise: %s", server.name, how)

    async def _control(self, server: ChatServer, request: Request) -> bool:
        """Asks a server something harmless in place of a request.

        If it gives no answer in the asked form of JSON, it is asked for simpler ones, whatever its words were: most
        servers that know no schema say so, each in its own way, and some just break.

        Returns:
            Whether it is asked otherwise from now on.

        Raises:
            TryError: it answers nothing at all in place of this request.
        """
        before, question = self._dialects[server], chat_api.control(request)
        try:
            await self._ask(server, question)
        except TryError as error:
            if request.schema is None or error.kind not in (*_TEACHING, Kind.FINAL):
                raise
            if (learned := await self._simpler_form(server, question)) is None:
                raise
            await asyncio.sleep(backoff.FIRST_WAIT)
            try:
                await self._ask(server, question)  # the first time it was a moment's trouble, perhaps
            except TryError:
                self._keep_in_mind(server, learned, question)
        return self._dialects[server] != before

    async def _simpler_form(self, server: ChatServer, question: Request) -> Dialect | None:
        """A dialect in which a server answers a question that it does not answer with a schema."""
        for dialect in self._dialects[server].simpler():
            with suppress(TryError):
                return (await self._ask_in(dialect, server, question))[1]
        return None

    async def _probe(self, server: ChatServer) -> bytes:
        """The server's list of models."""
        try:
            async with asyncio.timeout(min(_CHECK_SECONDS, self._limits.timeout)):
                return await server.models(self._opened())
        except TryError as error:
            raise self._cleaned(error) from None
        except TimeoutError:
            raise TryError(Kind.HUNG, "TimeoutError: no answer") from None

    async def _check_all(self) -> list[str]:
        """What is wrong with the servers."""
        checked = await asyncio.gather(*(self._check(endpoint.server) for endpoint in self._endpoints))
        return [problem for problem in checked if problem]

    async def _check(self, server: ChatServer) -> str | None:
        try:
            try:
                self._compare_models(server, chat_api.model_names(await self._probe(server)))
            except TryError as error:
                if error.kind in (Kind.FAILED, Kind.LOST, Kind.GONE):
                    await asyncio.sleep(backoff.FIRST_WAIT)  # a moment's trouble, perhaps
                    self._compare_models(server, chat_api.model_names(await self._probe(server)))
                elif error.status in (404, 405):
                    # Some providers list no models. Asked for nothing, a chat endpoint complains about the request.
                    await server.complete(self._opened(), b"{}")
                else:
                    raise
        except TryError as error:
            return chat_api.problem(server.name, self._cleaned(error))
        except (ValueError, RecursionError):
            return f"{server.name} answers, but is no OpenAI-compatible server"
        return None

    def _compare_models(self, server: ChatServer, names: list[str]) -> None:
        """Warns if the teacher is not on a server's list. Only a warning: some servers take any name."""
        model = chat_api.model_name(self._teacher)
        if names and model not in names:
            _LOG.warning("%s lists %s, but not %s", server.name, self._clean(", ".join(names)), model)

    def _opened(self) -> "ClientSession":
        if self._session is None:
            raise RuntimeError("the engine is closed")
        return self._session

    def _cleaned(self, error: TryError, advice: str = "") -> TryError:
        kind = Kind.TOO_LARGE if concerns_budget(error) else error.kind
        return TryError(kind, self._clean(error.text) + advice, error.wait, error.status)

    def _clean(self, text: str) -> str:
        return chat_api.clean(text, self._secrets)


def _fill(stream: Dispatcher, take: Take) -> bool:
    """Sends what there is room for, and at least one. False if there was no more at the moment."""
    while stream.has_room() or not stream.held:
        request = take()
        if request is None:
            return False
        stream.add(request)
    return True


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _end(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancels tasks and waits until they have ended."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
