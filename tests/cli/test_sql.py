"""`polyglot sql`: what each format prints for values that it cannot hold, and that a query only reads the lake."""

import csv
import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from lake_rows import CELL, row

from polyglot_assets.cli import sql as querying
from polyglot_assets.cli import sql_output as query_output
from polyglot_assets.cli.main import main
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.store import Lake, write_parquet

ROOT = Path(__file__).parents[2]
ALL_TYPES = "SELECT * FROM test_all_types()"


def sql(query: str, *options: str) -> Result:
    return CliRunner().invoke(main, ["sql", query, *options])


def objects(query: str) -> list[dict[str, Any]]:
    """The rows as `--format json` prints them, read by a parser that takes nothing but JSON."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    result = sql(query, "--format", "json")
    assert result.exit_code == 0, result.output
    return [json.loads(line, parse_constant=refuse) for line in result.stdout.removesuffix("\n").split("\n")]


def cells(query: str, *options: str) -> list[list[str]]:
    result = sql(query, "--format", "csv", *options)
    assert result.exit_code == 0, result.output
    return list(csv.reader(io.StringIO(result.stdout)))


def fill(lake: Lake) -> None:
    """A cell, a mart, and a release with its history."""
    lake.prepare()
    lake.write_cell(SEEDS, CELL, [row(SEEDS, 1)], source="one")
    write_parquet(pa.table({"a": [1]}), lake.mart_path("m"))
    releases = lake.root / "release" / "sft"
    write_parquet(pa.table({"id": ["x"]}), releases / "abc123" / "data" / "de" / "part.parquet")
    entry = {"recorded_at": "2025-01-01 00:00:00", "release": "abc123", "what": "made", "rows": 1}
    (releases / "history.jsonl").write_text(json.dumps(entry) + "\n")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


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


READING = [
    "SELECT 1;",
    "-- why\nSELECT count(*) FROM lake.seeds /* so */",
    "FROM marts.m",
    "FROM release.sft",
    "FROM release.history",
    "WITH x AS (FROM lake.seeds) SELECT count(*) FROM x UNION ALL SELECT 2",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) FROM t",
    "SELECT * FROM range(3), unnest([1]), generate_series(1, 2)",
    "SELECT (SELECT count(*) FROM lake.seeds), COLUMNS('prompt') FROM lake.seeds WHERE seed_id IN (SELECT 'x')",
    "VALUES (1), (2)",
    "SHOW ALL TABLES",
    "DESCRIBE lake.seeds",
    "SUMMARIZE lake.seeds",
    "FROM duckdb_views()",
    "PIVOT lake.seeds ON strategy IN ('generate') USING count(*) GROUP BY language",
    "EXPLAIN SELECT 1",
    "EXPLAIN FROM lake.seeds",
    "EXPLAIN ANALYZE SELECT count(*) FROM lake.seeds",
    "EXPLAIN (FORMAT json) (SELECT 1)",
    "/* ü日本 */ explain -- x\n ANALYZE (FORMAT json) /* y */ WITH x AS (SELECT 'ü') FROM x",
    "SELECT 'COPY lake.seeds TO x' AS copy",
    "SELECT " + " || ".join(["'a'"] * 200),
]

WRITES = [
    "COPY (SELECT 1) TO '{target}'",
    "copy lake.seeds to '{target}' (FORMAT parquet)",
    "/* SELECT */ COPY (SELECT 1) TO '{target}'",
    "-- EXPLAIN\nCOPY (SELECT 1) TO '{target}'",
    "EXPLAIN COPY (SELECT 1) TO '{target}'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{target}'",
    "EXPLAIN /* ü日本 SELECT 1 */ ANALYZE -- SELECT 1\n COPY (SELECT 1) TO '{target}'",
    "EXPLAIN (ANALYZE, FORMAT json) COPY (SELECT 1) TO '{target}'",
    "EXPLAIN ANALYZE (FORMAT json) COPY (SELECT 1) TO '{target}'",
    "SELECT 1; COPY (SELECT 1) TO '{target}'",
    "COPY (SELECT 1) TO '{target}'; SELECT 1",
    "EXPLAIN SELECT 1; EXPLAIN ANALYZE COPY (SELECT 1) TO '{target}'",
    "; ; COPY (SELECT 1) TO '{target}'",
    "WITH x AS (COPY (SELECT 1) TO '{target}') FROM x",
    "EXPLAIN ANALYZE WITH x AS (COPY (SELECT 1) TO '{target}') FROM x",
    "WITH x AS (SELECT 1), y AS (COPY (FROM x) TO '{target}') SELECT * FROM x, y",
    "FROM query('WITH x AS (COPY (SELECT 1) TO ''{target}'') FROM x')",
    "FROM json_execute_serialized_sql(json_serialize_sql('WITH x AS (COPY (SELECT 1) TO ''{target}'') FROM x'))",
    (
        'FROM system.main."JSON_EXECUTE_SERIALIZED_SQL"(json_serialize_sql(\''
        "WITH x AS (COPY (SELECT 1) TO ''{target}'') FROM x'))"
    ),
    (
        "SELECT 1 WHERE EXISTS (FROM json_execute_serialized_sql(json_serialize_sql('"
        "WITH x AS (COPY (SELECT 1) TO ''{target}'') FROM x')))"
    ),
    (
        "FROM destroy_external_resource('json_execute_serialized_sql', json_serialize_sql('"
        "WITH x AS (COPY (SELECT 1) TO ''{target}'') FROM x'))"
    ),
    "FROM enable_logging(storage='file', storage_path='{target}')",
    "FROM enable_profiling(save_location='{target}')",
    "EXPORT DATABASE '{target}'",
    "EXPLAIN ANALYZE EXPORT DATABASE '{target}'",
    "ATTACH '{target}' AS other",
    "CREATE TABLE t AS SELECT 1",
    "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1",
    "WITH x AS (INSERT INTO t VALUES (1) RETURNING *) FROM x",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "PRAGMA enable_profiling",
    "CALL enable_logging()",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PIVOT lake.seeds ON strategy USING count(*)",
    "FROM (PIVOT lake.seeds ON strategy USING count(*))",
    "PREPARE p AS COPY (SELECT 1) TO '{target}'",
    "EXECUTE p",
    "CHECKPOINT",
    "FROM checkpoint()",
]

READS_ELSEWHERE = [
    "FROM read_text('{secret}')",
    "FROM read_blob('{secret}')",
    "FROM read_csv('{secret}')",
    "FROM '{secret}'",
    "FROM sniff_csv('{secret}')",
    "FROM glob('{folder}/*')",
    "FROM read_text(['{secret}'])",
    "FROM read_text('file://{secret}')",
    "FROM read_text('/proc/self/root{secret}')",
    "FROM read_text('{lake}/marts/../../{name}')",
    "FROM read_text('{lake}*/../{name}')",
    "FROM read_text('{lake}/dagster/dagster.yaml')",
    "FROM query_table('{secret}')",
    "FROM parquet_schema('{secret}')",
    "FROM read_duckdb('{secret}')",
    "SELECT (SELECT content FROM read_text('{secret}'))",
    "EXPLAIN ANALYZE FROM read_text('{secret}')",
    "FROM read_text('/dev/stdin')",
    "FROM 'https://example.invalid/x.parquet'",
    "FROM 's3://bucket/x.parquet'",
    "FROM 'hf://datasets/org/name/x.parquet'",
    "FROM query('FROM read_text(''{secret}'')')",
    "FROM destroy_external_resource('read_text', '{secret}')",
]


class TestJail:
    @pytest.fixture
    def places(self, lake: Lake, tmp_path: Path) -> dict[str, str]:
        fill(lake)
        (lake.root / "dagster").mkdir()
        (lake.root / "dagster" / "dagster.yaml").write_text("hush")
        secret = tmp_path / "secret.txt"
        secret.write_text("hush")
        return {"lake": str(lake.root), "secret": str(secret), "name": secret.name, "folder": str(tmp_path)}

    @pytest.mark.parametrize("query", READING)
    def test_what_only_reads_is_answered(self, places, query):
        result = sql(query)
        assert result.exit_code == 0, result.output

    @pytest.mark.parametrize("query", WRITES)
    def test_nothing_is_written_in_the_lake_or_elsewhere(self, places, lake, tmp_path, query):
        before = contents(tmp_path)
        for target in (lake.mart_path("m"), tmp_path / "new"):
            result = sql(query.format(target=target))
            assert result.exit_code == 2, result.output
            assert result.output.startswith("polyglot: sql: ")
            assert contents(tmp_path) == before

    @pytest.mark.parametrize("query", READS_ELSEWHERE)
    def test_nothing_else_is_read(self, places, query):
        result = sql(query.format(**places))
        assert result.exit_code == 2, result.output
        assert "hush" not in result.output
        assert "--unsafe lifts this" in result.output or "Error" in result.output

    def test_no_extension_is_fetched(self, lake):
        with lake.connect(jailed=True) as connection:
            set_to = dict(
                connection.execute(
                    "SELECT name, value FROM duckdb_settings() WHERE name IN ('autoload_known_extensions', "
                    "'autoinstall_known_extensions', 'enable_external_access', 'lock_configuration')"
                ).fetchall()
            )
        assert set_to == {
            "autoload_known_extensions": "false",
            "autoinstall_known_extensions": "false",
            "enable_external_access": "false",
            "lock_configuration": "true",
        }

    @pytest.mark.parametrize("statement", ["SET threads = 1", "SET enable_external_access = true", "RESET threads"])
    def test_no_statement_changes_a_setting(self, lake, statement):
        with lake.connect(jailed=True) as connection, pytest.raises(duckdb.Error, match="locked"):
            connection.execute(statement)

    def test_variables_of_this_program_are_no_tables(self, places):
        for name in ("lake", "query", "rows", "connection", "relation"):
            assert "does not exist" in sql(f"FROM {name}").output

    def test_own_code_stays_free(self, lake, tmp_path):
        (tmp_path / "other.txt").write_text("x")
        with lake.connect() as connection:
            assert connection.execute("SELECT content FROM read_text(?)", [str(tmp_path / "other.txt")]).fetchall()

    def test_unsafe_lifts_it(self, places, tmp_path):
        assert "hush" in sql(f"FROM read_text('{places['secret']}')", "--unsafe").output
        target = tmp_path / "new.csv"
        result = sql(f"CREATE TABLE t AS SELECT 7 AS x; COPY t TO '{target}'", "--unsafe")
        assert result.exit_code == 0, result.output
        assert target.read_text() == "x\n7\n"

    def test_unsafe_and_nothing_to_show(self, places):
        result = sql("CREATE TABLE t (a INT); SET threads = 1", "--unsafe", "--format", "json")
        assert result.exit_code == 0, result.output

    def test_table_functions_that_run_sql_or_change_something_are_not_on_the_list(self):
        with duckdb.connect() as connection:
            names = connection.execute(
                "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ('table', 'table_macro')"
            ).fetchall()
        refused = {name for (name,) in names if not querying._TABLE_FUNCTIONS.fullmatch(name)}
        assert {"query", "json_execute_serialized_sql", "destroy_external_resource", "enable_logging"} <= refused
        assert {"read_parquet", "read_json", "unnest", "range"}.isdisjoint(refused)

    @pytest.mark.parametrize("held", [True, False], ids=["held", "read in place"])
    @pytest.mark.parametrize("name", ["o'brien", "data [old]", "*", "ünï cödé", "a=b", "[x]", "100%20#"])
    def test_a_lake_below_a_folder_with_an_odd_name(self, tmp_path, monkeypatch, name, held):
        lake = Lake(tmp_path / name / "lake")
        fill(lake)
        fill(Lake(tmp_path / "whatever" / "lake"))  # which a pattern would match
        if not held:
            monkeypatch.setattr(os, "link", mock.Mock(side_effect=PermissionError(1, "Operation not permitted")))
        with lake.connect(jailed=True) as connection:
            views = "lake.seeds, marts.m, release.sft, release.history"
            assert connection.execute(f"SELECT count(*) FROM {views}").fetchall() == [(1,)]
            with pytest.raises(duckdb.PermissionException):
                connection.execute("FROM glob('/etc/*')")

    def test_a_lake_behind_a_link_and_one_named_from_here(self, tmp_path, monkeypatch):
        fill(Lake(tmp_path / "real"))
        (tmp_path / "link").symlink_to("real")
        monkeypatch.chdir(tmp_path)
        for root in (tmp_path / "link", Path("real"), Path("link")):
            with Lake(root).connect(jailed=True) as connection:
                assert connection.execute("SELECT count(*) FROM lake.seeds, marts.m").fetchall() == [(1,)]

    def test_a_query_that_needs_more_than_memory_may_spill(self, lake):
        with lake.connect(jailed=True) as connection:
            ((place,),) = connection.execute("SELECT current_setting('temp_directory')").fetchall()
            ((allowed,),) = connection.execute("SELECT current_setting('allowed_directories')::VARCHAR").fetchall()
        assert place.startswith(f"{lake.root}/.reading-")
        assert place in allowed


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


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A line for bash in which `polyglot` is the command as users have it."""
    start = "import sys; from polyglot_assets.cli.main import run; sys.argv[0] = 'polyglot'; sys.exit(run())"
    command = f'polyglot() {{ {shlex.join([sys.executable, "-c", start])} "$@"; }}\n{line}'
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, cwd=ROOT, env=os.environ | environment, check=False
    )


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


