"""What a deletion concerns: the seeds, what was made from them, and what may have been.

Here: reading; nothing is changed. Not here: the removal (cells.py).

Which answer of a ledger was made from which seed is known only through the prompts: a line has the hash of everything
that reached the model. The answers that the present prompts lead to are known to be free of a seed or not; the others
(of earlier templates, settings, examples shown) are not known. In the cells in which a deleted row may have been used
they are removed too: what cannot be shown to be free of it does not stay.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.duplicates import DUPLICATES
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.licenses import LICENSES
from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.contracts.table import Table
from polyglot_assets.deletion.traces import trace
from polyglot_assets.domain.grid import Cell, cell_of
from polyglot_assets.inference.engine import Completion
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.lake.store import Lake
from polyglot_assets.lake.tombstones import Found, Request
from polyglot_assets.lake.views import folder_of
from polyglot_assets.recipes.registry import RECIPES
from polyglot_assets.responses.ledger import Ledger
from polyglot_assets.responses.requests import request_state
from polyglot_assets.seeds.sources import SOURCES

_ASKED = ("strategy", "system_prompt", "synth_prompt", "prompt", "prompt_id")
Twin = tuple[str, str]
"""(source, source_id) of a row with the same normalised prompt."""


@dataclass
class CellPlan:
    """What goes from a cell.

    Attributes:
        prompts: the prompts that belong to a deleted seed or show one, with the seeds concerned.
        answers: ids of prompts whose answers go, with the seeds concerned: these, and those that are no prompts of the
            cell any more.
        examples: ids of the examples that go, with the seeds concerned.
        ledgers: by file, the requests whose answers stay.
    """

    prompts: dict[str, set[str]] = field(default_factory=dict)
    answers: dict[str, set[str]] = field(default_factory=dict)
    examples: dict[str, set[str]] = field(default_factory=dict)
    ledgers: dict[Path, set[str]] = field(default_factory=dict)


@dataclass
class Plan:
    """What goes from the lake.

    Attributes:
        deleted: the seed_ids.
        cells: what goes from each cell that is concerned.
        found: the same by seed, for the record.
        twins: rows of other ids with the same prompt, by seed. They stay.
    """

    deleted: Collection[str]
    cells: dict[Cell, CellPlan] = field(default_factory=dict)
    found: dict[str, Found] = field(default_factory=dict)
    twins: dict[str, set[Twin]] = field(default_factory=dict)

    @property
    def examples(self) -> set[str]:
        """The examples that go, over all cells."""
        return {example for cell in self.cells.values() for example in cell.examples}


def make(lake: Lake, requests: Iterable[Request], teachers: Mapping[str, Teacher], known: Mapping[str, Found]) -> Plan:
    """What the lake holds of the rows of `requests`.

    Args:
        lake: what is looked at.
        requests: which rows.
        teachers: all teachers whose requests can be told, by name.
        known: what was found earlier of these rows, by seed_id: where a former run was interrupted.
    """
    wanted = {request.seed_id: request for request in requests}
    plan = Plan(frozenset(wanted), found={seed_id: Found() for seed_id in wanted})
    _seeds(lake, plan)
    _rows_made(lake, plan)
    for seed_id, found in plan.found.items():
        if seed_id in known:
            found.cells |= known[seed_id].cells
        if not found.cells:
            found.cells |= {cell.key for cell in _fed_by(lake, wanted[seed_id].source)}
    for cell in _concerned(plan):
        _follow(lake, plan, cell, teachers)
    _of_relations(lake, plan)
    return plan


def present(lake: Lake, deleted: Collection[str]) -> set[str]:
    """Which of these rows the cells hold, or something that was made from them."""
    found: set[str] = set()
    places = ((SEEDS, "source_id"), (PROMPTS, "prompt_id"), (RESPONSES, "prompt_id"), (EXAMPLES, "id"))
    for table, key in places if deleted else ():
        columns = ["seed_id", *({"exemplar_ids"} & set(table.schema.names))]
        for _, path in cell_files(lake, table):
            found |= set().union(*_rows(path, deleted, key, *columns).values())
    return found


def cell_files(lake: Lake, table: Table) -> Iterator[tuple[Cell, Path]]:
    """The files of a table with their cells, in order."""
    for path in sorted((lake.root / table.name).rglob("language=*/strategy=*/cell.parquet")):
        yield _cell_of(path), path


def ledger_files(lake: Lake, cell: Cell) -> Iterator[tuple[str, Path]]:
    """The ledgers of a cell with their teachers' names."""
    for path in sorted((lake.root / "ledger").glob(f"teacher=*/{cell.path}/ledger.jsonl")):
        yield path.parts[-4].partition("=")[2], path


