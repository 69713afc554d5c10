"""Dagster wiring of the prompts."""

import time
from typing import Any

import dagster as dg

from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.lake import made_with
from polyglot_assets.orchestration import removal
from polyglot_assets.orchestration.choices import Choices
from polyglot_assets.orchestration.versions import code_version, data_version
from polyglot_assets.orchestration.wiring import EAGER, LakeContext, cells_of, counts_table, report_cell, samples
from polyglot_assets.prompts.stage import fill_cell
from polyglot_assets.prompts.templates import load
from polyglot_assets.seeds.assets import seed_key
from polyglot_assets.seeds.sources import sources_of, unread

KEY = dg.AssetKey("prompts")


def prompt_asset(lake_context: LakeContext) -> dg.AssetsDefinition:
    """The prompts of all cells."""
    templates = load(lake_context.settings.templates)
    sources = sources_of(lake_context.settings)

    @lake_context.cell_asset(
        KEY,
        PROMPTS,
        deps=[seed_key(source) for source in sources],
        kinds={"python", "parquet"},
        description="What the teachers are asked: seeds chosen in hash order over all sources, exact duplicates out, "
        "put into the strategy's template; generate shows three examples.",
        code_version=code_version(
            ("prompts/build.py", "prompts/choose.py", "prompts/templates.py", "recipes/*.py"),
            templates.version(lake_context.settings.strategies),
            lake_context.settings.rows_per_cell,
        ),
        automation_condition=EAGER,
    )
    def prompts(context: dg.AssetExecutionContext, choices: Choices) -> dg.MaterializeResult[Any]:
        settings, cells = choices.applied(lake_context.settings), cells_of(context)
        removal.refuse(
            removal.of_prompts(lake_context.lake, cells, settings.rows_per_cell),
            allowed=choices.allow_removal,
            warn=context.log.warning,
            stays="the prompts stay as they were",
        )
        for warning in unread(settings):
            context.log.warning("%s", warning)
        for cell in cells:
            template = templates.of(cell.strategy, cell.language)
            started = time.monotonic()
            made_of = settings.deciding("prompts") | {"template": template.version}
            with made_with.noted(lake_context.lake.cell_path(PROMPTS, cell), made_of):
                filled = fill_cell(lake_context.lake, cell, template, settings.rows_per_cell, sources)
            metadata = {
                "seeds": filled.seeds.total(),
                "seeds_by_reason": counts_table(filled.seeds),
                "template_version": template.version,
                "samples": samples(PROMPTS, cell, ("source", "prompt", "synth_prompt")),
                "seconds": round(time.monotonic() - started, 3),
            }
            report_cell(context, cell, filled.rows, metadata)
        lake_context.lake.publish_catalogue()
        return dg.MaterializeResult(
            data_version=data_version(lake_context.lake.cell_path(PROMPTS, cell) for cell in cells_of(context))
        )

    return prompts
