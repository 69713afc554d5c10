"""Dagster wiring of the curation tables."""

import time
from typing import Any

import dagster as dg

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.duplicates import DUPLICATES
from polyglot_assets.contracts.licenses import LICENSES
from polyglot_assets.curation import contamination, duplicates, evalsets, licenses
from polyglot_assets.curation.pairs import rules
from polyglot_assets.domain.errors import UserError
from polyglot_assets.examples.assets import KEY as EXAMPLES_KEY
from polyglot_assets.lake import made_with
from polyglot_assets.licenses import policy as policy_
from polyglot_assets.orchestration import removal
from polyglot_assets.orchestration.choices import Choices
from polyglot_assets.orchestration.versions import code_version, data_version
from polyglot_assets.orchestration.wiring import (
    EAGER,
    OWNERS,
    LakeContext,
    column_schema,
    counts_table,
    group,
    markdown,
)
from polyglot_assets.settings import Settings

DUPLICATES_KEY = dg.AssetKey(["curation", "duplicates"])
CONTAMINATION_KEY = dg.AssetKey(["curation", "contamination"])
LICENSES_KEY = dg.AssetKey(["curation", "licenses"])


def duplicates_asset(lake_context: LakeContext) -> dg.AssetsDefinition:
    """The examples that are left out because another one is kept in their place."""

    @dg.asset(
        key=DUPLICATES_KEY,
        deps=[EXAMPLES_KEY],
        group_name=group(DUPLICATES_KEY.path[0]),
        kinds={"duckdb", "parquet"},
        owners=OWNERS,
        description="One row per example that repeats another one: exactly (prompt and response anywhere, or the "
        "prompt for the same teacher and language) or nearly. Nothing is deleted; each row names the example that is "
        "kept in its place. Only cells that changed are compared again.",
        metadata={"dagster/column_schema": column_schema(DUPLICATES)},
        code_version=code_version(("curation/duplicates.py",), rules(lake_context.settings)),
        automation_condition=EAGER,
    )
    def find_duplicates(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        lake_context.lake.prepare()
        started = time.monotonic()
        wanted = {
            name: value for name, value in lake_context.settings.deciding("curation").items() if "duplicates" in name
        }
        with made_with.noted(lake_context.lake.table_path(DUPLICATES), wanted):
            counts = duplicates.find(lake_context.lake, lake_context.settings, context.log.debug)
        lake_context.lake.publish_catalogue()
        return dg.MaterializeResult(
            data_version=data_version([lake_context.lake.table_path(DUPLICATES)]),
            metadata={
                "dagster/row_count": sum(counts.values()) - counts["examples"],
                "rows": counts_table(counts),
                "seconds": round(time.monotonic() - started, 3),
            },
        )

    return find_duplicates


def contamination_asset(lake_context: LakeContext) -> dg.AssetsDefinition:
    """The examples that hold text of evaluation sets."""

    @dg.asset(
        key=CONTAMINATION_KEY,
        deps=[EXAMPLES_KEY],
        group_name=group(CONTAMINATION_KEY.path[0]),
        kinds={"python", "parquet"},
        owners=OWNERS,
        description="One row per example and evaluation item of which it holds most words in their order. The sets "
        "are the files in the folder POLYGLOT_EVALSETS; without one the table is empty. Only cells that changed are "
        "searched again.",
        metadata={"dagster/column_schema": column_schema(CONTAMINATION)},
        code_version=code_version(
            ("curation/contamination.py", "curation/evalsets.py", "curation/matching.py", "text/tokens.py"),
            str(lake_context.settings.evalsets or ""),
            lake_context.settings.evalsets_ngram,
            lake_context.settings.evalsets_overlap,
        ),
        automation_condition=EAGER,
    )
    def find_contamination(context: dg.AssetExecutionContext, choices: Choices) -> dg.MaterializeResult[Any]:
        lake_context.lake.prepare()
        started = time.monotonic()
        removal.refuse(
            removal.of_evalsets(lake_context.lake, lake_context.settings),
            allowed=choices.allow_removal,
            warn=context.log.warning,
            stays="what was found stays as it was",
        )
        table = lake_context.lake.table_path(CONTAMINATION)
        made_with.doubt(table, {})  # what is searched for is known when it was found
        found = contamination.find(lake_context.lake, lake_context.settings, context.log.debug)
        made_with.write(table, _searched(lake_context.settings, found))
        lake_context.lake.publish_catalogue()
        sets = [
            {"set": name, "items": items, "too short": found.too_short.get(name, 0), "hit": found.hit.get(name, 0)}
            for name, items in sorted(found.items.items())
        ]
        return dg.MaterializeResult(
            data_version=data_version([lake_context.lake.table_path(CONTAMINATION)]),
            metadata={
                "dagster/row_count": found.rows,
                "examples": found.examples,
                "evaluation_sets": dg.MetadataValue.md(markdown(sets, ("set", "items", "too short", "hit"))),
                "cells_searched": found.searched,
                "cells_unchanged": found.kept,
                "seconds": round(time.monotonic() - started, 3),
            },
        )

    return find_contamination


def _policy_text(lake_context: LakeContext) -> str:
    """What the policy of the release says at present; its name where that cannot be read."""
    try:
        return repr(policy_.load(lake_context.settings))
    except UserError:
        return lake_context.settings.release_policy  # the run says what is wrong with it


def _searched(settings: Settings, found: contamination.Found) -> dict[str, Any]:
    """What examples were searched for: the files with their hashes, and by which rules."""
    hashes = evalsets.hashes(settings.evalsets, found.items) if settings.evalsets else {}
    sets = [
        {"set": name, "items": items, "too_short": found.too_short.get(name, 0), "sha256": hashes[name]}
        for name, items in sorted(found.items.items())
        if name in hashes
    ]
    rules = {"evalsets_ngram": settings.evalsets_ngram, "evalsets_overlap": settings.evalsets_overlap}
    return {"evalsets": sets} | (rules if settings.evalsets else {})


def licenses_asset(lake_context: LakeContext) -> dg.AssetsDefinition:
    """The examples that the policy of the release keeps out."""

    @dg.asset(
        key=LICENSES_KEY,
        deps=[EXAMPLES_KEY],
        group_name=group(LICENSES_KEY.path[0]),
        kinds={"python", "duckdb", "parquet"},
        owners=OWNERS,
        description="One row per example that the policy of the release keeps out for a license that it carries, its "
        "source or its teacher. The policy is POLYGLOT_RELEASE_POLICY; the default keeps nothing out.",
        metadata={"dagster/column_schema": column_schema(LICENSES)},
        code_version=code_version(
            ("curation/licenses.py", "licenses/*.py", "licenses/*.toml"), _policy_text(lake_context)
        ),
        automation_condition=EAGER,
    )
    def judge_licenses(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        lake_context.lake.prepare()
        started = time.monotonic()
        policy = policy_.load(lake_context.settings)
        with made_with.noted(lake_context.lake.table_path(LICENSES), lake_context.settings.deciding("release")):
            judged = licenses.find(lake_context.lake, policy, context.log.debug)
        lake_context.lake.publish_catalogue()
        rules = {f"{license or ''} {rule}".strip(): rows for (license, rule), rows in judged.left_out.items()}
        return dg.MaterializeResult(
            data_version=data_version([lake_context.lake.table_path(LICENSES)]),
            metadata={
                "dagster/row_count": judged.left_out.total(),
                "policy": f"{policy.name}: {policy.description}",
                "examples": judged.examples,
                "left_out": counts_table(rules),
                "seconds": round(time.monotonic() - started, 3),
            },
        )

    return judge_licenses
