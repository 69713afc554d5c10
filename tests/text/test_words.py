"""What counts as a word, with spaces and without."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot_assets.text.words import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Das ist gut, oder? 12 Äpfel!", ["das", "ist", "gut", "oder", "12", "äpfel"]),
        ("漢字かな、カー", ["漢", "字", "か", "な", "カ", "ー"]),
        ("GPTは賢い", ["gpt", "は", "賢", "い"]),
        ("น้ำ ดี", ["น้", "ำ", "ดี"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("اَلسَّلَامُ عليكم", ["اَلسَّلَامُ", "عليكم"]),
        ("안녕 세계", ["안녕", "세계"]),
        ("e\u0301te\u0301", ["\u00e9t\u00e9"]),
        ("— … !", []),
        ("", []),
    ],
)
def test_words_of_many_scripts(text: str, expected: list[str]) -> None:
    assert words(text, 50) == expected


def test_the_limit_holds_with_and_without_spaces() -> None:
    assert words("eins zwei drei vier", 2) == ["eins", "zwei"]
    assert words("一二三四", 2) == ["一", "二"]


@given(st.text(max_size=200), st.integers(1, 30))
def test_words_hold_no_space_and_are_a_prefix(text: str, limit: int) -> None:
    found = words(text, limit)
    assert len(found) <= limit
    assert not any(char.isspace() for word in found for char in word)
    assert found == words(text, limit + 5)[: len(found)]
