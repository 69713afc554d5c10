"""What is known of the requests and servers of a stream, and the limits within which they are asked.

Here: the records. Not here: what is decided by them (dispatch.py).
"""

import asyncio
import math
from dataclasses import dataclass, field

from polyglot_assets.inference.chat_client import ChatServer
from polyglot_assets.inference.engine import Request
from polyglot_assets.inference.refusals import TryError


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
    """A request, from being taken to its completion; `since` and `started` (of this try) by the stream's clock."""

    request: Request
    since: float
    started: float = 0.0
    failed: int = 0
    turned_away: int = 0
    hung: int = 0
    late: bool = False
    shunned: "Lane | None" = None


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
        refusals: how many requests it refused or failed for good since then.
        refused: those that end when it is known whether it refuses every request.
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
    refusals: int = 0
    refused: list[tuple[Job, TryError]] = field(default_factory=list)
    control: "asyncio.Task[None] | None" = None
    error: str = ""

    def is_open(self) -> bool:
        """Whether requests are sent to it."""
        return self.reviver is None and self.pause is None and self.control is None

    def is_suspect(self) -> bool:
        """Whether it is being asked since it seemed to be gone, or to refuse all. An answer, or none, comes soon."""
        return self.control is not None or (self.reviver is not None and not self.away)
