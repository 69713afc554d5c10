"""All gates: found in the files beside this one, and asked one after the other.

Here: the registry that the tables' columns, the settings, the checks and the documentation follow from; which gates
are on and under which limits; and the loop that measures a pair and finds what decides. Not here: any gate.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pydantic.fields import FieldInfo

from polyglot_assets import gates as folder
from polyglot_assets.domain import outcomes
from polyglot_assets.domain.outcomes import OK, Outcome
from polyglot_assets.gates.gate import Column, Gate, Limits, Objection, Pair


def found() -> Iterator[Gate]:
    """The gates of this folder: every module that has a `GATE`."""
    for module in iter_modules(folder.__path__):
        if module.name != "registry":
            gate = getattr(import_module(f"{folder.__name__}.{module.name}"), "GATE", None)
            if gate is not None:
                yield gate


def in_order(gates: Iterable[Gate]) -> tuple[Gate, ...]:
    """`gates` in the order in which they decide.

    Raises:
        ValueError: two of them claim the same place, name, column, outcome or setting.
    """
    known = tuple(sorted(gates, key=lambda gate: gate.decides))
    claims: tuple[tuple[str, list[Any]], ...] = (
        ("name", [gate.name for gate in known]),
        ("place in deciding", [gate.decides for gate in known]),
        ("place in joining", [gate.joined for gate in known]),
        ("column", [column.name for gate in known for column in gate.columns]),
        ("outcome", [outcome.name for outcome in outcomes.of_answers(_outcomes(known))]),
        ("setting", [name for gate in known for name in gate.limits.model_fields]),
    )
    for what, values in claims:
        if twice := [value for value, times in Counter(values).items() if times > 1]:
            raise ValueError(f"two gates have the {what} {twice[0]!r}")
    return known


def _outcomes(gates: Iterable[Gate]) -> Iterator[Outcome]:
    return (outcome for gate in gates for outcome in gate.outcomes)


GATES = in_order(found())
"""All gates in the order in which they decide."""

_BY_AGE = tuple(sorted(GATES, key=lambda gate: gate.joined))

NAMES = tuple(gate.name for gate in GATES)

COLUMNS: tuple[Column, ...] = tuple(column for gate in _BY_AGE for column in gate.columns)
"""What the gates measure, as it stands in the tables."""

OUTCOMES = {outcome.name: outcome for outcome in outcomes.of_answers(_outcomes(GATES))}
"""All ends of a request, by name."""


def thresholds() -> dict[str, FieldInfo]:
    """All thresholds by name, as pydantic fields: type, default, bounds and meaning."""
    return {name: info for gate in _BY_AGE for name, info in gate.limits.model_fields.items()}


@dataclass(frozen=True)
class Gates:
    """Which gates are on, and under which limits.

    Attributes:
        enabled: names, in the order in which they decide.
        limits: by name of the gate, of all gates.
    """

    enabled: tuple[str, ...] = tuple(gate.name for gate in GATES if gate.default_on)
    limits: Mapping[str, Limits] = field(default_factory=lambda: {gate.name: gate.limits() for gate in GATES})

    def but(self, enabled: Iterable[str] | None = None, **thresholds: Any) -> "Gates":
        """The same with other gates on, or other thresholds, which are those of settings without `gate_`.

        Raises:
            TypeError: no gate has such a threshold.
        """
        limits = dict(self.limits)
        for gate in GATES:
            own = {name: thresholds.pop(name) for name in gate.limits.model_fields if name in thresholds}
            limits[gate.name] = limits[gate.name].model_copy(update=own)
        if thresholds:
            raise TypeError(f"no gate has the threshold {', '.join(thresholds)}")
        on = self.enabled if enabled is None else set(enabled)
        return Gates(tuple(name for name in NAMES if name in on), limits)

    def values(self) -> dict[str, Any]:
        """The gates that are on, and all thresholds by name."""
        return {"enabled": self.enabled} | {
            name: value for gate in _BY_AGE for name, value in self.limits[gate.name].model_dump().items()
        }


DEFAULT = Gates()


@dataclass(frozen=True)
class Assessment:
    """What all gates that are on found in a pair: the values by column, and the first objection, if there is any."""

    measured: Mapping[str, Any]
    objection: Objection | None = None

    @property
    def outcome(self) -> str:
        """What the pair ends in."""
        return (self.objection[0] if self.objection else OK).name

    @property
    def reason(self) -> str | None:
        """Why; None for ok."""
        return self.objection[1] if self.objection else None


def assess(pair: Pair, gates: Gates = DEFAULT) -> Assessment:
    """Measures `pair` with the gates that are on, and says what decides."""
    measured: dict[str, Any] = {}
    objection: Objection | None = None
    for gate in GATES:
        if gate.name in gates.enabled:
            finding = gate.assess(pair, gates.limits[gate.name])
            measured |= finding.measured
            objection = objection or next(iter(finding.objections), None)
    return Assessment(measured, objection)
