"""The one interface of all engines: a stream of requests in, a stream of completions out in completion order.

Here: what a request and a completion are. Not here: any engine (vllm_engine.py, server_engine.py), and what a
completion is worth (responses/outcomes.py).
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

FinishReason = Literal["stop", "length", "too_long", "error"]
"""stop: the model ended. length: the budget ended it. too_long: the prompt leaves no room for the budget, nothing
was generated. error: the engine failed; `Completion.error` says how."""


@dataclass(frozen=True)
class Request:
    """Everything that reaches a model. `request_id` is a hash of all of it.

    Attributes:
        messages: chat messages with `role` and `content`.
        sampling: temperature, top_p, top_k (those that are set), max_tokens, seed.
        schema: JSON schema that the text must satisfy, or None for plain text.
    """

    request_id: str
    messages: tuple[dict[str, str], ...]
    sampling: dict[str, Any] = field(default_factory=dict)
    schema: dict[str, Any] | None = None


@dataclass(frozen=True)
class Completion:
    """How a request ended. Token counts are those of the teacher's own tokenizer; None where unknown."""

    request_id: str
    text: str
    finish_reason: FinishReason
    prompt_tokens: int | None = None
    response_tokens: int | None = None
    error: str | None = None


class Engine(Protocol):
    """Something that answers requests."""

    def stream(self, requests: deque[Request]) -> Iterator[Completion]:
        """One completion per request, as they finish.

        Takes requests from the left as it has room for them. The caller may append more while the stream runs; it
        ends when the deque is empty and nothing is under way.
        """
        ...

    def close(self) -> None:
        """Gives back memory and processes. May be called twice."""
        ...