def parts_of(path: Path, table: Table) -> dict[str, str]:
    """The hive keys of a cell's file above language and strategy."""
    return {name: path.parts[-4 - n].partition("=")[2] for n, name in enumerate(reversed(table.parts))}


def _seeds(lake: Lake, plan: Plan) -> None:
    keys: dict[str, set[str]] = defaultdict(set)
    files = list(cell_files(lake, SEEDS))
    for cell, path in files:
        ids = pq.read_table(path, columns=["seed_id"], partitioning=None).column("seed_id")
        if not pc.any(_is_in(ids, plan.deleted)).as_py():
            continue
        for row in pq.read_table(path, partitioning=None).filter(_is_in(ids, plan.deleted)).to_pylist():
            found = plan.found[row["seed_id"]]
            found.cells.add(cell.key)
            found.rows[SEEDS.name, cell.language, cell.strategy] += 1
            found.texts |= {made for text in (row["prompt"], row["response"]) if (made := trace(text))}
            keys[row["prompt_key"]].add(row["seed_id"])
        _of(plan, cell)
    if not keys:
        return
    for _, path in files:
        table = pq.read_table(path, columns=["seed_id", "source", "source_id", "prompt_key"], partitioning=None)
        for row in table.filter(_is_in(table.column("prompt_key"), keys)).to_pylist():
            if row["seed_id"] not in plan.deleted:
                for seed_id in keys[row["prompt_key"]]:
                    plan.twins.setdefault(seed_id, set()).add((row["source"], row["source_id"]))


def _rows_made(lake: Lake, plan: Plan) -> None:
    """Rows of the other cells that name a deleted seed."""
    for cell, path in cell_files(lake, PROMPTS):
        if rows := _rows(path, plan.deleted, "prompt_id", "seed_id", "exemplar_ids"):
            _of(plan, cell).prompts = rows
            _count(plan, rows, PROMPTS.name, cell)
    for cell, path in cell_files(lake, EXAMPLES):
        if rows := _rows(path, plan.deleted, "id", "seed_id", "exemplar_ids"):
            _of(plan, cell).examples = rows
    for cell, path in cell_files(lake, RESPONSES):
        for prompt_id, seeds in _rows(path, plan.deleted, "prompt_id", "seed_id").items():
            _of(plan, cell).answers.setdefault(prompt_id, set()).update(seeds)


def _rows(path: Path, deleted: Collection[str], key: str, *columns: str) -> dict[str, set[str]]:
    """Keys of the rows of which a column holds a deleted seed, in a list too, with these seeds."""
    table = pq.read_table(path, columns=[key, *columns], partitioning=None)
    keys = table.column(key)
    found: dict[str, set[str]] = defaultdict(set)
    for name in columns:
        values = table.column(name).combine_chunks()
        rows: pa.Array | None = None
        if pa.types.is_list(values.type):
            rows, values = pc.list_parent_indices(values), pc.list_flatten(values)
        for hit in pc.indices_nonzero(_is_in(values, deleted)).to_pylist():
            row = rows[hit].as_py() if rows is not None else hit
            found[keys[row].as_py()].add(values[hit].as_py())
    return dict(found)


def _follow(lake: Lake, plan: Plan, cell: Cell, teachers: Mapping[str, Teacher]) -> None:
    """Answers, examples and ledger lines of a cell that go with its prompts."""
    concerned, seeds_here = _of(plan, cell), {seed_id for seed_id, f in plan.found.items() if cell.key in f.cells}
    prompts = list(lake.scan_cell(PROMPTS, cell, _ASKED))
    stay = {row["prompt_id"] for row in prompts} - concerned.prompts.keys()
    for prompt_id, seeds in concerned.prompts.items():
        concerned.answers.setdefault(prompt_id, set()).update(seeds)
    listed: dict[str, set[str]] = defaultdict(set)
    for at, file in cell_files(lake, RESPONSES):
        if at == cell:
            teacher = parts_of(file, RESPONSES)["teacher"]
            listed[teacher] = _answers(plan, cell, file, seeds_here, stay)
    for row in lake.scan_cell(EXAMPLES, cell, ("id", "prompt_id")):
        if row["prompt_id"] in concerned.answers:
            concerned.examples.setdefault(row["id"], set()).update(concerned.answers[row["prompt_id"]])
    _count(plan, concerned.examples, EXAMPLES.name, cell)
    for name, file in ledger_files(lake, cell):
        with Ledger(file) as ledger:
            keep, gone = _Trail(ledger), {seed_id: _Trail(ledger) for seed_id in seeds_here}
            for row in prompts if name in teachers else ():
                owners = concerned.prompts.get(row["prompt_id"], ())
                for trail in [gone[seed_id] for seed_id in owners] or [keep]:
                    request_state(row, teachers[name], trail)
            concerned.ledgers[file] = keep.seen | listed[name]
            _count_ledger(plan, cell, f"ledger/{name}", set(ledger.request_ids()) - concerned.ledgers[file], gone)


