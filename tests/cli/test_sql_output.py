"""What each format of `polyglot sql` prints for values that it cannot hold, and where it writes."""

import io
import json
import os
import subprocess

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from queries import cells, objects, shell, sql

from polyglot_assets.cli import sql_output as query_output
from polyglot_assets.lake.store import Lake

ALL_TYPES = "SELECT * FROM test_all_types()"


@pytest.mark.usefixtures("lake")
class TestJson:
    def test_numbers_that_json_has_not_are_null_wherever_they_stand(self):
        query = """SELECT 'nan'::DOUBLE x, 'inf'::DOUBLE y, '-inf'::FLOAT z, ['nan'::DOUBLE, 1.5] l,
                   {'a': 'inf'::DOUBLE, 'NaN': 1} s, 'nan'::JSON j, 'nan'::DOUBLE::VARIANT v"""
        (found,) = objects(query)
        assert found == {
            "x": None, "y": None, "z": None, "l": [None, 1.5], "s": {"a": None, "NaN": 1}, "j": None, "v": None,
        }  # fmt: skip

    def test_texts_that_look_like_them_stay(self):
        (found,) = objects("""SELECT 'NaN' a, ' "NaN", -Infinity \\" Infinity' b, ['Infinity'] c, 'x' AS "NaN" """)
        assert found == {"a": "NaN", "b": ' "NaN", -Infinity \\" Infinity', "c": ["Infinity"], "NaN": "x"}

    def test_every_column_has_a_key_of_its_own(self):
        assert objects("SELECT 1 AS a, 2 AS a, 3 AS A, 4 AS a_2") == [{"a": 1, "a_3": 2, "A": 3, "a_2": 4}]

    def test_one_line_for_each_row_whatever_is_in_it(self):
        assert objects("""SELECT unnest(['a\nb', '\u2028"\\']) t, '{"k":\n[1, 2]}'::JSON j""") == [
            {"t": "a\nb", "j": {"k": [1, 2]}},
            {"t": '\u2028"\\', "j": {"k": [1, 2]}},
        ]

    def test_values_keep_what_they_are(self):
        query = "SELECT 1.5 AS d, 12345678901234567890123 AS h, true AS t, NULL AS n, DATE '2024-02-29' AS day, [] AS l"
        (found,) = objects(query)
        assert found == {"d": 1.5, "h": 12345678901234567890123, "t": True, "n": None, "day": "2024-02-29", "l": []}

    def test_bytes_are_as_duckdb_writes_them(self):
        assert objects("SELECT 'a\\xFF'::BLOB AS b") == [{"b": "a\\xFF"}]


@pytest.mark.usefixtures("lake")
class TestEveryType:
    @pytest.mark.parametrize("form", ["table", "csv", "json"])
    def test_can_be_printed(self, form):
        result = sql(ALL_TYPES, "--format", form)
        assert result.exit_code == 0, result.output

    def test_is_in_json_and_csv_with_the_same_number_of_columns(self):
        with duckdb.connect() as connection:
            columns = connection.sql(ALL_TYPES).columns
        assert all(list(found) == columns for found in objects(ALL_TYPES))
        assert [len(line) for line in cells(ALL_TYPES)] == [len(columns)] * 4

    def test_is_in_parquet_or_named_with_what_helps(self, tmp_path):
        target = tmp_path / "all.parquet"
        result = sql(ALL_TYPES, "--format", "parquet", "-o", str(target))
        message = 'polyglot: sql: Parquet has no form for INTERVAL; ask for "interval"::VARCHAR\n'
        assert (result.exit_code, result.output) == (2, message)
        assert not target.exists()
        replaced = ", ".join(f'"{name}"::VARCHAR AS "{name}"' for name in ("interval", "empty_struct", "union"))
        query = ALL_TYPES.replace("*", f"* REPLACE ({replaced})")
        result = sql(query, "--format", "parquet", "-o", str(target))
        assert result.exit_code == 0, result.output
        assert pq.read_table(target).num_rows == 3

    def test_parquet_with_equally_named_columns(self, tmp_path):
        target = tmp_path / "twice.parquet"
        assert sql("SELECT 1 AS a, 2 AS a", "--format", "parquet", "-o", str(target)).exit_code == 0
        assert pq.read_table(target).to_pylist() == [{"a": 1, "a_2": 2}]


@pytest.mark.usefixtures("lake")
class TestCsv:
    def test_equal_names_lists_and_order(self):
        query = "SELECT range AS a, -range AS a, [range] AS l FROM range(3000) ORDER BY range DESC"
        found = cells(query)
        assert found[0] == ["a", "a", "l"]
        assert found[1:] == [[str(n), str(-n), f"[{n}]"] for n in reversed(range(3000))]

    def test_without_the_option_cells_are_as_they_are(self):
        assert cells("SELECT '=1+1' AS t") == [["t"], ["=1+1"]]

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "\r", "\uff1d", "\ufeff@", "\n+"])
    def test_for_a_spreadsheet_a_text_is_never_a_formula(self, start):
        text = f"{start}cmd|' /C calc'!A0"
        quoted = text.replace("'", "''")
        query = f"""SELECT '{quoted}' AS "{start}x", ['{quoted}'] AS l, 'a=b' AS plain, NULL AS nothing"""
        assert cells(query, "--spreadsheet") == [
            [f"'{start}x", "l", "plain", "nothing"],
            [f"'{text}", json.dumps([text], ensure_ascii=False), "a=b", ""],
        ]

    def test_for_a_spreadsheet_numbers_stay_numbers(self):
        assert cells("SELECT -5 AS n, -1.5 AS d, '-5' AS t", "--spreadsheet")[1] == ["-5", "-1.5", "'-5"]

    @pytest.mark.parametrize("form", ["json", "table", "parquet"])
    def test_the_option_is_for_csv(self, form, tmp_path):
        result = sql("SELECT 1", "--spreadsheet", "--format", form, "-o", str(tmp_path / "x"))
        assert (result.exit_code, result.output) == (2, "polyglot: --spreadsheet is for --format csv\n")


