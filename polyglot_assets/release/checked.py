"""What the rows of a release were checked for and made from, as its manifest says.

Here: which gates were on with which thresholds, which were off, what was searched for, and where seeds came from: all
that the card claims of the rows. Not here: its words (card.md.jinja), and whether it is true (verify.py).
"""

import re
from typing import Any

from polyglot_assets.gates.registry import DEFAULT, GATES, NAMES, Gates, thresholds
from polyglot_assets.release.manifest import Manifest
from polyglot_assets.settings import HUB, SAMPLES

_COMMIT = re.compile("[0-9a-f]{40,64}")
_ORIGINS = {HUB: "the dataset on the hub", SAMPLES: "a small sample that comes with this project", "folder": "files"}


def gates_of(manifest: Manifest) -> Gates | None:
    """The gates that its rows had to pass, with their thresholds; None if the manifest names none of this kind."""
    if "gates" not in manifest.settings:
        return None
    stated = {name: manifest.settings[f"gate_{name}"] for name in thresholds() if f"gate_{name}" in manifest.settings}
    lists = {name: tuple(value) for name, value in stated.items() if isinstance(value, list)}
    return DEFAULT.but(manifest.settings["gates"], **stated | lists)


def gates(manifest: Manifest) -> dict[str, list[dict[str, str]]] | None:
    """The gates that were `on` and `off`, with what each looks for and its thresholds; None if it does not say."""
    if (known := gates_of(manifest)) is None:
        return None
    rows = [
        {
            "name": gate.name,
            "measures": gate.measures,
            "thresholds": ", ".join(
                f"{name} {_shown(value)}" for name, value in known.limits[gate.name].model_dump().items()
            ),
        }
        for gate in GATES
    ]
    others = [
        {"name": name, "measures": "a gate of another version", "thresholds": ""}
        for name in manifest.settings["gates"]
        if name not in NAMES
    ]
    return {
        "on": [row for row in rows if row["name"] in known.enabled] + others,
        "off": [row for row in rows if row["name"] not in known.enabled],
    }


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " + ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def seeds(manifest: Manifest) -> list[dict[str, Any]]:
    """Sources with their rows, most first, where they came from, and whether that is the dataset on the hub."""
    known = {(row["source"], row["revision"]): row["seeds"] for row in manifest.made_with.get("seeds", [])}
    rows: dict[tuple[str, str], int] = {}
    for row in manifest.sources:
        guess = HUB if _COMMIT.fullmatch(row["revision"]) else "unknown"
        key = row["source"], known.get((row["source"], row["revision"]), guess)
        rows[key] = rows.get(key, 0) + row["rows"]
    return [
        {"source": source, "rows": number, "from": _ORIGINS.get(origin, origin), "on_hub": origin == HUB}
        for (source, origin), number in sorted(rows.items(), key=lambda item: (-item[1], item[0]))
    ]


def only_samples(manifest: Manifest) -> bool:
    """Whether all seeds are those that come with the project."""
    return bool(manifest.sources) and all(row["from"] == _ORIGINS[SAMPLES] for row in seeds(manifest))


def sampling(manifest: Manifest) -> dict[str, str]:
    """How each teacher was sampled, in words; a teacher of which nothing is known is not there."""
    found: dict[str, str] = {}
    for row in manifest.made_with.get("sampling", []):
        words = ", ".join(f"{name} {_shown(value)}" for name, value in row["sampling"].items())
        found[row["teacher"]] = f"{found[row['teacher']]}; {words}" if row["teacher"] in found else words
    return found
