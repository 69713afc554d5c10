"""Settings: everything a user can choose, read from the environment.

Here: names, defaults, meaning and validation of the POLYGLOT_ variables, which of them decide about rows, and where the
project's own files lie. Not here: the thresholds of a gate (its file in gates/), properties of a teacher
(inference/registry.toml) or of a source (its module in seeds/).
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, create_model, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.folders import default_cache
from polyglot_assets.domain.grid import LANGUAGES
from polyglot_assets.gates import registry
from polyglot_assets.gates.gate import choose
from polyglot_assets.gates.registry import Gates
from polyglot_assets.text import languages as languages_

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent
SAMPLES = "samples"
HUB = "hub"


def bundled(name: str) -> Path:
    """A folder that ships with the project: beside the package in a checkout, inside it in a wheel.

    Args:
        name: `dbt_like_sql` or `samples`.
    """
    in_checkout = _CHECKOUT / {"samples": "data/samples"}.get(name, name)
    return in_checkout if in_checkout.is_dir() else _PACKAGE / "_bundled" / name


def _default_lake() -> Path:
    # In a checkout the lake lies in the checkout, wherever the command is started from, so that the command line
    # and the UI see the same one. An installed wheel has no such place and uses the working directory.
    base = _CHECKOUT if (_CHECKOUT / "pyproject.toml").is_file() else Path.cwd()
    return base / "data" / "lake"


def _split(value: Any) -> Any:
    """The parts of a comma-separated list."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Value = TypeVar("Value")
_Listed = Annotated[Value, NoDecode, BeforeValidator(_split)]
Names = _Listed[tuple[str, ...]]
CpuDtype = Literal["auto", "bfloat16", "float32"]


_DECIDES = "decides about rows"
Decides = Annotated[Value, _DECIDES]
"""A setting that decides about rows, and therefore stands in the manifest of a release."""


