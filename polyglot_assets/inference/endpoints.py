"""What is known of the requests and servers of a stream, and the limits within which they are asked.

Here: the records, what they say about a server's last words, and which server comes next. Not here: what is done about
it (dispatch.py, whose_fault.py).

A *last word* is what a server said for good about a request that it did not answer: a refusal, a filter, a prompt that
is too long, or the last of several failures. It is the request's own fault, or the server says it to everybody.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from polyglot_assets.inference.chat_client import ChatServer
from polyglot_assets.inference.engine import Completion, FinishReason, Request
from polyglot_assets.inference.refusals import Kind, TryError

LONGEST_SERIES = 20
"""So many last words in a row about requests of one shape, and no answer: that is the server's fault."""
MAY_PASS = (Kind.REFUSED, Kind.FAILED, Kind.DENIED)
"""What may have been the server's trouble although it answers now, and costs little to ask again."""
LAST = (Kind.FINAL, Kind.TOO_LONG)
"""What would come again, if it is the request's fault."""


@dataclass(frozen=True)
class Limits:
    """What a user chose.

    Attributes:
        concurrency: most requests under way on one server.
        timeout: seconds for one try.
        patience: seconds without an answer of any server after which a request is given up.
    """

    concurrency: int
    timeout: float
    patience: float


@dataclass(eq=False)
class Job:
    """A request, from being taken (`since`) to its completion; its latest try was `started` and has `left` the server.

    `asked_again`: once more before it ends, after its server had shown that it works.

    All times are by the stream's clock.
    """

    request: Request
    since: float
    started: float = 0.0
    left: float = 0.0
    failed: int = 0
    turned_away: int = 0
    hung: int = 0
    late: bool = False
    asked_again: bool = False
    shunned: "Endpoint | None" = None

    @property
    def shape(self) -> Hashable:
        """What a server may refuse whatever the text is: the JSON schema, a role, a parameter."""
        roles = frozenset(message["role"] for message in self.request.messages)
        return self.request.schema is not None, roles, frozenset(self.request.sampling)

    def is_like(self, other: "Job") -> bool:
        """Whether a server that refuses the other, whatever its text is, refuses this one too."""
        return self.shape == other.shape

    def failure(self, error: TryError) -> Completion:
        """The completion of a request that ends without an answer."""
        reason: FinishReason = "too_long" if error.kind in (Kind.TOO_LONG, Kind.TOO_LARGE) else "error"
        return Completion(self.request.request_id, "", reason, error=error.text)


def may_pass(job: Job, error: TryError) -> bool:
    """Whether a request is to be asked again before its last word can be believed."""
    return error.kind in MAY_PASS and not job.asked_again


@dataclass(eq=False)
class LastWords:
    """The last words of one server, and what it answered besides.

    Attributes:
        waiting: last words of which nobody knows yet whether they are true.
        answered: of each shape of request, when the latest one that it answered had been sent.
        heard: of each shape, a request that it answered.
        greeted: the same of harmless questions that were asked in place of a request.
        series: of each shape, how many last words came since the last answer. A harmless question counts as none.
    """

    waiting: list[tuple[Job, TryError]] = field(default_factory=list)
    answered: dict[Hashable, float] = field(default_factory=dict)
    heard: dict[Hashable, Request] = field(default_factory=dict)
    greeted: dict[Hashable, float] = field(default_factory=dict)
    series: Counter[Hashable] = field(default_factory=Counter)

    def add(self, job: Job, error: TryError) -> None:
        """Keeps a last word. What may pass counts only when the request was asked again."""
        self.waiting.append((job, error))
        if not may_pass(job, error):
            self.series[job.shape] += 1

    def firm(self) -> int:
        """How many wait that have not to be asked again in any case."""
        return sum(not may_pass(*word) for word in self.waiting)

    def take(self, which: Callable[[Job, TryError], bool]) -> list[tuple[Job, TryError]]:
        """Hands out some of the last words, which wait no longer."""
        taken = [word for word in self.waiting if which(*word)]
        self.waiting = [word for word in self.waiting if not which(*word)]
        return taken

    def note_answer(self, job: Job, sent: float) -> None:
        """Takes note that a request of this job's shape, sent at some time, was answered."""
        self.answered[job.shape] = max(sent, self.answered.get(job.shape, sent))
        self.heard[job.shape] = job.request
        self.series.pop(job.shape, None)

    def is_known(self, job: Job) -> bool:
        """Whether anything of this shape was ever answered."""
        return job.shape in self.answered or job.shape in self.greeted

    def is_proven(self, job: Job) -> bool:
        """Whether a request of the same shape was answered that had been sent after this one had failed.

        Then this one alone is at fault. Of requests that were under way together nobody knows which came first.
        """
        return self.answered.get(job.shape, -math.inf) >= job.left

    def is_greeted(self, job: Job) -> bool:
        """Whether a harmless question of the same shape was answered that had been sent after this one had failed."""
        return self.greeted.get(job.shape, -math.inf) >= job.left

    def is_credible(self, job: Job, error: TryError) -> bool:
        """Whether it is believed without proof, now that the server went away: it had answered others before."""
        return error.kind in LAST and bool(self.answered) and not self.is_series(job.shape)

    def distrust(self) -> None:
        """What it answered before says nothing any more about its last words."""
        self.answered, self.greeted = {}, {}

    def is_series(self, shape: Hashable) -> bool:
        """Whether too many came in a row."""
        return self.series[shape] >= LONGEST_SERIES

    def reset(self) -> None:
        """Forgets the stream that ends. A series goes on in the next one."""
        self.waiting, self.answered, self.heard, self.greeted = [], {}, {}, {}


