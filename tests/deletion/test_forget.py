"""Rows that were asked to be deleted are gone from everywhere, the rest is as it was, and they do not come back."""

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import lake_factory
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from factories import rows_of

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.deletion import forget
from polyglot_assets.deletion.verify import verify
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell, cells
from polyglot_assets.lake import locks, tombstones
from polyglot_assets.lake.store import Lake
from polyglot_assets.lake.tombstones import Request
from polyglot_assets.marts.checks import load_checks
from polyglot_assets.orchestration.wiring import _Locked
from polyglot_assets.release import sft, versions
from polyglot_assets.release.verify import verify as verify_release
from polyglot_assets.responses.ledger import ledger_path
from polyglot_assets.settings import Settings, bundled

GENERATE, RESPOND, TRANSLATE = cells(["de"])


def everything(lake: Lake) -> Iterator[tuple[Path, str]]:
    """Each file as one text without white space: Parquet as JSON, the rest as it is. Knows nothing of the product."""
    for path in sorted(lake.root.rglob("*")):
        if path.is_file() and path.parent.name != "deletions":
            if path.suffix == ".parquet":
                text = json.dumps(pq.read_table(path, partitioning=None).to_pylist(), ensure_ascii=False, default=repr)
            else:
                text = path.read_bytes().decode("utf-8", "replace")
            yield path, _plain(text)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def secrets_of(lake: Lake, requests: list[Request]) -> set[str]:
    """What must not be found any more: ids, and the texts of the seeds as they stand in JSON."""
    wanted = {request.seed_id for request in requests}
    found = {request.source_id for request in requests if len(request.source_id) > 8} | wanted
    for path in (lake.root / SEEDS.name).rglob("*.parquet"):
        for row in pq.read_table(path, partitioning=None).to_pylist():
            if row["seed_id"] in wanted:
                for text in (row["prompt"], row["response"]):
                    if len(_plain(text)) >= 20:
                        found.add(_plain(json.dumps(text, ensure_ascii=False)[1:-1]))
    return found


def offences(lake: Lake) -> dict[str, list[dict[str, Any]]]:
    """What the SQL checks have to say."""
    with lake.connect() as connection:
        found = {
            check.table + " " + check.name: check.offences(connection) for check in load_checks(bundled("dbt_like_sql"))
        }
    return {name: rows for name, rows in found.items() if rows}


def test_nothing_is_left_in_any_file(lake: Lake, settings: Settings, requests: list[Request]) -> None:
    secrets = secrets_of(lake, requests)
    assert len(secrets) > 8
    before = {secret for secret in secrets for _, text in everything(lake) if secret in text}
    assert len(before) >= len(secrets) - 2, "the lake holds what is looked for (but the row that it never had)"
    lake_factory.forget(lake, settings, requests)
    assert [(path, secret) for path, text in everything(lake) for secret in secrets if secret in text] == []


def test_the_proof_finds_a_row_in_every_table_and_nothing_after_its_deletion(
    lake: Lake, settings: Settings, requests: list[Request]
) -> None:
    intent = forget.intend(lake, settings, requests)
    tombstones.record_requests(lake, intent.new)
    tombstones.record_found(lake, intent.plan.found)
    found = {(find.file.relative_to(lake.root).parts[0], find.what) for find in verify(lake, []).offences}
    ids = {
        "seeds",
        "prompts",
        "responses",
        "examples",
        "contamination",
        "searched",
        "marts",
        "release",
        "dagster",
    }
    assert {place for place, what in found if what == "id"} >= ids
    assert {place for place, what in found if what == "text"} >= {"seeds", "prompts", "examples", "release", "dagster"}
    lake_factory.forget(lake, settings, [])
    verdict = verify(lake, [])
    assert verdict.offences == []
    assert verdict.unseen == []
    assert verdict.files > 80


