"""Dagster wiring of the release."""

import time
from typing import Any

import dagster as dg

from polyglot_assets.curation.assets import CONTAMINATION_KEY, DUPLICATES_KEY
from polyglot_assets.examples.assets import KEY as EXAMPLES_KEY
from polyglot_assets.marts.assets import mart_key
from polyglot_assets.marts.plots import language_chart
from polyglot_assets.records import EXAMPLES, PUBLISHED
from polyglot_assets.release.sft import DATA, write
from polyglot_assets.wiring import OWNERS, Place

KEY = dg.AssetKey(["release", "sft"])


def release_asset(place: Place) -> dg.AssetsDefinition:
    """The SFT dataset folder."""

    @dg.asset(
        key=KEY,
        # After the mart, whose checks prove the sums that the card prints.
        deps=[EXAMPLES_KEY, DUPLICATES_KEY, CONTAMINATION_KEY, mart_key("language_distribution")],
        group_name="release",
        kinds={"huggingface", "parquet"},
        owners=OWNERS,
        description="The dataset as it is published: a folder that `datasets.load_dataset` opens, with its card.",
        metadata={
            "dagster/column_schema": dg.TableSchema(
                columns=[
                    dg.TableColumn(name, str(kind), description=doc)
                    for name, kind, doc in EXAMPLES.fields
                    if name in PUBLISHED
                ]
            )
        },
    )
    def sft(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:  # noqa: ARG001 Dagster's signature
        place.lake.prepare()
        started = time.monotonic()
        release = write(place.lake)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": release.rows,
                "dagster/uri": str(release.folder / DATA),
                "chart": dg.MetadataValue.md(language_chart(release.languages)),
                "folder": dg.MetadataValue.path(release.folder),
                "card": dg.MetadataValue.md(release.card.split("---", 2)[2]),
                "seconds": round(time.monotonic() - started, 3),
            }
        )

    return sft
