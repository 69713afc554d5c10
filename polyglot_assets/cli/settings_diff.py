"""`polyglot settings --diff`: the present settings beside those that the lake was made with.

Here: comparing the notes of the lake's files (lake/made_with.py) with what would be noted today. Not here: writing them
(the stages).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.duplicates import DUPLICATES
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.licenses import LICENSES
from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.curation import evalsets
from polyglot_assets.inference.registry import enabled
from polyglot_assets.lake import made_with
from polyglot_assets.lake.store import Lake
from polyglot_assets.prompts.templates import load as load_templates
from polyglot_assets.settings import Settings
from polyglot_assets.settings.sources import KEYS, variable

Values = Mapping[str, Any]


def lines(lake: Lake, settings: Settings) -> Iterator[str]:
    """What differs, a line for each setting and value; or that nothing does."""
    differing: Counter[tuple[str, str, str, str]] = Counter()
    unknown: Counter[str] = Counter()
    beyond: Counter[str] = Counter()
    for table, path, parts in _cells(lake):
        if parts["language"] not in settings.languages:
            beyond[parts["language"]] += table == PROMPTS.name
        elif (present := _present(settings, table, parts)) is None:
            continue  # of a teacher that is not enabled; the examples say that
        elif (note := made_with.read(path)) is None:
            unknown[table] += 1
        else:
            for name, value in present.items():
                if note.get(name) != value:
                    differing[table, name, _shown(value), _shown(note.get(name))] += 1
    found = [
        *(f"{_named(name)} is {now}; {_number(cells)} of {table} were made with {then}"
          for (table, name, now, then), cells in sorted(differing.items())),
        *_whole(lake, settings),
        *(f"POLYGLOT_LANGUAGES does not name {code}, of which the lake has {_number(cells)}"
          for code, cells in sorted(beyond.items())),
        *(f"nothing is known of {_number(cells)} of {table}: made by an earlier version, or while a run was cut off"
          for table, cells in sorted(unknown.items())),
    ]  # fmt: skip
    yield from found or ["the lake was made with the present settings"]


def _cells(lake: Lake) -> Iterator[tuple[str, Path, dict[str, str]]]:
    """(table, file, what its path says) of each cell."""
    for table in (SEEDS, PROMPTS, RESPONSES, EXAMPLES):
        root = lake.root / table.name
        for path in sorted(root.rglob("cell.parquet")):
            folders = path.relative_to(root).parts[:-1]
            yield table.name, path, dict(folder.split("=", 1) for folder in folders)


def _present(settings: Settings, table: str, parts: Mapping[str, str]) -> Values | None:
    """What would be noted beside a cell today, as far as the settings decide it."""
    if table == SEEDS.name:
        return settings.deciding("seeds")
    if table == PROMPTS.name:
        template = load_templates(settings.templates).of(parts["strategy"], parts["language"])
        return settings.deciding("prompts") | {"template": template.version}
    teachers = {teacher.name: teacher for teacher in enabled(settings)}
    if table == EXAMPLES.name:
        return {"teachers": list(teachers), "duplicates_width": settings.duplicates_width}  # its gates: see responses
    teacher = teachers.get(parts["teacher"])
    return settings.deciding("gates") | {"sampled": teacher.sampled()} if teacher else None


def _whole(lake: Lake, settings: Settings) -> Iterator[str]:
    """What differs in the tables about the lake as a whole."""
    curation = settings.deciding("curation")
    for table, names in (
        (DUPLICATES, ("duplicates_similarity", "duplicates_width")),
        (LICENSES, ("release_policy",)),
        (CONTAMINATION, ("evalsets_ngram", "evalsets_overlap")),
    ):
        note = made_with.read(lake.stored_path(table)) or {}
        present = curation | settings.deciding("release")
        for name in names:
            if name in note and note[name] != present[name]:
                yield f"{_named(name)} is {_shown(present[name])}; {table.name} was made with {_shown(note[name])}"
    searched = made_with.read(lake.table_path(CONTAMINATION))
    if searched is not None:
        yield from _evalsets(settings, {row["set"]: row["sha256"] for row in searched["evalsets"]})


def _evalsets(settings: Settings, searched: Mapping[str, str]) -> Iterator[str]:
    if settings.evalsets is None:
        if searched:
            yield f"POLYGLOT_EVALSETS is empty; the lake was searched for {', '.join(sorted(searched))}"
        return
    if not searched:
        yield f"POLYGLOT_EVALSETS is {settings.evalsets}; the lake was searched for nothing"
    now = evalsets.hashes(settings.evalsets, searched)
    for name, digest in sorted(searched.items()):
        if now.get(name) != digest:
            yield f"{name} {'has changed' if name in now else 'is gone'} since the lake was searched for it"


def _named(name: str) -> str:
    return variable(name) if name in KEYS else {"sampled": "the teacher"}.get(name, f"the {name}")


def _number(cells: int) -> str:
    return f"{cells:,} cell{'s' * (cells != 1)}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={_shown(part)}" for name, part in sorted(value.items()))
    return ",".join(map(str, value)) if isinstance(value, list) else "nothing" if value is None else str(value)
