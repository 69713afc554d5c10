"""Whose fault a last word is, the request's or the server's: a run must not fill its cells with a server's errors.

Here: when a last word is believed, when its server is asked something harmless instead, and what that shows. Not here:
the records (endpoints.py), and what then becomes of requests and servers (dispatch.py).

A last word waits until the server has answered a request of the same shape that was sent later: then it is believed.
If there is no such request any more, an answer to a harmless question of that shape is enough, unless the last words
came in a long series. A server that does not answer even that question, or ends in such a series, is of no use.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol

from polyglot_assets.inference import backoff
from polyglot_assets.inference.chat_client import ChatServer
from polyglot_assets.inference.endpoints import LAST, LONGEST_SERIES, Endpoint, Job, Limits, may_pass
from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.inference.refusals import AWAY, Kind, TryError

_PASSES = (Kind.FAILED, Kind.BUSY, *AWAY)
"""What is waited out: it says nothing about the requests."""
_MOST_REFUSALS = 3
"""So often a harmless question may be filtered or be too long: once is perhaps an accident."""

Control = Callable[[ChatServer, Request], Awaitable[bool]]
Ask = Callable[[ChatServer, Request], Awaitable[Completion]]


class Stream(Protocol):
    """What is decided elsewhere; see `Dispatcher`."""

    broken: Exception | None

    def now(self) -> float:
        """The stream's clock."""

    def patience(self) -> float:
        """Seconds."""

    def is_all(self) -> bool:
        """Whether nothing comes any more that could show whether last words are true."""

    def end(self, job: Job, error: TryError) -> None:
        """Ends a request."""

    def ask_again(self, jobs: Iterable[Job]) -> None:
        """Sends requests anew."""

    def note_answer(self, endpoint: Endpoint) -> None:
        """Takes note that a server answered something."""

    def leave(self, endpoint: Endpoint, why: str) -> None:
        """Goes on without a server, or ends."""

    def break_off(self, why: str) -> None:
        """Ends."""

    def troubles(self) -> str:
        """The last trouble of each server."""

    def fail(self, error: Exception) -> None:
        """Ends with an error."""

    def go_on(self) -> None:
        """Sends what could not be sent before."""


