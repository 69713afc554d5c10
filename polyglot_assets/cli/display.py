"""The progress of a run on a screen or in a log, and what has to be known of the run afterwards.

Here: what becomes of Dagster's log records. Not here: tables (console.py), and what is said after a run (summary.py).
"""

import logging
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from polyglot_assets.cli import console
from polyglot_assets.orchestration import endings
from polyglot_assets.orchestration.wiring import rows_of

SPENT = ("newly_asked", "prompt_tokens", "response_tokens", "cost_usd")
"""What the response assets say of a run, as their metadata names it."""
_QUIET_SECONDS = 5.0
_SHOWN = 5
_SETTLED = re.compile(r"[\d,]+ of [\d,]+ prompts settled")


class RunDisplay(logging.Handler):
    """Shows Dagster's log records: one line per finished asset, and what is going on between them.

    What an asset logs as INFO or above stays on the screen. What it logs as DEBUG is how far it is: on a terminal that
    is a line that is rewritten, elsewhere a line at most every few seconds.

    Attributes:
        finished: the assets that were materialized.
        spent: by the names of `SPENT`, what the run asked for.
        interrupted: somebody pressed Ctrl-C.
        settled: how far the asking was when it last said so.
    """

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.finished: set[str] = set()
        self.spent: Counter[str] = Counter()
        self.interrupted = False
        self.settled = ""
        self._progress: Progress | None = None
        self._task: Any = None
        self._started: dict[str, float] = {}
        self._spoken = 0.0
        self._failures: list[Text] = []
        self._failed_checks: set[tuple[Any, str]] = set()
        self._last: str | Text = ""

    @contextmanager
    def running(self, title: str) -> Iterator[None]:
        """Shows a title while a run is under way, and at its end once more what failed, if other lines came after."""
        if not console.console.is_terminal:
            console.console.print(title)
            yield
        else:
            columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
            with Progress(*columns, console=console.console, transient=True) as self._progress:
                self._task = self._progress.add_task(title, total=None)
                yield
            self._progress = None
        if self._failures and self._last is not self._failures[-1]:
            for failure in self._failures:
                self._print(failure)

    def emit(self, record: logging.LogRecord) -> None:
        """Receives one record."""
        meta = getattr(record, "dagster_meta", {})
        event, step = meta.get("dagster_event"), meta.get("step_key") or ""
        asset = endings.asset_of(step)
        kind = event.event_type_value if event is not None else ""
        if event is None:
            if asset:
                message = f"{asset}: {meta.get('orig_message', record.getMessage())}"
                if far := _SETTLED.search(message):
                    self.settled = far[0]
                self._say(message, always=record.levelno >= logging.INFO)
        elif kind == "STEP_START":
            self._started[step] = time.monotonic()
            self._show(asset)
        elif kind == "STEP_SUCCESS" and not step.startswith("checks_of"):
            seconds = f"{time.monotonic() - self._started.get(step, 0):.1f} s"
            self._print(Text.assemble(("✓", "green"), f" {asset} ", (seconds, "dim")))
        elif kind == "STEP_FAILURE":
            self._failed(event, asset)
        elif kind == "PIPELINE_FAILURE":
            self.interrupted |= endings.was_interrupted(event)  # between two steps
        elif kind == "ASSET_MATERIALIZATION":
            self._materialized(event.event_specific_data.materialization)
        elif kind == "ASSET_CHECK_EVALUATION":
            self._check(event.event_specific_data)

    def _failed(self, event: Any, asset: str) -> None:
        if endings.was_interrupted(event):
            self.interrupted = True
        else:
            self._fail(Text.assemble((f"✗ {asset}", "red"), f" {endings.cause(event)}"))

    def _materialized(self, materialization: Any) -> None:
        self.finished.add(materialization.asset_key.to_user_string())
        for name in SPENT:
            if name in materialization.metadata:
                self.spent[name] += materialization.metadata[name].value

    def _check(self, evaluation: Any) -> None:
        check = evaluation.asset_key, evaluation.check_name
        if evaluation.passed or (check in self._failed_checks and not evaluation.partition):
            return  # cell by cell it was said already
        self._failed_checks.add(check)
        where = f" in {evaluation.partition}" if evaluation.partition else ""
        name = f"{evaluation.asset_key.to_user_string()}: {evaluation.check_name}{where}"
        found = {key: value.value for key, value in evaluation.metadata.items()}
        what = f"{found['offending_rows']} offending rows" if "offending_rows" in found else found.get("problems")
        lines = [f" {name}: {what or 'see the Dagster UI'}"]
        lines += [
            "  " + ", ".join(f"{column} {value}" for column, value in row.items() if value)
            for row in rows_of(found.get("first_offences", ""))[:_SHOWN]
        ]
        if "settings" in found:
            lines.append(f"  decided by {found['settings']}")
        self._fail(Text.assemble(("✗ check failed", "red"), "\n".join(lines)))

    def _fail(self, text: Text) -> None:
        self._failures.append(text)
        self._print(text)

    def _print(self, text: str | Text) -> None:
        self._last = text
        (self._progress.console if self._progress else console.console).print(text)

    def _show(self, text: str) -> None:
        if self._progress is not None:
            self._progress.update(self._task, description=text)

    def _say(self, text: str, *, always: bool) -> None:
        if self._progress is not None and not always:
            self._show(text)
        elif always or time.monotonic() - self._spoken >= _QUIET_SECONDS:
            self._spoken = time.monotonic()
            self._print(text)
