"""What a gate is: one file in this folder with a `GATE`.

Here: what a gate is given, what it must say about itself, and what it gives back. Not here: the gates (each in its
file), and putting them together (registry.py).

A gate looks at what the teacher wrote: the answer, and the prompt where the teacher invented or translated it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from polyglot_assets.domain.outcomes import Outcome

TEXT, SHARE, COUNT = pa.string(), pa.float32(), pa.int32()
"""Arrow types of what gates measure."""

Objection = tuple[Outcome, str]
"""(the outcome that a pair should end in, why exactly: for the column `reason`)."""


class Limits(BaseModel):
    """The thresholds of a gate: name, type, default, bounds and meaning of each, as pydantic fields.

    The threshold `foreign_share` is the setting `gate_foreign_share` and the variable `POLYGLOT_GATE_FOREIGN_SHARE`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Column:
    """What a gate leaves in the tables; null where the gate was off, had nothing to say, or there was no pair.

    Attributes:
        name: of the column.
        type: its Arrow type.
        description: what the figure is, with its unit or range.
        in_examples: it also stands in `lake.examples`, not in `lake.responses` alone.
    """

    name: str
    type: pa.DataType
    description: str
    in_examples: bool = True


@dataclass(frozen=True)
class Pair:
    """A prompt and its response, with what the gates need to know about their making.

    Attributes:
        language: the language they should be in, without script and region.
        prompt: its text.
        response: its text.
        invented: the teacher wrote the prompt too.
        original: the text that the prompt should be a translation of, else empty.
        instructions: the template's own texts as the teacher saw them.
        messages: the whole messages as the teacher saw them.
        seed_language: the language of the seed's prompt.
        seed_key: `text_key` of the seed's prompt.
        variant: the language with the script or region that they should be in, if one was asked for.
    """

    language: str
    prompt: str
    response: str
    invented: bool
    original: str = ""
    instructions: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    seed_language: str = ""
    seed_key: str = ""
    variant: str = ""

    @property
    def written(self) -> tuple[str, ...]:
        """The texts that the teacher wrote."""
        return (self.prompt, self.response) if self.invented else (self.response,)


@dataclass(frozen=True)
class Finding:
    """What a gate found in a pair.

    Attributes:
        measured: values by column.
        objections: what speaks against the pair, the deciding objection first. They are asked for only while no
            earlier gate has decided.
    """

    measured: Mapping[str, Any]
    objections: Iterable[Objection] = ()


@dataclass(frozen=True)
class Gate:
    """A gate.

    Attributes:
        name: in POLYGLOT_GATES.
        measures: what it looks for, for the documentation.
        decides: its place among the gates when a pair is judged; the first objection decides.
        joined: its place in the history of the project. Columns and settings stand in this order, so that those of a
            new gate come after all others.
        outcomes: the ends that it decides about.
        columns: what it leaves in the tables.
        assess: measures a pair under given limits.
        limits: its thresholds.
        default_on: it is on where POLYGLOT_GATES is not set. A gate that joins later must stay off by default, or
            rows of lakes that exist would change their outcome.
        by_the_row: prompt and response are all that it needs; not what the teacher was shown. So whoever has a release
            can ask it again.
    """

    name: str
    measures: str
    decides: int
    joined: int
    outcomes: tuple[Outcome, ...]
    columns: tuple[Column, ...]
    assess: Callable[[Pair, Any], Finding]
    limits: type[Limits] = field(default=Limits)
    default_on: bool = True
    by_the_row: bool = True


def choose(what: str, names: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    """`names` in the order of `known`, so that the order of writing makes no difference.

    Args:
        what: what such a name stands for, for the message.
        names: those that a user chose.
        known: all.

    Raises:
        ValueError: a name is not known.
    """
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"unknown {what} {unknown[0]!r}; there are {', '.join(known)}")
    return tuple(name for name in known if name in names)
