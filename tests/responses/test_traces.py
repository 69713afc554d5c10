"""A thinking trace is told from the answer that follows it, whatever the marks of its family."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.grid import Cell
from polyglot_assets.gates.debris import debris
from polyglot_assets.inference.engine import Completion
from polyglot_assets.lake.store import Lake, write_parquet
from polyglot_assets.responses.outcomes import read_answer
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
    "cot": ("<cot>\n", "\n</cot>\n"),
    "monologue": ("<inner_monologue>", "</inner_monologue>"),
    "process": ("<thinking_process>\n", "\n</thinking_process>\n\n"),
    "analysis": ("<analysis>", "</analysis>\n"),
    "upper case": ("<THINK>", "</THINK>"),
    "Marco": ("<Thought>", "</Thought>\n"),
    "blanks": ("<think >", "</ think >"),
    "two spellings": ("<think>", "</thinking>"),
    "LongCat": ("<longcat_think>\n", "\n</longcat_think>\n"),
    "OpenThinker": ("<|begin_of_thought|>", "<|end_of_thought|>"),
    "Granite": ("Here is my thought process:\n", "\n\nHere is my response:\n"),
    "Granite, shortened": ("Here's my thought process: ", "\nHere's my response: "),
    "headings": ("## Thinking\n\n", "\n\n## Final Response\n\n"),
    "bold headings": ("**Reasoning:**\n", "\n**Final Answer:**\n"),
    "other headings": ("**Thinking**\n\n", "\n\n**Answer**\n\n"),
    "Apriel": ("", "\n[BEGIN FINAL RESPONSE]\n"),
    "Command": ("<|START_THINKING|>", "<|END_THINKING|>"),
    "Gemma 4": ("<|channel>thought\n", "\n<channel|>"),
    "MedGemma": ("<unused94>thought\n", "<unused95>"),
    "harmony": ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    "harmony with JSON": ("<|channel|>analysis<|message|>", "<|end|><|channel|>final <|constrain|>json<|message|>"),
    "harmony without tokens": ("analysis", "assistantfinal"),
    "opened by the template": ("", "\n</think>\n\n"),
    "opened by the template, one line": ("", "</think>\n\n"),
    "Magistral, opened by the template": ("", "\n[/THINK]"),
    "opened by the template, glued": ("", "</think>"),
    "opened by the template, no blank line": ("", "</think>\n"),
    "Kimi, opened by the template": ("", "◁/think▷"),
    "Kimi, opened by the template, one line": ("", "\n◁/think▷\n"),
    "Seed, opened by the template": ("", "</seed:think>"),
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
        (f"<|begin_of_thought|>a<|end_of_thought|>\n<|begin_of_solution|>{ANSWER}<|end_of_solution|>", ("a", ANSWER)),
        (f"a\n[BEGIN FINAL RESPONSE]\n{ANSWER}\n[END FINAL RESPONSE]\n<|end|>", ("a", ANSWER)),
        (f"<think>\na\n</think>\n<answer>\n{ANSWER}\n</answer>", ("a", ANSWER)),
        (f"a\n</think>\n\n<response>\n{ANSWER}\n</response>\n", ("a", ANSWER)),
        (f"<Thought>a</Thought>\n<Output>{ANSWER}</Output><|im_end|>", ("a", ANSWER)),
        ("<think>a</think><response>\n<status>ok</status>\n</response>",
         ("a", "<response>\n<status>ok</status>\n</response>")),
        (f"Der Nutzer nennt `</think>`.\n</think>\n\n{ANSWER}", ("Der Nutzer nennt `</think>`.", ANSWER)),
    ],
)  # fmt: skip
def test_more_than_one_part(text: str, parts: tuple[str, str]) -> None:
    trace, answer = split(text)
    assert (trace, answer.strip()) == parts


@pytest.mark.parametrize(
    "end",
    ["<|im_end|>", "<turn|>", "</s>", "<eos>", "<|eot_id|>\n", "<end_of_turn>\n",
     "<\uff5cend\u2581of\u2581sentence\uff5c>",
     "<|endoftext|>", "<|END_RESPONSE|><|END_OF_TURN_TOKEN|>", "<|im_end|>\n<|endoftext|>", "[|endofturn|]",
     "<|return|>"],
)  # fmt: skip
@pytest.mark.parametrize("before", ["", "<think>Hm.</think>", "Hm.\n</think>\n\n"])
@pytest.mark.parametrize("answer", [ANSWER, '{"prompt": "P", "response": "R"}'])
def test_the_token_that_ends_a_turn_is_no_part_of_the_answer(before: str, answer: str, end: str) -> None:
    trace, rest = split(before + answer + end)
    assert (trace, rest.strip()) == (before and "Hm.", answer)


@pytest.mark.parametrize(
    "text", [f"{ANSWER}<|im_end|>\n<|im_start|>user", f"{ANSWER}<|im_end|> Und?", f"<s>{ANSWER}</s>"]
)
def test_where_a_model_goes_on_the_tokens_stay(text: str) -> None:
    assert split(text) == ("", text)
    assert debris(text)[0] > 0


@pytest.mark.parametrize(
    "text",
    [
        ANSWER,
        "<output>5</output> und <s>6</s>",
        "Das Zeichen ◁/think▷ beendet den Gedanken.",
        "Erst kommt [/THINK] und dann die Antwort.",
        "Das Ende („</think>“) fehlt.",
        "So sieht das aus:\n\n<think>\nHm.\n</think>\n\nMehr nicht.",
        "Here is my response to your letter.",
        "Here is my thought process: erst messen, dann schneiden.",
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


def test_elements_that_the_prompt_asks_for_are_no_trace() -> None:
    text = "<reasoning>2+2</reasoning>\n<answer>4</answer>"
    assert split(text) == ("2+2", "4")
    assert split(text, "Denk in <reasoning> und antworte in <answer>.") == ("", text)
    assert split(f"<think>Hm.</think>{text}", "Denk in <Reasoning>.")[0] == "Hm."
    row = {"strategy": "respond", "language": "de", "seed_language": "de", "prompt_key": ""}
    asks = "Rechne 2+2. Denk in <reasoning> und antworte in <answer>."
    for prompt, response in ((asks, text), ("Rechne 2+2.", "4")):
        assert read_answer({**row, "prompt": prompt}, Completion("r", text, "stop")) == (prompt, response)


@given(st.text())
def test_a_text_without_marks_is_its_own_answer(text: str) -> None:
    plain = text.translate(str.maketrans("", "", "<[◁"))
    if not plain.lstrip().startswith(("analysis", "Here")):
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


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (
            "**Thinking**\n\nIt begins early.\n\n**Answer**\n\nLate.",
            "Begin with **Thinking**, end with **Answer**.",
        ),
        ("## Reasoning\n\nAll men are mortal.\n\n## Answer\n\nSo is Socrates.", "Is Socrates mortal?"),
        ("## Thinking\n\nA chapter.\n\n## Doing\n\nAnother.", "Write two chapters."),
        ("## Thinking\n\nNothing follows.\n\n## Answer\n", "Write."),
    ],
)
def test_headings_that_were_asked_for_or_are_the_answers_own(text: str, asked: str) -> None:
    assert split(text, asked) == ("", text)
