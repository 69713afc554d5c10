"""Lakes that earlier versions made: they open, go on and are released, and nothing in them is asked again."""

import json
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner
from scripted import ScriptedVllm

from polyglot_assets import definitions
from polyglot_assets.cli.main import main
from polyglot_assets.cli.run import RANGE_END, RANGE_START
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell, cells
from polyglot_assets.lake.store import Lake
from polyglot_assets.release import manifest, versions
from polyglot_assets.settings import Settings, load

QUESTIONS = ["Hvorfor er havet salt?", "Hva spiser en elg om vinteren?", "Hvem bygde det gamle slottet?", "Hva er snø?"]


@pytest.fixture
def norwegian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lake: Lake) -> None:
    """Seeds in Norwegian, as their source labels them, and the language as an old lake calls it."""
    file = tmp_path / "native" / "CohereLabs__aya_collection" / "rows.jsonl"
    file.parent.mkdir(parents=True)
    rows = [{"id": n, "inputs": text, "targets": "Det vet jeg.", "language": "nob"} for n, text in enumerate(QUESTIONS)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, value in {"LAKE": str(lake.root), "SEEDS": str(file.parents[1]), "LANGUAGES": "nb"}.items():
        monkeypatch.setenv(f"POLYGLOT_{name}", value)


@pytest.mark.usefixtures("norwegian")
def test_bokmal_was_a_language_of_its_own(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"^POLYGLOT_LANGUAGES: unknown language 'nb'; write 'no'$"):
        load()

    monkeypatch.setenv("POLYGLOT_LANGUAGES", "no")
    old = load().model_copy(update={"languages": ("nb",), "rows_per_cell": 2})
    vllm = ScriptedVllm.new()
    job = definitions.build_defs(old, vllm).resolve_implicit_global_asset_job_def()
    tags = {RANGE_START: "nb|generate", RANGE_END: "nb|translate"}
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance, tags=tags, raise_on_error=False).success
    before = {cell: lake.read_cell(RESPONSES, cell, teacher="smollm2-135m") for cell in cells(["nb"])}
    assert [row["outcome"] for row in before[Cell("nb", "respond")]] == ["ok", "ok"]

    monkeypatch.setenv("POLYGLOT_LANGUAGES", "nb")
    monkeypatch.setenv("POLYGLOT_ROWS_PER_CELL", "4")
    again = ScriptedVllm.new()
    monkeypatch.setattr(definitions.VllmResource, "of", lambda _: again)
    result = CliRunner().invoke(main, ["materialize", "-l", "nb"])
    assert result.exit_code == 0, result.output
    asked = {request.request_id for engine in again.script.engines for request in engine.asked}
    for cell, rows in before.items():
        after = lake.read_cell(RESPONSES, cell, teacher="smollm2-135m")
        assert [row for row in after if row in rows] == rows
        assert asked.isdisjoint(row["request_id"] for row in rows), "nothing is asked and paid again"
    assert len(lake.read_cell(EXAMPLES, Cell("nb", "respond"))) == 4
    newest = versions.latest(lake)
    assert newest is not None
    assert {cell["language"] for cell in manifest.read(versions.path(lake, newest)).cells} == {"nb"}
    verified = CliRunner().invoke(main, ["verify"])
    assert verified.exit_code == 0, verified.output


def test_only_the_codes_of_its_own_cells_are_taken(lake: Lake) -> None:
    (lake.root / "prompts" / "language=nb").mkdir(parents=True)
    assert Settings(lake=lake.root, languages=("nb", "no")).languages == ("nb", "no")
    for code in ("nob", "deu", "zxx", "*", "n[b]", "../x"):
        with pytest.raises(ValueError, match="unknown language"):
            Settings(lake=lake.root, languages=(code,))
