"""Finding a text again without having kept it.

Here: the trace of a text (a hash of its normalised form, and a rolling hash with the length), and looking for traces in
other texts, as a whole and inside of them. Not here: where is looked (verify.py).

Normalised is NFKC, case folded, without white space; invisible characters count, for traces were recorded with them.
So a seed is found in the prompt that shows it as an example, in a message, in an answer that repeats it word for word,
and in a cell of a Markdown table if that was not cut. A text that was cut, translated or reworded is not found; no hash
can do that.

The rolling hash is a polynomial modulo 2^64, which NumPy computes for all stretches of a text at once. It alone would
be wrong now and then: what it finds is confirmed by the hash of the stretch.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from polyglot_assets.domain.ids import content_id
from polyglot_assets.lake.tombstones import Trace

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


class Traces:
    """Traces that are looked for together.

    Args:
        traces: what is looked for.
        inside: also inside of other texts, which takes ten times as long.
    """

    def __init__(self, traces: Iterable[Trace], *, inside: bool = True) -> None:
        self._whole: dict[str, Trace] = {}
        self._by_length: dict[int, tuple[npt.NDArray[np.uint64], dict[str, Trace]]] = {}
        grouped: dict[int, dict[str, Trace]] = defaultdict(dict)
        for wanted in traces:
            self._whole[wanted.key] = wanted
            if inside and wanted.length >= TELLING:
                grouped[wanted.length][wanted.key] = wanted
        for length, own in grouped.items():
            self._by_length[length] = np.array([one.rolling for one in own.values()], np.uint64), own
        self._lengths = {one.length for one in self._whole.values()}

    def find(self, text: str) -> Iterator[Trace]:
        """Those whose text is `text`, or, if it is telling, a part of it."""
        plain = _normalised(text)
        if len(plain) in self._lengths and (whole := self._whole.get(content_id(plain))):
            yield whole
        sums: npt.NDArray[np.uint64] | None = None
        for length, (rolling, own) in self._by_length.items():
            if length < len(plain):
                if sums is None:
                    sums = np.concatenate([np.zeros(1, np.uint64), _prefixes(plain)])
                # The sum of c[j] * B^j over a stretch that begins at i is B^i times the stretch's own hash.
                stretches = (sums[length:] - sums[:-length]) * _inverses(len(plain) - length + 1)
                starts = np.flatnonzero(np.isin(stretches, rolling)).tolist()
                keys = {content_id(plain[start : start + length]) for start in starts}
                yield from (own[key] for key in sorted(keys & own.keys()))


def find(text: str, traces: Iterable[Trace]) -> Iterator[Trace]:
    """As Traces.find, for once."""
    return Traces(traces).find(text)


def _prefixes(plain: str) -> npt.NDArray[np.uint64]:
    codes = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    sums: npt.NDArray[np.uint64] = np.cumsum(codes * _powers(len(codes)), dtype=np.uint64)
    return sums


class _Powers:
    """Powers of a number modulo 2^64, as many as were ever needed."""

    def __init__(self, base: int) -> None:
        self._base, self._known = base, np.ones(1, np.uint64)

    def __call__(self, count: int) -> npt.NDArray[np.uint64]:
        if len(self._known) < count:
            steps = np.full(2 * count, self._base, np.uint64)
            steps[0] = 1
            self._known = np.cumprod(steps, dtype=np.uint64)
        powers: npt.NDArray[np.uint64] = self._known[:count]
        return powers


_powers = _Powers(_BASE)
_inverses = _Powers(pow(_BASE, -1, 1 << 64))


def _normalised(text: str) -> str:
    folded = text.casefold() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return "".join(folded.split())
