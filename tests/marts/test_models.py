"""The SQL files say what they read and where columns come from, and mistakes in them are named."""

import shutil
from pathlib import Path

import pytest
import sqlglot

from polyglot_assets.contracts.tables import TABLES
from polyglot_assets.domain.errors import UserError
from polyglot_assets.marts.models import column_lineage, load, needed, read_tables
from polyglot_assets.settings import bundled

SCHEMA = {"lake": {table.name: {name: str(kind) for name, kind, _ in table.fields} for table in TABLES.values()}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of dbt_like_sql that may be broken."""
    return Path(shutil.copytree(bundled("dbt_like_sql"), tmp_path / "sql"))


def test_every_model_is_plain_sql_with_described_columns() -> None:
    models, _ = load(bundled("dbt_like_sql"))
    assert {model.name for model in models} >= {
        "curated", "language_distribution", "strategy_distribution", "source_mix", "outcome_funnel", "source_funnel",
        "outcomes", "length_quantiles", "lexical_diversity", "prompt_diversity", "duplicate_share", "cluster_sizes",
        "largest_clusters", "license_mix", "contamination_sets", "contamination_items", "card_audit",
        "card_comparison",
    }  # fmt: skip
    for model in models:
        tree = sqlglot.parse_one(model.sql, dialect="duckdb")
        assert list(model.described.columns) == tree.named_selects, model.name
        assert all(model.described.columns.values()), f"{model.name} has a column without description"
        assert model.described.description


def test_dependencies_are_what_from_and_join_name() -> None:
    sql = "WITH a AS (SELECT * FROM lake.seeds) SELECT * FROM a JOIN marts.source_mix USING (source)"
    assert read_tables(Path("x.sql"), sql) == {("lake", "seeds"), ("marts", "source_mix")}


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * FROM seeds", "needs its schema"),
        ("SELECT * FROM lake.seed", "unknown table lake.seed"),
        ("SELECT FROM WHERE", "x.sql"),
    ],
)
def test_sql_that_cannot_be_used_is_named(sql: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_tables(Path("x.sql"), sql)


def test_column_lineage_reaches_the_tables_that_are_read() -> None:
    models, _ = load(bundled("dbt_like_sql"))
    schema = SCHEMA | {"marts": {model.name: dict.fromkeys(model.described.columns, "VARCHAR") for model in models}}
    lineage = {model.name: column_lineage(model, schema) for model in models}
    assert lineage["curated"]["teacher"] == {("lake", "examples", "teacher")}
    assert {
        ("lake", "contamination", "item"),
        ("lake", "licenses", "rule"),
        ("lake", "duplicates", "id"),
    } <= lineage["curated"]["outcome"]
    assert lineage["outcome_funnel"]["outcome"] == {
        ("lake", "counts", "reason"),
        ("marts", "example_counts", "outcome"),
    }
    assert lineage["language_distribution"]["by_strategy"] >= {("marts", "outcome_funnel", "rows")}
    assert ("marts", "curated", "prompt_tokens") in lineage["length_quantiles"]["p50"]


def test_a_model_needs_those_that_it_reads_and_what_they_read() -> None:
    models, _ = load(bundled("dbt_like_sql"))
    names = [model.name for model in needed(models, ["source_funnel", "license_mix"])]
    assert sorted(names) == ["curated", "example_counts", "license_mix", "outcome_funnel", "source_funnel"]
    assert names == [model.name for model in models if model.name in names]
    assert needed(models, []) == []


def test_models_come_after_those_that_they_read() -> None:
    models, _ = load(bundled("dbt_like_sql"))
    seen: set[str] = set()
    for model in models:
        assert {name for schema, name in model.reads if schema == "marts"} <= seen
        seen.add(model.name)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * FROM marts.outcome_funnel", "read each other: .*curated"),
        ("SELECT * FROM marts.nothing", "unknown table marts.nothing"),
    ],
)
def test_marts_that_cannot_be_ordered_are_named(folder: Path, sql: str, message: str) -> None:
    (folder / "marts" / "curated.sql").write_text(sql)
    with pytest.raises(UserError, match=message):
        load(folder)


def test_model_without_description_and_description_without_model(folder: Path) -> None:
    (folder / "marts" / "extra.sql").write_text("SELECT 1 AS one")
    with pytest.raises(UserError, match="'extra' has no entry"):
        load(folder)
    (folder / "marts" / "extra.sql").unlink()
    (folder / "marts" / "source_mix.sql").unlink()
    load.cache_clear()
    with pytest.raises(UserError, match="'source_mix' has no file"):
        load(folder)
