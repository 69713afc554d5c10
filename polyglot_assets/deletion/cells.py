"""Removing rows from the cells of the lake and from its ledgers.

Here: seeds, prompts, responses, examples, counts, ledgers. Not here: what goes (plan.py), and what is computed from the
cells (derived.py).

Each file is replaced in one step, and they are replaced in an order in which whatever is still to be done can be seen
from what is still there: the counts while the rows that they count are there, then from the last stage to the first.
A removal that was killed is therefore finished by doing it again.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.contracts.table import Table
from polyglot_assets.deletion.plan import CellPlan, Plan, cell_files, parts_of
from polyglot_assets.domain.grid import Cell
from polyglot_assets.examples.build import add_cell_statistics
from polyglot_assets.lake.counts import Counted, count_answers, read_counts, write_counts
from polyglot_assets.lake.store import Lake
from polyglot_assets.prompts.choose import choose
from polyglot_assets.responses.ledger import Ledger
from polyglot_assets.seeds.fill import DELETED, KEPT

_COUNTED = ("seed_id", "source", "prompt_key", "language", "strategy")


def remove(lake: Lake, plan: Plan) -> None:
    """Removes what is planned. Called again after it was interrupted, with a plan made again, it does the rest."""
    for cell, what in plan.cells.items():
        _count_prompts(lake, cell, plan.deleted, what)
        _count_seeds(lake, cell, plan.deleted)
        _count_answers(lake, cell, what.answers)
        for path, keep in what.ledgers.items():
            _shorten(path, keep)
        for at, path in cell_files(lake, RESPONSES):
            if at == cell:
                _drop(lake, RESPONSES, cell, path, "prompt_id", what.answers)
        _drop(lake, EXAMPLES, cell, lake.cell_path(EXAMPLES, cell), "id", what.examples)
        _drop(lake, PROMPTS, cell, lake.cell_path(PROMPTS, cell), "prompt_id", what.prompts)
    for cell, path in cell_files(lake, SEEDS):
        if cell in plan.cells:
            _drop(lake, SEEDS, cell, path, "seed_id", plan.deleted)


def _shorten(path: Path, keep: Collection[str]) -> None:
    with Ledger(path) as ledger:
        if not ledger.has_other_than(keep):
            return
        # What the cell was compacted from is true no more; the next run computes it from the ledger again. It goes
        # first: a ledger that is short already is left alone.
        path.with_name("compacted").unlink(missing_ok=True)
        ledger.keep_only(keep)


def _drop(lake: Lake, table: Table, cell: Cell, path: Path, key: str, gone: Collection[str]) -> None:
    """Writes a cell without some of its rows, if it has any of them."""
    if not path.exists():
        return
    present = pq.read_table(path, columns=[key], partitioning=None).column(key).to_pylist()
    if gone and not set(gone).isdisjoint(present):
        parts = parts_of(path, table)
        rows = [row for row in lake.read_cell(table, cell, **parts) if row[key] not in gone]
        if table is EXAMPLES:
            add_cell_statistics(rows)
        lake.write_ordered_cell(table, cell, rows, **parts)


def _count_seeds(lake: Lake, cell: Cell, deleted: Collection[str]) -> None:
    """A seed that goes is a raw row with the reason `deleted`."""
    for at, path in cell_files(lake, SEEDS):
        ids = (
            pq.read_table(path, columns=["seed_id"], partitioning=None).column("seed_id").to_pylist()
            if at == cell
            else []
        )
        gone = sum(seed_id in deleted for seed_id in ids)
        part = parts_of(path, SEEDS)["source"]
        counts = read_counts(lake, cell, stage="seeds", part=part) if gone else Counter()
        for source in {counted.source for counted in counts}:
            if counts[Counted(source, KEPT)] == len(ids):  # else it is counted already
                counts[Counted(source, KEPT)] -= gone
                counts[Counted(source, DELETED)] += gone
                write_counts(lake, cell, counts, stage="seeds", part=part)


def _count_prompts(lake: Lake, cell: Cell, deleted: Collection[str], what: CellPlan) -> None:
    """A seed that goes is not counted any more; one that stays and loses its prompt is `deleted`."""
    counts = read_counts(lake, cell, stage="prompts", part="all")
    if not counts:
        return
    seeds = [
        row
        for at, path in cell_files(lake, SEEDS)
        if at == cell
        for row in lake.scan_cell(SEEDS, cell, _COUNTED, **parts_of(path, SEEDS))
    ]
    prompts = list(lake.scan_cell(PROMPTS, cell, ("prompt_id", "seed_id", "source")))
    owners = {row["seed_id"] for row in prompts}
    changed = False
    for source in {seed["source"] for seed in seeds}:
        seeds_of_source = [seed for seed in seeds if seed["source"] == source]
        counted = sum(number for by, number in counts.items() if by.source == source)
        prompt_count = sum(row["source"] == source for row in prompts)
        if counted != len(seeds_of_source) or counts[Counted(source, KEPT)] != prompt_count:
            continue  # counted already, or the lake was not whole before: nothing can be said then
        for seed in seeds_of_source:
            if seed["seed_id"] in deleted:
                counts[Counted(source, _reason(counts, seed, owners, seeds))] -= 1
                changed = True
        for row in prompts:
            if row["source"] == source and row["prompt_id"] in what.prompts and row["seed_id"] not in deleted:
                counts[Counted(source, KEPT)] -= 1
                counts[Counted(source, DELETED)] += 1
                changed = True
    if changed:
        write_counts(lake, cell, +counts, stage="prompts", part="all")


def _reason(
    counts: Mapping[Counted, int], seed: Mapping[str, Any], owners: Collection[str], seeds: list[dict[str, Any]]
) -> str:
    """Under which reason a seed was counted when the prompts were made; it is not stored with the seed."""
    if seed["seed_id"] in owners:
        return KEPT
    alike = [other for other in seeds if other["prompt_key"] == seed["prompt_key"]]
    others = {by.reason: rows for by, rows in counts.items() if by.source == seed["source"] and rows > 0}
    if choose(alike, 1).seeds[0]["seed_id"] != seed["seed_id"] and "duplicate" in others:
        return "duplicate"
    left = {reason: rows for reason, rows in others.items() if reason not in (KEPT, "duplicate")}
    return max(left or others, key=lambda reason: (left or others)[reason])


def _count_answers(lake: Lake, cell: Cell, gone: Collection[str]) -> None:
    """Answers that go are not counted any more."""
    counts = read_counts(lake, cell, stage="answers", part="all")
    if not (gone and counts):
        return
    columns = ("prompt_id", "source", "outcome", "teacher")
    left = count_answers(
        row
        for teacher in {by.teacher for by in counts if by.teacher}
        for row in lake.scan_cell(RESPONSES, cell, columns, teacher=teacher)
        if row["prompt_id"] not in gone
    )
    write_counts(lake, cell, left, stage="answers", part="all")
