"""The exceptions that a user is meant to see, as one line without a traceback.

Here: `UserError` and its kinds, and how messages show values and names. Not here: programming errors, which stay
ordinary exceptions with a traceback.
"""

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 2000
"""Characters of a message; names and values in it come from files that may hold anything."""


class UserError(Exception):
    """A mistake in what the user gave: a file, a setting, a name.

    The message is one line that names the file, row and field (or the variable) and says what was expected. What
    cannot be printed in it is escaped, and what is too long is cut.
    The command line prints it without a traceback and exits with 2.
    """

    def __init__(self, message: str) -> None:
        super().__init__(_printable(message))


class EngineDown(UserError):  # noqa: N818 the name says what is the case
    """A teacher's engine is gone and waiting or a restart did not bring it back.

    What it answered before is safe in the ledger; the next run asks for the rest.

    Attributes:
        passing: the engine was there and went away, or is too busy: asking again later may help. It does not where a
            key or a model is refused.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


def shown(value: object) -> str:
    """A foreign value as a message shows it: its `repr`, cut."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of more digits than Python writes, or a value nested too deeply
        return f"some {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:79]}…"


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the known one that is nearest, or all where none is near."""
    names = sorted(set(map(str, known)))
    lower = {other.lower(): other for other in names}
    if near := get_close_matches(name.lower(), lower, n=1):
        return f"; did you mean {lower[near[0]]!r}?"
    return f"; there are {', '.join(names)}" if 0 < len(names) <= 20 else ""


def _printable(message: str) -> str:
    if len(message) > _LONGEST:
        message = f"{message[: _LONGEST - 1]}…"
    if message.isprintable():
        return message
    # Line ends would make it several lines, and half a surrogate pair cannot be written at all.
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in message)
