"""The manifest of a release: what is in it and what it was made from, in numbers and hashes.

Here: its contract, reading and writing. Not here: how the numbers come about (sft.py), and whether they are true
(verify.py).

It holds no time, host or path outside of the lake, so the same lake gives the same manifest, and a release is known by
its hash. The card says nothing that is not in here. A release may come from anywhere: whoever has read a manifest can
rely on the keys and types below. Rows may have further keys, of a version to come; a key that a version added later is
`NotRequired`.
"""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, Required

from pydantic import AfterValidator, ConfigDict, Field, GetCoreSchemaHandler, ValidationError, with_config
from pydantic.dataclasses import dataclass
from pydantic_core import CoreSchema, from_json
from typing_extensions import TypedDict

from polyglot_assets.contracts.former import FORMER
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.ids import content_id
from polyglot_assets.gates.registry import thresholds
from polyglot_assets.licenses.licenses import CONDITIONS, PERMISSIONS
from polyglot_assets.text.languages import display_name

MANIFEST = "manifest.json"
FORMAT = 1

Counts = list[dict[str, Any]]

_STRICT = ConfigDict(strict=True, extra="allow")


def _named(code: str) -> str:
    try:
        display_name(code)
    except LookupError:
        raise ValueError("no language has this code") from None
    return code


def _both_or_none(deleted: dict[str, Any]) -> dict[str, Any]:
    if deleted and not {"rows", "of"} <= deleted.keys():
        raise ValueError("should hold both rows and of, or nothing")
    return deleted


def _one_name(policy: dict[str, Any]) -> dict[str, Any]:
    if {"licenses", FORMER["licenses"]} <= policy.keys():
        raise ValueError(f"should hold licenses or, as earlier releases do, {FORMER['licenses']}, not both")
    return policy


def _once(files: Counts) -> Counts:
    for path, times in Counter(file["path"] for file in files).items():
        if times > 1:
            raise ValueError(f"{path} is listed {times} times")
    return files


_Number = Annotated[int, Field(ge=0, lt=2**63)]
_Text = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$")]
_Language = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+(-[A-Za-z0-9]+)*$"), AfterValidator(_named)]
_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
# No other path is ever opened or sent: no absolute one, and none that leads out of the folder.
_Shard = Annotated[
    str, Field(pattern=r"^(data|lineage)(/[A-Za-z0-9_-]+/[A-Za-z0-9_]+)?/train-[0-9]{5}-of-[0-9]{5}\.parquet$")
]


@with_config(_STRICT)
class _Counted(TypedDict):
    rows: _Number


class _Cell(_Counted):
    language: _Language
    strategy: _Text


class _File(_Counted):
    path: _Shard
    bytes: _Number
    num_bytes: _Number
    sha256: _Hash


@with_config(_STRICT)
class _Input(TypedDict):
    path: _Text
    sha256: _Hash


class _Source(_Counted):
    source: _Text
    revision: _Text


class _Teacher(_Counted):
    teacher: _Text
    model: _Text
    model_revision: _Text
    engine: NotRequired[_Text | None]


class _Template(_Counted):
    strategy: _Text
    version: _Text


class _Licenses(_Counted):
    licenses: list[_Text]


class _Outcome(_Counted):
    outcome: _Text


class _Stage(_Counted):
    stage: _Text


@with_config(_STRICT)
class _Whole(TypedDict):
    id: _Text
    name: _Text
    sentences: list[str]


@with_config(_STRICT)
class _Excluded(TypedDict):
    exclude: list[_Text]


@with_config(ConfigDict(strict=True, extra="forbid"))
class _License(TypedDict, total=False):
    """See licenses.License."""

    name: Required[str]
    url: str
    granted: bool
    commercial: bool
    derivatives: bool
    attribution: bool
    share_alike: bool
    own_terms: bool
    passes_to: list[_Text] | tuple[_Text, ...]
    note: str


