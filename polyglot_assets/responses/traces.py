"""Thinking traces: what a model wrote to itself before its answer.

Here: where a trace at the beginning of a text ends, for the marks of the usual families. Not here: what servers tell
in a field of its own (inference/chat_api.py), and marks that are left over elsewhere (gates/debris.py).
"""

import re

_PAIRS = (
    (r"<(think|thinking|seed:think|mm:think)>", r"</\1>"),
    (r"\[THINK\]", r"\[/THINK\]"),
    ("◁think▷", "◁/think▷"),
    (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),
    (r"<\|channel>thought\b", r"<channel\|>"),
    (r"<unused94>thought\b", "<unused95>"),
    ("analysis", "assistantfinal"),  # harmony, after a server removed the special tokens and left the words
)
_MARKED = tuple(re.compile(rf"\A\s*{opened}(?P<trace>.*?){closed}", re.DOTALL) for opened, closed in _PAIRS)
_NAMED = re.compile(r"\A\s*<(thoughts?|reasoning|analysis|reflection|scratchpad)>(?P<trace>.*?)</\1>", re.DOTALL)
"""Words that may as well be the elements of an XML text that was asked for: a trace only if something follows it."""
_CLOSED = r"(?:</(?:think|thinking|seed:think|mm:think)>|\[/THINK\]|◁/think▷|<\|END_THINKING\|>|<channel\|>|<unused95>)"
_CLOSED_ALONE = re.compile(rf"^[ \t]*{_CLOSED}|{_CLOSED}[ \t]*\n[ \t]*\n", re.MULTILINE)
"""Where the chat template opened the trace. In prose about such marks they stand within a line."""
_HARMONY = re.compile(
    r"\A\s*(?:<\|start\|>assistant)?(?P<traces><\|channel\|>.*)?<\|channel\|>final(?:<\|constrain\|>|[^<])*<\|message\|>",
    re.DOTALL,
)
_HARMONY_TRACE = re.compile(r"<\|message\|>(.*?)(?=<\|(?:end|start|channel)\|>|\Z)", re.DOTALL)
_HARMONY_END = re.compile(r"<\|(?:return|end)\|>\s*\Z")
_RESPONSE = re.compile(r"\A\s*<\|START_RESPONSE\|>(.*?)(?:<\|END_RESPONSE\|>\s*)?\Z", re.DOTALL)
_SUSPECT = re.compile(r"[<\[◁]|\A\s*analysis")


def split(text: str) -> tuple[str, str]:
    """(trace, answer) of what a model wrote; the trace is empty where there is none, or where it never ends."""
    if not _SUSPECT.search(text):
        return "", text
    traces, answer = list[str](), text
    while (found := _leading(answer)) is not None:
        trace, answer = found
        traces.append(trace.strip())
    if answer is text and (closed := _CLOSED_ALONE.search(text)) and not _is_code(text[: closed.start()]):
        traces, answer = [text[: closed.start()].strip()], text[closed.end() :]
    if response := _RESPONSE.match(answer):
        answer = response[1]
    return "\n\n".join(filter(None, traces)), answer


def _leading(text: str) -> tuple[str, str] | None:
    """The trace at the beginning and what follows it."""
    if found := _HARMONY.match(text):
        traces = _HARMONY_TRACE.findall(found["traces"] or "")
        return "\n\n".join(map(str.strip, traces)), _HARMONY_END.sub("", text[found.end() :])
    for pattern in _MARKED:
        if found := pattern.match(text):
            return found["trace"], text[found.end() :]
    if (found := _NAMED.match(text)) and text[found.end() :].strip():
        return found["trace"], text[found.end() :]
    return None


def _is_code(before: str) -> bool:
    """Whether what follows stands in a block of code that began before."""
    return before.count("```") % 2 == 1
