"""Jobs and the schedule: the parts of the chain that people run again and again.

Here: which assets belong to which, and what a run over the whole grid is called. Not here: the assets, and the sensors
(definitions.py, seeds/sensor.py).
"""

from collections.abc import Mapping, Sequence
from itertools import product

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from polyglot_assets.orchestration.wiring import STAGES, LakeContext, group

WHOLE_LAKE = "whole_lake"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
_CELLWISE = STAGES[: STAGES.index("curation")]
_AFTER = STAGES[STAGES.index("curation") :]


def whole_grid(lake_context: LakeContext) -> Mapping[str, str]:
    """The tags of one run over all cells."""
    languages, strategies = (
        dimension.partitions_def.get_partition_keys() for dimension in lake_context.grid.partitions_defs
    )
    return {RANGE_START: f"{languages[0]}|{strategies[0]}", RANGE_END: f"{languages[-1]}|{strategies[-1]}"}


def jobs() -> list[UnresolvedAssetJobDefinition]:
    """The jobs, in the order in which they are of use."""
    return [
        dg.define_asset_job(
            WHOLE_LAKE, dg.AssetSelection.all(), description="Everything, from the seeds to the release."
        ),
        dg.define_asset_job(
            "one_language",
            _of(_CELLWISE),
            description="Seeds, prompts, answers and examples of the cells that are chosen when it is launched: a "
            "language with its strategies, or any other part of the grid. `curation_and_tables` and `release` come "
            "after it.",
        ),
        dg.define_asset_job(
            "curation_and_tables",
            _of([stage for stage in _AFTER if stage != "release"]),
            description="Duplicates, contamination, licenses, all tables and the report, over the lake as it is. "
            "Asks no teacher.",
        ),
        dg.define_asset_job(
            "release",
            _of(_AFTER),
            description="Curation, tables and a new release of the lake as it is, with all of its checks. Asks no "
            "teacher.",
        ),
    ]


def nightly_schedule(lake_context: LakeContext) -> dg.ScheduleDefinition:
    """A run over the whole lake every night; off until somebody turns it on."""

    @dg.schedule(
        job_name=WHOLE_LAKE,
        cron_schedule="0 2 * * *",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="The whole lake, every night at two. New answers are asked for, which may cost money.",
    )
    def nightly() -> dg.RunRequest:
        return dg.RunRequest(tags=whole_grid(lake_context))  # one run over all cells

    return nightly


def _of(stages: Sequence[str]) -> dg.AssetSelection:
    parts = product(stages, ("", "between"))
    return dg.AssetSelection.groups(*(group(stage, part) for stage, part in parts if not part or stage == "marts"))
