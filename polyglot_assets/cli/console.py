"""What the command line shows: tables from the lake.

Here: everything that knows about a terminal. Not here: commands and options (main.py), the progress of a run
(display.py) and what is said after it (summary.py).

Nothing that is printed is ever read as rich's markup: a server's message may hold `[/INST]`, a path `[x]`. Colours are
given by `Text` objects alone.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from polyglot_assets.lake.store import Lake
from polyglot_assets.recipes.registry import NAMES


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Goes on in silence: a run whose output went into `head` is paid for and not over."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# Where nobody says how wide the page is (a log, a pipe), tables need more than the usual 80 columns.
console = _Console(
    markup=False, emoji=False, highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 120
)


def print_rows(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table; numbers are set right."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for index, column in enumerate(columns):
        numeric = any(isinstance(row[index], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    console.print(table)


def print_sources(lake: Lake) -> None:
    """Rows of each source, with its licenses."""
    with lake.connect() as connection:
        rows = connection.execute(
            """
            WITH raw AS (
                SELECT source, max(rows) AS raw_rows
                FROM (SELECT source, sum(rows) AS rows FROM lake.counts WHERE stage = 'seeds'
                      GROUP BY source, language, strategy) GROUP BY source
            ),
            seeds AS (
                SELECT source, count(*) AS seeds, string_agg(DISTINCT license, ', ' ORDER BY license) AS licenses
                FROM lake.seeds GROUP BY source
            ),
            prompts AS (SELECT source, count(*) AS prompts FROM lake.prompts GROUP BY source),
            examples AS (SELECT source, count(*) AS examples FROM lake.examples GROUP BY source)
            SELECT source, raw_rows::BIGINT, coalesce(seeds, 0), coalesce(prompts, 0), coalesce(examples, 0), licenses
            FROM raw FULL JOIN seeds USING (source) FULL JOIN prompts USING (source) FULL JOIN examples USING (source)
            WHERE raw_rows > 0 OR seeds > 0 OR prompts > 0 OR examples > 0
            ORDER BY source
            """
        ).fetchall()
    print_rows("Sources", ("source", "raw rows", "seeds", "prompts", "examples", "licenses"), rows)


def print_grid(lake: Lake) -> None:
    """Kept rows per language and strategy, with sums."""
    with lake.connect() as connection:
        cells = connection.execute("SELECT language, strategy, kept FROM marts.strategy_distribution").fetchall()
    kept: Mapping[tuple[str, str], int] = {(language, strategy): rows for language, strategy, rows in cells}
    strategies = [name for name in NAMES if name in {strategy for _, strategy in kept}]
    rows: list[tuple[Any, ...]] = []
    for language in sorted({language for language, _ in kept}):
        values = [kept.get((language, strategy), 0) for strategy in strategies]
        rows.append((language, *values, sum(values)))
    totals = [sum(row[column] for row in rows) for column in range(1, len(strategies) + 2)]
    print_rows("Kept rows", ("language", *strategies, "all"), [*rows, ("all", *totals)])


def print_funnel(lake: Lake) -> None:
    """Raw rows, prompts, and what the answers ended as, per teacher."""
    with lake.connect() as connection:
        counts = connection.execute(
            "SELECT 'raw rows read', NULL, raw_rows FROM marts.overview "
            "UNION ALL SELECT 'prompts', NULL, prompts FROM marts.overview"
        ).fetchall()
        outcomes = connection.execute(
            "SELECT 'answers of ' || teacher, outcome, rows FROM marts.outcomes "
            "ORDER BY teacher, outcome <> 'ok', rows DESC, outcome"
        ).fetchall()
    print_rows("Outcome funnel", ("stage", "outcome", "rows"), [*counts, *outcomes])
