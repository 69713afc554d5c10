"""What is said after a run: what it kept, what it cost, what comes next, and how an interrupted one goes on.

Here: which of it is said after which run. Not here: tables (console.py), and the progress of a run (display.py).
"""

import shutil
import sys
from pathlib import Path

from polyglot_assets.cli import console
from polyglot_assets.cli.display import RunDisplay
from polyglot_assets.inference.registry import enabled
from polyglot_assets.lake.store import Lake
from polyglot_assets.lake.views import RELEASES
from polyglot_assets.marts.report import report_path
from polyglot_assets.release.versions import LATEST, followed
from polyglot_assets.settings import Settings

_GRID, _FUNNEL, _RELEASE, _REPORT = "marts/strategy_distribution", "marts/outcomes", "release/sft", "marts/report"


def print_end(settings: Settings, run: RunDisplay, *, succeeded: bool) -> None:
    """Says what a run made: of each thing only if it was made now.

    A run in which something failed says nothing of tables, so that the failure stays the last line.
    """
    if not succeeded:
        return
    say = console.console.print
    lake = Lake(settings.lake)
    if _GRID in run.finished:
        console.print_grid(lake)
    if _FUNNEL in run.finished:
        console.print_funnel(lake)
    embedded = [teacher.name for teacher in enabled(settings) if teacher.embedded]
    if embedded and _FUNNEL in run.finished:
        say(
            "The embedded teacher is a small English model: it shows that everything runs, not what good data is. "
            "Its answers in other languages are poor, and many end as wrong_language or not_translated.\n"
        )
    if line := _asked(run):
        say(line)
    if _RELEASE in run.finished:
        say(f"Release: {_from_here(followed(settings.lake / RELEASES / LATEST))}")
    if _REPORT in run.finished:
        say(f"Report: {_from_here(report_path(lake))}")
    if _RELEASE in run.finished:
        say("\nNext:")
        for command, meaning in _next(settings):
            say(f"  {command:<54}  # {meaning}" if meaning else f"  {command}")


def print_interruption(run: RunDisplay) -> None:
    """Says what an interrupted run leaves, and how it goes on."""
    done = f"{len(run.finished)} assets are done, " if run.finished else ""
    settled = f"{run.settled}, " if run.settled else ""
    console.console.print(f"Interrupted; {done}{settled}every answer that arrived is kept and never asked for again.")
    console.console.print("The same command goes on from here.")


def polyglot() -> str:
    """How this machine calls the command: by its name where that is on the PATH, else by its place."""
    if shutil.which("polyglot"):
        return "polyglot"
    return str(_from_here(Path(sys.executable).with_name("polyglot")))


def _asked(run: RunDisplay) -> str:
    """What the run asked its teachers for."""
    if "newly_asked" not in run.spent:
        return ""
    asked, read, written = (int(run.spent[name]) for name in ("newly_asked", "prompt_tokens", "response_tokens"))
    if not asked:
        return "Asked: nothing; every answer was in the ledger."
    cost = f", {run.spent['cost_usd']:.2f} USD" if "cost_usd" in run.spent else ""
    answers = "1 answer" if asked == 1 else f"{asked:,} answers"
    return f"Asked: {answers}, {read:,} tokens read, {written:,} tokens written{cost}."


def _next(settings: Settings) -> list[tuple[str, str]]:
    command = polyglot()
    steps = [
        (f"{command} dev", "the Dagster UI"),
        (f'{command} sql "FROM marts.outcome_funnel"', "any SQL over the lake"),
    ]
    if "fr" not in settings.languages:
        steps.append((f"{command} languages add fr", "one more language, then:"))
        steps.append((f"{command} materialize -l fr", ""))
    return steps


def _from_here(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
