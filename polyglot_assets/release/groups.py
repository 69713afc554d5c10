"""Content groups: which published rows say the same, so that a split never tears them apart.

Here: the groups of a set of rows. Not here: splitting (subsets of a release are made elsewhere), and duplicates within
the lake (curation/), of which only one row is published anyway.

Two rows belong together if they have the same seed, in whatever language, strategy and teacher; or in one language the
same normalised prompt; or in one language nearly the same text: a Jaccard similarity of at least the threshold by which
the lake finds near duplicates, though here among all teachers. Belonging together passes on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from polyglot_assets.curation.pairs import alike
from polyglot_assets.domain.ids import content_id
from polyglot_assets.text.shingles import band_keys, grams_of

Array = npt.NDArray[Any]

KEYS = ("language", "seed_id", "prompt_key")


@dataclass(frozen=True)
class _Sets:
    """The n-gram sets of rows as pairs.alike takes them; see segments.Segment."""

    bands: Array
    grams: Array
    start: Array
    prompt_count: Array
    count: Array
    asked: Array


def content_groups(
    rows: pa.Table, texts: Callable[[str], tuple[pa.StringArray, pa.StringArray]], threshold: float, width: int
) -> pa.StringArray:
    """The group of each row, named by a hash of the smallest seed in it.

    Args:
        rows: the columns KEYS; the rows of one language follow each other.
        texts: prompts and responses of a language's rows, in the order of `rows`.
        threshold: least Jaccard similarity of rows that are nearly the same.
        width: tokens per n-gram.
    """
    from polyglot_assets.curation.pair_kernels import components

    language, seed = (_codes(rows.column(name)) for name in ("language", "seed_id"))
    prompt = _codes(rows.column("prompt_key")).astype(np.int64) * (int(language.max(initial=0)) + 1) + language
    links = [_same(seed), _same(prompt)]
    names = rows.column("language").combine_chunks()
    for name in pc.unique(names).to_pylist():
        place = np.flatnonzero(pc.equal(names, name).to_numpy(zero_copy_only=False))
        links.append(place[_near(*texts(name), threshold, width)])
    label = components(np.concatenate(links, axis=1), rows.num_rows)
    return _named(label, rows.column("seed_id").to_pylist())


def _codes(column: pa.ChunkedArray) -> Array:
    codes: Array = column.combine_chunks().dictionary_encode().indices.to_numpy()
    return codes


def _same(keys: Array) -> Array:
    """int64 (2, links): chains through the rows with equal keys."""
    order = np.argsort(keys, kind="stable")
    same = keys[order][1:] == keys[order][:-1]
    return np.stack([order[:-1][same], order[1:][same]])


def _near(prompts: pa.StringArray, responses: pa.StringArray, threshold: float, width: int) -> Array:
    """int64 (2, links): the rows that are nearly the same."""
    grams = grams_of(prompts, responses, width)
    rows = np.flatnonzero(grams.counts > 0)
    numbers = np.arange(len(rows), dtype=np.uint64)
    bands = band_keys(grams).T[:, rows].astype(np.uint64) << np.uint64(32) | numbers
    bands.sort(axis=1)
    sets = _Sets(
        bands,
        grams.grams,
        grams.starts[rows],
        grams.prompt_counts[rows],
        grams.counts[rows],
        np.zeros(len(rows), np.uint64),
    )
    edges = alike(sets, sets, threshold)
    return rows[np.stack([edges["left"], edges["right"]]).astype(np.int64)]


def _named(label: Array, seeds: Sequence[str]) -> pa.StringArray:
    smallest: dict[int, str] = {}
    for number, seed in zip(label.tolist(), seeds, strict=True):
        if number not in smallest or seed < smallest[number]:
            smallest[number] = seed
    # Not the seed itself: it may be deleted, and the group's other rows stay.
    names = {number: content_id("group", seed) for number, seed in smallest.items()}
    return pa.array([names[number] for number in label.tolist()], pa.string())
