"""A release opens with `datasets` and DuckDB, has the published shape, and is the same for the same lake."""

import shutil
from pathlib import Path
from unittest.mock import patch

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from release.released import CELLS, example, fill

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.duplicates import DUPLICATES
from polyglot_assets.contracts.examples import PUBLISHED
from polyglot_assets.contracts.lineage import LINEAGE
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.ids import content_id
from polyglot_assets.lake.store import Lake, write_parquet
from polyglot_assets.release import sft, versions
from polyglot_assets.release.sft import Release, without, write
from polyglot_assets.release.verify import verify
from polyglot_assets.settings import Settings


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def ids(release: Release) -> set[str]:
    return set(pq.read_table(release.folder / "data", columns=["id"], partitioning=None)["id"].to_pylist())


def fails(release: Release) -> dict[str, list[str]]:
    return {name: problems for name, problems in verify(release.folder).items() if problems}


@pytest.mark.parametrize(("name", "rows"), [(None, 12), ("de", 7), ("ja", 5), ("translate", 4), ("lineage", 12)])
def test_load_dataset_opens_the_folder_and_each_configuration(
    name: str | None, rows: int, filled: Lake, settings: Settings, tmp_path: Path
) -> None:
    from datasets import load_dataset

    release = write(filled, settings)
    loaded = load_dataset(str(release.folder), name, split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.num_rows == rows
    assert tuple(loaded.column_names) == (LINEAGE.schema.names if name == "lineage" else PUBLISHED) or (
        loaded.column_names == LINEAGE.schema.names
    )
    info = next(
        info
        for info in yaml.safe_load(release.card.split("---")[1])["dataset_info"]
        if info["config_name"] == (name or "default")
    )
    assert info["splits"][0]["num_examples"] == rows
    assert info["splits"][0]["num_bytes"] == pytest.approx(loaded.data.nbytes, rel=0.02)


def test_load_dataset_streams_every_row(filled: Lake, settings: Settings) -> None:
    from datasets import load_dataset

    release = write(filled, settings)
    rows = list(load_dataset(str(release.folder), split="train", streaming=True))
    assert {row["id"] for row in rows} == ids(release)
    for row in rows:
        assert row["messages"] == [
            {"content": row["prompt"], "role": "user"},
            {"content": row["response"], "role": "assistant"},
        ]


def test_the_features_of_the_card_are_those_of_the_data(filled: Lake, settings: Settings, tmp_path: Path) -> None:
    from datasets import Features, load_dataset

    release = write(filled, settings)
    infos = yaml.safe_load(release.card.split("---")[1])["dataset_info"]
    for info, pattern in ((infos[0], "data/**/*.parquet"), (infos[-1], "lineage/**/*.parquet")):
        found = load_dataset(
            "parquet", data_files=str(release.folder / pattern), split="train", cache_dir=str(tmp_path / "cache")
        )
        assert Features._from_yaml_list(info["features"]) == found.features


def test_duckdb_reads_the_folder(filled: Lake, settings: Settings) -> None:
    release = write(filled, settings)
    with duckdb.connect() as connection:
        found = connection.sql(f"SELECT * FROM '{release.folder}/data/**/*.parquet'")
        assert tuple(found.columns) == PUBLISHED
        assert len(found.fetchall()) == release.manifest.rows == 12


def test_the_same_lake_gives_the_same_version_and_bytes(filled: Lake, settings: Settings, tmp_path: Path) -> None:
    first = write(filled, settings)
    before = files(first.folder)
    copy = Lake(tmp_path / "copy of the lake")
    shutil.copytree(filled.root, copy.root, ignore=shutil.ignore_patterns("release"))
    second = write(copy, settings)
    assert second.manifest == first.manifest
    assert files(second.folder) == before
    write(filled, settings)
    assert versions.names(filled) == [first.manifest.version]
    assert [event.what for event in versions.history(filled)] == ["released"]
    assert sorted(path.name for path in first.folder.parent.iterdir()) == sorted(
        [first.manifest.version, "history.jsonl", "latest"]
    ), "nothing is left over"


def test_another_row_gives_another_version_and_the_first_stays_as_it_was(filled: Lake, settings: Settings) -> None:
    first = write(filled, settings)
    before = files(first.folder)
    fill(filled, CELLS[0], [example(CELLS[0], number) for number in range(4)])
    second = write(filled, settings)
    assert second.manifest.version != first.manifest.version
    assert files(first.folder) == before
    assert versions.latest(filled) == second.manifest.version
    with filled.connect() as connection:
        counts = connection.sql("SELECT release, count(*) FROM release.sft GROUP BY ALL").fetchall()
        assert dict(counts) == {first.manifest.version: 12, second.manifest.version: 13}
        assert connection.sql("SELECT count(*) FROM release.lineage").fetchall() == [(25,)]


def test_rows_are_cut_into_shards_and_row_groups(filled: Lake, settings: Settings, tmp_path: Path) -> None:
    from datasets import load_dataset

    whole = write(filled, settings)
    with patch.object(sft, "_SHARD_BYTES", 900), patch.object(sft, "_GROUP_ROWS", 2):
        release = write(Lake(filled.root), settings)
    shards = sorted(path.name for path in (release.folder / "data/ja/respond").iterdir())
    assert len(shards) > 1
    assert shards[-1] == f"train-{len(shards) - 1:05d}-of-{len(shards):05d}.parquet"
    assert ids(release) == ids(whole)
    assert not fails(release)
    rows = load_dataset(str(release.folder), "ja", split="train", cache_dir=str(tmp_path / "cache"))["id"]
    assert list(rows) == sorted(rows)


def test_shards_have_what_readers_like(filled: Lake, settings: Settings) -> None:
    release = write(filled, settings)
    with pq.ParquetFile(release.folder / "data/ja/respond/train-00000-of-00001.parquet") as file:
        column = file.metadata.row_group(0).column(0)
        assert column.compression == "ZSTD"
        assert column.has_column_index


def test_duplicates_and_contaminated_rows_are_left_out_and_counted(filled: Lake, settings: Settings) -> None:
    cell, own = CELLS[2], [content_id(CELLS[2].key, number) for number in range(5)]
    twin = {"id": own[1], "kept_id": own[0], "kind": "near", "similarity": 0.9}
    leak = {"id": own[2], "side": "prompt", "eval_set": "bread.tsv", "item": "1", "overlap": 1.0}
    about = {"language": cell.language, "strategy": cell.strategy, "source": "x", "teacher": "x"}
    for table, row in ((DUPLICATES, twin), (CONTAMINATION, leak)):
        write_parquet(pa.Table.from_pylist([row | about], schema=table.schema), filled.table_path(table))
    release = write(filled, settings)
    assert release.manifest.rows == 10
    assert ids(release) & set(own) == {own[0], own[3], own[4]}
    outcomes = {row["outcome"]: row["rows"] for row in release.manifest.outcomes}
    assert outcomes == {"ok": 10, "duplicate": 1, "contaminated": 1}
    for line in ("| ok | 10 |", "| duplicate | 1 |", "| contaminated | 1 |", "| ja | 0 | 3 | 0 |"):
        assert line in release.card
    assert not fails(release)


def test_a_lake_without_kept_rows_gives_an_empty_release(lake: Lake, settings: Settings) -> None:
    release = write(lake, settings)
    assert release.manifest.rows == 0
    assert not fails(release)
    assert tuple(pq.read_schema(release.folder / "data/train-00000-of-00001.parquet").names) == PUBLISHED


def test_a_lake_that_changes_meanwhile_is_not_released(filled: Lake, settings: Settings) -> None:
    original = sft._write_shards

    def changing(*arguments: object) -> object:
        fill(filled, CELLS[0], [example(CELLS[0], 9)])
        return original(*arguments)

    with patch.object(sft, "_write_shards", changing), pytest.raises(UserError, match="changed while it was released"):
        write(filled, settings)
    assert versions.names(filled) == []
    assert versions.latest(filled) is None


def test_a_release_without_some_rows(filled: Lake, settings: Settings) -> None:
    before = write(filled, settings)
    gone = sorted(ids(before))[:2]
    after = without(filled, before.manifest.version, gone, "asked for")
    assert ids(after) == ids(before) - set(gone)
    assert after.manifest.deleted == {"rows": 2, "of": before.manifest.version}
    outcomes = {row["outcome"]: row["rows"] for row in after.manifest.outcomes}
    assert outcomes == {"ok": 10, "deleted": 2}
    assert f"takes the place of `{before.manifest.version}`, from which rows were deleted" in after.card
    assert "| deleted | 2 |" in after.card
    assert not fails(after)
    assert versions.history(filled)[-1].why == "asked for"
    with versions.alone(filled):
        versions.remove(filled, before.manifest.version, "asked for")
    assert versions.names(filled) == [after.manifest.version]
    assert not any(gone[0].encode() in data for data in files(after.folder).values())


def test_the_manifest_names_every_input(filled: Lake, settings: Settings) -> None:
    release = write(filled, settings)
    stated = {entry["path"]: entry["sha256"] for entry in release.manifest.inputs}
    there = {path.relative_to(filled.root).as_posix() for path in filled.root.rglob("*.parquet")}
    there = {path for path in there if not path.startswith(("index/", "release/", "responses/"))}
    assert stated.keys() == there
    one = "examples/language=ja/strategy=respond/cell.parquet"
    assert stated[one] == sft.sha256(filled.root / one)
    assert str(filled.root) not in (release.folder / "manifest.json").read_text()


def test_a_name_that_no_manifest_holds_is_one_line(lake: Lake, settings: Settings) -> None:
    fill(lake, CELLS[0], [example(CELLS[0], 1, model="a\x00b")])
    with pytest.raises(UserError, match=r"cannot be released, .*: 'teachers\[0\]\.model': String should match"):
        write(lake, settings)
    assert not versions.names(lake)


def test_a_release_that_counts_fewer_answers_than_rows_is_one_line(filled: Lake, settings: Settings) -> None:
    with patch.object(sft, "_outcomes", return_value=[]):
        first = write(filled, settings)
    with pytest.raises(UserError, match=r"'outcomes\[0\]\.rows': Input should be greater than or equal to 0"):
        without(filled, first.manifest.version, sorted(ids(first))[:1], "asked for")
