"""The text of the views: types as DuckDB names them, and what makes a text change."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from lake_rows import CELL, described, row, types_of

from polyglot_assets.contracts.lineage import LINEAGE
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.contracts.table import Table
from polyglot_assets.contracts.tables import TABLES
from polyglot_assets.lake.store import Lake, write_parquet
from polyglot_assets.lake.views import View, kind_of, of_marts, of_releases, of_tables, over


def seeds_view(lake: Lake) -> str:
    (view,) = of_tables(lake.root, "lake", {("lake", "seeds")})
    return view.query


@pytest.mark.parametrize("table", [*TABLES.values(), LINEAGE], ids=lambda table: table.name)
def test_types_are_those_that_duckdb_itself_gives_to_arrow(table: Table) -> None:
    with duckdb.connect() as connection:
        assert described(connection, f"({over('', [], table.schema)})") == types_of(table)


def test_a_type_that_no_table_has() -> None:
    with pytest.raises(ValueError, match="no DuckDB type is known for month_day_nano_interval"):
        kind_of(pa.month_day_nano_interval())
    with pytest.raises(ValueError, match="no DuckDB type is known for decimal"):
        over("", [], pa.schema([("a", pa.decimal128(5))]))


def test_the_text_changes_with_the_first_file_and_with_a_column_that_no_file_had(lake: Lake) -> None:
    texts = [seeds_view(lake)]
    lake.write_cell(SEEDS, CELL, [row(SEEDS, 1)], source="new")
    whole = pa.Table.from_pylist([row(SEEDS, 2)], schema=SEEDS.schema)
    texts.append(seeds_view(lake))
    write_parquet(whole.drop_columns(["toxic"]), lake.cell_path(SEEDS, CELL, source="old"))
    assert seeds_view(lake) == texts[-1]
    lake.cell_path(SEEDS, CELL, source="new").unlink()
    texts.append(seeds_view(lake))
    assert len(set(texts)) == 3


def test_columns_that_are_in_no_contract_are_not_shown(lake: Lake) -> None:
    more = pa.Table.from_pylist([row(SEEDS, 1)], schema=SEEDS.schema).append_column("secret", pa.array([1]))
    write_parquet(more, lake.cell_path(SEEDS, CELL, source="one"))
    with lake.connect() as connection:
        assert connection.sql("FROM lake.seeds").columns == SEEDS.schema.names


def test_a_mart_is_another_when_its_columns_are(lake: Lake) -> None:
    def views() -> list[View]:
        return list(of_marts(lake.root))

    write_parquet(pa.table({"a": [1]}), lake.mart_path("m"))
    one = views()
    write_parquet(pa.table({"a": [2]}), lake.mart_path("m"))
    assert views() == one
    write_parquet(pa.table({"a": [2.0]}), lake.mart_path("m"))
    assert views() != one


def test_a_release_from_before_a_column_was_added_has_it_empty(lake: Lake) -> None:
    old = pa.table({"id": ["x"], "licenses": [["mit"]]})
    write_parquet(old, lake.root / "release" / "sft" / "abc123" / "lineage" / "de" / "part.parquet")
    with lake.connect() as connection:
        relation = connection.sql("FROM release.lineage")
        assert relation.columns == ["release", *LINEAGE.schema.names]
        assert relation.select("release, id, licenses, engine").fetchall() == [("abc123", "x", ["mit"], None)]


def test_names_of_folders_above_the_lake_are_neither_columns_nor_versions(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "language=prod" / "ada" / "data" / "lake")
    write_parquet(pa.table({"language": ["de", "ja"]}), lake.mart_path("m"))
    release = lake.root / "release" / "sft" / "abc123"
    write_parquet(pa.table({"id": ["x"]}), release / "data" / "de" / "part.parquet")
    with lake.connect() as connection:
        assert connection.execute("FROM marts.m").fetchall() == [("de",), ("ja",)]
        assert connection.execute("SELECT release, id FROM release.sft").fetchall() == [("abc123", "x")]


def test_an_empty_lake_has_the_views_of_releases(lake: Lake) -> None:
    assert [view.name for view in of_releases(lake.root)] == [
        ("release", "sft"),
        ("release", "lineage"),
        ("release", "history"),
    ]
