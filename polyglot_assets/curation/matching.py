"""Finding known texts inside other texts, at native speed: which of them does a text hold, and how much of each.

Here: the index of n-grams and the comparison. Not here: tokens (tokens.py), files and rows (evalsets.py,
contamination.py).

Two steps. The n-grams of the known texts are looked up while a text is read; a known text that has at least an eighth
of its n-grams within a stretch of about its own length is a candidate. A candidate is then compared token by token:
the share of its words that the stretch holds in the same order (the longest common subsequence) is its overlap.

Why not the share of n-grams alone: an edit takes one word from the second share, but up to n n-grams from the first,
so that a question with one word in ten exchanged looks like another question that begins with the same phrase.
benchmarks/decontamination.py compares both, and the usual rules of one common 8-gram, 13-gram or 50 characters.

Imports numba: not to be imported when the code location loads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from polyglot_assets.curation.tokens import WORD, Bytes, Hashes, Numbers, mix, table, tokenize

VERSION = 1
"""To be raised with every change of what is found; kept results of another version are not used."""

Shares = NDArray[np.float32]
Positions = NDArray[np.int64]

PIECE = 256
"""Tokens; a longer text is looked for in pieces of this length."""

_COMMON = 200
"""An n-gram that more texts than this share is no sign of any one of them and is not looked up."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_FILTER_BITS = 22


@dataclass(frozen=True)
class Rules:
    """What counts as found.

    Attributes:
        ngram: width of the n-grams in words; a character of a script without spaces counts as half a word.
        overlap: smallest share of a text's words that must be found, 0..1.
        whole_below: a text of fewer words than this must be found whole.
        least: a text of fewer words than this is not looked for.
    """

    ngram: int = 3
    overlap: float = 0.75
    whole_below: int = 6
    least: int = 4


class Index(NamedTuple):
    """The n-grams of the known texts, in the arrays that the kernel reads.

    Attributes:
        tokens: tokens of all pieces, one after the other.
        weights: their weights.
        offsets: first token of each piece, and the end.
        owners: number of the text that a piece is from.
        needed: weight that must be found of each piece.
        seeds: number of its n-grams that make a piece a candidate.
        slots: hash table: number of an n-gram + 1, or 0.
        keys: the n-grams' hashes.
        postings: where the occurrences of each n-gram begin in the next two, and the end.
        pieces: piece of each occurrence.
        places: token in the piece of each occurrence.
        sieve: one bit per slot of 22 bits of hash: whether any n-gram has it.
        single: see tokens.table.
        several: see tokens.table.
        width: weight of an n-gram.
    """

    tokens: Hashes
    weights: Numbers
    offsets: Positions
    owners: Numbers
    needed: Numbers
    seeds: Numbers
    slots: Numbers
    keys: Hashes
    postings: Positions
    pieces: Numbers
    places: Numbers
    sieve: Bytes
    single: Numbers
    several: Numbers
    width: int


class Matches(NamedTuple):
    """What was found, one entry each: row of the column, number of the known text, share of it, first and last byte."""

    rows: Positions
    texts: Numbers
    overlaps: Shares
    begins: Positions
    ends: Positions


def build(texts: Sequence[str], rules: Rules) -> tuple[Index, list[int]]:
    """The index of `texts`, and the numbers of those that are too short to be looked for."""
    single, several = table()
    hashes: list[Hashes] = []
    weights: list[Numbers] = []
    owners: list[int] = []
    short = []
    for number, text in enumerate(texts):
        own_hashes, own_weights = _tokens_of(text, single, several)
        if own_weights.sum() < WORD * rules.least:
            short.append(number)
            continue
        for begin, end in _cuts(len(own_hashes)):
            hashes.append(own_hashes[begin:end])
            weights.append(own_weights[begin:end])
            owners.append(number)
    offsets = np.cumsum([0, *map(len, hashes)], dtype=np.int64)
    tokens = np.concatenate(hashes) if hashes else np.empty(0, np.uint64)
    flat = np.concatenate(weights) if weights else np.empty(0, np.int32)
    total = np.array([piece.sum() for piece in weights], dtype=np.int32)
    share = np.where(total < WORD * rules.whole_below, 1.0, rules.overlap)
    needed = np.ceil(np.round(share * total, 6)).astype(np.int32)
    grams = _grams_of_pieces(tokens, flat, offsets, WORD * rules.ngram)
    return _index(tokens, flat, offsets, np.array(owners, dtype=np.int32), needed, grams, rules), short


