"""Which n-gram sets of two cells are near duplicates.

Here: candidates from shared bands, verification by the real Jaccard similarity, and remembering the result. Not here:
which row of a pair is kept (keep.py).

What is found between two segments depends on these two alone. So it is computed once per pair of files, and a lake
that grew by a cell costs the comparison of that cell with the others of its language. The lookup in a large segment
walks over its sorted band keys, eight bytes each, and touches the n-grams of the candidates only.

Why two words and 0.7, and why both sides have to be alike: words (characters in Japanese) of real texts were replaced
at random, and this share of the edited texts was found again, with 1, 2, 3, 5 and 10% replaced:

                                       width 2, 0.7              width 3, 0.8              width 5, 0.8
    long answers in German      1.00 1.00 1.00  .99  .14  1.00  .98  .85  .03   0    .99  .71  .07   0    0
    long answers in Japanese    1.00  .94  .78  .27   0    .93  .36  .05   0    0
    exercises in English        1.00 1.00 1.00  .99  .70  1.00 1.00  .94  .43   0
    questions in Japanese        .95  .95  .94  .91  .26   .59  .59  .49  .18  .01

Of what was merged in real data (small talk in five languages, questions, exam items) about 75 pairs were read. Nearly
all were rewordings with the same answer. The wrong ones had only one side in common: different requests with the same
long standard answer, and different questions about the same long passage. They were a tenth of the merges of two words,
and a fifth to a half of those of three, where the longer side weighs more. LEAST keeps them apart. What remains wrong
at 0.7 are pairs that differ in the one word that matters (a number, a name, `another` for `a`); an exercise with other
numbers counts as a duplicate if most of its words and of its answer are the same. At 0.6 twice as many rewordings are
merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from zlib import crc32

import numpy as np
import numpy.typing as npt

from polyglot_assets.curation.segments import Segment
from polyglot_assets.domain.ids import content_id
from polyglot_assets.lake.files import replacing
from polyglot_assets.text.shingles import BANDS

EDGE = np.dtype([("left", "<u4"), ("right", "<u4"), ("similarity", "<f4")])
"""Two set numbers, one in each segment, and the Jaccard similarity of the sets."""

MOST = 16
"""So many sets of a bucket, the best ones, are compared with all others in it. With more than this many dissimilar
sets in a bucket (texts that share a long boilerplate) pairs among the rest can be missed, unless another of the 25
bands brings them together."""

LEAST = 0.2
"""Least similarity of the prompts alone, and of the responses alone; two empty ones are alike."""

_AT_ONCE = 1 << 22


class Sets(Protocol):
    """What of a Segment is needed to compare its n-gram sets."""

    @property
    def bands(self) -> npt.NDArray[Any]: ...  # noqa: D102 see Segment
    @property
    def grams(self) -> npt.NDArray[Any]: ...  # noqa: D102
    @property
    def start(self) -> npt.NDArray[Any]: ...  # noqa: D102
    @property
    def prompt_count(self) -> npt.NDArray[Any]: ...  # noqa: D102
    @property
    def count(self) -> npt.NDArray[Any]: ...  # noqa: D102
    @property
    def asked(self) -> npt.NDArray[Any]: ...  # noqa: D102


@dataclass(frozen=True)
class Near:
    """The near duplicates of two segments: the file name under which they are remembered, and EDGEs by set numbers."""

    name: str
    edges: npt.NDArray[Any]


def near_pairs(left: Segment, right: Segment, threshold: float, folder: Path) -> Near:
    """All pairs of near-duplicate sets of two segments, or within one.

    Args:
        left: a segment.
        right: another of the same language, or the same one.
        threshold: least Jaccard similarity.
        folder: holds what was found before.
    """
    name = content_id("edges", left.name, right.name, threshold)
    path = folder / name
    if (known := _read(path)) is not None:
        return Near(name, known)
    found = alike(left, right, threshold)
    with replacing(path, flush=False) as handle:
        handle.write(found.tobytes() + _checksum(found.tobytes()))
    return Near(name, found)


def _read(path: Path) -> npt.NDArray[Any] | None:
    """What was remembered; None if there is nothing or it did not reach the disk in one piece."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    return np.frombuffer(data[:-4], EDGE) if data[-4:] == _checksum(data[:-4]) else None


def _checksum(data: bytes) -> bytes:
    return crc32(data, 1).to_bytes(4, "little")


def alike(left: Sets, right: Sets, threshold: float) -> npt.NDArray[Any]:
    """EDGEs: the pairs of sets of one teacher that share a band and are near duplicates."""
    from polyglot_assets.curation import pair_kernels as kernels

    pairs = _candidates(left, right)
    similarity = np.empty(len(pairs), np.float32)
    kernels.similarities(pairs, _sets(left), _sets(right), threshold, LEAST, similarity)
    near = similarity > 0
    found = np.empty(int(near.sum()), EDGE)
    found["left"] = pairs[near] >> np.uint64(32)
    found["right"] = pairs[near] & np.uint64(0xFFFFFFFF)
    found["similarity"] = similarity[near]
    return found


def _sets(segment: Sets) -> tuple[npt.NDArray[Any], ...]:
    return segment.grams, segment.start, segment.prompt_count, segment.count, segment.asked


def _candidates(left: Sets, right: Sets) -> npt.NDArray[np.uint64]:
    """The distinct pairs of sets that share a band, sorted."""
    from polyglot_assets.curation import pair_kernels as kernels

    within = left is right
    known, waiting, held = np.empty(0, np.uint64), [], 0
    room = np.empty(4 * max(left.bands.shape[1], right.bands.shape[1], 256), np.uint64)
    for band in range(BANDS):
        number = kernels.shared_bands(left.bands[band], right.bands[band], within, MOST, room)
        if number > len(room):
            room = np.empty(number, np.uint64)
            kernels.shared_bands(left.bands[band], right.bands[band], within, MOST, room)
        waiting.append(room[:number].copy())
        held += number
        if held > _AT_ONCE:  # most pairs share many bands: what is held stays near the number of distinct pairs
            known, waiting, held = _distinct([known, *waiting]), [], 0
    return _distinct([known, *waiting])


def _distinct(parts: Sequence[npt.NDArray[np.uint64]]) -> npt.NDArray[np.uint64]:
    values = np.concatenate(parts)
    values.sort()  # np.unique works with a hash table, which is slower here
    distinct: npt.NDArray[np.uint64] = values[np.append(True, values[1:] != values[:-1])[: len(values)]]
    return distinct
