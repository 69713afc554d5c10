"""The one interface of all engines: a stream of requests in, a stream of completions out in completion order.

Here: what a request and a completion are. Not here: any engine (vllm_engine.py, server_engine.py), and what a
completion is worth (responses/outcomes.py).
"""

from collections.abc import Callable, Iterator
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
    """How a request ended. Token counts are those of the teacher's own tokenizer; None where unknown.

    `engine` is what wrote the text, with its version as far as it says one. `reasoning` is what the model thought
    before it answered, if that was told apart from the text.
    """

    request_id: str
    text: str
    finish_reason: FinishReason
    prompt_tokens: int | None = None
    response_tokens: int | None = None
    error: str | None = None
    engine: str | None = None
    reasoning: str | None = None


Take = Callable[[], Request | None]
"""Gives the next request, or None if there is none at the moment."""


class Engine(Protocol):
    """Something that answers requests."""

    def stream(self, take: Take) -> Iterator[Completion]:
        """One completion per request, as they finish.

        Calls `take` whenever it has room for a request, so that only what is under way is held in memory. After a
        None it asks again when it has given out a completion: an answer may have led to another request. The stream
        ends when `take` gives None and nothing is under way.

        Raises:
            EngineDown: the engine is gone. Whatever was given out before stays valid.
        """
        ...

    def close(self) -> None:
        """Gives back memory and processes. May be called twice."""
        ...