def words(text: str) -> float:
    """The length of a text in words; a character of a script without spaces counts as half a word."""
    return float(_tokens_of(text, *table())[1].sum() / WORD)


def _tokens_of(text: str, single: Numbers, several: Numbers) -> tuple[Hashes, Numbers]:
    data = np.frombuffer(text.encode("utf-8", "replace"), dtype=np.uint8)
    room = 2 * len(data) + 1
    out = (np.empty(room, np.uint64), np.empty(room, np.int32), np.empty(room, np.int32))
    count = tokenize(data, 0, len(data), single, several, out)
    return out[0][:count].copy(), out[1][:count].copy()


def _cuts(length: int) -> list[tuple[int, int]]:
    """Pieces of about equal length, none of them longer than PIECE."""
    number = -(-length // PIECE)
    edges = [length * cut // number for cut in range(number + 1)]
    return list(zip(edges, edges[1:], strict=False))


def _index(
    tokens: Hashes, weights: Numbers, offsets: Positions, owners: Numbers, needed: Numbers, grams: Hashes, rules: Rules
) -> Index:
    """Sorts the n-grams (one per token, 0 where the piece ends before it) into a hash table with occurrences."""
    pieces = np.repeat(np.arange(len(owners), dtype=np.int32), np.diff(offsets))
    places = (np.arange(len(tokens)) - offsets[pieces]).astype(np.int32)
    order = np.lexsort((places, pieces, grams))
    order = order[grams[order] != 0]
    grams, pieces, places = grams[order], pieces[order], places[order]
    # Of an n-gram that a piece repeats the first one counts; the last one would do as well.
    first = np.ones(len(grams), dtype=bool)
    first[1:] = (grams[1:] != grams[:-1]) | (pieces[1:] != pieces[:-1])
    grams, pieces, places = grams[first], pieces[first], places[first]
    _, inverse, frequency = np.unique(grams, return_inverse=True, return_counts=True)
    rare = frequency[inverse] <= _COMMON
    own = np.bincount(pieces[rare], minlength=len(owners))
    kept = rare | (own < 2)[pieces]  # a piece of nothing but common n-grams is looked for by all of them
    grams, pieces, places = grams[kept], pieces[kept], places[kept]
    keys, starts = np.unique(grams, return_index=True)
    own = np.bincount(pieces, minlength=len(owners))
    size = 1 << max(4, int(4 * len(keys)).bit_length())
    slots = np.zeros(size, dtype=np.int32)
    sieve = np.zeros(1 << (_FILTER_BITS - 3), dtype=np.uint8)
    _fill(keys, slots, sieve)
    return Index(
        tokens, weights, offsets, owners, needed,
        -(-own // 8).astype(np.int32),
        slots, keys, np.append(starts, len(grams)).astype(np.int64), pieces, places, sieve, *table(), WORD * rules.ngram,
    )  # fmt: skip


def search(column: pa.Array, index: Index) -> Matches:
    """The known texts that each text of a string column holds; of several pieces of one text the best.

    Args:
        column: strings without nulls.
        index: what is looked for.
    """
    size = np.int32 if pa.types.is_string(column.type) else np.int64
    _, offset_buffer, data_buffer = column.buffers()
    first = column.offset
    offsets = np.frombuffer(offset_buffer, dtype=size)[first : first + len(column) + 1].astype(np.int64)
    data = np.frombuffer(data_buffer or b"", dtype=np.uint8)
    parts = []
    row, room = 0, 1024
    while row < len(column):
        before = row
        out = (
            np.empty(room, np.int64), np.empty(room, np.int32), np.empty(room, np.float32),
            np.empty(room, np.int64), np.empty(room, np.int64),
        )  # fmt: skip
        row, count = _scan(data, offsets, row, index, out)
        parts.append([array[:count] for array in out])
        if row == before:
            room *= 2  # one text that holds more than that many
    if not parts:
        return Matches(*(np.empty(0, t) for t in (np.int64, np.int32, np.float32, np.int64, np.int64)))
    rows, owners, overlaps, begins, ends = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    order = np.lexsort((begins, -overlaps, owners, rows))
    rows, owners, overlaps, begins, ends = (a[order] for a in (rows, owners, overlaps, begins, ends))
    best = np.ones(len(rows), dtype=bool)
    best[1:] = (rows[1:] != rows[:-1]) | (owners[1:] != owners[:-1])
    return Matches(rows[best], owners[best], overlaps[best], begins[best], ends[best])


@njit(cache=True)
def _gram(tokens: Hashes, weights: Numbers, at: int, end: int, width: int) -> np.uint64:
    """The hash of the shortest run of tokens from `at` that weighs `width`; 0 if the text ends before."""
    weight = 0
    value = np.uint64(1)
    while at < end:
        value = (value ^ tokens[at]) * _MULTIPLIER
        weight += weights[at]
        at += 1
        if weight >= width:
            value = mix(value)
            return value if value else np.uint64(1)
    return np.uint64(0)


@njit(cache=True)
def _grams_of_pieces(tokens: Hashes, weights: Numbers, offsets: Positions, width: int) -> Hashes:
    grams = np.zeros(len(tokens), dtype=np.uint64)
    for piece in range(len(offsets) - 1):
        for at in range(offsets[piece], offsets[piece + 1]):
            grams[at] = _gram(tokens, weights, at, offsets[piece + 1], width)
    return grams


@njit(cache=True)
def _fill(keys: Hashes, slots: Numbers, sieve: Bytes) -> None:
    mask = np.uint64(len(slots) - 1)
    for number in range(len(keys)):
        slot = keys[number] & mask
        while slots[slot]:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = number + 1
        bit = keys[number] >> np.uint64(64 - _FILTER_BITS)
        sieve[bit >> np.uint64(3)] |= np.uint8(1 << (bit & np.uint64(7)))


@njit(cache=True)
def _number_of(key: np.uint64, index: Index) -> int:
    """The number of an n-gram, -1 if no known text has it."""
    bit = key >> np.uint64(64 - _FILTER_BITS)
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


@njit(cache=True)
def _scan(
    data: Bytes, offsets: Positions, row: int, index: Index, out: tuple[Positions, Numbers, Shares, Positions, Positions]
) -> tuple[int, int]:
    """Looks through the texts from `row` on; returns the first one that `out` had no room for, and the entries."""
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
        begin = 0
        while begin < number:
            piece = hits[0, order[begin]]
            end = begin
            while end < number and hits[0, order[end]] == piece:
                end += 1
            ats, places = hits[1][order[begin:end]], hits[2][order[begin:end]]
            begin = end
            first, last = _stretch(ats, places, piece, index, times)
            if first < 0:
                continue
            size = index.offsets[piece + 1] - index.offsets[piece]
            low = max(0, ats[first] - places[first] - size // 4)
            high = min(length, ats[last] + size - places[last] + size // 4)
            found = _common(tokens[0][low:high], piece, index, line)
            if found < index.needed[piece]:
                continue
            if count == len(out[0]):
                return row, start
            whole = 0
            for token in range(index.offsets[piece], index.offsets[piece + 1]):
                whole += index.weights[token]
            after = ats[last] + 1
            reach = tokens[1][ats[last]]
            while after < length and reach < index.width:
                reach += tokens[1][after]
                after += 1
            out[0][count] = row
            out[1][count] = index.owners[piece]
            out[2][count] = found / whole
            out[3][count] = tokens[2][ats[first]] - offsets[row]
            out[4][count] = (tokens[2][after] if after < length else offsets[row + 1]) - offsets[row]
            count += 1
        row += 1
    return row, count


@njit(cache=True)
def _look_up(
    tokens: tuple[Hashes, Numbers, Numbers], length: int, index: Index, hits: Positions, seen: Numbers
) -> tuple[Positions, int]:
    """The n-grams that a text shares with pieces that it shares enough of them with.

    Returns:
        (piece, token of the text, token of the piece) of each as columns, in the order of the text, and their number.
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


@njit(cache=True)
def _stretch(ats: Positions, places: Positions, piece: int, index: Index, times: Numbers) -> tuple[int, int]:
    """The first and last hit of the stretch that holds the most different n-grams of a piece; -1 if too few."""
    size = index.offsets[piece + 1] - index.offsets[piece]
    span = size + size // 4 + 4
    best, first, last = index.seeds[piece] - 1, -1, -1
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
        if different > best:
            best, first, last = different, begin, end
    times[:] = 0
    return first, last


@njit(cache=True)
def _common(tokens: Hashes, piece: int, index: Index, line: Numbers) -> int:
    """The weight of the longest common subsequence of a stretch of text and a piece."""
    begin = index.offsets[piece]
    size = index.offsets[piece + 1] - begin
    line[: size + 1] = 0
    for at in range(len(tokens)):
        diagonal = 0
        for place in range(size):
            above = line[place + 1]
            if tokens[at] == index.tokens[begin + place]:
                line[place + 1] = diagonal + index.weights[begin + place]
            elif line[place] > above:
                line[place + 1] = line[place]
            diagonal = above
    return line[size]
