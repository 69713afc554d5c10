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

from polyglot_assets.curation.segments import NO_SET, Segment, best_first

KINDS = ("exact_pair", "exact_prompt", "near")

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class LeftOut:
    """The rows that are left out, by their numbers when all segments' rows are counted through.

    Attributes:
        row: the row.
        kept: the row that is kept in its place.
        kind: place in KINDS.
        similarity: float32.
    """

    row: Array
    kept: Array
    kind: Array
    similarity: Array


def leave_out(segments: Sequence[Segment], edges: Mapping[tuple[int, int], Array]) -> LeftOut:
    """Applies the rule.

    Args:
        segments: all segments of the lake.
        edges: near-duplicate sets (pairs.EDGE) by the numbers of two segments.
    """
    from polyglot_assets.curation import kernels

    set_ends = np.cumsum([0, *(len(segment.start) for segment in segments)])
    first, neighbour, similarity = _neighbours(edges, set_ends)
    ids, place, content, prompt = (_all(segments, name) for name in ("id", "place", "content", "prompt"))
    groups = _groups(segments, set_ends)
    content_class, prompt_class = _classes(content), _classes(prompt)
    shared = np.bincount(groups[groups >= 0], minlength=set_ends[-1]) > 1
    concerned = shared | (np.diff(first) > 0)
    rows = np.flatnonzero((content_class >= 0) | (prompt_class >= 0) | ((groups >= 0) & concerned[groups]))
    rows = rows[best_first(place[rows], ids[rows])]
    instead, kind = np.empty(len(rows), np.int64), np.empty(len(rows), np.uint8)
    how = np.empty(len(rows), np.float32)
    kernels.keep(
        (content_class[rows], prompt_class[rows], groups[rows]),
        (first, neighbour, similarity),
        (_unkept(content_class), _unkept(prompt_class), np.full(set_ends[-1], -1, np.int64)),
        (instead, kind, how),
    )
    out = instead >= 0
    return LeftOut(rows[out], rows[instead[out]], kind[out], how[out])


def _all(segments: Sequence[Segment], name: str) -> Array:
    return np.concatenate([getattr(segment, name) for segment in segments])


def _unkept(classes: Array) -> Array:
    return np.full(int(classes.max(initial=-1)) + 1, -1, np.int64)


def _groups(segments: Sequence[Segment], set_ends: Array) -> Array:
    """int64: the number of each row's set when all sets are counted through, -1 for a row without."""
    parts = []
    for segment, start in zip(segments, set_ends, strict=False):
        own = segment.set_of.astype(np.int64) + start
        own[segment.set_of == NO_SET] = -1
        parts.append(own)
    return np.concatenate(parts)


def _neighbours(edges: Mapping[tuple[int, int], Array], set_ends: Array) -> tuple[Array, Array, Array]:
    """Each edge in both directions, grouped by set: (first, neighbour, similarity)."""
    lefts, rights, similarities = [], [], []
    for (one, other), found in edges.items():
        left = found["left"].astype(np.int64) + set_ends[one]
        right = found["right"].astype(np.int64) + set_ends[other]
        lefts += [left, right]
        rights += [right, left]
        similarities += [found["similarity"]] * 2
    left = np.concatenate(lefts) if lefts else np.empty(0, np.int64)
    order = np.argsort(left, kind="stable")
    first = np.zeros(set_ends[-1] + 1, np.int64)
    np.cumsum(np.bincount(left, minlength=set_ends[-1]), out=first[1:])
    if not lefts:
        return first, np.empty(0, np.int64), np.empty(0, np.float32)
    return first, np.concatenate(rights)[order], np.concatenate(similarities)[order]


def _classes(keys: Array) -> Array:
    """int64: equal numbers from 0 for rows with equal keys, -1 for a key that occurs once."""
    order = np.argsort(keys[:, 0])
    upper, lower = keys[order, 0], keys[order, 1]
    same = upper[1:] == upper[:-1]
    if np.any(same & (lower[1:] != lower[:-1])):  # half of two hashes is equal by chance
        order = np.lexsort((keys[:, 1], keys[:, 0]))
        upper, lower = keys[order, 0], keys[order, 1]
        same = (upper[1:] == upper[:-1]) & (lower[1:] == lower[:-1])
    classes = np.full(len(keys), -1, np.int64)
    follows = np.concatenate([[False], same])[: len(keys)]
    leads = np.concatenate([same, [False]])[: len(keys)] & ~follows
    member = follows | leads
    classes[order[member]] = np.cumsum(leads[member]) - 1
    return classes
