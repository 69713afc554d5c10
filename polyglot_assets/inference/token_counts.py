"""Tokens that an engine in this process reads and writes, counted while it works.

Here: what is known long before an answer is whole, and so can be the base of an estimate. Not here: the estimate
(responses/progress.py), and what vLLM hands out (vllm_engine.py).
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

_FADING = 0.98


@dataclass
class TokenCounts:
    """The counts of one engine. Another thread may read the numbers.

    Attributes:
        prompts: prompts that were ever queued.
        queued: tokens of these.
        read: tokens of the prompts that were read.
        written: tokens of answers, whole or not.
        reading_seconds: time of the steps that read prompts.
        written_lately: tokens of the last steps that only wrote; the older a step, the less it counts.
        writing_seconds: time of these steps, weighed alike.
        under_way: requests in the engine now.
        unread: tokens of the prompts in the engine that were not read yet.
    """

    prompts: int = 0
    queued: int = 0
    read: int = 0
    written: int = 0
    reading_seconds: float = 0.0
    written_lately: float = 0.0
    writing_seconds: float = 0.0
    under_way: int = 0
    unread: int = 0
    _waiting: deque[int] = field(default_factory=deque)
    _begun: set[str] = field(default_factory=set)

    def add_prompt(self, tokens: int) -> None:
        """A prompt of so many tokens was queued."""
        self._waiting.append(tokens)
        self.prompts += 1
        self.queued += tokens
        self.under_way += 1
        self.unread += tokens

    def add_step(self, outputs: Iterable[tuple[str, int, bool]], seconds: float) -> None:
        """A step of the engine: (the engine's own request id, tokens written, whether it ended) of each request.

        A prompt is read in the step that writes the first token after it; prompts are read in the order of queueing.
        """
        read = written = 0
        for request_id, tokens, ended in outputs:
            if request_id not in self._begun and self._waiting:
                read += self._waiting.popleft()
            written += tokens
            self._begun.add(request_id)
            if ended:
                self._begun.remove(request_id)
                self.under_way -= 1
        self.read += read
        self.unread -= read
        self.written += written
        if read:
            self.reading_seconds += seconds
        elif written:
            # Towards the end fewer answers are written at once, and a token takes longer than it did.
            self.written_lately = _FADING * self.written_lately + written
            self.writing_seconds = _FADING * self.writing_seconds + seconds

    def drop_under_way(self) -> None:
        """What was under way is so no more: the engine died, or its reader left."""
        self._waiting.clear()
        self._begun.clear()
        self.under_way = self.unread = 0
