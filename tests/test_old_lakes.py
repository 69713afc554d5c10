"""Lakes that earlier versions made: they open, go on and are released, and nothing in them is asked again."""

import json
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest
import small_lake
from click.testing import CliRunner
from scripted import ScriptedVllm

from polyglot_assets import definitions
from polyglot_assets.cli.main import main
from polyglot_assets.cli.run import RANGE_END, RANGE_START
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell, cells
from polyglot_assets.gates import placeholder
from polyglot_assets.lake.store import Lake
from polyglot_assets.release import manifest, sft, versions
from polyglot_assets.release.verify import verify
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


def _without(lake: Lake, columns: set[str]) -> None:
    """Makes the tables of answers and examples as they were before these columns came."""
    for table in (RESPONSES, EXAMPLES):
        paths = sorted((lake.root / table.name).rglob("*.parquet"))
        assert paths
        for path in paths:
            rows = pq.read_table(path, partitioning=None)
            pq.write_table(rows.drop_columns([name for name in rows.column_names if name in columns]), path)


def _counted(lake: Lake, column: str) -> set[tuple[int, int]]:
    """(rows with a value, all rows) of both tables."""
    with lake.connect() as connection:
        counts = (f"SELECT count({column}), count(*) > 0 FROM lake.{name}" for name in ("responses", "examples"))
        return {connection.sql(query).fetchall()[0] for query in counts}


def test_a_lake_from_before_a_gate_joined(tmp_path: Path) -> None:
    settings = small_lake.settings_of(tmp_path / "lake", rows=2)
    lake = Lake(settings.lake)
    lake.prepare()
    small_lake.seeds(lake, settings)
    small_lake.prompts(lake, settings)
    small_lake.responses(lake, settings)
    small_lake.examples(lake, settings)
    small_lake.follow(lake, settings)
    before = sft.write(lake, settings)
    rows = {cell: lake.read_cell(RESPONSES, cell, teacher=small_lake.TEACHER) for cell in cells(small_lake.LANGUAGES)}

    new = {column.name for column in placeholder.GATE.columns}
    _without(lake, new)
    lake.publish_catalogue()
    assert _counted(lake, "placeholders") == {(0, True)}, "it opens"
    small_lake.examples(lake, settings)
    assert sft.write(lake, settings).manifest.files == before.manifest.files, "what is there can be released"

    _without(lake, new)
    assert small_lake.responses(lake, settings) == 0, "nothing is asked again"
    small_lake.examples(lake, settings)
    small_lake.follow(lake, settings)
    for cell, earlier in rows.items():
        assert lake.read_cell(RESPONSES, cell, teacher=small_lake.TEACHER) == earlier
    assert sft.write(lake, settings).manifest.files == before.manifest.files, "the same rows, byte for byte"

    more = small_lake.settings_of(tmp_path / "lake", rows=3)
    small_lake.prompts(lake, more)
    assert small_lake.responses(lake, more) == 3
    small_lake.examples(lake, more)
    small_lake.follow(lake, more)
    after = sft.write(lake, more)
    assert after.manifest.rows == before.manifest.rows + 3
    assert not any(verify(after.folder).values())
