"""The dataset card: Markdown with YAML front matter, from a manifest and the list of earlier releases.

Here: the front matter, and filling in card.md.jinja. Not here: the numbers (manifest.py); reading and auditing cards
(cards.py, audit.py).
"""

import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import yaml

from polyglot_assets.contracts.examples import published_fields
from polyglot_assets.contracts.former import FORMER
from polyglot_assets.contracts.lineage import LINEAGE
from polyglot_assets.contracts.table import MESSAGES, Field
from polyglot_assets.domain.grid import STRATEGIES
from polyglot_assets.recipes.registry import NAMES, described
from polyglot_assets.release import checked
from polyglot_assets.release.manifest import Manifest
from polyglot_assets.text.languages import display_name
from polyglot_assets.text.tags import base_of

NAME = "Polyglot SFT"
CARD = "README.md"
HERE = "path/to/this/folder"
_PLACE = re.compile(r'^rows = load_dataset\("([\w./-]+)", split="train"\)', re.MULTILINE)
_EARLIER = re.compile(
    r"^\| `([0-9a-f]{12})` \| ([0-9-]{10}) \| ([0-9]{1,18}) \| (released|replaced|removed) \|$", re.MULTILINE
)
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


class Earlier(NamedTuple):
    """A line of the card's list of earlier releases.

    Attributes:
        version: of the release.
        day: UTC, on which it happened.
        rows: of the release.
        what: released, replaced (it took the place of one with rows that were deleted) or removed.
    """

    version: str
    day: str
    rows: int
    what: str


def render(manifest: Manifest, place: str = HERE, earlier: Sequence[Earlier] = ()) -> str:
    """The card of a release.

    Args:
        manifest: of the release.
        place: from where its example loads the rows.
        earlier: what was released from the lake before, oldest first.
    """
    # `verify` makes the cards of earlier releases again, in their spelling.
    word = "licenses" if "licenses" in manifest.policy else FORMER["licenses"]
    return page(
        front_matter(manifest),
        "card.md.jinja",
        manifest=manifest,
        name=NAME,
        languages=by_language(manifest),
        by_strategy=_by(manifest, "strategy"),
        strategies=strategies(manifest),
        described=textwrap.fill(described(strategies(manifest)), 115),
        seeds=checked.seeds(manifest),
        only_samples=checked.only_samples(manifest),
        gates=checked.gates(manifest),
        evalsets=manifest.made_with.get("evalsets"),
        sampling=checked.sampling(manifest),
        place=place,
        licenses=word,
        example=json.dumps(manifest.example, ensure_ascii=False, indent=2),
        earlier=earlier,
        published=published_fields(),
        lineage=[
            (name, kind, meaning.replace("Licenses", word.capitalize())) for name, kind, meaning in LINEAGE.fields
        ],
        sizes={name: sum(file[name] for file in manifest.files) for name in ("bytes", "num_bytes")},
    )


def place_of(card: str) -> str:
    """From where a card's example loads the rows."""
    found = _PLACE.search(card)
    return found[1] if found else HERE


def earlier_of(card: str) -> list[Earlier]:
    """The earlier releases that a card lists."""
    return [Earlier(version, day, int(rows), what) for version, day, rows, what in _EARLIER.findall(card)]


def page(front: dict[str, Any], template: str, **values: Any) -> str:
    """Markdown with YAML front matter, from a template beside this file."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 Markdown
    )
    environment.filters["cell"] = _cell
    text = Path(__file__).with_name(template).read_text(encoding="utf-8")
    dumped = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{dumped}---\n\n{environment.from_string(text).render(**values)}"


def by_language(manifest: Manifest) -> list[dict[str, Any]]:
    """Code, name, rows, and rows by strategy of each language, most rows first."""
    cells = {(cell["language"], cell["strategy"]): cell["rows"] for cell in manifest.cells}
    return [
        {
            "code": code,
            "name": display_name(code),
            "rows": rows,
            "by_strategy": {name: cells.get((code, name), 0) for name in strategies(manifest)},
        }
        for code, rows in _by(manifest, "language").items()
    ]


def strategies(manifest: Manifest) -> list[str]:
    """The strategies of a release's grid, in their order."""
    named = {*manifest.settings.get("strategies", STRATEGIES), *(cell["strategy"] for cell in manifest.cells)}
    return [name for name in NAMES if name in named] + sorted(named - set(NAMES))


def front_matter(manifest: Manifest) -> dict[str, Any]:
    """The card's YAML: what the hub and `datasets` read.

    One configuration holds all rows, one each language, one each strategy; `lineage` says what the rows were made from.
    """
    configs = dict(_configs(manifest))
    license = manifest.license
    return {
        "pretty_name": NAME,
        "license": license["id"],
        **({"license_name": license["name"]} if license["name"] else {}),
        "language": sorted({base_of(code) for code in _by(manifest, "language")}),
        # What the hub calls a language has no script and no region; where there are any, it wants them apart.
        **(
            {"language_bcp47": variants}
            if (variants := [c for c in sorted(_by(manifest, "language")) if "-" in c])
            else {}
        ),
        "task_categories": ["text-generation"],
        "size_categories": [next((name for most, name in _SIZES if manifest.rows < most), "1M<n<10M")],
        "tags": ["synthetic", "multilingual", "sft"],
        "configs": [
            {
                "config_name": name,
                **({"default": True} if name == "default" else {}),
                "data_files": [{"split": "train", "path": pattern}],
            }
            for name, (pattern, _) in configs.items()
        ],
        "dataset_info": [
            {
                "config_name": name,
                "features": _features(LINEAGE.fields if name == "lineage" else published_fields()),
                "splits": [
                    {
                        "name": "train",
                        "num_bytes": sum(file["num_bytes"] for file in files),
                        "num_examples": sum(file["rows"] for file in files),
                    }
                ],
                "download_size": sum(file["bytes"] for file in files),
                "dataset_size": sum(file["num_bytes"] for file in files),
            }
            for name, (_, files) in configs.items()
        ],
    }


def _configs(manifest: Manifest) -> Iterator[tuple[str, tuple[str, list[dict[str, Any]]]]]:
    """(name, (glob, files)) of each configuration."""
    data = [file for file in manifest.files if file["path"].startswith("data/")]
    lineage = [file for file in manifest.files if file["path"].startswith("lineage/")]
    yield "default", ("data/**/*.parquet", data)
    for language in sorted(_by(manifest, "language")):
        yield language, (f"data/{language}/*/*.parquet", [f for f in data if f["path"].split("/")[1] == language])
    for strategy in sorted(_by(manifest, "strategy")):
        yield strategy, (f"data/*/{strategy}/*.parquet", [f for f in data if f["path"].split("/")[-2] == strategy])
    yield "lineage", ("lineage/**/*.parquet", lineage)


def _features(fields: tuple[Field, ...]) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = []
    for name, kind, _ in fields:
        if kind == MESSAGES:
            features.append({"name": name, "list": [{"name": f.name, "dtype": str(f.type)} for f in kind.value_type]})
        elif hasattr(kind, "value_type"):
            features.append({"name": name, "list": str(kind.value_type)})
        else:
            features.append({"name": name, "dtype": str(kind)})
    return features


def _by(manifest: Manifest, name: str) -> Counter[str]:
    return _summed(manifest.cells, name)


def _summed(rows: list[dict[str, Any]], name: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row[name]] += row["rows"]
    return Counter(dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))))


def _cell(text: object) -> str:
    """A value inside a Markdown table."""
    return str(text).replace("|", "\\|").replace("\n", " ")
