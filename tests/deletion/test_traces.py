"""A text is found by its trace, as a whole and inside of others, and nothing else is."""

from hypothesis import given
from hypothesis import strategies as st

from polyglot_assets.deletion.traces import TELLING, find, trace
from polyglot_assets.text.normal import text_key

WORDS = st.text("abcÄßﬁ日İ ", max_size=60)


@given(before=WORDS, text=WORDS, after=WORDS)
def test_a_text_is_found_inside_of_another(before: str, text: str, after: str) -> None:
    wanted = trace(text)
    if wanted is None:
        assert not text.split()
        return
    assert wanted.key == text_key(text)
    assert list(find(text.upper().replace("SS", "ß") if text.isascii() else text, [wanted])) == [wanted]
    if wanted.length >= TELLING:
        assert list(find(f"{before} {text}\n{after}", [wanted])) == [wanted]


@given(text=st.text("ab", min_size=TELLING, max_size=TELLING + 4), other=st.text("ab", max_size=80))
def test_nothing_else_is_found(text: str, other: str) -> None:
    wanted = trace(text)
    assert wanted
    assert list(find(other, [wanted])) == ([wanted] if text in other else [])


def test_a_short_text_is_found_only_as_a_whole() -> None:
    wanted = trace("Guten Tag!")
    assert wanted
    assert list(find("guten  tag!", [wanted])) == [wanted]
    assert list(find("Guten Tag! Wie geht es?", [wanted])) == []


def test_a_text_of_any_length_costs_no_repetition_of_the_powers() -> None:
    long = "Ein Satz, der oft genug wiederholt wird, um lang zu sein. " * 2000
    wanted = trace("und hier ist die gesuchte Stelle im Text")
    assert wanted
    assert list(find(long, [wanted])) == []
    assert list(find(f"{long}Und hier ist die gesuchte\nStelle im Text{long}", [wanted])) == [wanted]
