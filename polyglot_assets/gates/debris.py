"""The debris gate: marks of machinery that text for people does not hold.

Here: what the machinery leaves behind: tokens of chat templates, wrappers around an answer and its steps, JSON that was
not taken apart, broken characters and markup that does not close. Not here: turns that a model made up (turns.py), the
words of our own templates (leakage.py), and what stands around an answer by right (responses/traces.py).

Code shows such marks on purpose, so code blocks and `inline code` are left out; an answer about chat templates passes
as long as it sets them as code.
"""

import re
from collections import Counter

from pydantic import Field

from polyglot_assets.domain import outcomes
from polyglot_assets.domain.outcomes import Outcome
from polyglot_assets.gates.gate import COUNT, Column, Finding, Gate, Limits, Pair
from polyglot_assets.gates.turns import goes_on, speaks

CODE = re.compile(r"```.*?(?:```|\Z)|~~~.*?~~~|`[^`\n]*`", re.DOTALL)
_SUSPECT = re.compile(
    r"[<\[{\\&\ufffd\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfffÃâÐÑ:：｜▁#◁]|\A\s*(?:assistant\n|```|~~~)"
)

_STEPS = (
    r"(?:plan|planning|steps?|step[_-]?\d{1,2}|reflections?|reflect|self[_-]reflection|critique|rationale|draft|revision"
    r"|verification|count|reward|final[_-]response|inner[_-]thoughts|monologue)"
)
"""In what marks models put the steps of their work, as prompts teach them to."""
_ELEMENT = re.compile(rf"<{_STEPS}>")
_SIGNS = "*#_\"' \t:："
_FINAL_ANSWER = re.compile(r"^[ \t]*\W{0,4}Final (?:Answer|Response)\W{0,3}[:：]", re.MULTILINE | re.IGNORECASE)

