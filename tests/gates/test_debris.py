"""What the machinery leaves behind is found, and the same in code is not."""

import pytest
from texts import TEXTS

from polyglot_assets.gates.debris import debris

LEFT_BEHIND = {
    "a chat-template token": ["<|im_start|>user", "Ende.<|im_end|>", "<|eot_id|>", "[INST] Wer? [/INST]", "<<SYS>>", "</s>",
                              "<end_of_turn>", "<｜end▁of▁sentence｜>", "<think>hm</think> Ja.", "a\n### Response:\nb", "<0x0A>",
                              "Ja.<unused95>", "Ja.<turn|>", "<|channel>thought", "<|tool_call>", "Ja. [DONE]",
                              '<tool_call>{"name": "x"}</tool_call>', '[TOOL_CALLS][{"name": "x"}]', "<answer>Ja.</answer>",
                              "[THINK] Hm.", "◁think▷ Hm.", "<seed:think>", "<extra_id_0>", "<|user|>", "<thought>Hm."],
    "a broken character": ["Stra\ufffde", "a\x00b", "fÃ¼r dich", "itâ€™s"],
    "a JSON key": ['{"response": "Ja', '"prompt": "Wer?"'],
    "a JSON escape": ["Stra\\u00dfe"],
    "JSON escapes": ["Eins.\\n\\nZwei.", 'Er sagte \\"Ja\\".'],
    "a label": ["Response: Ja, gern.", "**Prompt:** Wer war das?"],
    "HTML entities": ["a&nbsp;b&nbsp;c&amp;d"],
    "unbalanced HTML": ["<div><div><b>fett", "</ul></div></span>"],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in LEFT_BEHIND.items() for text in texts])
def test_debris(kind: str, text: str) -> None:
    marks, first = debris(text)
    assert first == kind
    assert marks >= 1


@pytest.mark.parametrize(
    "text", [text for texts in LEFT_BEHIND.values() for text in texts if not text.startswith("**")]
)
def test_the_same_as_code(text: str) -> None:
    assert debris(f"So sieht das aus:\n```\n{text}\n```\nMehr nicht.") == (0, "")


@pytest.mark.parametrize(
    "text",
    [*TEXTS.values(), "Das <div>-Element enthält ein <b>-Element.", "<p>Absatz ohne Ende", "<b>fett</b> und <i>schräg</i>",
     "$\\nabla f$ und \\(\\neq\\)", "Ein Pfad: C:\\new\\Ordner", "AT&amp;T", "1 < 2 | 3 > 2", "[1] Quelle: Lexikon", "a\tb\r\nc",
     "Benutzer: Hallo!\nAssistent: Guten Tag.", "Rechte: {admin}",
     "Der Kanal <Anton> und [Berta]", "a ◁ b ▷ c", "<analysis>Ja.</analysis>", ""],
)  # fmt: skip
def test_ordinary_text(text: str) -> None:
    assert debris(text) == (0, "")


def test_marks_add_up() -> None:
    assert debris("<|im_start|>a<|im_end|> \ufffd")[0] == 3
