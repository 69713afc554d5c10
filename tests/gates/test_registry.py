"""All gates together: each can be switched off, each threshold moves its outcome, and the order is fixed."""

import json
from dataclasses import replace
from typing import Any

import pytest
from texts import TEXTS

from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.outcomes import Outcome
from polyglot_assets.gates import length, registry
from polyglot_assets.gates.gate import COUNT, Column, Limits
from polyglot_assets.gates.length import LengthLimits
from polyglot_assets.gates.registry import DEFAULT, Gates
from polyglot_assets.inference.engine import Completion
from polyglot_assets.prompts import templates
from polyglot_assets.responses.outcomes import Judgement, judge
from polyglot_assets.settings import Settings, load
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


# One sentence among others, which the language gate does not mind.
LEAKED = f"{GERMAN} Be complete and precise, and write nothing but the answer. {MORE}"
LEAKED_PAIR = f"{GERMAN} The new prompt must be about something else than the three above. {MORE}"
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
        text = LEAKED_PAIR
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


class TestRegistry:
    @pytest.mark.parametrize("strategy", ["respond", "generate", "translate"])
    def test_a_gate_leaves_its_columns_and_decides_about_its_outcomes(self, strategy: str) -> None:
        everything = DEFAULT.but(enabled=registry.NAMES)
        found = judged(strategy, f"{GERMAN} [Ihr Name]", gates=everything)
        assert list(found.measures) == [column.name for gate in registry.GATES for column in gate.columns]
        for gate in registry.GATES:
            only = judged(strategy, f"{GERMAN} [Ihr Name]", gates=DEFAULT.but(enabled=[gate.name]))
            assert list(only.measures) == [column.name for column in gate.columns]
            assert only.outcome in {"ok", *(outcome.name for outcome in gate.outcomes)}

    def test_columns_stay_where_they_are_and_new_ones_come_last(self) -> None:
        assert [column.name for column in registry.COLUMNS] == [
            "prompt_language", "prompt_language_score", "response_language", "response_language_score",
            "prompt_foreign_share", "response_foreign_share", "prompt_echo_share", "response_echo_share",
            "refusal_share", "repeated_share", "leaked_words", "debris_marks", "prompt_length", "response_length",
            "personal_data", "placeholders",
        ]  # fmt: skip

    def test_what_is_on_by_default_stays_so(self) -> None:
        assert DEFAULT.enabled == (
            "leakage", "debris", "repetition", "refusal", "language", "length", "personal_data"
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("other", "problem"),
        [
            ({"name": "length"}, "two gates have the name 'length'"),
            ({"decides": 60}, "two gates have the place in deciding 60"),
            ({"joined": 60}, "two gates have the place in joining 60"),
            ({"columns": (Column("prompt_length", COUNT, "Other"),)}, "two gates have the column 'prompt_length'"),
            ({"outcomes": (Outcome("empty", "gates", "nothing"),)}, "two gates have the outcome 'empty'"),
            ({"limits": LengthLimits}, "two gates have the setting 'shortest_prompt'"),
        ],
    )
    def test_two_gates_cannot_claim_the_same(self, other: dict[str, Any], problem: str) -> None:
        free = {"name": "new", "decides": 61, "joined": 61, "columns": (), "outcomes": (), "limits": Limits}
        gate = replace(length.GATE, **{**free, **other})
        with pytest.raises(ValueError, match=problem):
            registry.in_order((*registry.GATES, gate))

    def test_a_threshold_that_no_gate_has(self) -> None:
        with pytest.raises(TypeError, match="no gate has the threshold shares"):
            DEFAULT.but(shares=1)


class TestSettings:
    def test_every_threshold_has_a_setting_with_its_default(self) -> None:
        assert Settings().to_gates() == DEFAULT
        assert {f"gate_{name}" for name in registry.thresholds()} == {
            name for name in Settings.model_fields if name.startswith("gate_")
        }

    def test_their_values_reach_the_gates(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("POLYGLOT_GATES", "length, placeholder")
        monkeypatch.setenv("POLYGLOT_GATE_SHORTEST_RESPONSE", "5")
        monkeypatch.setenv("POLYGLOT_GATE_PERSONAL_KINDS", "card,email")
        gates = Settings().to_gates()
        assert gates == DEFAULT.but(
            enabled=["placeholder", "length"], shortest_response=5, personal_kinds=("email", "card")
        )
        assert gates.values()["enabled"] == ("placeholder", "length")

    @pytest.mark.parametrize("value", ["inf", "nan", "0"])
    def test_a_share_is_a_number_that_json_has(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("POLYGLOT_GATE_REPEATED_SHARE", value)
        with pytest.raises(UserError, match=r"^POLYGLOT_GATE_REPEATED_SHARE: "):
            load()
