"""How a value of a mart is written in the report: shares, numbers, names of languages.

Not here: which values are shown (figures.py).
"""

from typing import Any

from polyglot_assets.text.languages import display_name

_LONGEST = 600
"""Characters of a text on the page."""


def language_name(code: str) -> str:
    """The language's English name, else its code."""
    try:
        return display_name(code)
    except LookupError:
        return code


def percent(share: float | None) -> str:
    """A share as a percentage that never looks like nothing or all where it is not."""
    if share is None:
        return "–"
    text = f"{100 * share:.1f}"
    return (
        "<\u00a00.1\u00a0%"
        if share > 0 and text == "0.0"
        else ">\u00a099.9\u00a0%"
        if share < 1 and text == "100.0"
        else f"{text}\u00a0%"
    )


def figure_text(value: Any, column: str = "") -> str:
    """A value as the tables show it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if column.endswith("share"):
        return percent(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.4g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def cut(text: str | None) -> str:
    """The beginning of a text, as long as a reader of a page wants it."""
    text = (text or "").strip()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
