"""`materialize --plan`: what it counts is what a run asks, and nothing is asked or written for it."""

from dataclasses import replace
from pathlib import Path

import dagster as dg
import lake_factory
import pytest
from click.testing import CliRunner
from scripted import ScriptedEngine

from polyglot_assets.cli import run as running
from polyglot_assets.cli.main import main
from polyglot_assets.cli.plan import UNKNOWN, _plan, plans, seconds_per_answer
from polyglot_assets.domain.grid import Cell, cells
from polyglot_assets.inference.registry import enabled
from polyglot_assets.lake.store import Lake
from polyglot_assets.responses.ledger import PastAnswers, ledger_path
from polyglot_assets.responses.plan import CellPlan
from polyglot_assets.responses.stage import respond
from polyglot_assets.settings import Settings

KEY = dg.AssetKey(["responses", "smollm2_135m"])


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A German lake with two prompts per cell, of which `respond` and `translate` were asked."""
    settings = lake_factory.settings_of(tmp_path_factory.mktemp("plan") / "lake", rows=2)
    lake = Lake(settings.lake)
    lake.prepare()
    lake_factory.seeds(lake, settings)
    lake_factory.prompts(lake, settings)
    (teacher,) = enabled(settings)
    engine = ScriptedEngine(lake_factory.answer)
    list(respond(lake, teacher, cells(["de"], ["respond", "translate"]), lambda: engine, lambda _: None))
    return lake


def settings_of(lake: Lake, **values: object) -> Settings:
    return Settings(lake=lake.root, **{"languages": ("de",), "rows_per_cell": 2} | values)


def test_the_plan_is_what_a_run_asks(asked: Lake, tmp_path: Path) -> None:
    lake = lake_factory.copied(asked, tmp_path / "lake")
    settings = settings_of(lake, rows_per_cell=4)
    before = lake_factory.contents(lake)
    (plan,) = plans(settings, running.choose(settings, (), (), None))
    assert lake_factory.contents(lake) == before
    assert (plan.prompts, plan.open, plan.at_most) == (12, 8, 0)
    assert (plan.requests, plan.read, plan.written) == (8, 400, 160)
    assert plan.seconds is None, "nobody has recorded how long answers took"
    lake_factory.prompts(lake, settings)
    assert lake_factory.responses(lake, settings) == plan.open
    (after,) = plans(settings, running.choose(settings, (), (), None))
    assert (after.open, after.requests, after.seconds) == (0, 0, 0.0)


def test_prices_are_those_of_the_teacher(asked: Lake) -> None:
    settings = settings_of(asked)
    (teacher,) = enabled(settings)
    cell = CellPlan(Cell("de", "generate"), 10, 10)
    assert _plan(settings, teacher, [cell]).cost == 0.0
    assert _plan(settings, replace(teacher, input_price=2.0, output_price=10.0), [cell]).cost == pytest.approx(0.003)
    unknown = replace(teacher, name="nobody", input_price=2.0)
    assert _plan(settings, unknown, [cell]).cost is None


def test_a_selection_without_prompts_goes_by_those_of_the_lake(asked: Lake) -> None:
    settings = settings_of(asked, rows_per_cell=9)
    (plan,) = plans(settings, running.choose(settings, (), ("generate",), 'key:"responses/*"'))
    assert (plan.prompts, plan.open) == (2, 2)
    assert plans(settings, running.choose(settings, (), (), 'key:"marts/*"')) == []


def test_a_new_lake_knows_no_rates(tmp_path: Path) -> None:
    settings = Settings(lake=tmp_path / "none", languages=("de",), rows_per_cell=5)
    (plan,) = plans(settings, running.choose(settings, (), (), None))
    assert (plan.prompts, plan.open, plan.at_most) == (15, 15, 3)
    assert (plan.requests, plan.written, plan.seconds) == (None, None, None)
    assert not settings.lake.exists()
    result = CliRunner(env={"POLYGLOT_LAKE": str(settings.lake)}).invoke(main, ["materialize", "--plan", "-l", "de"])
    assert result.exit_code == 0, result.output
    assert UNKNOWN in result.output
    assert "The seeds of 3 cells were not read yet" in result.output


def test_the_pace_is_that_of_the_runs_that_asked_something(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("")
    assert seconds_per_answer(tmp_path / "none", KEY) is None
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        assert seconds_per_answer(tmp_path, KEY) is None
        for partition, asked, seconds in (("de|respond", 6, 9.0), ("de|generate", 4, 10.0), ("cs|respond", 0, 0.0)):
            metadata = {"newly_asked": asked, "seconds_until_last_answer": seconds}
            instance.report_runless_asset_event(dg.AssetMaterialization(KEY, partition=partition, metadata=metadata))
    assert seconds_per_answer(tmp_path, KEY) == 1.0


def test_a_ledger_that_a_run_writes_can_be_read(asked: Lake) -> None:
    path = ledger_path(asked.root, "smollm2-135m", Cell("de", "respond"))
    with PastAnswers(path) as answers, PastAnswers(path) as again, PastAnswers(path.with_name("none")) as none:
        assert (len(answers), len(again), len(none)) == (2, 2, 0)
        assert all(answers.get(request_id) for request_id in answers.request_ids())
    assert not path.with_name("none").exists()
