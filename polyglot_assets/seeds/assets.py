"""Dagster wiring of the seeds: one asset per source on the grid."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.grid import Cell
from polyglot_assets.domain.ids import files_digest
from polyglot_assets.lake import made_with, tombstones
from polyglot_assets.orchestration import removal
from polyglot_assets.orchestration.choices import Choices
from polyglot_assets.orchestration.versions import code_version, data_version
from polyglot_assets.orchestration.wiring import LakeContext, cells_of, counts_table, report_cell, samples
from polyglot_assets.recipes.registry import RECIPES
from polyglot_assets.seeds.acquire import Files, origin_of
from polyglot_assets.seeds.fill import CellSeeds
from polyglot_assets.seeds.source import Source
from polyglot_assets.seeds.sources import sources_of
from polyglot_assets.seeds.stage import fill_cells
from polyglot_assets.settings import SAMPLES, Settings


def seed_key(source: Source) -> dg.AssetKey:
    """The asset key of a source."""
    return dg.AssetKey(["seeds", source.name])


def seed_assets(lake_context: LakeContext) -> list[dg.AssetsDefinition]:
    """The assets of all sources."""
    return [_seed_asset(lake_context, source) for source in sources_of(lake_context.settings)]


def _seed_asset(lake_context: LakeContext, source: Source) -> dg.AssetsDefinition:
    names = " and ".join(
        name for name in lake_context.settings.strategies if RECIPES[name].english == bool(source.english)
    )
    feeds = f"English rows for {names}" if source.english else names
    if source.file:
        origin, feeds = f"the folder `{source.folder}`", f"columns as its `{source.file.name}` names them"
    else:
        origin = f"[{source.repo}](https://huggingface.co/datasets/{source.repo})"

    @lake_context.cell_asset(
        seed_key(source),
        SEEDS,
        kinds={"parquet"} if source.file else {"huggingface", "parquet"},
        code_version=_code_version(lake_context.settings, source),
        description=f"Seeds from {origin} ({source.license}): {feeds}.",
    )
    def seeds(context: dg.AssetExecutionContext, choices: Choices) -> dg.MaterializeResult[Any]:
        lake_context.lake.prepare()
        started = time.monotonic()
        settings = choices.applied(lake_context.settings)

        def keeps_rows(files: Files | None, filled: Mapping[Cell, CellSeeds]) -> None:
            present, before = settings.deciding("seeds"), {cell: made_with.read(file_of(cell)) or {} for cell in filled}
            # Samples that came with another version of the project are the same choice.
            again = settings.seeds == SAMPLES
            coming = {
                cell: {row["seed_id"] for row in seeds.rows}
                for cell, seeds in filled.items()
                if not (again and present.items() <= before[cell].items())
            }
            gone = removal.of_seeds(lake_context.lake, source.repo, coming, present, before.values())
            stays = f"the seeds of {source.repo} stay as they were"
            removal.refuse(gone, allowed=choices.allow_removal, warn=context.log.warning, stays=stays)
            for cell in filled:
                made_with.doubt(file_of(cell), _made_of(source, files, settings))

        def file_of(cell: Cell) -> Path:
            return lake_context.lake.cell_path(SEEDS, cell, source=source.name)

        deleted = tombstones.seed_ids(lake_context.lake)
        files, filled = fill_cells(lake_context.lake, source, cells_of(context), settings, deleted, keeps_rows)
        seconds = time.monotonic() - started
        for cell, seeds in filled.items():
            made_with.write(file_of(cell), _made_of(source, files, settings))
            report_cell(context, cell, len(seeds.rows), _metadata(source, cell, seeds))
        lake_context.lake.publish_catalogue()
        revision = files.revision if files else "no files"
        return dg.MaterializeResult(
            data_version=data_version(lake_context.lake.cell_path(SEEDS, cell, source=source.name) for cell in filled),
            metadata={"revision": revision, "read_seconds": round(seconds, 3)},
        )

    return seeds


def _code_version(settings: Settings, source: Source) -> str:
    files = ("seeds/fill.py", "seeds/reading.py", "seeds/source.py", "text/invisible.py", "text/normal.py")
    own = f"seeds/{source.name}.py"  # a source of the project is a file; others are nothing but what stands in `source`
    is_file = not source.file and (Path(__file__).with_name(f"{source.name}.py")).exists()
    mapping = [files_digest([source.file], source.file.parent)] if source.file else []
    return code_version(
        (*files, own) if is_file else (*files, "seeds/columns.py"),
        [*mapping, source.repo, source.license, source.files, source.columns, source.english],
        [settings.seeds, settings.seeds_per_cell, settings.seed_chars, settings.keep_toxic, settings.keep_redacted],
    )


def _made_of(source: Source, files: Files | None, settings: Settings) -> dict[str, Any]:
    """What a cell's seeds are made of."""
    revision = files.revision if files else ""
    # POLYGLOT_SEEDS may name several places, of which each source lies in one.
    return settings.deciding("seeds") | {
        "source": source.repo,
        "revision": revision,
        "from": origin_of(source, settings),
    }


def _metadata(source: Source, cell: Cell, seeds: CellSeeds) -> dict[str, object]:
    if seeds.empty_because:
        return {"empty_because": seeds.empty_because}
    return {
        "raw_rows": sum(seeds.counts.values()),
        "raw_rows_by_reason": counts_table(seeds.counts),
        "samples": samples(SEEDS, cell, ("seed_language", "prompt", "response"), source=source.repo),
    }
