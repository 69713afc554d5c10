"""The lake's files: what is written is read, and half a write is never seen."""

import os
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lake_rows import CELL, TABLE, leftovers, parts_of, row

from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake import store as lake_
from polyglot_assets.lake.store import Lake, write_parquet


class TestCells:
    @TABLE
    @pytest.mark.parametrize("number", [0, 1, 7])
    def test_what_is_written_is_read_in_key_order(self, lake, table, number):
        rows = [row(table, n) for n in range(number)]
        assert lake.write_cell(table, CELL, reversed(rows), **parts_of(table)) == number
        expected = sorted(rows, key=lambda r: tuple(r[name] for name in table.key))
        assert lake.read_cell(table, CELL, **parts_of(table)) == expected

    @TABLE
    def test_nulls_are_read_as_nulls(self, lake, table):
        empty = {name: None for name, *_ in table.fields} | dict.fromkeys(table.key, "k")
        if table.name == "responses":
            empty["sample_index"] = 0
        lake.write_cell(table, CELL, [empty], **parts_of(table))
        assert lake.read_cell(table, CELL, **parts_of(table)) == [empty]

    @TABLE
    def test_a_cell_that_was_never_written_is_empty(self, lake, table):
        assert lake.read_cell(table, CELL, **parts_of(table)) == []

    @settings(deadline=None, max_examples=25)
    @given(numbers=st.lists(st.integers(0, 99), unique=True, max_size=8), shuffler=st.randoms(use_true_random=False))
    def test_equal_rows_in_any_order_give_equal_bytes(self, tmp_path_factory, numbers, shuffler):
        lake = Lake(tmp_path_factory.mktemp("lake"))
        path = lake.cell_path(SEEDS, CELL, source="one")
        rows = [row(SEEDS, number) for number in numbers]
        lake.write_cell(SEEDS, CELL, rows, source="one")
        before = path.read_bytes()
        shuffler.shuffle(rows)
        lake.write_cell(SEEDS, CELL, [dict(sorted(r.items())) for r in rows], source="one")
        assert path.read_bytes() == before

    @TABLE
    def test_the_path_says_what_the_cell_holds(self, lake, table):
        parts = parts_of(table)
        above = "".join(f"{name}={part}/" for name, part in parts.items())
        path = lake.cell_path(table, CELL, **parts)
        assert path.relative_to(lake.root).as_posix() == (
            f"{table.name}/{above}language=de/strategy=generate/cell.parquet"
        )

    @pytest.mark.parametrize("parts", [{}, {"teacher": "x"}, {"source": "x", "teacher": "y"}])
    def test_a_wrong_part_is_a_programming_error(self, lake, parts):
        with pytest.raises(ValueError, match="seeds is stored by"):
            lake.cell_path(SEEDS, CELL, **parts)

    def test_a_second_write_replaces_the_first(self, lake):
        lake.write_cell(SEEDS, CELL, [row(SEEDS, 1), row(SEEDS, 2)], source="one")
        lake.write_cell(SEEDS, CELL, [row(SEEDS, 3)], source="one")
        assert lake.read_cell(SEEDS, CELL, source="one") == [row(SEEDS, 3)]
        assert leftovers(lake.root) == []

    @pytest.mark.parametrize(
        "fault",
        [{"prompt_chars": "three"}, {"prompt": "half \ud800"}, {"prompt": 5}, {"prompt_chars": 2**40}],
        ids=["wrong type", "not storable", "number for text", "too large"],
    )
    def test_a_failed_write_leaves_the_old_cell_and_nothing_else(self, lake, fault):
        lake.write_cell(SEEDS, CELL, [row(SEEDS, 1)], source="one")
        with pytest.raises((pa.ArrowException, UnicodeEncodeError, TypeError, ValueError)):
            lake.write_cell(SEEDS, CELL, [{**row(SEEDS, 2), **fault}], source="one")
        assert lake.read_cell(SEEDS, CELL, source="one") == [row(SEEDS, 1)]
        assert leftovers(lake.root) == []

    def test_a_cell_is_readable_by_colleagues(self, lake):
        lake.write_cell(SEEDS, CELL, [], source="one")
        assert lake.cell_path(SEEDS, CELL, source="one").stat().st_mode & 0o777 == 0o644

    def test_the_columns_carry_their_meaning(self, lake):
        lake.write_cell(SEEDS, CELL, [row(SEEDS, 1)], source="one")
        schema = pq.read_schema(lake.cell_path(SEEDS, CELL, source="one"))
        assert schema.names == [name for name, *_ in SEEDS.fields]
        for name, _, meaning in SEEDS.fields:
            assert schema.field(name).metadata[b"description"].decode() == meaning


class TestWriteParquet:
    DATA = pa.table({"a": [1, 2]})

    def test_a_disk_that_fails_leaves_the_old_file_and_no_draft(self, tmp_path, monkeypatch):
        path = tmp_path / "x.parquet"
        write_parquet(self.DATA, path)
        before = path.read_bytes()

        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            write_parquet(pa.table({"a": [3]}), path)
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]

    def test_a_rename_that_fails_leaves_no_draft(self, tmp_path):
        (tmp_path / "x.parquet").mkdir()
        with pytest.raises(OSError, match=r"x\.parquet"):
            write_parquet(self.DATA, tmp_path / "x.parquet")
        assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]

    def test_folders_are_made(self, tmp_path):
        write_parquet(self.DATA, tmp_path / "a" / "b" / "x.parquet")
        assert pq.read_table(tmp_path / "a" / "b" / "x.parquet") == self.DATA

    def test_the_file_is_on_the_disk_before_it_has_its_name(self, tmp_path, monkeypatch):
        path, seen = tmp_path / "x.parquet", []
        real = os.fsync
        monkeypatch.setattr(os, "fsync", lambda descriptor: (seen.append(path.exists()), real(descriptor)))
        write_parquet(self.DATA, path)
        assert seen == [False, True], "the file, and then the folder with its name"


class TestPrepare:
    def test_the_root_is_made(self, tmp_path):
        lake = Lake(tmp_path / "a" / "lake")
        lake.prepare()
        lake.prepare()
        assert lake.root.is_dir()
        assert list(lake.root.iterdir()) == []

    @pytest.mark.parametrize("name", ["lake", "lake/below"])
    def test_a_file_in_its_place_is_one_clear_line(self, tmp_path, name):
        (tmp_path / "lake").touch()
        with pytest.raises(UserError) as error:
            Lake(tmp_path / name).prepare()
        assert re.fullmatch(rf"cannot write to the lake {tmp_path}/{name}: [^\n]+", str(error.value))

    def test_a_place_where_nobody_can_write(self):
        with pytest.raises(UserError, match=r"^cannot write to the lake /proc/lake: "):
            Lake(Path("/proc/lake")).prepare()


def test_this_page_tests_the_only_code_that_writes_parquet_into_the_lake():
    package = Path(lake_.__file__).parents[1]
    writers = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"\bwrite_table\(|ParquetWriter\(|COPY .* TO ", path.read_text(encoding="utf-8"))
    ]
    assert sorted(writers) == [
        "cli/sql_output.py",
        "lake/store.py",
    ]  # the latter writes what somebody asked for, elsewhere
