"""`polyglot sql`: a query only reads the lake, and may be any text at all. Its formats: test_query_output.py."""

import json
import os
from pathlib import Path
from unittest import mock

import duckdb
import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from lake_rows import CELL, row
from queries import objects, shell, sql

from polyglot_assets.cli import sql as querying
from polyglot_assets.cli.main import main
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.store import Lake, write_parquet


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


@pytest.mark.usefixtures("lake")
class TestBytes:
    def test_sql_that_is_no_utf8(self):
        """Python hands such bytes over as halves of surrogate pairs, from arguments and from where we ask for it."""
        for result in (sql("SELECT '\udcff'"), CliRunner().invoke(main, ["sql", "-"], input=b"SELECT '\xff'")):
            assert (result.exit_code, result.output) == (2, "polyglot: sql: the query is not valid UTF-8\n")

    @pytest.mark.parametrize(
        "locale", [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0"}]
    )
    def test_sql_in_utf8_where_the_locale_knows_only_ascii(self, locale):
        done = shell("""polyglot sql "SELECT 'zażółć 日本' AS x" --format csv""", **locale)
        assert (done.returncode, done.stderr, done.stdout.decode()) == (0, b"", "x\nzażółć 日本\n")

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
