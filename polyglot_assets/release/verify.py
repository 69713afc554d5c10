"""Verifying a release: is what its manifest and its card say true of its files?

Here: the checks, by name, over a folder alone or with the lake it came from. Not here: cards that have no manifest
(audit.py).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from polyglot_assets.contracts.examples import published_fields
from polyglot_assets.contracts.lineage import LINEAGE
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import RESPOND
from polyglot_assets.domain.outcomes import CURATED, DELETED
from polyglot_assets.gates.gate import Pair
from polyglot_assets.gates.language import MOSTLY, LanguageLimits
from polyglot_assets.gates.reading import read_variant as read_language
from polyglot_assets.gates.registry import GATES, OUTCOMES, assess
from polyglot_assets.lake.store import Lake
from polyglot_assets.lake.views import MARTS
from polyglot_assets.licenses import policy as policy_
from polyglot_assets.licenses.licenses import contradictions
from polyglot_assets.release import cards
from polyglot_assets.release import manifest as manifest_
from polyglot_assets.release.audit import audit
from polyglot_assets.release.checked import gates_of
from polyglot_assets.release.contents import DATA, MADE_FROM, counts, example, opened, query, sha256
from polyglot_assets.release.manifest import MANIFEST, Manifest
from polyglot_assets.release.render import CARD, earlier_of, place_of, render

_SHOWN = 3
_SAMPLE = 100


@dataclass(frozen=True)
class _Folder:
    """A release that is verified."""

    path: Path
    manifest: Manifest
    connection: duckdb.DuckDBPyConnection


def verify(folder: Path) -> dict[str, list[str]]:
    """What is wrong with a release, by check; an empty list for a check that holds.

    Raises:
        UserError: it is no release, its manifest was changed, or a file cannot be read.
    """
    try:
        return _verified(folder, manifest_.read(folder))
    except OSError as error:
        raise UserError(f"{error.filename or folder}: cannot be read ({error.strerror})") from None


def _verified(folder: Path, manifest: Manifest) -> dict[str, list[str]]:
    for name, problems in (("files", _files(folder, manifest)), ("columns", _schema(folder, manifest))):
        if found := list(problems):
            # What other files than those of the release hold says nothing about it.
            return {check: found if check == name else [f"not looked at, see {name}"] for check in CHECKS}
    with opened(folder) as connection:
        release = _Folder(folder, manifest, connection)
        return {name: list(check(release)) for name, (_, check) in CHECKS.items()}


def left_overs(folder: Path, lake: Lake) -> list[str]:
    """Rows of a release of the lake as it is whose last outcome is not ok, or that the lake does not know."""
    if not lake.mart_path("curated").exists():
        return ["marts.curated, which says what became of each row, was not computed yet"]
    with opened(folder) as released, lake.connect({(MARTS, "curated")}) as connection:
        connection.register("released", released.sql("SELECT id, language, strategy FROM published").to_arrow_table())
        rows = query(
            connection,
            "SELECT released.id, released.language, released.strategy, coalesce(outcome, 'not in the lake') AS outcome "
            "FROM released LEFT JOIN marts.curated USING (id) WHERE outcome IS DISTINCT FROM 'ok' ORDER BY ALL",
        )
    return _some([f"{row['language']}/{row['strategy']}: {row['id']} is {row['outcome']}" for row in rows])


def _files(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Every file has the hash that the manifest gives, and there is no other."""
    stated = {file["path"]: file["sha256"] for file in manifest.files}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for path in sorted(stated.keys() - there):
        yield f"{path} is missing"
    for path in sorted(there - stated.keys() - {MANIFEST, CARD}):
        yield f"{path} is not in the manifest"
    for path in sorted(stated.keys() & there):
        if sha256(folder / path) != stated[path]:
            yield f"{path} was changed"


def _schema(folder: Path, manifest: Manifest) -> Iterator[str]:
    expected = {
        DATA: [(name, kind) for name, kind, _ in published_fields()],
        MADE_FROM: [(name, kind) for name, kind, _ in LINEAGE.fields],
    }
    for file in manifest.files:
        try:
            schema = pq.read_schema(folder / file["path"])
        except pa.ArrowException:
            yield f"{file['path']}: is no Parquet file"
            continue
        if list(zip(schema.names, schema.types, strict=True)) != expected[file["path"].split("/")[0]]:
            yield f"{file['path']}: its columns are {', '.join(schema.names)}"


