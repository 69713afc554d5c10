"""Examples are the ok answers, complete and traceable."""

from typing import Any

import pytest

from polyglot_assets.contracts.examples import EXAMPLES, PUBLISHED
from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.examples.build import build
from polyglot_assets.text.normal import text_key

PROMPT: dict[str, Any] = {name: name for name, _, _ in PROMPTS.fields} | {"exemplar_ids": ["e"], "prompt_id": "p"}


def response(**values: Any) -> dict[str, Any]:
    row = {name: name for name, _, _ in RESPONSES.fields}
    return (
        row | {"prompt_id": "p", "outcome": "ok", "prompt": "Frage", "response": "Antwort", "sample_index": 0} | values
    )


def test_only_ok_answers_become_examples() -> None:
    rows = build([PROMPT], [response(outcome="truncated", request_id="a"), response(request_id="b")], 2)
    assert [row["request_id"] for row in rows] == ["b"]


def test_an_example_has_every_column_of_the_contract() -> None:
    (row,) = build([PROMPT], [response()], 2)
    assert set(row) == {name for name, _, _ in EXAMPLES.fields}
    assert row["messages"] == [{"content": "Frage", "role": "user"}, {"content": "Antwort", "role": "assistant"}]
    assert row["synth_prompt"] == "synth_prompt"
    assert row["prompt_key"] == text_key(" frAGE ")
    assert (row["prompt_chars"], row["response_chars"]) == (5, 7)


def test_the_published_columns_come_first() -> None:
    assert tuple(name for name, _, _ in EXAMPLES.fields)[: len(PUBLISHED)] == PUBLISHED


def test_ids_differ_between_prompts_requests_and_samples() -> None:
    rows = build([PROMPT], [response(), response(request_id="other"), response(sample_index=1)], 2)
    assert len({row["id"] for row in rows}) == 3


def test_an_answer_without_its_prompt_is_an_error_not_a_loss() -> None:
    with pytest.raises(KeyError):
        build([], [response()], 2)
