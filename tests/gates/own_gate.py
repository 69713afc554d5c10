"""Run by test_own_gate.py: a small lake in a process in which the folder named first belongs to the gates.

Prints as JSON what became of the gate that lies there.
"""

import json
import runpy
import sys
from pathlib import Path

import polyglot_assets.gates

polyglot_assets.gates.__path__.append(sys.argv[1])

import lake_factory  # noqa: E402
from scripted import ScriptedEngine  # noqa: E402

from polyglot_assets.domain.grid import cells  # noqa: E402
from polyglot_assets.inference.engine import Completion, Request  # noqa: E402
from polyglot_assets.inference.registry import enabled  # noqa: E402
from polyglot_assets.lake.store import Lake  # noqa: E402
from polyglot_assets.marts.checks import load_checks  # noqa: E402
from polyglot_assets.release import sft  # noqa: E402
from polyglot_assets.responses.compact import Rules  # noqa: E402
from polyglot_assets.responses.stage import respond  # noqa: E402
from polyglot_assets.settings import bundled, describe, load  # noqa: E402

TOOLS = Path(__file__).parents[2] / "tools"


def answer(request: Request) -> Completion:
    """A good answer, in capitals where a seed's own prompt is answered."""
    good = lake_factory.answer(request)
    return good if request.schema else Completion(good.request_id, good.text.upper(), "stop")


settings = load()
lake = Lake(settings.lake)
lake.prepare()
lake_factory.seeds(lake, settings)
lake_factory.prompts(lake, settings)
(teacher,) = enabled(settings)
rules = Rules(settings.to_gates())
list(respond(lake, teacher, cells(lake_factory.LANGUAGES), lambda: ScriptedEngine(answer), lambda _: None, rules=rules))
lake_factory.examples(lake, settings)
lake_factory.follow(lake, settings)
release = sft.write(lake, settings)
pages = runpy.run_path(str(TOOLS / "reference_pages.py"))["pages"]()
checks = {check.table: check for check in load_checks(bundled("dbt_like_sql")) if check.name == "contract"}
with lake.connect() as connection:
    columns = {table: connection.sql(f"FROM lake.{table}").columns for table in ("responses", "examples")}
    rows = connection.sql("SELECT strategy, outcome, reason, capital_share FROM lake.responses ORDER BY ALL").fetchall()
    kept = connection.sql("SELECT strategy, capital_share > 0 FROM lake.examples ORDER BY ALL").fetchall()
    offences = [offence for check in checks.values() for offence in check.offences(connection)]
found = {
    "columns": columns,
    "rows": rows,
    "kept": kept,
    "offences": offences,
    "contract": checks["responses"].description,
    "settings": [setting.variable for setting in describe()],
    "manifest": release.manifest.settings,
    "outcomes": release.manifest.outcomes,
    "docs": [row for name in ("outcomes", "gates", "settings") for row in pages[f"reference/{name}.md"].splitlines()],
}
sys.stdout.write(json.dumps(found))
