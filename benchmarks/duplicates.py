"""Promises about duplicates over 1,000,000 examples, in CPU seconds of processes of their own.

- exact keys from the raw text, and their grouping: at most the seconds of polars with the same normalisation;
- near duplicates from Parquet with signatures to the table, verification included: at most 30 s and 4 GB; at least
  0.997 of the planted pairs that truly reach the threshold are found, and every row left out truly resembles the row
  kept;
- one more cell, 5% of the rows: at most 10% of the seconds for all;
- with 1 GB for DuckDB the same result comes out, and the process stays below 2 GB, at 2,000,000 rows as well.

The corpus is made up (peers/duplicates_corpus.py) and its duplicates are known. Truth is judged by n-grams in plain
Python; at more than 100,000 rows, on a sample. Compilation and imports are not counted, neither here nor for the peers.
The peers are installed from PyPI into environments of their own below POLYGLOT_CACHE; one that cannot be installed is
named and left out. polars runs on every size, the others, which are slow, on the smallest. datasketch, rensa and
datatrove do not verify: they leave out rows below the threshold as well.

    python benchmarks/duplicates.py                    100,000 rows with polars and rensa, 1,000,000 with polars
    python benchmarks/duplicates.py --full             datasketch, datatrove and --growth as well, everything judged
    python benchmarks/duplicates.py --rows 100000      one size
    python benchmarks/duplicates.py --growth           memory alone, from 250,000 to 2,000,000 rows
    python benchmarks/duplicates.py --growth --rows 2000000 --memory-limit 1
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from peers.duplicates_corpus import EDITS, write
from peers.duplicates_text import THRESHOLD, grams, pairs
from promises import promise

from polyglot_assets.settings import load

HERE = Path(__file__).parent
PEERS_AT = 100_000
SIZES = (PEERS_AT, 1_000_000)
GROWTH = (250_000, 500_000, 1_000_000, 2_000_000)
SAMPLE = 20_000
"""So many planted pairs, and so many near duplicates, are judged."""
ROUNDS = 5
QUICK = ("rensa",)
POLARS = ("polars==2.1.0",)
PEERS = {
    "datasketch": ("duplicates_datasketch", ("datasketch==2.0.0", "pyarrow==26.0.1")),
    "rensa": ("duplicates_datasketch", ("rensa==0.5.0", "pyarrow==26.0.1")),
    "datatrove": (
        "duplicates_datatrove",
        ("datatrove[processing]==0.10.1", "xxhash==3.8.2", "orjson==3.13.0", "spacy", "pyarrow==26.0.1"),
    ),
}
Result = dict[str, Any]


def python_of(packages: Sequence[str], cache: Path) -> str | None:
    """The interpreter of an environment with these packages; None, and a line that says why, if there is none."""
    folder = cache / packages[0]
    python, mark = folder / "bin" / "python", folder / "installed.txt"
    if mark.exists() and mark.read_text(encoding="utf-8") == "\n".join(packages):
        return str(python)
    shutil.rmtree(folder, ignore_errors=True)
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{packages[0]}: not installed: {(done.stderr.strip() or 'no reason given').splitlines()[-1][:150]}")
            return None
    mark.write_text("\n".join(packages), encoding="utf-8")
    return str(python)


def run(python: str, module: str, *arguments: object) -> Result | None:
    """The last line of a contestant's output; None, and a line that says why, if it failed."""
    command = [python, "-m", f"peers.{module}", *map(str, arguments)]
    paths = [str(HERE), *([str(HERE.parent)] if python == sys.executable else [])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE, env=environment)
    if done.returncode:
        print(f"{module} {arguments[-1]}: failed: {(done.stderr.strip() or 'no reason given').splitlines()[-1][:150]}")
        return None
    result: Result = json.loads(done.stdout.strip().splitlines()[-1])
    result["cpu"] = sum(result["stages"].values())
    return result


def best(stage: str, *arguments: object) -> Result | None:
    """Our own stage, the cheapest of some runs: what else the machine does only ever adds to a run."""
    found = [run(sys.executable, "duplicates_ours", stage, *arguments) for _ in range(ROUNDS)]
    return min((result for result in found if result), key=lambda result: result["cpu"], default=None)


def show(name: str, result: Result | None, more: str = "") -> None:
    """One line of the report."""
    if result:
        stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in result["stages"].items() if seconds >= 0.005)
        print(f"  {name:34} {result['cpu']:8.2f} CPU s {result['peak_mb']:7.0f} MB  {more}({stages})", flush=True)


