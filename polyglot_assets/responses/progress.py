"""How far a stream of requests is, and how long it will take.

Here: counts, the estimate, and the line that says both every few seconds. Not here: where the line is shown
(cli/console.py, Dagster's log).
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from polyglot_assets.inference.token_counts import TokenCounts

REPORT_SECONDS = 5.0
_LONG_SECONDS = 20 * 60
_ADVICE = (
    "; faster with a server (POLYGLOT_TEACHER_URL), another teacher (POLYGLOT_TEACHERS) or fewer rows "
    "(POLYGLOT_ROWS_PER_CELL)"
)
_ANSWERS_FOR_PACE = 20
_SHARE_FOR_PACE = 0.1
"""The pace of answers says something from this many answers on, or from this share of all prompts."""


@dataclass
class Progress:
    """How far a stream is. Settled prompts are those with an outcome, whether asked for now or before.

    Attributes:
        prompts: all prompts of the stream.
        settled: those with an outcome.
        answers: answers that came in, second tries included.
        tokens: tokens of these answers.
        budget: the most tokens that one answer may have.
        engine: tokens that the engine has counted while it works; None for one that does not count.
    """

    prompts: int
    budget: int = 0
    settled: int = 0
    answers: int = 0
    tokens: int = 0
    started: float = field(default_factory=time.monotonic)
    settled_before: int = 0
    engine: TokenCounts | None = None

    def start(self, engine: TokenCounts | None) -> None:
        """Begins to measure: the engine's start is not the teacher's speed."""
        self.started, self.settled_before, self.engine = time.monotonic(), self.settled, engine

    def __str__(self) -> str:
        seconds = max(time.monotonic() - self.started, 1e-6)
        written = self.engine.written if self.engine else self.tokens
        read = f"{self.engine.read:,} tokens read, " if self.engine else ""
        return (
            f"{self.settled:,} of {self.prompts:,} prompts settled, {self.answers:,} answers, {read}"
            f"{written / seconds:.0f} tokens/s written, {self._outlook(seconds)}"
        )

    def _outlook(self, seconds: float) -> str:
        left = self.seconds_left(seconds)
        if left is None:
            return f"{seconds:.0f} s so far, no estimate yet"
        if left < 100:
            return f"about {left:.0f} s left"
        return f"about {left / 60:.0f} min left" + (_ADVICE if left > _LONG_SECONDS else "")

    def seconds_left(self, seconds: float) -> float | None:
        """The estimate after so many seconds of asking; None while there is nothing to estimate by."""
        if self.engine is not None and self.engine.read:
            return self._by_tokens(self.engine)
        settled, left = self.settled - self.settled_before, self.prompts - self.settled
        if not left:
            return 0.0
        if settled and settled >= min(_ANSWERS_FOR_PACE, _SHARE_FOR_PACE * (settled + left)):
            return left * seconds / settled
        return None

    def _by_tokens(self, engine: TokenCounts) -> float:
        """What is still to be read and written, at the speeds so far. Works long before the first answer is whole."""
        left = self.prompts - self.settled
        not_given = max(left - engine.under_way, 0)
        unread = engine.unread + not_given * engine.queued / engine.prompts
        # Short answers end first, so their mean says too little. By all tokens per answer that ended, each that has not
        # ended has as many before it, however long it is already.
        length = min(engine.written / self.answers, self.budget) if self.answers else self.budget / 2
        unwritten = left * length
        per_read = engine.reading_seconds / engine.read
        # Until the first step that only writes, a token written counts like one read.
        per_written = engine.writing_seconds / engine.written_lately if engine.written_lately else per_read
        return unread * per_read + unwritten * per_written


@contextmanager
def said_regularly(line: Callable[[], str], report: Callable[[str], None]) -> Iterator[None]:
    """Reports a line every few seconds while something works, also while it gives no sign of life itself."""
    ended = threading.Event()

    def speak() -> None:
        while not ended.wait(REPORT_SECONDS):
            report(line())

    speaker = threading.Thread(target=speak, name="progress", daemon=True)
    speaker.start()
    try:
        yield
    finally:
        ended.set()
        speaker.join()