class FaultFinder:
    """Decides about last words.

    Args:
        stream: what is told.
        loop: the stream's.
        endpoints: the servers.
        control: asks a harmless request of the same shape as another one; raises `TryError`. True if the server has
            been found to take such requests in another form, so that refused ones are worth another try.
        ask: asks a request; raises `TryError`.
        limits: what the user chose.
    """

    def __init__(
        self,
        stream: Stream,
        loop: asyncio.AbstractEventLoop,
        endpoints: Sequence[Endpoint],
        control: Control,
        ask: Ask,
        limits: Limits,
    ) -> None:
        self._stream, self._loop, self._endpoints, self._limits = stream, loop, endpoints, limits
        self._control, self._ask = control, ask
        self._most_unheard = max(2, min(LONGEST_SERIES, limits.concurrency // 2))

    def settle(self, endpoint: Endpoint) -> None:
        """Believes what can be believed of a server's last words, and asks it if no answer will show that soon."""
        words = endpoint.words
        if not words.waiting or self._stream.broken is not None:
            return
        for job, error in words.take(lambda job, _: words.is_proven(job)):
            self._believe(job, error)
        if endpoint.control is not None:
            return
        if self._stream.is_all():
            for job, error in words.take(lambda job, _: words.is_greeted(job)):
                self._believe(job, error)
        if (doubtful := self._doubtful(endpoint)) is not None:
            endpoint.control = self._loop.create_task(self._find_out(endpoint, doubtful))

    def _believe(self, job: Job, error: TryError) -> None:
        """Ends a request. Before that it is asked once more if that may help: later, or on another server."""
        if may_pass(job, error) or (len(self._endpoints) > 1 and not job.asked_again):
            job.asked_again = True
            self._stream.ask_again([job])
        else:
            self._stream.end(job, error)

    def _doubtful(self, endpoint: Endpoint) -> Job | None:
        """A request of which no answer will soon show whether others like it are answered; None if there is none."""
        words = endpoint.words
        for job, _ in words.waiting:
            if words.is_series(job.shape) and not endpoint.may_answer(job):
                return job
        unheard = [job for job, _ in words.waiting if not words.is_greeted(job)]
        unknown = (job for job in unheard if not words.is_known(job))
        idle = not endpoint.under_way and any(may_pass(*word) for word in words.waiting)
        due = idle or len(unheard) >= self._most_unheard or self._stream.is_all()
        return next(unknown, unheard[0] if unheard and due else None)

    async def _find_out(self, endpoint: Endpoint, job: Job) -> None:
        """Whether a server gives an answer to anybody."""
        try:
            asked, trouble, otherwise = await self._ask_harmless(endpoint, job)
        except Exception as error:  # noqa: BLE001 a programming error, raised again where the stream is read
            self._stream.fail(error)
            return
        endpoint.control = None
        if self._stream.broken is None:
            if trouble is None:
                self._greeted(endpoint, job, asked, otherwise=otherwise)
            else:
                self._not_greeted(endpoint, job, asked, trouble)
            self.settle(endpoint)
        self._stream.go_on()

    async def _ask_harmless(self, endpoint: Endpoint, job: Job) -> tuple[float, TryError | None, bool]:
        """When a harmless request like this one was asked, what trouble it brought, and if it was taken otherwise.

        Trouble that passes is waited out. Meanwhile another server gets the requests, if there is one.
        """
        times = 0
        while True:
            asked, trouble, otherwise = self._stream.now(), *await self._try(endpoint, job)
            times += 1
            if trouble is None or self._is_enough(endpoint, job, trouble, times):
                return asked, trouble, otherwise
            endpoint.trouble = trouble
            if trouble.kind in _PASSES and any(other.is_open() for other in self._endpoints):
                self._stream.ask_again([job for job, _ in endpoint.words.take(lambda *_: True)])
                self._stream.go_on()
            await asyncio.sleep(trouble.wait or backoff.pause(times))

    def _is_enough(self, endpoint: Endpoint, job: Job, trouble: TryError, times: int) -> bool:
        """Whether a harmless question that had no answer so many times is not asked again."""
        if trouble.kind not in _PASSES:
            return trouble.kind not in LAST or times >= _MOST_REFUSALS
        often = times > backoff.RETRIES or trouble.kind is Kind.HUNG
        return often and self._stream.now() >= max(endpoint.answered, job.since) + self._stream.patience()

    async def _try(self, endpoint: Endpoint, job: Job) -> tuple[TryError | None, bool]:
        try:
            async with asyncio.timeout(self._limits.timeout):
                try:
                    return None, await self._control(endpoint.server, job.request)
                except TryError as error:
                    answered = endpoint.words.heard.get(job.shape)
                    if error.kind in (*_PASSES, Kind.DENIED) or answered is None:
                        raise
                    # Some refuse a greeting. What was answered before is paid twice, and tells them from those that
                    # refuse everything by now.
                    await self._ask(endpoint.server, answered)
                    return None, False
        except TryError as error:
            return error, False
        except TimeoutError:
            return TryError(Kind.HUNG, f"TimeoutError: no answer within {self._limits.timeout:g} s"), False

    def _greeted(self, endpoint: Endpoint, job: Job, asked: float, *, otherwise: bool) -> None:
        """The server answered something harmless."""
        words, name = endpoint.words, endpoint.server.name
        self._stream.note_answer(endpoint)
        words.greeted[job.shape] = asked
        if otherwise:
            words.series.pop(job.shape, None)
            self._stream.ask_again([like for like, _ in words.take(lambda like, _: like.is_like(job))])
        elif words.is_series(job.shape) and not endpoint.may_answer(job):
            said = next((error.text for like, error in reversed(words.waiting) if like.is_like(job)), "")
            many = f"none of {words.series[job.shape]} requests in a row"
            self._stream.leave(endpoint, f"{name} answers a harmless question and {many}: {said}")
        else:  # perhaps it failed everybody at that time, and has recovered
            for like, error in words.take(lambda like, error: may_pass(like, error) and words.is_greeted(like)):
                self._believe(like, error)

    def _not_greeted(self, endpoint: Endpoint, job: Job, asked: float, trouble: TryError) -> None:
        """The server answered nothing, though it was asked something harmless."""
        if endpoint.answered >= asked and not any(like.is_like(job) for like, _ in endpoint.words.waiting):
            return  # others were answered meanwhile
        endpoint.trouble = trouble
        everybody = f"{endpoint.server.name} refuses every request: {trouble.text}"
        if trouble.kind is Kind.DENIED:
            self._stream.break_off(everybody)
        elif trouble.kind in (Kind.BUSY, *AWAY):
            self._stream.leave(endpoint, self._stream.troubles())
        else:
            if trouble.kind in LAST:
                endpoint.words.distrust()
            self._stream.leave(endpoint, everybody)
