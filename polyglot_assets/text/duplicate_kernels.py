"""The loops over characters and n-grams that find duplicates, compiled to native code.

Here: functions over NumPy arrays that numba compiles on first use and keeps compiled on the disk. Not here: what the
numbers mean; the modules that call them say it (shingles.py, keys.py). Import it inside functions: numba takes half a
second.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba  # noqa: TID253 this module is imported only where rows are worked on
import numpy as np

from polyglot_assets.text.characters import ALONE, INVISIBLE, KEPT, LETTER, LONGER, SKIPPED, WHITE
from polyglot_assets.text.compiling import CACHED

NOT_NORMAL = -1
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_TAIL = np.uint32(0x3F)

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compiles a function at its first call and keeps the result, where that is possible."""
    native: F = numba.njit(cache=CACHED, nogil=True)(function)
    return native


@compiled
def _mixed(value: Any) -> Any:
    """A well spread 64-bit number (the finalizer of MurmurHash3)."""
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@compiled
def _decoded(text: Any, place: Any) -> Any:
    """(code point, place behind it) of the character of several bytes at `place` of UTF-8."""
    lead = np.uint32(text[place])
    second = np.uint32(text[place + 1]) & _TAIL
    if lead < 0xE0:
        return (lead & np.uint32(0x1F)) << np.uint32(6) | second, place + 2
    third = np.uint32(text[place + 2]) & _TAIL
    if lead < 0xF0:
        return (lead & np.uint32(0x0F)) << np.uint32(12) | second << np.uint32(6) | third, place + 3
    fourth = np.uint32(text[place + 3]) & _TAIL
    upper = (lead & np.uint32(0x07)) << np.uint32(18) | second << np.uint32(12)
    return upper | third << np.uint32(6) | fourth, place + 4


@compiled
def _with_letter(hashed: Any, code: Any, folded: Any, longer: Any) -> Any:
    """The hash of a word after one more letter."""
    fold = folded[code]
    if fold < LONGER:
        return (hashed ^ np.uint64(fold)) * _MULTIPLIER
    for part in longer[fold - LONGER]:
        if part != 0:
            hashed = (hashed ^ np.uint64(part)) * _MULTIPLIER
    return hashed


@compiled
def _tokens(text: Any, first: int, end: int, tables: Any, tokens: Any) -> int:
    """Writes the token hashes of UTF-8 `text[first:end]`; returns their number, NOT_NORMAL if it may not be NFKC."""
    folded, longer, role, unstable, combining = tables
    hashed, inside, last_class = np.uint64(0), False, np.uint8(0)
    place, count = first, 0
    while place < end:
        code, place = np.uint32(text[place]), place + 1
        own_class = np.uint8(0)
        if code >= 0x80:
            code, place = _decoded(text, place - 1)
            own_class = combining[code]
            if unstable[code] or (own_class != 0 and last_class > own_class):
                return NOT_NORMAL
        kind = role[code]
        if kind == SKIPPED:
            continue
        last_class = own_class
        if kind == LETTER:
            hashed, inside = _with_letter(hashed, code, folded, longer), True
        else:
            if inside:
                tokens[count] = hashed
                count, hashed, inside = count + 1, np.uint64(0), False
            if kind == ALONE:
                tokens[count] = _with_letter(np.uint64(0), code, folded, longer)
                count += 1
    if inside:
        tokens[count] = hashed
        count += 1
    return count


@compiled
def _distinct(tokens: Any, width: int, side: Any, out: Any, position: int, table: Any) -> int:
    """Writes the n-gram hashes of some tokens to `out` from `position` on, each once; returns the position behind.

    `table` is (hashes held, by whom, who this is); another number each time makes it empty again.
    """
    held, held_by, stamp = table
    number, size = len(tokens), 16
    while size < 2 * number:
        size *= 2
    mask = np.uint32(size - 1)
    for first in range(max(number - width + 1, min(number, 1))):
        gram = side
        for token in range(first, min(first + width, number)):
            gram = _mixed((gram ^ tokens[token]) + _MULTIPLIER)
        short = np.uint32(gram >> np.uint64(32))
        slot = short & mask
        while held_by[slot] == stamp and held[slot] != short:
            slot = (slot + np.uint32(1)) & mask
        if held_by[slot] != stamp:
            held[slot], held_by[slot] = short, stamp
            out[position] = short
            position += 1
    return position


