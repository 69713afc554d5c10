"""Promises of the search for evaluation items, on text that is made up here, in ten languages.

* 1,000,000 examples against 5,000 items take at most 25 µs of CPU an example and 1 GB of memory, and at most 12 times
  what 100,000 take; a second run after one of 30 cells changed at most 15 % of the first.
* Of items planted verbatim (with case, white space and punctuation changed) at least 99 % are found, of those with
  10 % of their words edited at least 90 %; no example without a plant is hit.

For comparison the same plants are looked for by the usual rules: one common 8-gram, one common 13-gram, half of the
item's 8-grams. The text is drawn word by word from a vocabulary whose frequencies fall as in
natural language, so that common n-grams do meet by chance, but it has no fixed phrases: how often the rules err on
real clean text is counted by tests/curation/test_contamination_real_data.py.
"""

import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from promises import promise

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.curation import matching
from polyglot_assets.curation.contamination import find
from polyglot_assets.domain.grid import STRATEGIES, Cell
from polyglot_assets.lake.store import Lake
from polyglot_assets.settings import Settings

ITEMS = 5000
PLANTS = 2000
SPACED = {
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "cs": "aábcčdďeéěfghiíjklmnňoópqrřsštťuúůvxyýzž",
    "de": "abcdefghijklmnopqrstuvwxyzäöüß",
    "en": "abcdefghijklmnopqrstuvwxyz",
    "es": "abcdefghijklmnñopqrstuvwxyzáéíóú",
    "id": "abcdefghijklmnoprstuwy",
    "ko": "".join(map(chr, range(0xAC00, 0xD7A0, 29))),
    "tl": "abdeghiklmnoprstuwy",
}
UNSPACED = {
    "ja": "".join(map(chr, [*range(0x3041, 0x3094), *range(0x30A1, 0x30F7), *range(0x4E00, 0x5800)])),
    "th": "".join(map(chr, range(0x0E01, 0x0E2F))),
}
LANGUAGES = (*SPACED, *UNSPACED)


class Writer:
    """Writes text in one made-up language."""

    def __init__(self, language: str, seed: int) -> None:
        letters = SPACED.get(language) or UNSPACED[language]
        self.glue = " " if language in SPACED else ""
        self.numbers = np.random.default_rng(seed)
        draw = random.Random(language)  # noqa: S311 reproducible text
        longest = 4 if language in ("ko", *UNSPACED) else 11
        words = sorted({"".join(draw.choices(letters, k=draw.randint(2, longest))) for _ in range(30_000)})
        draw.shuffle(words)
        self.words = np.array(words, dtype=object)
        weights = 1 / np.arange(2, len(self.words) + 2) ** 1.05
        self.edges = np.cumsum(weights / weights.sum())

    def texts(self, count: int, shortest: int, longest: int) -> list[str]:
        """`count` texts of `shortest` to `longest` words with sentences."""
        sizes = self.numbers.integers(shortest, longest + 1, count)
        drawn = self.words[
            np.minimum(np.searchsorted(self.edges, self.numbers.random(sizes.sum())), len(self.words) - 1)
        ]
        ends = np.cumsum(sizes)
        stop = "。" if not self.glue else ". "
        out = []
        for begin, end in zip(ends - sizes, ends, strict=True):
            sentences = [self.glue.join(drawn[at : min(at + 12, end)]) for at in range(begin, end, 12)]
            out.append(stop.join(sentence[:1].upper() + sentence[1:] for sentence in sentences) + stop.strip())
        return out


def units(text: str, glue: str) -> list[str]:
    """Words, or characters where there are none."""
    return text.split(glue) if glue else list(text)


def disguised(text: str, draw: random.Random) -> str:
    """The same words in other case, with other white space and punctuation."""
    text = text.upper() if draw.random() < 0.5 else text.lower()
    return re.sub(r"[.。] ?", lambda _: draw.choice([" ", "! ", "\n\n", " – "]), text).replace(
        " ", draw.choice([" ", "  ", "\t"])
    )


