"""The language gate on texts of our own; real texts are measured by benchmarks/language_id.py."""

import pytest
from gates.mixed_texts import (
    CAUGHT,
    KEPT,
    SENTENCES,
    alternating,
    beginning_in_english,
    ending_in_english,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from texts import TEXTS

from polyglot_assets.gates.language import LanguageLimits
from polyglot_assets.gates.own_words import own_words, without_names
from polyglot_assets.gates.reading import Reading, read
from polyglot_assets.text.languages import SENTENCE_END

LIMITS = LanguageLimits()

ENGLISH = (
    "The river had risen during the night, and the ferryman refused to cross before noon. "
    "We waited in the small inn, where somebody had left an old newspaper on the table. "
)

ENGLISH_SENTENCES = [
    "The river had risen during the night, and the ferryman refused to cross before noon.",
    "We waited in the small inn until the rain was over.",
]
OTHERS = {
    "sw": "Watoto wanacheza mpira nje ya nyumba. Mama anapika chakula jikoni kwa sababu wageni wanakuja leo. "
    "Baba amekwenda sokoni kununua matunda na mboga. Jioni tutakula pamoja na kuzungumza kuhusu safari yetu. "
    "Kesho asubuhi mwalimu ataanza somo jipya la historia.",
    "zu": "Abantwana badlala ibhola ngaphandle kwendlu. Umama upheka ukudla ekhishini ngoba izivakashi ziyeza namuhla. "
    "Ubaba uye emakethe ukuyothenga izithelo nemifino. Kusihlwa sizodla ndawonye sixoxe ngohambo lwethu.",
    "uz": "Bolalar uyning oldida to‘p o‘ynashmoqda. Onam oshxonada ovqat tayyorlayapti, chunki bugun mehmonlar keladi. "
    "Otam bozorga meva va sabzavot sotib olish uchun ketdi. Kechqurun birga o‘tirib, sayohatimiz haqida gaplashamiz.",
    "sl": "Otroci se igrajo z žogo pred hišo. Mama v kuhinji kuha kosilo, ker danes pridejo gostje. "
    "Oče je šel na tržnico po sadje in zelenjavo. Zvečer bomo skupaj jedli in se pogovarjali o našem potovanju.",
    "hr": "Djeca se igraju loptom ispred kuće. Mama u kuhinji kuha ručak jer danas dolaze gosti. "
    "Otac je otišao na tržnicu kupiti voće i povrće. Navečer ćemo zajedno jesti i razgovarati o našem putovanju.",
    "ca": "Els nens juguen a pilota davant de casa. La mare cuina el dinar perquè avui venen convidats. "
    "El pare ha anat al mercat a comprar fruita i verdura. Al vespre soparem junts i parlarem del nostre viatge.",
    "nl": "De kinderen spelen met de bal voor het huis. Moeder kookt in de keuken omdat er vandaag gasten komen. "
    "Vader is naar de markt gegaan om fruit en groente te kopen. Vanavond eten we samen en praten we over onze reis.",
}
MORE = {
    "fr": "Beaucoup de gens boivent du café le matin avant d'aller au travail. Certains préfèrent le thé vert parce qu'il est plus doux.",
    "it": "Molte persone bevono il caffè la mattina prima di andare al lavoro. Alcuni preferiscono il tè verde perché è più leggero.",
    "hi": "बहुत से लोग सुबह काम पर जाने से पहले कॉफ़ी पीते हैं। कुछ लोग हरी चाय पसंद करते हैं क्योंकि वह हल्की होती है।",
}


def share(text: str, language: str) -> float:
    return read(text, language, LIMITS.language_likelihood).foreign_share or 0.0


@pytest.mark.parametrize("language", TEXTS)
def test_each_text_is_its_own_language_and_no_other(language: str) -> None:
    reading = read(TEXTS[language], language, LIMITS.language_likelihood)
    assert (reading.code, reading.foreign_share, reading.foreign) == (language, 0.0, None)
    assert 0.2 <= (reading.score or 0) <= 1
    wrong = [other for other in TEXTS if other != language and share(TEXTS[language], other) < 1]
    assert wrong == []


@pytest.mark.parametrize("text", ["", "Ja.", "42", "Praha", "3 + 4 = 7", "はい。", "The Art of the Fugue", "Elektronenmikroskop",
                                  "James Clerk Maxwell", "```\nfor every item in the list print the item\n```", "🙂" * 99])  # fmt: skip
@pytest.mark.parametrize("language", ["cs", "ja", "ar"])
def test_short_answers_names_and_code_get_no_verdict(text: str, language: str) -> None:
    assert read(text, language, 0.2) == Reading()


@pytest.mark.parametrize("language", ["ar", "cs", "de", "es", "id", "ja", "tl"])
def test_an_english_end_shows_however_good_the_beginning(language: str) -> None:
    weight = 2.5 if language == "ja" else 1
    beginning = (TEXTS[language] + "\n") * round(10 / weight)
    half = ENGLISH * round(len(beginning) * weight / len(ENGLISH))
    assert 0.4 < share(beginning + half, language) < 0.6
    assert read(beginning + half, language, 0.2).foreign == "en"


def test_code_formulas_links_and_quotations_do_not_count() -> None:
    code = (
        f"```python\n# {ENGLISH.strip()}\nfor item in basket(key=lambda x: x.price):\n    print(item, x[0] + 1)\n```"
        * 2
    )
    assert share(f"{TEXTS['de']}\n{code}\n$${ENGLISH}$$ \\[{ENGLISH}\\]", "de") == 0
    assert share(f"{TEXTS['de']} „{ENGLISH.strip()}“ {TEXTS['de']}", "de") == 0
    assert share(f"{TEXTS['de']} <div title='the quick brown fox jumps'>", "de") == 0


QUOTED = {
    "blockquote": lambda lines: "\n" + "".join(f"> {line}\n" for line in lines),
    "backticks": lambda lines: " ".join(f"`{line}`" for line in lines),
    "fence": lambda lines: "\n```\n{}\n```\n".format("\n".join(lines)),
    "tildes": lambda lines: "\n~~~text\n{}\n~~~\n".format(" ".join(lines)),
    "quotation marks": lambda lines: " ".join(f'"{line}"' for line in lines),
}


@pytest.mark.parametrize("language", ["cs", "de", "es", "id", "tl", "ar", "ja"])
@pytest.mark.parametrize("marks", QUOTED)
def test_english_is_english_in_whatever_marks(language: str, marks: str) -> None:
    own, quoted = SENTENCE_END.split(TEXTS[language]), QUOTED[marks]
    alternating = "".join(f"{line} {quoted([ENGLISH_SENTENCES[number % 2]])}\n" for number, line in enumerate(own * 3))
    assert share(alternating, language) >= LIMITS.foreign_share
    last_third = f"{TEXTS[language]}\n" * 4 + quoted([*ENGLISH_SENTENCES, *ENGLISH_SENTENCES])
    assert share(last_third, language) >= LIMITS.foreign_share
    one = f"{TEXTS[language]} {TEXTS[language]} " + quoted([ENGLISH_SENTENCES[1]])
    assert share(one, language) == 0, "a sentence that is quoted is none of the text's own"


@pytest.mark.parametrize(
    "code",
    [
        "`git commit --all --message 'Say what was done.'`",
        "```\nSELECT name, price FROM basket WHERE price > 5 ORDER BY name;\n```",
        "```\nfor every item in the list print the item\n```",
        "```yaml\ntitle: The river had risen during the night.\nbody: [a, b]\nif: ${{ always() }}\n```",
    ],
)
def test_code_is_no_prose_though_it_is_made_of_english_words(code: str) -> None:
    assert share(f"{TEXTS['de']}\n" + f"{code}\n" * 12, "de") == 0


def test_a_line_that_stands_alone_counts_half_and_sentences_in_a_row_do_not() -> None:
    german, english = [SENTENCE_END.split(TEXTS["de"])[0]] * 4, SENTENCE_END.split(ENGLISH.strip())
    alone = share(" ".join([*german, english[0], *german]), "de")
    twice = share(" ".join([*german, english[0], *german, english[1], *german]), "de")
    in_a_row = share(" ".join([*german, *english, *german]), "de")
    every_other = share(
        " ".join([*german, english[0], *german[:1], english[1], *german[:1], english[0], *german]), "de"
    )
    assert 0 < alone < twice < LIMITS.foreign_share < in_a_row < every_other


@pytest.mark.parametrize("language", ["ar", "cs", "de", "es", "id", "ja", "tl"])
def test_the_last_three_of_ten_sentences_in_english_show(language: str) -> None:
    own = (SENTENCE_END.split(TEXTS[language]) * 7)[:7]
    english = [ENGLISH_SENTENCES[0], *ENGLISH_SENTENCES]
    assert share(" ".join([*own, *english]), language) >= LIMITS.foreign_share


@pytest.mark.parametrize(("kind", "language", "text"), KEPT)
def test_another_language_is_at_home_in_titles_examples_terms_and_quotations(
    kind: str, language: str, text: str
) -> None:
    assert share(text, language) < LIMITS.foreign_share, kind


@pytest.mark.parametrize(("language", "text"), CAUGHT)
def test_an_answer_that_slips_into_english_is_caught_whatever_its_form(language: str, text: str) -> None:
    assert share(text, language) >= LIMITS.foreign_share


@pytest.mark.parametrize("language", SENTENCES)
def test_two_of_ten_sentences_in_english_at_an_end_show(language: str) -> None:
    assert share(" ".join(SENTENCES[language]), language) == 0
    for number in (2, 3):
        assert share(ending_in_english(language, number), language) >= LIMITS.foreign_share
        assert share(beginning_in_english(language, number), language) >= LIMITS.foreign_share
    assert share(alternating(language), language) > 0.4


def test_a_name_of_several_words_is_no_prose_and_capitals_are_no_names() -> None:
    assert without_names("Er liest The Lord of the Rings: The Two Towers und schläft.") == "Er liest und schläft."
    assert without_names("Sie lebt in New York, J. D. Salinger auch.") == "Sie lebt in auch."
    for text in ("Der alte Mann ging.", "THE RIVER HAD RISEN", "in New, of the", "", "1. - 2."):
        assert without_names(text) == text


@pytest.mark.parametrize("asked", ["mos", "kab", "fon", "dyu"])
@pytest.mark.parametrize("foreign", ["fr", "sw", "en"])
def test_a_known_language_is_caught_in_the_place_of_one_that_no_detector_knows(asked: str, foreign: str) -> None:
    text = {"en": ENGLISH, "fr": MORE["fr"], "sw": OTHERS["sw"]}[foreign]
    assert share(text, asked) >= LIMITS.foreign_share


def test_a_text_that_is_all_quotation_is_read_all_the_same() -> None:
    assert share(f"„{ENGLISH.strip()}“", "de") == 1
    assert own_words(f"„{ENGLISH.strip()}“").strip("„“ ") == ENGLISH.strip()


def test_terms_in_latin_letters_are_at_home_in_every_script() -> None:
    text = "Pythonのリスト内包表記はforループよりも簡潔に書けるので、NumPyやPandasと一緒によく使われています。" * 3
    assert share(text, "ja") == 0


@pytest.mark.parametrize("score", [0.01, 0.99])
def test_the_threshold_decides(score: float) -> None:
    verdict = read("Pak se vrátil do malého města u řeky, kde bydlela jeho sestra.", "sk", score).foreign_share
    assert verdict == (0 if score < 0.5 else 1)


@pytest.mark.parametrize("language", [*OTHERS])
def test_text_in_another_language_is_never_kept_for_its_short_sentences(language: str) -> None:
    """Passages of a sentence have fewer letters than the detectors are sure of; the text as a whole has enough."""
    kept = [asked for asked in ("cs", "de", "es", "id", "tl") if share(OTHERS[language], asked) < LIMITS.foreign_share]
    assert kept == []


@pytest.mark.parametrize("language", [*OTHERS])
def test_correct_text_of_small_languages_is_kept(language: str) -> None:
    assert share(OTHERS[language], language) < LIMITS.foreign_share
    assert read(OTHERS[language], language, 0.2).code == language


@pytest.mark.parametrize("language", ["ar", "cs", "de", "es", "fr", "hi", "id", "it", "ja", "ko", "ru", "th", "tl"])
def test_every_other_sentence_in_english_shows(language: str) -> None:
    own = (
        {**TEXTS, **MORE}[language].replace("。", "。 ").replace(". ", ".|").replace("。 ", "。|").strip("|").split("|")
    )
    mixed = " ".join(f"{own[n % len(own)]} {ENGLISH_SENTENCES[n % 2]}" for n in range(8))
    assert share(mixed, language) > LIMITS.foreign_share
    assert read(mixed, language, 0.2).foreign in ("en", None)  # None: seen by the script alone


@pytest.mark.parametrize(
    "asked", ["zu", "xh", "ha", "ig", "sn", "rw", "st", "tn", "haw", "mi", "no", "nn", "kab", "fon"]
)
def test_english_is_foreign_in_every_language_known_or_not(asked: str) -> None:
    reading = read(ENGLISH, asked, 0.2)
    assert (reading.code, reading.foreign_share, reading.foreign) == ("en", 1.0, "en")


@pytest.mark.parametrize("asked", ["kab", "fon", "dyu"])
def test_there_is_no_verdict_on_what_no_detector_knows(asked: str) -> None:
    unknown = "Sel mako tirun ba, ke lomi gaste puren da voli. Nera tom hasku li, bor deni kalu sa miro. " * 2
    assert read(unknown, asked, 0.2) == Reading()
    mixed = read(unknown + ENGLISH, asked, 0.2)
    assert (mixed.code, mixed.score, mixed.foreign) in ((None, None, "en"), ("en", mixed.score, "en"))
    assert 0.3 < (mixed.foreign_share or 0) < 0.7
    assert share(TEXTS["ja"], asked) == 1, "another script is foreign all the same"


def test_characters_that_cld2_refuses_change_nothing() -> None:
    clean, dirty = TEXTS["de"], TEXTS["de"].replace(" ", "\x07 ", 3).replace("K", "\ufffeK") + "\ud800"
    assert read(dirty, "de", 0.2) == read(clean, "de", 0.2)


@settings(deadline=None)  # the first text loads a model
@given(st.text(max_size=400), st.sampled_from(["de", "ar", "ja", "th", "zh", "zu", "kab"]))
def test_any_text_has_shares_between_nothing_and_all(text: str, language: str) -> None:
    reading = read(text, language, 0.2)
    assert (reading.code is None) == (reading.score is None)
    assert reading.foreign_share is not None or reading == Reading()
    assert 0 <= (reading.score or 0) <= 1
    if reading.foreign_share is not None:
        assert 0 <= reading.foreign_share <= 1


def test_a_long_text_of_two_languages_that_the_detector_gives_no_share_has_a_verdict() -> None:
    """CLD2 counts in whole percent, and in a text of 20,000 letters all of them may be none."""
    assert read("hello мир " * 3000, "en", 0.2).foreign_share is not None
