"""Who is asked when: the requests of one stream, spread over servers that may be busy, broken or gone.

Here: load, pauses, tries and giving up, all in one thread and one event loop. Not here: HTTP (chat_client.py), what
bodies mean (chat_api.py), and the loop's life (server_engine.py).

A request is under way on a server, or waits for one with room, or rests after a failure. `held` counts all three and
never exceeds what the servers take together, so that requests which cannot be sent keep new ones from being taken.
"""

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from polyglot_assets.domain.errors import EngineDown
from polyglot_assets.inference.chat_client import ChatServer
from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.inference.lanes import Job, Lane, Limits, pick
from polyglot_assets.inference.refusals import Kind, TryError

RETRIES = 4
"""After something broke. A server that is busy or away is asked for as long as the user's patience lasts."""
FIRST_WAIT = 0.5
LONGEST_WAIT = 8.0
LONGEST_TICK = 1.0
_AWAY = (Kind.LOST, Kind.GONE, Kind.HUNG)
_MAY_PASS = (Kind.REFUSED, Kind.FAILED, Kind.DENIED)
"""What may have been the server's trouble although it answers now, and costs little to ask again."""


class Dispatcher:
    """The requests of one stream. The loop is stopped whenever there is something to do for whoever runs it.

    Args:
        loop: not running while methods are called from outside.
        lanes: the servers.
        ask: one try; raises `TryError` with a text fit to be shown.
        probe: a harmless question that shows whether a server is there; raises likewise.
        control: asks a harmless request of the same shape as a refused one; raises likewise. True if the server has
            been found to take such requests in another form, so that refused ones are worth another try.
        limits: what the user chose.

    Attributes:
        finished: completions not yet handed out.
        broken: why the stream cannot go on.
        held: requests taken and not finished.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        lanes: Sequence[Lane],
        ask: Callable[[ChatServer, Request], Awaitable[Completion]],
        probe: Callable[[ChatServer], Awaitable[object]],
        control: Callable[[ChatServer, Request], Awaitable[bool]],
        limits: Limits,
    ) -> None:
        self.finished: deque[Completion] = deque()
        self.broken: Exception | None = None
        self.held = 0
        self._loop, self._lanes, self._limits = loop, lanes, limits
        self._ask, self._probe, self._control = ask, probe, control
        self._most = len(lanes) * limits.concurrency
        self._answered = -math.inf
        self._reading = 0.0
        self._under_way: dict[Job, asyncio.Task[None]] = {}  # the oldest try first
        self._waiting: deque[Job] = deque()
        self._resting: dict[Job, asyncio.TimerHandle] = {}
        self._tick_seconds = min(LONGEST_TICK, max(0.02, min(limits.timeout, limits.patience) / 10))
        self._ticker = loop.call_later(self._tick_seconds, self._tick)
        for lane in lanes:
            self._pause(lane, lane.paused_until - time.monotonic())

    # For whoever runs the loop.

    def has_room(self) -> bool:
        """Whether a new request could be sent at once."""
        return self.held < self._most and self._pick() is not None

    def add(self, request: Request) -> None:
        """Sends a request, now or when a server has room."""
        self.held += 1
        job = Job(request, self._now())
        lane = self._pick()
        if lane is None:
            self._waiting.append(job)
        else:
            self._send(job, lane)

    def was_away(self, seconds: float) -> None:
        """Takes note that the loop stood still. Servers could not be heard; that is not held against them."""
        self._reading += seconds

    def cancel(self) -> list["asyncio.Task[None]"]:
        """Ends everything; the loop must run until the returned tasks are done."""
        self._ticker.cancel()
        for timer in self._resting.values():
            timer.cancel()
        tasks = [*self._under_way.values(), *(task for lane in self._lanes for task in lane.stop())]
        for task in tasks:
            task.cancel()
        self._under_way.clear()
        self._waiting.clear()
        self._resting.clear()
        return tasks

    # Sending.

    def _now(self) -> float:
        """The stream's clock: it stands still while the reader is busy with what it was handed."""
        return time.monotonic() - self._reading

    def _pick(self, shunned: Lane | None = None) -> Lane | None:
        return pick(self._lanes, self._limits.concurrency, time.monotonic(), shunned)

    def _send_waiting(self) -> None:
        passed: list[Job] = []
        while self._waiting and self._pick() is not None:
            job = self._waiting.popleft()
            lane = self._pick(job.shunned)
            if lane is None:
                passed.append(job)  # it waits for another server than the one that failed it
            else:
                self._send(job, lane)
        self._waiting.extendleft(reversed(passed))

    def _send(self, job: Job, lane: Lane) -> None:
        job.started = self._now()
        lane.under_way += 1
        self._under_way[job] = self._loop.create_task(self._try(job, lane))

    async def _try(self, job: Job, lane: Lane) -> None:
        try:
            completion = await self._ask(lane.server, job.request)
        except TryError as error:
            self._left(job, lane)
            self._failed(job, lane, error)
        except asyncio.CancelledError:
            if not job.late:
                raise
            self._left(job, lane)
            text = f"TimeoutError: no answer within {self._limits.timeout:g} s"
            self._failed(job, lane, TryError(Kind.HUNG, text))
        except Exception as error:  # noqa: BLE001 a programming error, raised again where the stream is read
            self._break(error)
        else:
            self._left(job, lane)
            self._note_answer(job, lane, job.started)
            self._end(completion)
        self._settle(lane)
        if self._waiting:
            self._send_waiting()

    def _left(self, job: Job, lane: Lane) -> None:
        del self._under_way[job]
        lane.under_way -= 1
        job.left = self._now()

    def _note_answer(self, job: Job, lane: Lane, sent: float) -> None:
        self._answered = self._now()
        lane.note_answer(job, sent, self._answered)

    def _end(self, completion: Completion) -> None:
        self.held -= 1
        self.finished.append(completion)
        self._loop.stop()

    def _break(self, error: Exception) -> None:
        self.broken = self.broken or error
        self._loop.stop()

    # Trouble.

    def _failed(self, job: Job, lane: Lane, error: TryError) -> None:
        lane.error = error.text
        job.shunned, job.late = lane, False
        kind = error.kind
        if kind is Kind.DENIED:
            # Answered meanwhile: the key and the model are fine, and what was wrong is perhaps over.
            if lane.answered < job.started:
                self._break(self._down(f"{lane.server.name}: {error.text}"))
                return
            kind = Kind.FAILED
        if kind in (Kind.FINAL, Kind.TOO_LONG):
            self._end(job.failure(error))
        elif kind in (Kind.REFUSED, Kind.TOO_LARGE):
            self._refused(job, lane, error)
        elif kind is Kind.FAILED:
            self._broke(job, lane, error)
        elif kind is Kind.HUNG:
            job.hung += 1
            if job.hung > 1:
                self._give_up(job, lane, error)
            else:
                self._waiting.append(job)
        else:
            self._turned_away(job, lane, error)

    def _broke(self, job: Job, lane: Lane, error: TryError) -> None:
        job.failed += 1
        if job.failed <= RETRIES:
            self._rest(job, error.wait or _wait(job.failed))
        else:
            self._refused(job, lane, error)

    def _refused(self, job: Job, lane: Lane, error: TryError) -> None:
        """Keeps a request until it is known whether this is its own fault: a run must not fill cells with errors."""
        lane.refused.append((job, error))
        self._settle(lane)

    def _settle(self, lane: Lane) -> None:
        """Ends the refused requests of a server that takes others, and asks it if no answer will show that soon.

        Before that each is asked once more: perhaps the server failed everybody at that time, and has recovered.
        """
        if not lane.refused or self.broken is not None:
            return
        for job, error in lane.take_refused(lane.takes_others):
            if not job.asked_again and error.kind in _MAY_PASS:
                job.asked_again = True
                self._waiting.append(job)
            else:
                self._end(job.failure(error))
        if lane.control is None and (doubtful := lane.doubtful(self._limits.concurrency)) is not None:
            lane.control = self._loop.create_task(self._find_out(lane, doubtful))

    async def _find_out(self, lane: Lane, job: Job) -> None:
        """Whether a server refuses every such request: then the stream ends, and not one request after the other."""
        patient_until = max(lane.answered, job.since) + self._limits.patience
        started, trouble, otherwise, failed = self._now(), None, False, 0
        try:
            while True:
                started = self._now()
                trouble, otherwise = await self._ask_control(lane, job)
                failed += 1
                if trouble is None or trouble.kind is not Kind.FAILED:
                    break
                if failed > RETRIES and self._now() >= patient_until:
                    break
                await asyncio.sleep(_wait(failed))
        except Exception as error:  # noqa: BLE001 a programming error, raised again where the stream is read
            self._break(error)
        lane.control = None
        if self.broken is None:
            if trouble is None:
                self._note_answer(job, lane, started)
                if otherwise:
                    self._waiting.extend(refused for refused, _ in lane.take_refused(job.is_like))
            else:
                self._found_trouble(job, lane, trouble)
            self._settle(lane)
            self._send_waiting()
        self._loop.stop()

    async def _ask_control(self, lane: Lane, job: Job) -> tuple[TryError | None, bool]:
        """What a harmless request like this one brought: trouble, or whether it was taken in another form."""
        try:
            async with asyncio.timeout(self._limits.timeout):
                return None, await self._control(lane.server, job.request)
        except TryError as error:
            return error, False
        except TimeoutError:
            return TryError(Kind.HUNG, f"TimeoutError: no answer within {self._limits.timeout:g} s"), False

    def _found_trouble(self, job: Job, lane: Lane, trouble: TryError) -> None:
        """A harmless request like this one brought no answer either."""
        lane.error = trouble.text
        refused = [refused for refused, _ in lane.take_refused(job.is_like)]
        if trouble.kind not in (Kind.BUSY, *_AWAY):
            if refused:  # else others were answered meanwhile
                self._break(self._down(f"{lane.server.name} refuses every request: {trouble.text}"))
        elif any(one.hung > 1 or self._is_hopeless(one) for one in refused):
            self._break(self._down(self._troubles()))
        else:
            for one in refused:
                self._turned_away(one, lane, trouble)

    def _turned_away(self, job: Job, lane: Lane, error: TryError) -> None:
        """The server is busy, or it or its gateway is gone."""
        job.turned_away += 1
        if self._is_hopeless(job):
            if self._is_undecided():
                self._waiting.append(job)  # sent again, or given up, when the server's check has come back
            else:
                self._give_up(job, lane, error)
        elif error.wait is not None:
            self._pause(lane, error.wait)
            self._waiting.append(job)
        elif error.kind is Kind.GONE:
            self._suspect(lane)
            self._waiting.append(job)
        else:
            # If it answered others meanwhile, the trouble is this request's alone.
            if error.kind is Kind.LOST and lane.answered < job.started:
                self._suspect(lane)
            self._rest(job, _wait(job.turned_away))

    def _is_hopeless(self, job: Job) -> bool:
        now, patience = self._now(), self._limits.patience
        if now < max(job.since, self._answered) + patience:
            return False
        # A server that works on something for so long is there, and has enough to do.
        oldest = next(iter(self._under_way), None)
        return oldest is None or not 0 < patience <= now - oldest.started

    def _is_undecided(self) -> bool:
        """Whether no server is open, and one is neither known to be there nor known to be away."""
        suspect = any(lane.is_suspect() for lane in self._lanes)
        return suspect and not any(lane.is_open() for lane in self._lanes)

    def _give_up(self, job: Job, lane: Lane, error: TryError) -> None:
        """Ends a request, or the stream if it is not the request's fault."""
        if self.broken is not None:
            return  # what showed that it is not is perhaps no longer among the others
        if self._is_its_own(job, error):
            self._refused(job, lane, error)
        else:
            passing = error.kind is Kind.BUSY or all(lane.away for lane in self._lanes)
            self._break(self._down(self._troubles(), passing=passing))

    def _is_its_own(self, job: Job, error: TryError) -> bool:
        """Whether the servers seem to have answers for others and not for this request."""
        if error.kind is Kind.BUSY or all(lane.away for lane in self._lanes):
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

    def _troubles(self) -> str:
        return "; ".join(f"{lane.server.name}: {lane.error or 'no answer'}" for lane in self._lanes)

    def _down(self, reason: str, *, passing: bool = False) -> EngineDown:
        many = f"{self.held} answers under way were" if self.held != 1 else "1 answer under way was"
        return EngineDown(
            f"{reason}; {many} not received; what was answered is kept; run again when this is put right",
            passing=passing,
        )

    # Waiting.

    def _rest(self, job: Job, seconds: float) -> None:
        self._resting[job] = self._loop.call_later(seconds, self._rested, job)

    def _rested(self, job: Job) -> None:
        del self._resting[job]
        self._waiting.append(job)
        self._send_waiting()

    def _pause(self, lane: Lane, seconds: float) -> None:
        """Leaves a server alone, as it asked for."""
        until = time.monotonic() + seconds
        if seconds <= 0 or (lane.pause is not None and until <= lane.paused_until):
            return
        if lane.pause is not None:
            lane.pause.cancel()
        lane.paused_until = until
        lane.pause = self._loop.call_later(seconds, self._reopen, lane)

    def _reopen(self, lane: Lane) -> None:
        """Lets a server be asked again: first by those that wait, then by new ones."""
        lane.paused_until, lane.pause = 0.0, None
        self._send_waiting()
        self._loop.stop()

    def _suspect(self, lane: Lane) -> None:
        """Sends a server nothing until it is known to be there."""
        if lane.reviver is None:
            lane.suspicions += 1
            lane.reviver = self._loop.create_task(self._revive(lane))

    async def _revive(self, lane: Lane) -> None:
        # One small question at a time, and not one of the requests: if the server is back, that one would keep the
        # others waiting for as long as a model takes to answer.
        try:
            while True:
                await asyncio.sleep(_wait(lane.suspicions))
                try:
                    await self._probe(lane.server)
                except TryError as error:
                    if error.kind in _AWAY:
                        lane.error = error.text
                        lane.suspicions += 1
                        lane.away = True
                        continue
                break
        except Exception as error:  # noqa: BLE001 a programming error, raised again where the stream is read
            self._break(error)
        lane.reviver, lane.away = None, False
        self._send_waiting()
        self._loop.stop()

    def _tick(self) -> None:
        """Ends tries that take too long, and gives up what waits too long for servers that are away or want a pause."""
        self._ticker = self._loop.call_later(self._tick_seconds, self._tick)
        now = self._now()
        for job, task in self._under_way.items():
            if now - job.started < self._limits.timeout:
                break
            if not job.late:
                job.late = True
                task.cancel()
        if any(lane.is_open() or lane.is_suspect() for lane in self._lanes):
            return
        for job in [job for job in self._waiting if self._is_hopeless(job)]:
            self._waiting.remove(job)
            self._give_up(job, job.shunned or self._lanes[0], TryError(Kind.GONE, self._troubles()))


def _wait(times: int) -> float:
    """The pause after so many failures: twice as long each time, and not the same for all that failed together."""
    return float(min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(times - 1, 30))) * random.uniform(0.75, 1)  # noqa: S311