def _columns(release: _Folder) -> Iterator[str]:
    """No value is missing."""
    for name, _, _ in published_fields():
        missing = _number(release, f"SELECT count(*) FROM published WHERE {name} IS NULL")
        if missing:
            yield f"{missing} rows have no {name}"


def _ids(release: _Folder) -> Iterator[str]:
    for relation in ("published", "lineage"):
        twice = query(release.connection, f"SELECT id FROM {relation} GROUP BY id HAVING count(*) > 1 ORDER BY id")
        yield from _some([f"{relation}: {row['id']} occurs more than once" for row in twice])
    for one, other in (("published", "lineage"), ("lineage", "published")):
        lonely = query(release.connection, f"SELECT id FROM {one} ANTI JOIN {other} USING (id) ORDER BY id")
        yield from _some([f"{row['id']} is in {one} and not in {other}" for row in lonely])


def _messages(release: _Folder) -> Iterator[str]:
    wrong = query(
        release.connection,
        "SELECT id FROM published WHERE messages IS DISTINCT FROM "
        "[{'content': prompt, 'role': 'user'}, {'content': response, 'role': 'assistant'}] ORDER BY id",
    )
    yield from _some([f"{row['id']}: its messages are not its prompt and response" for row in wrong])


def _sums(release: _Folder) -> Iterator[str]:
    """The manifest's counts are those of the rows."""
    for name, found in counts(release.connection).items():
        stated = getattr(release.manifest, name)
        if found != stated:
            yield f"{name}: the manifest says {stated}, the files hold {found}"
    for name in ("cells", "sources", "teachers", "templates", "licenses"):
        total = sum(row["rows"] for row in getattr(release.manifest, name))
        if total != release.manifest.rows:
            yield f"{name}: the rows sum to {total}, not to {release.manifest.rows}"
    known = {*OUTCOMES, *(outcome.name for outcome in (*CURATED, DELETED))}
    unknown = {row["outcome"] for row in release.manifest.outcomes} - known
    yield from (f"outcomes: {name!r} is none" for name in sorted(unknown))
    kept = sum(row["rows"] for row in release.manifest.outcomes if row["outcome"] == "ok")
    if kept != release.manifest.rows:
        yield f"outcomes: {kept} answers are ok, but {release.manifest.rows} rows are published"


def _cells(release: _Folder) -> Iterator[str]:
    """Rows lie where their language and strategy say."""
    for file in release.manifest.files:
        part, *cell, _ = file["path"].split("/")
        if part == DATA and cell:
            rows = pq.read_table(release.path / file["path"], columns=["language", "strategy"], partitioning=None)
            found = {tuple(map(str, row.values())) for row in rows.to_pylist()}
            if found != {tuple(cell)}:
                yield f"{file['path']} holds {', '.join('/'.join(other) for other in sorted(found - {tuple(cell)}))}"


def _sample(release: _Folder) -> list[dict[str, Any]]:
    """The first rows of each cell."""
    return query(
        release.connection,
        "SELECT id, language, strategy, prompt, response FROM published "
        f"QUALIFY row_number() OVER (PARTITION BY language, strategy ORDER BY id) <= {_SAMPLE} ORDER BY ALL",
    )


def _language(release: _Folder) -> Iterator[str]:
    """Responses are in the language of the row: a sample of each cell, read again by the detector.

    What counts as another language is what the release's own settings say, for by them its rows were chosen.
    """
    limits, foreign = _limits(release.manifest), []
    for row in _sample(release):
        reading = read_language(row["response"], row["language"], limits.language_likelihood)
        if (reading.foreign_share or 0) >= max(MOSTLY, limits.foreign_share):
            foreign.append(f"{row['language']}/{row['strategy']}: the response of {row['id']} is {reading.foreign}")
    yield from _some(foreign)


