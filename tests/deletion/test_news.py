"""Dagster learns of a deletion: the seeds of the cells concerned have a new version, and so their prompts are stale."""

from pathlib import Path

import dagster as dg
import pytest

from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.deletion.news import seeds_changed
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.store import Lake
from polyglot_assets.orchestration.versions import DATA_VERSION, data_version
from polyglot_assets.settings import Settings

CELL = Cell("de", "respond")
KEY = dg.AssetKey(["seeds", "aya"])


def test_the_seeds_of_the_cells_have_a_new_version(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(lake=lake.root)
    home = tmp_path / "home"
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    sources = ["CohereLabs/aya_collection"]
    assert seeds_changed(lake, settings, sources, [CELL]) == 0, "nobody to tell"
    home.mkdir()
    (home / "dagster.yaml").touch()
    assert seeds_changed(lake, settings, sources, [CELL, Cell("fr", "respond")]) == 1
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_materialized_partitions(KEY) == {CELL.key}
        record = instance.get_latest_data_version_record(KEY, is_source=False, partition_key=CELL.key)
    assert record is not None
    expected = data_version([lake.cell_path(SEEDS, CELL, source="aya")]).value
    assert (record.event_log_entry.tags or {})[DATA_VERSION] == expected