def edited(text: str, glue: str, draw: random.Random, rate: float = 0.1) -> str:
    """`text` with a share of its words (characters) replaced, left out or doubled by another one."""
    parts = units(text, glue)
    pool = list(parts)
    for at in draw.sample(range(len(parts)), max(1, round(rate * len(parts)))):
        other = draw.choice(pool)
        parts[at] = draw.choice([other[::-1] + other[:1], other[::-1] + other[:1], "", f"{parts[at]}{glue}{other}"])
    return glue.join(part for part in parts if part)


def make(root: Path, rows: int) -> dict[str, tuple[str, str]]:
    """Writes a lake and a folder of evaluation sets; returns what was planted: example id to (kind, item)."""
    evalsets = root / "evalsets"
    evalsets.mkdir(parents=True)
    planted: dict[str, tuple[str, str]] = {}
    draw = random.Random(0)  # noqa: S311
    for number, language in enumerate(LANGUAGES):
        writer = Writer(language, number)
        items = writer.texts(ITEMS // len(LANGUAGES), 8, 60)
        with (evalsets / f"{language}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(
                json.dumps({"id": f"{language}-{i}", "question": text}) + "\n" for i, text in enumerate(items)
            )
        for strategy in STRATEGIES:
            count = rows // len(LANGUAGES) // len(STRATEGIES)
            sides = {"prompt": writer.texts(count, 10, 40), "response": writer.texts(count, 30, 120)}
            ids = [f"{language}-{strategy}-{row}" for row in range(count)]
            for row in draw.sample(range(count), PLANTS // len(LANGUAGES) // len(STRATEGIES)):
                item = draw.randrange(len(items))
                kind = draw.choice(["verbatim", "edited"])
                text = disguised(items[item], draw) if kind == "verbatim" else edited(items[item], writer.glue, draw)
                side = sides[draw.choice(list(sides))]
                parts = units(side[row], writer.glue)
                cut = draw.randrange(len(parts))
                side[row] = writer.glue.join(parts[:cut]) + f"\n{text}\n" + writer.glue.join(parts[cut:])
                planted[ids[row]] = (kind, f"{language}-{item}")
            columns: dict[str, Any] = {
                "id": ids, "language": [language] * count, "strategy": [strategy] * count,
                "source": ["made/up"] * count, "teacher": ["nobody"] * count, **sides,
            }  # fmt: skip
            path = Lake(root / "lake").cell_path(EXAMPLES, Cell(language, strategy))
            path.parent.mkdir(parents=True)
            pq.write_table(pa.table(columns), path, compression="zstd")
    return planted


def measured(root: Path) -> tuple[float, float, int]:
    """CPU seconds and peak memory in MB of one search in a process of its own, and how many cells it searched."""
    code = "import sys; from benchmarks.decontamination import search; search(sys.argv[1])"
    command = [sys.executable, "-c", code, str(root)]
    process = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    cpu, memory, cells = process.stdout.split()
    return float(cpu), float(memory), int(cells)


def search(root: str) -> None:
    """Searches the lake and prints what it took; imports and the start of the interpreter are not in the time."""
    settings = Settings(lake=Path(root) / "lake", evalsets=Path(root) / "evalsets")
    matching.search(
        pa.array(["the compiled code is loaded, which a run does once"]), matching.build([], matching.Rules())[0]
    )
    started = time.process_time()
    found = find(Lake(settings.lake), settings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(time.process_time() - started, peak, found.searched)


def quality(root: Path, planted: dict[str, tuple[str, str]]) -> tuple[dict[str, float], int]:
    """Share of plants found by kind, and examples that were hit for another item than their plant."""
    rows = pq.read_table(Lake(root / "lake").table_path(CONTAMINATION)).to_pylist()
    hits = {(row["id"], row["item"]) for row in rows}
    shares = {}
    for kind in ("verbatim", "edited"):
        wanted = [(row, item) for row, (which, item) in planted.items() if which == kind]
        shares[kind] = sum(pair in hits for pair in wanted) / len(wanted)
    return shares, len({row for row, item in hits if planted.get(row, ("", ""))[1] != item})


def grams(text: str, glue: str, size: int) -> set[tuple[str, ...]]:
    """The n-grams of a text as the usual rules take them: lower case, no punctuation."""
    plain = re.sub(r"[^\w\s]|_", " ", text).casefold()
    parts = plain.split() if glue else [char for char in plain if not char.isspace()]
    return {tuple(parts[at : at + size]) for at in range(len(parts) - size + 1)}


def usual_rules(root: Path, planted: dict[str, tuple[str, str]]) -> Iterator[tuple[str, dict[str, float]]]:
    """What share of the plants the usual rules find, comparing each with its item alone."""
    items: dict[str, str] = {}
    for path in (root / "evalsets").iterdir():
        items |= {row["id"]: row["question"] for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}
    sides: dict[str, str] = {}
    for path in (root / "lake" / "examples").rglob("*.parquet"):
        with pq.ParquetFile(path) as file:
            columns = file.read(columns=["id", "prompt", "response"]).to_pylist()
        sides |= {row["id"]: f"{row['prompt']}\n{row['response']}" for row in columns if row["id"] in planted}
    for name, size, share in (("one 8-gram", 8, 0), ("one 13-gram", 13, 0), ("half of the 8-grams", 8, 0.5)):
        found: dict[str, list[bool]] = {"verbatim": [], "edited": []}
        for row, (kind, item) in planted.items():
            glue = "" if item[:2] in UNSPACED else " "
            wanted = grams(items[item], glue, size)
            common = len(wanted & grams(sides[row], glue, size))
            found[kind].append(common > 0 and common >= share * len(wanted))
        yield name, {kind: sum(hits) / len(hits) for kind, hits in found.items()}


def main() -> None:
    """Prints times, memory, shares found, and the same shares by the usual rules."""
    with tempfile.TemporaryDirectory() as folder:
        taken = {}
        for rows in (100_000, 1_000_000):
            root = Path(folder) / str(rows)
            planted = make(root, rows)
            taken[rows], memory, _ = measured(root)
            shares, wrong = quality(root, planted)
            print(f"{rows:,} examples × {ITEMS:,} items: {taken[rows]:.1f} s of CPU, {memory:.0f} MB at the most")
            print(f"  {taken[rows] / rows * 1e6:.1f} µs an example, {wrong} found wrongly")
            verbatim, edited = (f"{shares[name]:.4f}" for name in ("verbatim", "edited"))
            changed = next((root / "lake" / "examples").rglob("*.parquet"))
            pq.write_table(pq.read_table(changed, partitioning=None).slice(1), changed)
            again, _, cells = measured(root)
            part = again / taken[rows]
            print(f"  after {cells} of 30 cells changed: {again:.2f} s, {part:.3f} of it")
            for name, found in usual_rules(root, planted) if rows == min(taken) else ():
                print(f"  {name}: verbatim {found['verbatim']:.4f}, edited {found['edited']:.4f}")
        searching = f"searching {rows:,} examples for {ITEMS:,} evaluation items"
        promise(
            searching, "≤ 25 µs of CPU an example", f"{taken[rows] / rows * 1e6:.1f} µs, {memory:.0f} MB at the most"
        )
        promise(f"{searching}, after one of 30 cells changed", "≤ 15 % of it", f"{100 * part:.0f} %")
        promise(f"{searching}, against 100,000", "≤ 12 times", f"{taken[rows] / taken[100_000]:.1f} times")
        planted_items = "planted items found: verbatim, and with 10 % of their words edited"
        promise(planted_items, "≥ 0.99, ≥ 0.9", f"{verbatim}, {edited}; {wrong} of {rows:,} rows wrongly")


if __name__ == "__main__":
    main()
