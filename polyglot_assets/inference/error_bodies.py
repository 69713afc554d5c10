"""Errors that come with status 200: where servers put them, and for which status they stand.

Here: the places, the words and the numbers; pure functions. Not here: what a status and a message mean (refusals.py),
and answers (chat_api.py).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_NUMBER_KEYS = ("code", "status", "statusCode", "status_code", "error_code", "http_code")
_MESSAGE_KEYS = ("message", "msg", "detail", "error_msg", "error_message", "status_msg")
_WORD_KEYS = ("code", "type", "status", "reason", "error_code")
_WORDS = tuple(
    (re.compile(pattern, re.IGNORECASE), status)
    for pattern, status in (
        (r"insufficient|billing|payment|arrear|current_?quota|balance", 402),
        (r"rate_?limit|too_?many_?requests|throttl|exhausted|quota|limit_?(requests|tokens)", 429),
        (r"overload", 529),
        (r"authentic|unauthori[sz]ed|api_?key|login", 401),
        (r"permission|forbidden|access_?denied", 403),
        (r"not_?found|no_?such_?model", 404),
        (r"unavailable|capacity", 503),
        (r"time_?out|deadline", 504),
        (r"invalid|bad_?request|unprocessable|precondition|validation|inspection|filter|unsupported|context_", 400),
    )
)
"""What codes and types of errors say, in the order in which they are looked for."""
_SAID = tuple(
    (re.compile(pattern, re.IGNORECASE), status)
    for pattern, status in (
        (r"insufficient (account )?(balance|credit|fund|quota)|out of credits|欠费|余额不足", 402),
        (r"\brate[ -]?limit|too many (concurrent )?requests|queue( is|'s)? full", 429),
        (r"overload|(too|is|server|system) (really )?busy|繁忙", 529),
        (r"\bmodel\b.{0,60}(does not|doesn't|not) exist|\b(model|deployment)\b.{0,60}not found", 404),
        (r"(invalid|incorrect|missing|wrong) (api[ -]?key|token|credentials)|\bunauthori[sz]ed\b", 401),
        (r"\b(temporarily|service|model|currently) (is )?unavailable|try again later|no (healthy|available) ", 503),
        (r"\btimed? ?-?out\b", 504),
    )
)
"""What messages say that come without a code."""
_MINIMAX = {
    1001: 504, 1002: 429, 1004: 401, 1008: 402, 1026: 400, 1027: 400, 1033: 502, 1039: 429, 1041: 429, 1042: 400,
    2013: 400, 2045: 429, 2049: 401, 2056: 402,
}  # fmt: skip
"""MiniMax's `base_resp.status_code`, which is 0 beside an answer."""
_ZHIPU = {
    **dict.fromkeys(("1000", "1001", "1002", "1003", "1004"), 401),
    **dict.fromkeys(("1110", "1111", "1112", "1113", "1120", "1121", "1308", "1309", "1310"), 402),
    **dict.fromkeys(("1210", "1213", "1214", "1261", "1301"), 400),
    **dict.fromkeys(("1302", "1303", "1305"), 429),
    "1211": 404,
    "1220": 403,
    "1234": 502,
}
"""Zhipu's `error.code`, always a text."""
_SILICONFLOW = {20012: 404, 20015: 400, 20024: 400, 30001: 402, 30003: 403, 30011: 402, 50505: 503, 50603: 503}
"""SiliconFlow's `code`, always a number."""
_NOTHING = ("", "0", "200", "none", "null", "ok", "success", "false", "no error")
"""What stands in the place of an error where there is none."""


@dataclass(frozen=True)
class BodyError:
    """An error in a body.

    Attributes:
        error: what stands there; an object, or a text.
        status: the HTTP status for which it stands; 500 if it does not say.
        code: what it calls itself; may be empty.
    """

    error: Any
    status: int
    code: str


def error_in(body: Any, choice: Any) -> BodyError | None:
    """The error in the body of a response with status 200, or None.

    Args:
        body: the parsed body.
        choice: its first choice, or None.
    """
    if isinstance(body, list) and len(body) == 1:
        body = body[0]  # as Gemini's API has it
    if not isinstance(body, dict):
        return None
    errors = (BodyError(error, status or 500, _code(error) or _code(body)) for error, status in _errors(body, choice))
    return next(errors, None)


def _errors(body: dict[str, Any], choice: Any) -> Iterator[tuple[Any, int | None]]:
    """Errors, the plainest first, with the status for which each stands, None if it does not say."""
    for error in (body.get("error"), choice.get("error") if isinstance(choice, dict) else None):
        if not _is_nothing(error):
            yield error, _status(error) or _status(body)
    base = body.get("base_resp")
    if isinstance(base, dict) and not _is_nothing(base.get("status_code")):
        code = base["status_code"]
        yield {"message": base.get("status_msg"), "code": code}, _MINIMAX.get(code) if type(code) is int else None
    if choice is None:
        errors = body.get("errors")
        if isinstance(errors, list) and errors:
            yield errors[0], _status(errors[0]) or _status(body)
        if (status := _status(body)) is not None:
            yield body, status


def _is_nothing(error: Any) -> bool:
    """Whether there is no error where one could stand: its code says so, or it says nothing at all."""
    if isinstance(error, dict):
        codes = [error[key] for key in _NUMBER_KEYS if error.get(key) is not None]
        return all(map(_is_nothing, codes or error.values()))
    return not error or str(error).strip().casefold() in _NOTHING


def _code(error: Any) -> str:
    """What an error calls itself."""
    said = (error.get(key) for key in dict.fromkeys((*_NUMBER_KEYS, *_WORD_KEYS))) if isinstance(error, dict) else ()
    return next((str(value) for value in said if isinstance(value, str | int) and value and value != "error"), "")


def _status(error: Any) -> int | None:
    """The HTTP status for which an error stands, by its numbers, else its words, else its message."""
    if isinstance(error, str):
        return _first(_SAID, error)
    if not isinstance(error, dict):
        return None
    for key in _NUMBER_KEYS:
        code = error.get(key)
        number = str(code)
        if re.fullmatch(r"[45]\d\d", number):
            return int(number)
        if isinstance(code, str) and number in _ZHIPU:
            return _ZHIPU[number]
        if type(code) is int and code in _SILICONFLOW:
            return _SILICONFLOW[code]
    words = (error.get(key) for key in _WORD_KEYS)
    found = (_first(_WORDS, word) for word in words if isinstance(word, str))
    messages = (_first(_SAID, error[key]) for key in _MESSAGE_KEYS if isinstance(error.get(key), str))
    return next((status for status in (*found, *messages) if status is not None), None)


def _first(table: tuple[tuple[re.Pattern[str], int], ...], text: str) -> int | None:
    return next((status for pattern, status in table if pattern.search(text)), None)
