"""Characters that nobody sees: they are no text, and none is left around one."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polyglot_assets.text.invisible import RANGES, is_name, trimmed, without
from polyglot_assets.text.normal import comparable

ALL = "".join(chr(code) for first, last in RANGES for code in range(first, last + 1))
UNSEEN = st.text(st.one_of(st.sampled_from(ALL), st.sampled_from(" \t\n\u3000\u2028\x85")), max_size=5)
UNREADABLE = st.text(st.characters(categories=["Mn", "Mc", "Me", "Co"]) | st.sampled_from(f"{ALL} \ufffc\ufffd"))


@given(UNSEEN)
@example("\ufffe")
@example("\U0010ffff")
def test_a_text_of_nothing_else_is_empty(text: str) -> None:
    assert trimmed(text) == ""
    assert comparable(text) == ""


@given(UNREADABLE)
@example("\u0301")
@example("\u200b\ue000 \u0301\n")
def test_so_is_one_in_which_nothing_can_be_read(text: str) -> None:
    assert trimmed(text) == ""


@given(UNSEEN, st.text(max_size=10), UNSEEN)
def test_what_stands_around_a_text_makes_no_difference(before: str, text: str, behind: str) -> None:
    assert comparable(before + text + behind) == comparable(text)
    assert comparable(trimmed(text)) in (comparable(text), "")
    assert comparable(trimmed(f"a{text}")) == comparable(f"a{text}")
    assert trimmed(trimmed(text)) == trimmed(text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\ufeffWas ist Salz?\u200b\n", "Was ist Salz?"),
        ("\u202bמה זה?\u202c", "מה זה?"),
        ("\x00Salz\x00und\x00Brot\x1b", "Salz\x00und\x00Brot"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("ഞാന\u0d4d\u200d", "ഞാന\u0d4d\u200d"),
        ("ഞാന\u0d4d\u200d\u200b ", "ഞാന\u0d4d\u200d"),
        ("Danke \u2764\ufe0f ", "Danke \u2764\ufe0f"),
        ("\ufffeWas ist Salz?\U0001ffff", "Was ist Salz?"),
        ("e\u0301", "e\u0301"),
        ("Salz \ue000", "Salz \ue000"),
        ("?", "?"),
    ],
)
def test_only_the_ends_are_cut_and_no_letter_is_broken(text: str, plain: str) -> None:
    assert trimmed(text) == plain


def test_every_format_character_without_a_shape_is_among_them() -> None:
    shaped = ("ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN", "INTERLINEAR")
    left = [
        char
        for char in map(chr, range(0x110000))
        if unicodedata.category(char) == "Cf" and without(char) and not unicodedata.name(char, "").startswith(shaped)
    ]
    assert left == []


@pytest.mark.parametrize("text", ["org/a model", "ディレクトリ", "cafe\u0301", "v1.0"])
def test_what_can_be_a_name(text: str) -> None:
    assert is_name(text)
    for hidden in ("\x00", "\u200b", "\u202e", "\n", "\ufeff", "\x1b", "\ud800"):
        assert not is_name(hidden)
        assert not is_name(text + hidden)
        assert not is_name(text[:1] + hidden + text[1:])
    assert not is_name(f" {text}")
