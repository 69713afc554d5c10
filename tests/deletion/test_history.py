"""Sample rows in Dagster's history are blanked, in its files too, and nothing else is."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.deletion import history
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.store import Lake


def _texts(home: Path) -> list[str]:
    with closing(sqlite3.connect(home / "history" / "runs" / "index.db")) as connection:
        return [text for (text,) in connection.execute("SELECT event FROM event_logs ORDER BY id")]


def test_samples_of_the_cells_concerned_go_and_others_stay(lake: Lake) -> None:
    home = lake.root / "dagster"
    before = _texts(home)
    assert history.blank(home, {"de|respond"})
    after = _texts(home)
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        concerned = json.loads(old)["dagster_event"]["partition"] == "de|respond" and "| --- |" in old
        assert (old != new) == concerned
    rows = [row for path in ("oasst2", "aya") for row in lake.read_cell(SEEDS, Cell("de", "respond"), source=path)]
    shown = [row for row in rows if any(row["seed_id"] in text for text in before)]
    other = {row["seed_id"] for text in after for row in shown if row["seed_id"] in text}
    data = b"".join(path.read_bytes() for path in (home / "history" / "runs").iterdir())
    assert shown
    gone = [row for row in shown if row["seed_id"] not in other]
    for row in gone:
        assert row["seed_id"].encode() not in data, "in a free page of the file"


def test_blanking_twice_is_blanking_once(lake: Lake) -> None:
    home = lake.root / "dagster"
    assert history.blank(home, {"de|respond"}) > 0
    assert history.blank(home, {"de|respond"}) == 0


def test_another_storage_is_told(tmp_path: Path) -> None:
    assert not history.elsewhere(tmp_path)
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    assert not history.elsewhere(tmp_path)
    (tmp_path / "dagster.yaml").write_text("storage:\n  postgres:\n    postgres_url: x\n")
    assert history.elsewhere(tmp_path)


def test_a_history_in_the_shape_of_dagsters_own_is_understood(tmp_path: Path) -> None:
    """Real events of a real run, so that a change of Dagster's storage is noticed."""
    import dagster as dg

    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["de|respond", "ja|respond"]))
    def seeds(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        secret = f"the secret of {context.partition_key}"
        return dg.MaterializeResult(metadata={"samples": dg.MetadataValue.md(f"| {secret} |"), "kept": 3})

    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        for key in ("de|respond", "ja|respond", "de|respond"):
            assert dg.materialize([seeds], instance=instance, partition_key=key).success
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert b"the secret of de|respond" in b"".join(path.read_bytes() for path in files)
    assert history.blank(tmp_path, {"de|respond"}) >= 2
    data = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"the secret of de|respond" not in data
    assert b"the secret of ja|respond" in data
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("seeds"))
        assert event
        assert event.asset_materialization
        assert event.asset_materialization.metadata["kept"].value == 3
        assert event.asset_materialization.metadata["samples"].value == history._BLANK
