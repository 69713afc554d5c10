"""The chat completions API as text: what a request looks like, and what an answer or a refusal means.

Here: bodies out, bodies in, and the kinds of trouble, all as pure functions; nothing in this file waits or connects.
Not here: HTTP (chat_client.py), and who is asked when and how often (dispatch.py).
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from polyglot_assets.teachers.engine import Completion, Request
from polyglot_assets.teachers.registry import Teacher

LONGEST_PAUSE = 120.0
"""Seconds; a server that wants to be left alone for longer is asked again after these."""
_LONGEST_ERROR = 300
_OTHER_ENDS = ("content_filter", "tool_calls", "function_call")
"""Finish reasons that are the model's last word. Others (null, abort, error) mean that something broke."""

_TOO_LONG_STATUS = (400, 422)
_TOO_LONG = re.compile(
    r"context[ _](length|window|size)"  # OpenAI, vLLM, SGLang, llama.cpp
    r"|maximum model length|max_model_len|max_tokens must be at least 1, got -"  # vLLM
    r"|too many tokens|(prompt|input) is too long|token count .{0,40}exceeds",  # hosted providers
    re.IGNORECASE,
)
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class Kind(Enum):
    """What a try that brought no answer says about the next one."""

    FINAL = auto()
    """The same would come back."""
    TOO_LONG = auto()
    """Final: the prompt leaves no room for an answer."""
    FAILED = auto()
    """Something broke. Worth a few more tries."""
    FORBIDDEN = auto()
    """403: the key, or (with some providers) just this prompt. Further tries tell which."""
    DENIED = auto()
    """401, 404: the key or the model. It concerns every request."""
    BUSY = auto()
    """The server is there, and takes nothing at the moment."""
    LOST = auto()
    """The connection or a gateway gave up before there was an answer; the server may be gone."""
    GONE = auto()
    """No connection."""
    HUNG = auto()
    """No answer within the time for one."""


_KINDS = {
    401: Kind.DENIED,
    403: Kind.FORBIDDEN,
    404: Kind.DENIED,
    408: Kind.BUSY,
    409: Kind.FAILED,
    425: Kind.BUSY,
    429: Kind.BUSY,
    502: Kind.LOST,
    503: Kind.LOST,
    504: Kind.LOST,
}


class TryError(Exception):
    """A try that brought no answer.

    Args:
        kind: what it says about the next try.
        text: class, status and message. Not fit to be shown before it went through `clean`.
        wait: how many seconds the server wants to be left alone.
        status: of the HTTP response; 0 if that was no matter.
    """

    def __init__(self, kind: Kind, text: str, wait: float | None = None, status: int = 0) -> None:
        super().__init__(text)
        self.kind, self.text, self.wait, self.status = kind, text, wait, status


def model_name(teacher: Teacher) -> str:
    """The name under which servers know a teacher."""
    return teacher.served_as or teacher.model


