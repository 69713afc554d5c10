"""Making a release: the folder with the published rows, what they were made from, the manifest and the card.

Here: a release of the lake as it is, and one of an earlier release without some of its rows. Not here: where releases
lie (versions.py), the shape of the manifest (manifest.py), the card's wording (render.py, card.md.jinja).

The rows of a language and strategy are one or more shards, ordered by id; beside each lies one with the same rows in
contracts.LINEAGE. The same lake gives the same bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.counts import COUNTS
from polyglot_assets.contracts.duplicates import DUPLICATES
from polyglot_assets.contracts.examples import EXAMPLES, PUBLISHED, published_fields
from polyglot_assets.contracts.licenses import LICENSES
from polyglot_assets.contracts.lineage import LINEAGE
from polyglot_assets.curation import pairs
from polyglot_assets.curation.licenses import find
from polyglot_assets.domain.errors import UserError
from polyglot_assets.gates.registry import OUTCOMES
from polyglot_assets.lake.store import Lake, write_parquet
from polyglot_assets.licenses import policy as policy_
from polyglot_assets.licenses.licenses import resulting
from polyglot_assets.licenses.policy import Policy
from polyglot_assets.marts import models as models_
from polyglot_assets.release import made_with, versions
from polyglot_assets.release import manifest as manifest_
from polyglot_assets.release.contents import DATA, MADE_FROM, counts, example, opened, query, sha256
from polyglot_assets.release.groups import content_groups
from polyglot_assets.release.manifest import Manifest
from polyglot_assets.release.render import CARD, Earlier, render
from polyglot_assets.settings import Settings, bundled

if TYPE_CHECKING:
    from polyglot_assets.contracts.table import Table

_SHARD_BYTES = 256 << 20
"""In memory; a shard is about a third of it on the disk."""
_GROUP_ROWS = 8192
"""Some 30 MB of text: what a streaming reader fetches at once, and what DuckDB gives to one thread."""
_SOFTWARE = ("polyglot-assets", "duckdb", "numpy", "pyarrow")


@dataclass(frozen=True)
class Release:
    """A written release."""

    folder: Path
    manifest: Manifest
    card: str


def write(lake: Lake, settings: Settings) -> Release:
    """Releases the rows of the lake whose last outcome is ok.

    Raises:
        UserError: the lake was changed meanwhile, or a name in it is none that a manifest may hold.
    """
    policy = policy_.load(settings)
    find(lake, policy)  # it may be another one than when the lake was curated
    with versions.alone(lake), versions.draft(lake) as draft, lake.connect() as connection:
        inputs = _inputs(lake)
        # By their SQL and not from their files: whatever was materialized when, a release says what is known now.
        models, _ = models_.load(bundled("dbt_like_sql"))
        for model in models_.needed(models, ("curated", "outcome_funnel", "source_funnel")):
            connection.execute(f"DROP VIEW IF EXISTS marts.{model.name}")
            connection.execute(f"CREATE TABLE marts.{model.name} AS {model.sql}")
        connection.execute(
            f"CREATE VIEW published AS SELECT {', '.join(PUBLISHED)} FROM lake.examples "
            "WHERE id IN (SELECT id FROM marts.curated WHERE outcome = 'ok')"
        )
        _add_lineage(lake, connection, settings)
        files = list(_write_shards(connection, draft))
        manifest = manifest_.made(
            f"{lake.root} cannot be released, for its manifest would break the contract",
            **counts(connection),
            files=files,
            inputs=inputs,
            outcomes=_outcomes(connection),
            stages=_stages(connection),
            license=_license(connection, policy),
            policy=policy.as_dict(),
            settings=settings.deciding(),
            software=[{"package": name, "version": version_of(name)} for name in _SOFTWARE],
            deleted={},
            made_with=made_with.of(lake, connection, settings.deciding("gates")),
            example=example(connection),
        )
        if _inputs(lake) != inputs:
            raise UserError(f"the lake {lake.root} was changed while it was released; run again when that has ended")
        return _finish(lake, draft, manifest, "")


def without(lake: Lake, version: str, ids: Sequence[str], why: str) -> Release:
    """Releases an earlier release once more without some of its rows. The earlier one stays; see versions.remove.

    If it is the latest one, the new one is that from now on.

    Args:
        lake: whose release it is.
        version: the earlier release.
        ids: rows to leave out.
        why: in words, for the history.

    Raises:
        UserError: the earlier one is damaged, or its manifest counts fewer rows than it has.
    """
    folder = versions.path(lake, version)
    with versions.alone(lake), versions.draft(lake) as draft, opened(folder, ids) as connection:
        before = manifest_.read(folder)
        files = list(_write_shards(connection, draft))
        counted = counts(connection)
        gone = before.rows - counted["rows"]
        manifest = manifest_.made(
            f"{folder} cannot be released again, for its manifest would break the contract",
            **counted,
            files=files,
            inputs=before.inputs,
            outcomes=_moved(before.outcomes, "outcome", "ok", "deleted", gone),
            stages=_moved(before.stages, "stage", "published", "deleted later", gone),
            license=_license(connection, policy_.stated(before.policy)),
            policy=before.policy,
            settings=before.settings,
            software=[{"package": name, "version": version_of(name)} for name in _SOFTWARE],
            deleted={"rows": gone, "of": version},
            made_with=made_with.without(before.made_with, connection),
            example=example(connection) if before.example else {},
        )
        return _finish(lake, draft, manifest, why, version)


def _finish(lake: Lake, draft: Path, manifest: Manifest, why: str, instead_of: str | None = None) -> Release:
    manifest.write(draft)
    earlier = [
        Earlier(event.release, event.recorded_at[:10], event.rows, event.what) for event in versions.history(lake)
    ]
    (draft / CARD).write_text(render(manifest, earlier=earlier), encoding="utf-8")
    folder = versions.put(lake, draft, manifest, why, instead_of)
    return Release(folder, manifest, (folder / CARD).read_text(encoding="utf-8"))


def _inputs(lake: Lake) -> list[dict[str, Any]]:
    """Hashes of the files that a release is made from."""
    tables: tuple[Table, ...] = (EXAMPLES, COUNTS, DUPLICATES, CONTAMINATION, LICENSES)
    files = [file for table in tables for file in sorted((lake.root / table.name).rglob("*.parquet"))]
    return [{"path": file.relative_to(lake.root).as_posix(), "sha256": sha256(file)} for file in files]


def _add_lineage(lake: Lake, connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Makes the relation `lineage` of all published rows."""
    own = [name for name, _, _ in LINEAGE.fields if name != "content_group"]
    grams, near_pairs = pairs.known(lake, settings)
    connection.register("grams_of_examples", grams)
    rows = connection.sql(
        f"SELECT language, strategy, {', '.join(own)}, grams FROM lake.examples "
        "SEMI JOIN published USING (id) JOIN grams_of_examples USING (id) ORDER BY language, strategy, id"
    ).to_arrow_table()
    rows = rows.append_column("content_group", content_groups(rows, near_pairs))
    connection.register("lineage", rows.select(LINEAGE.schema.names))


