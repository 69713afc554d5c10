"""The policy: what a release may contain.

Here: reading a policy file and judging the licenses, the source and the teacher of a row by it. Not here: which rows
of the lake that leaves out (curation/licenses.py).

A policy is a TOML file; every key but `name` may be left out:

    name = "for our product"
    description = "One line for the card."
    require = ["commercial"]     # what every license of a row must give: granted, commercial, derivatives
    forbid = ["own_terms"]       # what none may ask for: attribution, share_alike, own_terms
    allow = ["apache-2.0"]       # if given, no other licenses, save those that ask for nothing at all, like cc0-1.0
    exclude = ["odbl"]           # never these
    claim = "apache-2.0"         # what the card shall state for the whole; a check fails where that is not true

    [sources]
    exclude = ["arbml/CIDAR"]    # no rows made from these or after their examples

    [teachers]
    exclude = ["gpt-4o-mini"]    # no answers of these

    [licenses.acme-contract]     # a license that known.toml lacks, or another reading of one that it has
    name = "our contract with Acme"
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polyglot_assets.contracts.former import FORMER, stored_as
from polyglot_assets.domain.errors import UserError, shown
from polyglot_assets.lake.reading import toml_table
from polyglot_assets.licenses.licenses import CONDITIONS, KNOWN, PERMISSIONS, Known, License, contradictions, entry, of
from polyglot_assets.seeds.sources import SOURCES, sources_of
from polyglot_assets.settings import Settings, absolute
from polyglot_assets.text.invisible import is_name

BUNDLED = Path(__file__).with_name("policies")
EXCLUDED_SOURCE = "sources.exclude"
EXCLUDED_TEACHER = "teachers.exclude"

Breach = tuple[str | None, str]
"""(the license that offends, or None where the source or the teacher does; the rule, as the policy file spells it)."""


@dataclass(frozen=True)
class Policy:
    """What a release may contain; the attributes are the keys of the file. `licenses` is known.toml and its own."""

    name: str
    description: str = ""
    require: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    claim: str = ""
    excluded_sources: tuple[str, ...] = ()
    excluded_teachers: tuple[str, ...] = ()
    licenses: Known = field(default_factory=lambda: KNOWN, repr=False)

    @property
    def keeps_everything(self) -> bool:
        """It has no rule that could keep a row out."""
        rules = ("require", "forbid", "allow", "exclude", "excluded_sources", "excluded_teachers")
        return not any(getattr(self, rule) for rule in rules)

    def breach(self, licenses: Collection[str], source: str, teacher: str) -> Breach | None:
        """The first rule that keeps a row out, or None.

        Args:
            licenses: of the row; a row without any counts as `unknown`.
            source: the hub id of its seed's dataset.
            teacher: the name of its teacher.
        """
        if source in self.excluded_sources:
            return None, EXCLUDED_SOURCE
        if teacher in self.excluded_teachers:
            return None, EXCLUDED_TEACHER
        for identifier in sorted(licenses) or ["unknown"]:
            if rule := self._against(identifier):
                return identifier, rule
        return None

    def _against(self, identifier: str) -> str:
        license = of(identifier, self.licenses)
        if identifier in self.exclude:
            return "exclude"
        if self.allow and identifier not in self.allow and not license.asks_nothing:
            return "allow"
        for name in self.require:
            if not getattr(license, name):
                return f"require {name}"
        return next((f"forbid {name}" for name in self.forbid if getattr(license, name)), "")

    def false_claims(self, parts: Collection[str]) -> list[str]:
        """Why the policy's own claim is more than these licenses allow; none where it claims nothing."""
        return contradictions(self.claim, parts, self.licenses) if self.claim else []

    def as_dict(self) -> dict[str, Any]:
        """The policy as a manifest holds it: what it says, and nothing of where it lies."""
        own_licenses = {
            name: {key: value for key, value in vars(license).items() if key != "id"}
            for name, license in self.licenses.items()
            if KNOWN.get(name) != license
        }
        return {
            "name": self.name,
            "description": self.description,
            **{key: list(getattr(self, key)) for key in ("require", "forbid", "allow", "exclude")},
            "claim": self.claim,
            "sources": {"exclude": list(self.excluded_sources)},
            "teachers": {"exclude": list(self.excluded_teachers)},
            "licenses": own_licenses,
        }


def stated(values: Mapping[str, Any]) -> Policy:
    """The policy of a manifest: the inverse of `Policy.as_dict`. One without keys, of an early release, has no rule."""
    own_licenses = {}
    for name, entered in values.get(stored_as("licenses", values), {}).items():
        given: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in entered.items()}
        own_licenses[name] = License(name, **given)
    rules = {key: tuple(values.get(key, ())) for key in ("require", "forbid", "allow", "exclude")}
    excluded = {f"excluded_{key}": tuple(values.get(key, {}).get("exclude", ())) for key in ("sources", "teachers")}
    return Policy(
        values.get("name", ""),
        values.get("description", ""),
        **rules,
        **excluded,
        claim=values.get("claim", ""),
        licenses={**KNOWN, **own_licenses},
    )


