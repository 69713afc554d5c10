"""`polyglot forget` on the command line: what it prints, asks and returns."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from polyglot_assets.cli.main import main
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake import locks, tombstones
from polyglot_assets.lake.store import Lake
from polyglot_assets.lake.tombstones import Request


@pytest.fixture(autouse=True)
def environment(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYGLOT_LAKE", str(lake.root))
    monkeypatch.setenv("POLYGLOT_LANGUAGES", "de")


def forget(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(main, ["forget", *arguments], input=answer, catch_exceptions=False)


def test_dry_run_question_deletion_proof(lake: Lake, english: Request, tmp_path: Path) -> None:
    asked = ("--source", english.source, "--source-id", english.source_id, "--requested-by", "the author")
    dry = forget(*asked, "--dry-run")
    assert dry.exit_code == 0
    assert "Would be removed:" in dry.output
    assert "examples" in dry.output
    assert "release" in dry.output
    assert tombstones.read(lake) == {}

    refused = forget(*asked, answer="n\n")
    assert refused.exit_code == 1
    assert tombstones.read(lake) == {}

    done = forget(*asked, answer="y\n")
    assert done.exit_code == 0
    assert "Done." in done.output
    (stone,) = tombstones.read(lake).values()
    assert stone.request.requested_by == "the author"
    assert stone.done_at

    again = forget(*asked)
    assert again.exit_code == 0
    assert "nothing to do, it was deleted before" in again.output

    proof = forget("--verify")
    assert proof.exit_code == 0
    assert "1 deletion requests" in proof.output
    assert "0 places" in proof.output
    left = lake.root / "notes.txt"
    left.write_text(f"do not forget {english.seed_id}")
    found = forget("--verify")
    assert found.exit_code == 1
    assert "FOUND: notes.txt" in found.output


@pytest.mark.parametrize("hidden", ["\x00", "\u200b", "\u202e", "\ufeff"])
def test_an_id_with_characters_that_nobody_sees_is_not_noted_unless_a_row_has_it(lake: Lake, hidden: str) -> None:
    odd = f"17{hidden}5"
    asked = ("--source", "aya", "--source-id", odd, "--yes")
    refused = CliRunner().invoke(main, ["forget", *asked])
    assert refused.exit_code == 2
    assert f"source_id {odd!a} holds characters that cannot be seen" in refused.output
    assert tombstones.read(lake) == {}

    cell = Cell("de", "respond")
    rows = lake.read_cell(SEEDS, cell, source="aya")
    rows[0] |= {"source_id": odd, "seed_id": Request("CohereLabs/aya_collection", odd).seed_id}
    lake.write_cell(SEEDS, cell, rows, source="aya")
    assert forget(*asked).exit_code == 0
    [stone] = tombstones.read(lake).values()
    assert stone.request.source_id == odd
    assert odd not in {row["source_id"] for row in lake.read_cell(SEEDS, cell, source="aya")}


def test_nothing_is_asked_for(lake: Lake) -> None:
    result = forget()
    assert result.exit_code == 0
    assert "No request is open." in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--source", "aya"], "belong together"),
        (["--source", "nowhere", "--source-id", "x"], "there is no source 'nowhere'"),
        (["--requests", "x.csv", "--source", "aya"], "give --requests, or"),
        (["--verify", "--source", "aya"], "give it no request"),
    ],
)
def test_wrong_requests_end_in_one_line(arguments: list[str], message: str) -> None:
    result = forget(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_a_run_at_work_is_named(lake: Lake, english: Request) -> None:
    with locks.shared(lake):
        result = forget("--source", english.source, "--source-id", english.source_id, "--yes")
    assert result.exit_code == 2
    assert "materialization" in result.output
    assert tombstones.read(lake) == {}
