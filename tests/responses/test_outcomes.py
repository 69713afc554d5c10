"""Every completion gets exactly one outcome, and the right one."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import SENTENCES

from polyglot_assets.domain.grid import STRATEGIES
from polyglot_assets.gates.registry import OUTCOMES, Gates
from polyglot_assets.inference.engine import Completion
from polyglot_assets.responses.outcomes import judge
from polyglot_assets.text.invisible import trimmed
from polyglot_assets.text.normal import text_key

ENGLISH = "A shop sells pencils for three dollars each. How much do seven pencils cost in that shop?"


def prompt(strategy: str = "respond", language: str = "de") -> dict[str, Any]:
    seed_language = "en" if strategy == "translate" else language
    return {
        "strategy": strategy,
        "language": language,
        "seed_language": seed_language,
        "prompt": ENGLISH if strategy == "translate" else "Wie geht das?",
        "prompt_key": text_key(ENGLISH),
    }


def answer(text: str, finish_reason: Any = "stop", error: str | None = None) -> Completion:
    return Completion("r", text, finish_reason, prompt_tokens=9, response_tokens=4, error=error)


def pair(asked: Any, answered: Any) -> str:
    return json.dumps({"prompt": asked, "response": answered}, ensure_ascii=False)


GERMAN = SENTENCES["German"]
QUESTION = "Können Sie mir bitte erklären, warum der Himmel am Abend so rot wird?"


@pytest.mark.parametrize(
    ("strategy", "completion", "outcome", "reason"),
    [
        ("respond", answer(GERMAN), "ok", None),
        ("generate", answer(pair(QUESTION, GERMAN)), "ok", None),
        ("translate", answer(pair(QUESTION, GERMAN)), "ok", None),
        ("respond", answer("", "error", "HTTP 500"), "engine_error", "HTTP 500"),
        ("respond", answer("", "error"), "engine_error", "no reason"),
        ("respond", answer("", "too_long"), "too_long", "9 tokens"),
        ("respond", answer(GERMAN, "length"), "truncated", "4 tokens"),
        ("generate", answer('{"prompt": "Wer', "length"), "truncated", "4 tokens"),
        ("generate", answer('{"prompt": "Wer'), "invalid_json", "character"),
        ("generate", answer("[1]"), "invalid_json", "list"),
        ("generate", answer('{"prompt": "x"}'), "invalid_json", "'response'"),
        ("generate", answer(pair(GERMAN, 7)), "invalid_json", "'response'"),
        ("respond", answer(" \n "), "empty", "response"),
        ("generate", answer(pair("  ", GERMAN)), "empty", "prompt"),
        ("generate", answer(pair(GERMAN, "")), "empty", "response"),
        ("translate", answer(pair(ENGLISH.upper(), GERMAN)), "not_translated", "word for word"),
        ("translate", answer(pair("The pencils are three dollars each, what do seven of them cost?", GERMAN)),
         "not_translated", "English"),
        ("translate", answer(pair(GERMAN, ENGLISH)), "wrong_language", "response is in English"),
        ("respond", answer(ENGLISH), "wrong_language", "response is in English"),
        ("generate", answer(pair(SENTENCES["Spanish"], GERMAN)), "wrong_language", "prompt is in Spanish"),
    ],
)  # fmt: skip
def test_rules(strategy: str, completion: Completion, outcome: str, reason: str | None) -> None:
    judgement = judge(prompt(strategy), completion)
    assert judgement.outcome == outcome
    assert judgement.reason is None if reason is None else reason in (judgement.reason or "")


@pytest.mark.parametrize("text", ["[" * 5000, '{"prompt": ' + "1" * 5000 + "}", "1" * 5000, '{"a":' * 5000])
def test_json_that_no_parser_takes_is_invalid(text: str) -> None:
    found = judge(prompt("generate"), answer(text))
    assert found.outcome == "invalid_json"
    assert found.reason


def test_half_of_a_surrogate_pair_is_debris_and_can_be_stored() -> None:
    text = json.dumps({"prompt": QUESTION, "response": f"{GERMAN} \ud83d {GERMAN}"})
    assert "\\ud83d" in text, "as a teacher that is held to JSON may write it"
    found = judge(prompt("generate"), answer(text))
    assert found.outcome == "debris"
    assert found.response is not None
    assert "\ufffd" in found.response
    found.response.encode()


@pytest.mark.parametrize(
    "wrapped",
    [
        "```json\n{}\n```",
        "```\n{}\n```",
        "\n```JSON\n{}\n```\n",
        "\ufeff{}",
        "\u200b{}\u200b",
        "<think>\nHm.\n</think>\n\n{}",
        "Hm.\n</think>\n\n```json\n{}\n```",
        "[THINK]Hm.[/THINK]{}",
        "\ufeff<think>Hm.</think>{}",
        "<think>Hm.</think>\n<answer>\n{}\n</answer>",
        "Hm.\n[BEGIN FINAL RESPONSE]\n{}\n[END FINAL RESPONSE]",
        "{}<|im_end|>",
    ],
)
def test_an_object_may_come_in_a_fence_or_after_a_mark_or_a_trace(wrapped: str) -> None:
    found = judge(prompt("generate"), answer(wrapped.replace("{}", pair(QUESTION, GERMAN))))
    assert (found.outcome, found.prompt, found.response) == ("ok", QUESTION, GERMAN)


@pytest.mark.parametrize(
    "wrapped", ["Hier:\n```json\n{}\n```", "```json\n{}\n```\nFertig.", "```\n{}\n```\n```\n{}\n```"]
)
def test_a_fence_among_other_words_is_no_object(wrapped: str) -> None:
    text = wrapped.replace("{}", pair(QUESTION, GERMAN))
    assert judge(prompt("generate"), answer(text)).outcome == "invalid_json"


@pytest.mark.parametrize("mark", ["\ufeff", "\u200b", "\u200e", "\u2060", "\u2028", "\u00a0"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_invisible_marks_at_the_ends_are_no_text(strategy: str, mark: str) -> None:
    def text_of(text: str) -> str:
        return text if strategy == "respond" else pair(QUESTION, text)

    found = judge(prompt(strategy), answer(text_of(f"{mark}{GERMAN}{mark}\n")))
    assert (found.outcome, found.response) == ("ok", GERMAN)
    assert judge(prompt(strategy), answer(text_of(mark * 3))).outcome == "empty"


def test_marks_within_a_text_stay() -> None:
    text = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u2764\ufe0f"
    assert judge(prompt("respond", "fa"), answer(text)).response == text


def test_half_of_a_surrogate_pair_in_plain_text_is_debris() -> None:
    found = judge(prompt(), answer(f"{GERMAN} \ud83d {GERMAN}"))
    assert (found.outcome, found.response) == ("debris", f"{GERMAN} \ufffd {GERMAN}")


def test_what_the_teacher_thought_is_kept_for_every_outcome() -> None:
    told = replace(answer(f"<think>Dann.</think>{GERMAN}"), reasoning="Zuerst.")
    assert judge(prompt(), told).reasoning == "Zuerst.\n\nDann."
    assert judge(prompt(), told).response == GERMAN
    assert judge(prompt(), replace(told, finish_reason="length")).reasoning == "Zuerst.\n\nDann."
    assert judge(prompt(), answer(GERMAN)).reasoning is None


@pytest.mark.parametrize(
    ("original", "same"),
    [
        ("2 + 2 = ?", "2 + 2 = ?"),
        ("What is 1 + 2 + 3 + 4 + 5?", "Was ergibt 1 + 2 + 3 + 4 + 5?"),
        ("```\nprint(sorted(rows))\n```", "```\nprint(sorted(rows))\n```"),
        ("$\\frac{1}{2} + x$?", "$\\frac{1}{2} + x$?"),
    ],
)
def test_numbers_formulas_and_code_need_no_translation(original: str, same: str) -> None:
    row = prompt("translate") | {"prompt": original, "prompt_key": text_key(original)}
    assert judge(row, answer(pair(same, GERMAN))).outcome == "ok"


def test_a_short_prompt_of_words_does_need_one() -> None:
    row = prompt("translate") | {"prompt": "Why 7?", "prompt_key": text_key("Why 7?")}
    assert judge(row, answer(pair("why 7?", GERMAN))).outcome == "not_translated"


@pytest.mark.parametrize(
    ("language", "asked"),
    [("de", QUESTION), ("ja", "夕方の空が赤いのはなぜですか"), ("ar", "لماذا تكون السماء حمراء في المساء؟")],
)
def test_an_answer_that_only_repeats_its_question(language: str, asked: str) -> None:
    judgement = judge(prompt("respond", language) | {"prompt": asked}, answer(f" {asked.upper()}\n"))
    assert judgement.outcome == "repetitive"
    assert "from 20 on" in (judgement.reason or "")
    kept = judge(prompt("respond", language) | {"prompt": asked}, answer(asked), Gates(enabled=("length",)))
    assert kept.outcome == "ok", "the gate is off"


@pytest.mark.parametrize("asked", ["Hallo!", "Guten Morgen!", "7 + 12345678901234567890 = x", "こんにちは"])
def test_a_greeting_may_be_answered_by_itself(asked: str) -> None:
    assert judge(prompt("respond") | {"prompt": asked}, answer(asked)).outcome == "ok"


@pytest.mark.parametrize(
    ("asked", "given"), [("Ärger", "A\u0308rger"), ("straße", "STRASSE"), ("ﬁnden", "Finden"), ("\uff11\uff12", "12")]
)
def test_an_echo_may_be_spelled_otherwise(asked: str, given: str) -> None:
    row = prompt("respond") | {"prompt": f"{asked} im Lande Utopia, was heißt das?"}
    assert judge(row, answer(f"{given}  im Lande\nUtopia, was heißt das?")).outcome == "repetitive"


def test_saying_what_one_is_asked_to_say_is_no_echo() -> None:
    row = prompt("respond") | {"prompt": f"Sprich mir nach: {GERMAN}"}
    assert judge(row, answer(GERMAN)).outcome == "ok"


def test_an_invented_prompt_is_never_its_own_answer() -> None:
    assert judge(prompt("generate"), answer(pair("Guten Tag!", "guten tag!"))).outcome == "repetitive"


def test_raw_line_breaks_inside_json_strings_are_accepted() -> None:
    text = '{"prompt": "' + GERMAN + '", "response": "Zeile eins.\nZeile zwei, das ist die Antwort auf die Frage."}'
    assert judge(prompt("generate"), answer(text)).outcome == "ok"


def test_the_prompt_of_respond_is_the_seeds_own() -> None:
    judgement = judge(prompt("respond"), answer(GERMAN))
    assert judgement.prompt == "Wie geht das?"
    assert judgement.measures["prompt_language"] is None, "the source's claim is not tested again"


@pytest.mark.parametrize(("language", "sentence"), [
    ("ar", SENTENCES["Arabic"]), ("cs", SENTENCES["Czech"]), ("es", SENTENCES["Spanish"]),
    ("id", SENTENCES["Indonesian"]), ("ja", SENTENCES["Japanese"]), ("tl", SENTENCES["Tagalog"]),
])  # fmt: skip
def test_each_language_passes_in_its_own_cell_and_no_other(language: str, sentence: str) -> None:
    assert judge(prompt("respond", language), answer(sentence)).outcome == "ok"
    assert judge(prompt("respond", "de"), answer(sentence)).outcome == "wrong_language"


@settings(deadline=None)  # the first text loads a model
@given(
    strategy=st.sampled_from(STRATEGIES),
    text=st.one_of(st.text(), st.builds(pair, st.text(), st.text()), st.sampled_from(["{}", "null", "[]", "1"])),
    finish=st.sampled_from(["stop", "length", "too_long", "error"]),
)
def test_every_completion_has_one_known_outcome_and_a_reason_unless_ok(strategy: str, text: str, finish: Any) -> None:
    judgement = judge(prompt(strategy), answer(text, finish))
    assert judgement.outcome in OUTCOMES
    assert (judgement.reason is None) == (judgement.outcome == "ok")
    if judgement.outcome == "ok":
        assert judgement.prompt
        assert judgement.response


def test_the_ends_of_an_answer_are_those_of_any_text() -> None:
    """One way to trim: a joiner that is part of a letter stays, and blanks inside cost nothing."""
    malayalam = "അവന്\u200d"
    for text, kept in ((f" {malayalam} ", malayalam), ("x" + " " * 80_000 + "y", "x" + " " * 80_000 + "y")):
        assert trimmed(text) == kept
    assert trimmed("\u3164\u2800\ufe0f\0") == ""
