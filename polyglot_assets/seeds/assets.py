"""Dagster wiring of the seeds: one asset per source on the grid."""

import time
from typing import Any

import dagster as dg

from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake import tombstones
from polyglot_assets.lake.counts import Counted, write_counts
from polyglot_assets.orchestration.wiring import Place, cells_of, counts_table, report_cell, samples
from polyglot_assets.seeds.acquire import find
from polyglot_assets.seeds.fill import CellSeeds, fill
from polyglot_assets.seeds.source import Source
from polyglot_assets.seeds.sources import SOURCES


def seed_key(source: Source) -> dg.AssetKey:
    """The asset key of a source."""
    return dg.AssetKey(["seeds", source.name])


def seed_assets(place: Place) -> list[dg.AssetsDefinition]:
    """The assets of all sources."""
    return [_seed_asset(place, source) for source in SOURCES]


def _seed_asset(place: Place, source: Source) -> dg.AssetsDefinition:
    feeds = "English rows for translate" if source.english else "generate and respond"

    @place.cell_asset(
        seed_key(source),
        SEEDS,
        kinds={"huggingface", "parquet"},
        description=f"Seeds from [{source.repo}](https://huggingface.co/datasets/{source.repo}) "
        f"({source.license}): {feeds}.",
    )
    def seeds(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        place.lake.prepare()
        started = time.monotonic()
        files = find(source, place.settings)
        filled = fill(source, files, cells_of(context), place.settings, tombstones.seed_ids(place.lake))
        seconds = time.monotonic() - started
        for cell, seeds in filled.items():
            place.lake.write_cell(SEEDS, cell, seeds.rows, source=source.name)
            counts = {Counted(source.repo, reason): rows for reason, rows in seeds.counts.items()}
            write_counts(place.lake, cell, counts, stage="seeds", part=source.name)
            report_cell(context, cell, len(seeds.rows), _metadata(source, cell, seeds))
        place.lake.publish_catalogue()
        revision = files.revision if files else "no files"
        return dg.MaterializeResult(metadata={"revision": revision, "read_seconds": round(seconds, 3)})

    return seeds


def _metadata(source: Source, cell: Cell, seeds: CellSeeds) -> dict[str, object]:
    if seeds.empty_because:
        return {"empty_because": seeds.empty_because}
    return {
        "raw_rows": sum(seeds.counts.values()),
        "raw_rows_by_reason": counts_table(seeds.counts),
        "samples": samples(SEEDS, cell, ("seed_language", "prompt", "response"), source=source.repo),
    }
