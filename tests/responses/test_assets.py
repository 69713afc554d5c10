"""What becomes of an engine that goes away while the UI's run is under way."""

import dagster as dg
import lake_factory
import pytest
from scripted import ScriptedVllm, good_answer

from polyglot_assets.definitions import build_defs
from polyglot_assets.domain.errors import EngineDown
from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.lake.store import Lake
from polyglot_assets.orchestration.endings import COMMAND_LINE, FROM
from polyglot_assets.settings import Settings

KEY = dg.AssetKey(["responses", "smollm2_135m"])


@pytest.mark.parametrize(
    ("passing", "tags", "tries"),
    [(True, {}, 3), (False, {}, 1), (True, {FROM: COMMAND_LINE}, 1)],
    ids=["an outage", "a key that is refused", "on the command line"],
)
def test_only_where_it_may_help_a_step_is_tried_again(
    lake: Lake, settings: Settings, *, passing: bool, tags: dict[str, str], tries: int
) -> None:
    lake_factory.seeds(lake, settings)
    lake_factory.prompts(lake, settings)
    vllm = ScriptedVllm(name=ScriptedVllm.new().name, patience=0.01)
    down = []

    def answer(request: Request) -> Completion:
        if len(down) < 2:
            down.append(request)
            raise EngineDown("the server is away", passing=passing)
        return good_answer(request)

    vllm.script.answer = answer
    job = build_defs(settings, vllm).resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(partition_key="de|respond", asset_selection=[KEY], tags=tags, raise_on_error=False)
    assert result.success == (tries == 3)
    events = [event.event_type_value for event in result.all_events]
    assert 1 + events.count("STEP_UP_FOR_RETRY") == tries
