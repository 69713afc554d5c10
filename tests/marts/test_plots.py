"""The pictures show the table they are made from."""

import base64
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from polyglot_assets.marts import charts
from polyglot_assets.marts.plots import funnel_picture, language_chart, language_picture, length_picture, text_chart
from polyglot_assets.marts.values import percent

PARTS = {"de": {"generate": 20, "respond": 20, "translate": 0}, "ar": {"translate": 10}}
ROWS = [
    {"language": language, "rows": rows, "share": rows / 50, "by_strategy": [
        {"strategy": name, "rows": part} for name, part in PARTS[language].items()
    ]}
    for language, rows in (("de", 40), ("ar", 10))
]  # fmt: skip
SOURCE = {"source": "org/<a>", "raw_rows": 800, "seeds": 90, "prompts": 60, "answers": 60, "accepted": 50, "kept": 45}
LENGTHS = {"language": "de", "teacher": "t", "measure": "response_tokens", "rows": 9, "p10": 10.0, "p50": 30.0,
           "p90": 200.0, "p99": 900.0}  # fmt: skip


def drawn(markdown: str) -> ET.Element:
    encoded = re.fullmatch(r"!\[[^]]+\]\(data:image/svg\+xml;base64,([^)]+)\)", markdown)
    assert encoded, markdown[:80]
    return ET.fromstring(base64.b64decode(encoded[1]))  # noqa: S314 our own


def found(picture: ET.Element, tag: str, colour: str | None = None) -> list[ET.Element]:
    elements = picture.iter(f"{{http://www.w3.org/2000/svg}}{tag}")
    return [element for element in elements if colour is None or element.get("class") == colour]


def test_bars_are_in_proportion() -> None:
    lines = language_chart(ROWS).splitlines()
    assert lines[2].startswith("| de |")
    assert lines[2].count("█") == 4 * lines[3].count("█") > 0
    generated, translated = (found(drawn(language_picture(ROWS)), "rect", colour)[0] for colour in ("a", "c"))
    assert float(generated.get("width", 0)) / float(translated.get("width", 0)) == pytest.approx(2, rel=0.02)


@hypothesis_settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=60), st.integers(0, 10**9)), max_size=60))
def test_a_chart_of_text_is_short_enough_to_be_seen_without_a_click(rows: list[tuple[str, int]]) -> None:
    chart = text_chart("rows", rows)
    assert len(chart) < 1000
    _, _, *lines = chart.splitlines()
    left = re.fullmatch(r"\| and (\d+) more \| \| \|", lines[-1]) if lines else None
    assert len(lines) == len(rows) if left is None else len(lines) - 1 + int(left[1]) == len(rows)


def test_the_table_of_an_earlier_version_is_drawn_alike() -> None:
    names = ("generate", "respond", "translate")
    earlier = [
        {"language": row["language"], "rows": row["rows"], "share": row["share"]}
        | {f"{name}_rows": PARTS[row["language"]].get(name, 0) for name in names}
        for row in ROWS
    ]
    assert language_picture(earlier) == language_picture(ROWS)


def test_no_rows_make_an_empty_chart() -> None:
    assert len(language_chart([]).splitlines()) == 2
    for picture in (language_picture, funnel_picture, length_picture):
        assert found(drawn(picture([])), "rect", "a") == []


def test_pictures_name_what_they_show() -> None:
    funnel = drawn(funnel_picture([SOURCE]))
    texts = [text.text for text in found(funnel, "text")]
    assert texts[1:] == ["<a> · raw rows", "800", "<a> · seeds", "90", "<a> · prompts", "60", "<a> · answers", "60",
                         "<a> · accepted", "50", "<a> · kept", "45"]  # fmt: skip
    assert "30" in [text.text for text in found(drawn(length_picture([LENGTHS])), "text")]


@pytest.mark.parametrize("width", [charts.WIDE, charts.NARROW])
@pytest.mark.parametrize("value", [0, 1, 10**12])
def test_nothing_is_drawn_outside(width: int, value: int) -> None:
    label = "Ein sehr langer Name ohne Ende " * 5
    rows = [charts.Bar(label, ((value, "a"), (value, "b")), f"{value:,}"), charts.Bar("漢字" * 40, ((1, "a"),), "1")]
    far = charts.Range(label, 0, value, value, value)
    dots = charts.Dots(label, ((0.0, "a"), (1.0, "b"), (0.5, "c")))
    for text in (
        charts.bars(rows, width, "t"),
        charts.ranges([far, charts.Range("kurz", 1, 2, 3, 4)], width, "t"),
        charts.dots([dots], width, "t"),
    ):
        svg = ET.fromstring(text)  # noqa: S314 our own
        for element in svg.iter():
            if element.tag == "rect":
                assert float(element.get("x", 0)) >= 0
                assert float(element.get("x", 0)) + float(element.get("width", 0)) <= width + 2
            if element.tag == "circle":
                assert 0 <= float(element.get("cx", 0)) <= width


def test_a_share_never_looks_like_nothing_or_all() -> None:
    assert [percent(share) for share in (0, 1e-6, 0.5, 0.99999, 1, None)] == [
        "0.0\u00a0%", "<\u00a00.1\u00a0%", "50.0\u00a0%", ">\u00a099.9\u00a0%", "100.0\u00a0%", "–",
    ]  # fmt: skip
