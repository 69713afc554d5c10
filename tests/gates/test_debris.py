"""What the machinery leaves behind is found, and the same in code is not."""

import pytest
from texts import TEXTS

from polyglot_assets.gates.debris import GATE, debris
from polyglot_assets.gates.gate import Pair

LEFT_BEHIND = {
    "a chat-template token": ["<|im_start|>user", "Ende.<|im_end|>", "<|eot_id|>", "[INST] Wer? [/INST]", "<<SYS>>", "</s>",
                              "<end_of_turn>", "<｜end▁of▁sentence｜>", "<think>hm</think> Ja.", "a\n### Response:\nb", "<0x0A>",
                              "Ja.<unused95>", "Ja.<turn|>", "<|channel>thought", "<|tool_call>", "Ja. [DONE]",
                              '<tool_call>{"name": "x"}</tool_call>', '[TOOL_CALLS][{"name": "x"}]', "<answer>Ja.</answer>",
                              "[THINK] Hm.", "◁think▷ Hm.", "<seed:think>", "<extra_id_0>", "<|user|>", "<thought>Hm.",
                              "<THINK>Hm.", "<Thought>Hm.", "<think >Hm.", "<longcat_think>Hm.", "[BEGIN FINAL RESPONSE]",
                              "<ANSWER>Ja.</ANSWER>", "<minimax:tool_call>", "<longcat_tool_call>", "<tool_code>x</tool_code>",
                              "<function=x>", "Ja.[unused12]", "Ja, <mask>.", "[CLS] Ja.", "Ja. [SEP] Nein.", "[MASK]",
                              "<|/think|>", "<reserved_106>", "<SPECIAL_12>", "[control_8]", '<invoke name="x">',
                              "<cot>Hm.</cot>Ja.", "<inner_monologue>", "</thinking_process>", "[SYSTEM_PROMPT]Hm.[/SYSTEM_PROMPT]",
                              "Ja.<s>Nein.", "Ja.<s>\nNein.</s>", "<s>Ja.</s>", "[|endofturn|]", "Ja.\n\n### User:\nUnd morgen?"],
    "a wrapper": ["<response>Ja.</response>", "<response>\nJa, gern.\n</response>", "<output> Ja. </output>", "<final>Ja.</final>",
                  "<assistant>Ja.</assistant>", "<Response>Ja, gern.", "<result>\nJa.", "Ja, gern.\n</response>",
                  "<response>Ja.</response>\n\nUnd Nein.",
                  "Hm, ja. <final>Ja.</final>", "Hm, ja.\n\n<response>\nJa, gern.\n</response>", "Hm, ja.\n<final>Ja.</final>", "<reply>はい。</reply>"],
    "a turn that nobody asked for": [
        "Ja, gern.\n\nHuman: Und morgen?", "Ja, gern.\nUser: Und morgen?\nAssistant: Auch.", "- Ja\n- Nein\n\nHuman: Danke!",
        "Ja, gern.\n\nUSER: Und morgen?\nASSISTANT: Auch.", "Ja, gern.\n\nUser:\nUnd morgen?\n\nAssistant:\nAuch.",
        "Ja, gern.\n\nHuman:", "User: Wer?\nAssistant: Ich.\nUser:", "はい。\n\nHuman: 明日は？",
        "Ja, gern.\n\n### Human: Und morgen?\n### Assistant: Auch.", "Ja, gern.\n\nAssistant: Noch etwas: Nein.",
        # as the grid's other languages and common ones call the two
        "Ja, gern.\n\nBenutzer: Und morgen?\nAssistent: Auch.", "Ja, gern.\n\nNutzer: Und morgen?", "Ja, gern.\n\nBenutzer:",
        "Claro.\n\nUsuario: ¿Y mañana?\nAsistente: También.", "Jistě.\n\nUživatel: A zítra?\nAsistent: Také.",
        "Tentu.\n\nPengguna: Bagaimana besok?\nAsisten: Juga.", "Oo.\n\nGumagamit: Bukas din ba?\nAsistente: Oo, bukas din.",
        "はい。\n\nユーザー:明日は?\nアシスタント:明日もです。", "نعم.\n\nالمستخدم: وغدا؟\nالمساعد: أيضا.", "Да.\n\nПользователь: А завтра?\nАссистент: Тоже.",
        "是的。\n\n用户:明天呢?\n助手:也是。", "Oui.\n\nUtilisateur : Et demain ?\nAssistant : Aussi.", "네.\n\n사용자: 내일은요?\n어시스턴트: 네.",
        "Ja, gern.\n\nHuman: Und morgen?\nAI: Auch.",
        # another question and its answer behind a whole one
        "Der Rhein fließt von den Alpen in die Nordsee und ist rund 1.230 km lang.\n\nQ: Wie lang ist die Elbe?\nA: 1.094 km.",
        "Der Rhein fließt von den Alpen in die Nordsee und ist rund 1.230 km lang.\n\nFrage: Und die Elbe?\nAntwort: 1.094 km.",
        "Der Rhein fließt von den Alpen in die Nordsee und ist rund 1.230 km lang.\n\nQ:"],
    "a mark of steps": ["<plan>Erst das, dann das.</plan>\nJa.", "<plan>\nErst das.", "<step>Eins.</step>", "<step 1>x</step_1>", "Ja.</reflection>",
                        "<reflection>Stimmt das?</reflection> Ja.", "Ja.\n<Critique>Gut.</Critique>", "<inner_thoughts>Hm.</inner_thoughts>"],
    "a broken character": ["Stra\ufffde", "a\x00b", "fÃ¼r dich", "itâ€™s", "\x0crac{1}{2}",
                           "\u00d0\u0178\u00d1\u20ac\u00d0\u00b8\u00d0\u00b2\u00d0\u00b5\u00d1\u201a"],
    "a JSON key": ['{"response": "Ja', '"prompt": "Wer?"', '{"answer": "Ja, \\"gern\\"."}', '{"text": "Ja."}'],
    "a JSON escape": ["Stra\\u00dfe"],
    "JSON escapes": ["Eins.\\n\\nZwei.", 'Er sagte \\"Ja\\".'],
    "a label": ["Final Answer: 42", "**Final Answer:** 42", "Thought: Hm.\nFinal Answer: 42", "Response: Ja, gern.", "assistant\n\nJa, gern.", "Human: Wer war das?", "**Prompt:** Wer war das?", "Assistant: Ja, gern.", "Assistant: Ja.\n\nHuman: Und?\n\nAssistant: Nein."],
    "HTML entities": ["a&nbsp;b&nbsp;c&amp;d", "&Ouml;le die Kette regelm&auml;&szlig;ig."],
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
     "Der Kanal <Anton> und [Berta]", "a ◁ b ▷ c", "<analysis>Ja.</analysis>", "",
     # elements of XML and HTML, and placeholders
     "Der Server schickt ein <response>-Element.", "<output> ist ein HTML-Element: <output>5</output>.", "<output>要素は結果を表します。",
     "<output>-Elemente zeigen Ergebnisse.", "<response>\n  <status>ok</status>\n</response>", '<response code="1">\nJa\n</response>',
     "So sieht das aus:\n\n<response>\n  <status>ok</status>\n</response>", "Der Server sagt dann:\n\n<response>Hallo</response>", "<staff>\n<assistant>Bob</assistant>\n</staff>",
     "sort < input > output", "mv <initial> <final>", "List<response> und Map<output, final>", "Preis: <s>20 €</s> 15 €", "<s>20 €</s> 15 €",
     "<svg><mask><rect/></mask></svg>", '<mask id="m"><rect/></mask>', "(?P<mask>\\d+)(?<s>x)(?P<answer>y)(?<thought>z)", "[mask], [Sep]",
     "Mit `<s>` wird durchgestrichen, `</s>` schließt.", "`[CLS]`, `<mask>`, `[unused12]` und `<think>` sind Tokens.",
     # dialogues that were asked for, and other words before a colon
     "User: Hallo!\nAssistant: Guten Tag.", "Human: Hallo!\nAI: Guten Tag.\nHuman: Wie geht es?\nAI: Gut.",
     "Assistant: Guten Tag!\nUser: Ein Buch, bitte.\nAssistant: Welches?\nUser: Das hier.",
     "Hier ist ein Gespräch:\n\nUser: Hallo!\nAssistant: Guten Tag.", "## Beispiel\n\nHuman: Wer bist du?\nAssistant: Ein Programm.",
     "Gern, hier ist eins.\n\nUser: Hallo!\nAssistant: Guten Tag.\nUser: Danke!", "Ein Gespräch.\n\n**User:** Hallo!\n**Assistant:** Ja.",
     "Melde dich an.\n\nUser: admin\nPassword: geheim", "Melde dich an.\n\nUser: admin",
     "Interviewer: Was machst du?\nHuman: Ich arbeite.", "Assistant: Was darf es sein?\nKunde: Brot.\nAssistant: Gern.",
     "Human: Das Wort bedeutet Mensch.", "Es gibt zwei Rollen.\n\nUser: liest und schreibt.\nAdmin: verwaltet alles.", "Die Rolle Human: ein Mensch.",
     "Nutzer: alle Mitarbeiter.", "Es gibt zwei Rollen.\n\nBenutzer: liest und schreibt.\nModel: eine Klasse.", "Gern.\n\nMensch: ein Säugetier.",
     "Hier ist ein Gespräch:\n\nBenutzer: Hallo!\nAssistent: Guten Tag.", "Gesucht wird Personal.\n\nAssistent: verwaltet Termine.",
     "Hier ist ein Witz.\n\nFrage: Was ist grün und klopft an die Tür?\nAntwort: Ein Klopfsalat.", "Q: Wer?\nA: Ich.", "Q: Wer?\nA: Ich.\n\nQ: Wann?\nA: Heute.",
     "Wir sammeln die häufigsten Fragen zu unserem Produkt auf dieser Seite.\n\nQ: Wer?\nA: Ich.\n\nQ: Wann?\nA: Heute.",
     "Gehe zu <step> und dann zu <plan>.", "<plan>\n  <name>x</name>", "Schritt <count> von <steps>", "Die Endantwort: 42", "Das ist die final answer: 42",
     # states of tasks, days, pages, entities as a subject, and JSON that is more than one text
     "Aufgaben: [DONE] Kochen, [TODO] Putzen", "[SEP] 12: Termin", "Eins.\x0cZwei.", "Eins\n\n\x0cund zwei", "Eins.\n\x0b\nZwei.",
     "Schreibe &auml; und &ouml;.", '{"text": "Ja.", "zahl": 1}', '{"answer": 42}', "assistant", "assistant ist ein Wort\nJa",
     "\u00d1andú y \u00d0, A\u00d1O, \u00d1O\u00d1O", "```\nx\n```",
     # headings
     "### User\n\n- Name", "### User:\n- Name\n- Alter", "### User:\n\n| Name |", "### User Management\nText", "## Response Codes\n200"],
)  # fmt: skip
def test_ordinary_text(text: str) -> None:
    assert debris(text) == (0, "")


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 200_000 + ":",
        "<mask> " + " " * 200_000,
        "<s>" * 60_000,
        "Human:" + "\n" * 100_000,
        "<response>a</response>" * 10_000,
        "Ja.\nUser: a b\n" * 20_000,
        "```" + " " * 200_000 + "x",
        '{"text": "' + "\\" * 200_000,
        "&a" * 100_000,
        "Q: " * 100_000,
        "<plan>" + " " * 200_000,
        "\nBenutzer:" * 60_000,
    ],
)
def test_a_long_text_takes_no_longer_than_its_length(text: str) -> None:
    """Each of these would not end if the time grew with the square."""
    debris(text)


