"""Tokens of a text in any language, as 64-bit hashes at native speed.

Here: what a token is. Not here: what is done with them (matching.py).

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
from numba import njit  # noqa: TID253 only the modules that search import this
from numpy.typing import NDArray

WORD = 2
"""Weight of a word; a character of a script without spaces has half of it."""

Bytes = NDArray[np.uint8]
Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int32]

_BREAK, _LETTER, _CHARACTER, _MARK, _NOTHING = range(5)
_TABLE_SIZE = 0x30000
_UNSPACED = (
    "CJK ", "IDEOGRAPHIC ", "HIRAGANA ", "KATAKANA", "BOPOMOFO ", "THAI ", "LAO ", "KHMER ", "MYANMAR ", "TIBETAN ",
    "TAI LE ", "NEW TAI LUE ", "TAI THAM ", "TAI VIET ", "JAVANESE ", "BALINESE ", "YI ",
)  # fmt: skip
_OPTIONAL_ARABIC = frozenset([0x0640, *range(0x064B, 0x0653), 0x0670])
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SEED = np.uint64(0x243F6A8885A308D3)


def _class_of(char: str) -> int:
    category = unicodedata.category(char)
    if ord(char) in _OPTIONAL_ARABIC or category == "Cf":
        return _NOTHING
    if category[0] == "M":
        return _MARK
    if category[0] not in "LN":
        return _BREAK
    return _CHARACTER if unicodedata.name(char, "").startswith(_UNSPACED) else _LETTER


@lru_cache(maxsize=1)
def table() -> tuple[Numbers, Numbers]:
    """What each code point stands for.

    Returns:
        For each code point `class << 24 | folded code point`, or -(position + 1) in the second array, where several
        of them follow their number.
    """
    single = np.empty(_TABLE_SIZE, dtype=np.int32)
    several: list[int] = []
    for code in range(_TABLE_SIZE):
        if 0xD800 <= code < 0xE000:
            single[code] = _BREAK << 24
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


@njit(cache=True)
def mix(value: np.uint64) -> np.uint64:
    """Spreads 64 bits (the finaliser of MurmurHash3)."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@njit(cache=True)
def _code_point(text: Bytes, at: int) -> tuple[int, int]:
    """The code point at a byte of valid UTF-8, and the byte after it."""
    code = int(text[at])
    if code < 0x80:
        return code, at + 1
    if code < 0xE0:
        return (code & 0x1F) << 6 | text[at + 1] & 0x3F, at + 2
    if code < 0xF0:
        return (code & 0x0F) << 12 | (text[at + 1] & 0x3F) << 6 | text[at + 2] & 0x3F, at + 3
    high = (code & 0x07) << 18 | (text[at + 1] & 0x3F) << 12
    return high | (text[at + 2] & 0x3F) << 6 | text[at + 3] & 0x3F, at + 4


@njit(cache=True)
def tokenize(
    text: Bytes, begin: int, end: int, single: Numbers, several: Numbers, out: tuple[Hashes, Numbers, Numbers]
) -> int:
    """Writes the tokens of the UTF-8 text[begin:end] to `out` and returns their number.

    Args:
        text: valid UTF-8.
        begin: first byte.
        end: byte after the last one.
        single: see `table`.
        several: see `table`.
        out: hash, weight and first byte of each token; room for 2 × bytes + 1 of them.
    """
    hashes, weights, starts = out
    count = 0
    weight = 0  # of the token under way, 0 if there is none
    value = _SEED
    at = begin
    while at < end:
        first = at
        code, at = _code_point(text, at)
        # Above the table lie further Chinese characters, and below 0x40000 nothing else.
        entry = single[code] if code < _TABLE_SIZE else (_CHARACTER << 24 | code if code < 0x40000 else _BREAK << 24)
        position, number = 0, 1
        if entry < 0:
            position = -entry
            number = several[position - 1]
        for step in range(number):
            if entry < 0 or step:
                entry = several[position + step]
            kind = entry >> 24
            part = np.uint64(entry & 0xFFFFFF)
            if kind == _NOTHING:
                continue
            if kind == _MARK:
                if weight:
                    value += mix(part)  # a sum, so that the order of marks makes no difference
                continue
            if weight and not (kind == _LETTER and weight == WORD):
                hashes[count] = mix(value)
                weights[count] = weight
                count += 1
                weight = 0
            if kind == _BREAK:
                continue
            if not weight:
                value = _SEED
                starts[count] = first
                weight = WORD if kind == _LETTER else 1
            value = (value ^ part) * MULTIPLIER
    if weight:
        hashes[count] = mix(value)
        weights[count] = weight
        count += 1
    return count
