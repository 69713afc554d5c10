"""The placeholder gate: holes in many languages, and brackets that are none."""

import json

import pytest
from texts import TEXTS

from polyglot_assets.gates.gate import Pair
from polyglot_assets.gates.placeholder import GATE, UNFILLED, PlaceholderLimits, holes
from polyglot_assets.gates.registry import DEFAULT
from polyglot_assets.inference.engine import Completion
from polyglot_assets.responses.outcomes import judge

LETTER = "Dear Ms. Novak,\n\nthank you for the kind invitation. I will be there at noon.\n\nYours,\n"


@pytest.mark.parametrize(
    "hole",
    ["[Your Name]", "[your full name]", "[Name]", "[Company Name]", "<insert the article here>", "[Insert date]",
     "<your API key>", "<Your Name>", "[paste the text here]", "{{topic}}", "{{ user_name }}", "[Ihr Name]", "[Datum einfügen]",
     "[Ihr Unternehmensname]", "[Firmenname]", "[Tu nombre]", "[Inserte aquí el texto]", "[su empresa]",
     "[Vaše jméno]", "[doplňte datum]", "[Nama Anda]", "[Masukkan teks]", "[Iyong pangalan]", "[あなたの名前]", "【お名前】",
     "[日付を記入]", "[اسمك]", "[أدخل النص]", "[votre nom]", "[seu nome]", "[您的姓名]", "[ваше имя]", "Lorem ipsum"],
)  # fmt: skip
def test_a_hole(hole: str) -> None:
    assert holes(f"{LETTER}{hole}") == [hole]


@pytest.mark.parametrize(
    "text",
    ["The first source [1] and the second [2, 3] disagree.", "He said that they [the farmers] would leave.",
     "[Verse 1]\nThe night is long\n[Chorus]\nOh, the night", "The array a[i - 1] and the map m[name]",
     "[your profile](https://example.com/you) is public", "The town is said to be old [citation needed].",
     "Set x in [0, 1] and y in [name, date].", "[laughs] Good morning! [turns to the door]", "Use <b>bold</b> or <your-tag>.", "<head><title>Hi</title></head><address>",
     "```\nhello [Your Name]\n```", "Write `[Your Name]` at the end.", "[ˈʁoːt.ʃɪlt] is how it is spoken.",
     "A set {a, b} and {{1, 2}, {3}}", "Die Mutter [ihrerseits] schwieg.", "[namely the river]", "[Datumsgrenze]",
     *TEXTS.values()],
)  # fmt: skip
def test_brackets_that_are_no_holes(text: str) -> None:
    assert holes(text) == []


def objections(prompt: str, response: str, *, invented: bool = False) -> list[str]:
    finding = GATE.assess(Pair("en", prompt, response, invented), PlaceholderLimits())
    return [reason for outcome, reason in finding.objections if outcome is UNFILLED]


class TestWhoseHole:
    def test_of_an_answer(self) -> None:
        assert objections("Accept the invitation.", f"{LETTER}[Your Name]") == [
            "the response has the placeholder [Your Name] (1 in all)"
        ]

    @pytest.mark.parametrize(
        "prompt",
        ["Write a template for accepting an invitation.", "Schreib mir eine Vorlage für eine Zusage.",
         "Escribe una plantilla de carta.", "招待状への返事のテンプレートを書いて。", "اكتب نموذج رسالة.", "Answer [Name]'s invitation."],
    )  # fmt: skip
    def test_that_was_asked_for(self, prompt: str) -> None:
        assert objections(prompt, f"{LETTER}[Your Name]") == []

    def test_of_a_prompt_that_the_teacher_invented(self) -> None:
        prompt = "Summarize this article: [insert article here]"
        assert objections(prompt, "It is about a river.", invented=True) == [
            "the prompt has the placeholder [insert article here] (1 in all)"
        ]
        assert objections(prompt, "It is about a river.") == [], "a seed's own prompt is the source's"


def test_so_many() -> None:
    pair = Pair("en", "Accept the invitation.", "[Name] and [Date]", invented=False)
    for least, objected in ((2, True), (3, False)):
        finding = GATE.assess(pair, PlaceholderLimits(placeholders=least))
        assert finding.measured == {"placeholders": 2}
        assert [outcome for outcome, _ in finding.objections] == [UNFILLED] * objected


def test_it_is_off_until_somebody_turns_it_on() -> None:
    row = {"strategy": "generate", "language": "de", "seed_language": "de", "prompt": "Was?", "prompt_key": ""}
    answer = json.dumps({"prompt": "Sag die Einladung bitte ab.", "response": f"{TEXTS['de']} [Ihr Name]"})
    for gates, outcome, measured in (
        (DEFAULT, "ok", None),
        (DEFAULT.but(enabled=[*DEFAULT.enabled, "placeholder"]), "unfilled", 1),
    ):
        found = judge(row, Completion("r", answer, "stop"), gates)
        assert (found.outcome, found.measures.get("placeholders")) == (outcome, measured)
