"""Each check passes on a sound lake and finds the fault that it is there for."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from factories import compute, duplicate, example, leak, outsider
from scripted import ScriptedEngine

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.counts import COUNTS
from polyglot_assets.contracts.duplicates import DUPLICATES
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.licenses import LICENSES
from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.contracts.table import Table
from polyglot_assets.contracts.tables import CELL_TABLES
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell, cells
from polyglot_assets.examples.build import build as build_examples
from polyglot_assets.gates.registry import OUTCOMES
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.lake.counts import Counted, count_answers, write_counts
from polyglot_assets.lake.store import Lake, write_parquet
from polyglot_assets.marts.checks import Check, load_checks
from polyglot_assets.prompts.build import build
from polyglot_assets.prompts.templates import load as load_templates
from polyglot_assets.responses.stage import respond
from polyglot_assets.seeds.acquire import find
from polyglot_assets.seeds.fill import fill
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import Settings, bundled

TEACHER = Teacher("scripted", "org/scripted", "mit")
CELLS = cells(["de"])
CELL = Cell("de", "generate")
CHECKS = {(check.table, check.name): check for check in load_checks(bundled("dbt_like_sql"))}


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with German cells, a duplicate, a leak and all marts, made without Dagster."""
    settings = Settings(lake=tmp_path_factory.mktemp("pattern") / "lake", rows_per_cell=3)
    lake = Lake(settings.lake)
    seeds: dict[Cell, list[dict[str, Any]]] = {cell: [] for cell in CELLS}
    for source in SOURCES:
        for cell, filled in fill(source, find(source, settings), CELLS, settings).items():
            lake.write_cell(SEEDS, cell, filled.rows, source=source.name)
            counts = {Counted(source.repo, reason): rows for reason, rows in filled.counts.items()}
            write_counts(lake, cell, counts, stage="seeds", part=source.name)
            seeds[cell] += filled.rows
    for cell in CELLS:
        rows, by_reason = build(cell, seeds[cell], load_templates()[cell.strategy], 4)
        lake.write_cell(PROMPTS, cell, rows)
        counted = {Counted(source, reason): rows for (source, reason), rows in by_reason.items()}
        write_counts(lake, cell, counted, stage="prompts", part="all")
    list(respond(lake, TEACHER, CELLS, ScriptedEngine, lambda line: None))
    for cell in CELLS:
        responses = lake.read_cell(RESPONSES, cell, teacher=TEACHER.name)
        write_counts(lake, cell, count_answers(responses), stage="answers", part="all")
        lake.write_cell(EXAMPLES, cell, build_examples(lake.read_cell(PROMPTS, cell), responses))
    first, second, third = lake.read_cell(EXAMPLES, CELL)[:3]
    fourth = lake.read_cell(EXAMPLES, CELLS[1])[0]
    _write(lake, DUPLICATES, [duplicate(second, first)])
    _write(lake, CONTAMINATION, [leak(third)])
    _write(lake, LICENSES, [outsider(fourth)])
    compute(lake)
    return lake


@pytest.fixture
def sound(pattern: Lake, lake: Lake) -> Lake:
    """A copy of it that may be broken."""
    shutil.copytree(pattern.root, lake.root, dirs_exist_ok=True)
    return lake


def _write(lake: Lake, table: Table, rows: list[dict[str, Any]]) -> None:
    write_parquet(pa.Table.from_pylist(rows, schema=table.schema), lake.table_path(table))


def test_a_check_that_depends_on_a_setting_names_it() -> None:
    named = {name: check.settings for (_, name), check in CHECKS.items() if check.settings}
    assert named == {"no_source_is_wiped_out": ("MAX_DUPLICATE_SHARE",)}
    assert all(setting.lower() in Settings.model_fields for settings in named.values() for setting in settings)


def _offences(lake: Lake, check: Check) -> list[dict[str, Any]]:
    with lake.connect() as connection:
        cells_ = CELLS if check.table in CELL_TABLES else []
        return check.offences(connection, cells_, [TEACHER.name])


@pytest.mark.parametrize("check", CHECKS.values(), ids=lambda check: f"{check.table}-{check.name}")
def test_a_sound_lake_passes(sound: Lake, check: Check) -> None:
    assert _offences(sound, check) == []