def test_marks_add_up() -> None:
    assert debris("<|im_start|>a<|im_end|> \ufffd")[0] == 3


@pytest.mark.parametrize("text", ["```", "```\n```", "~~~python\n\n~~~", " ```json "])
def test_a_code_block_without_code(text: str) -> None:
    assert debris(text) == (1, "a code block without code")


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("Rechne 2+2. Antworte in <answer></answer>.", "<answer>4</answer>"),
        ("Schreibe <result>…</result> um die Zahl.", "<result>42</result>"),
        ("Was heißt [MASK] bei BERT?", "[MASK] steht für ein fehlendes Wort."),
        ("Antworte als JSON.", '{"answer": "Ja."}'),
        ("Schreibe XML.", "<step>Eins.</step>"),
        ("Denke in <plan>-Marken.", "<plan>Erst das.</plan>"),
        ("Antworte mit 'Final Answer:' und der Zahl.", "Final Answer: 42"),
        ("Schreibe ein Gespräch von Benutzer und Assistent.", "Ja, gern.\n\nBenutzer: Und?\nAssistent: Gut."),
    ],
)
def test_what_was_asked_for_is_no_debris(asked: str, text: str) -> None:
    assert debris(text, asked) == (0, "")
    assert debris(text)[0] > 0
    assert debris(text, "Rechne 2+2.")[0] > 0
    assert debris(f"{text}<|im_end|>", asked)[0] == 1


def test_a_final_answer_in_english_words_belongs_into_english_text_alone() -> None:
    text = "Wir rechnen 6 mal 7.\n\nFinal Answer: 42"
    assert debris(text, "", "de") == (1, "a label")
    assert debris(text, "Schließe mit 'Final Answer:'.", "de") == debris(text, "", "en") == (0, "")


def test_only_the_prompt_of_another_can_ask_for_marks() -> None:
    """A teacher that wrote the marks into its own prompt was not asked for them."""
    asked, text = "Rechne. Antworte in <answer></answer>.", "<answer>4</answer>"
    limits = GATE.limits()
    assert GATE.assess(Pair("de", asked, text, invented=False), limits).measured == {"debris_marks": 0}
    assert GATE.assess(Pair("de", asked, text, invented=True), limits).measured == {"debris_marks": 2}
