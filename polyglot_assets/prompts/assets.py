"""Dagster wiring of the prompts."""

import time
from typing import Any

import dagster as dg

from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.orchestration.wiring import Place, cells_of, counts_table, report_cell, samples
from polyglot_assets.prompts.stage import fill_cell
from polyglot_assets.prompts.templates import load
from polyglot_assets.seeds.assets import seed_key
from polyglot_assets.seeds.sources import sources_of, unread

KEY = dg.AssetKey("prompts")


def prompt_asset(place: Place) -> dg.AssetsDefinition:
    """The prompts of all cells."""
    templates = load(place.settings.templates)
    sources = sources_of(place.settings)

    @place.cell_asset(
        KEY,
        PROMPTS,
        deps=[seed_key(source) for source in sources],
        kinds={"python", "parquet"},
        description="What the teachers are asked: seeds chosen in hash order over all sources, exact duplicates out, "
        "put into the strategy's template; generate shows three examples.",
        code_version=templates.version(place.settings.strategies),
    )
    def prompts(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        for warning in unread(place.settings):
            context.log.warning("%s", warning)
        for cell in cells_of(context):
            started = time.monotonic()
            template = templates.of(cell.strategy, cell.language)
            filled = fill_cell(place.lake, cell, template, place.settings.rows_per_cell, sources)
            metadata = {
                "seeds": filled.seeds.total(),
                "seeds_by_reason": counts_table(filled.seeds),
                "template_version": template.version,
                "samples": samples(PROMPTS, cell, ("source", "prompt", "synth_prompt")),
                "seconds": round(time.monotonic() - started, 3),
            }
            report_cell(context, cell, filled.rows, metadata)
        place.lake.publish_catalogue()
        return dg.MaterializeResult()

    return prompts