@dataclass(eq=False)
class Endpoint:
    """A server and what is known of it.

    Attributes:
        under_way: the requests on which it works.
        paused_until: when it may be asked again, if it said so; by `time.monotonic`.
        pause: the timer that ends the pause.
        reviver: asks whether the server is back; while it does, nothing else is sent.
        away: whether the reviver was told so. Before its first question has come back, the server is only suspected.
        suspicions: how often the server seemed to be gone since its last answer.
        answered: when it last answered, by the clock of the stream.
        worked: whether it ever answered, in this stream or one before.
        words: what it said for good about requests.
        control: asks it something harmless to find out whose fault that is; while it does, nothing else is sent.
        left_out: whether the stream goes on without it.
        trouble: the last one.
    """

    server: ChatServer
    under_way: set[Job] = field(default_factory=set)
    paused_until: float = 0.0
    pause: asyncio.TimerHandle | None = None
    reviver: "asyncio.Task[None] | None" = None
    away: bool = False
    suspicions: int = 0
    answered: float = -math.inf
    worked: bool = False
    words: LastWords = field(default_factory=LastWords)
    control: "asyncio.Task[None] | None" = None
    left_out: bool = False
    trouble: TryError | None = None

    def is_open(self) -> bool:
        """Whether requests are sent to it."""
        asked = self.reviver is not None or self.control is not None
        return not (asked or self.pause or self.left_out or self.in_series())

    def in_series(self) -> bool:
        """Whether it is to be found out, before it gets more requests, if any that it has is answered."""
        return any(map(self.words.is_series, self.words.series))

    def note_answer(self, now: float) -> None:
        """Takes note that it answered something."""
        self.answered, self.suspicions, self.worked = now, 0, True

    def may_answer(self, job: Job) -> bool:
        """Whether it works on another request of the same shape, which did not hang before."""
        return any(other.is_like(job) and not other.hung for other in self.under_way)

    def is_suspect(self) -> bool:
        """Whether it is being found out if it is gone, or refuses all. An answer, or none, comes soon."""
        return self.control is not None or self.in_series() or (self.reviver is not None and not self.away)

    def stop(self) -> "list[asyncio.Task[None]]":
        """Forgets the stream that ends; what it was asked in the background is to be cancelled."""
        tasks = [task for task in (self.reviver, self.control) if task]
        if self.pause:
            self.pause.cancel()
        self.under_way, self.reviver, self.away, self.pause, self.control = set(), None, False, None, None
        self.answered, self.left_out = -math.inf, False
        self.words.reset()
        return tasks


def pick(
    endpoints: Sequence[Endpoint], concurrency: int, now: float, shunned: Endpoint | None = None
) -> Endpoint | None:
    """The open server with the fewest under way; `shunned` only if no other is open. None if that has no room."""
    best = second = None
    for endpoint in endpoints:
        if endpoint.paused_until > now or not endpoint.is_open():
            continue
        if endpoint is shunned:
            second = endpoint
        elif best is None or len(endpoint.under_way) < len(best.under_way):
            best = endpoint
    best = best or second
    return best if best is not None and len(best.under_way) < concurrency else None
