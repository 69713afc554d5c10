"""N-grams of a training pair and the MinHash signature over them.

Here: what a token is, what an n-gram is, which numbers are written with the row, and how alike two pairs are. Not
here: which pairs are compared (dbt_like_sql/duplicates/) and the loops themselves (duplicate_kernels.py).

A text is taken without invisible characters, as NFKC with its case folded, as in normal.text_key. A token is a run of
letters, marks and digits; in scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese and others) one
character; and a symbol such as `+`, `=` or an emoji. Punctuation only separates. The n-grams of prompt and response
together are one set: how often one occurs makes no difference, but the same words in the prompt and in the response
are two different n-grams.

An n-gram is known by a 32-bit hash. In two texts of 100 n-grams each the chance that different ones share a hash is
about 1 in 200,000, and the similarity is then wrong by one n-gram.
"""

import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from polyglot_assets.text.characters import characters
from polyglot_assets.text.invisible import without

BANDS = 25
DEPTH = 5
"""25 bands of 5 minima: two texts of Jaccard similarity s share a band with probability 1 - (1 - s^5)^25, which is
0.991 at 0.7 and 0.9999 at 0.8."""

Numbers = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Grams:
    """The n-gram sets of some pairs.

    Attributes:
        starts: int64 (pairs), where each set begins in `grams`.
        prompt_counts: int32 (pairs), how many of its n-grams are the prompt's; they come first.
        counts: int32 (pairs), its size; 0 where a pair holds no token.
        sets: uint64 (pairs), a hash of the set: equal for equal sets.
        grams: uint32, the sets one after the other, each in the order of first occurrence.
    """

    starts: npt.NDArray[np.int64]
    prompt_counts: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int32]
    sets: npt.NDArray[np.uint64]
    grams: Numbers


def grams_of(prompts: pa.StringArray, responses: pa.StringArray, width: int) -> Grams:
    """The sets of `width`-grams of pairs of texts without nulls."""
    found = _cut(prompts, responses, characters().arrays(), width)
    raw = np.flatnonzero(found.counts < 0)
    if len(raw) == 0:
        return found
    # Only these go through Python: text with characters that NFKC changes or may join.
    prompts, responses = (_normal(side.take(pa.array(raw))) for side in (prompts, responses))
    normal = _cut(prompts, responses, _of_normal_text(), width)
    found.starts[raw] = normal.starts + len(found.grams)
    found.prompt_counts[raw] = normal.prompt_counts
    found.counts[raw] = normal.counts
    found.sets[raw] = normal.sets
    return replace(found, grams=np.concatenate([found.grams, normal.grams]))


def band_keys(grams: Grams) -> Numbers:
    """uint32 (pairs, BANDS): one hash per band of the signature. Pairs without tokens have keys that mean nothing."""
    from polyglot_assets.text import duplicate_kernels as kernels

    keys = np.empty((len(grams.starts), BANDS), np.uint32)
    kernels.band_keys(grams.grams, grams.starts, grams.counts, *_permutations(), keys)
    return keys


def signatures(prompts: pa.StringArray, responses: pa.StringArray, width: int) -> pa.StructArray:
    """What `examples.signature` holds for each pair: the width, a hash of the n-gram set (0: no token), band keys."""
    grams = grams_of(prompts, responses, width)
    ends = pa.array(np.arange(0, BANDS * len(prompts) + 1, BANDS, dtype=np.int32))
    bands = pa.ListArray.from_arrays(ends, pa.array(band_keys(grams).reshape(-1)))
    widths = pa.array(np.full(len(prompts), width, np.uint8))
    return pa.StructArray.from_arrays([widths, pa.array(grams.sets), bands], ["width", "grams", "bands"])


def similarities(
    left: tuple[pa.StringArray, pa.StringArray], right: tuple[pa.StringArray, pa.StringArray], width: int
) -> pa.StructArray:
    """The Jaccard similarity of two prompts with their responses: of both together, and of each side alone.

    Args:
        left: prompts and responses.
        right: as many others.
        width: tokens per n-gram.
    """
    from polyglot_assets.text import duplicate_kernels as kernels

    prompts, responses = (pa.concat_arrays([one, other]) for one, other in zip(left, right, strict=True))
    # A text that is compared with many is cut once.
    codes, others = (side.dictionary_encode().indices.to_numpy() for side in (prompts, responses))
    _, first, which = np.unique(codes.astype(np.int64) << np.int64(32) | others, return_index=True, return_inverse=True)
    grams = grams_of(prompts.take(pa.array(first)), responses.take(pa.array(first)), width)
    found = np.empty((3, len(left[0])), np.float64)
    one, other = np.split(which, 2)
    kernels.similarities(one, other, (grams.grams, grams.starts, grams.prompt_counts, grams.counts), found)
    return pa.StructArray.from_arrays(list(map(pa.array, found)), ["whole", "prompts", "responses"])


def _cut(prompts: pa.StringArray, responses: pa.StringArray, tables: tuple[Any, ...], width: int) -> Grams:
    from polyglot_assets.text import duplicate_kernels as kernels

    texts = (*text_bytes(prompts), *text_bytes(responses))
    number = len(prompts)
    starts, sets = np.empty(number, np.int64), np.zeros(number, np.uint64)
    prompt_counts, counts = np.empty(number, np.int32), np.empty(number, np.int32)
    # No text has more n-grams than bytes; memory that is not written to is never taken.
    room = int(texts[1][-1] - texts[1][0] + texts[3][-1] - texts[3][0])
    out = np.empty(room, np.uint32)
    end = kernels.shingle(texts, (starts, prompt_counts, counts, sets), tables, width, out)
    return Grams(starts, prompt_counts, counts, sets, out[:end])


def text_bytes(array: pa.StringArray) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """The UTF-8 of an array of texts, and where each begins and the last ends."""
    _, offsets, data = array.buffers()
    text = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    if offsets is None or offsets.size == 0:
        return text, np.zeros(1, np.int32)
    return text, np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]


@lru_cache(maxsize=1)
def _of_normal_text() -> tuple[Any, ...]:
    """The tables of characters for text that is NFKC already: none has to go through Python."""
    *same, unstable, combining = characters().arrays()
    return *same, np.zeros_like(unstable), np.zeros_like(combining)


def _normal(array: pa.StringArray) -> pa.StringArray:
    return pa.array([unicodedata.normalize("NFKC", without(text)) for text in array.to_pylist()], pa.string())


@lru_cache(maxsize=1)
def _permutations() -> tuple[Numbers, Numbers]:
    """Odd factors and summands: each pair permutes the 32-bit numbers. Stored keys depend on them: never change."""
    from hashlib import shake_128

    drawn = np.frombuffer(shake_128(b"minhash").digest(8 * BANDS * DEPTH), "<u4")
    return drawn[: BANDS * DEPTH] | np.uint32(1), drawn[BANDS * DEPTH :].copy()
