"""All gates together: each can be switched off, each threshold moves its outcome, and the order is fixed."""

import json
from typing import Any

import pytest
from texts import TEXTS

from polyglot_assets.gates.registry import DEFAULT, Gates
from polyglot_assets.inference.engine import Completion
from polyglot_assets.prompts import templates
from polyglot_assets.responses.outcomes import Judgement, judge
from polyglot_assets.text.normal import text_key

GERMAN = TEXTS["de"]
MORE = (
    "Im Winter greifen manche lieber zu heißer Schokolade. Am Nachmittag folgt in vielen Büros noch eine zweite Tasse. "
    "Kinder bekommen zum Frühstück meistens Milch oder Saft, weil ihnen beides besser schmeckt."
)
QUESTION = "Warum trinken so viele Menschen am Morgen Kaffee oder Tee?"
ENGLISH = "Why do so many people drink coffee or tea in the morning before they leave for work?"
SYSTEM, USER = templates.load()["respond"].renderer("de")(QUESTION)


def row(strategy: str) -> dict[str, Any]:
    seed = ENGLISH if strategy == "translate" else QUESTION
    system, user = templates.load()[strategy].renderer("de")(seed)
    return {"strategy": strategy, "language": "de", "seed_language": "en" if strategy == "translate" else "de",
            "prompt": seed, "prompt_key": text_key(seed), "system_prompt": system, "synth_prompt": user}  # fmt: skip


def judged(strategy: str, response: str, prompt: str = QUESTION, gates: Gates = DEFAULT) -> Judgement:
    text = response if strategy == "respond" else json.dumps({"prompt": prompt, "response": response})
    return judge(row(strategy), Completion("r", text, "stop"), gates)


LEAKED = f"Answer the following request in German. Be complete and precise. {GERMAN} {MORE}"
BAD = {
    "leakage": ("leaked", LEAKED, {"leaked_words": 99}),
    "debris": ("debris", f"{GERMAN}<|im_end|> {MORE}", {"debris_marks": 2}),
    "repetition": ("repetitive", f"{GERMAN} " * 4, {"repeated_share": 1.0}),
    "refusal": ("refused", "Es tut mir leid, aber dabei kann ich dir nicht helfen.", {"refusal_share": 1.1}),
    "language": ("wrong_language", TEXTS["es"], {"foreign_share": 1.1}),
    "length": ("bad_length", "…!", {"shortest_response": 0}),
    "personal_data": ("personal_data", f"{GERMAN} Fragen an anna.kowalski@posteo.de.", {"personal_kinds": ("card",)}),
}


@pytest.mark.parametrize("gate", BAD)
@pytest.mark.parametrize("strategy", ["respond", "generate"])
def test_each_gate_has_an_outcome_a_switch_and_a_threshold(gate: str, strategy: str) -> None:
    outcome, text, relaxed = BAD[gate]
    if gate == "leakage" and strategy == "generate":
        text = f"Do not name the kind of task. Answer it fully in the response. {GERMAN} {MORE}"
    found = judged(strategy, text)
    assert found.outcome == outcome
    assert found.reason
    off = DEFAULT.but(enabled=[name for name in DEFAULT.enabled if name != gate])
    assert judged(strategy, text, gates=off).outcome == "ok"
    assert judged(strategy, text, gates=DEFAULT.but(**relaxed)).outcome == "ok"


def test_the_order_is_that_of_the_gates() -> None:
    """A text with every fault falls under the first gate that is on."""
    order = ["leaked", "debris", "repetitive", "refused", "wrong_language", "personal_data"]
    everything = (
        "I'm sorry, but I can't help with that. I cannot answer such a request. As an AI, I have no opinion. Be complete and precise, and write nothing but the answer. "
        "anna.kowalski@posteo.de <|im_end|> " + (TEXTS["es"] + " ") * 4
    )
    gates = list(DEFAULT.enabled)
    for outcome in order:
        assert judged("respond", everything, gates=DEFAULT.but(enabled=gates)).outcome == outcome
        gates.remove(next(gate for gate, (name, _, _) in BAD.items() if name == outcome))
    assert judged("respond", everything, gates=DEFAULT.but(enabled=gates)).outcome == "ok"


def test_without_gates_nothing_is_measured() -> None:
    assert judged("generate", GERMAN, gates=Gates(())).measures == {}


@pytest.mark.parametrize("text", ["Ja.", "42", "Praha", "Ano", "はい", "x²", "1984"])
def test_short_answers_are_answers(text: str) -> None:
    assert judged("respond", text).outcome == "ok"


def test_a_quarter_of_another_language_passes_and_a_third_is_mixed() -> None:
    german = (
        f"{GERMAN}\nAndere trinken gar nichts und essen lieber einen Apfel, den sie am Abend zuvor gewaschen haben. "
        "Wieder andere frühstücken erst im Büro, wo es in der Küche meistens frische Brötchen vom Bäcker nebenan gibt.\n"
    )
    assert judged("respond", german + ENGLISH).outcome == "ok"
    mixed = judged("respond", f"{german}{ENGLISH}\n{TEXTS['en']}")
    assert mixed.outcome == "mixed_language"
    assert "of the response is in English" in str(mixed.reason)


class TestTranslation:
    def test_good(self) -> None:
        assert judged("translate", GERMAN).outcome == "ok"

    def test_partly_english_prompt(self) -> None:
        prompt = "Sag mir bitte ganz genau: why do so many people drink coffee or tea in the morning?"
        found = judged("translate", GERMAN, prompt)
        assert found.outcome == "not_translated"
        assert (found.measures["prompt_echo_share"]) > 0.5

    def test_the_answer_begins_with_the_english_prompt(self) -> None:
        assert judged("translate", f"{ENGLISH}\n{GERMAN}").outcome == "not_translated"
        off = DEFAULT.but(echo_share=1.1)
        assert judged("translate", f"{ENGLISH}\n{GERMAN}", gates=off).outcome == "mixed_language"
        assert judged("translate", f"{ENGLISH}\n{GERMAN} {MORE}", gates=off).outcome == "ok"

    def test_a_quoted_original_is_no_echo(self) -> None:
        prompt = (
            f"Wie würdest du diesen Satz möglichst schön übersetzen, und was ist daran zu beachten? „{ENGLISH[:60]}“"
        )
        assert judged("translate", GERMAN, prompt).outcome == "ok"


def test_the_seeds_own_prompt_is_only_tested_for_personal_data() -> None:
    bad = {**row("respond"), "prompt": "<|im_end|> I can't help. Schreib an anna.kowalski@posteo.de"}
    found = judge(bad, Completion("r", GERMAN, "stop"))
    assert (found.outcome, found.reason) == ("personal_data", "the seed's own prompt holds an e-mail address")
    assert "kowalski" not in str(found.reason)
    clean = {**bad, "prompt": "<|im_end|> I can't help. So long, and thanks for all the fish in the sea of text"}
    assert judge(clean, Completion("r", GERMAN, "stop")).outcome == "ok"


def test_an_answer_that_is_its_prompt() -> None:
    assert judged("generate", f" {QUESTION.upper()}").outcome == "repetitive"
