"""The chat completions API as text: what a request looks like, and what an answer says, however a server writes it.

Here: bodies out and bodies in, as pure functions; nothing in this file waits or connects. Not here: refusals
(refusals.py) and those that come with status 200 (error_bodies.py), how servers differ in what they want to read
(dialect.py), HTTP (chat_client.py), and what an answer is worth (responses/outcomes.py).
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from polyglot_assets.inference.dialect import Dialect
from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.inference.error_bodies import BodyError, error_in
from polyglot_assets.inference.finish_reasons import read_end
from polyglot_assets.inference.refusals import Kind, TryError, describe, read_refusal, room
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.text.normal import storable

_LONGEST_VERSION = 100
_LONGEST_ERROR = 300
SHORTEST_SECRET = 16
"""A key of fewer characters is made up for servers that need none (EMPTY, token-abc123): an answer may hold such a
word, and in messages it is only looked for as a whole word. From this length on a key can only be an echo."""
_SHORTEST_MARKED = 4
"""What is shorter than this would be found everywhere and hides nothing."""

_SMALLEST_SHARE = 8
"""A budget is cut to what the server takes, but not below one part in so many: that would be no answer."""
CONTROL = "Say hello. If JSON is asked for, say it in JSON."
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_KEEP_ALIVE = re.compile(r"\A(?:\s|:[^\n]*\n)*")
"""Blanks and comments that some servers send while they work."""
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
_THOUGHT_TYPE = re.compile(r"reason|think|thought", re.IGNORECASE)
_THOUGHT_KEYS = (*_THOUGHTS, "thought", "reasoning_text", "reasoningContent", "reasoningText")
_TEXT_KEYS = ("text", "summary", "content")
_TEXT_PLACES = ("text", "content", "value", "output_text")
_NESTED = ("text", "value", "summary", "content")
_TEXT_TYPE = re.compile(r"text|message|content|markdown", re.IGNORECASE)
_LARGEST_COUNT = 2**31 - 1
"""The columns of counts hold no more."""
_TOLD = (*_THOUGHTS, "reasoning_text", "reasoning_details")
"""Fields of a message that tell what the model thought."""


def model_name(teacher: Teacher) -> str:
    """The name under which servers know a teacher."""
    return teacher.served_as or teacher.model


def encode(teacher: Teacher, request: Request, dialect: Dialect) -> bytes:
    """The body of a request.

    Raises:
        TryError: it holds something that JSON in UTF-8 cannot carry.
    """
    try:
        return _ENCODE(dialect.body(model_name(teacher), request)).encode()
    except (ValueError, TypeError) as error:
        raise TryError(Kind.FINAL, describe(error)) from None


def control(request: Request) -> Request:
    """A harmless request of the same shape: whoever refuses it refuses them all."""
    messages = (
        {**message, "content": CONTROL} if message["role"] == "user" else message for message in request.messages
    )
    return replace(request, messages=tuple(messages))


def fitted(teacher: Teacher, request: Request, refusal: TryError) -> Request | None:
    """The request with the budget that the server says there is room for; None if it says nothing, or too little.

    A second try with a larger budget is worth its price only if it gets more than the first one had.
    """
    said = room(refusal)
    if said is None:
        return None
    left = said[0]
    budget = request.sampling.get("max_tokens", 0)
    least = teacher.max_tokens + 1 if budget > teacher.max_tokens else max(1, budget // _SMALLEST_SHARE)
    if least <= left < budget:
        return replace(request, sampling={**request.sampling, "max_tokens": left})
    return None


def read_answer(request_id: str, content: bytes, sampling: Mapping[str, Any] | None = None) -> Completion:
    """The completion in a body that came with 200.

    Args:
        request_id: what was asked.
        content: the body.
        sampling: the request's sampling: an end that the server does not name is told by the budget.

    Raises:
        TryError: it holds no answer that can be used.
    """
    text = _KEEP_ALIVE.sub("", content.decode("utf-8-sig", "replace"))
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise TryError(Kind.FAILED, f"AnswerError: malformed: {text}") from None
    choice = _choice(body)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise _malformed(body)
    try:
        answer, thoughts = _parts(message.get("content"))
        reasoning = storable("\n\n".join([*thoughts, *_told(message)])) or None
    except RecursionError:
        raise TryError(Kind.FAILED, f"AnswerError: malformed: {text}") from None
    usage = body.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    written = _count(counts.get("completion_tokens"))
    budget = (sampling or {}).get("max_tokens", _LARGEST_COUNT)
    end = read_end(choice.get("finish_reason"), answer, spent=written is not None and written >= budget)
    if end in ("final", "broken"):
        error = f"the server finished with {choice.get('finish_reason')!r}"
        raise _no_answer(error, final=end == "final")
    if not answer and (refusal := _refusal(message)):
        raise _no_answer(f"the model refused: {refusal}", final=True)
    if answer is None and (end == "length" or reasoning):
        answer = ""  # a reasoning model that used up its budget, or its breath, before it began to answer
    if answer is None:
        raise _no_answer("no text", final=message.get("content") is None)
    return Completion(
        request_id,
        storable(answer),
        "length" if end == "length" else "stop",
        _count(counts.get("prompt_tokens")),
        written,
        engine=_engine(body.get("system_fingerprint")),
        reasoning=reasoning,
    )


def _choice(body: Any) -> dict[str, Any]:
    """The first choice.

    Raises:
        TryError: there is none, or an error in its place or in it.
    """
    try:
        choice = body["choices"][0]
    except (LookupError, TypeError):
        choice = None
    if error := error_in(body, choice):
        raise _read_error(error)
    if not isinstance(choice, dict):
        raise _malformed(body)
    return choice


def _read_error(found: BodyError) -> TryError:
    """What an error under status 200 means: the same as under the status for which it stands."""
    refusal = read_refusal(found.status, {}, json.dumps({"error": found.error}).encode())
    message = refusal.text.partition(": ")[2]
    text = f"AnswerError: under HTTP 200 an error ({found.code or 'no code'}): {message}"
    return TryError(refusal.kind, text, None, refusal.status, refusal.body)


def _malformed(body: Any) -> TryError:
    # Written anew, since a server may escape characters of the key ("\/") so that it would not be recognised.
    return TryError(Kind.FAILED, f"AnswerError: malformed: {json.dumps(body, ensure_ascii=False)}")


def _parts(content: Any) -> tuple[str | None, list[str]]:
    """The text of a message's content, None if it has none, and the thoughts among its parts."""
    if isinstance(content, str):
        return content, []
    if isinstance(content, dict):
        content = content.get("parts") or [content]
    if not isinstance(content, list):
        return None, []
    texts, thoughts = list[str](), list[str]()
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            is_thought = part.get("thought") is True or bool(_THOUGHT_TYPE.search(str(part.get("type"))))
            thoughts += _thoughts(part, _THOUGHT_KEYS) or (_thoughts(part, _TEXT_KEYS) if is_thought else [])
            texts += [] if is_thought else _said(part)
    return ("".join(texts) if texts or thoughts else None), thoughts


