"""Loops are found in every script; lists, tables, refrains and reasoning step by step are none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from texts import TEXTS

from polyglot_assets.domain.ids import content_id
from polyglot_assets.gates.repetition import RepetitionLimits, repeated_share

LIMITS = RepetitionLimits()

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
    assert repeated_share(text) < LIMITS.repeated_share


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


GROWING = "Der alte Mann geht am frühen Morgen mit seinem kleinen Hund durch den stillen Wald nach Hause"
CAPITALS = {"Frankreich": "Paris", "Italien": "Rom", "Spanien": "Madrid", "Polen": "Warschau", "Irland": "Dublin",
            "Norwegen": "Oslo", "Finnland": "Helsinki", "Ungarn": "Budapest", "Schweden": "Stockholm", "Kuba": "Havanna"}  # fmt: skip
FRAMES = {
    "de": ("Achten Sie darauf, dass {} immer kühl und trocken gelagert werden.",
           ["Äpfel", "Birnen", "Möhren", "Gurken", "Zwiebeln", "Rüben", "Nüsse", "Bohnen", "Linsen", "Erbsen"]),
    "ja": ("{}は体にとてもよいので、毎日少しずつ食べることをおすすめします。", ["林檎", "蜜柑", "葡萄", "桃", "梨", "苺", "柿", "西瓜", "枇杷", "李"]),
    "ar": ("من المهم أن نتناول {} كل يوم لأنه مفيد جدا لصحة الجسم.", ["التفاح", "الموز", "العنب", "التمر", "التين", "الخوخ", "الجوز", "اللوز", "العسل", "الزيتون"]),
    "ru": ("Не забывайте, что {} нужно хранить в сухом и прохладном месте.", ["яблоки", "груши", "орехи", "бобы", "лук", "чеснок", "свёклу", "морковь", "репу", "перец"]),
}  # fmt: skip


@pytest.mark.parametrize("bullet", ["", "- ", "{number}. ", "{number}) "])
@pytest.mark.parametrize("language", FRAMES)
def test_ten_sentences_that_differ_in_one_word(language: str, bullet: str) -> None:
    frame, words = FRAMES[language]
    lines = [bullet.format(number=number) + frame.format(word) for number, word in enumerate(words, 1)]
    assert repeated_share("\n".join(lines)) > 0.6
    assert repeated_share("\n".join([TEXTS[language], *lines])) > 0.4
    assert repeated_share("\n".join(lines[:7])) < LIMITS.repeated_share, "a plan of the week"


@pytest.mark.parametrize(
    "text",
    [
        "| Name | Ort | Jahr |\n|---|---|---|\n" + "| | | |\n" * 100,
        "Hier ist die Tabelle.\n\n| Name | Ort | Jahr |\n|---|---|---|\n" + "|      |      |      |\n" * 100,
        "| Name | Ort |\n|---|---|\n" + "| - | - |\n" * 100,
        "| Nr. | Name | Ort |\n|---|---|---|\n" + "".join(f"| {number} |  |  |\n" for number in range(1, 101)),
        "| Nr. | Name | Farbe |\n|---|---|---|\n" + "".join(f"| {number} | Apfel | rot |\n" for number in range(1, 61)),
        "Liste:\n" + "- \n" * 100,
        "Liste:\n" + "".join(f"{number}.\n" for number in range(1, 101)),
        "\n".join(f"{number}. Sei nett." for number in range(1, 21)),
        "\n".join(f"{number}. Trinke genug Wasser." for number in range(1, 21)),
        " ".join(f"Ich habe {number} Äpfel." for number in range(1, 60)),
        "Ich bin müde. Er ist wach. " * 12,
        "\n".join(
            f"{number}. {'Kreativität' if number % 3 else 'Neugier und Mut'}" for number in range(1, 40)
        ),
        "\n".join(
            f"Frage: Was ist eigentlich {word}?\nAntwort: {word} ist ein Stoff, den man im Alltag für vieles braucht."
            for word in ["Eisen", "Gold", "Zinn", "Zink", "Blei", "Kupfer", "Stahl", "Messing", "Silber", "Nickel"]
        ),
        "\n".join(GROWING[:end] for end in range(10, len(GROWING), 5)),
    ],
)  # fmt: skip
def test_loops_that_change_a_little(text: str) -> None:
    assert repeated_share(text) > 0.5


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"{city} ist die Hauptstadt von {country} und hat viele Museen." for country, city in CAPITALS.items()),
        "\n".join(f"import {name}" for name in ["json", "math", "os", "sys", "time", "random", "string", "typing", "types", "uuid"]),
        "\n".join(f'{{"name": "{name}", "type": "string", "required": true}},' for name in CAPITALS.values()),
        "\n".join(f"| {city} | geöffnet von Montag bis Freitag |" for city in CAPITALS.values()),
        "\n".join(f"Im Haus {number} wohnen {number * 3} Kinder und {number * 2} Hunde zusammen." for number in range(1, 11)),
        "| Uhrzeit | Montag | Dienstag |\n|---|---|---|\n" + "".join(f"| {hour}:00 | | |\n" for hour in range(8, 20)),
        "\n\n---\n\n".join(f"## {city}\n{content_id(country)} steht in {country}." for country, city in CAPITALS.items()),
        "+----+----+\n| a  | b  |\n" * 2 + "+----+----+\n" * 2,
        "\n".join(f"**Zutaten**\n- {city}er Brot\n- {content_id(city)}\n**Schritte**\n{content_id(country)}"
                  for country, city in CAPITALS.items()),
        "\n".join(f"{number} " + "_" * 30 for number in range(1, 13)),
        "\n".join(f"Frage {number}:\n{content_id(number)} ist was?\n" for number in range(1, 13)),
    ],
)  # fmt: skip
def test_lists_with_a_frame_are_no_loops(text: str) -> None:
    assert repeated_share(text) < LIMITS.repeated_share


@pytest.mark.parametrize("number", [5, 19])
def test_a_form_to_fill_in_is_no_loop(number: int) -> None:
    assert repeated_share("| Name | Ort |\n|---|---|\n" + "| | |\n" * number) == 0