Rows = list[dict[str, Any]]


def _edit(lake: Lake, table: Table, change: Callable[[Rows], Rows], **parts: str) -> None:
    lake.write_cell(table, CELL, change(lake.read_cell(table, CELL, **parts)), **parts)


def _set(**values: Any) -> Callable[[Rows], Rows]:
    return lambda rows: [{**rows[0], **values}, *rows[1:]]


def _drop(rows: Rows) -> Rows:
    return rows[1:]


def _double(rows: Rows) -> Rows:
    return [*rows, rows[0]]


T = {"teacher": TEACHER.name}
FAULTS = [
    ("prompts", "contract", PROMPTS, _double, {}),
    ("prompts", "contract", PROMPTS, _set(synth_prompt=None), {}),
    ("prompts", "every_seed_is_accounted_for", PROMPTS, _drop, {}),
    ("prompts", "every_seed_is_accounted_for", COUNTS, _drop, {"stage": "prompts", "part": "all"}),
    ("prompts", "examples_exclude_the_seed_itself", PROMPTS, _set(exemplar_ids=["a", "a", "b"]), {}),
    ("responses", "contract", RESPONSES, _set(outcome="fine"), T),
    ("responses", "contract", RESPONSES, _set(outcome=None), T),
    ("responses", "contract", RESPONSES, _set(prompt_id="nowhere"), T),
    ("responses", "outcomes_add_up", RESPONSES, _drop, T),
    ("responses", "outcomes_add_up", RESPONSES, _double, T),
    ("responses", "outcomes_add_up", RESPONSES, lambda rows: [], T),
    ("responses", "reasons_are_given", RESPONSES, _set(outcome="empty"), T),
    ("responses", "reasons_are_given", RESPONSES, _set(response=""), T),
    ("examples", "contract", EXAMPLES, _double, {}),
    ("examples", "contract", EXAMPLES, _set(seed_id="nowhere"), {}),
    ("examples", "every_kept_answer_is_there", EXAMPLES, _drop, {}),
    ("examples", "every_kept_answer_is_there", RESPONSES, _set(outcome="empty", reason="x"), T),
]


@pytest.mark.parametrize(("table", "name", "edited", "change", "parts"), FAULTS)
def test_each_fault_is_found_in_its_cell_only(
    sound: Lake, table: str, name: str, edited: Table, change: Callable[[Rows], Rows], parts: dict[str, str]
) -> None:
    _edit(sound, edited, change, **parts)
    check = CHECKS[table, name]
    found = _offences(sound, check)
    assert found
    assert {(row["language"], row["strategy"]) for row in found} == {("de", "generate")}


def test_stale_marts_fail_their_sum_checks(sound: Lake) -> None:
    _edit(sound, EXAMPLES, _drop)
    assert _offences(sound, CHECKS["curated", "every_example_once"])
    compute(sound)
    assert not _offences(sound, CHECKS["curated", "every_example_once"])
    assert _offences(sound, CHECKS["outcome_funnel", "stages_hand_over"])


MART_FAULTS = [
    ("language_distribution", "sums_to_the_kept_rows", "language_distribution", "* REPLACE (rows + 1 AS rows)"),
    ("language_distribution", "sums_to_the_kept_rows", "language_distribution", "* REPLACE (share / 2 AS share)"),
    ("language_distribution", "sums_to_the_kept_rows", "curated", "* REPLACE ('ok' AS outcome)"),
    ("source_funnel", "sums_agree", "source_funnel", "* REPLACE (accepted + 1 AS accepted)"),
    ("source_funnel", "sums_agree", "source_mix", "* REPLACE (rows + 1 AS rows)"),
    ("curated", "duplicates_name_a_kept_row", "curated", "* REPLACE ('nowhere' AS kept_id)"),
    ("curated", "no_contaminated_row_is_kept", "curated", "* REPLACE ('ok' AS outcome)"),
    ("curated", "no_row_outside_the_policy_is_kept", "curated", "* REPLACE ('ok' AS outcome)"),
    ("outcome_funnel", "stages_hand_over", "outcome_funnel", "* REPLACE (rows + stage_order AS rows)"),
]


