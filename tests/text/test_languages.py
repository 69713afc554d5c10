"""Languages: codes and names, and how far the detector can be trusted, measured on the sample texts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import language_data.population_data
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot_assets.domain.grid import LANGUAGES
from polyglot_assets.text.languages import (
    Verdict,
    candidates,
    display_name,
    identify,
    is_known,
    prose,
    scripts_of,
    shares,
    to_code,
)

TEXTS = Path(__file__).parents[2] / "data" / "samples" / "texts"


class TestCodes:
    @pytest.mark.parametrize(
        ("written", "code"),
        [
            ("de", "de"), ("deu", "de"), ("de-AT", "de"), ("German", "de"), ("german", "de"), (" German ", "de"),
            ("pt-BR", "pt"), ("uk-UA", "uk"), ("zh-CN", "zh"), ("Chinese", "zh"), ("cmn", "zh"),
            ("ces", "cs"), ("Czech", "cs"), ("spa", "es"), ("Spanish", "es"), ("jpn", "ja"), ("japanese", "ja"),
            ("ind", "id"), ("in", "id"), ("Indonesian", "id"), ("jav", "jv"), ("Javanese", "jv"), ("zsm", "ms"),
            ("ara", "ar"), ("arb", "ar"), ("Arabic", "ar"), ("arz", "arz"), ("ary", "ary"), ("apc", "apc"),
            ("tl", "tl"), ("tgl", "tl"), ("fil", "tl"), ("Tagalog", "tl"), ("Filipino", "tl"),
            ("ceb", "ceb"), ("Cebuano", "ceb"), ("war", "war"),
            ("eng", "en"), ("English", "en"), ("french", "fr"),
            *((name, "no") for name in ("no", "nb", "nor", "nob", "nb-NO", "nob_Latn", "Norwegian", "Bokmal")),
            ("nn", "nn"), ("nno", "nn"), ("Nynorsk", "nn"), ("nno_Latn", "nn"),
            ("zh-Hans", "zh"), ("zh-Hant", "zh"), ("zh_TW", "zh"), ("zho_Hant", "zh"), ("yue", "yue"),
            ("Chinese (Simplified)", "zh"), ("Traditional Chinese", "zh"),
            ("sr-Latn", "sr"), ("sr-Cyrl", "sr"), ("srp_Cyrl", "sr"), ("sh", "sr"), ("hbs", "sr"),
            ("Serbo-Croatian", "sr"), ("Bokmål", "no"),
            ("pt_PT", "pt"), ("por_Latn", "pt"), ("id", "id"), ("ind_Latn", "id"), ("he", "he"), ("iw", "he"),
            ("arb_Arab", "ar"), ("arz_Arab", "arz"), ("ars", "ars"), ("acm", "acm"), ("swh", "sw"), ("als", "sq"),
            *((name, "no") for name in ("Bokmaal", "bokmål", "Norwegian Bokmaal", "norsk (bokmål)", "riksmål")),
            ("Slovene", "sl"), ("Sotho", "st"), ("Swahili", "sw"), ("fil-PH", "tl"), ("jw", "jv"), ("mo", "ro"),
            ("Bahasa Melayu", "ms"),
            *((name, None) for name in ("zxx", "mul", "mis", "und", "art", "sgn", "und-Latn", "Multiple languages")),
            ("", None), ("  ", None), ("Unknown", None), ("programming", None), ("c#", None),
        ],
    )  # fmt: skip
    def test_codes_and_english_names(self, written, code):
        assert to_code(written) == code

    @given(st.sampled_from(sorted(language_data.population_data.LANGUAGE_SPEAKING_POPULATION)))
    def test_a_code_of_a_code_is_itself(self, tag):
        code = to_code(tag)
        assert code is None or to_code(code) == code

    @pytest.mark.parametrize("code", LANGUAGES)
    def test_a_code_is_its_own_code_and_its_name_leads_back(self, code):
        assert to_code(code) == code
        assert to_code(display_name(code)) == code

    def test_names_for_prompts(self):
        names = ["Arabic", "Czech", "German", "Spanish", "Indonesian", "Japanese", "Tagalog"]
        assert [display_name(code) for code in LANGUAGES] == names

    @pytest.mark.parametrize("code", ["xx", "qqq", "zz"])
    def test_nobody_has_a_name_for_it(self, code):
        with pytest.raises(LookupError, match=code):
            display_name(code)


class TestProse:
    @pytest.mark.parametrize(
        ("text", "left"),
        [
            ("vor ```python\nprint('x')\n``` nach", "vor nach"),
            ("vor `x = 1` nach", "vor nach"),
            ("vor $$\\frac{a}{b}$$ und $x_1$ nach", "vor und nach"),
            ("siehe https://example.org/a?b=c jetzt", "siehe jetzt"),
            ("an jemand@example.org schreiben", "an schreiben"),
            ("  viel \n\n Platz\t", "viel Platz"),
            ("```a``` mitten ```b```", "mitten"),
            ("ein ` allein\nund ` noch eins", "ein ` allein und ` noch eins"),
        ],
    )
    def test_only_prose_is_left(self, text, left):
        assert prose(text) == left

    def test_money_is_not_a_formula_across_lines(self):
        assert prose("costs $5\nor $6") == "costs $5 or $6"


class TestIdentify:
    SENTENCE = "Bitte erkläre mir kurz, warum der Himmel am Abend so rot wird."

    def test_code_does_not_decide(self):
        code = "```python\n# compute the sum of all the even numbers below the limit and print the result\n```" * 5
        assert identify(code + self.SENTENCE).code == "de"
        assert identify(code) == Verdict(None, None)

    def test_links_and_formulas_do_not_decide(self):
        links = "https://example.org/the-quick-brown-fox-jumps-over-the-lazy-dog " * 10
        assert identify(links + self.SENTENCE).code == "de"

    @pytest.mark.parametrize(
        "text", ["", "42", "Selat Sunda", "Ja, gern.", "はい。", "١٢٣ ٤٥٦", "🙂" * 50, "3 + 4 = 7 " * 30]
    )
    def test_too_little_text_gets_no_verdict(self, text):
        assert identify(text) == Verdict(None, None)

    def test_the_limit_is_twenty_letters_or_eight_where_a_character_is_a_syllable(self):
        assert identify("Der Himmel ist am Abend"[:22]).code is None
        assert identify("Der Himmel ist am Abend rot.").code == "de"
        assert identify("これは何ですか。").code is None
        assert identify("これは何でしょうか。").code == "ja"

    def test_japanese_among_foreign_words(self):
        assert identify("関数 print を使うと hello が表示されます。").code == "ja"
        assert identify("Das Wort 「こんにちは」 bedeutet auf Deutsch einfach Guten Tag.").code == "de"

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("他今天下午去图书馆看书\uff0c晚上回家吃饭。", "zh"),
            ("오늘 오후에 도서관에 가서 책을 읽고 집에 왔습니다.", "ko"),
            ("Le ciel devient rouge le soir parce que la lumière traverse plus d'air.", "fr"),
        ],
    )
    def test_other_languages_are_recognised(self, text, code):
        assert identify(text).code == code

    def test_the_score_is_a_probability_and_the_verdict_is_the_same_twice(self):
        first, second = identify(self.SENTENCE), identify(self.SENTENCE)
        assert first == second
        assert 0.5 < first.score <= 1

    def test_a_long_text_is_judged_by_its_beginning(self):
        assert identify(self.SENTENCE * 100 + "This is English. " * 1000).code == "de"


def test_a_dialect_of_german_is_no_variety_of_albanian():
    found = candidates("Mir gönd hüt go poschte und denn no es bitzeli go spaziere, wil s Wätter so schön isch.")
    assert "gsw" in found
    assert "sq" not in found


def test_how_a_text_is_divided_between_languages():
    german, english = "Das Boot lag lange am Ufer des Flusses.", "The boat was lying on the bank for a long time."
    divided = shares(f"{german} {german} {english} {english}")
    assert set(divided) == {"de", "en"}
    assert all(0.3 < share < 0.7 for share in divided.values())
    assert shares(german * 3) == {"de": pytest.approx(1, abs=0.05)}
    assert shares("") == shares("42 \x00 \ud800 \U0001f642") == {}


def test_what_the_detectors_know():
    assert all(
        map(is_known, [*LANGUAGES, "zu", "xh", "ha", "ig", "sn", "rw", "st", "tn", "haw", "no", "nn", "arz", "ilo"])
    )
    assert [code for code in ("kab", "fon", "dyu", "tlh", "bs") if not is_known(code)] == ["kab", "fon", "dyu"]


def test_languages_that_are_written_in_two_scripts():
    assert scripts_of("sr") == {"CYRILLIC", "LATIN"}
    assert scripts_of("bg") == {"CYRILLIC"}
    assert scripts_of("ja") == {"HIRAGANA", "KATAKANA", "CJK"}


class TestAgreement:
    def test_no_verdict_speaks_against_nothing(self):
        assert all(Verdict(None, None).agrees_with(code) for code in LANGUAGES)

    @pytest.mark.parametrize(
        ("found", "wanted"), [("ms", "id"), ("ceb", "tl"), ("sk", "cs"), ("gl", "es"), ("nds", "de")]
    )
    def test_close_relatives_are_no_evidence(self, found, wanted):
        assert Verdict(found, 0.9).agrees_with(wanted)
        assert not Verdict(wanted, 0.9).agrees_with(found)

    @pytest.mark.parametrize("code", LANGUAGES)
    def test_english_is_evidence(self, code):
        assert Verdict(code, 0.9).agrees_with(code)
        assert not Verdict("en", 0.9).agrees_with(code)


def texts_of(row: Any) -> Iterator[str]:
    """All texts of a sample row that are in its language."""
    if isinstance(row, dict):
        fields = ("turns", "tree", "replies", "context", "content", "text", "response1", "response2", "inputs",
                  "targets", "instruction", "output", "input", "question", "answer")  # fmt: skip
        for name in fields:
            yield from texts_of(row.get(name))
    elif isinstance(row, list):
        for item in row:
            yield from texts_of(item)
    elif row:
        yield row


def sample_texts(language: str) -> list[str]:
    rows = [json.loads(line) for line in (TEXTS / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()]
    foreign = ("other language", "Egyptian", "Javanese", "Sundanese", "Cebuano")
    own = [row for row in rows if not any(word in row.get("note", "") for word in foreign)]
    return [text for row in own for text in texts_of(row)]


@pytest.mark.parametrize("language", [*LANGUAGES, "en"])
def test_the_detector_on_all_sample_texts(language):
    """Measured: agreement 97 % (id) to 100 % (ar, cs); no verdict for 1 % (ja) to 7 % (id: short answers)."""
    verdicts = [identify(text) for text in sample_texts(language)]
    assert len(verdicts) > 90
    given = [verdict for verdict in verdicts if verdict.code]
    assert len(given) >= 0.92 * len(verdicts)
    agreeing = sum(verdict.agrees_with(language) for verdict in given)
    assert agreeing >= 0.96 * len(given), f"{agreeing} of {len(given)}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_english_is_not_taken_for_the_target(language):
    """An answer left in English is the commonest fault of a small teacher; it must not pass."""
    agreeing = [text for text in sample_texts("en") if identify(text).code and identify(text).agrees_with(language)]
    assert agreeing == []