def test_the_rest_is_as_it_was(whole: Lake, lake: Lake, settings: Settings, requests: list[Request]) -> None:
    gone = {request.seed_id for request in requests}
    lake_factory.forget(lake, settings, requests)
    changed_columns = {"prompt_repeated", "sample_place", "prompt_words", "response_words"}
    for cell in cells(["de"]):
        for table in (PROMPTS, EXAMPLES):
            key = table.key[0]
            left = {row[key]: row for row in lake.read_cell(table, cell)}
            expected = {
                row[key]: row
                for row in whole.read_cell(table, cell)
                if gone.isdisjoint({row["seed_id"], *row["exemplar_ids"]})
            }
            assert left.keys() == expected.keys()
            for name, row in left.items():
                assert {k: v for k, v in row.items() if k not in changed_columns} == {
                    k: v for k, v in expected[name].items() if k not in changed_columns
                }
        assert lake.read_cell(EXAMPLES, cell), "not all of the cell is concerned"
        left_ids = {row["prompt_id"] for row in lake.read_cell(PROMPTS, cell)}
        answers = [row["prompt_id"] for row in lake.read_cell(RESPONSES, cell, teacher=lake_factory.TEACHER)]
        assert sorted(answers) == sorted(left_ids)
        path = lake.cell_path(EXAMPLES, cell)
        before = path.read_bytes()
        lake_factory.examples(lake, settings)
        assert path.read_bytes() == before, "as the asset would make it from what is left"
    assert pq.read_table(lake.table_path(CONTAMINATION)).num_rows == 0


def test_sums_hold_before_and_after_the_gaps_are_filled(
    whole: Lake, lake: Lake, settings: Settings, requests: list[Request]
) -> None:
    assert offences(whole) == {}
    raw = rows_of(whole, "SELECT source, raw_rows FROM marts.source_funnel ORDER BY source")
    lake_factory.forget(lake, settings, requests)
    assert offences(lake) == {}
    assert rows_of(lake, "SELECT source, raw_rows FROM marts.source_funnel ORDER BY source") == raw
    deleted = rows_of(
        lake, "SELECT stage, sum(rows)::INT AS rows FROM marts.outcome_funnel WHERE outcome = 'deleted' GROUP BY ALL"
    )
    assert {row["stage"] for row in deleted} == {"raw rows", "seeds"}

    old = {row["prompt_id"] for cell in cells(["de"]) for row in lake.read_cell(PROMPTS, cell)}
    lake_factory.seeds(lake, settings, tombstones.seed_ids(lake))
    lake_factory.prompts(lake, settings)
    new = {row["prompt_id"] for cell in cells(["de"]) for row in lake.read_cell(PROMPTS, cell)} - old
    assert lake_factory.responses(lake, settings) == len(new), "only what is new is paid for"
    lake_factory.examples(lake, settings)
    lake_factory.follow(lake, settings)
    assert offences(lake) == {}
    assert rows_of(lake, "SELECT source, raw_rows FROM marts.source_funnel ORDER BY source") == raw
    ids = {request.seed_id for request in requests}
    there = {row["seed_id"] for row in rows_of(lake, "SELECT DISTINCT seed_id FROM lake.seeds")}
    assert there
    assert not ids & there
    assert verify(lake, []).offences == []


def test_other_prompts_stay_when_a_seed_goes(lake: Lake, settings: Settings, shown: Request) -> None:
    """Examples are drawn from a ring of hashes: only the prompts that showed the seed get another one."""
    before = lake.read_cell(PROMPTS, GENERATE)
    lake_factory.forget(lake, settings, [shown])
    lake_factory.prompts(lake, settings)
    after = {row["prompt_id"] for row in lake.read_cell(PROMPTS, GENERATE)}
    for row in before:
        assert (row["prompt_id"] in after) == (shown.seed_id not in {row["seed_id"], *row["exemplar_ids"]})


def test_a_second_request_has_nothing_to_do(lake: Lake, settings: Settings, requests: list[Request]) -> None:
    lake_factory.forget(lake, settings, requests)
    before = lake_factory.contents(lake)
    intent = lake_factory.forget(lake, settings, requests)
    assert intent.idle
    assert intent.done == requests
    assert lake_factory.contents(lake) == before