@pytest.mark.parametrize(("table", "name", "edited", "columns"), MART_FAULTS)
def test_a_wrong_mart_fails_its_check(sound: Lake, table: str, name: str, edited: str, columns: str) -> None:
    with sound.connect() as connection:
        data = connection.sql(f"SELECT {columns} FROM marts.{edited}").to_arrow_table()
    write_parquet(data, sound.mart_path(edited))
    assert _offences(sound, CHECKS[table, name])


def test_rows_left_out_that_are_not_there_or_twice_are_found(sound: Lake) -> None:
    check = CHECKS["licenses", "left_out_examples_exist"]
    here = sound.read_cell(EXAMPLES, CELLS[1])[0]
    for rows, found in (([outsider(here)] * 2, 2), ([outsider({**here, "id": "nowhere"})], 1)):
        _write(sound, LICENSES, rows)
        assert [row["times"] for row in _offences(sound, check)] == [found]


@pytest.mark.parametrize(
    ("examples", "left_out", "allowed", "alarm"),
    [(40, 21, None, True), (40, 20, None, False), (40, 39, 1.0, False), (40, 9, 0.2, True), (19, 18, None, False)],
)
def test_a_source_that_vanishes_in_duplicates_raises_the_alarm(
    lake: Lake, examples: int, left_out: int, allowed: float | None, *, alarm: bool
) -> None:
    rows = [example(number, CELL, source="org/a") for number in range(examples)]
    lake.write_cell(EXAMPLES, CELL, rows)
    _write(lake, DUPLICATES, [duplicate(row, rows[0]) for row in rows[1 : left_out + 1]])
    with lake.connect() as connection:
        if allowed is not None:
            connection.execute(f"SET VARIABLE max_duplicate_share = {allowed}").fetchall()
        found = CHECKS["duplicates", "no_source_is_wiped_out"].offences(connection)
    assert {row["part"] for row in found} == ({"source org/a", "cell de/generate"} if alarm else set())


def test_offences_are_those_of_the_teachers_asked_for(sound: Lake) -> None:
    _edit(sound, RESPONSES, _drop, **T)
    with sound.connect() as connection:
        assert CHECKS["responses", "outcomes_add_up"].offences(connection, CELLS, ["another"]) == []


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("checks/nothing.sql", "SELECT 1", "is named <table>__<what must hold>"),
        ("checks/unknown__x.sql", "SELECT 1", "there is no table 'unknown'"),
        ("checks/prompts__x.sql", "SELECT * FROM lake.propmts", "unknown table"),
    ],
)
def test_a_check_that_cannot_work_is_named(tmp_path: Path, file: str, text: str, message: str) -> None:
    folder = Path(shutil.copytree(bundled("dbt_like_sql"), tmp_path / "sql"))
    (folder / file).write_text(text)
    with pytest.raises(UserError, match=message):
        load_checks(folder)


def test_an_unknown_test_in_the_schema_is_named(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(bundled("dbt_like_sql"), tmp_path / "sql"))
    schema = folder / "schema.yml"
    schema.write_text(schema.read_text().replace("tests: [not_null, unique]", "tests: [not_nil]", 1))
    with pytest.raises(UserError, match="unknown test 'not_nil'"):
        load_checks(folder)


def test_the_values_of_an_outcome_are_those_of_the_registry() -> None:
    for table, values in (("responses", OUTCOMES), ("curated", ["ok", "duplicate", "contaminated", "outside_policy"])):
        assert f"outcome is one of {', '.join(values)}" in CHECKS[table, "contract"].description


def test_a_registry_that_schema_yml_makes_up(tmp_path: Path) -> None:
    folder = tmp_path / "sql"
    shutil.copytree(bundled("dbt_like_sql"), folder)
    schema = (folder / "schema.yml").read_text()
    (folder / "schema.yml").write_text(schema.replace("values: outcomes of answers", "values: outcomes of dreams"))
    with pytest.raises(UserError, match=r"responses\.outcome: accepted_values are a list or one of strategies"):
        load_checks(folder)
