"""The template's words are told from the seed's, and the original's from a translation."""

import pytest

from polyglot_assets.gates.leakage import copied_share, leaked_words, words_to_translate
from polyglot_assets.gates.measures import DEFAULT
from polyglot_assets.grid import STRATEGIES
from polyglot_assets.prompts import templates

ANSWER = "Der Himmel ist am Abend rot, weil das Licht einen längeren Weg durch die Luft nimmt."


def own(strategy: str) -> tuple[str, ...]:
    return templates.load()[strategy].renderer("de")("\n")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_sentence_of_a_template_is_found(strategy: str) -> None:
    for message in own(strategy):
        for sentence in message.replace("\n", ". ").split(". "):
            if (words := len(sentence.replace("-", " ").split())) >= DEFAULT.leaked_words:
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
