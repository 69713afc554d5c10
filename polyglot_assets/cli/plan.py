"""`materialize --plan`: what a run would ask, and what that would take, before anything is asked.

Here: the figures of all cells together, and what is printed. Not here: what is to be asked (responses/plan.py).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from polyglot_assets.cli import console
from polyglot_assets.cli.run import Selection, selected_assets
from polyglot_assets.domain.grid import Cell
from polyglot_assets.inference.registry import Teacher, enabled
from polyglot_assets.lake.store import Lake
from polyglot_assets.prompts.assets import KEY as PROMPTS_KEY
from polyglot_assets.prompts.templates import load as load_templates
from polyglot_assets.responses import plan as plan_
from polyglot_assets.responses.assets import response_key
from polyglot_assets.responses.plan import CellPlan, rate_of
from polyglot_assets.seeds.sources import sources_of
from polyglot_assets.settings import Settings, dagster_home

UNKNOWN = "not known yet"
_RECENT = 500
"""Materializations of cells that are looked at for the time that answers took."""


@dataclass(frozen=True)
class TeacherPlan:
    """What one teacher would be asked. What nothing is known of yet is None.

    Attributes:
        prompts: prompts of the chosen cells.
        open: those without an answer.
        requests: for these, second tries included at the rate so far.
        read: tokens to read.
        written: tokens to write.
        cost: US dollars, 0 for a teacher without prices.
        seconds: at the pace so far.
        at_most: cells whose seeds were not read yet, which count with the most prompts that they may have.
    """

    teacher: str
    prompts: int
    open: int
    requests: int | None
    read: int | None
    written: int | None
    cost: float | None
    seconds: float | None
    at_most: int


def plans(settings: Settings, selection: Selection) -> list[TeacherPlan]:
    """What each teacher of a selection would be asked."""
    assets = selected_assets(settings, selection.assets)
    cells = [Cell(language, strategy) for language in selection.languages for strategy in selection.strategies]
    limit = settings.rows_per_cell if PROMPTS_KEY in assets else 0
    lake, templates = Lake(settings.lake), load_templates(settings.templates)
    return [
        _plan(settings, teacher, list(plan_.plan(lake, teacher, cells, templates, limit, sources_of(settings))))
        for teacher in enabled(settings)
        if response_key(teacher) in assets
    ]


def print_plan(settings: Settings, selection: Selection) -> None:
    """Prints what a run would ask and take."""
    found = plans(settings, selection)
    if not found:
        console.console.print("This selection asks no teacher.")
        return
    columns = ("teacher", "prompts", "without answer", "requests", "tokens read", "tokens written", "USD", "time")
    console.print_rows("Plan", columns, [_row(plan) for plan in found])
    if unread := max(plan.at_most for plan in found):
        console.console.print(f"The seeds of {unread} cells were not read yet: their prompts may be fewer.")
    if any(plan.open for plan in found):
        console.console.print("Tokens and time are those of the lake's answers so far. Nothing was asked or written.")
    else:
        console.console.print("Every prompt has its answer: the run would ask nothing.")


def _plan(settings: Settings, teacher: Teacher, cells: Sequence[CellPlan]) -> TeacherPlan:
    prompts, unanswered = sum(plan.prompts for plan in cells), sum(plan.open for plan in cells)
    lake = Lake(settings.lake)
    known = plan_.rates(lake, teacher) if lake.root.is_dir() else {}
    means = [(plan.open, rate_of(known, plan.cell)) for plan in cells if plan.open]
    requests = read = written = cost = None
    if all(rate for _, rate in means):
        requests = round(sum(number * rate.requests for number, rate in means if rate))
        read = round(sum(number * rate.read for number, rate in means if rate))
        written = round(sum(number * rate.written for number, rate in means if rate))
        cost = teacher.cost(read, written)
    elif not (teacher.input_price or teacher.output_price):
        cost = 0.0
    pace = seconds_per_answer(dagster_home(settings), response_key(teacher)) if unanswered else 0.0
    seconds = None if pace is None else pace * (unanswered if requests is None else requests)
    unread = sum(not plan.known for plan in cells)
    return TeacherPlan(teacher.name, prompts, unanswered, requests, read, written, cost, seconds, unread)


def seconds_per_answer(home: Path, key: dg.AssetKey) -> float | None:
    """The pace of a teacher in its latest runs that asked something, from Dagster's records; None without any."""
    if not (home / "dagster.yaml").exists():
        return None
    asked: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for record in instance.fetch_materializations(key, limit=_RECENT).records:
            found = record.asset_materialization.metadata if record.asset_materialization else {}
            answers, last = (_number(found.get(name)) for name in ("newly_asked", "seconds_until_last_answer"))
            if answers:
                asked[record.run_id] += int(answers)
                seconds[record.run_id] = max(seconds[record.run_id], last)  # cells share the stream
    return sum(seconds.values()) / sum(asked.values()) if asked else None


def _number(value: dg.MetadataValue[Any] | None) -> float:
    return float(value.value or 0) if isinstance(value, dg.IntMetadataValue | dg.FloatMetadataValue) else 0.0


def _row(plan: TeacherPlan) -> tuple[object, ...]:
    figures = [UNKNOWN if value is None else f"{value:,}" for value in (plan.requests, plan.read, plan.written)]
    cost = UNKNOWN if plan.cost is None else f"{plan.cost:.2f}" if plan.cost else "none"
    prompts = f"at most {plan.prompts:,}" if plan.at_most else f"{plan.prompts:,}"
    return plan.teacher, prompts, f"{plan.open:,}", *figures, cost, _time(plan.seconds)


def _time(seconds: float | None) -> str:
    if seconds is None:
        return UNKNOWN
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3 * 3600 else f"{seconds / 3600:.1f} h"
