"""Figures as people write them, and what the labels beside them say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot_assets.release.figures import (
    FIGURE,
    Figure,
    count_of,
    figure_in,
    in_words,
    is_subtotal,
    is_total,
    label_of,
    language_of,
    printable,
    share_of,
    sums_up,
)


@pytest.mark.parametrize(
    "text", ["85,952", "85.952", "85 952", "85\u00a0952", "85\u202f952", "**85,952**", "`85952`", "85'952"]
)
def test_counts_in_all_forms(text):
    assert count_of(text) == Figure(85952)


@pytest.mark.parametrize("text", ["", "x", "8.5", "1,23", "85,952 rows", "24 %", "-3", "1.2.3"])
def test_what_is_no_count(text):
    assert count_of(text) is None


def test_shares_and_languages_in_cells():
    assert share_of("24.1 %") == pytest.approx((0.241, 0.001))
    assert share_of("**7%**") == pytest.approx((0.07, 0.01))
    assert share_of("0.24") is None
    cells = ("Arabic", "ar", "ind_Latn", "German (de)", "**Czech**", "[Tagalog](x)", "filipino", "total", "gemma", "")
    assert [language_of(cell) for cell in cells] == ["ar", "ar", "id", "de", "cs", "tl", "tl", None, None, None]


@pytest.mark.parametrize(
    ("text", "value", "slack"),
    [
        ("1.2 million", 1_200_000, 50_000),
        ("1.25M", 1_250_000, 5_000),
        ("86k", 86_000, 500),
        ("1,200K", 1_200_000, 500),
        ("2 thousand", 2_000, 500),
        ("3 lakh", 300_000, 50_000),
        ("1.5 crore", 15_000_000, 500_000),
        ("12,34,567", 1_234_567, 0),
        ("1,23,456", 123_456, 0),
        ("123,456", 123_456, 0),
        ("two million", 2_000_000, 500_000),
        ("Half a million", 500_000, 50_000),
        ("a hundred and one", 101, 0),
        ("twenty-three thousand", 23_000, 500),
        ("one million two hundred thousand", 1_200_000, 50_000),
        ("12万", 120_000, 5_000),
        ("1.2억", 120_000_000, 5_000_000),
        ("1억 2천만", 120_000_000, 5_000_000),
        ("12만5천", 125_000, 500),
        ("1万2,345", 12_345, 0),
        ("3千", 3_000, 500),
    ],
)
def test_figures(text: str, value: int, slack: int) -> None:
    found = re.fullmatch(FIGURE, text)
    assert found
    assert figure_in(found) == Figure(value, slack)


@given(st.integers(1, 999_999_999))
def test_numbers_in_words(number: int) -> None:
    assert in_words(spelled(number)) == number
    assert number < 100 or re.fullmatch(FIGURE, spelled(number))


def spelled(number: int) -> str:
    """A number in English words."""
    for size, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = f" {spelled(number % size)}" if number % size else ""
            return f"{spelled(number // size)} {name}{rest}"
    low = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    names = [*low.split(), "eighteen", "nineteen"]
    tens = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    if number < 20:
        return names[number - 1]
    return tens[number // 10 - 2] + (f"-{names[number % 10 - 1]}" if number % 10 else "")


def test_labels() -> None:
    assert all(
        map(is_total, ["Total", "**All**", "Total samples", "합계", "총 샘플 수", "总计", "Grand total", "Gesamt"])
    )
    assert not any(map(is_total, ["Total messages", "totally", "Train total", "small", "", "x" * 500 + " total"]))
    assert [label_of(text).split for text in ("Train set", "Latest", "학습", "dev", "train and test")] == [
        "train", None, "train", "validation", None,
    ]  # fmt: skip
    assert printable("a\x1b[2J\u202eb\nc") == "a [2J b c"


def test_labels_of_subtotals() -> None:
    assert all(map(is_subtotal, ["Subtotal", "Sub-total (Europe)", "**소계**", "小计", "Zwischensumme", "Sous-total"]))
    assert not any(map(is_subtotal, ["Total", "European total", "subtotally x", "Train subtotal"]))
    assert all(map(sums_up, ["Total", "European total", "All languages", "Subtotal"]))
    assert not any(map(sums_up, ["German", "Train total", "totally", "x" * 500 + " total"]))
