"""Thinking traces: what a model wrote to itself before its answer.

Here: where a trace at the beginning of a text ends, for the marks of the usual families, and what some models put
around the answer that follows: a wrapper, the token that ends a turn. Not here: what servers tell in a field of its
own (inference/chat_api.py), and marks that are left over elsewhere (gates/debris.py).
"""

import re

from polyglot_assets.gates.debris import CODE

_PREFIX = r"(?:[a-z]\w{0,20}[:_])?(?:ant)?"
"""A family's own name before `think`: `seed:think`, `longcat_think`."""
_GRANITE = r"here(?:['’]s| is) my "
_PAIRS = (
    (rf"(?i:<\s*({_PREFIX})think(?:ing)?\s*>)", r"(?i:</\s*\1think(?:ing)?\s*>)"),
    (r"\[THINK\]", r"\[/THINK\]"),
    ("◁think▷", "◁/think▷"),
    (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
    (r"<\|channel>thought\b", r"<channel\|>"),
    (r"<unused94>thought\b", "<unused95>"),
    (rf"(?i:{_GRANITE}thought process:)", rf"(?im:^[ \t]*{_GRANITE}response:)"),
    ("analysis", "assistantfinal"),  # harmony, after a server removed the special tokens and left the words
)
_MARKED = tuple(re.compile(rf"\A\s*{opened}(?P<trace>.*?){closed}", re.DOTALL) for opened, closed in _PAIRS)
_NAMED = re.compile(
    r"\A\s*<\s*(thoughts?|reasoning|analysis|reflection|scratchpad|cot|chain_of_thought|inner_monologue"
    r"|internal_monologue|thinking_process)\s*>(?P<trace>.*?)</\s*\1\s*>",
    re.DOTALL | re.IGNORECASE,
)
"""Words that may as well be the elements of an XML text that was asked for: a trace only if something follows it."""
_HEADING = r"(?:#{1,6}[ \t]*|\*\*[ \t]*)"
_HEADED = re.compile(
    rf"\A\s*(?P<heading>{_HEADING}(?:(thinking|thoughts?|thought process)|reasoning))\b[ \t:*]*\n(?P<trace>.*?)"
    rf"\n[ \t]*{_HEADING}(?(2)(?:final[ \t]+)?|final[ \t]+)(?:response|answer)\b[ \t:*]*\n",
    re.DOTALL | re.IGNORECASE,
)
"""A trace and an answer with headings of their own, unless they were asked for."""

_OPENED = re.compile(
    rf"(?i:<\s*{_PREFIX}think(?:ing)?\s*>)|\[THINK\]|◁think▷|<\|START_THINKING\|>|<\|begin_of_thought\|>|<\|channel>|<unused94>"
)
_CLOSED = re.compile(
    r"<(?i:/\s*(?P<tag>think(?:ing)?)\s*>)|<(?i:/\s*[a-z]\w{0,20}[:_]think(?:ing)?\s*>)|<\|END_THINKING\|>"
    r"|<\|end_of_thought\|>|<channel\|>|<unused95>|\[/THINK\]|\[BEGIN FINAL RESPONSE\]|◁/think▷"
)
_NEW_PARAGRAPH = re.compile(r"[ \t]*\n[ \t]*\n")
_ENDS_A_SENTENCE = frozenset(".!?…。！？")
_QUOTES = frozenset("\"'„“”«»‚‘’()[]`")
_SIGNS = frozenset(".,;:!?…")

_HARMONY = re.compile(
    r"\A\s*(?:<\|start\|>assistant)?(?P<traces><\|channel\|>.*)?<\|channel\|>final(?:<\|constrain\|>|[^<])*<\|message\|>",
    re.DOTALL,
)
_HARMONY_TRACE = re.compile(r"<\|message\|>(.*?)(?=<\|(?:end|start|channel)\|>|\Z)", re.DOTALL)
_BEGINS = re.compile(r"\s*(?:<\|START_RESPONSE\|>|<\|begin_of_solution\|>)")
_ENDS = re.compile(
    r"(?:<[|｜](?:im_end|eo[dmst](?:_id)?|end|end(?:_of_|▁of▁|of)(?:text|turn|sentence|message|solution)|return|stop"
    r"|role_end|END_RESPONSE|END_OF_TURN_TOKEN)[|｜]>|<end_of_(?:turn|utterance)>|<turn\|>|<eos>|</s>"
    r"|\[\|endofturn\|\]|\[e~\[|\[EOS\]|\[END FINAL RESPONSE\])\Z"
)
_LONGEST_END = 40
_MOST_ENDS = 3
"""A model that writes more of them is no longer ending an answer."""
_WRAPPED = re.compile(
    r"\A\s*<(?:(answer|final|final_answer|assistant|solution|conclusion)|(response|output|result|reply)(?=>\s*[^\s<]))>"
    r"(?P<answer>.*?)(?:</(?:\1|\2)>\s*)?\Z",
    re.DOTALL | re.IGNORECASE,
)
"""The names of the second group are also those of XML elements: they wrap an answer only if no element follows."""
_SUSPECT = re.compile(r"[<\[◁]")
_SUSPECT_WORD = re.compile(rf"\s*(?:analysis|[Hh]ere|{_HEADING}(?i:th|reas))")


def split(text: str, asked: str = "") -> tuple[str, str]:
    """(trace, answer) of what a model wrote; the trace is empty where there is none, or where it never ends.

    The answer comes without a wrapper that follows a trace, and without the tokens that end a turn.

    Args:
        text: what it wrote.
        asked: what it was asked for; elements such as `<reasoning>` that stand there are no trace.
    """
    if not _SUSPECT.search(text) and not _SUSPECT_WORD.match(text):
        return "", text
    traces, answer = list[str](), text
    while (found := _leading(answer, asked)) is not None:
        trace, answer = found
        traces.append(trace.strip())
    if not traces and (found := _closed_alone(text)) is not None:
        traces, answer = [found[0].strip()], found[1]
    if begins := _BEGINS.match(answer):
        answer = answer[begins.end() :]
    answer = _without_ends(answer)
    if traces and (wrapped := _WRAPPED.match(answer)):
        answer = wrapped["answer"]
    return "\n\n".join(filter(None, traces)), answer


def _leading(text: str, asked: str) -> tuple[str, str] | None:
    """The trace at the beginning and what follows it."""
    if found := _HARMONY.match(text):
        traces = _HARMONY_TRACE.findall(found["traces"] or "")
        return "\n\n".join(map(str.strip, traces)), text[found.end() :]
    for pattern in _MARKED:
        if found := pattern.match(text):
            return found["trace"], text[found.end() :]
    if (found := _NAMED.match(text)) and text[found.end() :].strip() and f"<{found[1].lower()}>" not in asked.lower():
        return found["trace"], text[found.end() :]
    found = _HEADED.match(text)
    if found and text[found.end() :].strip() and found["heading"].lower() not in asked.lower():
        return found["trace"], text[found.end() :]
    return None


def _closed_alone(text: str) -> tuple[str, str] | None:
    """What stands before and after a closing mark that nothing opened, or only the chat template; code holds none."""
    if not _CLOSED.search(text):
        return None
    plain = CODE.sub(lambda code: "." * len(code[0]), text)
    closed = next((found for found in _CLOSED.finditer(plain) if _ends_a_trace(plain, found)), None)
    if closed is None or _OPENED.search(plain, 0, closed.start()):
        return None
    return text[: closed.start()], text[closed.end() :]


def _ends_a_trace(text: str, closed: re.Match[str]) -> bool:
    """Whether the mark does its work. Prose about such marks has them within a line, between blanks or quotes.

    Prose names the tag `</think>` oftener than the tokens of other families, so within a line it must end a sentence.
    """
    before, after = text[closed.start() - 1 : closed.start()], text[closed.end() : closed.end() + 1]
    if before in ("", "\n") or _NEW_PARAGRAPH.match(text, closed.end()):
        return True
    if closed["tag"]:
        return before in _ENDS_A_SENTENCE
    glued_before = not before.isspace() and before not in _QUOTES
    glued_after = after not in _QUOTES and after not in _SIGNS and not after.isspace() and after != ""
    return glued_before or glued_after or after == "\n"


def _without_ends(text: str) -> str:
    """`text` without the tokens at its end that end a turn. Behind `<s>` a `</s>` may as well be HTML."""
    bare = text
    for _ in range(_MOST_ENDS):
        stripped = bare.rstrip()
        found = _ENDS.search(stripped, max(0, len(stripped) - _LONGEST_END))
        if found is None or (found[0] == "</s>" and "<s>" in text):
            break
        bare = stripped[: found.start()]
    return bare
