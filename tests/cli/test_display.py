"""What is shown of a run that fails: its own words last, and nothing about what did not run."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from polyglot_assets.cli import console
from polyglot_assets.cli import run as running
from polyglot_assets.cli.display import RunDisplay
from polyglot_assets.cli.origin import WORKSPACE, known_to_the_ui
from polyglot_assets.domain import grid
from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.store import Lake
from polyglot_assets.marts.assets import _found
from polyglot_assets.orchestration import endings
from polyglot_assets.orchestration.wiring import LakeContext, locked_executor, markdown, rows_of
from polyglot_assets.settings import Settings


@dg.asset
def broken() -> None:
    raise UserError("train.jsonl, line 2: broken JSON")


@dg.asset(deps=[broken])
def after() -> None: ...


@dg.asset(deps=[after])
def long_after() -> None: ...


@dg.asset
def zest() -> None: ...


@dg.asset_check(asset=zest, blocking=True)
def fresh() -> dg.AssetCheckResult:
    offences = [{"source": "org/lemons", "left_out": 30, "note": None}, {"source": "a|b", "left_out": 1, "note": "x"}]
    return dg.AssetCheckResult(passed=False, metadata=_found(offences, {"MAX_DUPLICATE_SHARE": 0.5}))


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    file = io.StringIO()
    monkeypatch.setattr(console.console, "_file", file)
    return file


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def run_of(settings: Settings, instance: dg.DagsterInstance, *names: str) -> tuple[RunDisplay, str]:
    """As `polyglot materialize` runs a job."""
    display = RunDisplay()
    defs = dg.Definitions(
        assets=[broken, after, long_after, zest], asset_checks=[fresh], loggers={"terminal": running._logger(display)}
    )
    with display.running("a run"), known_to_the_ui(instance), endings.without_noise(instance):
        result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey(name) for name in names],
            run_config={"loggers": {"terminal": {}}},
            raise_on_error=False,
        )
    if not result.success:
        running._say_last(instance, result)
    return display, result.run_id


def test_what_failed_is_the_last_line_on_the_screen_and_in_the_log(
    settings: Settings, instance: dg.DagsterInstance, shown: io.StringIO
) -> None:
    display, run_id = run_of(settings, instance, "broken", "after", "long_after")
    assert shown.getvalue().splitlines()[1:] == ["✗ broken train.jsonl, line 2: broken JSON"]
    assert not display.interrupted
    log = [entry.message for entry in instance.all_logs(run_id)]
    assert not [message for message in log if "Not executing" in message]
    assert log[-1] == "broken failed: train.jsonl, line 2: broken JSON"


def test_a_run_of_the_ui_ends_the_same_way(settings: Settings, instance: dg.DagsterInstance) -> None:
    lake_context = LakeContext(settings, Lake(settings.lake), grid.partitions(settings.languages))
    lake_context.lake.prepare()
    job = dg.Definitions(assets=[broken, after, long_after], executor=locked_executor(lake_context))
    job = job.resolve_implicit_global_asset_job_def()
    run = instance.create_run_for_job(job)
    execute_run(InMemoryJob(job), run, instance)
    log = [entry for entry in instance.all_logs(run.run_id) if entry.level >= logging.ERROR]
    assert [entry.user_message for entry in log if not entry.is_dagster_event] == [
        "broken failed: train.jsonl, line 2: broken JSON"
    ]


def test_a_run_is_recorded_as_one_of_the_code_location_that_the_ui_opens(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    _, run_id = run_of(settings, instance, "zest")
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert run.run_config == {}, "a logger that only this process has could not be found when it is executed again"
    assert run.remote_job_origin is not None
    assert run.remote_job_origin.location_name == "polyglot"
    assert run.remote_job_origin.repository_origin.repository_name == "__repository__"
    assert WORKSPACE.read_text() == Path("workspace.yaml").read_text()


def test_a_failed_check_names_rows_source_and_setting(
    settings: Settings, instance: dg.DagsterInstance, shown: io.StringIO
) -> None:
    run_of(settings, instance, "zest")
    text = shown.getvalue()
    assert "✗ check failed zest: fresh: 2 offending rows\n" in text
    assert "  source org/lemons, left_out 30\n" in text
    assert "  source a¦b, left_out 1, note x\n" in text
    assert "  decided by POLYGLOT_MAX_DUPLICATE_SHARE=0.5" in text


def test_a_table_in_markdown_can_be_read_back() -> None:
    rows = [{"a": 1, "b": "x y"}, {"a": None, "b": "[link](http://x)"}]
    assert rows_of(markdown(rows, ("a", "b"))) == [{"a": "1", "b": "x y"}, {"a": "", "b": "[link](http://x)"}]
    assert rows_of(markdown([], ("a", "b"))) == []
