"""The length gate: how long a text is, in a measure that is fair to all scripts.

Here: the measure and its limits. Not here: how long an answer may be for the teacher (inference/registry.toml).
"""

import re
from collections.abc import Iterator

from pydantic import Field

from polyglot_assets.domain import outcomes
from polyglot_assets.domain.outcomes import Outcome
from polyglot_assets.gates.gate import COUNT, Column, Finding, Gate, Limits, Objection, Pair
from polyglot_assets.text.languages import DENSE_WEIGHT

_DENSE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+")


def measured_length(text: str) -> int:
    """Length of `text` in characters, Chinese, Japanese and Korean ones counted two and a half times.

    A text without any letter or digit has the length 0.
    """
    if not any(map(str.isalnum, text)):
        return 0
    return round(len(text) + (DENSE_WEIGHT - 1) * sum(map(len, _DENSE.findall(text))))


BAD_LENGTH = Outcome("bad_length", outcomes.GATES, "prompt or answer is too short or too long")


class LengthLimits(Limits):
    """What is too short and too long."""

    shortest_prompt: int = Field(
        default=2,
        ge=0,
        description="Length below which a prompt that the teacher wrote is `bad_length`. Lengths are in characters, "
        "East Asian ones counted two and a half times.",
    )
    longest_prompt: int = Field(default=20_000, ge=1, description="… and above which it is.")
    shortest_response: int = Field(default=1, ge=0, description="Length below which a response is `bad_length` …")
    longest_response: int = Field(default=50_000, ge=1, description="… and above which it is.")


def _assess(pair: Pair, limits: LengthLimits) -> Finding:
    prompt, response = map(measured_length, (pair.prompt, pair.response))
    return Finding(
        {"prompt_length": prompt, "response_length": response},
        _objections(prompt if pair.invented else None, response, limits),
    )


def _objections(prompt: int | None, response: int, limits: LengthLimits) -> Iterator[Objection]:
    for name, length, shortest, longest in (
        ("prompt", prompt, limits.shortest_prompt, limits.longest_prompt),
        ("response", response, limits.shortest_response, limits.longest_response),
    ):
        if length is not None and not shortest <= length <= longest:
            yield BAD_LENGTH, f"the {name} has a length of {length:,}, not {shortest:,} to {longest:,}"


GATE = Gate(
    "length",
    "how long prompt and answer are",
    decides=60,
    joined=60,
    outcomes=(BAD_LENGTH,),
    columns=(
        Column("prompt_length", COUNT, "Length of the prompt, East Asian characters counted two and a half times"),
        Column("response_length", COUNT, "Length of the response, East Asian characters counted two and a half times"),
    ),
    limits=LengthLimits,
    assess=_assess,
)