def test_a_row_that_is_not_there_yet_stays_out(lake: Lake, settings: Settings) -> None:
    later = Request("openai/gsm8k", "not yet")
    lake_factory.forget(lake, settings, [later])
    assert tombstones.seed_ids(lake) == {later.seed_id}
    assert rows_of(lake, "SELECT rows, done_at IS NOT NULL AS done FROM lake.deletions") == [{"rows": 0, "done": True}]


def test_what_came_back_is_removed_again(lake: Lake, settings: Settings, english: Request) -> None:
    lake_factory.forget(lake, settings, [english])
    lake_factory.seeds(lake, settings)  # by a program that knows no tombstones
    assert verify(lake, []).offences
    intent = lake_factory.forget(lake, settings, [])
    assert [request.seed_id for request in intent.open] == [english.seed_id]
    assert verify(lake, []).offences == []


def test_the_record_says_who_and_how_many(whole: Lake, lake: Lake, settings: Settings, english: Request) -> None:
    lake_factory.forget(lake, settings, [english])
    (row,) = rows_of(lake, "FROM lake.deletions")
    assert (row["source"], row["source_id"]) == (english.source, english.source_id)
    assert (row["requested_by"], row["reference"]) == ("the author", "mail 17")
    removed = {(r["place"], r["strategy"]): r["rows"] for r in row["removed"]}
    assert removed["seeds", "translate"] == removed["prompts", "translate"] == removed["examples", "translate"] == 1
    assert (
        removed[f"responses/{lake_factory.TEACHER}", "translate"]
        == removed[f"ledger/{lake_factory.TEACHER}", "translate"]
        == 1
    )
    assert sum(rows for (place, _), rows in removed.items() if place.startswith("release")) == len(
        rows_of(whole, f"FROM release.lineage WHERE seed_id = '{english.seed_id}'")
    )
    text = json.dumps(row, ensure_ascii=False) + tombstones.log_path(lake).read_text()
    (seed,) = [s for s in rows_of(whole, "FROM lake.seeds") if s["seed_id"] == english.seed_id]
    assert seed["prompt"][:20] not in text


def test_releases_are_replaced_and_the_latest_stays_the_latest(
    whole: Lake, lake: Lake, settings: Settings, english: Request
) -> None:
    old = versions.names(lake)
    concerned = {row["release"] for row in rows_of(whole, f"FROM release.lineage WHERE seed_id = '{english.seed_id}'")}
    assert concerned
    lake_factory.forget(lake, settings, [english])
    new = versions.names(lake)
    assert len(new) == len(old)
    for before, after in zip(old, new, strict=True):
        assert (before != after) == (before in concerned)
        assert {name: bad for name, bad in verify_release(versions.path(lake, after)).items() if bad} == {}
    assert versions.latest(lake) == new[-1]


def test_an_older_release_is_replaced_without_becoming_the_latest(lake: Lake, settings: Settings) -> None:
    older, newest = versions.names(lake)
    # What is in the older release is in the newest one too, so that one is made without it first.
    seed_id = rows_of(lake, f"SELECT seed_id FROM release.lineage WHERE release = '{older}' AND len(exemplar_ids) = 0")[
        0
    ]["seed_id"]
    ids = [
        row["id"]
        for row in rows_of(lake, f"FROM release.lineage WHERE release = '{newest}'")
        if seed_id in {row["seed_id"], *row["exemplar_ids"]}
    ]
    if ids:
        newest_now = sft.without(lake, newest, ids, "made smaller").folder.name
        versions.remove(lake, newest, "made smaller")
        newest = newest_now
    lake_factory.forget(lake, settings, [lake_factory.request_of(lake, seed_id)])
    assert versions.latest(lake) == newest
    assert older not in versions.names(lake)
    assert versions.names(lake)[-1] == newest


