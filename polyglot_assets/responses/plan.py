"""What a run would ask a teacher: how many requests, and what they take by the lake's own figures.

Here: prompts that have no answer yet, and tokens per request. Not here: the asking (stage.py), and what is printed of
it (cli/plan.py). Nothing is written, and nobody is asked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.grid import Cell
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.lake.store import Lake
from polyglot_assets.prompts.build import build
from polyglot_assets.prompts.templates import StrategyTemplate, Templates
from polyglot_assets.responses.ledger import PastAnswers, ledger_path
from polyglot_assets.responses.requests import request_state
from polyglot_assets.seeds.source import Source
from polyglot_assets.seeds.sources import SOURCES


@dataclass(frozen=True)
class CellPlan:
    """What a teacher would be asked for a cell.

    Attributes:
        prompts: the prompts that the cell would have; without its seeds, the most that it may have.
        open: those without an answer.
        known: whether the cell's seeds were read, so that the numbers are exact.
    """

    cell: Cell
    prompts: int
    open: int
    known: bool = True


@dataclass(frozen=True)
class Rates:
    """What one prompt took on average so far: requests (second tries included) and tokens over all of them."""

    requests: float
    read: float
    written: float


def plan(
    lake: Lake,
    teacher: Teacher,
    cells: Iterable[Cell],
    templates: Templates,
    limit: int,
    sources: Sequence[Source] = SOURCES,
) -> Iterator[CellPlan]:
    """What a run over `cells` would ask, from the seeds that the lake has.

    Args:
        lake: where seeds and answers are.
        teacher: who would be asked.
        cells: which cells.
        templates: how prompts are put into words.
        sources: whose seeds are asked.
        limit: prompts per cell.
    """
    for cell in cells:
        prompts = prompts_of(lake, cell, templates.of(cell.strategy, cell.language), limit, sources)
        if prompts is None:
            yield CellPlan(cell, limit, limit, known=False)
            continue
        with PastAnswers(ledger_path(lake.root, teacher.name, cell)) as answers:
            unanswered = sum(request_state(prompt, teacher, answers).completion is None for prompt in prompts)
        yield CellPlan(cell, len(prompts), unanswered)


def prompts_of(
    lake: Lake, cell: Cell, template: StrategyTemplate, limit: int, sources: Sequence[Source] = SOURCES
) -> list[dict[str, Any]] | None:
    """The prompts that a cell would have; None if its seeds were not read yet.

    Args:
        lake: where the seeds are.
        cell: which cell.
        template: how prompts are put into words.
        limit: 0 for the prompts that the lake has already.
        sources: whose seeds are asked.
    """
    if not limit:
        return lake.read_cell(PROMPTS, cell)
    if not any(lake.cell_path(SEEDS, cell, source=source.name).exists() for source in sources):
        return None
    seeds = [seed for source in sources for seed in lake.read_cell(SEEDS, cell, source=source.name)]
    return build(cell, seeds, template, limit)[0]


_RATES = """
    SELECT language, strategy, avg(attempts), avg(attempts * prompt_tokens), avg(attempts * response_tokens)
    FROM lake.responses
    WHERE teacher = ? AND prompt_tokens IS NOT NULL AND response_tokens IS NOT NULL
    GROUP BY GROUPING SETS ((language, strategy), (strategy), ())
"""


def rates(lake: Lake, teacher: Teacher) -> dict[tuple[str | None, str | None], Rates]:
    """What prompts took so far: by (language, strategy), by (None, strategy) over all languages, (None, None) over all.

    Empty if the teacher answered nothing yet, or its server counts no tokens.
    """
    with lake.connect({("lake", "responses")}) as connection:
        rows = connection.execute(_RATES, [teacher.name]).fetchall()
    return {(language, strategy): Rates(*means) for language, strategy, *means in rows if means[0] is not None}


def rate_of(known: Mapping[tuple[str | None, str | None], Rates], cell: Cell) -> Rates | None:
    """The figures of the cell itself, else of its strategy, else of the teacher; None if there are none."""
    for key in ((cell.language, cell.strategy), (None, cell.strategy), (None, None)):
        if key in known:
            return known[key]
    return None
