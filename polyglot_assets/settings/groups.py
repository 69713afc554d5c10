"""The settings themselves, in groups: one for each room of the house that asks for any.

Here: names, types, defaults, bounds and meaning of all settings, and which of them decide about rows. A setting is one
field here; its variable, its key in polyglot.toml and its line in the reference follow from it. Not here: where values
come from (sources.py), the thresholds of a gate (its file in gates/), properties of a teacher (inference/registry.toml)
or of a source (its module in seeds/).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationInfo, create_model, field_validator
from pydantic_settings import NoDecode

from polyglot_assets.domain.folders import default_cache
from polyglot_assets.domain.grid import LANGUAGES, STRATEGIES
from polyglot_assets.gates import registry
from polyglot_assets.gates.gate import choose
from polyglot_assets.recipes.registry import NAMES as RECIPES
from polyglot_assets.settings.places import absolute, default_lake
from polyglot_assets.text import languages as languages_
from polyglot_assets.text.variants import to_target

SAMPLES = "samples"
HUB = "hub"
PREFIX = "POLYGLOT_"

DECIDES = "decides about rows"
SECRET = "secret"  # noqa: S105 a mark

Value = TypeVar("Value")
Decides = Annotated[Value, DECIDES]
"""A setting that decides about rows: cells, runs and releases remember it."""
Secret = Annotated[str, SECRET]
"""A setting that is shown to nobody, and that polyglot.toml does not take."""


@dataclass(frozen=True)
class Located:
    """Marks a setting that may be a path. In a file a relative one begins at the folder of that file.

    Attributes:
        kind: what is said instead of the path where it is remembered: paths mean nothing on another machine.
        words: values that are no paths.
        suffix: only what ends like this, or holds a `/`, is a path.
        several: it may be a list with commas between its parts.
    """

    kind: str
    words: tuple[str, ...] = ()
    suffix: str = ""
    several: bool = False

    def is_path(self, value: Any) -> bool:
        """Whether a value is a path."""
        text = str(value or "")
        return bool(text) and text not in self.words and (text.endswith(self.suffix) or "/" in text)

    def each(self, value: Any, change: Callable[[str], str]) -> Any:
        """A value with each path in it changed."""
        parts = [part.strip() for part in str(value or "").split(",")] if self.several else [str(value or "")]
        if not any(map(self.is_path, parts)):
            return value
        return ",".join(change(part) if self.is_path(part) else part for part in parts)

    def remembered(self, value: Any) -> Any:
        """A value as it is remembered: of each path in it only that it is one."""
        return self.each(value, lambda _: self.kind)


def _split(value: Any) -> Any:
    """The parts of a comma-separated list."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _or_none(value: Any) -> Any:
    return None if value == "" else value


def _absolute(value: Path | None, info: ValidationInfo) -> Path | None:
    return absolute(value, f"{PREFIX}{str(info.field_name).upper()}") if value else None


_Listed = Annotated[Value, NoDecode, BeforeValidator(_split)]
Names = _Listed[tuple[str, ...]]
CpuDtype = Literal["auto", "bfloat16", "float32"]
Folder = Annotated[Path, AfterValidator(_absolute), Located("folder")]
MaybeFolder = Annotated[Path | None, BeforeValidator(_or_none), AfterValidator(_absolute), Located("folder")]
MaybeFile = Annotated[Path | None, BeforeValidator(_or_none), AfterValidator(_absolute), Located("file")]


class Group(BaseModel):
    """Settings that belong together.

    A setting is called by its name in code (`teacher_url`), by its variable in the environment (`POLYGLOT_TEACHER_URL`)
    and by the group's table and a key in polyglot.toml (`[teachers]` `url`).

    Attributes:
        table: of polyglot.toml.
        own: the key of the setting that is called like the table.
        prefixes: what keys leave out of names.
    """

    table: ClassVar[str]
    own: ClassVar[str] = ""
    prefixes: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def key_of(cls, name: str) -> str:
        """The key of a setting in the group's table."""
        if name == cls.table:
            return cls.own
        return next((name.removeprefix(prefix) for prefix in cls.prefixes if name.startswith(prefix)), name)


class LakeGroup(Group):
    """Where the lake lies, and how it is written."""

    table = "lake"
    own = "folder"

    lake: Folder = Field(
        default_factory=default_lake,
        description="Folder that holds the lake. Default: data/lake in the checkout.",
    )
    cache: Folder = Field(
        default_factory=default_cache,
        description="Folder for what can be made again: the converted checkpoint of the embedded teacher, and compiled "
        "code.",
    )
    commit_rows: int = Field(
        default=256, ge=1, description="Answers are flushed to the disk at the latest after this many …"
    )
    commit_seconds: float = Field(
        default=1.0,
        gt=0,
        description="… or after this many seconds. A power cut loses at most these; a killed process none of them.",
    )