def load(settings: Settings) -> Policy:
    """The policy that POLYGLOT_RELEASE_POLICY names: one that comes with the project, or a file.

    Raises:
        UserError: there is none of this name, or the file cannot be used; the message names file and key.
    """
    chosen = settings.release_policy
    if "/" in chosen or chosen.endswith(".toml"):
        known = [source.repo for source in sources_of(settings)]
        return read(absolute(Path(chosen), "POLYGLOT_RELEASE_POLICY"), known)
    bundled = {file.stem: file for file in sorted(BUNDLED.glob("*.toml"))}
    if chosen not in bundled:
        names = ", ".join(bundled)
        raise UserError(
            f"POLYGLOT_RELEASE_POLICY: unknown policy {shown(chosen)}; there are {names}, or give a .toml file"
        )
    return read(bundled[chosen])


_REPOS = tuple(source.repo for source in SOURCES)


def read(path: Path, sources: Collection[str] = _REPOS) -> Policy:
    """A policy file. Teachers are not looked up: a lake may hold answers of one that no registry has any more.

    Args:
        path: the file.
        sources: that there are.

    Raises:
        UserError: the file cannot be read, or a key is unknown, of the wrong type, or names something unknown.
    """
    data = toml_table(path)
    texts, lists = ("name", "description", "claim"), ("require", "forbid", "allow", "exclude")
    if {"licenses", FORMER["licenses"]} <= data.keys():
        raise UserError(
            f"{path}: [licenses] and [{FORMER['licenses']}], its former name, are both there; keep [licenses]"
        )
    licenses_key = stored_as("licenses", data)
    _known_keys(path, "", data, (*texts, *lists, "sources", "teachers", licenses_key))
    for key in texts:
        if not isinstance(data.get(key, ""), str):
            raise UserError(f"{path}: {key}: expected a text, got {shown(data[key])}")
    if not data.get("name"):
        raise UserError(f"{path}: missing name")
    if not is_name(data["name"]):  # it stands in manifests, cards and outcomes, and who reads them tells policies by it
        raise UserError(f"{path}: name: expected a name of visible characters, got {shown(data['name'])}")
    entries = _table(path, data, licenses_key)
    licenses = KNOWN | {name: entry(path, f"{licenses_key}.{name}", name, values) for name, values in entries.items()}
    if data.get("allow") == []:
        raise UserError(f"{path}: allow: an empty list would let nothing in; leave the key out to allow all licenses")
    claim = data.get("claim", "")
    _one_of(path, "claim", [claim] if claim else [], licenses, "license")
    return Policy(
        name=data["name"],
        description=data.get("description", ""),
        require=_one_of(path, "require", data.get("require", []), PERMISSIONS, "property"),
        forbid=_one_of(path, "forbid", data.get("forbid", []), CONDITIONS, "property"),
        allow=_one_of(path, "allow", data.get("allow", []), licenses, "license"),
        exclude=_one_of(path, "exclude", data.get("exclude", []), licenses, "license"),
        claim=claim,
        excluded_sources=_excluded(path, data, "sources", sources),
        excluded_teachers=_excluded(path, data, "teachers"),
        licenses=licenses,
    )


def _excluded(path: Path, data: Mapping[str, Any], key: str, known: Collection[str] = ()) -> tuple[str, ...]:
    section = _table(path, data, key)
    _known_keys(path, f"{key}.", section, ("exclude",))
    return _one_of(path, f"{key}.exclude", section.get("exclude", []), known, key[:-1])


def _known_keys(path: Path, prefix: str, data: Mapping[str, Any], known: Collection[str]) -> None:
    for key in data:
        if key not in known:
            raise UserError(f"{path}: {prefix}{key}: unknown key; known are {', '.join(known)}")


def _table(path: Path, data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise UserError(f"{path}: [{key}]: expected a table, got {shown(value)}")
    return value


def _one_of(path: Path, key: str, names: Any, known: Collection[str], what: str) -> tuple[str, ...]:
    """`names` if they are a list of texts and known; where nothing is known, any will do."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UserError(f"{path}: {key}: expected a list of texts, got {shown(names)}")
    for name in names:
        if not is_name(name):
            raise UserError(f"{path}: {key}: expected names of visible characters, got {shown(name)}")
        # A misspelt name would silently keep nothing out.
        if known and name not in known:
            raise UserError(f"{path}: {key}: unknown {what} {name!r}; known are {', '.join(known)}")
    return tuple(names)
