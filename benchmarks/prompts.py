"""Promise: building prompts at 100,000 seeds costs at most 50 µs of CPU a row.

The anchor is few-shot sampling by shuffling the whole set for each row, which grows with the set: 23 ms a row at
100,000 seeds. Seeds are made up here; only their number and size matter.
"""

import random
import time
from typing import Any

from promises import promise

from polyglot_assets.domain.grid import STRATEGIES, Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.prompts.build import build
from polyglot_assets.prompts.templates import load
from polyglot_assets.text.normal import text_key

SIZES = (10_000, 100_000)


def seeds(cell: Cell, count: int) -> list[dict[str, Any]]:
    """Seed rows of 60 to 240 words from three sources."""
    words = [f"wort{number}" for number in range(5000)]
    rng = random.Random(0)  # noqa: S311 reproducible text, not a secret
    rows = []
    for number in range(count):
        prompt = " ".join(rng.choices(words, k=rng.randint(20, 80))) + f" {number}"
        rows.append(
            {
                "seed_id": content_id(number),
                "source": ("OpenAssistant/oasst2", "CohereLabs/aya_collection", "allenai/WildChat-4.8M")[number % 3],
                "source_id": str(number),
                "source_revision": "1",
                "license": "apache-2.0",
                "language": cell.language,
                "strategy": cell.strategy,
                "seed_language": cell.language,
                "prompt": prompt,
                "response": " ".join(rng.choices(words, k=rng.randint(40, 160))),
                "prompt_key": text_key(prompt),
            }
        )
    return rows


def reference_sampling(count: int) -> float:
    """CPU seconds a row of drawing three examples by shuffling all row numbers, measured on a few rows."""
    numbers = list(range(count))
    rng = random.Random(0)  # noqa: S311 reproducible
    started = time.process_time()
    for _ in range(10):
        rng.shuffle(numbers)
    return (time.process_time() - started) / 10


def main() -> None:
    """Prints CPU µs a row per strategy and size, and the ratio to shuffling."""
    print(f"{'seeds':>8} {'strategy':>10} {'µs/row':>8} {'shuffling µs/row':>17} {'ratio':>8}")
    worst = 0.0
    for count in SIZES:
        shuffled = reference_sampling(count)
        for strategy in STRATEGIES:
            cell = Cell("de", strategy)
            rows = seeds(cell, count)
            started = time.process_time()
            built, _ = build(cell, rows, load()[strategy], count)
            per_row = (time.process_time() - started) / len(built)
            worst = max(worst, per_row)
            print(
                f"{count:8d} {strategy:>10} {per_row * 1e6:8.1f} {shuffled * 1e6:17.0f} "
                f"{shuffled / per_row if strategy == 'generate' else float('nan'):8.0f}"
            )
    what = f"building prompts at {max(SIZES):,} seeds, the worst strategy and size"
    promise(
        what, "≤ 50 µs of CPU a row", f"{worst * 1e6:.0f} µs; drawing examples by shuffling {shuffled * 1e6:,.0f} µs"
    )


if __name__ == "__main__":
    main()