def encode(teacher: Teacher, request: Request) -> bytes:
    """The body of a request.

    Raises:
        TryError: it holds something that JSON in UTF-8 cannot carry.
    """
    body: dict[str, Any] = {"model": model_name(teacher), "messages": request.messages}
    body |= request.sampling  # top_k and the like are no part of OpenAI's API, but of most servers'
    if request.schema is not None:
        schema = {"name": "answer", "strict": True, "schema": request.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    try:
        return _ENCODE(body).encode()
    except (ValueError, TypeError) as error:
        raise TryError(Kind.FINAL, describe(error)) from None


def read_answer(request_id: str, content: bytes) -> Completion:
    """The completion in a body that came with 200. One with an error if the model refused.

    Raises:
        TryError: it holds no answer that can be used.
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise TryError(Kind.FAILED, f"AnswerError: malformed: {content.decode('utf-8', 'replace')}") from None
    try:
        choice = body["choices"][0]
        reason, message = choice["finish_reason"], choice["message"]
        text, refusal = message["content"], message.get("refusal")
        usage = body.get("usage")
    except (LookupError, TypeError, AttributeError):
        # Written anew, since a server may escape characters of the key ("\/") so that it would not be recognised.
        raise TryError(Kind.FAILED, f"AnswerError: malformed: {json.dumps(body, ensure_ascii=False)}") from None
    if reason not in ("stop", "length"):
        final = reason in _OTHER_ENDS
        return _no_answer(request_id, f"AnswerError: the server finished with {reason!r}", final=final)
    if text is None and reason == "length":
        text = ""  # a reasoning model that used up its budget before it began to answer
    if not isinstance(text, str):
        error = f"the model refused: {refusal}" if refusal else "no text"
        return _no_answer(request_id, f"AnswerError: {error}", final=text is None)
    counts = usage if isinstance(usage, dict) else {}
    version = body.get("system_fingerprint")
    return Completion(
        request_id,
        text,
        reason,
        _count(counts.get("prompt_tokens")),
        _count(counts.get("completion_tokens")),
        engine=f"server {version}" if version and isinstance(version, str) else "server",
    )


def _no_answer(request_id: str, error: str, *, final: bool) -> Completion:
    if not final:
        raise TryError(Kind.FAILED, error)
    return Completion(request_id, "", "error", error=error)


def _count(value: Any) -> int | None:
    return value if type(value) is int else None


def read_refusal(status: int, headers: Mapping[str, str], content: bytes) -> TryError:
    """What it means that a server answered with a status other than 200."""
    text = f"HTTP {status} {_phrase(status)}".rstrip()
    if 300 <= status < 400:
        # A redirect could carry prompts and key to another host.
        return TryError(
            Kind.FINAL, f"{text}: redirects to {headers.get('Location')}, which is not followed", status=status
        )
    message, whole = _message(content)
    text += f": {message}" if message else ""
    if status in _TOO_LONG_STATUS and _TOO_LONG.search(whole):
        return TryError(Kind.TOO_LONG, text, status=status)
    kind = _KINDS.get(status, Kind.FINAL if 400 <= status < 500 else Kind.FAILED)
    return TryError(kind, text, None if kind is Kind.FINAL else retry_after(headers), status)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _message(content: bytes) -> tuple[str, str]:
    """The message in the body of an error, and the whole body."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        whole = content.decode("utf-8", "replace")
        return whole, whole
    whole = json.dumps(body, ensure_ascii=False)
    found = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(found, dict):
        found = found.get("message") or found.get("detail") or found
    return (found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)), whole


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server wants to be left alone, at most `LONGEST_PAUSE`; None if it does not say."""
    for name, unit in (("Retry-After-Ms", 0.001), ("Retry-After", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * unit
        except ValueError:
            seconds = _seconds_until(value)
        # 0 says "at once". That would be a server asked without a pause for as long as it is busy.
        if math.isfinite(seconds) and seconds > 0:
            return min(seconds, LONGEST_PAUSE)
    return None


def _seconds_until(date: str) -> float:
    """From now to an HTTP date. The one place with a wall clock, because the date is of a wall clock."""
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return math.nan
    if moment.tzinfo is None:  # "-0000" is how some write GMT
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()


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


def describe(error: BaseException) -> str:
    """Class and message of an error that is no HTTP status."""
    return f"{type(error).__name__}: {error}"


def clean(text: str, secrets: Iterable[str], limit: int | None = _LONGEST_ERROR) -> str:
    """One line without secrets and without passwords in URLs. Shortened last: half a key is still a leak."""
    for secret in secrets:
        escaped = json.dumps(secret)[1:-1]
        for spelling in {secret, escaped, escaped.replace("/", "\\/")} - {""}:
            text = text.replace(spelling, "[key]")
    text = " ".join(re.sub(r"(?<=://)[^/\s@]*@", "", text).split())
    return text if limit is None or len(text) <= limit else text[:limit] + "…"
