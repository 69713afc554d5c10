"""Adding a gate touches one file: columns, outcome, setting, checks, manifest and documentation follow from it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.responses import RESPONSES

TESTS = Path(__file__).parents[1]
GATE = '''
"""The shouting gate: answers in capitals."""

from pydantic import Field

from polyglot_assets.domain import outcomes
from polyglot_assets.domain.outcomes import Outcome
from polyglot_assets.gates.gate import SHARE, Column, Finding, Gate, Limits, Pair

SHOUTED = Outcome("shouted", outcomes.GATES, "written in capitals")


class ShoutingLimits(Limits):
    capital_share: float = Field(default=2.0, gt=0, description="From this share of capitals on a text is `shouted`.")


def _assess(pair: Pair, limits: ShoutingLimits) -> Finding:
    share = sum(map(str.isupper, pair.response)) / len(pair.response)
    objections = [(SHOUTED, f"{share:.0%} are capitals")] if share >= limits.capital_share else []
    return Finding({"capital_share": share}, objections)


GATE = Gate(
    "shouting",
    "answers in capitals",
    decides=5,
    joined=1000,
    outcomes=(SHOUTED,),
    columns=(Column("capital_share", SHARE, "Share of capitals, 0..1"),),
    limits=ShoutingLimits,
    assess=_assess,
    default_on=False,
)
'''


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process says in which the gate's file lies among the others."""
    folder = tmp_path_factory.mktemp("gates")
    (folder / "shouting.py").write_text(GATE)
    variables = {
        "PYTHONPATH": str(TESTS),
        "POLYGLOT_LAKE": str(tmp_path_factory.mktemp("lakes") / "lake"),
        "POLYGLOT_LANGUAGES": "de",
        "POLYGLOT_ROWS_PER_CELL": "2",
        "POLYGLOT_GATES": "length,shouting",
        "POLYGLOT_GATE_CAPITAL_SHARE": "0.6",
    }
    script = [sys.executable, str(Path(__file__).with_name("own_gate.py")), str(folder)]
    result = subprocess.run(script, env=os.environ | variables, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    said: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return said


def test_columns(found: dict[str, Any]) -> None:
    for table, place in ((RESPONSES, "placeholders"), (EXAMPLES, "placeholders")):
        names = list(table.schema.names)
        names.insert(names.index(place) + 1, "capital_share")
        assert found["columns"][table.name] == names, "it stands behind those of the gates that were there before"


def test_outcome_and_reason(found: dict[str, Any]) -> None:
    rows = {(strategy, outcome) for strategy, outcome, _, _ in found["rows"]}
    assert rows == {("generate", "ok"), ("respond", "shouted"), ("translate", "ok")}
    assert all(reason.endswith("% are capitals") for _, outcome, reason, _ in found["rows"] if outcome == "shouted")
    assert all(0 < share <= 1 for *_, share in found["rows"])
    assert {strategy for strategy, _ in found["kept"]} == {"generate", "translate"}
    assert all(measured for _, measured in found["kept"])


def test_checks(found: dict[str, Any]) -> None:
    assert found["offences"] == []
    assert "too_long, shouted, leaked" in found["contract"], "in the order in which gates decide"


def test_setting_and_manifest(found: dict[str, Any]) -> None:
    settings = found["settings"]
    assert settings.index("POLYGLOT_GATE_CAPITAL_SHARE") == settings.index("POLYGLOT_GATE_PLACEHOLDERS") + 1
    assert found["manifest"]["gates"] == ["shouting", "length"]
    assert found["manifest"]["gate_capital_share"] == 0.6
    assert {"outcome": "shouted", "rows": 2} in found["outcomes"]


def test_documentation(found: dict[str, Any]) -> None:
    assert "| `shouted` | `shouting` (off by default) | written in capitals |" in found["docs"]
    meaning = "From this share of capitals on a text is `shouted`."
    assert f"| `POLYGLOT_GATE_CAPITAL_SHARE` | `capital_share` | `2` | yes | {meaning} |" in found["docs"]
