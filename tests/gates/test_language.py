"""The language gate on texts of our own; real texts are measured by benchmarks/language_id.py."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from texts import TEXTS

from polyglot_assets.gates.language import Reading, own_words, read
from polyglot_assets.gates.measures import DEFAULT

ENGLISH = (
    "The river had risen during the night, and the ferryman refused to cross before noon. "
    "We waited in the small inn, where somebody had left an old newspaper on the table. "
)


def share(text: str, language: str) -> float:
    return read(text, language, DEFAULT.language_likelihood).foreign_share or 0.0


@pytest.mark.parametrize("language", TEXTS)
def test_each_text_is_its_own_language_and_no_other(language: str) -> None:
    reading = read(TEXTS[language], language, DEFAULT.language_likelihood)
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
    code = f"```text\n{ENGLISH * 5}\n```"
    assert share(f"{TEXTS['de']}\n{code}\n$${ENGLISH}$$ \\[{ENGLISH}\\]", "de") == 0
    assert share(f"{TEXTS['de']} „{ENGLISH.strip()}“ {TEXTS['de']}", "de") == 0
    assert share(f"{TEXTS['de']} <div title='the quick brown fox jumps'>", "de") == 0


def test_a_text_that_is_all_quotation_is_read_all_the_same() -> None:
    assert share(f"„{ENGLISH.strip()}“", "de") == 1
    assert own_words(f"„{ENGLISH.strip()}“").strip("„“ ") == ENGLISH.strip()


def test_terms_in_latin_letters_are_at_home_in_every_script() -> None:
    text = "Pythonのリスト内包表記はforループよりも簡潔に書けるので、NumPyやPandasと一緒によく使われています。" * 3
    assert 0 < share(text, "ja") < DEFAULT.foreign_share


@pytest.mark.parametrize("score", [0.01, 0.99])
def test_the_threshold_decides(score: float) -> None:
    verdict = read("Pak se vrátil do malého města u řeky, kde bydlela jeho sestra.", "sk", score).foreign_share
    assert verdict == (0 if score < 0.5 else 1)


def test_a_language_that_the_detector_does_not_know_is_only_tested_by_its_script() -> None:
    assert share(TEXTS["es"], "ny") == 0
    assert share(TEXTS["ja"], "ny") == 1


@settings(deadline=None)  # the first text loads a model
@given(st.text(max_size=400), st.sampled_from(["de", "ar", "ja", "th", "zh"]))
def test_any_text_has_shares_between_nothing_and_all(text: str, language: str) -> None:
    reading = read(text, language, 0.2)
    assert (reading.code is None) == (reading.foreign_share is None) == (reading.score is None)
    if reading.foreign_share is not None:
        assert 0 <= reading.foreign_share <= 1