class Truth:
    """What is planted, and n-gram sets of the rows that it takes to judge."""

    def __init__(self, corpus: Path, most: int | None) -> None:
        rows = pq.read_table(corpus / "truth.parquet").to_pylist()
        self._most = most
        self.planted = self._some([row for row in rows if row["how"].endswith("%")])
        self._corpus = corpus

    def _some(self, rows: list[Result]) -> list[Result]:
        """All, or the first by id; ids are hashes, so that is a fair sample."""
        return sorted(rows, key=lambda row: row["id"])[: self._most]

    def sets_of(self, wanted: set[str]) -> dict[str, tuple[set[str], set[str]]]:
        """(n-grams of the prompt, of the response) by id."""
        return {
            identifier: (grams(language, prompt), grams(language, response))
            for language, identifier, prompt, response in pairs(self._corpus)
            if identifier in wanted
        }

    def judge(self, left_out: set[str]) -> str:
        """Recall of the planted edits that truly reach the threshold, and of all, by the share of words edited."""
        sets = self.sets_of({row[name] for row in self.planted for name in ("id", "original")})
        true, hit, all_of = Counter[str](), Counter[str](), defaultdict[str, list[bool]](list)
        for row in self.planted:
            found = row["id"] in left_out or row["original"] in left_out
            all_of[row["how"]].append(found)
            if jaccard(sets[row["id"]], sets[row["original"]]) >= THRESHOLD:
                true[row["how"]] += 1
                hit[row["how"]] += found
        shares = " ".join(f"{how}%: {sum(all_of[f'{how}%']) / len(all_of[f'{how}%']):.3f}" for how in EDITS)
        return (
            f"recall of the {true.total():,} planted pairs at or above {THRESHOLD}: {hit.total() / true.total():.5f}; "
            f"of all edits by words edited: {shares}"
        )

    def verify(self, table: list[Result]) -> str:
        """Whether each near duplicate resembles the row kept in its place."""
        rows = self._some([row for row in table if row["kind"] == "near"])
        sets = self.sets_of({row[name] for row in rows for name in ("id", "kept_id")})
        wrong = sum(jaccard(sets[row["id"]], sets[row["kept_id"]]) < THRESHOLD - 1e-6 for row in rows)
        gone = {row["id"] for row in table}
        also = sum(row["kept_id"] in gone for row in rows)
        return (
            f"{len(rows):,} near duplicates: {wrong} below the threshold, {also} beside a row that is left out itself"
        )


def jaccard(one: tuple[set[str], set[str]], other: tuple[set[str], set[str]]) -> float:
    """Similarity over the n-grams of prompts and of responses."""
    common = sum(len(a & b) for a, b in zip(one, other, strict=True))
    return common / (sum(len(a | b) for a, b in zip(one, other, strict=True)) or 1)


def exact(corpus: Path, lake: Path, polars: str | None) -> Result | None:
    """Keys and grouping; leaves the cells with keys in `lake`."""
    ours = run(sys.executable, "duplicates_ours", "exact", lake, corpus)
    show("exact: polyglot", ours)
    if ours:
        print(f"  {'signatures, stored with the rows':34} {ours['signatures']:8.2f} CPU s")
    theirs = run(polars, "duplicates_polars", corpus) if polars else None
    show("exact: polars", theirs)
    if ours and theirs:
        print(f"  distinct {ours['distinct']}, {theirs['distinct']}")
        what = f"exact duplicates among {ours['distinct'][0]:,} distinct rows and their repetitions, against polars"
        promise(what, "ahead", f"{ours['cpu'] / theirs['cpu']:.2f} of its CPU time")
    return ours


def table_of(lake: Path) -> list[Result]:
    """The rows of the table, all parts together."""
    files = sorted((lake / "duplicates").rglob("*.parquet"))
    return [row for path in files for row in pq.ParquetFile(path).read().to_pylist()]


