"""Tokens: what makes no difference to them, and what does."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyglot_assets.text.tokens import tokens_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def tokens(text: str) -> list[tuple[int, int]]:
    """Hash and weight of each token."""
    hashes, weights = tokens_of(text)
    return list(zip(hashes.tolist(), weights.tolist(), strict=True))


@settings(deadline=None)
@given(TEXT)
def test_equal_nfkc_and_casefold_give_equal_tokens(text: str) -> None:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert tokens(unicodedata.normalize(form, text)) == tokens(text)
    assert tokens(folded) == tokens(text)


@settings(deadline=None)
@given(TEXT, TEXT)
def test_tokens_of_parts_are_those_of_the_whole(first: str, second: str) -> None:
    assert tokens(f"{first}\n{second}") == tokens(first) + tokens(second)


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("Wie viele Äpfel?", [2, 2, 2]),
        ("ما هو القمر؟", [2, 2, 2]),
        ("달은 무엇인가", [2, 2]),
        ("月は何ですか。", [1] * 6),
        ("คือ อะไร", [1] * 2 + [1] * 4),
        ("AI とは", [2, 1, 1]),
        ("ｱｲ", [1, 1]),
        ("2+2=4", [2, 2, 2]),
        (" .,!—", []),
        ("", []),
    ],
)
def test_words_weigh_two_and_characters_of_scripts_without_spaces_one(text: str, weights: list[int]) -> None:
    assert [weight for _, weight in tokens(text)] == weights


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("ﬁnal", "FINAL"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("Don’t", "don't"),
        ("soft\u00adhyphen", "softhyphen"),
        ("كِتَابٌ", "كتاب"),
        ("كتـــاب", "كتاب"),
        ("٤٢", "42"),
        ("４２", "42"),
        ("e\u0323\u0301", "e\u0301\u0323"),
    ],
)
def test_forms_that_count_as_the_same(one: str, other: str) -> None:
    assert tokens(one) == tokens(other)


@pytest.mark.parametrize(
    ("one", "other"), [("ab", "ba"), ("á", "a"), ("か", "が"), ("42", "24"), ("ab c", "a bc"), ("กา", "กี")]
)
def test_forms_that_do_not(one: str, other: str) -> None:
    assert tokens(one) != tokens(other)
