"""Which rows of a lake a policy keeps out, as a table and as an asset."""

from collections import Counter
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest
from curation.lakes import Row, example, fill
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from polyglot_assets.contracts.licenses import LICENSES
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.curation.assets import LICENSES_KEY, licenses_asset
from polyglot_assets.curation.licenses import AS_EXAMPLE, Judged, find
from polyglot_assets.domain import grid
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.store import Lake
from polyglot_assets.licenses.licenses import KNOWN
from polyglot_assets.licenses.policy import EXCLUDED_SOURCE, EXCLUDED_TEACHER, Policy
from polyglot_assets.orchestration.wiring import LakeContext
from polyglot_assets.settings import Settings

COMMERCIAL = Policy("commercial", require=("granted", "commercial", "derivatives"))


def row(number: int, *licenses: str, **values: object) -> Row:
    return example(number, f"Frage {number}?", "Ja.", licenses=list(licenses), **values)


def left_out(lake: Lake) -> list[Row]:
    return pq.read_table(lake.table_path(LICENSES)).to_pylist()


def test_rows_outside_the_policy_are_listed_with_the_reason(lake: Lake) -> None:
    good, bad, none, lost = row(1, "apache-2.0", "cc0-1.0"), row(2, "apache-2.0", "cc-by-nc-4.0"), row(3), row(4, "mit")
    lost |= {"licenses": None, "language": "ja", "teacher": "u"}
    fill(lake, [good, bad, none, lost])
    judged = find(lake, COMMERCIAL)
    assert judged == Judged(4, Counter({("cc-by-nc-4.0", "require commercial"): 1, ("unknown", "require granted"): 2}))
    assert left_out(lake) == sorted(
        (
            {**{name: bad[name] for name, _, _ in LICENSES.fields if name in bad}, "license": "cc-by-nc-4.0",
             "rule": "require commercial"},
            *({**{name: other[name] for name, _, _ in LICENSES.fields if name in other}, "license": "unknown",
               "rule": "require granted"} for other in (none, lost)),
        ),
        key=lambda found: found["id"],
    )  # fmt: skip
    assert pq.read_schema(lake.table_path(LICENSES)).equals(LICENSES.schema)


def test_sources_and_teachers_can_be_kept_out(lake: Lake) -> None:
    rows = [row(1, "mit", teacher="a"), row(2, "mit", teacher="b"), row(3, "mit", source="arbml/CIDAR", teacher="a")]
    fill(lake, rows)
    told: list[str] = []
    find(lake, Policy("x", excluded_sources=("arbml/CIDAR",), excluded_teachers=("b", "c")), told.append)
    found = {entry["id"]: (entry["license"], entry["rule"]) for entry in left_out(lake)}
    assert found == {rows[1]["id"]: (None, EXCLUDED_TEACHER), rows[2]["id"]: (None, EXCLUDED_SOURCE)}
    assert told == ["policy x: no example was written by c, which it excludes"]


def test_rows_made_after_examples_of_an_excluded_source_are_kept_out(lake: Lake) -> None:
    seeds = [
        dict.fromkeys(name for name, _, _ in SEEDS.fields) | {"seed_id": name, "source": source}
        for name, source in (("bad", "arbml/CIDAR"), ("good", "OpenAssistant/oasst2"))
    ]
    lake.write_cell(SEEDS, Cell("de", "generate"), seeds, source="all")
    rows = [
        row(1, "mit", exemplar_ids=["good", "bad"]),
        row(2, "mit", exemplar_ids=["good"]),
        row(3, "mit", exemplar_ids=[]),
        row(4, "mit", exemplar_ids=None),
        row(5, "mit", exemplar_ids=["bad"], source="arbml/CIDAR"),
        row(6, "odbl", exemplar_ids=["bad"]),
    ]
    fill(lake, rows)
    find(lake, Policy("x", excluded_sources=("arbml/CIDAR",), exclude=("odbl",)))
    found = {entry["id"]: (entry["license"], entry["rule"]) for entry in left_out(lake)}
    assert found == {
        rows[0]["id"]: (None, AS_EXAMPLE),
        rows[4]["id"]: (None, EXCLUDED_SOURCE),
        rows[5]["id"]: ("odbl", "exclude"),
    }


@pytest.mark.parametrize("policy", [Policy("default"), COMMERCIAL, Policy("x", excluded_sources=("arbml/CIDAR",))])
def test_an_empty_lake_gives_an_empty_table(lake: Lake, policy: Policy) -> None:
    assert find(lake, policy) == Judged()
    assert left_out(lake) == []


@hypothesis_settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.frozensets(st.sampled_from(sorted(KNOWN)), max_size=3), min_size=1, max_size=8), st.booleans())
def test_the_table_is_the_policys_verdict_on_each_row(lake: Lake, sets: list[frozenset[str]], strict: bool) -> None:  # noqa: FBT001
    rows = [row(number, *sorted(licenses)) for number, licenses in enumerate(sets)]
    fill(lake, rows)
    policy = COMMERCIAL if strict else Policy("default")
    judged = find(lake, policy)
    expected = {
        entry["id"]: breach for entry in rows if (breach := policy.breach(entry["licenses"], entry["source"], "t"))
    }
    assert {entry["id"]: (entry["license"], entry["rule"]) for entry in left_out(lake)} == expected
    assert judged.left_out.total() == len(expected)
    assert strict or not expected
    first = lake.table_path(LICENSES).read_bytes()
    find(lake, policy)
    assert lake.table_path(LICENSES).read_bytes() == first


def test_a_change_of_the_policy_changes_the_table(lake: Lake) -> None:
    fill(lake, [row(1, "cc-by-nc-4.0")])
    find(lake, COMMERCIAL)
    assert len(left_out(lake)) == 1
    find(lake, Policy("default"))
    assert left_out(lake) == []


def test_the_asset_says_what_the_policy_did(lake: Lake, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("name = 'own'\ndescription = 'Ours.'\nexclude = ['odbl']\n")
    fill(lake, [row(1, "odbl"), row(2, "mit"), row(3, "mit", "odbl")])
    lake_context = LakeContext(
        settings.model_copy(update={"release_policy": str(path)}), lake, grid.partitions(settings.languages)
    )
    (made,) = dg.materialize([licenses_asset(lake_context)]).asset_materializations_for_node(
        "__".join(LICENSES_KEY.path)
    )
    assert made.metadata["dagster/row_count"].value == 2
    assert made.metadata["policy"].value == "own: Ours."
    assert "| odbl exclude | 2 |" in made.metadata["left_out"].value
