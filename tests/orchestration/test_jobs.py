"""Jobs, the schedule, sensors and versions: what they reach, and that nothing runs before somebody turns it on."""

import json
import os
from functools import cache
from pathlib import Path

import dagster as dg
import pytest
from scripted import ScriptedVllm

from polyglot_assets.definitions import build_defs
from polyglot_assets.domain.grid import Cell, cells
from polyglot_assets.orchestration.jobs import RANGE_END, RANGE_START
from polyglot_assets.orchestration.versions import code_version, data_version
from polyglot_assets.seeds import revisions
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import Settings


@pytest.fixture
def built(settings: Settings) -> dg.Definitions:
    return build_defs(settings, ScriptedVllm.new())


def test_jobs_reach_what_they_are_called_after(built: dg.Definitions) -> None:
    graph = built.resolve_asset_graph()
    every = {key.to_user_string() for key in graph.get_all_asset_keys()}
    reached = {
        name: {key.to_user_string() for key in built.resolve_job_def(name).asset_layer.selected_asset_keys}
        for name in ("whole_lake", "one_language", "curation_and_tables", "release")
    }
    cellwise = {key for key in every if graph.get(dg.AssetKey(key.split("/"))).partitions_def is not None}
    assert reached["whole_lake"] == every
    assert reached["one_language"] == cellwise
    assert reached["release"] == every - cellwise
    assert reached["release"] - reached["curation_and_tables"] == {"release/sft"}
    assert reached["curation_and_tables"] >= {"marts/word_sample", "marts/report", "curation/duplicates"}


def test_nothing_starts_by_itself_but_the_watch_over_dead_runs(built: dg.Definitions) -> None:
    on = [sensor.name for sensor in built.sensors or [] if sensor.default_status == dg.DefaultSensorStatus.RUNNING]
    assert on == ["dead_runs"]
    (schedule,) = built.schedules or []
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(instance, repository_def=built.get_repository_def())
        (request,) = schedule.evaluate_tick(context).run_requests
    assert (request.tags[RANGE_START], request.tags[RANGE_END]) == ("ar|generate", "tl|translate")


def test_automation_goes_from_the_prompts_to_the_release(built: dg.Definitions) -> None:
    graph = built.resolve_asset_graph()
    left = {key.path[0] for key in graph.get_all_asset_keys() if graph.get(key).automation_condition is None}
    assert left == {"seeds"}, "seeds are read when they are asked for, or when the sensor sees new ones"


class TestNewSeeds:
    def sensor(self, settings: Settings) -> dg.SensorDefinition:
        built = build_defs(settings, ScriptedVllm.new())
        return next(sensor for sensor in built.sensors or [] if sensor.name == "new_seed_revisions")

    def test_a_changed_file_in_a_folder(self, settings: Settings, tmp_path: Path) -> None:
        file = tmp_path / "seeds" / "openai__gsm8k" / "train.jsonl"
        file.parent.mkdir(parents=True)
        file.write_text('{"question": "1+1?", "answer": "2"}\n')
        sensor = self.sensor(settings.model_copy(update={"seeds": str(tmp_path / "seeds")}))
        with dg.DagsterInstance.ephemeral() as instance:

            def tick(cursor: str | None) -> tuple[list[dg.RunRequest], str | None]:
                found = sensor.evaluate_tick(dg.build_sensor_context(instance, cursor=cursor))
                return list(found.run_requests or []), found.cursor

            requests, cursor = tick(None)
            assert requests == [], "what is there at first counts as known"
            assert tick(cursor)[0] == []
            os.utime(file, (1, 1))
            (request,), newer = tick(cursor)
            assert sensor.job_name == "whole_lake"
            assert request.tags["polyglot/because"] == "new seeds: gsm8k"
            assert request.tags[RANGE_START] == "ar|generate"
            assert tick(newer)[0] == []

    def test_a_newer_commit_on_the_hub_is_read_by_the_next_run(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hub = settings.model_copy(update={"seeds": "hub"})
        hub.lake.mkdir(parents=True)
        known = {source.repo: "a" * 40 for source in SOURCES}
        (hub.lake / "revisions.json").write_text(json.dumps(known))
        aya = next(source for source in SOURCES if source.name == "aya")
        monkeypatch.setattr(revisions, "_newest", lambda repo: ("b" if repo == aya.repo else "a") * 40)
        before = json.dumps({source.name: "a" * 40 for source in SOURCES})
        with dg.DagsterInstance.ephemeral() as instance:
            found = self.sensor(hub).evaluate_tick(dg.build_sensor_context(instance, cursor=before))
        assert len(found.run_requests or []) == 1
        assert json.loads((hub.lake / "revisions.json").read_text()).keys() == known.keys() - {aya.repo}


@cache
def versions(**change: object) -> dict[str, str | None]:
    settings = Settings(lake=Path("nowhere")).model_copy(update=change)
    graph = build_defs(settings, ScriptedVllm.new()).resolve_asset_graph()
    return {key.to_user_string(): graph.get(key).code_version for key in graph.get_all_asset_keys()}


@pytest.mark.parametrize(
    ("change", "reached"),
    [
        ({"rows_per_cell": 9}, {"prompts", "release/sft"}),
        ({"gate_refusal_share": 0.3}, {"responses/smollm2_135m", "release/sft"}),
        ({"duplicates_width": 3}, {"examples", "curation/duplicates", "release/sft"}),
        ({"evalsets_overlap": 0.5}, {"curation/contamination", "release/sft"}),
        ({"release_policy": "commercial"}, {"curation/licenses", "release/sft"}),
        ({"keep_toxic": True}, {*(f"seeds/{source.name}" for source in SOURCES), "release/sft"}),
        ({"teacher_patience": 1.0}, set()),
    ],
)
def test_a_changed_setting_makes_out_of_date_what_it_decides_about(
    change: dict[str, object], reached: set[str]
) -> None:
    assert change.keys() <= Settings.model_fields.keys()
    before, after = versions(), versions(**change)
    assert all(before.values())
    assert {name for name in before if before[name] != after[name]} == reached


def test_versions_are_those_of_contents(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")
    version = data_version([one, two])
    assert version == data_version([one, two])
    two.write_text("")
    assert version != data_version([one, two])
    assert (
        code_version(["domain/grid.py"], 1) != code_version(["domain/grid.py"], 2) != code_version(["domain/ids.py"], 2)
    )


def test_seeds_that_are_read_again_and_stay_the_same_make_nothing_out_of_date(settings: Settings) -> None:
    job = build_defs(settings, ScriptedVllm.new()).resolve_implicit_global_asset_job_def()
    (cell,) = cells(["de"], ["translate"])

    def version() -> str:
        key = dg.AssetKey(["seeds", "gsm8k"])
        result = job.execute_in_process(partition_key=Cell(cell.language, cell.strategy).key, asset_selection=[key])
        (event,) = result.asset_materializations_for_node("seeds__gsm8k")
        return (event.tags or {})["dagster/data_version"]

    assert version() == version()
