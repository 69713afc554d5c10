"""What a run would take out of the lake, counted before it writes.

Here: counting the rows that would go, and refusing. Not here: who is asked whether they may (the command line, and
`allow_removal` in the launchpad).

Answers are never lost: the ledger keeps them, and more rows or a teacher that comes back find them there again. What
goes are rows of the tables, and of every release from then on.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake import made_with
from polyglot_assets.lake.store import Lake
from polyglot_assets.settings import Settings
from polyglot_assets.settings.sources import variable

_NAMED = 4
"""Cells that a message names."""


@dataclass(frozen=True)
class Removal:
    """Rows that would go.

    Attributes:
        what: they are.
        why: they would go, and what would keep them.
        rows: their number in each cell; `None` stands for the whole lake.
    """

    what: str
    why: str
    rows: Mapping[Cell | None, int]

    def __str__(self) -> str:
        most = sorted(((rows, cell) for cell, rows in self.rows.items() if cell), key=lambda pair: (-pair[0], pair[1]))
        named = ", ".join(f"{cell} {rows:,}" for rows, cell in most[:_NAMED])
        more = f", and {len(most) - _NAMED} more cells" if len(most) > _NAMED else ""
        return f"{sum(self.rows.values()):,} {self.what}{f' ({named}{more})' if named else ''}: {self.why}"


def of_prompts(lake: Lake, cells: Iterable[Cell], rows_per_cell: int) -> list[Removal]:
    """The prompts that fewer rows per cell would take away. The others stay: more rows hold those of fewer."""
    present = {cell: _rows(lake.cell_path(PROMPTS, cell)) for cell in cells}
    gone: dict[Cell | None, int] = {
        cell: rows - rows_per_cell for cell, rows in present.items() if rows > rows_per_cell
    }
    if not gone:
        return []
    most = max(present.values())
    why = f"POLYGLOT_ROWS_PER_CELL is {rows_per_cell:,}; {most:,} would keep them"
    return [Removal("prompts with their answers and examples", why, gone)]


def of_seeds(
    lake: Lake, source: str, coming: Mapping[Cell, Collection[str]], present: Mapping[str, Any], before: Iterable[Any]
) -> list[Removal]:
    """The prompts whose seeds a source has no more.

    Args:
        lake: the lake.
        source: the source's name on the hub.
        coming: seed_ids that it has now, by cell.
        present: the settings that decide about seeds.
        before: those that each of these cells was read with, as far as they are known.
    """
    gone: dict[Cell | None, int] = {}
    for cell, ids in coming.items():
        rows = lake.scan_cell(PROMPTS, cell, ("seed_id", "source"))
        if lost := sum(row["source"] == source and row["seed_id"] not in ids for row in rows):
            gone[cell] = lost
    others = sorted(
        {
            f"{variable(name)} is {present[name]}, with {note[name]} they were read"
            for note in before
            for name in present.keys() & note.keys()
            if note[name] != present[name] and name != "seeds"
        }
    )
    place = (
        f"POLYGLOT_SEEDS={present['seeds']} does not have their seeds; the place that they came from would keep them"
    )
    why = "; ".join(others) or place
    return [Removal(f"prompts from {source} with their answers and examples", why, gone)] if gone else []


def of_teachers(lake: Lake, cells: Iterable[Cell], teachers: Iterable[str]) -> list[Removal]:
    """The examples of teachers that are not chosen any more."""
    chosen = set(teachers)
    gone: dict[str, dict[Cell | None, int]] = {}
    for cell in cells:
        for teacher, rows in _by_teacher(lake.cell_path(EXAMPLES, cell)).items():
            if teacher not in chosen:
                gone.setdefault(teacher, {})[cell] = rows
    return [
        Removal(f"examples of {teacher}", "POLYGLOT_TEACHERS does not name it; their answers stay", rows)
        for teacher, rows in sorted(gone.items())
    ]


def of_model(lake: Lake, cells: Iterable[Cell], teacher: str, model: str) -> list[Removal]:
    """The answers of another model, which had the teacher's name."""
    gone: dict[str, dict[Cell | None, int]] = {}
    for cell in cells:
        path = lake.cell_path(RESPONSES, cell, teacher=teacher)
        known = ((made_with.read(path) or {}).get("sampled") or {}).get("model", model)
        if known != model and (rows := _rows(path)):
            gone.setdefault(known, {})[cell] = rows
    why = f"POLYGLOT_TEACHERS calls {model} {teacher}, too; a registry with another name for it would keep them"
    return [Removal(f"answers of {known} with their examples", why, rows) for known, rows in sorted(gone.items())]