@pytest.mark.usefixtures("lake")
class TestBytes:
    def test_sql_that_is_no_utf8(self):
        """Python hands such bytes over as halves of surrogate pairs, from arguments and from where we ask for it."""
        for result in (sql("SELECT '\udcff'"), CliRunner().invoke(main, ["sql", "-"], input=b"SELECT '\xff'")):
            assert (result.exit_code, result.output) == (2, "polyglot: sql: the query is not valid UTF-8\n")

    def test_sql_with_a_byte_order_mark(self):
        result = CliRunner().invoke(main, ["sql", "-", "--format", "csv"], input=b"\xef\xbb\xbfSELECT 1 AS x")
        assert result.output == "x\n1\n"

    def test_sql_with_a_nul(self):
        assert objects("SELECT 'a\0b' AS x") == [{"x": "a\0b"}]
        assert sql("SELECT 1 \0 x").exit_code == 2


class TestAnyText:
    """A query may be any text at all."""

    @hypothesis_settings(max_examples=60, deadline=None)
    @given(
        text=st.one_of(
            st.text(st.characters(), max_size=30),
            st.text("()'\"/*-;[]{}$\\ \0\n1aE", max_size=20).map(lambda end: f"EXPLAIN ANALYZE {end}"),
            st.text(st.characters(), max_size=8).map(lambda value: f"SELECT '{value}' AS x"),
        )
    )
    def test_is_answered_or_refused_as_a_mistake(self, tmp_path_factory, text):
        folder = tmp_path_factory.mktemp("any")
        try:
            querying.answer(Lake(folder / "lake"), text, "json", folder / "out")
        except UserError:
            return
        for line in (folder / "out").read_bytes().splitlines():
            json.loads(line)

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
