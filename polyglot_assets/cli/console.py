"""What the command line shows: progress of a run, and tables from the lake.

Here: everything that knows about a terminal. Not here: commands and options (main.py).

Nothing that is printed is ever read as rich's markup: a server's message may hold `[/INST]`, a path `[x]`. Colours are
given by `Text` objects alone.
"""

import logging
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from polyglot_assets.domain.errors import EngineDown, UserError
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
_QUIET_SECONDS = 5.0


class RunDisplay(logging.Handler):
    """Shows Dagster's log records: one line per finished asset, and what is going on between them.

    What an asset logs as INFO or above stays on the screen. What it logs as DEBUG is how far it is: on a terminal that
    is a line that is rewritten, elsewhere a line at most every few seconds.
    """

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._progress: Progress | None = None
        self._task: Any = None
        self._started: dict[str, float] = {}
        self._spoken = 0.0

    @contextmanager
    def running(self, title: str) -> Iterator[None]:
        """Shows a title while a run is under way."""
        if not console.is_terminal:
            console.print(title)
            yield
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as self._progress:
            self._task = self._progress.add_task(title, total=None)
            yield
        self._progress = None

    def emit(self, record: logging.LogRecord) -> None:
        """Receives one record."""
        meta = getattr(record, "dagster_meta", {})
        event, step = meta.get("dagster_event"), meta.get("step_key") or ""
        asset = step.replace("__", "/")
        if event is None:
            if asset:
                message = f"{asset}: {meta.get('orig_message', record.getMessage())}"
                self._say(message, always=record.levelno >= logging.INFO)
        elif event.event_type_value == "STEP_START":
            self._started[step] = time.monotonic()
            self._show(asset)
        elif event.event_type_value == "STEP_SUCCESS" and not step.startswith("checks_of"):
            seconds = f"{time.monotonic() - self._started.get(step, 0):.1f} s"
            self._print(Text.assemble(("✓", "green"), f" {asset} ", (seconds, "dim")))
        elif event.event_type_value == "STEP_FAILURE":
            self._print(Text.assemble((f"✗ {asset}", "red"), f" {_cause(event)}"))
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            self._check(event.event_specific_data)

    def _check(self, evaluation: Any) -> None:
        if not evaluation.passed:
            where = f" in {evaluation.partition}" if evaluation.partition else ""
            name = f"{evaluation.asset_key.to_user_string()}: {evaluation.check_name}{where}"
            rows, problems = (evaluation.metadata.get(key) for key in ("offending_rows", "problems"))
            what = f"{rows.value} offending rows" if rows else problems.value if problems else "see the Dagster UI"
            self._print(Text.assemble(("✗ check failed", "red"), f" {name}: {what}"))

    def _print(self, text: str | Text) -> None:
        (self._progress.console if self._progress else console).print(text)

    def _show(self, text: str) -> None:
        if self._progress is not None:
            self._progress.update(self._task, description=text)

    def _say(self, text: str, *, always: bool) -> None:
        if self._progress is not None and not always:
            self._show(text)
        elif always or time.monotonic() - self._spoken >= _QUIET_SECONDS:
            self._spoken = time.monotonic()
            self._print(text)


def _cause(event: Any) -> str:
    """The error of a failed step in one line: the first that is meant for users, else the innermost."""
    error = event.event_specific_data.error
    while error is not None and error.cause is not None and not _for_users(error):
        error = error.cause
    if error is None:
        return "failed"
    kind, _, message = error.message.strip().partition(": ")
    return message if _for_users(error) else f"{kind.rsplit('.', 1)[-1]}: {message}".splitlines()[0]


def _for_users(error: Any) -> bool:
    kind = error.message.strip().partition(": ")[0]
    return str(kind).rsplit(".", 1)[-1] in (UserError.__name__, EngineDown.__name__)


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
    """Rows of each source, with its licences."""
    with lake.connect() as connection:
        rows = connection.execute(
            """
            WITH raw AS (
                SELECT source, max(rows) AS raw_rows
                FROM (SELECT source, sum(rows) AS rows FROM lake.counts WHERE stage = 'seeds'
                      GROUP BY source, language, strategy) GROUP BY source
            ),
            seeds AS (
                SELECT source, count(*) AS seeds, string_agg(DISTINCT license, ', ' ORDER BY license) AS licences
                FROM lake.seeds GROUP BY source
            ),
            prompts AS (SELECT source, count(*) AS prompts FROM lake.prompts GROUP BY source),
            examples AS (SELECT source, count(*) AS examples FROM lake.examples GROUP BY source)
            SELECT source, raw_rows::BIGINT, coalesce(seeds, 0), coalesce(prompts, 0), coalesce(examples, 0), licences
            FROM raw FULL JOIN seeds USING (source) FULL JOIN prompts USING (source) FULL JOIN examples USING (source)
            WHERE raw_rows > 0 OR seeds > 0 OR prompts > 0 OR examples > 0
            ORDER BY source
            """
        ).fetchall()
    print_rows("Sources", ("source", "raw rows", "seeds", "prompts", "examples", "licences"), rows)


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