def _said(part: dict[str, Any]) -> list[str]:
    """The text of a part that is no thought. Tools, refusals and files have another type."""
    other = not _TEXT_TYPE.search(str(part.get("type") or "text"))
    return next((found for key in _TEXT_PLACES[: 1 if other else None] if (found := _texts(part.get(key)))), [])


def _thoughts(value: Any, keys: tuple[str, ...]) -> list[str]:
    """The texts under `keys` of a part that is a thought, or holds one; signatures and ciphers are none."""
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, list):
        return [text for item in value for text in _thoughts(item, keys)]
    nested = (value.get(key) for key in keys) if isinstance(value, dict) else ()
    return [text for each in nested for text in _thoughts(each, _THOUGHT_KEYS + _TEXT_KEYS)]


def _told(message: dict[str, Any]) -> list[str]:
    """What a server tells apart from the text. The first of its fields: some servers give it under two names."""
    return next((texts for name in _TOLD if (texts := _texts(message.get(name)))), [])


def _refusal(message: dict[str, Any]) -> str | None:
    """The model's refusal, where it is told apart from a text: beside the content, or as one of its parts."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    said = (part.get("refusal") for part in [message, *parts] if isinstance(part, dict))
    return next((str(refusal) for refusal in said if refusal), None)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, dict):
        return next((found for key in _NESTED if (found := _texts(value.get(key)))), [])
    return [text for part in value for text in _texts(part)] if isinstance(value, list) else []


def _no_answer(error: str, *, final: bool) -> TryError:
    return TryError(Kind.FINAL if final else Kind.FAILED, f"AnswerError: {error}")


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= _LARGEST_COUNT else None


def problem(name: str, error: TryError) -> str | None:
    """What a user should know about a server that did not answer the health check as hoped.

    Args:
        name: the server's URL.
        error: what came, already cleaned.
    """
    if error.status in (401, 403):
        return f"{name} refuses the key in POLYGLOT_TEACHER_API_KEY ({error.text})"
    if error.status in (404, 405):
        return f"{name} has no chat completions; does the base URL end in /v1?"
    if 300 <= error.status < 400:
        return f"{name} is not the server's address ({error.text})"
    if error.kind is Kind.HUNG:
        return f"{name} does not answer"
    if error.kind in (Kind.FAILED, Kind.LOST, Kind.GONE):
        return f"{name} does not answer ({error.text})"
    return None  # it is busy (429), or complains about the empty request: it is there


def model_names(listing: bytes) -> list[str]:
    """The names on a server's list of models.

    Raises:
        ValueError: it is no JSON.
    """
    body = json.loads(listing)
    entries = body.get("data") if isinstance(body, dict) else None
    known = entries if isinstance(entries, list) else []
    return [str(entry["id"]) for entry in known if isinstance(entry, dict) and entry.get("id")]


def _engine(version: Any) -> str:
    """What wrote an answer, as the server says it, made fit for a line and for a manifest."""
    text = storable(version) if isinstance(version, str) else ""
    words = "".join(char if char.isprintable() else " " for char in text).split()
    return " ".join(["server", *words])[:_LONGEST_VERSION]


def clean(text: str, secrets: Iterable[str], limit: int | None = _LONGEST_ERROR) -> str:
    """One line without secrets and without passwords in URLs. Shortened last: half a key is still a leak."""
    for secret in secrets:
        if len(secret) < _SHORTEST_MARKED:
            continue
        escaped = json.dumps(secret)[1:-1]
        for spelling in {secret, escaped, escaped.replace("/", "\\/")}:
            pattern = re.escape(spelling)
            text = re.sub(pattern if len(secret) >= SHORTEST_SECRET else rf"(?<!\w){pattern}(?!\w)", "[key]", text)
    text = " ".join(re.sub(r"(?<=://)[^/\s@]*@", "", text).split())
    return text if limit is None or len(text) <= limit else text[:limit] + "…"