class _Settings(BaseSettings):
    """One value per POLYGLOT_ variable; lists are comma-separated."""

    # No infinity: JSON has none, and what decides about rows stands in the manifest.
    model_config = SettingsConfigDict(
        env_prefix="POLYGLOT_", extra="ignore", frozen=True, env_ignore_empty=True, allow_inf_nan=False
    )

    lake: Path = Field(
        default_factory=_default_lake,
        description="Folder that holds the lake. Default: data/lake in the checkout.",
    )
    seeds: str = Field(
        default=SAMPLES,
        description="Where seeds come from: `samples` (the small set that comes with the project), `hub` (the real "
        "datasets from the Hugging Face hub), or a folder laid out `<org>__<name>/<files in native shape>`.",
    )
    languages: Decides[Names] = Field(default=LANGUAGES, description="Target languages, ISO 639 codes.")
    rows_per_cell: Decides[int] = Field(
        default=6, ge=1, description="Prompts per cell (language × strategy), chosen in hash order."
    )
    seeds_per_cell: Decides[int] = Field(
        default=10_000,
        ge=1,
        description="Seeds that one source may put into one cell, chosen in hash order.",
    )
    seed_chars: Decides[int] = Field(
        default=100_000,
        ge=1,
        description="Characters that the prompt of a seed may have, and its answer where the teacher is shown it.",
    )
    teachers: Names = Field(
        default=("smollm2-135m",),
        description="Enabled teachers: names from the registry, or a model id / checkpoint folder containing a `/`.",
    )
    teacher_registry: Path | None = Field(
        default=None, description="A TOML file with more teachers, in the shape of inference/registry.toml."
    )
    cpu_dtype: CpuDtype = Field(
        default="auto",
        description="In which type a teacher that names none is computed on a CPU: `bfloat16`, `float32`, or `auto` "
        "(bfloat16 if the CPU has instructions for it).",
    )
    teacher_url: Names = Field(
        default=(),
        description="Base URLs of OpenAI-compatible servers (for example http://127.0.0.1:8000/v1) that serve the "
        "enabled teachers. Empty: vLLM runs inside the run's process.",
    )
    teacher_api_key: str = Field(
        default="",
        repr=False,
        description="API key for POLYGLOT_TEACHER_URL, or `Basic user:password`. Never logged or stored.",
    )
    teacher_concurrency: int = Field(
        default=64, ge=1, description="Requests that each of the servers is given at once."
    )
    teacher_timeout: float = Field(default=600, gt=0, description="Seconds that a server may take for one answer.")
    teacher_patience: float = Field(
        default=300,
        ge=0,
        description="Seconds to wait for a server that went away or refuses for being busy, before the run gives up; "
        "a tenth of them if it breaks from the start.",
    )
    commit_rows: int = Field(
        default=256, ge=1, description="Answers are flushed to the disk at the latest after this many …"
    )
    commit_seconds: float = Field(
        default=1.0,
        gt=0,
        description="… or after this many seconds. A power cut loses at most these; a killed process none of them.",
    )
    keep_toxic: Decides[bool] = Field(default=False, description="Keep seeds that their source flags as toxic.")
    keep_redacted: Decides[bool] = Field(default=False, description="Keep seeds that their source flags as redacted.")
    max_duplicate_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of a source's or a cell's examples that may be duplicates before a check fails.",
    )
    evalsets: Path | None = Field(
        default=None,
        description="Folder with evaluation sets (JSON lines, JSON, CSV, TSV, Parquet): examples that hold text of "
        "their items are contaminated. Empty: nothing is looked for.",
    )
    evalsets_ngram: Decides[int] = Field(
        default=3,
        ge=1,
        le=50,
        description="Width of the n-grams by which items are looked up, in words; in scripts without spaces two "
        "characters count as a word.",
    )
    evalsets_overlap: Decides[float] = Field(
        default=0.75,
        gt=0,
        le=1,
        description="Share of an item's words that an example must hold, in order, to be contaminated.",
    )
    release_policy: str = Field(
        default="default",
        description="What a release may contain: `default` (everything), `commercial` (rows of which every part "
        "allows commercial use), or a TOML file; see Licences.",
    )
    gates: Decides[Names] = Field(
        default=registry.DEFAULT.enabled,
        description="Gates that answers must pass, or `none`. Each has its thresholds below.",
    )
    duplicates_similarity: Decides[float] = Field(
        default=0.7,
        ge=0.5,
        le=1,
        description="Two examples of one language and teacher are near duplicates from this Jaccard similarity of "
        "their word n-grams (character n-grams in scripts without spaces).",
    )
    duplicates_width: Decides[int] = Field(
        default=2, ge=1, le=8, description="Words (or characters) per n-gram when near duplicates are looked for."
    )
    cache: Path = Field(
        default_factory=default_cache,
        description="Folder for what can be made again: the converted checkpoint of the embedded teacher, and compiled "
        "code.",
    )

    @field_validator("languages")
    @classmethod
    def _known_languages(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not value:
            raise ValueError("needs at least one language")
        for code in value:
            known = languages_.to_code(code)
            if known != code and not (known and _has_cells(info.data.get("lake"), code)):
                raise ValueError(f"unknown language {code!r}" + (f"; write {known!r}" if known else ""))
            if code not in LANGUAGES:  # names of all the world's languages take a while to load
                languages_.display_name(code)
        if len(set(value)) != len(value):
            raise ValueError("names a language twice")
        return value

    @field_validator("teacher_url")
    @classmethod
    def _without_secrets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # Dagster stores the URLs and shows them to everybody. The message repeats none of it.
        if any(mark in url for url in value for mark in "@?#"):
            raise ValueError(
                "a base URL ends with its path. User, password or key in it would be stored and shown by Dagster; put "
                "the key into POLYGLOT_TEACHER_API_KEY, or there `Basic user:password`"
            )
        return value

    @field_validator("gates")
    @classmethod
    def _known_gates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return () if value == ("none",) else choose("gate", value, registry.NAMES)

    @field_validator("lake", "cache", "evalsets", "teacher_registry")
    @classmethod
    def _absolute(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        return absolute(value, f"POLYGLOT_{str(info.field_name).upper()}") if value else None

    def to_gates(self) -> Gates:
        """The gates with their thresholds."""
        return Gates().but(self.gates, **{name: getattr(self, _setting(name)) for name in registry.thresholds()})

    def deciding(self) -> dict[str, Any]:
        """The settings that decide about rows, as JSON gives them back."""
        chosen = (name for name in names() if _DECIDES in type(self).model_fields[name].metadata)
        return self.model_dump(mode="json", include=set(chosen))


def _setting(threshold: str) -> str:
    return f"gate_{threshold}"


def _threshold_fields() -> dict[str, Any]:
    """The thresholds of all gates as settings: type, default, bounds and meaning as the gate's file gives them."""
    fields: dict[str, Any] = {}
    for name, info in registry.thresholds().items():
        kind: Any = info.annotation
        fields[_setting(name)] = (Decides[_Listed[kind] if kind == tuple[str, ...] else kind], info)  # type: ignore[misc]
    return fields


if TYPE_CHECKING:
    Settings = _Settings
else:
    Settings = create_model(
        "Settings", __base__=_Settings, __module__=__name__, __doc__=_Settings.__doc__, **_threshold_fields()
    )


def names() -> Iterator[str]:
    """All settings in the order in which they are shown: the thresholds of the gates after the choice of gates."""
    for name in _Settings.model_fields:
        yield name
        if name == "gates":
            yield from map(_setting, registry.thresholds())


def _has_cells(lake: Path | None, code: str) -> bool:
    """Whether a lake was made when `code` was the code of a language: earlier versions told `nb` from `no`."""
    if lake is None or not code.isalnum():
        return False
    return any(next(lake.glob(f"{above}/language={code}"), None) for above in ("*", "*/*"))


def load() -> Settings:
    """The settings of this process's environment.

    Raises:
        UserError: a variable has a value that cannot be used; the message names the variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"POLYGLOT_{'_'.join(map(str, item['loc'])).upper()}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_url=False)
        )
        raise UserError(problems) from None
    except LookupError as error:
        raise UserError(f"POLYGLOT_LANGUAGES: {error}") from None


def describe() -> Iterator[tuple[str, str, str]]:
    """(variable, present value, meaning) of every setting, for `polyglot settings` and the documentation."""
    settings = load()
    for name in names():
        value = getattr(settings, name)
        shown = ",".join(value) if isinstance(value, tuple) else str(value)
        if name == "teacher_api_key" and shown:
            shown = "(set)"
        yield f"POLYGLOT_{name.upper()}", shown, Settings.model_fields[name].description or ""


def dagster_home(settings: Settings) -> Path:
    """Where runs and events are recorded: DAGSTER_HOME if the user set it, else a folder of the lake."""
    chosen = os.environ.get("DAGSTER_HOME")
    return absolute(Path(chosen), "DAGSTER_HOME") if chosen else settings.lake / "dagster"


def absolute(path: Path, variable: str) -> Path:
    """A path that a user gave in a variable: `~` stands for the home, and a relative one begins where we are.

    Raises:
        UserError: nobody knows the home.
    """
    try:
        return path.expanduser().absolute()
    except RuntimeError:
        raise UserError(f"{variable}={path}: the home that ~ stands for is not known; write the whole path") from None
