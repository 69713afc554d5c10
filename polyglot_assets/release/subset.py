"""Subsets of a release for training: filtered, balanced, in a trainer's format, with held-out rows.

Here: which rows are taken, and writing them. Not here: the formats (formats.py), what a release is (contents.py), the
card's wording (subset.md.jinja).

Rows are taken in the order of a hash of seed and id, and written in it. So nothing depends on how a release is ordered
or cut into files, and a subset with more rows holds the smaller one with the same seed, but for the few rows that the
remainder moves between strategies (fewer per language than there are strategies).
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.ids import content_id
from polyglot_assets.lake.files import scratch, sweep_scratch
from polyglot_assets.lake.store import write_parquet
from polyglot_assets.licenses import policy as policy_
from polyglot_assets.licenses.licenses import resulting
from polyglot_assets.release import manifest as manifest_
from polyglot_assets.release.contents import opened, query, sha256
from polyglot_assets.release.formats import FORMATS
from polyglot_assets.release.manifest import Manifest
from polyglot_assets.release.render import CARD, NAME, page
from polyglot_assets.text.languages import display_name

ABOUT = "subset.json"
TRAIN, TEST = "train", "test"
_DRAFT = ".subset-"
_FORMAT = 1
_SHARD_ROWS = 32_768
_GROUP_ROWS = 8192
"""As in a release; see sft.py."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """What a subset is to be. Where names are empty, all are taken.

    Attributes:
        languages: codes.
        strategies: names.
        teachers: names in the registry.
        sources: hub ids.
        per_language: most rows of a language, both splits together; None takes all.
        held_out: share of content groups in the split `test`, 0 (no such split) to below 1.
        form: a name in FORMATS.
        seed: another one gives other rows and another split.
    """

    languages: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    teachers: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    per_language: int | None = None
    held_out: float = 0.0
    form: str = "messages"
    seed: int = 0


@dataclass(frozen=True)
class Subset:
    """What was written; every number is in `subset.json` and on the card too.

    Attributes:
        release: version of the release that it is of.
        options: see Options.
        rows: of both splits.
        splits: rows by name.
        cells: language, strategy, split, rows.
        short: language, rows, and rows by strategy, where there were fewer than asked for.
        licenses: licenses, rows: the sets of licenses that rows carry.
        files: path, rows, bytes, sha256.
    """

    release: str
    options: dict[str, Any]
    rows: int
    splits: dict[str, int]
    cells: list[Row]
    short: list[Row]
    licenses: list[Row]
    files: list[Row]


def write(release: Path, folder: Path, options: Options) -> Subset:
    """Writes a subset of the release in a folder. The same release and options give the same bytes.

    Args:
        release: folder of a release.
        folder: where the subset goes; must not exist or be empty.
        options: what it is to be.

    Raises:
        UserError: the folder holds something, the release lacks a name that was given, or no row fits.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is there already and not empty; name another folder")
    manifest = manifest_.read(release)
    _check_names(manifest, options)
    with opened(release) as connection:
        rows = _fitting(connection, options)
        taken = _taken(rows, options)
        if not taken:
            raise UserError(f"no row of release {manifest.version} fits all of the options")
        with scratch(_beside(folder), _DRAFT) as draft:
            connection.register("taken", _with_places(taken))
            splits = {name: sum(row["split"] == name for row in taken) for name in _split_names(options)}
            subset = Subset(
                release=manifest.version,
                options=asdict(options),
                rows=len(taken),
                splits=splits,
                cells=_counted(taken, "language", "strategy", "split"),
                short=list(_short(taken, options, manifest)),
                licenses=_licenses(connection),
                files=list(_write_shards(connection, draft, splits, options.form)),
            )
            values = {"format": _FORMAT, **asdict(subset)}
            (draft / ABOUT).write_text(json.dumps(values, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            (draft / CARD).write_text(_card(subset, manifest), encoding="utf-8")
            draft.replace(folder)  # an empty folder gives way to it
    return subset


def _beside(folder: Path) -> Path:
    """The folder in which the subset is put together; what killed processes left in it is removed."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror}") from None
    sweep_scratch(folder.parent, _DRAFT)
    return folder.parent


def quotas(available: Mapping[str, int], wanted: int) -> dict[str, int]:
    """How many rows each strategy gives, as the reference divides them.

    Each gives an equal part, or what it has. What is missing then comes from the one with most rows left, then from
    the next. Of equals the first by name counts as the one with more.
    """
    part = wanted // max(1, len(available))
    given = {name: min(part, rows) for name, rows in available.items()}
    missing = wanted - sum(given.values())
    for name in sorted(available, key=lambda name: (given[name] - available[name], name)):
        more = min(missing, available[name] - given[name])
        given[name] += more
        missing -= more
    return given


def is_held_out(group: str, options: Options) -> bool:
    """Whether a content group belongs to the split `test`: decided by nothing but its name and the seed."""
    return int(content_id("held out", str(options.seed), group)[:12], 16) < options.held_out * 16**12


def _check_names(manifest: Manifest, options: Options) -> None:
    known = {
        "language": (options.languages, {cell["language"] for cell in manifest.cells}),
        "strategy": (options.strategies, {cell["strategy"] for cell in manifest.cells}),
        "teacher": (options.teachers, {row["teacher"] for row in manifest.teachers}),
        "source": (options.sources, {row["source"] for row in manifest.sources}),
    }
    for kind, (asked, there) in known.items():
        for name in asked:
            if name not in there:
                has = ", ".join(sorted(there)) or "none"
                raise UserError(f"release {manifest.version} has no row of the {kind} {name!r}; it has {has}")


def _fitting(connection: duckdb.DuckDBPyConnection, options: Options) -> list[Row]:
    """id, language, strategy and content_group of the rows that pass the filters."""
    chosen = {
        "language": options.languages,
        "strategy": options.strategies,
        "teacher": options.teachers,
        "source": options.sources,
    }
    where = " AND ".join(f"list_contains(${name}, {name})" for name, values in chosen.items() if values)
    relation = connection.sql(
        "SELECT id, language, strategy, content_group FROM published JOIN lineage USING (id)"
        + (f" WHERE {where}" if where else ""),
        params={name: list(values) for name, values in chosen.items() if values},
    )
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def _taken(rows: Sequence[Row], options: Options) -> list[Row]:
    """The rows of the subset with their `split`, in hash order."""
    ordered = sorted(rows, key=lambda row: content_id("subset", str(options.seed), row["id"]))
    left = Counter((row["language"], row["strategy"]) for row in rows)
    if options.per_language is not None:
        for language in {language for language, _ in left}:
            available = {strategy: number for (own, strategy), number in left.items() if own == language}
            for strategy, number in quotas(available, options.per_language).items():
                left[language, strategy] = number
    held_out = {group: is_held_out(group, options) for group in {row["content_group"] for row in rows}}
    taken = []
    for row in ordered:
        cell = (row["language"], row["strategy"])
        if left[cell]:
            left[cell] -= 1
            taken.append({**row, "split": TEST if held_out[row["content_group"]] else TRAIN})
    return taken


def _with_places(taken: Sequence[Row]) -> pa.Table:
    """id, split, and place among the rows of the split."""
    counts: Counter[str] = Counter()
    places = []
    for row in taken:
        places.append({"id": row["id"], "split": row["split"], "place": counts[row["split"]]})
        counts[row["split"]] += 1
    return pa.Table.from_pylist(places)


def _split_names(options: Options) -> tuple[str, ...]:
    return (TRAIN, TEST) if options.held_out else (TRAIN,)


def _write_shards(
    connection: duckdb.DuckDBPyConnection, draft: Path, splits: Mapping[str, int], form: str
) -> Iterator[Row]:
    schema = FORMATS[form].schema
    for split, rows in splits.items():
        number = -(-rows // _SHARD_ROWS)  # none for a split without rows: `datasets` cannot open an empty shard
        for at in range(number):
            path = f"data/{split}-{at:05d}-of-{number:05d}.parquet"
            data = connection.sql(
                f"SELECT {FORMATS[form].select} FROM published JOIN taken USING (id) "
                "WHERE split = ? AND place >= ? AND place < ? ORDER BY place",
                params=[split, at * rows // number, (at + 1) * rows // number],
            ).to_arrow_table()
            file = draft / path
            write_parquet(data.cast(schema), file, row_group_size=_GROUP_ROWS)
            yield {"path": path, "rows": data.num_rows, "bytes": file.stat().st_size, "sha256": sha256(file)}


def _counted(rows: Sequence[Row], *names: str) -> list[Row]:
    counts = Counter(tuple(row[name] for name in names) for row in rows)
    return [{**dict(zip(names, key, strict=True)), "rows": number} for key, number in sorted(counts.items())]


def _short(taken: Sequence[Row], options: Options, manifest: Manifest) -> Iterator[Row]:
    """Languages that gave fewer rows than asked for; without such a number, those that gave none."""
    rows = Counter((row["language"], row["strategy"]) for row in taken)
    for language in options.languages or sorted({cell["language"] for cell in manifest.cells}):
        own = {strategy: number for (name, strategy), number in sorted(rows.items()) if name == language}
        if sum(own.values()) < (options.per_language or 1):
            yield {"language": language, "rows": sum(own.values()), "strategies": own}


def _licenses(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    return query(
        connection,
        "SELECT licenses, count(*) AS rows FROM lineage SEMI JOIN taken USING (id) GROUP BY ALL ORDER BY ALL",
    )


def _card(subset: Subset, manifest: Manifest) -> str:
    policy = policy_.stated(manifest.policy)
    license = resulting([row["licenses"] for row in subset.licenses], policy.licenses, policy.claim)
    languages = sorted({cell["language"] for cell in subset.cells})
    name = f"{NAME}, subset of release {subset.release}"
    front = {
        "pretty_name": name,
        "license": license.id,
        **({"license_name": license.license_name} if license.license_name else {}),
        "language": languages,
        "task_categories": ["text-generation"],
        "tags": ["synthetic", "multilingual", "sft"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": split, "path": f"data/{split}-*.parquet"} for split, rows in subset.splits.items() if rows
                ],
            }
        ],
    }

    def rows(language: str = "", strategy: str = "", split: str = "") -> int:
        wanted = {"language": language, "strategy": strategy, "split": split}
        fitting = (cell for cell in subset.cells if all(not v or cell[name] == v for name, v in wanted.items()))
        return sum(cell["rows"] for cell in fitting)

    return page(
        front,
        "subset.md.jinja",
        subset=subset,
        name=name,
        command=command(subset),
        format=FORMATS[subset.options["form"]],
        rows=rows,
        languages={code: display_name(code) for code in languages},
        strategies=sorted({cell["strategy"] for cell in subset.cells}),
        license=license,
    )


def command(subset: Subset) -> str:
    """The command line that makes a subset again."""
    flags = {"languages": "language", "strategies": "strategy", "teachers": "teacher", "sources": "source"}
    words = ["polyglot subset", subset.release]
    for name, flag in flags.items():
        words += [f"--{flag} {value}" for value in subset.options[name]]
    if subset.options["per_language"] is not None:
        words.append(f"--per-language {subset.options['per_language']}")
    if subset.options["held_out"]:
        words.append(f"--held-out {subset.options['held_out']}")
    return " ".join([*words, f"--format {subset.options['form']} --seed {subset.options['seed']} -o FOLDER"])
