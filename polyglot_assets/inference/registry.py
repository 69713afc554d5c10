"""The teacher registry: which teachers exist and which are enabled.

Here: reading registry.toml (and a user's own file of the same shape) into `Teacher`. Not here: running them.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, get_origin

from polyglot_assets.domain.errors import UserError, shown
from polyglot_assets.inference import embedded
from polyglot_assets.inference import sampling as sampling_
from polyglot_assets.inference.cpu import BFLOAT16, FLOAT32, choose_dtype, runs_on_cpu
from polyglot_assets.inference.dialect import Dialect, dialect_of
from polyglot_assets.lake.reading import toml_table
from polyglot_assets.settings import CpuDtype, Settings
from polyglot_assets.text.invisible import is_name

REGISTRY = Path(__file__).with_name("registry.toml")
_CHANGES_ANSWERS = ("quantization", "dtype", "kv_cache_dtype", "hf_overrides", "tokenizer")
"""Engine arguments that change what a model computes or reads; the others only change how fast."""

_TOO_LARGE = 1 << 63
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_PARAMETER = re.compile(r"[A-Za-z][\w.-]*", re.ASCII)
_MOST_TOKENS = (1 << 31) - 1
"""Columns of counts hold no more."""
_ALWAYS = ("max_tokens", "seed")
_ELSEWHERE = {"model": "", "served_model_name": "", "revision": "revision", "max_model_len": "max_model_len"}
"""Engine arguments that are said elsewhere: what a second value would change, neither rows nor checks would know."""


@dataclass(frozen=True)
class Teacher:
    """A model that answers. The fields are explained at the top of registry.toml.

    `sampling` holds vLLM sampling parameters (temperature, top_p, top_k, …); `engine` holds vLLM engine arguments;
    `dialect` says how servers want to be asked (dialect.py). `license` is the license that its outputs carry.
    `input_price` and `output_price` are US dollars per million tokens.
    """

    name: str
    model: str
    license: str
    revision: str = "unpinned"
    embedded: bool = False
    hosted: bool = False
    max_tokens: int = 2048
    max_model_len: int = 8192
    served_as: str = ""
    lora: str = ""
    input_price: float = 0.0
    output_price: float = 0.0
    sampling: dict[str, float] = field(default_factory=dict)
    engine: dict[str, Any] = field(default_factory=dict)
    dialect: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """Everything of the teacher that reaches the model, as text: equal for teachers that answer alike."""
        changes = {name: self.engine[name] for name in _CHANGES_ANSWERS if name in self.engine}
        return json.dumps([self.model, self.revision, self.lora, changes, self.sampling], sort_keys=True)

    def sampled(self) -> dict[str, Any]:
        """What of the teacher decides about its answers, for the record: model, revision and how it is sampled."""
        changes = {name: self.engine[name] for name in _CHANGES_ANSWERS if name in self.engine}
        return {
            "model": Path(self.model).name if self.model[0] in "/~." else self.model,
            "revision": self.revision,
            "max_tokens": self.max_tokens,
            "sampling": dict(self.sampling),
            **({"engine": changes} if changes else {}),
        }

    def cost(self, prompt_tokens: int, response_tokens: int) -> float:
        """US dollars for so many tokens."""
        return (prompt_tokens * self.input_price + response_tokens * self.output_price) / 1e6

    @property
    def asset_name(self) -> str:
        """The name as Dagster allows it: letters, digits and underscores."""
        return re.sub(r"[^A-Za-z0-9_]", "_", self.name)


def read(path: Path) -> dict[str, Teacher]:
    """The teachers of a registry file by name.

    Raises:
        UserError: the file cannot be read, or an entry has an unknown, missing or ill-typed key.
    """
    return {name: _teacher(path, name, entry) for name, entry in toml_table(path).items()}


def _teacher(path: Path, name: str, entry: Any) -> Teacher:
    if not _NAME.fullmatch(name):
        raise UserError(f"{path}: [{name}]: a teacher's name is made of a-z, 0-9, dot, dash and underscore")
    if not isinstance(entry, dict):
        raise UserError(f"{path}: [{name}]: expected a table")
    types = {f.name: get_origin(f.type) or f.type for f in fields(Teacher) if f.name != "name"}
    for key, value in entry.items():
        if key not in types:
            raise UserError(f"{path}: [{name}] {key}: unknown key; known are {', '.join(types)}")
        if type(value) is not types[key] and not (types[key] is float and type(value) is int):
            expected = getattr(types[key], "__name__", types[key])
            raise UserError(f"{path}: [{name}] {key}: expected {expected}, got {shown(value)}")
        _check_has_json(f"{path}: [{name}] {key}", value)
    for key in ("model", "license"):
        if key not in entry:
            raise UserError(f"{path}: [{name}]: missing {key}")
    try:
        teacher = Teacher(name=name, **entry)
        _check(teacher, entry)
        _check_parameters(teacher)
        _check_dialect(dialect_of(teacher.model, teacher.dialect), teacher.sampling)
    except ValueError as error:
        raise UserError(f"{path}: [{name}] {error}") from None
    return teacher


def _check(teacher: Teacher, entry: Mapping[str, Any]) -> None:
    """Refuses values of the right type with which nothing could be asked.

    Raises:
        ValueError: the message begins with the key.
    """
    for key in ("model", "license", "revision", "served_as", "lora"):
        given = getattr(teacher, key)
        if not is_name(given) and (given or key in ("model", "license")):
            raise ValueError(f"{key}: expected a name of visible characters, got {shown(entry[key])}")
    for key in ("max_tokens", "max_model_len"):
        if not 1 <= getattr(teacher, key) <= _MOST_TOKENS:
            raise ValueError(f"{key}: expected 1 to {_MOST_TOKENS}, got {shown(entry[key])}")
    if teacher.embedded and teacher.model != embedded.MODEL:
        raise ValueError(f"embedded: the weights in the package are those of {embedded.MODEL} alone")
    for key in ("input_price", "output_price"):
        if getattr(teacher, key) < 0:
            raise ValueError(f"{key}: expected no negative number, got {shown(entry[key])}")


def _check_parameters(teacher: Teacher) -> None:
    """Refuses parameters of requests and arguments of the engine that are out of range or said elsewhere.

    Raises:
        ValueError: the message begins with the key.
    """
    for key, parameters in (("sampling", teacher.sampling), ("engine", teacher.engine)):
        if nameless := [parameter for parameter in parameters if not _PARAMETER.fullmatch(parameter)]:
            raise ValueError(f"{key}: {shown(nameless[0])} is no parameter's name")
    try:
        sampling_.check(teacher.sampling, teacher.max_tokens)
    except ValueError as error:
        raise ValueError(f"sampling: {error}") from None
    for parameter, field_name in _ELSEWHERE.items():
        if parameter in teacher.engine:
            written = f"the teacher's own {field_name} says it" if field_name else "written by the project itself"
            raise ValueError(f"engine: {parameter} is {'no part of it: ' if field_name else ''}{written}")


def _check_dialect(dialect: Dialect, sampling: Mapping[str, Any]) -> None:
    """Refuses a dialect that speaks of parameters no request has, or would write one over another.

    Raises:
        ValueError: the message begins with the key.
    """
    known = dict.fromkeys((*_ALWAYS, *sampling, *sampling_.USUAL))
    for key, names in (("rename", dialect.rename), ("drop", sorted(dialect.drop))):
        for parameter in names:
            if parameter not in known:
                raise ValueError(f"dialect: {key}: no request has {shown(parameter)}; it may have {', '.join(known)}")
    sent = [parameter for parameter in dict.fromkeys((*_ALWAYS, *sampling)) if parameter not in dialect.drop]
    written = Counter(dialect.rename.get(parameter, parameter) for parameter in sent)
    for parameter, new in dialect.rename.items():
        if not _PARAMETER.fullmatch(new):
            raise ValueError(f"dialect: rename: {shown(new)} is no parameter's name")
        if new in sampling_.OURS or written[new] > 1:
            raise ValueError(f"dialect: rename: {parameter} cannot be called {new}, which the request has already")


def _check_has_json(where: str, value: Any) -> None:
    """Refuses what a request cannot carry: TOML has dates, infinities and integers of any size."""
    if isinstance(value, dict):
        for name, part in value.items():
            _check_has_json(f"{where}.{name}", part)
    elif isinstance(value, list):
        for part in value:
            _check_has_json(where, part)
    elif not isinstance(value, str) and not (isinstance(value, int | float) and abs(value) < _TOO_LARGE):
        raise UserError(f"{where}: expected a text, a truth value or a finite number, got {shown(value)}")


def enabled(settings: Settings) -> list[Teacher]:
    """The enabled teachers in the order of POLYGLOT_TEACHERS, with the type in which a CPU computes them.

    A name with a `/` that no registry knows is a model id or a checkpoint folder; it gets default sampling and the
    license `unknown`, which the release will show.

    Raises:
        UserError: a name is unknown, or a hosted model is enabled without a server.
    """
    known = read(REGISTRY)
    if settings.teacher_registry:
        known |= read(settings.teacher_registry)
    chosen: list[Teacher] = []
    for name in settings.teachers:
        teacher = known.get(name)
        if teacher is None and "/" in name:
            slug = re.sub(r"[^a-z0-9._-]", "-", name.rstrip("/").rsplit("/", 1)[-1].lower())
            if not slug or not is_name(name):
                raise UserError(f"POLYGLOT_TEACHERS: {name!r} is no model id and no folder")
            teacher = Teacher(name=slug, model=name, license="unknown", sampling={"temperature": 0.8, "top_p": 0.9})
        if teacher is None:
            raise UserError(
                f"POLYGLOT_TEACHERS: unknown teacher {name!r}; known are {', '.join(known)}, "
                "or give a model id such as org/model"
            )
        if teacher.hosted and not settings.teacher_url:
            raise UserError(f"POLYGLOT_TEACHERS: {name} is served by an API only; set POLYGLOT_TEACHER_URL")
        if teacher.asset_name in {other.asset_name for other in chosen}:
            raise UserError(f"POLYGLOT_TEACHERS: two teachers would both be called {teacher.asset_name}")
        # What a server computes in is its own affair. The embedded teacher's server is `polyglot serve-teacher`, which
        # makes the same choice.
        in_process = teacher.embedded or not settings.teacher_url
        if in_process and teacher.max_tokens >= teacher.max_model_len:
            raise UserError(
                f"POLYGLOT_TEACHERS: {name}: max_tokens ({teacher.max_tokens}) leaves no room for a prompt within "
                f"max_model_len ({teacher.max_model_len})"
            )
        chosen.append(with_dtype(teacher, settings.cpu_dtype) if in_process else teacher)
    if not chosen:
        raise UserError("POLYGLOT_TEACHERS: enables no teacher")
    return chosen


def in_other_dtype(teacher: Teacher) -> Teacher | None:
    """The same teacher as a CPU of the other kind asks it; None if its type is no choice between the two."""
    dtype = teacher.engine.get("dtype")
    if dtype == FLOAT32:
        return _in(teacher, BFLOAT16 if teacher.embedded else None)
    return _in(teacher, FLOAT32) if dtype in (None, BFLOAT16) else None


def _in(teacher: Teacher, dtype: str | None) -> Teacher:
    others = {name: value for name, value in teacher.engine.items() if name != "dtype"}
    return replace(teacher, engine=others | ({"dtype": dtype} if dtype else {}))


def with_dtype(teacher: Teacher, wanted: CpuDtype) -> Teacher:
    """The teacher with the type in which this machine's CPU computes it; unchanged if it names one or there is a GPU.

    A CPU that has bfloat16 computes the type of the checkpoint, as a GPU does; so the answers of both, and of a server,
    are those of one teacher, and the requests are the same. Only the embedded teacher always says its type, as it did
    in older lakes. Quantized weights come in types of their own.

    Args:
        teacher: an entry of the registry.
        wanted: POLYGLOT_CPU_DTYPE.
    """
    if "dtype" in teacher.engine or "quantization" in teacher.engine:
        return teacher
    dtype = choose_dtype(wanted).dtype if runs_on_cpu() else BFLOAT16
    if dtype == BFLOAT16 and not teacher.embedded:
        return teacher
    return _in(teacher, dtype)
