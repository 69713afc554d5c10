"""N-grams of a training pair and the MinHash signature over them.

Here: what a token is, what an n-gram is, and which numbers are written with the row. Not here: which pairs are
compared (pairs.py) and the loops themselves (duplicate_kernels.py).

A text is taken without invisible characters, as NFKC with its case folded, as in normal.text_key. A token is a run of
letters, marks and digits; in scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese and others) one
character; and a symbol such as `+`, `=` or an emoji. Punctuation only separates. The n-grams of prompt and response
together are one set: how often one occurs makes no difference, but the same words in the prompt and in the response
are two different n-grams.

An n-gram is known by a 32-bit hash. In two texts of 100 n-grams each the chance that different ones share a hash is
about 1 in 200,000, and the similarity is then wrong by one n-gram.
"""

import unicodedata
from collections.abc import Sequence
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

SIGNATURE_BYTES = 1 + 4 * BANDS

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


def signatures(prompts: Sequence[str], responses: Sequence[str], width: int) -> list[bytes]:
    """What `examples.minhash` holds for each pair: one byte with the width, then the band keys, little-endian."""
    if not prompts:
        return []
    grams = grams_of(pa.array(prompts, pa.string()), pa.array(responses, pa.string()), width)
    keys = band_keys(grams).astype("<u4").tobytes()
    step = 4 * BANDS
    return [bytes([width]) + keys[at : at + step] for at in range(0, len(keys), step)]


def stored_keys(column: pa.Array, width: int) -> Numbers | None:
    """The band keys of a column of signatures; None where one is missing or was made with another width."""
    if column.null_count or len(column) == 0:
        return None
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    if np.any(np.diff(offsets) != SIGNATURE_BYTES):
        return None
    data = np.frombuffer(column.buffers()[2], np.uint8)[offsets[0] : offsets[-1]].reshape(len(column), -1)
    if np.any(data[:, 0] != width):
        return None
    return np.ascontiguousarray(data[:, 1:]).view("<u4")


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
