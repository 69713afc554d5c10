"""Dagster wiring of the examples."""

import time
from typing import Any

import dagster as dg

from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.examples.stage import fill_cell
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.lake import made_with
from polyglot_assets.orchestration import removal
from polyglot_assets.orchestration.choices import Choices
from polyglot_assets.orchestration.versions import code_version, data_version
from polyglot_assets.orchestration.wiring import EAGER, LakeContext, cells_of, report_cell, samples
from polyglot_assets.prompts.assets import KEY as PROMPTS_KEY
from polyglot_assets.responses.assets import response_key

KEY = dg.AssetKey("examples")


def example_asset(lake_context: LakeContext, teachers: list[Teacher]) -> dg.AssetsDefinition:
    """The examples of all cells, over the enabled teachers."""

    @lake_context.cell_asset(
        KEY,
        EXAMPLES,
        deps=[PROMPTS_KEY, *(response_key(teacher) for teacher in teachers)],
        kinds={"python", "parquet"},
        code_version=code_version(
            ("examples/build.py", "contracts/examples.py", "text/keys.py", "text/shingles.py", "text/words.py"),
            lake_context.settings.duplicates_width,
            [teacher.name for teacher in teachers],
        ),
        automation_condition=EAGER,
        description="The kept rows: responses with the outcome ok, in the published shape, with quality columns, "
        "lineage and licenses.",
    )
    def examples(context: dg.AssetExecutionContext, choices: Choices) -> dg.MaterializeResult[Any]:
        cells, width = cells_of(context), lake_context.settings.duplicates_width
        names = choices.chosen(teacher.name for teacher in teachers)
        gates = lake_context.settings.deciding("gates")
        gone = [
            *removal.of_teachers(lake_context.lake, cells, names),
            *removal.of_gates(lake_context.lake, cells, gates),
        ]
        removal.refuse(
            gone, allowed=choices.allow_removal, warn=context.log.warning, stays="the examples stay as they were"
        )
        made_of = {"teachers": names, "duplicates_width": width} | gates
        for cell in cells:
            started = time.monotonic()
            with made_with.noted(lake_context.lake.cell_path(EXAMPLES, cell), made_of):
                filled = fill_cell(lake_context.lake, cell, names, width)
            metadata = {
                "responses": filled.responses,
                "samples": samples(EXAMPLES, cell, ("teacher", "prompt", "response")),
                "seconds": round(time.monotonic() - started, 3),
            }
            report_cell(context, cell, filled.rows, metadata)
        lake_context.lake.publish_catalogue()
        return dg.MaterializeResult(
            data_version=data_version(lake_context.lake.cell_path(EXAMPLES, cell) for cell in cells_of(context))
        )

    return examples
