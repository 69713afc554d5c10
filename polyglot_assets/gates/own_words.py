"""What a text says itself: without code, formulas and links, and without what it quotes.

Here: which parts count when a text's language is read. Not here: reading it (language.py).
"""

import re

from polyglot_assets.text.languages import without_code

_QUOTATION = re.compile(r"„[^„“”\n]{3,500}[“”]|“[^“”\n]{3,500}”|«[^«»\n]{3,500}»|「[^「」\n]{3,500}」|"
                        r'(?<!\w)"[^"\n]{3,500}"(?!\w)|^>.*$', re.MULTILINE)  # fmt: skip
_CODE = re.compile(r"```[^`\n]*\n(.*?)(?:```|\Z)|~~~[^~\n]*\n(.*?)(?:~~~|\Z)|`([^`\n]+)`", re.DOTALL)
_CODE_MARKS = re.compile("`|~~~")
_WORD = re.compile(r"[^\W\d_]+")
_ENDED = re.compile(r"[.!?][\"')]*(\s|\Z)")
_LEAST_WORDS = 5
_MOSTLY_PROSE = 0.97
"""Share of letters and signs of sentences; in code many others stand between the words."""
_QUOTATION_MARKS = re.compile(r'["„“«「>]')
_MOST_QUOTED = 0.5
_MANY_QUOTED = 0.2
_QUOTED_LINE = 200
"""Quotations are left out, but not more than half of a text, nor, if they are longer than these characters together,
more than a fifth of it. A question may hold a sentence that is asked about; beyond that they are what is to be read."""


def own_words(text: str) -> str:
    """What the text says itself: without code, and without quotations unless they are a good part of it.

    Prose that is put into the marks of code counts as a quotation.
    """
    whole = without_code(_CODE.sub(_unless_code, text)) if _CODE_MARKS.search(text) else without_code(text)
    unquoted = without_code(text)
    if _QUOTATION_MARKS.search(unquoted):
        unquoted = _QUOTATION.sub(" ", unquoted)
    quoted = len(whole) - len(unquoted)
    return whole if quoted > len(whole) * (_MANY_QUOTED if quoted > _QUOTED_LINE else _MOST_QUOTED) else unquoted


def _unless_code(found: re.Match[str]) -> str:
    """What stands between the marks of code, if it is sentences; else all of it."""
    inside = next(part for part in found.groups() if part is not None)
    words = _WORD.findall(inside)
    prose = sum(map(len, words)) + sum(map(inside.count, " \n.,;:!?'"))
    is_prose = len(words) >= _LEAST_WORDS and _ENDED.search(inside) and prose >= _MOSTLY_PROSE * len(inside)
    return inside if is_prose else found[0]
