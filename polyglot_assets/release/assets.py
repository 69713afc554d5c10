"""Dagster wiring of the release."""

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import dagster as dg

from polyglot_assets.contracts.examples import published_fields
from polyglot_assets.curation.assets import CONTAMINATION_KEY, DUPLICATES_KEY, LICENSES_KEY
from polyglot_assets.examples.assets import KEY as EXAMPLES_KEY
from polyglot_assets.marts.assets import mart_key
from polyglot_assets.marts.plots import language_chart
from polyglot_assets.orchestration.versions import code_version
from polyglot_assets.orchestration.wiring import EAGER, OWNERS, LakeContext, group
from polyglot_assets.release import versions
from polyglot_assets.release.render import by_language
from polyglot_assets.release.sft import write
from polyglot_assets.release.verify import CHECKS, left_overs, verify

KEY = dg.AssetKey(["release", "sft"])
_LEFT_OVERS = "no_rejected_rows"
_DECIDE = ("contents", "manifest", "render", "sections", "sft")
_OLD, _STALE = timedelta(days=30), timedelta(days=90)
"""The age at which the UI calls the latest release old, and stale."""


def release_asset(lake_context: LakeContext) -> dg.AssetsDefinition:
    """The SFT dataset folder, a version for each state of the lake."""

    @dg.asset(
        key=KEY,
        # After the mart, whose checks prove the sums that the card prints.
        deps=[
            EXAMPLES_KEY,
            DUPLICATES_KEY,
            CONTAMINATION_KEY,
            LICENSES_KEY,
            mart_key("language_distribution"),
            mart_key("curated"),
        ],
        group_name=group("release"),
        automation_condition=EAGER & dg.AutomationCondition.all_deps_blocking_checks_passed(),
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=_STALE, warn_window=_OLD),
        code_version=code_version(
            (*(f"release/{name}.py" for name in _DECIDE), "release/card.md.jinja", "contracts/examples.py"),
            lake_context.settings.deciding(),
        ),
        kinds={"huggingface", "parquet"},
        owners=OWNERS,
        description="The dataset as it is published: a folder that `datasets.load_dataset` opens, with its card and a "
        "manifest of everything it was made from. A release is never changed; each state of the lake has its own.",
        metadata={
            "dagster/column_schema": dg.TableSchema(
                columns=[dg.TableColumn(name, str(kind), description=doc) for name, kind, doc in published_fields()]
            )
        },
    )
    def sft(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:  # noqa: ARG001 Dagster's signature
        lake_context.lake.prepare()
        started = time.monotonic()
        release = write(lake_context.lake, lake_context.settings)
        lake_context.lake.publish_catalogue()
        languages = [{"language": row["name"], "rows": row["rows"]} for row in by_language(release.manifest)]
        return dg.MaterializeResult(
            data_version=dg.DataVersion(release.manifest.version),
            metadata={
                "dagster/row_count": release.manifest.rows,
                "dagster/uri": str(release.folder),
                "release": release.manifest.version,
                "chart": dg.MetadataValue.md(language_chart(languages)),
                "folder": dg.MetadataValue.path(release.folder),
                "card": dg.MetadataValue.md(release.card.split("---", 2)[2]),
                "seconds": round(time.monotonic() - started, 3),
            },
        )

    return sft


def release_checks(lake_context: LakeContext) -> dg.AssetChecksDefinition:
    """Whether the latest release is what its manifest and card say."""
    descriptions = {name: description for name, (description, _) in CHECKS.items()}
    descriptions[_LEFT_OVERS] = "Every published row is one that the lake keeps."

    @dg.multi_asset_check(
        specs=[dg.AssetCheckSpec(name, asset=KEY, description=text) for name, text in descriptions.items()],
    )
    def verified() -> Iterable[dg.AssetCheckResult]:
        version = versions.latest(lake_context.lake)
        if version is None:
            found = {name: ["nothing was released yet"] for name in descriptions}
        else:
            folder = versions.path(lake_context.lake, version)
            found = {**verify(folder), _LEFT_OVERS: left_overs(folder, lake_context.lake)}
        for name, problems in found.items():
            yield dg.AssetCheckResult(
                check_name=name,
                asset_key=KEY,
                passed=not problems,
                metadata={"release": version or "", "problems": dg.MetadataValue.text("\n".join(problems) or "none")},
            )

    return verified