@compiled
def shingle(texts: Any, rows: Any, tables: Any, width: int, out: Any) -> int:
    """Writes the distinct n-gram hashes of each pair of texts to `out`, those of the prompt before the response's.

    Args:
        texts: (prompt bytes, prompt offsets, response bytes, response offsets), UTF-8.
        rows: (start, n-grams of the prompt, of both, set hash) per row, written; the number of both is NOT_NORMAL
            where the text has to be normalised.
        tables: Characters.arrays().
        width: tokens per n-gram. A text of fewer tokens is one n-gram.
        out: uint32, room for one n-gram per byte.

    Returns:
        The number of n-grams written.
    """
    prompt, prompt_at, response, response_at = texts
    starts, prompt_counts, counts, sets = rows
    longest = 0
    for row in range(len(starts)):
        longest = max(longest, prompt_at[row + 1] - prompt_at[row], response_at[row + 1] - response_at[row])
    tokens = np.empty(longest + 1, np.uint64)
    slots = 16
    while slots < 2 * longest:
        slots *= 2
    held, held_by = np.empty(slots, np.uint32), np.full(slots, -1, np.int32)
    position = 0
    for row in range(len(starts)):
        starts[row] = position
        number = _tokens(prompt, prompt_at[row], prompt_at[row + 1], tables, tokens)
        if number != NOT_NORMAL:
            position = _distinct(tokens[:number], width, np.uint64(1), out, position, (held, held_by, 2 * row))
            prompt_counts[row] = position - starts[row]
            number = _tokens(response, response_at[row], response_at[row + 1], tables, tokens)
        if number == NOT_NORMAL:
            position, counts[row] = starts[row], NOT_NORMAL
            continue
        position = _distinct(tokens[:number], width, np.uint64(2), out, position, (held, held_by, 2 * row + 1))
        counts[row] = position - starts[row]
        both = np.uint64(0)
        for gram in out[starts[row] : position]:
            both += _mixed(np.uint64(gram) + _MULTIPLIER)  # the order must not matter
        sets[row] = both
    return position


@compiled
def band_keys(grams: Any, starts: Any, counts: Any, factors: Any, summands: Any, keys: Any) -> None:
    """Fills `keys` (rows, bands) with one hash per band of the MinHash signature of each n-gram set."""
    lanes, bands = len(factors), keys.shape[1]
    depth = lanes // bands
    least = np.empty(lanes, np.uint32)
    for row in range(len(starts)):
        least[:] = np.uint32(0xFFFFFFFF)
        for at in range(starts[row], starts[row] + counts[row]):
            gram = grams[at]
            for lane in range(lanes):
                value = np.uint32(gram * factors[lane] + summands[lane])
                least[lane] = min(least[lane], value)
        for band in range(bands):
            key = np.uint64(band)
            for lane in range(band * depth, band * depth + depth):
                key = _mixed((key ^ np.uint64(least[lane])) + _MULTIPLIER)
            keys[row, band] = np.uint32(key >> np.uint64(32))


@compiled
def _alike(common: int, own: int, others: int) -> float:
    """Jaccard similarity of two sets; 1 for two empty ones."""
    together = own + others - common
    return common / together if together > 0 else 1.0


@compiled
def similarities(left: Any, right: Any, sets: Any, out: Any) -> None:
    """Writes the Jaccard similarity of each pair of sets to `out`: of the whole sets, of the prompts', the responses'.

    Args:
        left: int64, number of a set.
        right: number of the other one.
        sets: (grams, start, n-grams of the prompt, of both), see shingles.Grams.
        out: float64 (3, pairs).
    """
    grams, starts, prompt_counts, counts = sets
    slots = 16
    while slots < 2 * max(counts):
        slots *= 2
    held, held_by = np.empty(slots, np.uint32), np.full(slots, -1, np.int64)
    stamp, mask = 0, np.uint32(slots - 1)
    for pair in range(len(left)):
        one, two = left[pair], right[pair]
        if pair == 0 or one != left[pair - 1]:
            stamp = pair
            for gram in grams[starts[one] : starts[one] + counts[one]]:
                slot = gram & mask
                while held_by[slot] == stamp:
                    slot = (slot + np.uint32(1)) & mask
                held[slot], held_by[slot] = gram, stamp
        common, of_prompts = 0, 0
        for place in range(counts[two]):
            gram = grams[starts[two] + place]
            slot = gram & mask
            while held_by[slot] == stamp and held[slot] != gram:
                slot = (slot + np.uint32(1)) & mask
            if held_by[slot] == stamp:
                common += 1
                of_prompts += place < prompt_counts[two]
        own, others = counts[one], counts[two]
        out[0, pair] = _alike(common, own, others)
        out[1, pair] = _alike(of_prompts, prompt_counts[one], prompt_counts[two])
        out[2, pair] = _alike(common - of_prompts, own - prompt_counts[one], others - prompt_counts[two])


