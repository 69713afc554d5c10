"""What licenses allow, what a mix of them comes to, and whether a claim about it is true.

Here: known.toml as `License`, and the two questions that a release asks: `resulting` and `contradictions`. Not here:
which licenses a release may hold (policy.py), and which rows that leaves out (curation/licenses.py).

The rule. A license `c` may stand for the whole if each part `p` in it is the same license, or else

* `p` gives a permission that can be passed on,
* `p` lets what is made from it be shared (a row is made from its seed, so this is asked of `c` itself, too),
* `p` brings no terms of its own, and does not ask for its own license (save where it names `c` as a successor),
* `c` allows no commercial use that `p` forbids, and
* `c` asks for attribution if `p` does.

So apache-2.0 may stand for a mix with cc0-1.0, cc-by-nc-4.0 for a mix with apache-2.0, and nothing for a mix of gemma
with llama3. A vendor's own terms may stand for rows of others, but nobody has put those under them: an owner can claim
it, `resulting` never does. It is a rule about a few properties, not legal advice; the card says so.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_origin

from polyglot_assets.domain.errors import UserError, shown
from polyglot_assets.lake.reading import toml_table
from polyglot_assets.text.invisible import is_name

PERMISSIONS = ("granted", "commercial", "derivatives")
"""Properties that a policy may require."""

CONDITIONS = ("attribution", "share_alike", "own_terms")
"""Properties that a policy may forbid."""

MIXED = "other"
"""What the hub calls a license that is none of its list."""


@dataclass(frozen=True)
class License:
    """A license by the properties that known.toml explains."""

    id: str
    name: str
    url: str = ""
    granted: bool = True
    commercial: bool = True
    derivatives: bool = True
    attribution: bool = True
    share_alike: bool = False
    own_terms: bool = False
    passes_to: tuple[str, ...] = ()
    note: str = ""

    @property
    def asks_nothing(self) -> bool:
        """Everything is allowed and nothing is to be done for it."""
        return all(getattr(self, name) for name in PERMISSIONS) and not any(getattr(self, name) for name in CONDITIONS)


Known = dict[str, License]
"""Licenses by id, the less demanding first."""


def entry(path: Path, where: str, identifier: str, values: Any) -> License:
    """A license from its TOML table.

    Args:
        path: the file, for errors.
        where: the table's place in it, for errors.
        identifier: the license's id.
        values: the table.

    Raises:
        UserError: a key is unknown, missing or of another type.
    """
    if not isinstance(values, dict):
        raise UserError(f"{path}: [{where}]: expected a table")
    types = {f.name: get_origin(f.type) or f.type for f in fields(License) if f.name != "id"}
    for key, value in values.items():
        if key not in types:
            hint = "an id with a dot needs quotes" if isinstance(value, dict) else f"known are {', '.join(types)}"
            raise UserError(f"{path}: [{where}] {key}: unknown key; {hint}")
        expected = list if types[key] is tuple else types[key]
        if type(value) is not expected or (expected is list and not all(isinstance(item, str) for item in value)):
            kind = "a list of license ids" if expected is list else getattr(expected, "__name__", expected)
            raise UserError(f"{path}: [{where}] {key}: expected {kind}, got {shown(value)}")
    if "name" not in values:
        raise UserError(f"{path}: [{where}]: missing name")
    for what, name in (("name", values["name"]), ("id", identifier), ("url", values.get("url") or "none")):
        if not is_name(name):
            raise UserError(f"{path}: [{where}] {what}: expected a name of visible characters, got {shown(name)}")
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    if not given.get("granted", True):
        given |= {"commercial": False, "derivatives": False}
    return License(id=identifier, **given)


def read(path: Path) -> dict[str, License]:
    """The licenses of a file like known.toml by id, in its order.

    Raises:
        UserError: the file cannot be read or an entry cannot be used.
    """
    return {name: entry(path, name, name, values) for name, values in toml_table(path).items()}


KNOWN: Known = read(Path(__file__).with_name("known.toml"))
"""The licenses of known.toml."""


def of(identifier: str, known: Known = KNOWN) -> License:
    """The license with this id. One that nobody described gives no permission."""
    return known.get(identifier) or License(
        identifier, "not described here", granted=False, commercial=False, derivatives=False
    )


def contradictions(claim: str, parts: Iterable[str], known: Known = KNOWN) -> list[str]:
    """Why a whole with these parts cannot be passed on under `claim`, a sentence each; none if it can.

    Args:
        claim: the id on the card. One that gives no permission (`other`, `unknown`, …) claims nothing.
        parts: the ids of the licenses in the data.
        known: the licenses by id.
    """
    if claim not in known:
        return [f"{claim} is no license that is known here"]
    claimed = known[claim]
    if not claimed.granted:
        return []
    objections = ((part, _against(claimed, of(part, known))) for part in sorted(set(parts)))
    return [f"{claim} is claimed, but {part} {why}" for part, why in objections if why]


def _against(claimed: License, part: License) -> str:
    """What of `part` forbids to pass it on under `claimed`; empty if nothing does."""
    if not part.granted:
        return "is no permission to pass anything on"
    if not part.derivatives:
        return "forbids sharing what is made from it, as these rows are"
    if part.id == claimed.id or claimed.id in part.passes_to:
        return ""
    reasons = {
        f"brings terms of its own that {claimed.id} does not contain": part.own_terms,
        f"asks for the same license, which {claimed.id} is not": part.share_alike,
        f"forbids commercial use, which {claimed.id} allows": claimed.commercial and not part.commercial,
        f"asks for attribution, which {claimed.id} does not": part.attribution and not claimed.attribution,
    }
    return next((why for why, holds in reasons.items() if holds), "")


@dataclass(frozen=True)
class Resulting:
    """The license of a whole.

    Attributes:
        id: for the card's `license`; `other` where no part's license may stand for all.
        license_name: for the card's `license_name`, which the hub wants beside `other`; else None.
        licenses: of the parts, by id.
        sentences: for the card, in Markdown.
    """

    id: str
    license_name: str | None
    licenses: tuple[License, ...]
    sentences: tuple[str, ...] = field(repr=False)

    def allows(self, permission: str) -> bool:
        """Whether every part gives one of PERMISSIONS."""
        return all(getattr(license, permission) for license in self.licenses)

    def asks_for(self, condition: str) -> bool:
        """Whether any part makes one of CONDITIONS."""
        return any(getattr(license, condition) for license in self.licenses)


def resulting(license_sets: Iterable[Collection[str]], known: Known = KNOWN, claim: str = "") -> Resulting:
    """The honest license of a whole: that of the strictest part where it may stand for all parts, else `other`.

    Args:
        license_sets: the license ids of each row, or of each kind of row; a row without any counts as `unknown`.
        known: the licenses by id.
        claim: what the owner wants the whole to be stated under instead. It is taken as it is; whether it is true is
            for `contradictions` to say.
    """
    ids = {identifier for licenses in license_sets for identifier in (licenses or ("unknown",))}
    parts = tuple(of(identifier, known) for identifier in sorted(ids))
    # Each of these may stand for each other one too, so they ask for the same; the order of the file decides.
    order = {identifier: rank for rank, identifier in enumerate(known)}
    eligible = [part.id for part in parts if _stands_for(part, parts) and not contradictions(part.id, ids, known)]
    whole = claim or max(eligible, key=order.__getitem__, default=MIXED)
    whole_name = None if whole != MIXED else _name_of_a_mix(parts)
    return Resulting(whole, whole_name, parts, tuple(_sentences(of(whole, known), parts, claimed=bool(claim))))


def _stands_for(license: License, parts: Iterable[License]) -> bool:
    """Whether the whole may be called after `license` without anybody's decision, if nothing contradicts it."""
    return license.granted and (not license.own_terms or all(p.asks_nothing for p in parts if p.id != license.id))


