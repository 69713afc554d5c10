"""What was decided about the rows of the lake the last time, and for which of them the rule has to be applied again.

Here: remembering the decisions, and bringing them up to date. Not here: the rule (keep.py) and the table
(duplicates.py).

What becomes of a row depends on its cluster alone: the rows that it is connected with by duplicates, directly or
through others. So where cells changed, the clusters are decided anew that lost a row or that a row of a new segment
belongs to, and all others are left as they are. To find out which they are, the keys of all rows (those of prompts in
the same languages only) are looked up in a bitmap of the new rows' keys, a few nanoseconds each; all else costs in
proportion to the rows that are concerned.

The file can be deleted at any time. It is written after the table: if a run is cut off, the next one does the same
work again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from polyglot_assets.curation.keep import DECISION, KEPT, Array, Edges, decide, row_ends
from polyglot_assets.curation.segments import Segment
from polyglot_assets.lake.files import replacing
from polyglot_assets.lake.store import Stamp

_GONE = -2


@dataclass(frozen=True)
class Decisions:
    """The rows that have duplicates, and what became of each.

    Attributes:
        made: DECISIONs, in no order.
        rows: the segments' names and the number of rows of each, in the order in which they are counted through.
        stamps: for each cell (its key), what tells whether its part of the table is still the one that was written.
    """

    made: Array
    rows: dict[str, int]
    stamps: dict[str, Stamp]


NONE = Decisions(np.empty(0, DECISION), {}, {})


def load(path: Path, rule: str) -> Decisions:
    """What was remembered under the same `rule`; NONE otherwise."""
    try:
        data = np.memmap(path, np.uint8, mode="r")
    except FileNotFoundError:
        return NONE
    size = int(data[-8:].view("<u8")[0])
    about = json.loads(data[-8 - size : -8].tobytes())
    if about["rule"] != rule:
        return NONE
    stamps = {cell: tuple(stamp) for cell, stamp in about["stamps"].items()}
    return Decisions(np.asarray(data[: -8 - size]).view(DECISION), about["rows"], stamps)


def save(decisions: Decisions, path: Path, rule: str) -> None:
    """Remembers decisions."""
    about = json.dumps({"rule": rule, "rows": decisions.rows, "stamps": decisions.stamps}).encode()
    with replacing(path) as handle:
        decisions.made.tofile(handle)
        handle.write(about + len(about).to_bytes(8, "little"))


def update(before: Decisions, segments: Sequence[Segment], edges: Edges) -> tuple[Array, Array]:
    """The decisions about all rows that have duplicates, and which segments they changed for.

    Args:
        before: what was decided before.
        segments: all segments of the lake, at least one.
        edges: what is near between them.
    """
    from polyglot_assets.curation import pair_kernels as kernels

    fresh = np.array([segment.name not in before.rows for segment in segments])
    sharing = np.zeros(row_ends(segments)[-1], bool)
    everywhere, related = np.ones(len(segments), bool), _of_their_languages(segments, fresh)
    for rows in (_same_keys(segments, fresh, everywhere, "content"), _same_keys(segments, fresh, related, "prompt"),
                 _near_sets(segments, fresh, edges)):  # fmt: skip
        sharing[rows] = True
    number = _numbers_now(before, segments)
    marked = np.zeros(len(number), bool)
    kernels.concerned(before.made, number, sharing, marked)
    out = np.empty(len(before.made), DECISION)
    few, end = kernels.renumbered(before.made, number, marked, out)
    same, old = out[:few], out[end:]
    sharing[old["row"]] = True
    made = decide(segments, edges, np.flatnonzero(sharing))
    changed = fresh.copy()
    different = _different(old, made)
    changed[np.searchsorted(row_ends(segments), different, side="right") - 1] = True
    # Some rows have no duplicates: others of their cluster are gone, or the bitmaps erred.
    several = np.zeros(len(sharing), bool)
    several[made["cluster"][made["instead"] != KEPT]] = True
    made = made[several[made["cluster"]]]
    return np.concatenate([same, made]), changed


def _numbers_now(before: Decisions, segments: Sequence[Segment]) -> Array:
    """The present number of each row that was counted, _GONE where its segment is no longer there; KEPT stays KEPT."""
    starts = dict(zip((segment.name for segment in segments), row_ends(segments).tolist(), strict=False))
    number = np.full(sum(before.rows.values()) + 1, _GONE, np.int32)
    number[KEPT] = KEPT  # the last place, which belongs to no row
    first = 0
    for name, count in before.rows.items():
        if name in starts:
            number[first : first + count] = np.arange(starts[name], starts[name] + count)
        first += count
    return number


def _of_their_languages(segments: Sequence[Segment], fresh: Array) -> Array:
    """Which segments are of the language of a fresh one."""
    wanted = {segment.cell.language for segment, new in zip(segments, fresh, strict=True) if new}
    return np.array([segment.cell.language in wanted for segment in segments])


def _same_keys(segments: Sequence[Segment], fresh: Array, searched: Array, name: str) -> Array:
    """The rows of fresh segments whose key other rows have, too, and a few others; and those other rows.

    Args:
        segments: all segments.
        fresh: which of them are new,
        searched: and which can hold the same keys, the new ones among them.
        name: of the key.
    """
    from polyglot_assets.curation import pair_kernels as kernels

    keys = [getattr(segment, name)[0] for segment in segments]
    starts = row_ends(segments)
    # Bitmaps sort out nearly all keys that occur once; sorting all of them would take many times as long.
    wanted = np.concatenate([keys[0][:0], *(own for own, new in zip(keys, fresh, strict=True) if new)])
    size = 1 << max(10, (8 * len(wanted)).bit_length())
    seen, again = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    kernels.note(wanted, seen, again)
    wanted.sort()
    found = [np.empty(0, np.int64)]
    for own, old, start in zip(keys, searched & ~fresh, starts, strict=False):
        if old:
            places = _noted(own, seen)
            places = places[_among(own[places], wanted)]
            kernels.note(own[places], seen, again)
            found.append(places + start)
    for own, new, start in zip(keys, fresh, starts, strict=False):
        if new:
            found.append(_noted(own, again) + start)
    return np.concatenate(found)


def _noted(keys: Array, bitmap: Array) -> Array:
    from polyglot_assets.curation import pair_kernels as kernels

    places = np.empty(len(keys) + 1, np.int64)
    return places[: kernels.noted(keys, bitmap, places)]


def _among(keys: Array, ascending: Array) -> Array:
    """Which of `keys` are among others."""
    if len(ascending) == 0:
        return np.zeros(len(keys), bool)
    places = np.searchsorted(ascending, keys)
    places[places == len(ascending)] = 0
    among: Array = ascending[places] == keys
    return among


def _near_sets(segments: Sequence[Segment], fresh: Array, edges: Edges) -> Array:
    """The rows of fresh segments whose n-gram set occurs again or has a near duplicate, and the rows they resemble."""
    starts = row_ends(segments)
    near = [np.zeros(len(segment.leader), bool) for segment in segments]
    for (one, other), pairs in edges.items():
        if fresh[one] or fresh[other]:
            near[one][pairs["left"]] = True
            near[other][pairs["right"]] = True
    found = [segment.leader[own] + start for segment, own, start in zip(segments, near, starts, strict=False)]
    found += [segment.repeats + start for segment, new, start in zip(segments, fresh, starts, strict=False) if new]
    return np.concatenate(found)


def _different(old: Array, made: Array) -> Array:
    """The rows that another row is kept for than before, or none; `made` is in the order of the rows.

    Kind and similarity follow from the two rows, and rows of the same segment do not change.
    """
    before = np.full(len(made), KEPT, np.int32)
    before[np.searchsorted(made["row"], old["row"])] = old["instead"]
    rows: Array = made["row"][before != made["instead"]]
    return rows
