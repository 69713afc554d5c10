"""Who is asked when: the requests of one stream, spread over servers that may be busy, broken or gone.

Here: load, pauses, tries and giving up, all in one thread and one event loop. Not here: whether a server's last word
about a request is believed (whose_fault.py), HTTP (chat_client.py), what bodies mean (chat_api.py), and the loop's life
(server_engine.py).

A request is under way on a server, or waits for one with room, or rests after a failure. These three never exceed what
the servers take together, so that requests which cannot be sent keep new ones from being taken. Or its last word waits
to be believed; of these a few more are held.
"""

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

from polyglot_assets.domain.errors import EngineDown
from polyglot_assets.inference import backoff
from polyglot_assets.inference.chat_client import ChatServer
from polyglot_assets.inference.endpoints import LAST, LONGEST_SERIES, Endpoint, Job, Limits, pick
from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.inference.refusals import AWAY, Kind, TryError, is_broken
from polyglot_assets.inference.whose_fault import Control, FaultFinder

LONGEST_TICK = 1.0
_LESS_PATIENCE = 10
"""A server that never worked and just breaks is waited for only for one part in so many of the user's patience."""
_LOG = logging.getLogger(__name__)


class Dispatcher:
    """The requests of one stream. The loop is stopped whenever there is something to do for whoever runs it.

    Args:
        loop: not running while methods are called from outside.
        endpoints: the servers.
        ask: one try; raises `TryError` with a text fit to be shown.
        probe: a harmless question that shows whether a server is there; raises likewise.
        control: see `FaultFinder`.
        limits: what the user chose.

    Attributes:
        finished: completions not yet handed out.
        broken: why the stream cannot go on.
        held: requests taken and not finished.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        endpoints: Sequence[Endpoint],
        ask: Callable[[ChatServer, Request], Awaitable[Completion]],
        probe: Callable[[ChatServer], Awaitable[object]],
        control: Control,
        limits: Limits,
    ) -> None:
        self.finished: deque[Completion] = deque()
        self.broken: Exception | None = None
        self.held = 0
        self._loop, self._endpoints, self._limits = loop, endpoints, limits
        self._ask, self._probe = ask, probe
        self._finder = FaultFinder(self, loop, endpoints, control, ask, limits)
        self._exhausted = False
        self._most = len(endpoints) * limits.concurrency
        self._answered = -math.inf
        self._reading = 0.0
        self._under_way: dict[Job, asyncio.Task[None]] = {}  # the oldest try first
        self._waiting: deque[Job] = deque()
        self._resting: dict[Job, asyncio.TimerHandle] = {}
        self._tick_seconds = min(LONGEST_TICK, max(0.02, min(limits.timeout, limits.patience) / 10))
        self._ticker = loop.call_later(self._tick_seconds, self._tick)
        for endpoint in endpoints:
            self._pause(endpoint, endpoint.paused_until - time.monotonic())

    # For whoever runs the loop.

    def has_room(self) -> bool:
        """Whether a new request could be sent at once."""
        firm = sum(endpoint.words.firm() for endpoint in self._endpoints)
        beside = min(firm, LONGEST_SERIES * len(self._endpoints))
        return self.held - beside < self._most and self._pick() is not None

    def note_supply(self, *, more: bool) -> None:
        """Takes note of whether there may be more requests, before something is finished."""
        self._exhausted = not more
        for endpoint in self._endpoints:
            self._finder.settle(endpoint)

    def add(self, request: Request) -> None:
        """Sends a request, now or when a server has room."""
        self.held += 1
        job = Job(request, self.now())
        endpoint = self._pick()
        if endpoint is None:
            self._waiting.append(job)
        else:
            self._send(job, endpoint)

    def was_away(self, seconds: float) -> None:
        """Takes note that the loop stood still. Servers could not be heard; that is not held against them."""
        self._reading += seconds

    def cancel(self) -> list["asyncio.Task[None]"]:
        """Ends everything; the loop must run until the returned tasks are done."""
        self._ticker.cancel()
        for timer in self._resting.values():
            timer.cancel()
        tasks = [*self._under_way.values(), *(task for endpoint in self._endpoints for task in endpoint.stop())]
        for task in tasks:
            task.cancel()
        self._under_way.clear()
        self._waiting.clear()
        self._resting.clear()
        return tasks

    # For the one that decides about last words.

    def now(self) -> float:
        """The stream's clock: it stands still while the reader is busy with what it was handed."""
        return time.monotonic() - self._reading

    def is_all(self) -> bool:
        """Whether last words wait and nothing else, and no request comes that could show whether they are true."""
        full = self.held >= self._most + LONGEST_SERIES * len(self._endpoints)
        waiting = sum(len(endpoint.words.waiting) for endpoint in self._endpoints)
        return self.held == waiting and not self.finished and (self._exhausted or full)

    def note_answer(self, endpoint: Endpoint) -> None:
        """A server answered something."""
        self._answered = self.now()
        endpoint.note_answer(self._answered)

    def end(self, job: Job, error: TryError) -> None:
        """A request has no answer, and that is its own fault."""
        self._end(job.failure(error))

    def ask_again(self, jobs: Iterable[Job]) -> None:
        """Requests are sent anew, to another server than the one that failed them if there is one."""
        self._waiting.extend(jobs)
        self._loop.call_soon(self._send_waiting)

    def leave(self, endpoint: Endpoint, why: str) -> None:
        """A server is of no use: the stream goes on without it, or ends if it was the last one."""
        if all(other.left_out for other in self._endpoints if other is not endpoint):
            self.break_off(why)
        else:
            _LOG.warning("%s; the run goes on without it", why)
            endpoint.left_out = True
            self.ask_again([job for job, _ in endpoint.words.take(lambda *_: True)])
        endpoint.words.series.clear()

    def break_off(self, why: str, *, passing: bool = False) -> None:
        """The stream ends, because the servers are of no use; `passing`, if that may change by itself."""
        for endpoint in self._endpoints:
            for job, error in endpoint.words.take(endpoint.words.is_credible):
                self.end(job, error)
        many = f"{self.held} answers under way were" if self.held != 1 else "1 answer under way was"
        text = f"{why}; {many} not received; what was answered is kept; run again when this is put right"
        self.fail(EngineDown(text, passing=passing))

    def fail(self, error: Exception) -> None:
        """The stream ends. The first reason counts."""
        self.broken = self.broken or error
        self._loop.stop()

    def go_on(self) -> None:
        """Requests may be sent that could not before: first those that wait, then new ones."""
        self._send_waiting()
        self._loop.stop()

    def troubles(self) -> str:
        """The last trouble of each server."""
        said = ((each.server.name, each.trouble.text if each.trouble else "no answer") for each in self._endpoints)
        return "; ".join(f"{name}: {text}" for name, text in said)

    def patience(self) -> float:
        """How many seconds servers are waited for that give no answer."""
        never_worked = all(each.trouble and is_broken(each.trouble) and not each.worked for each in self._endpoints)
        return self._limits.patience / (_LESS_PATIENCE if never_worked else 1)

    # Sending.

    def _pick(self, shunned: Endpoint | None = None) -> Endpoint | None:
        return pick(self._endpoints, self._limits.concurrency, time.monotonic(), shunned)

    def _send_waiting(self) -> None:
        passed: list[Job] = []
        while self._waiting and self._pick() is not None:
            job = self._waiting.popleft()
            endpoint = self._pick(job.shunned)
            if endpoint is None:
                passed.append(job)  # it waits for another server than the one that failed it
            else:
                self._send(job, endpoint)
        self._waiting.extendleft(reversed(passed))

    def _send(self, job: Job, endpoint: Endpoint) -> None:
        job.started = self.now()
        endpoint.under_way.add(job)
        self._under_way[job] = self._loop.create_task(self._try(job, endpoint))

    async def _try(self, job: Job, endpoint: Endpoint) -> None:
        try:
            completion = await self._ask(endpoint.server, job.request)
        except TryError as error:
            self._left(job, endpoint)
            self._failed(job, endpoint, error)
        except asyncio.CancelledError:
            if not job.late:
                raise
            self._left(job, endpoint)
            text = f"TimeoutError: no answer within {self._limits.timeout:g} s"
            self._failed(job, endpoint, TryError(Kind.HUNG, text))
        except Exception as error:  # noqa: BLE001 a programming error, raised again where the stream is read
            self.fail(error)
        else:
            self._left(job, endpoint)
            self.note_answer(endpoint)
            endpoint.words.note_answer(job, job.started)
            self._end(completion)
        self._finder.settle(endpoint)
        if self._waiting:
            self._send_waiting()

    def _left(self, job: Job, endpoint: Endpoint) -> None:
        del self._under_way[job]
        endpoint.under_way.discard(job)
        job.left = self.now()

    def _end(self, completion: Completion) -> None:
        self.held -= 1
        self.finished.append(completion)
        self._loop.stop()

    # Trouble.

    def _failed(self, job: Job, endpoint: Endpoint, error: TryError) -> None:
        endpoint.trouble = error
        job.shunned, job.late = endpoint, False
        kind = error.kind
        if kind is Kind.DENIED:
            # Answered meanwhile: the key and the model are fine, and what was wrong is perhaps over.
            if endpoint.answered < job.started:
                self.break_off(f"{endpoint.server.name}: {error.text}")
                return
            kind = Kind.FAILED
        if kind in (*LAST, Kind.REFUSED, Kind.TOO_LARGE):
            self._last_word(job, endpoint, error)
        elif kind is Kind.FAILED:
            job.failed += 1
            if job.failed <= backoff.RETRIES:
                self._rest(job, error.wait or backoff.pause(job.failed))
            else:
                self._last_word(job, endpoint, error)
        elif kind is Kind.HUNG:
            job.hung += 1
            if job.hung > 1:
                self._give_up(job, endpoint, error)
            else:
                self._waiting.append(job)
        else:
            self._turned_away(job, endpoint, error)

    def _last_word(self, job: Job, endpoint: Endpoint, error: TryError) -> None:
        if endpoint.left_out:
            self._waiting.append(job)
            return
        endpoint.words.add(job, error)
        self._finder.settle(endpoint)
        self._loop.stop()  # another request may be sent meanwhile

    def _turned_away(self, job: Job, endpoint: Endpoint, error: TryError) -> None:
        """The server is busy, or it or its gateway is gone."""
        job.turned_away += 1
        if self._is_hopeless(job):
            if self._is_undecided():
                self._waiting.append(job)  # sent again, or given up, when the server's check has come back
            else:
                self._give_up(job, endpoint, error)
        elif error.wait is not None:
            self._pause(endpoint, error.wait)
            self._waiting.append(job)
        elif error.kind is Kind.GONE:
            self._suspect(endpoint)
            self._waiting.append(job)
        else:
            # If it answered others meanwhile, the trouble is this request's alone.
            if error.kind is Kind.LOST and endpoint.answered < job.started:
                self._suspect(endpoint)
            self._rest(job, backoff.pause(job.turned_away))

    def _is_hopeless(self, job: Job) -> bool:
        now, patience = self.now(), self.patience()
        if now < max(job.since, self._answered) + patience:
            return False
        if patience < self._limits.patience and job.turned_away <= backoff.RETRIES:
            return False
        # A server that works on something for so long is there, and has enough to do.
        oldest = next(iter(self._under_way), None)
        return oldest is None or not 0 < patience <= now - oldest.started

    def _is_undecided(self) -> bool:
        """Whether no server is open, and one is neither known to be there nor known to be away."""
        suspect = any(endpoint.is_suspect() for endpoint in self._endpoints)
        return suspect and not any(endpoint.is_open() for endpoint in self._endpoints)

    def _give_up(self, job: Job, endpoint: Endpoint, error: TryError) -> None:
        """Ends a request, or the stream if it is not the request's fault."""
        if self.broken is not None:
            return  # what showed that it is not is perhaps no longer among the others
        if self._is_its_own(job, error):
            self._last_word(job, endpoint, error)
        else:
            passing = error.kind is Kind.BUSY or all(endpoint.away for endpoint in self._endpoints)
            self.break_off(self.troubles(), passing=passing)

    def _is_its_own(self, job: Job, error: TryError) -> bool:
        """Whether the servers seem to have answers for others and not for this request."""
        if error.kind is Kind.BUSY or all(endpoint.away or endpoint.left_out for endpoint in self._endpoints):
            return False
        # Taken after the last answer and turned away as well: the server fails them all.
        if error.kind is not Kind.HUNG and any(
            other.turned_away and other.since > self._answered
            for other in (*self._under_way, *self._waiting, *self._resting)
        ):
            return False
        # Where several hang at once, what was answered before they began to says nothing about the server now.
        since = job.started if error.kind is Kind.HUNG and self.held > 1 else job.since
        return self._answered >= since

    # Waiting.

    def _rest(self, job: Job, seconds: float) -> None:
        self._resting[job] = self._loop.call_later(seconds, self._rested, job)

    def _rested(self, job: Job) -> None:
        del self._resting[job]
        self._waiting.append(job)
        self._send_waiting()

    def _pause(self, endpoint: Endpoint, seconds: float) -> None:
        """Leaves a server alone, as it asked for."""
        until = time.monotonic() + seconds
        if seconds <= 0 or (endpoint.pause is not None and until <= endpoint.paused_until):
            return
        if endpoint.pause is not None:
            endpoint.pause.cancel()
        endpoint.paused_until = until
        endpoint.pause = self._loop.call_later(seconds, self._reopen, endpoint)

    def _reopen(self, endpoint: Endpoint) -> None:
        """Lets a server be asked again: first by those that wait, then by new ones."""
        endpoint.paused_until, endpoint.pause = 0.0, None
        self.go_on()

    def _suspect(self, endpoint: Endpoint) -> None:
        """Sends a server nothing until it is known to be there."""
        if endpoint.reviver is None:
            endpoint.suspicions += 1
            endpoint.reviver = self._loop.create_task(self._revive(endpoint))

    async def _revive(self, endpoint: Endpoint) -> None:
        # One small question at a time, and not one of the requests: if the server is back, that one would keep the
        # others waiting for as long as a model takes to answer.
        try:
            while True:
                await asyncio.sleep(backoff.pause(endpoint.suspicions))
                try:
                    await self._probe(endpoint.server)
                except TryError as error:
                    if error.kind in AWAY:
                        endpoint.trouble = error
                        endpoint.suspicions += 1
                        endpoint.away = True
                        continue
                break
        except Exception as error:  # noqa: BLE001 a programming error, raised again where the stream is read
            self.fail(error)
        endpoint.reviver, endpoint.away = None, False
        self.go_on()

    def _tick(self) -> None:
        """Ends tries that take too long, and gives up what waits too long for servers that are away or want a pause."""
        self._ticker = self._loop.call_later(self._tick_seconds, self._tick)
        now = self.now()
        for job, task in self._under_way.items():
            if now - job.started < self._limits.timeout:
                break
            if not job.late:
                job.late = True
                task.cancel()
        if any(endpoint.is_open() or endpoint.is_suspect() for endpoint in self._endpoints):
            return
        for job in [job for job in self._waiting if self._is_hopeless(job)]:
            self._waiting.remove(job)
            self._give_up(job, job.shunned or self._endpoints[0], TryError(Kind.GONE, self.troubles()))
