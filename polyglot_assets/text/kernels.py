"""The loops of the search for known texts, compiled.

Here: what runs once per token of the lake. Not here: what a token is (tokens.py), how the index is made and what is
done with the result (matching.py).

All of it is in one file because numba keeps compiled functions by the file that they stand in: a change in another file
that they call would go unnoticed.

Imports numba: not to be imported when the code location loads.
"""

from typing import NamedTuple

import numpy as np
from numba import njit  # noqa: TID253 only matching.py imports this, inside functions that search
from numpy.typing import NDArray

from polyglot_assets.text.compiling import CACHED

Bytes = NDArray[np.uint8]
Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int32]
Shares = NDArray[np.float32]
Positions = NDArray[np.int64]
Out = tuple[Positions, Numbers, Shares, Positions, Positions]
"""Row, number of the known text, share of it that was found, first byte, byte after the last one."""

PIECE = 256
"""Tokens; a longer text is looked for in pieces of this length, for comparing costs their square."""

WORD = 2
"""Weight of a word; a character of a script without spaces has half of it."""

BREAK, LETTER, CHARACTER, MARK, NOTHING = range(5)
"""What a code point is to a token: its end, a part of a word, a token of its own, a mark on it, or not there."""

TABLE_SIZE = 0x30000
"""Number of code points that tokens.table covers."""

_TRIES = 4
_SIEVE_BITS = 22
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SEED = np.uint64(0x243F6A8885A308D3)


class Index(NamedTuple):
    """The known texts and their n-grams.

    Attributes:
        tokens: tokens of all pieces, one after the other.
        weights: their weights.
        offsets: first token of each piece, and the end.
        owners: number of the text that a piece is from.
        total: weight of each piece.
        needed: weight that must be found of each piece.
        seeds: number of its n-grams that make a piece a candidate.
        keys: hashes of the n-grams.
        slots: hash table: number of an n-gram + 1, or 0.
        sieve: one bit for each value of the first bits of a hash: whether any n-gram has it.
        postings: where the occurrences of each n-gram begin in the next two, and the end.
        pieces: piece of each occurrence.
        places: token in the piece of each occurrence.
        single: see tokens.table.
        several: see tokens.table.
        width: weight of an n-gram.
    """

    tokens: Hashes
    weights: Numbers
    offsets: Positions
    owners: Numbers
    total: Numbers
    needed: Numbers
    seeds: Numbers
    keys: Hashes
    slots: Numbers
    sieve: Bytes
    postings: Positions
    pieces: Numbers
    places: Numbers
    single: Numbers
    several: Numbers
    width: int


@njit(cache=CACHED)
def _mix(value: np.uint64) -> np.uint64:
    """Spreads 64 bits (the finaliser of MurmurHash3)."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@njit(cache=CACHED)
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


@njit(cache=CACHED)
def tokenize(
    text: Bytes, begin: int, end: int, single: Numbers, several: Numbers, out: tuple[Hashes, Numbers, Numbers]
) -> int:
    """Writes the tokens of the UTF-8 text[begin:end] to `out` and returns their number.

    Args:
        text: valid UTF-8.
        begin: first byte.
        end: byte after the last one.
        single: see tokens.table.
        several: see tokens.table.
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
        entry = single[code] if code < TABLE_SIZE else (CHARACTER << 24 | code if code < 0x40000 else BREAK << 24)
        position, number = 0, 1
        if entry < 0:
            position = -entry
            number = several[position - 1]
        for step in range(number):
            if entry < 0 or step:
                entry = several[position + step]
            kind = entry >> 24
            part = np.uint64(entry & 0xFFFFFF)
            if kind == NOTHING:
                continue
            if kind == MARK:
                if weight:
                    value += _mix(part)  # a sum, so that the order of marks makes no difference
                continue
            if weight and not (kind == LETTER and weight == WORD):
                hashes[count] = _mix(value)
                weights[count] = weight
                count += 1
                weight = 0
            if kind == BREAK:
                continue
            if not weight:
                value = _SEED
                starts[count] = first
                weight = WORD if kind == LETTER else 1
            value = (value ^ part) * _MULTIPLIER
    if weight:
        hashes[count] = _mix(value)
        weights[count] = weight
        count += 1
    return count


