"""Finding known texts inside other texts: which of them does a text hold, and how much of each.

Here: the rules, the index of the known texts, the search in a column. Not here: tokens (tokens.py), the loops at native
speed (kernels.py), files and rows (evalsets.py, contamination.py).

Two steps. The n-grams of the known texts are looked up while a text is read; a known text that has an eighth of its
n-grams in one stretch of about its own length is a candidate. A candidate is compared token by token: the share of its
words that the stretch holds in the same order (the longest common subsequence) is its overlap.

Why not the share of n-grams: an edited word takes one word from the second share, but up to n n-grams from the first,
so that a question with one word in ten exchanged looks like another one that begins with the same phrase. Measured on
13,600 questions and sentences in ten languages (MGSM, Global-MMLU-lite, XQuAD, ARCD, JSQuAD, PUD, …), up to 300 of each
set planted in model answers, and on 144,000 texts that hold none of them:

    rule                    found verbatim   found with 10 % of words edited   false hits
    one common 8-gram                  .84                               .64          350
    one common 13-gram                 .58                               .33            4
    50 common characters               .62                               .39            -
    half of the 8-grams                .84                               .22            -
    half of the 3-grams                .998                              .94          203
    these rules                        .99                               .94            1

(Verbatim, what is missed has fewer than four words; edited, nearly all has fewer than ten.)

The n-gram is narrow because it only proposes candidates: 2 finds as much as 3 and takes twice the time, 4 loses a
quarter of the edited Japanese questions. An overlap of .7 gave 4 false hits; .8 finds one in 40 less of the questions
that are edited by chance (each word with a probability of 10 %).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from polyglot_assets.text.kernels import (
    PIECE,
    WORD,
    Hashes,
    Index,
    Numbers,
    Out,
    Positions,
    Shares,
    fill,
    grams_of,
    scan,
    sieve,
)
from polyglot_assets.text.tokens import table, tokens_of

_COMMON = 200
"""An n-gram that more texts than this share is no sign of any one of them and is not looked up."""

_SEEDS = 8
"""One n-gram in so many makes a candidate."""

_ROOM = 1024


@dataclass(frozen=True)
class Rules:
    """What counts as found.

    Attributes:
        ngram: width of the n-grams in words; a character of a script without spaces counts as half a word.
        overlap: smallest share of a text's words that must be found, 0..1.
        whole_below: a text of fewer words than this must be found whole, as there is too little of it to tell an edit
            of it from another text.
        least: a text of fewer words than this (`What is it?`) is not looked for.
    """

    ngram: int = 3
    overlap: float = 0.75
    whole_below: int = 6
    least: int = 4

    @property
    def shortest(self) -> int:
        """Words of the shortest text that is looked for; one shorter than an n-gram cannot be."""
        return max(self.least, self.ngram)


class Matches(NamedTuple):
    """What was found, one entry each: row of the column, number of the known text, share of it, first and last byte."""

    rows: Positions
    texts: Numbers
    overlaps: Shares
    begins: Positions
    ends: Positions


class _Pieces(NamedTuple):
    """Tokens and weights of all pieces one after the other, where each begins and the last ends, and whose it is."""

    tokens: Hashes
    weights: Numbers
    offsets: Positions
    owners: Numbers


def words(text: str) -> float:
    """The length of a text in words; a character of a script without spaces counts as half a word."""
    return float(tokens_of(text)[1].sum() / WORD)


def build(texts: Sequence[str], rules: Rules) -> tuple[Index, list[int]]:
    """The index of `texts`, and the numbers of those that are too short to be looked for."""
    hashes, weights, owners, short = [np.empty(0, np.uint64)], [np.empty(0, np.int32)], [], []
    sizes = [0]
    for number, text in enumerate(texts):
        own, own_weights = tokens_of(text)
        if own_weights.sum() < WORD * rules.shortest:
            short.append(number)
            continue
        hashes.append(own)
        weights.append(own_weights)
        for begin, end in _cuts(len(own)):
            sizes.append(end - begin)
            owners.append(number)
    pieces = _Pieces(
        np.concatenate(hashes), np.concatenate(weights), np.cumsum(sizes, dtype=np.int64), np.array(owners, np.int32)
    )
    return _index(pieces, rules), short


def _cuts(length: int) -> list[tuple[int, int]]:
    """Pieces of about equal length, none of them longer than PIECE."""
    number = -(-length // PIECE)
    return list(pairwise(length * cut // number for cut in range(number + 1)))


def _index(texts: _Pieces, rules: Rules) -> Index:
    """Puts the n-grams of all pieces into a hash table, with the places where they occur."""
    grams = grams_of(texts.tokens, texts.weights, texts.offsets, WORD * rules.ngram)
    pieces = np.repeat(np.arange(len(texts.owners), dtype=np.int32), np.diff(texts.offsets))
    places = (np.arange(len(grams)) - texts.offsets[pieces]).astype(np.int32)
    order = np.lexsort((places, pieces, grams))
    order = order[grams[order] != 0]
    grams, pieces, places = grams[order], pieces[order], places[order]
    # Of an n-gram that a piece repeats the first one counts; any other would do as well.
    first = np.ones(len(grams), dtype=bool)
    first[1:] = (grams[1:] != grams[:-1]) | (pieces[1:] != pieces[:-1])
    grams, pieces, places = grams[first], pieces[first], places[first]
    _, inverse, frequency = np.unique(grams, return_inverse=True, return_counts=True)
    rare = frequency[inverse] <= _COMMON
    # A piece of nothing but common n-grams is looked for by all of them.
    kept = rare | (np.bincount(pieces[rare], minlength=len(texts.owners)) == 0)[pieces]
    grams, pieces, places = grams[kept], pieces[kept], places[kept]
    keys, starts = np.unique(grams, return_index=True)
    slots = np.zeros(1 << max(4, int(4 * len(keys)).bit_length()), dtype=np.int32)
    fill(keys, slots)
    total = np.add.reduceat(texts.weights, texts.offsets[:-1]) if len(texts.owners) else np.empty(0, np.int32)
    share = np.where(total < WORD * rules.whole_below, 1.0, rules.overlap)
    return Index(
        *texts,
        total=total.astype(np.int32),
        needed=np.ceil(np.round(share * total, 6)).astype(np.int32),
        seeds=-(-np.bincount(pieces, minlength=len(texts.owners)) // _SEEDS).astype(np.int32),
        keys=keys,
        slots=slots,
        sieve=sieve(keys),
        postings=np.append(starts, len(grams)).astype(np.int64),
        pieces=pieces,
        places=places,
        single=table()[0],
        several=table()[1],
        width=WORD * rules.ngram,
    )


def search(column: pa.Array, index: Index) -> Matches:
    """The known texts that each text of a string column holds; of several pieces of one text the best.

    Args:
        column: strings without nulls.
        index: what is looked for.
    """
    _, offset_buffer, data_buffer = column.buffers()
    size = np.int32 if pa.types.is_string(column.type) else np.int64
    offsets = np.frombuffer(offset_buffer or b"", size)[column.offset :][: len(column) + 1].astype(np.int64)
    data = np.frombuffer(data_buffer or b"", dtype=np.uint8)
    parts = [_room(0)]
    row, room = 0, _ROOM
    while row < len(column):
        before, out = row, _room(room)
        row, count = scan(data, offsets, row, index, out)
        parts.append((out[0][:count], out[1][:count], out[2][:count], out[3][:count], out[4][:count]))
        if row == before:
            room *= 2  # one text that holds more than that many
    rows, owners, overlaps, begins, ends = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    order = np.lexsort((begins, -overlaps, owners, rows))
    best = np.ones(len(order), dtype=bool)
    best[1:] = (np.diff(rows[order]) != 0) | (np.diff(owners[order]) != 0)
    order = order[best]
    return Matches(rows[order], owners[order], overlaps[order], begins[order], ends[order])


def _room(size: int) -> Out:
    return (
        np.empty(size, np.int64),
        np.empty(size, np.int32),
        np.empty(size, np.float32),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
    )
