"""What is known of the requests and servers of a stream, and the limits within which they are asked.

Here: the records, and which server comes next. Not here: what else is decided by them (dispatch.py).
"""

import asyncio
import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from polyglot_assets.inference.chat_client import ChatServer
from polyglot_assets.inference.engine import Completion, FinishReason, Request
from polyglot_assets.inference.refusals import Kind, TryError

MOST_REFUSED = 8
"""So many refused requests may wait for an answer, however few may be under way."""


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
    shunned: "Lane | None" = None

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


@dataclass(eq=False)
class Lane:
    """A server and what is known of it.

    Attributes:
        under_way: how many requests it works on.
        paused_until: when it may be asked again, if it said so; by `time.monotonic`.
        pause: the timer that ends the pause.
        reviver: asks whether the server is back; while it does, nothing else is sent.
        away: whether the reviver was told so. Before its first question has come back, the server is only suspected.
        suspicions: how often the server seemed to be gone since its last answer.
        answered: when it last answered, by the clock of the stream.
        sent: of each shape of request, when the latest one that it answered had been sent.
        refused: what it refused or failed for good. These end when it is known whether it refuses every such request.
        control: asks it something harmless to find that out; while it does, nothing else is sent.
        error: the last trouble.
    """

    server: ChatServer
    under_way: int = 0
    paused_until: float = 0.0
    pause: asyncio.TimerHandle | None = None
    reviver: "asyncio.Task[None] | None" = None
    away: bool = False
    suspicions: int = 0
    answered: float = -math.inf
    sent: dict[Hashable, float] = field(default_factory=dict)
    refused: list[tuple[Job, TryError]] = field(default_factory=list)
    control: "asyncio.Task[None] | None" = None
    error: str = ""

    def is_open(self) -> bool:
        """Whether requests are sent to it."""
        return self.reviver is None and self.pause is None and self.control is None

    def note_answer(self, job: Job, sent: float, now: float) -> None:
        """Takes note that it answered a request of this job's shape, sent at some time."""
        self.answered, self.suspicions = now, 0
        self.sent[job.shape] = max(sent, self.sent.get(job.shape, sent))

    def takes_others(self, job: Job) -> bool:
        """Whether it answered a request of the same shape that was sent after this one had failed.

        Then this one alone is refused. Of requests that were under way together nobody knows which came first.
        """
        return self.sent.get(job.shape, -math.inf) >= job.left

    def take_refused(self, which: Callable[[Job], bool]) -> list[tuple[Job, TryError]]:
        """Hands out some of the refused requests, which count as refused no longer."""
        taken = [refusal for refusal in self.refused if which(refusal[0])]
        self.refused = [refusal for refusal in self.refused if refusal not in taken]
        return taken

    def doubtful(self, concurrency: int) -> Job | None:
        """A refused request of which no answer will soon show whether others like it are taken; None if there is none.

        Args:
            concurrency: most requests under way here. The refused ones that wait for an answer are fewer than half.
        """
        most = max(MOST_REFUSED, concurrency // 2)
        unknown = (job for job, _ in self.refused if job.shape not in self.sent)
        waited = self.refused[0][0] if self.refused and (self.under_way == 0 or len(self.refused) >= most) else None
        return next(unknown, waited)

    def is_suspect(self) -> bool:
        """Whether it is being asked since it seemed to be gone, or to refuse all. An answer, or none, comes soon."""
        return self.control is not None or (self.reviver is not None and not self.away)

    def stop(self) -> "list[asyncio.Task[None]]":
        """Forgets the stream that ends; what it was asked in the background is to be cancelled."""
        tasks = [task for task in (self.reviver, self.control) if task]
        if self.pause:
            self.pause.cancel()
        self.under_way, self.reviver, self.away, self.pause, self.control = 0, None, False, None, None
        self.answered, self.sent, self.refused = -math.inf, {}, []
        return tasks


def pick(lanes: Sequence[Lane], concurrency: int, now: float, shunned: Lane | None = None) -> Lane | None:
    """The open server with the fewest under way; `shunned` only if no other is open. None if that has no room."""
    best = second = None
    for lane in lanes:
        if lane.reviver is not None or lane.control is not None or lane.paused_until > now:
            continue
        if lane is shunned:
            second = lane
        elif best is None or lane.under_way < best.under_way:
            best = lane
    best = best or second
    return best if best is not None and best.under_way < concurrency else None