class TestOutput:
    @pytest.fixture(autouse=True)
    def there_is_a_lake(self, lake: Lake) -> None:
        pass

    @pytest.mark.parametrize("form", ["table", "csv", "json", "parquet"])
    def test_a_device_stays_a_device(self, tmp_path, form):
        device = tmp_path / "null"
        device.symlink_to(os.devnull)
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        assert sql("SELECT 1 AS x", "--format", form, "-o", str(device)).exit_code == 0
        assert device.is_char_device()
        with subprocess.Popen(["cat", str(fifo)], stdout=subprocess.PIPE) as reader:
            assert sql("SELECT 1 AS x", "--format", form, "-o", str(fifo)).exit_code == 0
            written, _ = reader.communicate()
        assert fifo.is_fifo()
        if form == "parquet":
            assert pq.read_table(io.BytesIO(written)).to_pylist() == [{"x": 1}]
        else:
            assert b"x" in written

    @pytest.mark.parametrize("form", ["table", "csv", "json", "parquet"])
    @pytest.mark.parametrize("there", [True, False])
    def test_a_link_stays_a_link(self, tmp_path, form, there):
        target, link = tmp_path / "target", tmp_path / "link"
        if there:
            target.write_text("old")
        link.symlink_to(target)
        assert sql("SELECT 1 AS x", "--format", form, "-o", str(link)).exit_code == 0
        assert link.is_symlink()
        assert (b"PAR1" if form == "parquet" else b"x") in target.read_bytes()

    @pytest.mark.parametrize("form", ["table", "csv", "json", "parquet"])
    def test_a_failure_leaves_the_old_file(self, tmp_path, form):
        target = tmp_path / "out"
        target.write_text("old")
        query = "SELECT CASE WHEN range = 5000 THEN error('late') ELSE 'x' END AS x FROM range(10000)"
        result = sql(query, "--format", form, "-o", str(target))
        assert (result.exit_code, "late" in result.output) == (2, True)
        assert target.read_text() == "old"
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".write")] == []

    @pytest.mark.parametrize("place", ["loop", "folder", "/dev/full"])
    def test_what_cannot_be_written_is_one_line(self, tmp_path, place):
        (tmp_path / "loop").symlink_to("loop")
        (tmp_path / "folder").mkdir()
        result = sql("SELECT 1", "--format", "csv", "-o", str(tmp_path / place))
        assert result.exit_code == 2, result.output
        assert result.output.startswith(f"polyglot: cannot write {tmp_path / place}: ")
        assert result.output.count("\n") == 1
        assert (tmp_path / "loop").is_symlink()


@pytest.mark.usefixtures("lake")
class TestTerminal:
    def test_a_reader_that_has_seen_enough(self):
        commands = ["sql 'FROM range(200000)' --format csv", "settings", "status"]
        done = shell("\n".join(f"polyglot {command} | true" for command in commands))
        assert (done.returncode, done.stderr) == (0, b"")

    def test_data_is_utf8_on_every_terminal_and_the_rest_is_readable(self):
        query = """polyglot sql "SELECT '日本 é' AS x" """
        done = shell(f"{query} --format csv && {query} --format json && {query}", PYTHONIOENCODING="latin-1")
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.startswith('x\n日本 é\n{"x": "日本 é"}\n'.encode())
        assert "| ?? é  |".encode("latin-1") in done.stdout

    def test_other_commands_on_such_a_terminal(self, tmp_path):
        root = tmp_path / "日本"
        Lake(root).prepare()
        done = shell("polyglot status; polyglot settings", PYTHONIOENCODING="latin-1", POLYGLOT_LAKE=str(root))
        assert (done.returncode, done.stderr) == (0, b"")
        assert f"lake: {tmp_path}/??\n".encode() in done.stdout

    def test_standard_output_as_the_file(self, tmp_path):
        file = tmp_path / "log"
        done = shell(
            f"{{ echo before; polyglot sql 'SELECT 1 AS x' --format csv -o /dev/stdout; echo after; }} > {file}"
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert file.read_text() == "before\nx\n1\nafter\n"


class TestAnyText:
    """Names and texts may be any at all."""

    @hypothesis_settings(max_examples=60, deadline=None)
    @given(names=st.lists(st.sampled_from(["a", "a_2", "a_3", "A", "", "a_2_2"]), max_size=8))
    def test_names_become_distinct_and_those_that_are_stay(self, names):
        found = query_output._distinct(names)
        assert len(set(found)) == len(names)
        assert all(new == old for new, old in zip(found, names, strict=True) if names.count(old) == 1)

    @hypothesis_settings(max_examples=60, deadline=None)
    @given(text=st.text(st.sampled_from("=+-@\t\r ab'\"\n;,"), max_size=6))
    def test_no_cell_of_a_spreadsheet_begins_like_a_formula(self, text):
        plain = query_output._plain(text)
        assert plain in {text, f"'{text}"}
        assert not plain.startswith(("\t", "\r"))
        assert plain.strip()[:1] not in set("=+-@")
