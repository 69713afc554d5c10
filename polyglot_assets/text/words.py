"""Words of a text in any language, for statistics of word use.

Here: what counts as a word. Not here: which texts are looked at (build.py) and what is computed (dbt_like_sql/).

A word is a run of letters, marks and digits, in lower case. In a script that is written without spaces every
character, with the marks on it, is a word of its own: the texts of such languages stay comparable with themselves
and with others of their kind, though not with languages that put spaces.
"""

import unicodedata
from functools import lru_cache

from polyglot_assets.text.languages import is_unspaced

_BREAK, _LETTER, _MARK, _CHARACTER = range(4)


def words(text: str, limit: int) -> list[str]:
    """The first `limit` words of `text`; of a text whose words are longer than 20 characters on average, fewer."""
    found: list[str] = []
    under_way = ""
    looked_at = text[: 20 * limit]
    for char in unicodedata.normalize("NFC", looked_at).lower():
        kind = _kind(char)
        if kind == _LETTER or (kind == _MARK and under_way):
            under_way += char
            continue
        if kind == _MARK and found:
            found[-1] += char  # on a character that is a word of its own
            continue
        if under_way:
            found.append(under_way)
            under_way = ""
        if kind == _CHARACTER:
            found.append(char)
        if len(found) > limit:  # not before the next word, as marks may follow
            return found[:limit]
    if under_way:
        found.append(under_way)
    whole = len(found) if looked_at == text else len(found) - 1  # a cut may have gone through the last one
    return found[: max(0, min(limit, whole))]


@lru_cache(maxsize=65536)
def _kind(char: str) -> int:
    category = unicodedata.category(char)[0]
    if category == "M":
        return _MARK
    if category not in "LN":
        return _BREAK
    return _CHARACTER if is_unspaced(char) else _LETTER
