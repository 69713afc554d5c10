"""`polyglot compare`: figures per teacher and language, and answers to the same prompt side by side."""

import pytest
from click.testing import CliRunner, Result
from factories import compute, fill, many

from polyglot_assets.cli.main import main
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.store import Lake

CELL = Cell("de", "respond")


def answer(teacher: str, number: int, outcome: str = "ok", text: str = "Ja.") -> dict[str, object]:
    empty = dict.fromkeys(name for name, _, _ in RESPONSES.fields)
    return empty | {
        "prompt_id": f"{number:032x}", "sample_index": 0, "request_id": f"{teacher}{number}", "source": "org/seeds",
        "language": "de", "strategy": "respond", "teacher": teacher, "outcome": outcome, "raw_text": text,
        "reason": None if outcome == "ok" else "why not", "prompt": "Frage?", "response": text, "response_tokens": 7,
        "response_length": len(text), "response_language_score": 0.5,
    }  # fmt: skip


@pytest.fixture
def two(lake: Lake) -> Lake:
    """Two teachers, of which the second was asked one prompt less and wrote a terminal's control character."""
    lake.write_cell(RESPONSES, CELL, [answer("a", number, text=f"Antwort {number}") for number in (1, 2)], teacher="a")
    second = answer("b", 2, "truncated", text="lang \x1b[2J " * 300)
    lake.write_cell(RESPONSES, CELL, [second], teacher="b")
    fill(lake, [])
    return lake


def compare(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["compare", *arguments])


def test_figures_are_those_of_all_teachers(two: Lake) -> None:
    result = compare()
    assert result.exit_code == 0, result.output
    rows = [[part.strip() for part in line.split("│")[1:-1]] for line in result.output.splitlines() if "│" in line]
    assert rows == [
        ["de", "a", "2", "2", "0", "7", "9", "0.5", ""],
        ["de", "b", "1", "0", "0", "", "", "0.5", "truncated 1"],
    ]
    assert "truncated" not in compare("-t", "a").output
    assert compare("-l", "fr").exit_code == 0


def test_answers_stand_side_by_side(two: Lake) -> None:
    output = compare("--show", "1").output
    assert f"{2:032x}, from org/seeds" in output, "the prompt that both were asked"
    assert "truncated: why not" in output
    assert "Antwort 2" in output
    assert "\x1b" not in output
    assert "…" in output
    assert "…" not in compare("--prompt", f"{2:032x}").output


@pytest.mark.parametrize(
    ("prompt", "message"), [("f", "no answer to such a prompt"), ("0", "several prompts begin like that")]
)
def test_a_prompt_that_is_none(two: Lake, prompt: str, message: str) -> None:
    result = compare("--prompt", prompt)
    assert result.exit_code == 2
    assert message in result.output


def test_a_lake_without_tables_says_how_they_come(lake: Lake) -> None:
    result = compare()
    assert result.exit_code == 2
    assert "`polyglot materialize` does" in result.output


def test_the_table_adds_up_with_the_kept_rows(lake: Lake) -> None:
    fill(lake, *many(["de", "ja"], 12))
    compute(lake)
    with lake.connect() as connection:
        ours = connection.execute("SELECT sum(rows), sum(answers) FROM marts.teacher_comparison").fetchone()
        kept = connection.execute("SELECT count(*) FROM marts.curated WHERE outcome = 'ok'").fetchone()
        answers = connection.execute("SELECT count(*) FROM lake.responses").fetchone()
    assert ours == (kept[0], answers[0])
