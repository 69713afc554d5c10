"""Dagster learns of a deletion: the seeds of the cells concerned are others now.

Here: that event. Not here: what Dagster's history holds of rows (history.py).

A deletion brings everything that is computed from the cells up to date by itself, but it leaves gaps: prompts that had
a deleted seed, or showed one. With the seeds' new version Dagster shows these prompts as out of date, and
`polyglot materialize` fills the gaps.
"""

from collections.abc import Collection, Iterable

import dagster as dg

from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.store import Lake
from polyglot_assets.orchestration.versions import DATA_VERSION, data_version
from polyglot_assets.seeds.assets import seed_key
from polyglot_assets.seeds.sources import sources_of
from polyglot_assets.settings import Settings, dagster_home


def seeds_changed(lake: Lake, settings: Settings, sources: Collection[str], cells: Iterable[Cell]) -> int:
    """Records the present version of the seeds of these sources in these cells; returns how many there are.

    Args:
        lake: whose cells.
        settings: say where Dagster keeps its records. Without any there is nobody to tell.
        sources: ids of the seed datasets.
        cells: those that were concerned.
    """
    home = dagster_home(settings)
    if not (home / "dagster.yaml").exists():
        return 0
    count = 0
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for source in (source for source in sources_of(settings) if source.repo in sources):
            for cell in cells:
                path = lake.cell_path(SEEDS, cell, source=source.name)
                if path.exists():
                    event = dg.AssetMaterialization(
                        seed_key(source),
                        partition=cell.key,
                        metadata={"because": "rows were deleted on request"},
                        tags={DATA_VERSION: data_version([path]).value},
                    )
                    instance.report_runless_asset_event(event)
                    count += 1
    return count
