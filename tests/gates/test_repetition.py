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
    ("Hier ist die Matrix:\n\n```python\n[\n" + "    [0, 0, 0, 0, 0, 0, 0, 0],\n" * 8 + "]\n```\n\nSie hat acht Zeilen."),
    ("So sieht die Tabelle aus:\n\n```html\n<table>\n"
    + "".join(f"  <tr>\n    <td>{name}</td>\n    <td>Wert</td>\n  </tr>\n" for name in "abcdefgh") + "</table>\n```"),
    "Eine leere Tabelle:\n```html\n" + "<tr><td>leer</td><td>frei</td></tr>\n" * 9 + "```",
    "8 mal 25 heißt: 25 + 25 + 25 + 25 + 25 + 25 + 25 + 25 = 200.",
    "Das sind 3 Äpfel + 3 Äpfel + 3 Äpfel + 3 Äpfel + 3 Äpfel = 15 Äpfel.",
    "1 geteilt durch 3 ist 0,33333333333333333333333333333333333333333333333333333333",
    "٥ مرات ٢٥ هي: ٢٥ + ٢٥ + ٢٥ + ٢٥ + ٢٥ = ١٢٥",
    "\n".join(f"La ameba se divide en {2**n} * 2 = {2 ** (n + 1)} amebas después de {n} días." for n in range(1, 9)),
    "\n".join(f"Tag {n}: Laufe {n + 4} km im Wald und dehne dich danach." for n in range(1, 8)),
    "".join(f"Der Befehl Nummer eins:\n```\ncat {name}.txt\n```\n" for name in ["Wald", "Wiese", "Bach", "Berg", "Tal", "See"]),
    "\n".join(f"- Mit `{name}` liest man den Wert aus der Tabelle." for name in ["rho", "phi", "mu", "nu", "tau", "psi"]),
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


@pytest.mark.parametrize(
    "line",
    [
        "Schritt {}: Nun prüfen wir das Ergebnis noch einmal.",
        "Schritt {}: Nun zählen wir die 7 Äpfel und die 3 Birnen.",
        "{}. Die Ameise hat 6 Beine und 3 Körperteile und lebt im Wald.",
        "{}) Die Ameise hat 6 Beine und 3 Körperteile und lebt im Wald.",
        "手順{}：ここで3個のりんごと5個の梨の合計を、もう一度よく数えて確かめます。",
        "Nach {} Tagen sehen wir wieder nach dem Ergebnis.",
    ],
)
def test_lines_that_only_count_up_are_the_same_line(line: str) -> None:
    assert repeated_share("\n".join(map(line.format, range(1, 21)))) > 0.7


@pytest.mark.parametrize(
    "text",
    [
        "Hund " * 3000, "0" * 2000, "1 + " * 300, "🎉" * 400, "Ja! " * 40, "```python\n" + "print(wert)\n" * 60,
        "Die Antwort ist 4.\n```\nx = 2 + 2\nprint(x)\n```\n" * 6, "0, 0, 0, das ist null. " * 12,
        ("So geht es:\n```\nfor zahl in zahlen:\n    summe = summe + zahl\nmittel = summe / len(zahlen)\nprint(mittel)\n```\n" * 6),
    ],
)  # fmt: skip
def test_endless_text(text: str) -> None:
    assert repeated_share(text) > 0.5
    assert repeated_share("Gern, hier ist die Antwort auf Ihre Frage nach dem Wetter. " + text) > 0.3


@pytest.mark.parametrize("text", ["ああああああああああああああ", "!!!!!!!!!!!!!!!!!!", "haaaaaaaaaaaaaaaaaaaaa"])
def test_a_single_character(text: str) -> None:
    assert repeated_share(text) > 0.5


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_characters="`~$\\"), min_size=15, max_size=60).filter(
        lambda text: len(set(text)) > 12
    ),
    st.integers(4, 9),
)
def test_whatever_comes_four_times_is_a_loop(unit: str, times: int) -> None:
    joined = " ".join(unit.replace("\n", "x").split()) or "leer"
    if sum(map(str.isalpha, joined)) >= 15:
        assert repeated_share((joined + " ") * times) > 0.4


@settings(deadline=None)
@given(st.text(max_size=300))
def test_the_share_is_a_share(text: str) -> None:
    assert 0 <= repeated_share(text) <= 1