def test_answers_of_unknown_prompts_go_from_the_cells_concerned_only(
    lake: Lake, settings: Settings, english: Request
) -> None:
    """An answer to a prompt of an earlier template may have shown anything."""
    lake_factory.prompts(
        lake, settings.model_copy(update={"rows_per_cell": 1})
    )  # three answers a cell have no prompt now
    lines = {cell: _lines(lake, cell) for cell in cells(["de"])}
    intent = lake_factory.forget(lake, settings, [english])
    assert _lines(lake, GENERATE) == lines[GENERATE]
    assert _lines(lake, RESPOND) == lines[RESPOND]
    assert len(_lines(lake, TRANSLATE)) < len(lines[TRANSLATE])
    assert len(_lines(lake, TRANSLATE)) <= 1
    rows = intent.plan.found[english.seed_id].rows
    assert rows[f"ledger/{lake_factory.TEACHER}, of earlier prompts", "de", "translate"] >= 2


def _lines(lake: Lake, cell: Cell) -> list[bytes]:
    return ledger_path(lake.root, lake_factory.TEACHER, cell).read_bytes().splitlines()


def test_the_same_prompt_in_another_source_is_named_and_stays(lake: Lake, settings: Settings, english: Request) -> None:
    source = next(
        s
        for s in ("gsm8k", "magpie_pro")
        if any(r["seed_id"] == english.seed_id for r in lake.read_cell(SEEDS, TRANSLATE, source=s))
    )
    other = "magpie_pro" if source == "gsm8k" else "gsm8k"
    rows, own = lake.read_cell(SEEDS, TRANSLATE, source=other), lake.read_cell(SEEDS, TRANSLATE, source=source)
    (seed,) = [row for row in own if row["seed_id"] == english.seed_id]
    twin = Request(rows[0]["source"], "its twin of another house")
    copy = {**seed, "source": twin.source, "source_id": twin.source_id, "seed_id": twin.seed_id}
    lake.write_cell(SEEDS, TRANSLATE, [*rows, copy], source=other)
    intent = lake_factory.forget(lake, settings, [english])
    assert intent.plan.twins == {english.seed_id: {(twin.source, twin.source_id)}}
    assert twin.seed_id in {row["seed_id"] for row in lake.read_cell(SEEDS, TRANSLATE, source=other)}
    verdict = verify(lake, [])
    assert verdict.offences == []
    assert any("another id" in find.allowed for find in verdict.finds)


def test_left_overs_of_killed_processes_go(lake: Lake, settings: Settings, english: Request) -> None:
    cell = lake.cell_path(EXAMPLES, TRANSLATE)
    left = [
        cell.with_name(".write-abc"),
        lake.root / ".reading-x" / "seeds" / "0.parquet",
        lake.root / ".catalogue-y" / "lake.duckdb",
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cell.read_bytes())
    lake_factory.forget(lake, settings, [english])
    assert [path for path in left if path.exists()] == []


def test_a_run_keeps_deletions_away_and_the_other_way_round(lake: Lake, settings: Settings, english: Request) -> None:
    with locks.shared(lake), locks.shared(lake), pytest.raises(UserError, match="materialization"):
        lake_factory.forget(lake, settings, [english])
    assert tombstones.read(lake) == {}
    lake_factory.forget(lake, settings, [english])


def test_tables_that_nothing_makes_any_more_go(lake: Lake, settings: Settings, english: Request) -> None:
    old = lake.mart_path("of_an_earlier_program")
    pq.write_table(pa.table({"text": ["anything"]}), old)
    lake_factory.forget(lake, settings, [english])
    assert not old.exists()


def test_a_run_of_dagster_holds_the_lock(lake: Lake, settings: Settings, english: Request, tmp_path: Path) -> None:
    event = dg.DagsterEvent(dg.DagsterEventType.PIPELINE_START.value, "nothing", message="")

    class Inner:
        retries = None

        def execute(self, plan_context: object, execution_plan: object) -> Iterator[object]:
            with pytest.raises(UserError, match="materialization"):
                lake_factory.forget(lake, settings, [english])
            yield event

    @dg.job
    def nothing() -> None: ...

    inner: Any = Inner()
    place: Any = SimpleNamespace(settings=settings, lake=lake)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        plan = SimpleNamespace(instance=instance, dagster_run=instance.create_run_for_job(nothing), log=None)
        assert [*_Locked(inner, place).execute(plan, "steps")] == [event]
    assert tombstones.read(lake) == {}