class GridGroup(Group):
    """Which cells there are."""

    table = "grid"

    languages: Decides[Names] = Field(
        default=LANGUAGES,
        description="Target languages: ISO 639 codes, with a script or a region if you like (pt-BR, zh-Hant).",
    )
    strategies: Decides[Names] = Field(
        default=STRATEGIES, description=f"Strategies of the grid, of {', '.join(RECIPES)}."
    )

    @field_validator("languages")
    @classmethod
    def _known_languages(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not value:
            raise ValueError("needs at least one language")
        for code in value:
            known = to_target(code)
            if known != code and not (known and _has_cells(info.data.get("lake"), code)):
                raise ValueError(f"unknown language {code!r}" + (f"; write {known!r}" if known else ""))
            if code not in LANGUAGES:  # names of all the world's languages take a while to load
                languages_.display_name(code)
        if len(set(value)) != len(value):
            raise ValueError("names a language twice")
        return value

    @field_validator("strategies")
    @classmethod
    def _known_strategies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("needs at least one strategy")
        return choose("strategy", value, RECIPES)


class SeedGroup(Group):
    """What the lake is made from."""

    table = "seeds"
    own = "from"
    prefixes: ClassVar[tuple[str, ...]] = ("seeds_", "seed_")

    seeds: Decides[Annotated[str, Located("folder", (SAMPLES, HUB), several=True)]] = Field(
        default=SAMPLES,
        description="Where seeds come from: `samples` (the small set that comes with the project), `hub` (the real "
        "datasets from the Hugging Face hub), or a folder with one folder per source: `<org>__<name>/<native files>`, "
        "or files of your own beside a `source.toml`. A list is looked through in its order.",
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
    keep_toxic: Decides[bool] = Field(default=False, description="Keep seeds that their source flags as toxic.")
    keep_redacted: Decides[bool] = Field(default=False, description="Keep seeds that their source flags as redacted.")


class PromptGroup(Group):
    """What is asked."""

    table = "prompts"

    rows_per_cell: Decides[int] = Field(
        default=6, ge=1, description="Prompts per cell (language × strategy), chosen in hash order."
    )
    templates: MaybeFolder = Field(
        default=None,
        description="Folder with prompt templates that take the place of the project's; see Adding things.",
    )


class TeacherGroup(Group):
    """Who is asked, and how."""

    table = "teachers"
    own = "enabled"
    prefixes: ClassVar[tuple[str, ...]] = ("teacher_",)

    teachers: Decides[Names] = Field(
        default=("smollm2-135m",),
        description="Enabled teachers: names from the registry, or a model id / checkpoint folder containing a `/`.",
    )
    teacher_registry: MaybeFile = Field(
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
    teacher_api_key: Secret = Field(
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


class _GateGroup(Group):
    """What an answer must pass."""

    table = "gates"
    own = "enabled"
    prefixes: ClassVar[tuple[str, ...]] = ("gate_",)

    gates: Decides[Names] = Field(
        default=registry.DEFAULT.enabled,
        description="Gates that answers must pass, or `none`. Each has its thresholds below.",
    )

    @field_validator("gates")
    @classmethod
    def _known_gates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return () if value == ("none",) else choose("gate", value, registry.NAMES)


def threshold_setting(threshold: str) -> str:
    """The setting of a gate's threshold."""
    return f"gate_{threshold}"


def _threshold_fields() -> dict[str, Any]:
    """The thresholds of all gates as settings: type, default, bounds and meaning as the gate's file gives them."""
    fields: dict[str, Any] = {}
    for name, info in registry.thresholds().items():
        kind: Any = info.annotation
        fields[threshold_setting(name)] = (Decides[_Listed[kind] if kind == tuple[str, ...] else kind], info)  # type: ignore[misc]
    return fields


if TYPE_CHECKING:
    GateGroup = _GateGroup
else:
    GateGroup = create_model(
        "GateGroup", __base__=_GateGroup, __module__=__name__, __doc__=_GateGroup.__doc__, **_threshold_fields()
    )


class CurationGroup(Group):
    """Which of the kept answers are too much or too well known."""

    table = "curation"

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
    duplicates_memory: float = Field(
        default=2,
        ge=0.1,
        description="Gigabytes that DuckDB may hold in memory while it looks for duplicates; what is more goes to the "
        "disk meanwhile, below the lake.",
    )
    max_duplicate_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of a source's or a cell's examples that may be duplicates before a check fails.",
    )
    evalsets: Decides[MaybeFolder] = Field(
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


class ReleaseGroup(Group):
    """What is published."""

    table = "release"
    prefixes: ClassVar[tuple[str, ...]] = ("release_",)

    release_policy: Decides[Annotated[str, Located("file", suffix=".toml")]] = Field(
        default="default",
        description="What a release may contain: `default` (everything), `commercial` (rows of which every part "
        "allows commercial use), or a TOML file; see Licenses.",
    )


GROUPS: tuple[type[Group], ...] = (
    LakeGroup, GridGroup, SeedGroup, PromptGroup, TeacherGroup, GateGroup, CurationGroup, ReleaseGroup
)  # fmt: skip
"""In the order in which they are shown."""


def _has_cells(lake: Path | None, code: str) -> bool:
    """Whether a lake was made when `code` was the code of a language: earlier versions told `nb` from `no`."""
    if lake is None or not code.isalnum():
        return False
    return any(next(lake.glob(f"{above}/language={code}"), None) for above in ("*", "*/*"))
