"""The refusal gate on a collection of our own: plain refusals are found, answers that look like them are kept.

The phrases of the gate were written with the seen part in view, the held-out part after them. Each must hold the bar.
"""

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from polyglot_assets.gates.refusal import RefusalLimits, refusal_share
from polyglot_assets.gates.refusal_limits import LIMITS
from polyglot_assets.gates.refusal_phrases import PHRASES

DECLINES = RefusalLimits().refusal_share

PARTS = pytest.mark.parametrize("part", ["seen", "held_out"])
PAGE = "Dig the bed over in autumn and rake it level in spring, when the ground no longer sticks to the boots. " * 12


def collection(kind: str, part: str) -> list[tuple[str, str]]:
    """(language, text) of the `refusals` or `full_answers` in the part `seen` or `held_out`."""
    return [
        (code, text.replace("{page}", texts.get("page", "")))
        for path in sorted((Path(__file__).parent / "refusals").glob(f"{part}*.toml"))
        for code, texts in tomllib.loads(path.read_text(encoding="utf-8")).items()
        for text in texts[kind]
    ]


def is_refused(text: str, language: str) -> bool:
    return refusal_share(text, language) >= DECLINES


@PARTS
def test_nine_refusals_in_ten_are_found(part: str) -> None:
    refusals = collection("refusals", part)
    missed = [(code, text) for code, text in refusals if not is_refused(text, code)]
    assert len(missed) <= 0.1 * len(refusals), missed


@PARTS
def test_nineteen_full_answers_in_twenty_are_kept(part: str) -> None:
    answers = collection("full_answers", part)
    rejected = [(code, text) for code, text in answers if is_refused(text, code)]
    assert len(rejected) <= 0.05 * len(answers), rejected


def test_the_collection_covers_every_language_of_the_gate() -> None:
    own = set(PHRASES) - {"ms", "jv", "su"}  # written like Indonesian
    for part, least in (("seen", 10), ("held_out", 5)):
        for kind in ("refusals", "full_answers"):
            texts = collection(kind, part)
            assert len(set(texts)) == len(texts)
            assert set(Counter(code for code, _ in texts)) == own
            assert min(Counter(code for code, _ in texts).values()) >= least
    assert set(LIMITS) == set(PHRASES)


@pytest.mark.parametrize("turn", [": ", ", but here is how: ", ", however these are the steps:\n\n1. "])
def test_a_remark_that_leads_to_a_page_of_answer_is_none(turn: str) -> None:
    remark = "As an AI language model, I have no experience"
    assert not is_refused(remark + turn + PAGE, "en")
    assert is_refused(f"{remark}{turn}Ask a gardener.", "en")


def test_a_refusal_that_offers_something_else_stays_one() -> None:
    assert is_refused("I can't help you with that, but I can tell you how a lock works in general.", "en")


@pytest.mark.parametrize(
    "text",
    [
        "“I'm sorry, I can't help you,” said the guide, and left the two brothers on the ridge.",
        "— I cannot help you, — said the guide, and left the two brothers standing on the ridge.",
        "Dear Ms Cole,\n\nI am unable to provide the flowers for Sunday.\n\nKind regards\nAnn",
    ],
)
def test_what_others_say_in_a_text_is_not_the_answers_own(text: str) -> None:
    assert refusal_share(text, "en") == 0


@pytest.mark.parametrize("marks", ["“{}”", '"{}"', "«{}»"])
def test_a_refusal_that_is_quoted_as_a_whole_is_one(marks: str) -> None:
    assert is_refused(marks.format("I'm sorry, but I can't help with that."), "en")


def test_a_greeting_does_not_make_a_letter() -> None:
    assert is_refused("Hello there,\n\nI'm sorry, but I cannot help with that request.", "en")