def _name_of_a_mix(parts: Collection[License]) -> str:
    """A name for the card that says the worst of it."""
    if not parts:
        return "no-rows"
    if not all(part.granted for part in parts):
        return "mixed-without-permission"
    if not all(part.derivatives for part in parts):
        return "mixed-no-derivatives"
    if not all(part.commercial for part in parts):
        return "mixed-non-commercial"
    if any(part.own_terms for part in parts):
        return "mixed-with-terms"
    return "mixed-share-alike" if any(part.share_alike for part in parts) else "mixed"


def _sentences(whole: License, parts: Collection[License], *, claimed: bool) -> Iterable[str]:
    """What the card says about a whole and its parts, the most important first."""
    if not parts:
        yield "There are no rows, and so there is no license."
        return
    if whole.id == MIXED:
        yield "No one license is stated for the whole: use each row under all licenses that it carries."
    elif claimed:
        yield f"The owner of this release states {_link(whole)} for the whole."
    elif len(parts) == 1:
        yield f"All rows are under {_link(whole)}."
    else:
        yield (
            f"The whole may be used under {_link(whole)}, the strictest of the licenses in it: it covers what the "
            "others ask for. Each row is still under all licenses that it carries."
        )
    carried: tuple[tuple[str, Callable[[License], bool]], ...] = (
        ("Nobody gives permission to use or pass on the rows that carry {}: ask first.", lambda p: not p.granted),
        ("Sharing what is made from it is forbidden by {}.", lambda p: p.granted and not p.derivatives),
        ("Commercial use is forbidden by {}.", lambda p: p.granted and not p.commercial),
        ("The same license for what is made from it is asked for by {}.", lambda p: p.share_alike),
        ("Terms of use that travel with the rows come with {}.", lambda p: p.own_terms),
        ("Naming the author or keeping the notice is asked for by {}.", lambda p: p.granted and p.attribution),
    )
    for what, chosen in carried:
        if names := [f"`{part.id}`" for part in parts if chosen(part)]:
            yield what.format(" and ".join(filter(None, (", ".join(names[:-1]), names[-1]))))
    yield from sorted({part.note for part in parts if part.note})
    yield "This is read off the licenses by fixed rules and is no legal advice."


def _link(license: License) -> str:
    name = f"`{license.id}` ({license.name})"
    return f"[{name}]({license.url})" if license.url else name
