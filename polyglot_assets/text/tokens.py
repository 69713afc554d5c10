"""Tokens of a text in any language, as 64-bit hashes.

Here: what a token is. Not here: the loop that makes them (kernels.py), and what is done with them (matching.py).

A word is a run of letters and digits. Where a script is written without spaces (Han, kana, Thai, Khmer, …) every
character is a token and counts as half a word. Case, compatibility forms, composition, punctuation, symbols and white
space make no difference: two texts with equal NFKC + casefold have equal tokens. Beyond that, digits of all scripts
are the same, and so is Arabic with and without its optional marks.

Normalising a text as a whole takes several times as long as everything else, so each character is looked up in a table
of its full decomposition (NFKD, case folded) instead. That says the same, as texts are equal under NFKC if and only if
they are under NFKD; the one thing that a table cannot do is to sort several marks on one letter, so the hash does not
depend on their order.

Imports numba: not to be imported when the code location loads.
"""

import unicodedata
from functools import lru_cache

import numpy as np

from polyglot_assets.text.invisible import without
from polyglot_assets.text.kernels import BREAK, CHARACTER, LETTER, MARK, NOTHING, TABLE_SIZE, Hashes, Numbers, tokenize
from polyglot_assets.text.languages import is_unspaced

_OPTIONAL_ARABIC = frozenset([0x0640, *range(0x064B, 0x0653), 0x0670])


def _class_of(char: str) -> int:
    category = unicodedata.category(char)
    if ord(char) in _OPTIONAL_ARABIC or category == "Cf" or not without(char):
        return NOTHING
    if category[0] == "M":
        return MARK
    if category[0] not in "LN":
        return BREAK
    return CHARACTER if is_unspaced(char) else LETTER


@lru_cache(maxsize=1)
def table() -> tuple[Numbers, Numbers]:
    """What each code point stands for.

    Returns:
        For each code point `class << 24 | folded code point`, or -(position + 1) in the second array, where several
        of them follow their number.
    """
    single = np.empty(TABLE_SIZE, dtype=np.int32)
    several: list[int] = []
    for code in range(TABLE_SIZE):
        if 0xD800 <= code < 0xE000:
            single[code] = BREAK << 24
            continue
        decomposed = unicodedata.normalize("NFKD", chr(code))
        folded = unicodedata.normalize("NFKD", decomposed.casefold())
        entries = [_class_of(char) << 24 | _digit(char) for char in folded]
        if len(entries) == 1:
            single[code] = entries[0]
        else:
            single[code] = -(len(several) + 1)
            several += [len(entries), *entries]
    return single, np.array(several, dtype=np.int32)


def _digit(char: str) -> int:
    value = unicodedata.decimal(char, None)
    return ord(char) if value is None else ord("0") + value


def tokens_of(text: str) -> tuple[Hashes, Numbers]:
    """Hash and weight of each token of a text."""
    data = np.frombuffer(text.encode("utf-8", "replace"), dtype=np.uint8)
    room = 2 * len(data) + 1
    out = (np.empty(room, np.uint64), np.empty(room, np.int32), np.empty(room, np.int32))
    count = tokenize(data, 0, len(data), *table(), out)
    return out[0][:count].copy(), out[1][:count].copy()