def _write_shards(connection: duckdb.DuckDBPyConnection, draft: Path) -> Iterator[dict[str, Any]]:
    """Writes `published` and `lineage` cell by cell; yields what the manifest says of each shard."""
    cells = connection.sql("SELECT DISTINCT language, strategy FROM published ORDER BY ALL").fetchall()
    shapes = {DATA: ("published", published_fields()), MADE_FROM: ("lineage", LINEAGE.fields)}
    for part, (relation, fields) in shapes.items():
        schema = pa.schema([(name, kind) for name, kind, _ in fields])
        columns = ", ".join(schema.names)
        if not cells:  # a release without rows has its columns nevertheless
            yield _write_shard(schema.empty_table(), draft, f"{part}/{_shard(0, 1)}")
        for language, strategy in cells:
            # The cell of a lineage is that of its row.
            rows = (
                f"SELECT {columns} FROM {relation} SEMI JOIN (FROM published WHERE language = ? AND strategy = ?) "
                "USING (id) ORDER BY id"
            )
            data = connection.sql(rows, params=[language, strategy]).to_arrow_table().cast(schema)
            number = max(1, -(-data.nbytes // _SHARD_BYTES))
            bounds = [data.num_rows * at // number for at in range(number + 1)]
            for at in range(number):
                part_of_it = data.slice(bounds[at], bounds[at + 1] - bounds[at])
                yield _write_shard(part_of_it, draft, f"{part}/{language}/{strategy}/{_shard(at, number)}")


def _shard(at: int, of: int) -> str:
    return f"train-{at:05d}-of-{of:05d}.parquet"


def _write_shard(rows: pa.Table, draft: Path, path: str) -> dict[str, Any]:
    file = draft / path
    # Pages are cut by content, so that a store that keeps equal pieces once (as the hub does) is sent little by the
    # next release; the page index lets readers skip pages.
    write_parquet(rows, file, row_group_size=_GROUP_ROWS, use_content_defined_chunking=True, write_page_index=True)
    size = file.stat().st_size
    return {"path": path, "rows": rows.num_rows, "bytes": size, "num_bytes": rows.nbytes, "sha256": sha256(file)}


def _outcomes(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    rows = query(
        connection,
        "SELECT outcome, sum(rows)::BIGINT AS rows FROM marts.outcome_funnel "
        "WHERE stage_order = 4 OR (stage_order = 3 AND outcome <> 'ok') GROUP BY ALL",
    )
    order = {name: place for place, name in enumerate(OUTCOMES)}
    return sorted(rows, key=lambda row: (order.get(row["outcome"], len(order)), row["outcome"]))


def _stages(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    stages = {"raw rows": "raw_rows", "prompts": "prompts", "answers": "answers", "accepted answers": "accepted",
              "published": "kept"}  # fmt: skip
    sums = ", ".join(f"coalesce(sum({column}), 0)::BIGINT AS {column}" for column in stages.values())
    values = query(connection, f"SELECT {sums} FROM marts.source_funnel")[0]
    return [{"stage": stage, "rows": values[column]} for stage, column in stages.items()]


def _moved(rows: Sequence[Mapping[str, Any]], key: str, one: str, other: str, number: int) -> list[dict[str, Any]]:
    """Counts of which `number` went from one class to another."""
    counts = {row[key]: row["rows"] for row in rows}
    counts[one] = counts.get(one, 0) - number  # below 0 breaks the contract
    counts[other] = counts.get(other, 0) + number
    return [{key: name, "rows": value} for name, value in counts.items()]


def _license(connection: duckdb.DuckDBPyConnection, policy: Policy) -> dict[str, Any]:
    """What the published rows may be used under as a whole."""
    sets = [row["licenses"] for row in query(connection, "SELECT DISTINCT licenses FROM lineage")]
    whole = resulting(sets, policy.licenses, policy.claim)
    return {"id": whole.id, "name": whole.license_name or "", "sentences": list(whole.sentences)}