def _answers(plan: Plan, cell: Cell, file: Path, seeds_here: set[str], stay: Collection[str]) -> set[str]:
    """Adds the answers that go; returns the requests of those that stay.

    An answer to what is no prompt of the cell any more may have been made from anything that the cell ever held.
    """
    concerned, listed = _of(plan, cell), set()
    counted_as = f"{RESPONSES.name}/{parts_of(file, RESPONSES)['teacher']}"
    for row in pq.read_table(file, columns=["prompt_id", "request_id"], partitioning=None).to_pylist():
        if row["prompt_id"] in stay:
            listed.add(row["request_id"])
            continue
        seeds = concerned.answers.setdefault(row["prompt_id"], set(seeds_here))
        _count(plan, {row["prompt_id"]: seeds}, counted_as, cell)
        for seed_id in concerned.prompts.get(row["prompt_id"], ()):
            plan.found[seed_id].requests.add(row["request_id"])
    return listed


class _Trail:
    """A ledger that remembers which of its answers a prompt leads to, first tries included."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.seen: set[str] = set()

    def get(self, request_id: str) -> Completion | None:
        """As Ledger.get."""
        self.seen.add(request_id)
        return self._ledger.get(request_id)

    def is_marked_for_retry(self, request_id: str) -> bool:
        """As Ledger.is_marked_for_retry."""
        return self._ledger.is_marked_for_retry(request_id)


def _count_ledger(plan: Plan, cell: Cell, counted_as: str, lines: set[str], gone: Mapping[str, _Trail]) -> None:
    led_to = set().union(*(trail.seen for trail in gone.values()))
    for seed_id, trail in gone.items():
        found = plan.found[seed_id]
        found.requests |= trail.seen & lines
        for what, rows in ((counted_as, trail.seen & lines), (f"{counted_as}, of earlier prompts", lines - led_to)):
            if rows:
                found.rows[what, cell.language, cell.strategy] += len(rows)


def _of_relations(lake: Lake, plan: Plan) -> None:
    """Rows of the tables about examples, and rows of the tables that name them."""
    owners = {example: seeds for cell in plan.cells.values() for example, seeds in cell.examples.items()}
    for table, columns in ((DUPLICATES, ("id", "kept_id")), (CONTAMINATION, ("id",)), (LICENSES, ("id",))):
        for path in sorted(folder_of(lake.root, table.name).rglob("*.parquet")) if owners else ():
            for row in pq.read_table(path, columns=list(columns), partitioning=None).to_pylist():
                for seed_id in set().union(*(owners.get(row[name], set()) for name in columns)):
                    plan.found[seed_id].rows[table.name, "", ""] += 1


def _count(plan: Plan, rows: Mapping[str, set[str]], counted_as: str, cell: Cell) -> None:
    for row, seeds in rows.items():
        for seed_id in seeds:
            found = plan.found[seed_id]
            found.cells.add(cell.key)
            found.rows[counted_as, cell.language, cell.strategy] += 1
            if counted_as in (PROMPTS.name, EXAMPLES.name):
                found.ids.add(row)


def _of(plan: Plan, cell: Cell) -> CellPlan:
    return plan.cells.setdefault(cell, CellPlan())


def _concerned(plan: Plan) -> list[Cell]:
    keys = {key for found in plan.found.values() for key in found.cells}
    for key in keys:
        _of(plan, cell_of(key))
    return sorted(plan.cells)


def _fed_by(lake: Lake, repo: str) -> Iterator[Cell]:
    """The cells of the lake, by their ledgers, that a source can feed; all if the source is not known."""
    sources = [source for source in SOURCES if source.repo == repo]
    for folder in {path.parent for path in (lake.root / "ledger").glob("teacher=*/language=*/strategy=*/ledger.jsonl")}:
        cell = _cell_of(folder / "cell")
        if cell.strategy in RECIPES and not (sources and sources[0].does_not_feed(cell)):
            yield cell


def _cell_of(path: Path) -> Cell:
    return Cell(path.parts[-3].partition("=")[2], path.parts[-2].partition("=")[2])


def _is_in(values: pa.Array, wanted: Iterable[str]) -> pa.Array:
    return pc.is_in(values, value_set=pa.array(sorted(wanted), pa.string()))
