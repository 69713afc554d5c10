"""Loops are found in every script; lists, tables, refrains and reasoning step by step are none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from texts import TEXTS

from polyglot_assets.gates.measures import DEFAULT
from polyglot_assets.gates.repetition import repeated_share
from polyglot_assets.ids import content_id

LEGITIMATE = [
    ("| Stadt | Land | Einwohner |\n|---|---|---|\n| Prag | Tschechien | 1,3 Mio. |\n| Wien | Österreich | 2,0 Mio. |\n"
    "| Rom | Italien | 2,8 Mio. |\n| Oslo | Norwegen | 0,7 Mio. |\n| Bern | Schweiz | 0,1 Mio. |"),
    "\n".join(f"{a} × 7 = {a * 7}" for a in range(1, 21)),
    "\n".join(f"{number}. {word}" for number, word in enumerate(["Apfel", "Birne", "Kirsche", "Pflaume", "Quitte", "Traube"], 1)),
    ("Kommt, wir gehen in den Wald,\nhei, der Winter endet bald!\n\nSchnee liegt noch am Bach entlang,\nVögel üben ihren Sang.\n\n"
    "Kommt, wir gehen in den Wald,\nhei, der Winter endet bald!\n\nHasen springen übers Feld,\nfrisch und weit ist nun die Welt."),
    "Am Montag lese ich ein Buch, am Dienstag lese ich die Zeitung, am Mittwoch lese ich Briefe, am Donnerstag ruhe ich.",
    "-" * 200, "1000000000000000000000", "ha ha ha!", "",
]  # fmt: skip


@pytest.mark.parametrize("text", LEGITIMATE)
def test_frames_and_refrains_are_no_loops(text: str) -> None:
    assert repeated_share(text) < DEFAULT.repeated_share


@pytest.mark.parametrize("language", TEXTS)
def test_loops_in_every_script(language: str) -> None:
    text = TEXTS[language]
    assert repeated_share(text) == 0
    assert repeated_share(f"{text} {text} {text} {text}") > 0.5, "all of it, four times"
    assert repeated_share(text + text[:30] * 8) > 0.3, "the end hangs"
    assert repeated_share(text + text[:2] * 60) > 0.3, "a syllable"


def test_a_long_good_beginning_does_not_outweigh_an_endless_end() -> None:
    beginning = " ".join(f"{content_id(number)} ist etwas anderes." for number in range(150))
    assert repeated_share(beginning) < 0.05
    assert repeated_share(beginning + " Und so weiter und so fort." * 30) > 0.4


def test_lines_with_other_numbers_are_the_same_line() -> None:
    assert repeated_share("\n".join(f"Schritt {n}: Nun prüfen wir das Ergebnis noch einmal." for n in range(12))) > 0.8


@pytest.mark.parametrize("text", ["ああああああああああああああ", "!!!!!!!!!!!!!!!!!!", "haaaaaaaaaaaaaaaaaaaaa"])
def test_a_single_character(text: str) -> None:
    assert repeated_share(text) > 0.5


@settings(deadline=None)
@given(st.text(min_size=15, max_size=60).filter(lambda text: len(set(text)) > 12), st.integers(4, 9))
def test_whatever_comes_four_times_is_a_loop(unit: str, times: int) -> None:
    joined = " ".join(unit.replace("\n", "x").split()) or "leer"
    if sum(map(str.isalpha, joined)) >= 15:
        assert repeated_share((joined + " ") * times) > 0.4


@settings(deadline=None)
@given(st.text(max_size=300))
def test_the_share_is_a_share(text: str) -> None:
    assert 0 <= repeated_share(text) <= 1