@with_config(ConfigDict(strict=True, extra="forbid"))
class _Policy(TypedDict, total=False):
    """See policy.Policy; empty in releases that were made before there were policies."""

    name: str
    description: str
    require: list[Literal[PERMISSIONS]]  # type: ignore[valid-type]
    forbid: list[Literal[CONDITIONS]]  # type: ignore[valid-type]
    allow: list[_Text]
    exclude: list[_Text]
    claim: _Text
    sources: _Excluded
    teachers: _Excluded
    licenses: dict[_Text, _License]
    licences: dict[_Text, _License]  # what it is called in earlier releases, whose version is a hash over this name too


_Share = Annotated[float, Field(ge=0, le=1)]


def _settings() -> Any:
    """Those that the card names and by which verify.py judges again; releases of earlier versions lack some."""
    shapes: dict[str, Any] = {
        "languages": list[_Text],
        "strategies": list[_Text],
        "rows_per_cell": _Number,
        "seeds_per_cell": _Number,
        "gates": list[_Text],
        "duplicates_similarity": _Share,
        "duplicates_width": _Number,
        "evalsets_overlap": _Share,
    }
    for name, threshold in thresholds().items():
        is_list = threshold.annotation == tuple[str, ...]
        shapes[f"gate_{name}"] = list[_Text] if is_list else Annotated[threshold.annotation, *threshold.metadata]
    return with_config(_STRICT)(TypedDict("_Settings", shapes, total=False))  # type: ignore[operator]


@with_config(_STRICT)
class _Sampling(TypedDict):
    teacher: _Text
    sampling: dict[str, Any]


@with_config(_STRICT)
class _EvalSet(TypedDict):
    set: _Text
    items: _Number
    sha256: _Hash


class _SeedsFrom(_Counted):
    source: _Text
    revision: _Text
    seeds: _Text


@with_config(_STRICT)
class _JudgedOtherwise(TypedDict):
    language: _Language
    strategy: _Text
    settings: dict[_Text, Any]


@with_config(_STRICT)
class _MadeWith(TypedDict, total=False):
    judged_otherwise: list[_JudgedOtherwise]
    sampling: list[_Sampling]
    evalsets: list[_EvalSet]
    seeds: list[_SeedsFrom]


@with_config(_STRICT)
class _Deleted(TypedDict, total=False):
    rows: _Number
    of: _Text


@with_config(_STRICT)
class _Package(TypedDict):
    package: _Text
    version: _Text


@with_config(_STRICT)
class _Example(TypedDict, total=False):
    prompt: str
    response: str


_ADDED_LATER = frozenset({"made_with", "example"})
"""Keys that releases of earlier versions do not have, and that do not count for their hash."""


class _Has:
    """Lets pydantic check a value by a shape, while the code goes on to handle it as plain dictionaries."""

    def __init__(self, shape: Any) -> None:
        self.shape = shape

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(self.shape)


