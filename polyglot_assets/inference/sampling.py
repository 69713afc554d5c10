"""Sampling parameters of a teacher: which values can be asked for.

Here: the range of every parameter that vLLM and most servers know, and the names that are written elsewhere. Not here:
reading the registry (registry.py), and how a server wants a parameter to be called (dialect.py).

Servers have parameters of their own (`reasoning_effort`), so a name that is not known passes, unless it is a known one
misspelt.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from polyglot_assets.domain.errors import shown

USUAL = ("temperature", "top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty")
OURS = frozenset(
    ["model", "messages", "prompt", "response_format", "structured_outputs", "guided_decoding", "guided_json",
     "output_kind", "n", "best_of", "stream", "stream_options", "tools", "tool_choice", "functions", "function_call"]
)  # fmt: skip
"""Of a request, what the project writes itself: with another model or message the row would tell a lie, and of several
answers, or of one in pieces, none could be read."""
_BUDGETS = frozenset(
    ["max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "max_length", "num_predict"]
)
_MISSPELT = 0.84
"""Likeness from which on an unknown name is a known one misspelt (`temprature`, `topP`). Other parameters are less like
those below: `top_a`, and llama.cpp's `repeat_penalty`."""

_Test = Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _spelt(name: str) -> str:
    return name.lower().replace("-", "_")


def _number(least: float, most: float, but: float | None = None) -> _Test:
    return lambda value: _is_number(value) and least <= value <= most and value != but


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and text for text in value)


_TOKEN_IDS: tuple[str, _Test] = (
    "a list of whole numbers from 0",
    lambda value: isinstance(value, list) and all(_is_whole(number) and number >= 0 for number in value),
)
_YES_OR_NO: tuple[str, _Test] = ("true or false", lambda value: isinstance(value, bool))
_PENALTY: tuple[str, _Test] = ("a number from -2 to 2", _number(-2, 2))

_RANGES: dict[str, tuple[str, _Test]] = {
    "temperature": ("a number from 0 to 2", _number(0, 2)),
    "top_p": ("a number above 0, 1 at most", _number(0, 1, but=0)),
    "top_k": ("a whole number from 1, or 0 or -1 for no limit", lambda value: _is_whole(value) and value >= -1),
    "min_p": ("a number from 0 to 1", _number(0, 1)),
    "presence_penalty": _PENALTY,
    "frequency_penalty": _PENALTY,
    "repetition_penalty": ("a number above 0", lambda value: _is_number(value) and value > 0),
    "min_tokens": ("a whole number from 0", lambda value: _is_whole(value) and value >= 0),
    "stop": ("a text or a list of texts, none of them empty", lambda value: _texts([value]) or _texts(value)),
    "bad_words": ("a list of texts, none of them empty", _texts),
    "stop_token_ids": _TOKEN_IDS,
    "allowed_token_ids": _TOKEN_IDS,
    "ignore_eos": _YES_OR_NO,
    "include_stop_str_in_output": _YES_OR_NO,
    "skip_special_tokens": _YES_OR_NO,
    "spaces_between_special_tokens": _YES_OR_NO,
}
"""What a parameter must be, as the message says it, and whether a value is that; vLLM's own bounds."""


def check(sampling: Mapping[str, Any], max_tokens: int) -> None:
    """Refuses what no request should carry.

    Args:
        sampling: the parameters of a teacher.
        max_tokens: its budget for an answer.

    Raises:
        ValueError: the message begins with the parameter's name.
    """
    for name, value in sampling.items():
        if name in OURS:
            raise ValueError(f"{name} is written by the project itself")
        if name in _BUDGETS:
            raise ValueError(f"{name} is no part of it: the teacher's own max_tokens is the budget of an answer")
        if name == "seed":
            raise ValueError("seed is written by the project itself: each request has its own")
        wanted, is_right = _RANGES.get(name, ("", None))
        if is_right is None and (meant := get_close_matches(_spelt(name), _RANGES, 1, _MISSPELT)):
            raise ValueError(f"{name}: unknown parameter; is {meant[0]} meant?")
        if is_right is not None and not is_right(value):
            raise ValueError(f"{name}: expected {wanted}, got {shown(value)}")
    if sampling.get("min_tokens", 0) > max_tokens:
        raise ValueError(f"min_tokens: expected max_tokens ({max_tokens}) at most, got {shown(sampling['min_tokens'])}")
