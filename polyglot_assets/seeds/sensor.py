"""Dagster wiring of the news about seeds: a run over the whole lake when a dataset has a new revision."""

import json

import dagster as dg

from polyglot_assets.domain.ids import content_id
from polyglot_assets.orchestration.jobs import WHOLE_LAKE, whole_grid
from polyglot_assets.orchestration.wiring import LakeContext
from polyglot_assets.seeds import revisions
from polyglot_assets.seeds.sources import sources_of

_SECONDS = 3600


def new_seeds(lake_context: LakeContext) -> dg.SensorDefinition:
    """Looks for new revisions on the hub, or changed files in the folder of seeds; off until somebody turns it on."""

    @dg.sensor(
        job_name=WHOLE_LAKE,
        minimum_interval_seconds=_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Runs the whole lake when a seed dataset has a new revision on the hub, or other files in the "
        "folder POLYGLOT_SEEDS. What is there when it is turned on counts as known. New seeds may bring new prompts, "
        "and their answers may cost money.",
    )
    def new_seed_revisions(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        sources = sources_of(lake_context.settings)
        present = revisions.present(sources, lake_context.settings)
        known: dict[str, str] | None = json.loads(context.cursor) if context.cursor else None
        cursor = json.dumps((known or {}) | present, sort_keys=True)
        before = present if known is None else known
        changed = [source for source in sources if present.get(source.name, "") not in ("", before.get(source.name))]
        if not changed:
            context.update_cursor(cursor)
            return dg.SkipReason(f"nothing new in {len(present)} sources")
        revisions.take(changed, lake_context.settings)
        names = ", ".join(source.name for source in changed)
        request = dg.RunRequest(
            run_key=content_id(cursor), tags={**whole_grid(lake_context), "polyglot/because": f"new seeds: {names}"}
        )
        return dg.SensorResult([request], cursor=cursor)

    return new_seed_revisions
