"""Which row of several duplicates is kept.

Here: the rule, over all segments of the lake. Not here: how duplicates are found (pairs.py).

Two rows are duplicates if they have

- the same content_key (prompt and response), wherever they are in the lake: `exact_pair`;
- the same prompt_key, language and teacher: `exact_prompt`. Two teachers that answer the same prompt are meant to;
- the same language and teacher and a Jaccard similarity of at least the threshold: `near`.

The rows are taken best first: the earlier source (seeds/sources.SOURCES), then the smaller id. A row is left out if it
is the duplicate of a row that is kept, and kept otherwise. So each row that is left out was itself compared with the
row that is kept in its place, and no two rows that are kept are duplicates. Being a duplicate does not pass on: where
A resembles B and B resembles C but A does not resemble C, the kept rows are A and C, however long the chain. Clusters
by transitive closure would keep A alone. The result is a function of the set of rows.

If a row is the duplicate of several kept rows, the kind is the first that applies, and of near duplicates the most
similar is named, then the best.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from polyglot_assets.curation.pairs import EDGE
from polyglot_assets.curation.segments import NO_SET, Segment, best_first, order_of

KINDS = ("exact_pair", "exact_prompt", "near")

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class LeftOut:
    """The rows that are left out, by their numbers when all segments' rows are counted through, ascending.

    Attributes:
        row: int64, the row.
        id, kept_id: uint64 (2, rows), its id and that of the row kept in its place.
        kind: place in KINDS.
        similarity: float32.
    """

    row: Array
    id: Array
    kept_id: Array
    kind: Array
    similarity: Array


def leave_out(segments: Sequence[Segment], edges: Mapping[tuple[int, int], Array]) -> LeftOut:
    """Applies the rule. Only rows that share something with another are looked at.

    Args:
        segments: all segments of the lake.
        edges: near-duplicate sets (pairs.EDGE) by the numbers of two segments.
    """
    from polyglot_assets.curation import pair_kernels as kernels

    set_ends = np.cumsum([0, *(len(segment.start) for segment in segments)])
    contents, prompts = _classes(segments, "content"), _classes(segments, "prompt")
    concerned = np.zeros(row_ends(segments)[-1], bool)
    for some in (contents[0], prompts[0], _with_sets(segments, edges)):
        concerned[some] = True
    rows = np.flatnonzero(concerned)
    ids = gather(segments, "id", rows)
    best = best_first(gather(segments, "place", rows), ids)
    instead, kind = np.empty(len(rows), np.int64), np.empty(len(rows), np.uint8)
    similarity = np.empty(len(rows), np.float32)
    kernels.keep(
        (_spread(rows, *contents)[best], _spread(rows, *prompts)[best], _groups(segments, rows, set_ends)[best]),
        _neighbours(edges, set_ends),
        (_unkept(contents[1]), _unkept(prompts[1]), np.full(set_ends[-1], -1, np.int64)),
        (instead, kind, similarity),
    )
    turn = np.empty(len(rows), np.int64)  # when each row had its turn
    turn[best] = np.arange(len(rows))
    turn = turn[instead[turn] >= 0]
    place, kept = best[turn], best[instead[turn]]
    return LeftOut(rows[place], ids[:, place], ids[:, kept], kind[turn], similarity[turn])


def row_ends(segments: Sequence[Segment]) -> Array:
    """Where the rows of each segment begin when all are counted through, and their number."""
    return np.cumsum([0, *(len(segment.place) for segment in segments)])


def gather(segments: Sequence[Segment], name: str, rows: Array) -> Array:
    """The values of a column of Segment for ascending row numbers."""
    ends = row_ends(segments)
    bounds = np.searchsorted(rows, ends)
    parts = [
        getattr(segment, name)[..., rows[first:last] - start]
        for segment, start, first, last in zip(segments, ends, bounds, bounds[1:], strict=False)
    ]
    return np.concatenate(parts, axis=-1)


def _spread(rows: Array, some: Array, values: Array) -> Array:
    """int64 for each of `rows`: the value that belongs to it, -1 if none does."""
    spread = np.full(int(rows.max(initial=-1)) + 1, -1, np.int64)
    spread[some] = values
    return spread[rows]


def _unkept(classes: Array) -> Array:
    return np.full(int(classes.max(initial=-1)) + 1, -1, np.int64)


def _with_sets(segments: Sequence[Segment], edges: Mapping[tuple[int, int], Array]) -> Array:
    """The rows whose n-gram set occurs again or has a near duplicate."""
    found = []
    for number, (segment, start) in enumerate(zip(segments, row_ends(segments), strict=False)):
        near = np.zeros(len(segment.leader), bool)
        for (one, other), pairs in edges.items():
            if one == number:
                near[pairs["left"]] = True
            if other == number:
                near[pairs["right"]] = True
        found += [segment.repeats + start, segment.leader[near] + start]
    return np.concatenate(found)


def _groups(segments: Sequence[Segment], rows: Array, set_ends: Array) -> Array:
    """int64: the number of each row's set when all sets are counted through, -1 for a row without."""
    own = gather(segments, "set_of", rows)
    home = np.searchsorted(row_ends(segments), rows, side="right") - 1
    return np.where(own == NO_SET, -1, own.astype(np.int64) + set_ends[home])


def _neighbours(edges: Mapping[tuple[int, int], Array], set_ends: Array) -> tuple[Array, Array, Array]:
    """Each edge in both directions, grouped by set: (first, neighbour, similarity)."""
    pairs = np.concatenate([np.empty(0, EDGE), *edges.values()])
    sizes = [len(found) for found in edges.values()]
    left = pairs["left"] + np.repeat([set_ends[one] for one, _ in edges], sizes).astype(np.int64)
    right = pairs["right"] + np.repeat([set_ends[other] for _, other in edges], sizes).astype(np.int64)
    both = np.concatenate([left, right])
    order = np.argsort(both, kind="stable")
    first = np.zeros(set_ends[-1] + 1, np.int64)
    np.cumsum(np.bincount(both, minlength=set_ends[-1]), out=first[1:])
    return first, np.concatenate([right, left])[order], np.tile(pairs["similarity"], 2)[order]


def _classes(segments: Sequence[Segment], name: str) -> tuple[Array, Array]:
    """The rows whose key occurs more than once, ascending, and a number for each key from 0."""
    from polyglot_assets.curation import pair_kernels as kernels

    # Bitmaps that fit the cache sort out most keys that occur once; sorting all of them would take five times as long.
    size = 1 << max(10, int(row_ends(segments)[-1]).bit_length() - 1)
    seen, again = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    for segment in segments:
        kernels.note(getattr(segment, name)[0], seen, again)
    rows = []
    for segment, start in zip(segments, row_ends(segments), strict=False):
        places = np.empty(len(segment.place) + 1, np.int64)
        rows.append(places[: kernels.noted(getattr(segment, name)[0], again, places)] + start)
    candidates = np.concatenate(rows)
    keys = gather(segments, name, candidates)
    order = order_of(keys)
    same = np.all(keys[:, order[1:]] == keys[:, order[:-1]], axis=0)
    follows = np.append(False, same)[: len(order)]
    leads = np.append(same, False)[: len(order)] & ~follows
    member = follows | leads
    found, classes = order[member], np.cumsum(leads[member]) - 1
    ascending = np.argsort(found)
    return candidates[found[ascending]], classes[ascending]
