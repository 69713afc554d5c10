"""Which row of several duplicates is kept.

Here: the rule, over any rows that hold with each row all of its duplicates. Not here: how near duplicates are found
(pairs.py), and for which rows the rule has to be applied again (decisions.py).

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
from typing import Any

import numpy as np
import numpy.typing as npt

from polyglot_assets.curation.segments import NO_SET, Segment, best_first, order_of

KINDS = ("exact_pair", "exact_prompt", "near")

DECISION = np.dtype([("row", "<i4"), ("instead", "<i4"), ("cluster", "<i4"), ("similarity", "<f4"), ("kind", "<u4")])
"""What becomes of a row. Rows are known by their numbers when all segments' rows are counted through.

row: its number; instead: the row that is kept in its place, KEPT if it is kept itself; cluster: the first of the rows
that are connected by duplicates, directly or through others; similarity: to the row kept; kind: place in KINDS.
"""

KEPT = -1

Array = npt.NDArray[Any]
Edges = Mapping[tuple[int, int], Array]
"""Near-duplicate sets (pairs.EDGE) by the numbers of two segments."""


def decide(segments: Sequence[Segment], edges: Edges, rows: Array) -> Array:
    """Applies the rule; returns a DECISION for each of `rows`.

    Args:
        segments: all segments of the lake.
        edges: what is near between them.
        rows: ascending; with a row, all its duplicates have to be among them.
    """
    from polyglot_assets.curation import pair_kernels as kernels

    best = best_first(gather(segments, "place", rows), gather(segments, "id", rows))
    own, near = _sets(segments, edges, rows)
    shared = _classes(gather(segments, "content", rows)), _classes(gather(segments, "prompt", rows)), own
    cluster, instead = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
    kind, similarity = np.zeros(len(rows), np.uint8), np.empty(len(rows), np.float32)
    kernels.clusters(shared, near, _unknown(len(rows), len(near[0])), cluster)
    in_turn = tuple(classes[best] for classes in shared)
    kernels.keep(in_turn, near, _unknown(len(rows), len(near[0])), (instead, kind, similarity))
    made = np.empty(len(rows), DECISION)
    made["row"], made["cluster"] = rows, rows[cluster]
    made["instead"][best] = np.where(instead >= 0, rows[best[instead]], KEPT)
    made["kind"][best], made["similarity"][best] = kind, similarity
    return made


def _unknown(rows: int, sets: int) -> tuple[Array, Array, Array]:
    """For each content class, prompt class and set: no row of it is known."""
    return np.full(rows, -1, np.int64), np.full(rows, -1, np.int64), np.full(sets, -1, np.int64)


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


def _classes(keys: Array) -> Array:
    """int64: a number for each key, uint64 (2, rows); equal keys have the same."""
    order = order_of(keys)
    differs = np.any(keys[:, order[1:]] != keys[:, order[:-1]], axis=0)
    classes = np.zeros(len(order), np.int64)
    classes[order[1:]] = np.cumsum(differs)
    return classes


def _sets(segments: Sequence[Segment], edges: Edges, rows: Array) -> tuple[Array, tuple[Array, Array, Array]]:
    """The number of each row's set among the sets of `rows`, -1 for a row without, and these sets' neighbours."""
    ends = np.cumsum([0, *(len(segment.start) for segment in segments)])
    own = gather(segments, "set_of", rows)
    home = np.searchsorted(row_ends(segments), rows, side="right") - 1
    has = own != NO_SET
    own = own.astype(np.int64) + ends[home]
    met = np.zeros(ends[-1] + 1, bool)
    met[own[has]] = True
    number = np.cumsum(met, dtype=np.int32) - 1
    some = np.bincount(home, minlength=len(segments)) > 0
    near = []
    for (one, other), pairs in edges.items():
        if not (some[one] and some[other]):
            continue
        found = pairs[met[pairs["left"] + ends[one]] & met[pairs["right"] + ends[other]]]
        near.append((number[found["left"] + ends[one]], number[found["right"] + ends[other]], found["similarity"]))
    own[~has] = -1
    own[has] = number[own[has]]
    return own, _neighbours(near, int(number[-1]) + 1)


def _neighbours(near: Sequence[tuple[Array, Array, Array]], sets: int) -> tuple[Array, Array, Array]:
    """Each edge in both directions, grouped by set: (first, neighbour, similarity)."""
    none = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    left, right, similarity = (np.concatenate(parts) for parts in zip(none, *near, strict=True))
    both = np.concatenate([left, right])
    order = np.argsort(both, kind="stable")
    first = np.zeros(sets + 1, np.int64)
    np.cumsum(np.bincount(both, minlength=sets), out=first[1:])
    return first, np.concatenate([right, left])[order], np.tile(similarity, 2)[order]
