"""The manifest of a release: what is in it and what it was made from, in numbers and hashes.

Here: its shape, reading and writing. Not here: how the numbers come about (sft.py), and whether they are true
(verify.py).

It holds no time, host or path outside of the lake, so the same lake gives the same manifest, and a release is known by
its hash. The card says nothing that is not in here.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from polyglot_assets.errors import UserError
from polyglot_assets.ids import content_id
from polyglot_assets.records import CURATED_OUTCOMES

MANIFEST = "manifest.json"
FORMAT = 1

LATER_OUTCOMES = (*CURATED_OUTCOMES, "deleted")
"""What an answer that was ok by itself may end as; `deleted` where a release lost it on request."""

Counts = list[dict[str, Any]]


@dataclass(frozen=True)
class Manifest:
    """Each list holds dictionaries with the keys that are named.

    Attributes:
        rows: published rows.
        cells: language, strategy, rows.
        files: path, rows, bytes, sha256, and num_bytes (size in memory) of each shard of data/ and lineage/.
        inputs: path in the lake and sha256 of each file that was read.
        sources: source, revision, rows.
        teachers: teacher, model, model_revision, engine, rows.
        templates: strategy, version, rows.
        licenses: licenses, rows: the sets of licences that rows carry.
        outcomes: outcome, rows: what became of every answer.
        stages: stage, rows: from raw rows to published ones.
        license: what the whole may be used under: id, name (of a mix) and sentences.
        policy: what kept rows out.
        settings: those that decide about rows.
        software: package, version.
        deleted: how many rows deletion requests took out of the release that this one replaces, and its version.
    """

    rows: int
    cells: Counts
    files: Counts
    inputs: Counts
    sources: Counts
    teachers: Counts
    templates: Counts
    licenses: Counts
    outcomes: Counts
    stages: Counts
    license: dict[str, Any]
    policy: dict[str, Any]
    settings: dict[str, Any]
    software: Counts
    deleted: dict[str, Any]

    @property
    def version(self) -> str:
        """A hash of all the rest, 12 hex digits."""
        return content_id(FORMAT, asdict(self))[:12]

    def write(self, folder: Path) -> None:
        """Writes it into a release's folder."""
        values = {"format": FORMAT, "version": self.version, **asdict(self)}
        lines = ",\n".join(f"{json.dumps(name)}: {_lines(value)}" for name, value in values.items())
        (folder / MANIFEST).write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def _lines(value: Any) -> str:
    """JSON with one entry of a list in a line."""
    if isinstance(value, list) and value:
        return "[\n  " + ",\n  ".join(json.dumps(entry, ensure_ascii=False) for entry in value) + "\n]"
    return json.dumps(value, ensure_ascii=False)


def read(folder: Path) -> Manifest:
    """The manifest of a release's folder.

    Raises:
        UserError: there is none, or it is not one of this format.
    """
    path = folder / MANIFEST
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{folder} is no release: it has no {MANIFEST}") from None
    except ValueError as error:
        raise UserError(f"{path}: not JSON: {error}") from None
    if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
        raise UserError(f"{path}: not a manifest of format {FORMAT}")
    version = values.pop("version", None)
    try:
        manifest = Manifest(**values)
    except TypeError as error:
        raise UserError(f"{path}: {str(error).rpartition(') ')[2]}") from None
    if manifest.version != version:
        raise UserError(f"{path}: was changed: it calls itself {version}, its content gives {manifest.version}")
    return manifest