@compiled
def _encoded(code: Any, out: Any, at: Any) -> Any:
    """Writes a character as it stands in the JSON text of ids.content_id; returns the place behind it."""
    if code < 0x80:
        if code in {0x22, 0x5C, 0x08}:  # quotation mark, backslash, backspace
            out[at], out[at + 1] = 0x5C, 0x62 if code == 0x08 else code
            return at + 2
        if code < 0x20:
            low = code & np.uint32(15)
            out[at], out[at + 1], out[at + 2], out[at + 3] = 0x5C, 0x75, 0x30, 0x30
            out[at + 4], out[at + 5] = 48 + (code >> np.uint32(4)), low + (48 if low < 10 else 87)
            return at + 6
        out[at] = code
        return at + 1
    if code < 0x800:
        out[at], out[at + 1] = 0xC0 | (code >> np.uint32(6)), 0x80 | (code & _TAIL)
        return at + 2
    middle, last = 0x80 | ((code >> np.uint32(6)) & _TAIL), 0x80 | (code & _TAIL)
    if code < 0x10000:
        out[at], out[at + 1], out[at + 2] = 0xE0 | (code >> np.uint32(12)), middle, last
        return at + 3
    out[at], out[at + 1] = 0xF0 | (code >> np.uint32(18)), 0x80 | ((code >> np.uint32(12)) & _TAIL)
    out[at + 2], out[at + 3] = middle, last
    return at + 4


@compiled
def key_texts(text: Any, ends: Any, tables: Any, out: Any, out_ends: Any) -> None:
    """Writes what normal.text_key hashes for each text: folded, without white space and invisible characters, as JSON.

    Args:
        text: UTF-8 bytes.
        ends: offsets of the texts in it.
        tables: (folded, longer, unstable, combining, dropped) of Characters.
        out: uint8, room for 6 bytes per byte and 4 per text.
        out_ends: int64, where each ends in `out`, written; negative where the text has to be normalised first.
    """
    folded, longer, unstable, combining, dropped = tables
    plain = np.zeros(0x80, np.uint8)  # what a byte becomes: white space nothing, others themselves
    for code in range(0x20, 0x7F):
        if code not in {0x20, 0x22, 0x5C}:
            plain[code] = folded[code]
    at = np.int64(0)
    for row in range(len(ends) - 1):
        first, place, last_class, normal = at, np.int64(ends[row]), np.uint8(0), True
        out[at], out[at + 1] = 0x5B, 0x22
        at += 2
        while place < ends[row + 1] and normal:
            byte = text[place]
            if byte < 0x80:
                place += 1
                if plain[byte] != 0:
                    out[at], last_class = plain[byte], np.uint8(0)
                    at += 1
                elif dropped[byte] != INVISIBLE:
                    last_class = np.uint8(0)
                    if dropped[byte] == KEPT:
                        at = _encoded(np.uint32(byte), out, at)
                continue
            code, place = _decoded(text, place)
            if dropped[code] == INVISIBLE:
                continue  # as if it were not there: the marks before and after it stand in one row
            own_class = combining[code]
            normal = not (unstable[code] or (own_class != 0 and last_class > own_class))
            last_class = own_class
            fold = folded[code]
            if dropped[code] == WHITE:
                continue
            if fold < LONGER:
                at = _encoded(fold, out, at)
            else:
                for part in longer[fold - LONGER]:
                    if part != 0:
                        at = _encoded(part, out, at)
        out[at], out[at + 1] = 0x22, 0x5D
        at = at + 2 if normal else first
        out_ends[row] = at if normal else -at - 1
