"""The whole chain in Dagster runs: a cell, a language, the full grid; what fails, fails visibly."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from scripted import ScriptedVllm, good_answer

from polyglot_assets.cli.run import RANGE_END, RANGE_START
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.contracts.tables import CELL_TABLES
from polyglot_assets.definitions import build_defs
from polyglot_assets.domain.grid import Cell, cells
from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.lake.store import Lake
from polyglot_assets.release import manifest, versions
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import Settings

Run = Callable[..., dg.ExecuteInProcessResult]
TEACHER = "smollm2-135m"
ALLOWED = {"resources": {"choices": {"config": {"allow_removal": True}}}}


@pytest.fixture
def vllm() -> ScriptedVllm:
    return ScriptedVllm.new()


@pytest.fixture
def run(settings: Settings, vllm: ScriptedVllm) -> Iterator[Run]:
    """Executes a rectangle of the grid, from one partition key to another, as `polyglot materialize` does: all assets,
    or those that lead to one of them.
    """
    defs = build_defs(settings, vllm)
    job = defs.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:

        def execute(
            first: str, last: str | None = None, *, to: str = "", allowed: bool = False
        ) -> dg.ExecuteInProcessResult:
            return job.execute_in_process(
                instance=instance,
                tags={RANGE_START: first, RANGE_END: last or first},
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
                | (ALLOWED if allowed else {}),
                asset_selection=_way_to(to, defs) if to else None,
                raise_on_error=False,
            )

        yield execute


def _way_to(asset: str, defs: dg.Definitions) -> list[dg.AssetKey]:
    """The asset and all that it is made from; most tests need no tables and no release."""
    selection = dg.AssetSelection.assets(asset.split("/")).upstream()
    return sorted(selection.resolve(defs.resolve_asset_graph()))


def _check_cells(result: dg.ExecuteInProcessResult, name: str) -> set[str | None]:
    """The partitions for which a check of the responses was recorded as passed."""
    evaluations = [e.event_specific_data for e in result.all_events if e.event_type_value == "ASSET_CHECK_EVALUATION"]
    return {e.partition for e in evaluations if e.check_name == name and e.passed}


def test_one_cell(run: Run, lake: Lake, vllm: ScriptedVllm) -> None:
    result = run("de|generate")
    assert result.success
    assert len(vllm.script.engines) == 1
    assert vllm.script.engines[0].closed
    examples = lake.read_cell(EXAMPLES, Cell("de", "generate"))
    assert len(examples) == 3
    assert _check_cells(result, "outcomes_add_up") >= {"de|generate"}


def test_one_cell_as_the_ui_launches_it(settings: Settings) -> None:
    job = build_defs(settings, ScriptedVllm.new()).resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(partition_key="de|generate", raise_on_error=False)
    assert _check_cells(result, "outcomes_add_up") == {"de|generate"}


def test_a_language_is_one_run_with_one_engine(run: Run, lake: Lake, vllm: ScriptedVllm) -> None:
    result = run("cs|generate", "cs|translate")
    assert result.success
    assert len(vllm.script.engines) == 1
    for cell in cells(["cs"]):
        assert len(lake.read_cell(RESPONSES, cell, teacher=TEACHER)) == 3
    assert _check_cells(result, "outcomes_add_up") >= {cell.key for cell in cells(["cs"])}


@pytest.mark.parametrize(("language", "named"), [("kab", 1), ("zu", 0)])
def test_a_run_says_that_no_detector_knows_a_language(settings: Settings, language: str, named: int) -> None:
    built = build_defs(settings.model_copy(update={"languages": (language,)}), ScriptedVllm.new())
    with dg.DagsterInstance.ephemeral() as instance:
        job = built.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(partition_key=f"{language}|translate", instance=instance, raise_on_error=False)
        said = [entry.user_message for entry in instance.all_logs(result.run_id) if entry.level == logging.WARNING]
    warnings = [message for message in said if "no language detector knows" in message]
    assert len(warnings) == named
    assert all("Kabyle (kab)" in message for message in warnings)


def test_the_full_grid_is_one_run_with_one_engine(run: Run, lake: Lake, vllm: ScriptedVllm, settings: Settings) -> None:
    result = run("ar|generate", "tl|translate")
    assert result.success
    assert len(vllm.script.engines) == 1
    grid = cells(settings.languages)
    assert _check_cells(result, "outcomes_add_up") >= {cell.key for cell in grid}
    with lake.connect() as connection:
        outcomes = connection.execute("SELECT count(*), count(DISTINCT prompt_id) FROM lake.responses").fetchone()
        prompts = connection.execute("SELECT count(*) FROM lake.prompts").fetchone()
        ids = connection.execute("SELECT count(id), count(DISTINCT id) FROM lake.examples").fetchone()
        distribution = connection.execute("SELECT sum(rows) FROM marts.language_distribution").fetchone()
        alike = connection.execute("SELECT count(*) FROM lake.duplicates").fetchone()
    assert prompts == (len(grid) * settings.rows_per_cell,)
    assert outcomes == (prompts[0], prompts[0])
    assert ids == (prompts[0], prompts[0])
    assert alike
    assert alike[0] > 0, "the script answers many prompts alike"
    assert distribution == (prompts[0] - alike[0],)
    newest = versions.latest(lake)
    assert newest is not None
    assert manifest.read(versions.path(lake, newest)).rows == prompts[0] - alike[0]

    again = run("ar|generate", "tl|translate")
    assert again.success
    stored = str([event.event_specific_data for event in result.all_events])
    assert "language_distribution" in stored
    assert "vollständige" not in stored, "a word that the teacher says reached Dagster's history"
    assert len(vllm.script.engines) == 1, "an unchanged grid loaded the engine again"


def test_every_cell_exists_and_empty_ones_say_why(run: Run, lake: Lake) -> None:
    result = run("tl|generate", "tl|translate", to="prompts")
    for source in SOURCES:
        for cell in cells(["tl"]):
            assert lake.cell_path(SEEDS, cell, source=source.name).exists()
    materialized = {
        (event.asset_key.path[-1], str(event.partition)): event.materialization.metadata
        for event in result.all_events
        if event.is_step_materialization and event.asset_key and event.asset_key.path[0] == "seeds"
    }
    assert "feeds only translate" in materialized["gsm8k", "tl|generate"]["empty_because"].value
    raw = materialized["cidar", "tl|respond"]
    assert raw["dagster/partition_row_count"].value == 0
    assert raw["raw_rows"].value == 14
    assert "other_language" in raw["raw_rows_by_reason"].value


def test_cells_carry_their_own_metadata(run: Run) -> None:
    result = run("de|generate", "de|translate", to="responses/smollm2_135m")
    by_cell = {
        str(event.partition): event.materialization.metadata
        for event in result.all_events
        if event.is_step_materialization and event.asset_key == dg.AssetKey(["responses", "smollm2_135m"])
    }
    assert set(by_cell) == {"de|generate", "de|respond", "de|translate"}
    for metadata in by_cell.values():
        assert metadata["dagster/partition_row_count"].value == 3
        assert "| ok | 3 |" in metadata["outcomes"].value
        assert "FROM lake.responses WHERE" in metadata["samples"].value
        assert metadata["engine_loads"].value == 1


def test_tokens_and_cost_are_those_of_what_was_newly_asked(settings: Settings, tmp_path: Path) -> None:
    registry = tmp_path / "teachers.toml"
    registry.write_text(
        '[priced]\nmodel = "org/priced"\nlicense = "mit"\nmax_tokens = 64\ninput_price = 2\noutput_price = 10.0\n'
    )
    priced = settings.model_copy(update={"teachers": ("priced",), "teacher_registry": registry})
    defs = build_defs(priced, ScriptedVllm.new())
    job = defs.resolve_implicit_global_asset_job_def()
    way = _way_to("responses/priced", defs)

    def metadata() -> dict[str, object]:
        result = job.execute_in_process(partition_key="de|respond", asset_selection=way, raise_on_error=False)
        (event,) = result.asset_materializations_for_node("responses__priced")
        return {name: value.value for name, value in event.metadata.items()}

    first, second = metadata(), metadata()
    spent = ("newly_asked", "prompt_tokens", "response_tokens", "cost_usd")
    assert [first[name] for name in spent] == [3, 150, 60, 0.0009]
    assert [second[name] for name in spent] == [0, 0, 0, 0.0]


def test_bad_answers_are_kept_visible_and_never_released(run: Run, lake: Lake, vllm: ScriptedVllm) -> None:
    def mostly_bad(request: Request) -> Completion:
        kind = request.sampling["seed"] % 4
        if kind == 0 and request.schema:
            return Completion(request.request_id, "{", "stop", 5, 1)
        if kind == 1:
            return Completion(request.request_id, "x", "length", 5, 1)
        if kind == 2:
            text = "This answer is in English although another language was asked for."
            pair = json.dumps({"prompt": text, "response": text})
            return Completion(request.request_id, pair if request.schema else text, "stop", 5, 1)
        return good_answer(request)

    vllm.script.answer = mostly_bad
    result = run("de|generate", "es|translate", to="examples")
    assert result.success, "bad answers are outcomes, not failures"
    with lake.connect() as connection:
        counts = dict(connection.execute("SELECT outcome, count(*) FROM lake.responses GROUP BY ALL").fetchall())
        prompts = connection.execute("SELECT count(*) FROM lake.prompts").fetchone()
        examples = connection.execute("SELECT count(*) FROM lake.examples").fetchone()
        silent = connection.execute(
            "SELECT count(*) FROM lake.responses WHERE outcome <> 'ok' AND (reason IS NULL OR raw_text IS NULL)"
        ).fetchone()
    assert sum(counts.values()) == (prompts or [0])[0]
    assert len(counts) >= 3
    assert examples == (counts.get("ok", 0),)
    assert silent == (0,)


def test_an_engine_that_dies_fails_the_run_and_is_closed(run: Run, lake: Lake, vllm: ScriptedVllm) -> None:
    def die(request: Request) -> Completion:
        raise ConnectionError("gone")

    vllm.script.answer = die
    result = run("de|respond", to="responses/smollm2_135m")
    assert not result.success
    assert vllm.script.engines[0].closed
    vllm.script.answer = good_answer
    assert run("de|respond", to="responses/smollm2_135m").success


def test_two_teachers_are_two_assets_and_both_reach_the_examples(settings: Settings, lake: Lake) -> None:
    two = settings.model_copy(update={"teachers": ("smollm2-135m", "gemma-3-4b-it")})
    defs = build_defs(two, ScriptedVllm.new())
    job = defs.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(
        partition_key="ja|translate", raise_on_error=False, asset_selection=_way_to("examples", defs)
    )
    assert result.success
    assert {row["teacher"] for row in lake.read_cell(EXAMPLES, Cell("ja", "translate"))} == set(two.teachers)


def test_another_teacher_takes_over_cell_by_cell(run: Run, lake: Lake, settings: Settings) -> None:
    """Examples are those of the teachers that are enabled; other cells stay as they are, and so do all answers."""
    run("de|generate", "de|translate", to="examples")
    other = settings.model_copy(update={"teachers": ("gemma-3-4b-it",)})
    job = build_defs(other, ScriptedVllm.new()).resolve_implicit_global_asset_job_def()
    assert not job.execute_in_process(partition_key="de|respond", raise_on_error=False).success, "rows would go"
    assert {row["teacher"] for row in lake.read_cell(EXAMPLES, Cell("de", "respond"))} == {TEACHER}
    assert job.execute_in_process(partition_key="de|respond", run_config=ALLOWED, raise_on_error=False).success
    teachers = {cell.strategy: {row["teacher"] for row in lake.read_cell(EXAMPLES, cell)} for cell in cells(["de"])}
    assert teachers == {"generate": {TEACHER}, "respond": set(other.teachers), "translate": {TEACHER}}
    assert lake.read_cell(RESPONSES, Cell("de", "respond"), teacher=TEACHER)
    with lake.connect() as connection:
        answers = "SELECT strategy, teacher FROM marts.outcome_funnel WHERE stage = 'answers' GROUP BY ALL"
        assert set(connection.execute(answers).fetchall()) == {
            (strategy, teacher) for strategy, (teacher,) in teachers.items()
        }
    assert run("de|respond", to="examples", allowed=True).success, "and back again"
    assert {row["teacher"] for row in lake.read_cell(EXAMPLES, Cell("de", "respond"))} == {TEACHER}


def test_a_lost_answer_fails_the_sum_check_of_its_cell(run: Run, lake: Lake, settings: Settings) -> None:
    """Breaks the lake behind Dagster's back: the check must see it, in the cell where it happened."""
    from polyglot_assets.marts.checks import load_checks
    from polyglot_assets.settings import bundled

    run("de|generate", "de|translate", to="examples")
    broken, whole = Cell("de", "respond"), Cell("de", "generate")
    rows = lake.read_cell(RESPONSES, broken, teacher=TEACHER)
    lake.write_cell(RESPONSES, broken, rows[1:], teacher=TEACHER)
    check = next(check for check in load_checks(bundled("dbt_like_sql")) if check.name == "outcomes_add_up")
    with lake.connect() as connection:
        assert [row["prompt_id"] for row in check.offences(connection, [broken])] == [rows[0]["prompt_id"]]
        assert check.offences(connection, [whole]) == []


def test_the_same_seeds_give_the_same_bytes_in_another_lake(run: Run, lake: Lake, settings: Settings) -> None:
    run("de|generate", "de|translate", to="examples")
    other = settings.model_copy(update={"lake": settings.lake.with_name("other")})
    defs = build_defs(other, ScriptedVllm.new())
    job = defs.resolve_implicit_global_asset_job_def()
    way = _way_to("examples", defs)
    for cell in cells(["de"]):  # one by one, in three runs
        assert job.execute_in_process(partition_key=cell.key, asset_selection=way, raise_on_error=False).success
    for table in CELL_TABLES.values():
        files = sorted(path.relative_to(lake.root) for path in (lake.root / table.name).rglob("*.parquet"))
        assert files
        for file in files:
            assert (lake.root / file).read_bytes() == (other.lake / file).read_bytes(), file