@njit(cache=CACHED)
def _gram(tokens: Hashes, weights: Numbers, at: int, end: int, width: int) -> np.uint64:
    """The hash of the shortest run of tokens from `at` that weighs `width`; 0 if the text ends before."""
    weight = 0
    value = np.uint64(1)
    while at < end:
        value = (value ^ tokens[at]) * _MULTIPLIER
        weight += weights[at]
        at += 1
        if weight >= width:
            return max(_mix(value), np.uint64(1))
    return np.uint64(0)


@njit(cache=CACHED)
def grams_of(tokens: Hashes, weights: Numbers, offsets: Positions, width: int) -> Hashes:
    """The n-gram that begins at each token, 0 where its piece is over before that."""
    grams = np.zeros(len(tokens), dtype=np.uint64)
    for piece in range(len(offsets) - 1):
        for at in range(offsets[piece], offsets[piece + 1]):
            grams[at] = _gram(tokens, weights, at, offsets[piece + 1], width)
    return grams


@njit(cache=CACHED)
def fill(keys: Hashes, slots: Numbers) -> None:
    """Makes the hash table: a power of two of slots, open addressing."""
    mask = np.uint64(len(slots) - 1)
    for number in range(len(keys)):
        slot = keys[number] & mask
        while slots[slot]:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = number + 1


@njit(cache=CACHED)
def sieve(keys: Hashes) -> Bytes:
    """A bit per first bits of a hash; it fits a cache and turns away most n-grams of a lake."""
    bits = np.zeros(1 << (_SIEVE_BITS - 3), dtype=np.uint8)
    for key in keys:
        bit = key >> np.uint64(64 - _SIEVE_BITS)
        bits[bit >> np.uint64(3)] |= np.uint8(1 << (bit & np.uint64(7)))
    return bits


@njit(cache=CACHED)
def _number_of(key: np.uint64, index: Index) -> int:
    """The number of an n-gram, -1 if no known text has it."""
    bit = key >> np.uint64(64 - _SIEVE_BITS)
    if not index.sieve[bit >> np.uint64(3)] >> (bit & np.uint64(7)) & np.uint8(1):
        return -1
    mask = np.uint64(len(index.slots) - 1)
    slot = key & mask
    while index.slots[slot]:
        number = index.slots[slot] - 1
        if index.keys[number] == key:
            return number
        slot = (slot + np.uint64(1)) & mask
    return -1


@njit(cache=CACHED)
def scan(data: Bytes, offsets: Positions, row: int, index: Index, out: Out) -> tuple[int, int]:
    """Looks through texts from number `row` on.

    Args:
        data: the texts as UTF-8, one after the other.
        offsets: where each begins, and the end.
        row: the first one to be looked at.
        index: what is looked for.
        out: takes what is found.

    Returns:
        The number of the first text that `out` had no room for, and the number of entries.
    """
    longest = 0
    for number in range(row, len(offsets) - 1):
        longest = max(longest, offsets[number + 1] - offsets[number])
    room = 2 * longest + 1
    tokens = (np.empty(room, np.uint64), np.empty(room, np.int32), np.empty(room, np.int32))
    hits = np.empty((4, 1024), dtype=np.int64)
    seen = np.zeros(len(index.owners), dtype=np.int32)
    times = np.zeros(PIECE, dtype=np.int32)
    line = np.zeros(PIECE + 1, dtype=np.int32)
    count = 0
    while row < len(offsets) - 1:
        start = count
        length = tokenize(data, offsets[row], offsets[row + 1], index.single, index.several, tokens)
        hits, number = _look_up(tokens, length, index, hits, seen)
        order = np.argsort(hits[0, :number], kind="mergesort")
        end = 0
        while end < number:
            begin, piece = end, hits[0, order[end]]
            while end < number and hits[0, order[end]] == piece:
                end += 1
            ats, places = hits[1][order[begin:end]], hits[2][order[begin:end]]
            found, first, last = _compare(tokens[0][:length], ats, places, piece, index, (times, line))
            if found < index.needed[piece]:
                continue
            if count == len(out[0]):
                return row, start
            after = _end_of_gram(tokens[1], ats[last], length, index.width)
            out[0][count] = row
            out[1][count] = index.owners[piece]
            out[2][count] = found / index.total[piece]
            out[3][count] = tokens[2][ats[first]] - offsets[row]
            out[4][count] = (tokens[2][after] if after < length else offsets[row + 1]) - offsets[row]
            count += 1
        row += 1
    return row, count