def near(lake: Path, truth: Truth, keys: Result | None, limit: float) -> None:
    """All at once, then 5% later, then under a limit of memory."""
    full = best("near", lake)
    if not full:
        return
    counts = {kind: full[kind] for kind in ("exact_pair", "exact_prompt", "near")}
    show("near: polyglot", full)
    print(f"  left out of {full['examples']:,}: {counts}")
    table = table_of(lake)
    recall, verified = truth.judge({row["id"] for row in table}), truth.verify(table)
    print(f"  {recall}\n  {verified}", flush=True)
    spent = f"{full['cpu']:.1f} s, {full['peak_mb'] / 1000:.2f} GB; {recall}; {verified}"
    what = f"near duplicates of {full['examples']:,} rows, from Parquet with signatures to the table"
    promise(what, "≤ 30 s of CPU for 1,000,000, recall ≥ 0.997", spent)
    for name, pattern in (
        ("a German cell later", "language=de/strategy=generate"),
        ("a Spanish cell later", "language=es/strategy=generate"),
        ("5% of each language later", "*/strategy=translate"),
    ):
        grown = best("grow", lake, pattern)
        if grown:
            share, ratio = grown["new"] / grown["examples"], grown["cpu"] / full["cpu"]
            with_keys = ""
            if keys:
                before = keys["cpu"] + keys["signatures"]
                with_keys = f", with keys and signatures {(grown['cpu'] + before * share) / (full['cpu'] + before):.3f}"
            same = "same bytes" if grown["same"] else "OTHER RESULT"
            show(f"near: {name}", grown, f"{share:.3f} of the rows, {ratio:.3f} of the cost{with_keys}, {same} ")
            what = f"{name}, {100 * share:.0f} % of {grown['examples']:,} rows, to what all of them cost"
            promise(what, "≤ 10 % for one cell of 1,000,000 rows", f"{100 * ratio:.1f} %, {same}")
    limited(lake, limit, table)


def limited(lake: Path, limit: float, expected: list[Result] | None = None) -> Result | None:
    """All at once under a limit of memory."""
    found = run(sys.executable, "duplicates_ours", "near", lake, limit)
    same = "" if expected is None or not found else "same rows " if table_of(lake) == expected else "OTHER RESULT "
    if found:
        show(f"near: with {limit:g} GB for DuckDB", found, f"{found['anonymous_mb']:.0f} MB of it no file's {same}")
    return found


def growth(sizes: Sequence[int], limit: float, cache: Path) -> None:
    """Memory by the number of rows, under a limit."""
    found: list[tuple[int, float]] = []
    for rows in sizes:
        with prepared(cache, rows) as (corpus, lake):
            exact(corpus, lake, None)
            result = limited(lake, limit)
        if result:
            found.append((rows, result["peak_mb"]))
    for (few, less), (many, more) in pairwise(found):
        print(f"{many / few:.1f} times the rows ({many:,}): {more / less:.2f} times the memory")


@contextmanager
def prepared(cache: Path, rows: int) -> Iterator[tuple[Path, Path]]:
    """A corpus, made if it is not there, and an empty place for a lake."""
    corpus, work = cache / f"corpus-{rows}", cache / f"work-{rows}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    if not corpus.exists():
        print(f"making {rows:,} rows", flush=True)
        shutil.rmtree(corpus.with_name(f"{corpus.name}.part"), ignore_errors=True)
        write(corpus, rows)
    print(f"{rows:,} rows", flush=True)
    yield corpus, work / "lake"
    shutil.rmtree(work)


def peers(corpus: Path, work: Path, cache: Path, truth: Truth, names: Sequence[str]) -> None:
    """The tools that do not verify."""
    for name in names:
        module, packages = PEERS[name]
        python = python_of(packages, cache)
        flagged = work / f"{name}.json"
        result = run(python, module, corpus, flagged, name) if python else None
        if result:
            show(f"near: {name}", result)
            recall = truth.judge(set(json.loads(flagged.read_text(encoding="utf-8"))))
            print(f"    left out {result['left_out']:,}; {recall}", flush=True)


def main() -> None:
    """Runs the sizes that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--memory-limit", type=float, default=1.0, metavar="GB")
    chosen = parser.parse_args()
    cache = load().cache / "benchmarks" / "duplicates"
    for rows in () if chosen.growth else chosen.rows or SIZES:
        with prepared(cache, rows) as (corpus, lake):
            truth = Truth(corpus, None if chosen.full or rows <= PEERS_AT else SAMPLE)
            near(lake, truth, exact(corpus, lake, python_of(POLARS, cache)), chosen.memory_limit)
            if rows == PEERS_AT:
                peers(corpus, lake.parent, cache, truth, tuple(PEERS) if chosen.full else QUICK)
    if chosen.growth or chosen.full:
        growth(chosen.rows or GROWTH, chosen.memory_limit, cache)


if __name__ == "__main__":
    main()
