"""The template's words are told from the seed's, and the original's from a translation."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from texts import TEXTS

from polyglot_assets.domain.grid import STRATEGIES
from polyglot_assets.gates.language import LanguageLimits
from polyglot_assets.gates.leakage import (
    LeakageLimits,
    copied_share,
    leaked_words,
    untranslated_share,
    words_to_translate,
)
from polyglot_assets.inference.engine import Completion
from polyglot_assets.prompts import templates
from polyglot_assets.responses.outcomes import judge
from polyglot_assets.text.normal import text_key

ANSWER = "Der Himmel ist am Abend rot, weil das Licht einen längeren Weg durch die Luft nimmt."


def own(strategy: str) -> tuple[str, ...]:
    return templates.load()[strategy].renderer("de")("\n")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_sentence_of_a_template_is_found(strategy: str) -> None:
    for message in own(strategy):
        for sentence in message.replace("\n", ". ").split(". "):
            if (words := len(sentence.replace("-", " ").split())) >= LeakageLimits().leaked_words:
                assert leaked_words(f"{ANSWER} {sentence.upper()}! {ANSWER}", own(strategy)) >= min(words, 7), sentence


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_answer_of_its_own_has_none(strategy: str) -> None:
    assert leaked_words(ANSWER, own(strategy)) == 0
    assert leaked_words("", own(strategy)) == 0


def test_a_run_is_counted_in_words_and_starts_at_four() -> None:
    rules = ("one two three four five six seven",)
    assert leaked_words("one two three", rules) == 0
    assert leaked_words("so one, two, three, four, then", rules) == 4
    assert leaked_words("two three four five six", rules) == 5
    assert leaked_words("one two three four six seven", rules) == 4


def test_what_the_seed_says_may_be_repeated() -> None:
    system, user = own("respond")
    seed = "Put this into Czech: Be complete and precise, and write nothing but the answer."
    messages = (system, user.replace("\n\n\n", f"\n\n{seed}"))
    answer = "Be complete and precise, and write nothing but the answer."
    assert leaked_words(answer, (system, user)) == 10
    assert leaked_words(answer, (system, user), (system, user)) == 10
    assert leaked_words(answer, (system, user), messages) == 0


class TestCopies:
    ORIGINAL = "A shop sells pencils for three dollars each. How much do seven pencils cost in that shop?"

    def test_all_half_and_none(self) -> None:
        assert copied_share(self.ORIGINAL, self.ORIGINAL) == 1
        assert copied_share(ANSWER, self.ORIGINAL) == 0
        half = "Ein Laden verkauft Stifte für drei Dollar. How much do seven pencils cost in that shop?"
        assert 0.4 < copied_share(half, self.ORIGINAL) < 0.7

    def test_names_and_numbers_that_stay_are_no_copy(self) -> None:
        assert copied_share("Anna Smith kauft 3 Stifte zu 7 Dollar.", "Anna Smith buys 3 pencils at 7 dollars.") == 0

    @pytest.mark.parametrize(
        ("translated", "original"),
        [
            ("Was ergibt 1 + 2 + 3 + 4 + 5?", "What is 1 + 2 + 3 + 4 + 5?"),
            ("Wie groß ist der Median von 3, 5, 7, 12, 13, 14, 21, 23, 23, 23, 23, 29, 39, 40, 56?",
             "What is the median of 3, 5, 7, 12, 13, 14, 21, 23, 23, 23, 23, 29, 39, 40, 56?"),
            ("これらの和は？ 5 km + 6 km + 7 km + 8 km + 9 km", "What is their sum? 5 km + 6 km + 7 km + 8 km + 9 km"),
            ("Löse a x + b y + c z = d.", "Solve a x + b y + c z = d."),
            ("كم يساوي ٣ + ٤ + ٥ + ٦ + ٧؟", "How much is ٣ + ٤ + ٥ + ٦ + ٧?"),
        ],
    )  # fmt: skip
    def test_numbers_units_and_letters_of_formulas_are_kept_by_every_translation(
        self, translated: str, original: str
    ) -> None:
        assert copied_share(translated, original) == 0
        assert copied_share(original, original) >= 0.5 or len(words_to_translate(original)) < 4

    def test_numbers_among_the_words_hide_no_copy(self) -> None:
        original = "A shop sells 7 pencils for 3 dollars. How much do 12 pencils cost there?"
        changed = "Ein Laden: a shop sells 8 pencils for 4 dollars. How much do 15 pencils cost there?"
        assert copied_share(changed, original) > 0.8

    def test_among_characters_without_spaces(self) -> None:
        assert (
            copied_share("次の問題を解いてください: A shop sells pencils for three dollars each", self.ORIGINAL) > 0.5
        )


SENTENCES = {
    "en": ["My neighbour keeps three hens behind the house.", "Every morning she brings me two fresh eggs in a small basket.",
           "In return I water her tomatoes while she visits her sister in Lisbon.",
           "Last week one of the hens flew over the fence and hid under my car.",
           "How can I build a simple fence that keeps them in without hurting them?",
           "Please tell me which material I need and how high it should be."],
    "de": ["Meine Nachbarin hält hinter dem Haus drei Hühner.", "Jeden Morgen bringt sie mir in einem Körbchen zwei frische Eier.",
           "Dafür gieße ich ihre Tomaten, wenn sie ihre Schwester in Lissabon besucht.",
           "Letzte Woche flog eines der Hühner über den Zaun und versteckte sich unter meinem Auto.",
           "Wie baue ich einen einfachen Zaun, der sie zurückhält, ohne sie zu verletzen?",
           "Sag mir bitte, welches Material ich brauche und wie hoch er sein soll."],
    "es": ["Mi vecina tiene tres gallinas detrás de la casa.", "Cada mañana me trae dos huevos frescos en una cestita.",
           "A cambio le riego los tomates cuando visita a su hermana en Lisboa.",
           "La semana pasada una de las gallinas saltó la valla y se escondió debajo de mi coche.",
           "¿Cómo construyo una valla sencilla que no las deje salir y no les haga daño?",
           "Dime por favor qué material necesito y qué altura debe tener."],
    "ru": ["Моя соседка держит за домом трёх кур.", "Каждое утро она приносит мне в корзинке два свежих яйца.",
           "За это я поливаю её помидоры, когда она навещает сестру в Лиссабоне.",
           "На прошлой неделе одна из кур перелетела через забор и спряталась под моей машиной.",
           "Как построить простой забор, который удержит их и не поранит?",
           "Скажите, пожалуйста, какой материал мне нужен и какой высоты он должен быть."],
}  # fmt: skip
SEED = " ".join(SENTENCES["en"])


@pytest.mark.parametrize("language", ["de", "es", "ru"])
class TestUntranslatedShare:
    def test_a_translation_has_none(self, language: str) -> None:
        assert untranslated_share(" ".join(SENTENCES[language]), SEED) == 0

    @pytest.mark.parametrize("place", [slice(0, 2), slice(2, 4), slice(4, 6)], ids=["begin", "middle", "end"])
    def test_a_third_that_was_left_shows_wherever_it_stands(self, language: str, place: slice) -> None:
        sentences = list(SENTENCES[language])
        sentences[place] = SENTENCES["en"][place]
        assert copied_share(" ".join(sentences), SEED) < 0.45
        assert untranslated_share(" ".join(sentences), SEED) >= 0.5

    def test_such_a_row_is_not_translated(self, language: str) -> None:
        prompt = " ".join(SENTENCES[language][:4] + SENTENCES["en"][4:])
        row = {"strategy": "translate", "language": language, "seed_language": "en", "prompt": SEED,
               "prompt_key": text_key(SEED)}  # fmt: skip
        answer = json.dumps({"prompt": prompt, "response": TEXTS[language]})
        judgement = judge(row, Completion("r", answer, "stop"))
        assert judgement.outcome == "not_translated"
        assert "untranslated" in str(judgement.reason)
        answer = json.dumps({"prompt": " ".join(SENTENCES[language]), "response": TEXTS[language]})
        assert judge(row, Completion("r", answer, "stop")).outcome == "ok"

    def test_half_a_sentence_is_enough_in_a_short_prompt(self, language: str) -> None:
        text = f"{SENTENCES[language][0]} {SENTENCES[language][4]} Tell me how high it should be."
        assert untranslated_share(text, f"{SEED} Tell me how high it should be.") >= LanguageLimits().echo_share

    def test_names_and_titles_count_once(self, language: str) -> None:
        title = "The Hens of Lisbon and Other Stories"
        text = f"{' '.join(SENTENCES[language])} ({title}, Anna Maria Lopes Ferreira)"
        seed = f"{SEED} ({title}, Anna Maria Lopes Ferreira)"
        assert untranslated_share(text, seed) == copied_share(text, seed) > 0


def test_a_source_without_capitals_is_prose_too() -> None:
    seed = "يشرب كثير من الناس القهوة في الصباح قبل أن يذهبوا إلى عملهم في المدينة"
    text = "Viele Leute trinken gern Kaffee und manche lieber grünen Tee, sagt man, denn er ist milder: قبل أن يذهبوا إلى عملهم"
    assert untranslated_share(text, seed) == pytest.approx(2 * copied_share(text, seed), abs=0.001)


@given(st.text(max_size=200), st.text(max_size=200))
def test_the_untranslated_share_is_a_share_and_at_least_what_is_copied(text: str, source: str) -> None:
    assert 0 <= copied_share(text, source) <= untranslated_share(text, source) <= 1
    assert untranslated_share(text, "") == 0
