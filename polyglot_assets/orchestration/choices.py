"""What a single run may choose otherwise than the settings do.

Here: the resource that the launchpad shows, with the values of the settings as defaults, and what is kept of a run's
choices. Not here: the settings (settings/), and what a run may take away (removal.py).
"""

import json
from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any

import dagster as dg
from pydantic import Field, create_model

from polyglot_assets.domain.errors import UserError
from polyglot_assets.settings import Settings, deciding_names

KEY = "choices"
"""The name of the resource, and of its place in a run's configuration."""
TAG = "polyglot/settings"


class Choices(dg.ConfigurableResource[Any]):
    """Rows per cell, teachers and seeds of a run. What the launchpad says is stored with the run."""

    rows_per_cell: int = Field(ge=1, description="Prompts per cell (language × strategy).")
    teachers: list[str] = Field(
        description="Of the enabled teachers those that are asked, and whose answers become examples."
    )
    seeds: str = Field(description="Where seeds come from: `samples`, `hub` or a folder.")
    allow_removal: bool = Field(
        default=False,
        description="Go on although rows leave the lake. Without it a step that would take rows away fails before it "
        "writes, and says how many.",
    )

    @classmethod
    def of(cls, settings: Settings, teachers: Iterable[str]) -> "Choices":
        """What the settings choose.

        Args:
            settings: the settings.
            teachers: names of the enabled teachers.
        """
        values = {
            "rows_per_cell": settings.rows_per_cell,
            "teachers": list(teachers),
            "seeds": settings.seeds,
        }
        # As defaults of a class: values of an instance have to be repeated in a launchpad that changes one of them.
        fields: dict[str, Any] = {}
        for name, value in values.items():
            field = copy(cls.model_fields[name])
            field.default = value
            fields[name] = (field.annotation, field)
        kind: Any = create_model(cls.__name__, __base__=cls, __module__=__name__, __doc__=cls.__doc__, **fields)
        chosen: Choices = kind()
        return chosen

    def applied(self, settings: Settings) -> Settings:
        """The settings of this run."""
        return settings.model_copy(update={"rows_per_cell": self.rows_per_cell, "seeds": self.seeds})

    def chosen(self, enabled: Iterable[str]) -> list[str]:
        """The teachers of this run, in the order of the settings.

        Args:
            enabled: names of the enabled teachers.

        Raises:
            UserError: another one is chosen, or none.
        """
        known = list(enabled)
        if unknown := [name for name in self.teachers if name not in known]:
            raise UserError(
                f"{KEY}.teachers: {unknown[0]!r} is not enabled, so it has no asset here; enabled by POLYGLOT_TEACHERS "
                f"are {', '.join(known)}"
            )
        if not self.teachers:
            raise UserError(f"{KEY}.teachers: names no teacher; enabled are {', '.join(known)}")
        return [name for name in known if name in self.teachers]

    def run_config(self, *, allow_removal: bool = False) -> dict[str, Any]:
        """These choices as the configuration of a run."""
        values = {name: getattr(self, name) for name in ("rows_per_cell", "teachers", "seeds")}
        return {"resources": {KEY: {"config": values | {"allow_removal": allow_removal}}}}


def tags(settings: Settings, run_config: Mapping[str, Any]) -> dict[str, str]:
    """What a run is tagged with: the settings that decide about its rows, as far as they are not the defaults.

    Args:
        settings: those of the process that carries it out.
        run_config: of the run.
    """
    values = settings.deciding() | run_config.get("resources", {}).get(KEY, {}).get("config", {})
    defaults = _defaults()
    differing = {name: value for name, value in values.items() if value != defaults.get(name)}
    return {TAG: json.dumps(differing, ensure_ascii=False, sort_keys=True)}


def _defaults() -> dict[str, Any]:
    fields = Settings.model_fields
    plain = {name: fields[name].get_default(call_default_factory=True) for name in deciding_names()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()} | {
        "allow_removal": False
    }