@njit(cache=CACHED)
def _end_of_gram(weights: Numbers, at: int, length: int, width: int) -> int:
    """The token after the n-gram that begins at `at`."""
    weight = 0
    while at < length and weight < width:
        weight += weights[at]
        at += 1
    return at


@njit(cache=CACHED)
def _look_up(
    tokens: tuple[Hashes, Numbers, Numbers], length: int, index: Index, hits: Positions, seen: Numbers
) -> tuple[Positions, int]:
    """The n-grams that a text shares with the pieces that it shares enough of them with.

    Returns:
        Piece, token of the text, and token of the piece of each as columns, in the order of the text; their number.
    """
    number = 0
    for at in range(length):
        key = _gram(tokens[0], tokens[1], at, length, index.width)
        gram = _number_of(key, index) if key else -1
        if gram < 0:
            continue
        for posting in range(index.postings[gram], index.postings[gram + 1]):
            if number == hits.shape[1]:
                larger = np.empty((4, 2 * number), dtype=np.int64)
                larger[:, :number] = hits
                hits = larger
            piece = index.pieces[posting]
            hits[0, number] = piece
            hits[1, number] = at
            hits[2, number] = index.places[posting]
            seen[piece] += 1
            number += 1
    for hit in range(number):
        hits[3, hit] = seen[hits[0, hit]] >= index.seeds[hits[0, hit]]
    kept = 0
    for hit in range(number):
        seen[hits[0, hit]] = 0
        if hits[3, hit]:
            hits[:3, kept] = hits[:3, hit]
            kept += 1
    return hits, kept


@njit(cache=CACHED)
def _compare(
    tokens: Hashes, ats: Positions, places: Positions, piece: int, index: Index, scratch: tuple[Numbers, Numbers]
) -> tuple[int, int, int]:
    """The weight that a text holds of a piece in one place, and the first and last hit there.

    The place is the stretch with most n-grams of the piece. It may hold them in disorder and a later one in order, so
    that some more are tried before the piece is given up.
    """
    size = index.offsets[piece + 1] - index.offsets[piece]
    most, first, last = 0, 0, 0
    begin = 0
    for _ in range(_TRIES):
        one, other = _stretch(ats[begin:], places[begin:], piece, index, scratch[0])
        if one < 0:
            break
        one, other = one + begin, other + begin
        low = max(0, ats[one] - places[one] - size // 4)
        high = min(len(tokens), ats[other] - places[other] + size + size // 4)
        found = _common(tokens[low:high], piece, index, scratch[1])
        if found > most:
            most, first, last = found, one, other
        if found >= index.needed[piece]:
            break
        begin = one + 1
    return most, first, last


@njit(cache=CACHED)
def _stretch(ats: Positions, places: Positions, piece: int, index: Index, times: Numbers) -> tuple[int, int]:
    """The first and last hit of the stretch that holds the most different n-grams of a piece; -1 if too few."""
    size = index.offsets[piece + 1] - index.offsets[piece]
    span = size + size // 4 + 4
    most, first, last = index.seeds[piece] - 1, -1, -1
    different = 0
    begin = 0
    for end in range(len(ats)):
        if times[places[end]] == 0:
            different += 1
        times[places[end]] += 1
        while ats[end] - ats[begin] > span:
            times[places[begin]] -= 1
            if times[places[begin]] == 0:
                different -= 1
            begin += 1
        if different > most:
            most, first, last = different, begin, end
    times[:] = 0
    return first, last


@njit(cache=CACHED)
def _common(tokens: Hashes, piece: int, index: Index, line: Numbers) -> int:
    """The weight of the longest common subsequence of a stretch of text and a piece."""
    begin = index.offsets[piece]
    size = index.offsets[piece + 1] - begin
    line[: size + 1] = 0
    for token in tokens:
        diagonal = 0
        for place in range(size):
            above = line[place + 1]
            if token == index.tokens[begin + place]:
                line[place + 1] = diagonal + index.weights[begin + place]
            elif line[place] > above:
                line[place + 1] = line[place]
            diagonal = above
    return line[size]