@dataclass(frozen=True, config=ConfigDict(strict=True, extra="forbid"))
class Manifest:
    """What a release is; `made` makes one with a message for the user where it breaks the contract.

    Attributes:
        rows: published rows.
        cells: rows by language and strategy.
        files: the shards of data/ and lineage/; `bytes` on the disk, `num_bytes` in memory.
        inputs: the files of the lake that were read.
        sources: rows by source.
        teachers: rows by teacher.
        templates: rows by strategy and version of its templates.
        licenses: rows by the set of licenses that they carry.
        outcomes: what became of every answer.
        stages: from raw rows to published ones.
        license: what the whole may be used under; `name` is that of a mix.
        policy: what kept rows out.
        settings: those that decide about rows.
        software: what made it.
        deleted: how many rows deletion requests took out of the release that this one replaces, and its version.
        made_with: `sampling`, how each teacher was sampled; `evalsets`, the evaluation sets that were searched for (an
            empty list: none; no such key: not known); `seeds`, whether a source's rows came from `samples`, the `hub`
            or a `folder` (or `unknown`); `judged_otherwise`, cells whose rows passed other gates than the settings
            name. Empty in releases of earlier versions.
        example: one of the published rows, for the card; empty where all are too long, and in earlier versions.
    """

    rows: _Number
    cells: Annotated[Counts, _Has(list[_Cell])]
    files: Annotated[Counts, _Has(list[_File]), AfterValidator(_once)]
    inputs: Annotated[Counts, _Has(list[_Input])]
    sources: Annotated[Counts, _Has(list[_Source])]
    teachers: Annotated[Counts, _Has(list[_Teacher])]
    templates: Annotated[Counts, _Has(list[_Template])]
    licenses: Annotated[Counts, _Has(list[_Licenses])]
    outcomes: Annotated[Counts, _Has(list[_Outcome])]
    stages: Annotated[Counts, _Has(list[_Stage])]
    license: Annotated[dict[str, Any], _Has(_Whole)]
    policy: Annotated[dict[str, Any], _Has(_Policy), AfterValidator(_one_name)]
    settings: Annotated[dict[str, Any], _Has(_settings())]
    software: Annotated[Counts, _Has(list[_Package])]
    deleted: Annotated[dict[str, Any], _Has(_Deleted), AfterValidator(_both_or_none)]
    made_with: Annotated[dict[str, Any], _Has(_MadeWith)] = Field(default_factory=dict)
    example: Annotated[dict[str, Any], _Has(_Example)] = Field(default_factory=dict)

    @property
    def version(self) -> str:
        """A hash of all the rest, 12 hex digits."""
        return content_id(FORMAT, self._values())[:12]

    def _values(self) -> dict[str, Any]:
        """What is hashed and written; without what releases of earlier versions do not have."""
        return {name: value for name, value in asdict(self).items() if value or name not in _ADDED_LATER}

    def write(self, folder: Path) -> None:
        """Writes it into a release's folder."""
        values = {"format": FORMAT, "version": self.version, **self._values()}
        lines = ",\n".join(f"{json.dumps(name)}: {_lines(value)}" for name, value in values.items())
        (folder / MANIFEST).write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def _lines(value: Any) -> str:
    """JSON with one entry of a list in a line."""
    if isinstance(value, list) and value:
        return "[\n  " + ",\n  ".join(json.dumps(entry, ensure_ascii=False) for entry in value) + "\n]"
    return json.dumps(value, ensure_ascii=False)


def made(where: str, **values: Any) -> Manifest:
    """A manifest of these values.

    Args:
        where: what the values are of, for the message.
        values: see Manifest.

    Raises:
        UserError: they break the contract.
    """
    try:
        return Manifest(**values)
    except ValidationError as error:
        raise UserError(f"{where}: {first_breach(error)}") from None


def read(folder: Path) -> Manifest:
    """The manifest of a release's folder.

    Raises:
        UserError: there is none, it breaks the contract, or it was changed.
    """
    path = folder / MANIFEST
    try:
        if not path.is_file():  # also nothing that is waited for, such as a pipe
            raise UserError(f"{folder} is no release: it has no {MANIFEST}")
        values = from_json(path.read_bytes(), allow_inf_nan=False)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise UserError(f"{path}: not JSON: {error}") from None
    if not isinstance(values, dict) or type(values.get("format")) is not int or values.pop("format") != FORMAT:
        raise UserError(f"{path}: not a manifest of format {FORMAT}")
    version = values.pop("version", None)
    manifest = made(str(path), **values)
    if manifest.version != version:
        raise UserError(f"{path}: was changed: it calls itself {version!r}, its content gives {manifest.version}")
    return manifest


def first_breach(error: ValidationError) -> str:
    """The first breach of a contract: where, and what is wrong there."""
    breach = error.errors(include_url=False, include_input=False)[0]
    where = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in breach["loc"]).removeprefix(".")
    return f"{where!a}: {breach['msg'].removeprefix('Value error, ')}"