def of_gates(lake: Lake, cells: Iterable[Cell], gates: Mapping[str, Any]) -> list[Removal]:
    """The examples whose answers other gates reject than those that the cell was made with.

    Where the gates are the same, or nothing is known of them, a new version of the project judges otherwise. That is
    what it is for, so it asks nobody.

    Args:
        lake: whose answers were judged again.
        cells: which cells.
        gates: the present gates and thresholds.
    """
    gone: dict[Cell | None, int] = {}
    ends: Counter[str] = Counter()
    for cell in cells:
        note = made_with.read(lake.cell_path(EXAMPLES, cell))
        if note is None or all(note.get(name, value) == value for name, value in gates.items()):
            continue
        kept = {
            (row["teacher"], row["request_id"]) for row in lake.scan_cell(EXAMPLES, cell, ("teacher", "request_id"))
        }
        for teacher in sorted({teacher for teacher, _ in kept}):
            for row in lake.scan_cell(RESPONSES, cell, ("request_id", "outcome"), teacher=teacher):
                if row["outcome"] != "ok" and (teacher, row["request_id"]) in kept:
                    gone[cell] = gone.get(cell, 0) + 1
                    ends[row["outcome"]] += 1
    if not gone:
        return []
    named = ", ".join(f"{outcome} {rows:,}" for outcome, rows in sorted(ends.items()))
    why = f"under POLYGLOT_GATES and its thresholds they end as {named}; those that they were made with would keep them"
    return [Removal("examples", why, gone)]


def of_evalsets(lake: Lake, settings: Settings) -> list[Removal]:
    """The findings that no evaluation sets would take away: the examples would count as clean again."""
    path = lake.table_path(CONTAMINATION)
    if settings.evalsets is not None or not path.exists():
        return []
    found = pc.count_distinct(pq.read_table(path, columns=["id"], partitioning=None).column("id")).as_py()
    why = "POLYGLOT_EVALSETS names no folder; the one that was searched for would keep them"
    return (
        [Removal("findings of contamination, whose examples would count as clean", why, {None: found})] if found else []
    )


def refuse(
    removals: Iterable[Removal],
    *,
    allowed: bool,
    warn: Callable[[str], None] = lambda _: None,
    stays: str = "nothing was written",
) -> None:
    """Stops what would take rows away, unless that is allowed.

    Args:
        removals: what would go.
        allowed: it may.
        stays: how the lake was left, in words; steps before this one may have written.
        warn: is told what goes then.

    Raises:
        UserError: rows would go, and nobody said that they may.
    """
    found = list(removals)
    if found and allowed:
        warn(f"leaving the lake: {'; '.join(map(str, found))}")
    elif found:
        raise UserError(
            f"{stays}, for this run would take rows out of the lake: {'; '.join(map(str, found))}. "
            "If they are to go: `--yes` on the command line, or in the launchpad "
            "`resources: {choices: {config: {allow_removal: true}}}`"
        )


def _rows(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows) if path.exists() else 0


def _by_teacher(path: Path) -> dict[str, int]:
    if not path.exists():
        return {}
    column = pq.read_table(path, columns=["teacher"], partitioning=None).column("teacher")
    return {str(entry["values"]): int(entry["counts"]) for entry in pc.value_counts(column).to_pylist()}