_MARKS: tuple[tuple[str, int, re.Pattern[str]], ...] = (
    ("a chat-template token", 1, re.compile(
        # All branches begin with one of three characters, so that the search skips all others.
        r"<(?:[|｜]/?[\w▁ ]{2,40}[|｜]|\|?(?:im_start|im_end|im_sep|endoftext|eot_id|start_header_id|end_header_id)\|?"
        r"|/?(?:start_of_turn|end_of_turn|bos|eos|pad|unk|cls|sep|SYS>)|/s|0x[0-9A-F]{2}"
        r"|(?:unused|extra_id_|reserved_|SPECIAL_|ctrl)\d+"
        r"|(?:turn|channel|tool_call)\||\|(?:turn|channel|tool_call)|function=\w+|invoke name=\"\w+\""
        r"|/?(?:(?:seed|mm|minimax|antml):\w{2,30}|\w{2,20}:(?:tool|function)_calls?|longcat_\w{2,20})"
        r"|(?i:/?\s*(?:[a-z]\w{0,20}[:_])?(?:ant)?think(?:ing)?\s*)"
        r"|(?i:/?(?:tool_(?:calls?|response|code|outputs?|results?)|function_(?:calls?|results?)))"
        r"|(?<!\(\?<)(?<!\(\?P<)(?:s|mask(?=>(?!\s*<))|(?i:/?(?:answer|final_answer|thoughts?|reasoning|scratchpad"
        r"|cot|chain_of_thought|inner_monologue|internal_monologue|thinking_process)))"
        r")>"  # groups of regular expressions have such names too, and SVG's masks hold elements
        r"|\[/?(?:INST|THINK|TOOL_CALLS?|TOOL_RESULTS|ARGS|SYSTEM_PROMPT|AVAILABLE_TOOLS)\]"
        r"|\[(?:BEGIN|END) FINAL RESPONSE\]"
        # The stream ends with `[DONE]`; in a list of tasks it is a state, as `[SEP] 12` is a day.
        r"|\[DONE\](?=\s*\Z)|\[SEP\](?!\s*\d)|\[(?:PAD|UNK|BOS|EOS|CLS|MASK|(?:unused|control_)\d+)\]|\[\|(?:user|assistant|system|endofturn)\|\]"
        r"|◁/?\w{2,20}▷")),
    ("a chat-template token", 1, re.compile(
        r"^#{2,4} ?(?:(?:Instruction|Response|Input|Human|Assistant) ?:?\s*$"
        r"|(?:User|System) ?:[ \t]*$(?!\s*(?:[-*+•|]|\d+[.)])))",  # with a list it describes users
        re.MULTILINE)),
    ("a mark of steps", 1, re.compile(
        # Around text, at the beginning of a line or closed; XML holds elements, and placeholders stand in lines.
        rf"<(?:/{_STEPS}>|(?:(?<=\n<)|(?<=\A<)){_STEPS}>(?!\s*<[\w!?]))", re.IGNORECASE)),
    ("a broken character", 1, re.compile(
        # A form feed or a vertical tab may part pages; the first one may have been the `\f` of a formula in JSON.
        r"[\ufffd\x00-\x08\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]|\x0c(?=rac|orall|ootnote|box)|(?:[ÐÑ][\x80-\xbf\u0152-\u2122]){3}"
        r"|Ã[¤¶¼Ÿ©¨±³¡­º§]|â€[™œ“”¦\x9d]|▁\w+▁")),
    ("a JSON key", 1, re.compile(
        r'^[^\S\n]*(?:[\[{]\s*)?"(?:prompt|response|messages|role|content)"\s*:', re.MULTILINE)),
    ("a JSON key", 1, re.compile(
        r'\A\s*\{\s*"(?:answer|final_answer|text|output|result|reply)"\s*:\s*"(?:[^"\\]|\\.)*"\s*\}\s*\Z', re.DOTALL)),
    ("a JSON escape", 1, re.compile(r"\\u[0-9a-fA-F]{4}")),
    ("JSON escapes", 2, re.compile(r'\\n(?=\\n|[A-Z0-9\s*#-]|\Z)|\\"')),
    ("a label", 1, re.compile(r"\A\W{0,4}(?:prompt|response|thought|final answer)\W{0,3}[:：]", re.IGNORECASE)),
    ("a label", 1, re.compile(r"\A\s*assistant\n\s*\S")),  # what is left of Llama's header
    ("HTML entities", 2, re.compile(  # within a word; an article about entities has them between blanks
        r"(?:(?<=\w)&|&(?=\w+;\w))(?:[A-Za-z](?:uml|acute|grave|circ|tilde|cedil|ring|caron|slash)|szlig|[ao]elig);")),
    ("HTML entities", 3, re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|#\d{2,5}|#x[0-9a-fA-F]{2,4});")),
)  # fmt: skip
"""(name, from how many on it counts, pattern)."""
_EMPTY_FENCE = re.compile(r"(?:```|~~~)\w*(?:\s+(?:```|~~~))?")
_STRUCK = re.compile(r"<s>[^<>\n]{1,300}</s>")
"""Words that HTML strikes through; around a whole text the same marks are tokens."""
_WRAPPERS = "response|output|result|reply|final|assistant"
"""Also names of XML and HTML elements: they are debris only around a whole text that holds no element of its own."""
_OPENS = re.compile(rf"<({_WRAPPERS})>(?!\s*<[\w!?])")
_CLOSES = re.compile(rf"</({_WRAPPERS})>\Z")
_LAST = re.compile(rf"(?:[^\s:：]\s*\n[ \t]*<({_WRAPPERS})>|<(final|assistant)>)[^<>]*</(?:\1|\2)>\Z")
"""The wrapper is the end of the text. After a colon it is an example."""

_PAIRED = re.compile(
    r"<(/?)(div|span|table|ul|ol|b|i|u|strong|em|h[1-6]|sup|sub|font|center|a|section|article|blockquote|script|style)"
    r"(?:\s[^<>]*)?>",
    re.IGNORECASE,
)
_UNBALANCED = 2
"""So many tags may lack their other half: `the <div> element`."""


def debris(text: str, asked: str = "", language: str = "") -> tuple[int, str]:
    """(number of marks, name of the first kind) in `text` outside of code; (0, "") if it has none.

    Args:
        text: what a model wrote.
        asked: what it was asked for. Tokens, wrappers and labels that stand there, too, are no marks: `Use <answer>
            tags.`
        language: the language that it should be in; empty if that is not known.
    """
    if not _SUSPECT.search(text):
        return 0, ""
    if _EMPTY_FENCE.fullmatch(text.strip()):
        return 1, "a code block without code"
    plain = CODE.sub(" ", text) if "`" in text or "~~~" in text else text
    total, first, asked_for = 0, "", asked.lower()
    asked = asked_for.replace("/", "")
    unstruck = _without_struck(plain)
    for name, least, pattern in _MARKS:
        found = sum(1 for mark in pattern.finditer(unstruck) if not _was_asked_for(mark[0], asked))
        if found >= least:
            total, first = total + found, first or name
    if "<" in plain and _is_wrapped(plain) and not _names_wrapper(asked):
        total, first = total + 1, first or "a wrapper"
    if language not in ("", "en") and "final answer" not in asked and _FINAL_ANSWER.search(plain):
        total, first = total + 1, first or "a label"
    if goes_on(plain, asked_for):
        total, first = total + 1, first or "a turn that nobody asked for"
    if speaks(plain):
        total, first = total + 1, first or "a label"
    unbalanced = _unbalanced_tags(plain) if "<" in plain else 0
    if unbalanced > _UNBALANCED:
        total, first = total + unbalanced, first or "unbalanced HTML"
    return total, first


def _was_asked_for(mark: str, asked: str) -> bool:
    """Whether a token such as `</answer>`, or its other half, stands in what was asked for; or what it is a part of."""
    mark = mark.strip().replace("/", "").lower()
    if mark[:1] == "{":
        return "json" in asked
    if mark[:1] in ("<", "["):
        return mark in asked or ("xml" in asked and _ELEMENT.fullmatch(mark) is not None)
    return mark[-1:] in (":", "：") and mark.strip(_SIGNS) in asked


def _names_wrapper(asked: str) -> bool:
    return re.search(rf"<(?:{_WRAPPERS})>", asked) is not None


def _without_struck(text: str) -> str:
    if "</s>" not in text:
        return text
    unstruck = _STRUCK.sub(" ", text)
    return unstruck if unstruck.strip() else text


def _is_wrapped(text: str) -> bool:
    """Whether the text stands in a wrapper, or one half of it is left."""
    bare = text.strip()
    lowered = bare.lower()
    if opened := _OPENS.match(lowered):
        name, inside = opened[1], lowered[opened.end() :].lstrip(" \t")
        if inside.startswith("\n") or bare[opened.end() :][:1].isupper():
            return True  # a text begins; `<output> is` and `<output>-Element` name an element
        inside, closed, after = inside.partition(f"</{name}>")
        return closed != "" and f"<{name}>" not in inside and after.lstrip(" \t")[:1] in ("", "\n")
    if (closes := _CLOSES.search(lowered, max(0, len(lowered) - 20))) is None:
        return False
    return f"<{closes[1]}" not in lowered or _LAST.search(lowered) is not None


def _unbalanced_tags(text: str) -> int:
    balance: Counter[str] = Counter()
    for match in _PAIRED.finditer(text):
        balance[match[2].lower()] += -1 if match[1] else 1
    return sum(map(abs, balance.values()))


DEBRIS = Outcome(
    "debris",
    outcomes.GATES,
    "chat-template tokens, wrappers, marks of steps, a turn that the model made up (`Human: …`), remains of JSON, "
    "broken characters or markup outside of code",
)


class DebrisLimits(Limits):
    """How many marks are too many."""

    debris_marks: int = Field(
        default=1,
        ge=1,
        description="So many chat-template tokens, JSON remains, broken characters or unbalanced tags outside of code "
        "make a text `debris`.",
    )


def _assess(pair: Pair, limits: DebrisLimits) -> Finding:
    # What the teacher invented as a prompt is judged itself, and asks for nothing that may stay.
    found = [debris(pair.response, "" if pair.invented else pair.prompt, pair.language)]
    marks, kind = max([*found, debris(pair.prompt, "", pair.language)] if pair.invented else found)
    objections = [(DEBRIS, f"{kind} ({marks} in all)")] if marks >= limits.debris_marks else []
    return Finding({"debris_marks": marks}, objections)


GATE = Gate(
    "debris",
    "marks of machinery that text for people does not hold",
    decides=20,
    joined=50,
    outcomes=(DEBRIS,),
    columns=(
        Column(
            "debris_marks",
            COUNT,
            "Chat-template tokens, JSON remains, broken characters and markup outside of code",
        ),
    ),
    limits=DebrisLimits,
    assess=_assess,
)