def _gates(release: _Folder) -> Iterator[str]:
    """Rows pass the gates that the card says they passed: a sample of each cell, judged again under its thresholds."""
    if (stated := gates_of(release.manifest)) is None:
        return
    alone = stated.but(gate.name for gate in GATES if gate.name in stated.enabled and gate.by_the_row)
    otherwise = {
        (cell["language"], cell["strategy"]) for cell in release.manifest.made_with.get("judged_otherwise", [])
    }
    rejected = []
    for row in _sample(release):
        pair = Pair(row["language"], row["prompt"], row["response"], invented=row["strategy"] != RESPOND)
        if (row["language"], row["strategy"]) in otherwise:
            continue  # the card says so
        found = assess(pair, alone)
        if found.objection:
            rejected.append(f"{row['language']}/{row['strategy']}: {row['id']} is {found.outcome}: {found.reason}")
    yield from _some(rejected)


def _limits(manifest: Manifest) -> LanguageLimits:
    """The thresholds of the language gate that a release was made under; the defaults where it does not say."""
    stated = {name: manifest.settings.get(f"gate_{name}") for name in LanguageLimits.model_fields}
    return LanguageLimits().model_copy(update={name: value for name, value in stated.items() if value is not None})


def _card(release: _Folder) -> Iterator[str]:
    """The card is the one that the manifest gives, and does not contradict itself."""
    if not (release.path / CARD).is_file():
        yield f"{CARD} is missing"
        return
    card = (release.path / CARD).read_bytes()
    text = card.decode(errors="replace")
    if card != render(release.manifest, place_of(text), earlier_of(text)).encode():
        yield f"{CARD} is not what the manifest gives"
    if release.manifest.example and release.manifest.example != example(release.connection):
        yield f"the example is not the row that {MANIFEST} would show of these files"
    if release.manifest.rows:
        try:
            yield from audit(release.path).contradictions
        except UserError as error:
            yield str(error)


def _license(release: _Folder) -> Iterator[str]:
    """The card claims no more than the parts allow, and the policy lets every row in."""
    policy = policy_.stated(release.manifest.policy)
    kinds = query(
        release.connection,
        "SELECT DISTINCT licenses, source, teacher FROM published JOIN lineage USING (id) ORDER BY ALL",
    )
    for kind in kinds:
        if breach := policy.breach(kind["licenses"], kind["source"], kind["teacher"]):
            yield f"rows of {kind['source']} by {kind['teacher']}: {breach[1]} ({breach[0]})"
    parts = {license for kind in kinds for license in kind["licenses"] or ["unknown"]}
    for claim in dict.fromkeys((release.manifest.license["id"], _claimed(release.path / CARD))):
        if claim is not None:
            yield from contradictions(claim, parts, policy.licenses)


def _claimed(card: Path) -> str | None:
    """The license in a card's front matter; None also for a card that cannot be read, which `card` says."""
    try:
        front = cards.read(card).front
    except UserError:
        return None
    stated = front.get("license")
    return stated if isinstance(stated, str) else None


_Check = Callable[[_Folder], Iterator[str]]

CHECKS: dict[str, tuple[str, _Check]] = {
    "files": ("Every file has the hash that the manifest gives, and there is no other file.", lambda _: iter(())),
    "columns": ("The shards have exactly the published columns, and no value is missing.", _columns),
    "ids": ("Ids are unique, and every row has its lineage.", _ids),
    "messages": ("`messages` holds the prompt and the response.", _messages),
    "sums": ("The numbers of the manifest are those of the rows, and add up.", _sums),
    "cells": ("Each shard holds rows of its own language and strategy.", _cells),
    "language": (f"Responses are in the language of the row ({_SAMPLE} rows of each cell).", _language),
    "gates": (f"Rows pass the gates that were on, under their thresholds ({_SAMPLE} rows of each cell).", _gates),
    "license": ("The card claims no more than the licenses in it allow, and the policy lets every row in.", _license),
    "card": ("The card says what the manifest says, and contradicts itself nowhere.", _card),
}
"""Description and check, by name."""


def _some(problems: list[str]) -> list[str]:
    more = len(problems) - _SHOWN
    return [*problems[:_SHOWN], f"and {more} more"] if more > 0 else problems


def _number(release: _Folder, sql: str) -> int:
    return int(next(iter(query(release.connection, sql)[0].values())))
