"""Dagster wiring of the curation tables."""

import time
from typing import Any

import dagster as dg

from polyglot_assets.curation.duplicates import find
from polyglot_assets.examples.assets import KEY as EXAMPLES_KEY
from polyglot_assets.records import DUPLICATES
from polyglot_assets.wiring import OWNERS, Place, column_schema, counts_table

DUPLICATES_KEY = dg.AssetKey(["curation", "duplicates"])


def duplicates_asset(place: Place) -> dg.AssetsDefinition:
    """The examples that are left out because another one is kept in their place."""

    @dg.asset(
        key=DUPLICATES_KEY,
        deps=[EXAMPLES_KEY],
        group_name=DUPLICATES_KEY.path[0],
        kinds={"python", "parquet"},
        owners=OWNERS,
        description="One row per example that repeats another one: exactly (prompt and response anywhere, or the "
        "prompt for the same teacher and language) or nearly. Nothing is deleted; each row names the example that is "
        "kept in its place. Only cells that changed are read again.",
        metadata={"dagster/column_schema": column_schema(DUPLICATES)},
        automation_condition=dg.AutomationCondition.eager().without(~dg.AutomationCondition.any_deps_missing()),
    )
    def duplicates(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        place.lake.prepare()
        started = time.monotonic()
        counts = find(place.lake, place.settings, context.log.info)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(counts.values()) - counts["examples"],
                "rows": counts_table(counts),
                "seconds": round(time.monotonic() - started, 3),
            }
        )

    return duplicates
