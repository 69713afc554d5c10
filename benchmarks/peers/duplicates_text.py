"""What the contestants of benchmarks/duplicates.py share: reading the corpus, n-grams in plain Python, reporting."""

import json
import resource
import sys
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

WIDTH, THRESHOLD = 2, 0.7


def cells(corpus: Path) -> Iterator[tuple[str, Path]]:
    """(language, file) of each cell."""
    for path in sorted((corpus / "raw").rglob("*.parquet")):
        yield path.parts[-3].partition("=")[2], path


def pairs(corpus: Path) -> Iterator[tuple[str, str, str, str]]:
    """(language, id, prompt, response) of each row."""
    import pyarrow.parquet as pq  # not in the environment of every peer

    for language, path in cells(corpus):
        table = pq.ParquetFile(path).read(columns=["id", "prompt", "response"])
        yield from zip([language] * table.num_rows, *(column.to_pylist() for column in table.columns), strict=True)


def words(language: str, text: str) -> list[str]:
    """The tokens of a text: words without punctuation, characters for Japanese."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace(".", " ").replace("。", " ")
    return list("".join(folded.split())) if language == "ja" else folded.split()


def grams(language: str, text: str) -> set[str]:
    """The set of WIDTH-grams of a text."""
    found = words(language, text)
    return {" ".join(found[at : at + WIDTH]) for at in range(max(1, len(found) - WIDTH + 1))}


def cpu() -> float:
    """User and system seconds of this process and the children it waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


class Stages:
    """CPU seconds by stage; `report` prints them with the peak memory as one line of JSON."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = cpu()
        self._started = time.monotonic()

    def done(self, stage: str) -> None:
        """A stage ends; the next one begins."""
        now = cpu()
        self.seconds[stage] = self.seconds.get(stage, 0) + now - self._since
        self._since = now

    def skip(self) -> float:
        """What happened since the last stage does not count; returns its seconds."""
        since, self._since = self._since, cpu()
        return self._since - since

    def report(self, **more: object) -> None:
        """The last line of a contestant's output."""
        # ru_maxrss would start with what the parent had when it forked.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        peak = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
        wall = time.monotonic() - self._started
        print(json.dumps({"stages": self.seconds, "peak_mb": peak / 1024, "wall": wall, **more}))
        sys.stdout.flush()
