"""What curation finds, as assets, and the alarms about duplicates."""

from typing import Any

import dagster as dg
import duckdb
import pytest
from curation.lakes import example, fill

from polyglot_assets.curation.assets import (
    DUPLICATES_KEY,
    contamination_asset,
    duplicates_asset,
    licenses_asset,
)
from polyglot_assets.curation.duplicates import find
from polyglot_assets.domain import grid
from polyglot_assets.lake.store import Lake
from polyglot_assets.marts.checks import load_checks
from polyglot_assets.orchestration.choices import Choices
from polyglot_assets.orchestration.wiring import LakeContext
from polyglot_assets.settings import Settings, bundled


def offences(lake: Lake, name: str) -> list[dict]:
    check = next(check for check in load_checks(bundled("dbt_like_sql")) if check.name == name)
    with lake.connect() as connection:
        return check.offences(connection)


def repeated(times: int, others: int, source: str) -> list[dict]:
    same = [example(f"{source} {n}", "Frage?", "Antwort.", "de/generate", source=source) for n in range(times)]
    own = [
        example(f"{source} own {n}", f"Frage {source} {n}?", f"Ja {n}.", "de/generate", source=source)
        for n in range(others)
    ]
    return same + own


def test_the_asset_reports_what_was_found(lake: Lake, settings: Settings) -> None:
    fill(lake, repeated(3, 2, "a"))
    asset = duplicates_asset(LakeContext(settings, lake, grid.partitions(settings.languages)))
    (materialization,) = dg.materialize([asset]).asset_materializations_for_node("__".join(DUPLICATES_KEY.path))
    assert materialization.metadata["dagster/row_count"].value == 2
    assert "| exact_pair | 2 |" in materialization.metadata["rows"].value


@pytest.mark.parametrize("make", [duplicates_asset, contamination_asset, licenses_asset])
def test_what_was_found_is_in_the_catalogue(lake: Lake, settings: Settings, make: Any) -> None:
    lake.publish_catalogue()
    fill(lake, repeated(3, 2, "a"))
    asset = make(LakeContext(settings, lake, grid.partitions(settings.languages)))
    resources = {} if make is not contamination_asset else {"choices": Choices.of(settings, settings.teachers)}
    assert dg.materialize([asset], resources=resources).success
    table = asset.key.path[-1]
    with duckdb.connect(str(lake.root / "lake.duckdb"), read_only=True) as connection:
        found = connection.execute("SELECT sql FROM duckdb_views() WHERE view_name = ?", [table]).fetchall()
    assert any((lake.root / table).rglob("*.parquet"))
    assert "read_parquet" in found[0][0]


def test_a_source_that_loses_most_of_its_rows_raises_the_alarm(lake: Lake, settings: Settings) -> None:
    fill(lake, repeated(13, 12, "x") + repeated(2, 20, "y"))
    find(lake, settings)
    assert offences(lake, "no_source_is_wiped_out") == []
    fill(lake, repeated(14, 11, "x") + repeated(2, 20, "y"))
    find(lake, settings)
    assert offences(lake, "no_source_is_wiped_out") == [{"part": "source x", "examples": 25, "left_out": 13}]


def test_a_table_that_is_out_of_date_is_seen(lake: Lake, settings: Settings) -> None:
    fill(lake, repeated(3, 1, "a"))
    find(lake, settings)
    assert offences(lake, "kept_examples_are_kept") == []
    fill(lake, repeated(1, 1, "a"))
    assert offences(lake, "kept_examples_are_kept") != []
