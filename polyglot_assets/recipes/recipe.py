"""What a recipe is: one file in this folder with a `RECIPE`, and a template of its name.

Here: what a recipe says of itself, and the two forms of an answer. Not here: the recipes (each in its file), finding
them (registry.py), the wording (prompts/templates), and asking again, alike for all (responses/requests.py).
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from polyglot_assets.text.invisible import trimmed
from polyglot_assets.text.normal import storable

Seed = Mapping[str, Any]
"""A row of contracts.SEEDS."""

Read = tuple[str, str] | str
"""A prompt and its response, or what is wrong with the answer."""

_FENCED = re.compile(r"```(?:json|JSON)?[ \t]*\n(.*)\n[ \t]*```", re.DOTALL)
"""An answer that is one block of code and nothing else."""


@dataclass(frozen=True)
class Form:
    """The form of an answer.

    Attributes:
        schema: the JSON that is asked for; None: text.
        read: (what the teacher wrote, the seed's prompt) to prompt and response.
    """

    schema: dict[str, Any] | None
    read: Callable[[str, str], Read]

    @cached_property
    def schema_text(self) -> str:
        """The schema as it goes into the hash of a request; empty for text."""
        return json.dumps(self.schema, sort_keys=True) if self.schema else ""


def _text(text: str, asked: str) -> Read:
    return asked, storable(trimmed(text))


def _pair(text: str, _: str) -> Read:
    text = trimmed(text)
    if fenced := _FENCED.fullmatch(text):
        text = fenced[1]
    try:
        # strict=False: raw line breaks inside strings are common and harmless.
        value = json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        return f"{error.msg} at character {error.pos + 1}"
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, thousands of brackets
        return str(error)
    if not isinstance(value, dict):
        return f"expected an object, got {type(value).__name__}"
    for name in ("prompt", "response"):
        if not isinstance(value.get(name), str):
            return f"no text under {name!r}"
    return storable(trimmed(value["prompt"])), storable(trimmed(value["response"]))


TEXT = Form(None, _text)
"""The answer to the seed's own prompt, and nothing else."""

PAIR = Form(
    {
        "type": "object",
        "properties": {"prompt": {"type": "string"}, "response": {"type": "string"}},
        "required": ["prompt", "response"],
        "additionalProperties": False,
    },
    _pair,
)
"""A prompt that the teacher wrote, and its answer, as JSON."""


def seed_itself(seed: Seed, _: Sequence[Seed]) -> Mapping[str, str]:
    """The seed's prompt and answer, for the places `$prompt` and `$response` of a template."""
    return {"prompt": str(seed["prompt"]), "response": str(seed["response"])}


@dataclass(frozen=True)
class Recipe:
    """A strategy.

    Attributes:
        name: of the strategy, in lower case, and of its template.
        place: in the order of the strategies.
        does: what the teacher does, a part of a sentence that begins with "the teacher" or "it".
        sees: what the teacher is shown, for tables.
        writes: what it writes, for tables.
        form: of its answer.
        english: it feeds on English seeds, whatever the target language; else on seeds in the target language.
        examples: other seeds that are shown with each seed, eight at most.
        needs_answers: seeds without an answer, or with one that is too long, are no use.
        changes_prompt: the prompt that the teacher writes must be another one than the seed's.
        place_of_seed: the place in the template that must be there, or the teacher would see nothing of the seed.
        shown: (seed, examples) to the texts of the places.
    """

    name: str
    place: int
    does: str
    sees: str
    writes: str
    form: Form
    english: bool = False
    examples: int = 0
    needs_answers: bool = False
    changes_prompt: bool = False
    place_of_seed: str = "prompt"
    shown: Callable[[Seed, Sequence[Seed]], Mapping[str, str]] = seed_itself

    @property
    def writes_prompt(self) -> bool:
        """Whether the teacher writes the prompt, too."""
        return self.form.schema is not None
