"""The settings of a process as one object, and what is said of them.

Here: putting the groups together, checked and frozen, and listing them. Not here: the settings themselves (groups.py),
and where their values come from (sources.py).
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from polyglot_assets.domain import folders
from polyglot_assets.domain.errors import UserError
from polyglot_assets.gates import registry
from polyglot_assets.gates.registry import Gates
from polyglot_assets.settings import sources
from polyglot_assets.settings.groups import (
    DECIDES,
    PREFIX,
    SECRET,
    CurationGroup,
    GateGroup,
    GridGroup,
    LakeGroup,
    PromptGroup,
    ReleaseGroup,
    SeedGroup,
    TeacherGroup,
    threshold_setting,
)
from polyglot_assets.settings.places import absolute
from polyglot_assets.settings.sources import KEYS, located_at, variable


class Settings(  # pydantic checks the fields of the last one first: languages have to know the lake
    ReleaseGroup, CurationGroup, GateGroup, TeacherGroup, PromptGroup, SeedGroup, GridGroup, LakeGroup, BaseSettings
):
    """All settings; lists are comma-separated in variables."""

    # No infinity: JSON has none, and what decides about rows stands in the manifest.
    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, allow_inf_nan=False)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 pydantic's signature
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in code, then what the process finds."""
        return (init_settings, *sources.of(settings_cls))

    @field_validator("*", mode="before")
    @classmethod
    def _number(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuses true where a number is expected, which pydantic takes for 1."""
        if isinstance(value, bool) and cls.model_fields[info.field_name or ""].annotation is not bool:
            raise ValueError(f"expected another value than {str(value).lower()}")
        return value

    def to_gates(self) -> Gates:
        """The gates with their thresholds."""
        thresholds = {name: getattr(self, threshold_setting(name)) for name in registry.thresholds()}
        return Gates().but(self.gates, **thresholds)

    def deciding(self, table: str | None = None) -> dict[str, Any]:
        """The settings that decide about rows, as JSON gives them back; of a path only that it is one.

        Args:
            table: of one group only.
        """
        chosen = {name: located_at(name) for name in deciding_names() if table in (None, KEYS[name][0].table)}
        values = self.model_dump(mode="json", include=set(chosen))
        shown = {
            name: located.remembered(values[name]) if located else values[name] for name, located in chosen.items()
        }
        if "teachers" in shown:  # a name, a model id, or a folder
            shown["teachers"] = [Path(name).name if name[0] in "/~." else name for name in shown["teachers"]]
        return shown


def deciding_names() -> list[str]:
    """The settings that decide about rows."""
    return [name for name in names() if DECIDES in Settings.model_fields[name].metadata]


def names() -> Iterator[str]:
    """All settings in the order in which they are shown: group by group."""
    yield from KEYS


def load() -> Settings:
    """The settings of this process.

    Raises:
        UserError: a value cannot be used, or a name is none; the message says which, and where it stands.
    """
    sources.check_names(Settings)
    try:
        settings = Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"{_place(str(item['loc'][0]))}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_url=False, include_input=False)
        )
        raise UserError(problems) from None
    except LookupError as error:
        raise UserError(f"{_place('languages')}: {error}") from None
    folders.use(settings.cache)
    return settings


def _place(name: str) -> str:
    """Where the value of a setting stands."""
    where = sources.origins(Settings).get(name, "")
    if not where or where == sources.Environment.where:
        return variable(name)
    group, key = KEYS[name]
    return f"{where}: [{group.table}] {key}" if where == str(sources.find().toml) else f"{where}: {variable(name)}"


class Described(NamedTuple):
    """A setting: its variable, its present value, where that comes from, what it means, its table and its key."""

    variable: str
    value: str
    origin: str
    meaning: str
    table: str
    key: str


def describe() -> Iterator[Described]:
    """Every setting, for `polyglot settings`."""
    settings, origins = load(), sources.origins(Settings)
    for name in names():
        value, field = getattr(settings, name), Settings.model_fields[name]
        shown = ",".join(value) if isinstance(value, tuple) else str(value)
        if SECRET in field.metadata and shown:
            shown = "(set)"
        group, key = KEYS[name]
        origin = origins.get(name, "default")
        yield Described(variable(name), shown, origin, field.description or "", group.table, key)


def dagster_home(settings: Settings) -> Path:
    """Where runs and events are recorded: DAGSTER_HOME if the user set it, else a folder of the lake."""
    chosen = os.environ.get("DAGSTER_HOME")
    return absolute(Path(chosen), "DAGSTER_HOME") if chosen else settings.lake / "dagster"
