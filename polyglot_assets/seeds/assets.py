"""Dagster wiring of the seeds: one asset per source on the grid."""

import time
from typing import Any

import dagster as dg

from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake import tombstones
from polyglot_assets.orchestration.wiring import Place, cells_of, counts_table, report_cell, samples
from polyglot_assets.recipes.registry import RECIPES
from polyglot_assets.seeds.fill import CellSeeds
from polyglot_assets.seeds.source import Source
from polyglot_assets.seeds.sources import sources_of
from polyglot_assets.seeds.stage import fill_cells


def seed_key(source: Source) -> dg.AssetKey:
    """The asset key of a source."""
    return dg.AssetKey(["seeds", source.name])


def seed_assets(place: Place) -> list[dg.AssetsDefinition]:
    """The assets of all sources."""
    return [_seed_asset(place, source) for source in sources_of(place.settings)]


def _seed_asset(place: Place, source: Source) -> dg.AssetsDefinition:
    names = " and ".join(name for name in place.settings.strategies if RECIPES[name].english == bool(source.english))
    feeds = f"English rows for {names}" if source.english else names
    if source.file:
        origin, feeds = f"the folder `{source.folder}`", f"columns as its `{source.file.name}` names them"
    else:
        origin = f"[{source.repo}](https://huggingface.co/datasets/{source.repo})"

    @place.cell_asset(
        seed_key(source),
        SEEDS,
        kinds={"parquet"} if source.file else {"huggingface", "parquet"},
        description=f"Seeds from {origin} ({source.license}): {feeds}.",
    )
    def seeds(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        place.lake.prepare()
        started = time.monotonic()
        deleted = tombstones.seed_ids(place.lake)
        files, filled = fill_cells(place.lake, source, cells_of(context), place.settings, deleted)
        seconds = time.monotonic() - started
        for cell, seeds in filled.items():
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
