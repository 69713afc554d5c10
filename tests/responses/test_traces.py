"""A thinking trace is told from the answer that follows it, whatever the marks of its family."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.grid import Cell
from polyglot_assets.gates.debris import debris
from polyglot_assets.lake.store import Lake, write_parquet
from polyglot_assets.responses.traces import split

TRACE = "Der Nutzer fragt nach der Kette.\n\n1. Öl, 2. Luft (x < y)."
ANSWER = "Öle die Kette und prüfe den Luftdruck der Reifen."

COMMENTARY = "<|start|>assistant<|channel|>commentary<|message|>b<|end|><|start|>assistant"

FAMILIES = {
    "think": ("<think>\n", "\n</think>\n\n"),
    "thinking": ("<thinking>", "</thinking>"),
    "seed": ("<seed:think>", "</seed:think>"),
    "Magistral": ("[THINK]", "[/THINK]"),
    "Kimi": ("◁think▷", "◁/think▷"),
    "thought": ("<thought>\n", "\n</thought>\n\n"),
    "reasoning": ("<reasoning>", "</reasoning>\n"),
    "analysis": ("<analysis>", "</analysis>\n"),
    "Command": ("<|START_THINKING|>", "<|END_THINKING|>"),
    "Gemma 4": ("<|channel>thought\n", "\n<channel|>"),
    "MedGemma": ("<unused94>thought\n", "<unused95>"),
    "harmony": ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    "harmony with JSON": ("<|channel|>analysis<|message|>", "<|end|><|channel|>final <|constrain|>json<|message|>"),
    "harmony without tokens": ("analysis", "assistantfinal"),
    "opened by the template": ("", "\n</think>\n\n"),
    "opened by the template, one line": ("", "</think>\n\n"),
    "Magistral, opened by the template": ("", "\n[/THINK]"),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("answer", [ANSWER, '{"prompt": "P", "response": "<b>R</b> [1]"}', "```\ncode\n```"])
@pytest.mark.parametrize("before", ["", "\n"])
def test_a_leading_trace_is_cut_off(family: str, answer: str, before: str) -> None:
    opened, closed = FAMILIES[family]
    trace, rest = split(before + opened + TRACE + closed + answer)
    assert (trace, rest.strip()) == (TRACE, answer)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_empty_trace_leaves_the_answer(family: str) -> None:
    opened, closed = FAMILIES[family]
    trace, rest = split(opened + closed + ANSWER)
    assert (trace, rest.strip()) == ("", ANSWER)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (f"<think>a</think>\n<think>b</think>{ANSWER}", ("a\n\nb", ANSWER)),
        (f"<|channel|>analysis<|message|>a<|end|>{COMMENTARY}<|channel|>final<|message|>{ANSWER}<|return|>",
         ("a\n\nb", ANSWER)),
        (f"<|channel|>final<|message|>{ANSWER}<|end|>", ("", ANSWER)),
        (f"<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>{ANSWER}<|END_RESPONSE|>", ("a", ANSWER)),
        ("<think>a</think>", ("a", "")),
    ],
)  # fmt: skip
def test_more_than_one_part(text: str, parts: tuple[str, str]) -> None:
    trace, answer = split(text)
    assert (trace, answer.strip()) == parts


@pytest.mark.parametrize(
    "text",
    [
        ANSWER,
        "Das Token `</think>` beendet den Gedanken.\nMehr nicht.",
        "So sieht das aus:\n```\nHm.\n</think>\n\nJa.\n```\nMehr nicht.",
        "Das Zeichen </think> beendet den Gedanken.",
        "<analysis>Das verlangte XML.</analysis>",
        "analysis und final sind Kanäle.",
        "[1] Quelle: <b>Lexikon</b>",
        "",
    ],
)
def test_what_is_no_trace_stays(text: str) -> None:
    assert split(text) == ("", text)


@pytest.mark.parametrize("text", ["<think>Hm, aber", "[THINK] Hm", "◁think▷ Hm", "<|channel|>analysis<|message|>Hm"])
def test_a_trace_that_never_ends_is_no_answer(text: str) -> None:
    """It stays as it is, and the debris gate finds it."""
    assert split(text) == ("", text)
    assert debris(text)[0] > 0


@given(st.text())
def test_a_text_without_marks_is_its_own_answer(text: str) -> None:
    plain = text.translate(str.maketrans("", "", "<[◁"))
    if not plain.lstrip().startswith("analysis"):
        assert split(plain) == ("", plain)


@given(st.text(st.sampled_from("ab \n<>/|[]`◁▷")), st.sampled_from(sorted(FAMILIES)), st.text())
def test_nothing_is_invented(before: str, family: str, after: str) -> None:
    """Trace and answer are parts of the text, and the answer is its end."""
    opened, closed = FAMILIES[family]
    text = opened + before + closed + after
    trace, answer = split(text)
    assert answer in text
    assert all(part in text for part in trace.split("\n\n"))


def test_a_cell_without_the_column_stays_readable(lake: Lake, cell: Cell) -> None:
    """As earlier versions wrote it."""
    row = {field.name: None for field in RESPONSES.schema} | {"prompt_id": "p", "response": ANSWER}
    older = pa.Table.from_pylist([row], schema=RESPONSES.schema).drop_columns(["reasoning"])
    write_parquet(older, lake.cell_path(RESPONSES, cell, teacher="t"))
    (found,) = lake.read_cell(RESPONSES, cell, teacher="t")
    assert (found["response"], found["reasoning"]) == (ANSWER, None)
    with lake.connect() as connection:
        assert connection.execute("SELECT response, reasoning FROM lake.responses").fetchall() == [(ANSWER, None)]
