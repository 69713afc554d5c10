"""The report in a real browser: no network, no sideways scrolling, enough contrast, and its figures are SQL's."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from factories import fill, leak, many, rows_of
from pages import check_page, chromium

from polyglot_assets.cli.main import main
from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.grid import Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.lake import made_with
from polyglot_assets.lake.store import Lake
from polyglot_assets.marts import report

THIRTY = re.findall("..", "arcsdeesidjatlfritptnlplruuktrvithkozhhibntateswfihuelhefams")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


def filled(root: Path, name: str) -> Lake:
    lake = Lake(root / "lake")
    if name == "nothing":
        lake.prepare()
    elif name == "one language":
        fill(lake, *many(["ja"], 12))
    elif name == "thirty languages":
        fill(lake, *many(THIRTY, 40))
    else:
        examples, duplicates, _ = many(["de", "ja"], 40)
        for number, row in enumerate(examples):
            row |= {"response_tokens": 10 ** (number % 9), "source": f"{'org' * 20}/{'name' * 20}{number % 3}"}
            row |= {"licenses": [f"license-{letter * 30}" for letter in "abc"]}
        fill(lake, examples, duplicates, [leak(row, eval_set="x" * 120) for row in examples[::5]], failed=3_000)
        for cell in (Cell("ar", "respond"), Cell("de", "translate")):
            for teacher in ("small", "large" * 12, "other"):
                text = {"ar": "جواب طويل مع كلمة Latin فيه. ", "de": "Donaudampfschifffahrt" * 9}[cell.language] * 30
                answered(lake, cell, teacher, text)
    return lake


def answered(lake: Lake, cell: Cell, teacher: str, text: str) -> None:
    """A teacher's answer to the cell's only prompt, and the prompt that it made of it."""
    row = dict.fromkeys(RESPONSES.schema.names) | {"language": cell.language, "strategy": cell.strategy}
    row |= {"prompt_id": content_id(cell.key), "sample_index": 0, "request_id": content_id(cell.key, teacher)}
    row |= {
        "teacher": teacher,
        "source": "org/seeds",
        "outcome": "debris",
        "reason": "<b>",
        "prompt": "?",
        "response": text,
    }
    lake.write_cell(RESPONSES, cell, [row], teacher=teacher)


@pytest.fixture(scope="module")
def thirty(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return filled(tmp_path_factory.mktemp("thirty"), "thirty languages")


@pytest.fixture(scope="module", params=["thirty languages", "one language", "nothing", "extremes"])
def page_path(request: pytest.FixtureRequest, thirty: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    few = request.param != "thirty languages"
    return report.write(filled(tmp_path_factory.mktemp("report"), request.param) if few else thirty)


@pytest.mark.ui
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800, 600, 375, 320])
def test_the_page_fits_and_can_be_read(browser: Any, page_path: Path, scheme: str, width: int) -> None:
    check_page(browser, page_path, scheme, width)


@pytest.mark.parametrize(
    ("note", "said", "figure"),
    [
        ({"evalsets": []}, "No evaluation set was searched for", "not searched"),
        ({"evalsets": [{"set": "mgsm.tsv"}]}, "No example holds text of an evaluation set.", "0"),
        (None, "or none was given to look for", "0"),
    ],
)
def test_what_was_not_searched_for_is_not_said_to_be_clean(
    tmp_path: Path, note: dict[str, Any] | None, said: str, figure: str
) -> None:
    lake = Lake(tmp_path / "lake")
    fill(lake, *many(["ja"], 12)[:2])
    if note is not None:
        made_with.write(lake.table_path(CONTAMINATION), note)
    page = report.write(lake).read_text(encoding="utf-8")
    assert said in page
    assert f"<dt>Left out as contaminated</dt><dd>{figure}</dd>" in page


@pytest.mark.ui
def test_figures_are_those_of_the_tables(browser: Any, thirty: Lake) -> None:
    lake = thirty
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(report.write(lake).as_uri())
    (overview,) = rows_of(lake, "FROM marts.overview")
    assert page.locator(".total").inner_text() == f"{overview['kept']:,}"
    assert [text.replace(",", "") for text in page.locator(".key dd").all_inner_texts()][::2] == [
        str(overview["answers"]),
        str(overview["duplicates"]),
    ]
    page.get_by_text("As a table").first.click()
    table = page.locator("table").first
    expected = [
        [row["language"], *(f"{part['rows']:,}" for part in row["by_strategy"])]
        for row in rows_of(lake, "FROM marts.language_distribution")
    ]
    cells = [row.locator("td").all_inner_texts() for row in table.locator("tbody tr").all()]
    assert [[line[0], *line[3:]] for line in cells] == expected
    bars = page.locator(".wide svg").first.locator("g")
    assert bars.count() == 30
    widest = bars.first.locator("rect").all()
    largest = rows_of(lake, "FROM marts.language_distribution LIMIT 1")[0]
    for rect, part in zip(widest, largest["by_strategy"], strict=True):
        first = part["rows"] / largest["rows"]
        whole = sum(float(other.get_attribute("width")) + 1 for other in widest)
        assert (float(rect.get_attribute("width")) + 1) / whole == pytest.approx(first, abs=0.02)
    page.close()


def test_the_page_is_self_contained_and_the_same_again(tmp_path: Path) -> None:
    lake = filled(tmp_path, "one language")
    text = report.write(lake).read_text(encoding="utf-8")
    assert report.write(lake).read_text(encoding="utf-8") == text
    assert not re.search(r"(src|href|url|@import|<script|<link)\s*[=(]?\s*[\"']?\s*(https?:)?//", text)
    assert "<script" not in text


def test_text_of_the_lake_is_not_markup(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    examples, duplicates, leaks = many(["de"], 6)
    for row in examples:
        row |= {"source": "org/<script>alert(1)</script>", "prompt_words": "<b> & \" ' </svg>"}
    leaks.append(leak(examples[0], item="<i>", eval_set="<img src=x>"))
    text = report.write(fill(lake, examples, duplicates, leaks)).read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;" in text


def test_answers_to_a_prompt_of_each_language_stand_side_by_side(tmp_path: Path) -> None:
    lake = filled(tmp_path, "nothing")
    assert "Answers side by side" not in report.write(lake).read_text(encoding="utf-8")
    for cell, teacher, text in (
        (Cell("de", "respond"), "small", "<i>ja</i>"), (Cell("de", "respond"), "large", "nein " * 300),
        (Cell("de", "translate"), "small", "nie gezeigt"), (Cell("ja", "respond"), "small", "はい"),
    ):  # fmt: skip
        answered(lake, cell, teacher, text)
    section = report.write(lake).read_text(encoding="utf-8").split("Answers side by side")[1].split("</section>")[0]
    assert [" ".join(part.split("<")[0].split()) for part in section.split("<summary>")[1:]] == [
        "German, respond: 2 answers", "Japanese, respond: 1 answer"
    ]  # fmt: skip
    assert section.index("<h3>large") < section.index("<h3>small")
    assert "&lt;i&gt;ja&lt;/i&gt;" in section
    assert "debris: &lt;b&gt;" in section
    assert 'lang="ja">はい' in section
    assert "nie gezeigt" not in section, "another prompt, which fewer teachers answered"
    assert max(map(len, section.split("\n"))) < 700, "long answers are cut"


def test_the_command_writes_it_and_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYGLOT_LAKE", str(tmp_path / "lake"))
    missing = CliRunner().invoke(main, ["report"])
    assert (missing.exit_code, "there is no lake" in missing.output) == (2, True)
    lake = filled(tmp_path, "nothing")
    result = CliRunner().invoke(main, ["report"])
    assert result.output.strip() == str(report.report_path(lake))
    assert "No rows yet" in report.report_path(lake).read_text(encoding="utf-8")


def test_a_lake_without_kept_rows_is_no_trouble(tmp_path: Path) -> None:
    examples, _, _ = many(["de"], 2)
    lake = fill(Lake(tmp_path / "lake"), examples, (), [leak(row) for row in examples])
    text = report.write(lake).read_text(encoding="utf-8")
    assert '<p class="total">0</p>' in text
    assert "rows kept in 0 languages" in text
