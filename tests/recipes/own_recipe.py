"""Run by test_recipes.py: the whole chain in a process in which the folder named first belongs to the recipes.

Prints as JSON what became of all strategies, those that lie there included.
"""

import json
import runpy
import sys
from pathlib import Path

import polyglot_assets.recipes

polyglot_assets.recipes.__path__.append(sys.argv[1])

import dagster as dg  # noqa: E402
import lake_factory  # noqa: E402
from click.testing import CliRunner  # noqa: E402
from scripted import ScriptedVllm  # noqa: E402

from polyglot_assets.cli.main import main  # noqa: E402
from polyglot_assets.cli.run import RANGE_END, RANGE_START  # noqa: E402
from polyglot_assets.definitions import build_defs  # noqa: E402
from polyglot_assets.inference.engine import Completion, Request  # noqa: E402
from polyglot_assets.lake.store import Lake  # noqa: E402
from polyglot_assets.marts.report import report_path  # noqa: E402
from polyglot_assets.release import manifest, versions  # noqa: E402
from polyglot_assets.release.verify import verify  # noqa: E402
from polyglot_assets.settings import load  # noqa: E402

TOOLS = Path(__file__).parents[2] / "tools"
settings = load()
lake = Lake(settings.lake)
unchanged: set[str] = set()


def answer(request: Request) -> Completion:
    """A good answer; the first prompt that is to be made harder comes back as it was."""
    good = lake_factory.answer(request)
    asked = request.messages[1]["content"]
    if "harder version" not in asked or unchanged:
        return good
    unchanged.add(request.request_id)
    pair = json.loads(good.text) | {"prompt": asked.split("\n\n")[1]}
    return Completion(request.request_id, json.dumps(pair), "stop", prompt_tokens=1, response_tokens=1)


vllm = ScriptedVllm.new()
vllm.script.answer = answer
defs = build_defs(settings, vllm)
keys = defs.resolve_asset_graph().get(dg.AssetKey("prompts")).partitions_def.get_partition_keys()
with dg.DagsterInstance.ephemeral() as instance:
    tags = {RANGE_START: keys[0], RANGE_END: keys[-1]}
    config = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    job = defs.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=instance, tags=tags, run_config=config, raise_on_error=False)
failed = [check.check_name for check in result.get_asset_check_evaluations() if not check.passed]
with lake.connect() as connection:
    rows = connection.sql("SELECT strategy, outcome, count(*) FROM lake.responses GROUP BY ALL ORDER BY ALL").fetchall()
    distribution = connection.sql("SELECT by_strategy FROM marts.language_distribution").fetchall()
    known = connection.sql("SELECT strategy FROM lake.strategies ORDER BY place").fetchall()
release = versions.path(lake, str(versions.latest(lake)))
found = {
    "succeeded": result.success,
    "failed": failed,
    "keys": list(keys),
    "rows": rows,
    "known": [name for (name,) in known],
    "distribution": distribution[0][0],
    "settings": manifest.read(release).settings["strategies"],
    "templates": [row["strategy"] for row in manifest.read(release).templates],
    "verified": [problem for problems in verify(release).values() for problem in problems],
    "card": (release / "README.md").read_text(),
    "report": report_path(lake).read_text(),
    "status": CliRunner().invoke(main, ["status"]).output,
    "docs": runpy.run_path(str(TOOLS / "reference_pages.py"))["pages"]()["reference/strategies.md"],
}
sys.stdout.write(json.dumps(found))
