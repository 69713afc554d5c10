"""The table `counts`: what became of the rows that a stage was given.

Here: writing and reading the counts of a cell, and counting answers. Not here: why a seed becomes no prompt, or a raw
row no seed (prompts/, seeds/), and what tables make of it (dbt_like_sql/marts/outcome_funnel.sql).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from polyglot_assets.contracts.counts import COUNTS
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.store import Lake


class Counted(NamedTuple):
    """What rows are counted by. `source` is the Hugging Face id; a `teacher` is named for answers only."""

    source: str
    reason: str
    teacher: str | None = None


def write_counts(lake: Lake, cell: Cell, counts: Mapping[Counted, int], *, stage: str, part: str) -> None:
    """Replaces the counts of a cell.

    Args:
        lake: where.
        cell: the cell.
        counts: number of rows; over all reasons what the stage was given.
        stage: see contracts.COUNTS.
        part: what writes them: a source by its name, or `all`.
    """
    where = {"stage": stage, "language": cell.language, "strategy": cell.strategy}
    rows = [{**where, **by._asdict(), "rows": number} for by, number in counts.items()]
    lake.write_cell(COUNTS, cell, rows, stage=stage, part=part)


def read_counts(lake: Lake, cell: Cell, *, stage: str, part: str) -> Counter[Counted]:
    """What `write_counts` wrote; nothing if it never did."""
    rows = lake.read_cell(COUNTS, cell, stage=stage, part=part)
    return Counter({Counted(row["source"], row["reason"], row["teacher"]): row["rows"] for row in rows})


def count_answers(responses: Iterable[Mapping[str, Any]]) -> Counter[Counted]:
    """The stage `answers` of a cell: the answers that its examples are made of."""
    return Counter(Counted(row["source"], row["outcome"], row["teacher"]) for row in responses)
