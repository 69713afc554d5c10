"""The front door: everything Dagster sees, assembled.

Here: putting the stages together. Not here: anything else; nothing imports this module.
"""

import warnings

import dagster as dg

from polyglot_assets import settings as settings_
from polyglot_assets.curation.assets import contamination_asset, duplicates_asset, licenses_asset
from polyglot_assets.deletion.assets import deletion_check
from polyglot_assets.domain import grid
from polyglot_assets.examples.assets import example_asset
from polyglot_assets.inference import registry
from polyglot_assets.inference.resource import VllmResource
from polyglot_assets.lake.store import Lake
from polyglot_assets.marts.assets import check_definitions, mart_assets, report_asset
from polyglot_assets.orchestration import choices, jobs, liveness
from polyglot_assets.orchestration.languages import add_languages
from polyglot_assets.orchestration.wiring import LakeContext, locked_executor
from polyglot_assets.prompts.assets import prompt_asset
from polyglot_assets.release.assets import release_asset, release_checks
from polyglot_assets.responses.assets import response_assets
from polyglot_assets.seeds.assets import seed_assets
from polyglot_assets.seeds.sensor import new_seeds

# The grid needs APIs that Dagster still marks as beta or preview (backfill policies, partitioned checks). They are
# pinned in constraints.txt and tested; saying so at every start would only hide other warnings.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)


def build_defs(settings: settings_.Settings | None = None, vllm: VllmResource | None = None) -> dg.Definitions:
    """The lake as Dagster definitions.

    Args:
        settings: what to build for; by default the environment's.
        vllm: the resource that makes engines; tests give one that needs no model.
    """
    chosen = settings or settings_.load()
    teachers = registry.enabled(chosen)
    lake_context = LakeContext(chosen, Lake(chosen.lake), grid.partitions(chosen.languages, chosen.strategies))
    return dg.Definitions(
        assets=[
            *seed_assets(lake_context),
            prompt_asset(lake_context),
            *response_assets(lake_context, teachers),
            example_asset(lake_context, teachers),
            duplicates_asset(lake_context),
            contamination_asset(lake_context),
            licenses_asset(lake_context),
            *mart_assets(lake_context, teachers),
            report_asset(lake_context),
            release_asset(lake_context),
        ],
        asset_checks=[
            *check_definitions(lake_context, teachers),
            release_checks(lake_context),
            deletion_check(lake_context),
        ],
        jobs=[*jobs.jobs(), add_languages],
        schedules=[jobs.nightly_schedule(lake_context)],
        sensors=[_dead_runs(lake_context), new_seeds(lake_context), _automation()],
        resources={
            "vllm": vllm or VllmResource.of(chosen),
            choices.KEY: choices.Choices.of(chosen, [teacher.name for teacher in teachers]),
        },
        # One process per run: all cells of a run then share one engine.
        executor=locked_executor(lake_context),
    )


def _dead_runs(lake_context: LakeContext) -> dg.SensorDefinition:
    """Finds runs that were killed while the UI is open."""

    @dg.sensor(
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Marks runs whose process is gone as failed, so that they hold up nobody in the queue. Every "
        "`polyglot materialize` and `polyglot dev` does the same when it starts.",
    )
    def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        marked = liveness.fail_dead_runs(context.instance, lake_context.lake)
        return dg.SkipReason(f"marked as failed: {', '.join(marked)}" if marked else "every run has its process")

    return dead_runs


def _automation() -> dg.AutomationConditionSensorDefinition:
    """What makes assets follow those before them by themselves; off until somebody turns it on."""
    return dg.AutomationConditionSensorDefinition(
        "follow_changes",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Makes prompts, answers, examples, curation, tables and the release anew whenever what they are "
        "made of was made anew. The release waits for the checks that block it. New prompts are asked, which may cost "
        "money.",
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What `dagster dev` and the workspace load."""
    return build_defs()
