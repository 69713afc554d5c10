"""Finding a text again without having kept it.

Here: the trace of a text (a hash of its normalised form, and a rolling hash with the length), and looking for traces in
other texts, as a whole and inside of them. Not here: where is looked (verify.py).

Normalised is as in ids.text_key: NFKC, case folded, without white space. So a seed is found in the prompt that shows it
as an example, in a message, in an answer that repeats it word for word, and in a cell of a Markdown table if that was
not cut. A text that was cut, translated or reworded is not found; no hash can do that.

The rolling hash is a polynomial modulo 2^64, which NumPy computes for all stretches of a text at once. It alone would
be wrong now and then: what it finds is confirmed by the hash of the stretch.
"""

import unicodedata
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from polyglot_assets.deletion.tombstones import Trace
from polyglot_assets.ids import content_id

_BASE = 0x9E3779B97F4A7C15
"""Odd, so that multiplying by it loses nothing; else any number."""

TELLING = 20
"""From this length on a text is looked for inside of others. A shorter one (`Guten Tag!`) is found by chance."""


def trace(text: str) -> Trace | None:
    """The trace of a text; None if there is nothing in it."""
    plain = _normalised(text)
    if not plain:
        return None
    return Trace(content_id(plain), int(_prefixes(plain)[-1]), len(plain))


def find(text: str, traces: Iterable[Trace]) -> Iterator[Trace]:
    """Those of `traces` whose text is `text`, or, if it is telling, a part of it."""
    plain = _normalised(text)
    sums: npt.NDArray[np.uint64] | None = None
    for wanted in traces:
        if wanted.length == len(plain):
            if content_id(plain) == wanted.key:
                yield wanted
        elif TELLING <= wanted.length < len(plain):
            sums = _prefixes(plain) if sums is None else sums
            if _inside(plain, sums, wanted):
                yield wanted


def _inside(plain: str, sums: npt.NDArray[np.uint64], wanted: Trace) -> bool:
    """Sum of c[j] * B^j over a stretch that begins at i is B^i times the stretch's own hash."""
    n = wanted.length
    ends = np.concatenate([np.zeros(1, np.uint64), sums])
    hits = np.flatnonzero(ends[n:] - ends[:-n] == _powers(len(plain))[: len(plain) - n + 1] * np.uint64(wanted.rolling))
    return any(content_id(plain[start : start + n]) == wanted.key for start in hits.tolist())


def _prefixes(plain: str) -> npt.NDArray[np.uint64]:
    codes = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    sums: npt.NDArray[np.uint64] = np.cumsum(codes * _powers(len(codes)), dtype=np.uint64)
    return sums


_known_powers = np.ones(1, np.uint64)


def _powers(count: int) -> npt.NDArray[np.uint64]:
    """At least `count` powers of the base, from 0 on; exactly `count` of them."""
    global _known_powers  # noqa: PLW0603 a table that only grows
    if len(_known_powers) < count:
        steps = np.full(2 * count, _BASE, np.uint64)
        steps[0] = 1
        _known_powers = np.cumprod(steps, dtype=np.uint64)
    powers: npt.NDArray[np.uint64] = _known_powers[:count]
    return powers


def _normalised(text: str) -> str:
    folded = text.casefold() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return "".join(folded.split())
