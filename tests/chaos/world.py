"""The small lake on which everything goes wrong, and what must be true of it in the end.

Here: making that lake, starting the process that is hurt, killing it, and the invariant. Not here: the faults.
"""

import json
import math
import shutil
import zlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from chaos.processes import Nursery, Run, start, start_worker
from chaos.server import MODEL, ModelServer, until

from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.grid import Cell, cells
from polyglot_assets.inference.endpoints import LONGEST_SERIES
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.lake.store import Lake
from polyglot_assets.prompts.build import build
from polyglot_assets.prompts.templates import load
from polyglot_assets.responses.ledger import ledger_path
from polyglot_assets.seeds.acquire import find
from polyglot_assets.seeds.fill import fill
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import Settings

TEACHER = Teacher("chaos", MODEL, "mit", max_tokens=64, max_model_len=4096)
IN_FLIGHT = 8
COMMIT_ROWS = 16

Bytes = dict[Cell, bytes]


@dataclass
class World:
    """A lake of prompts, and the response cells of a run that nothing interrupted.

    Attributes:
        nursery: starts the runs.
        requests: how many different requests that run sent.
    """

    root: Path
    cells: list[Cell]
    limit: int
    nursery: Nursery | None = None
    expected: Bytes = field(default_factory=dict)
    requests: int = 0

    def build(self, *, edited: bool = False) -> None:
        """Writes the prompts. In the edited world some seeds are gone, some are new and some say something else."""
        settings = Settings(lake=self.root, rows_per_cell=self.limit)
        lake = Lake(self.root)
        lake.prepare()
        filled = [fill(source, find(source, settings), self.cells, settings) for source in SOURCES]
        for cell in self.cells:
            seeds = [dict(seed) for source in filled for seed in source[cell].rows]
            if edited:
                seeds = [*seeds[5:], *({**seed, "seed_id": seed["seed_id"][::-1]} for seed in seeds[:2])]
                for seed in seeds[::4]:
                    seed["prompt"] += " Bitte."
            rows, _ = build(cell, seeds, load()[cell.strategy], self.limit)
            lake.write_cell(PROMPTS, cell, rows)

    def run_untroubled(self, server: ModelServer) -> None:
        """Finds out what is expected. Leaves no ledger behind."""
        server.forget()
        trial = Trial(self, server, self.root)
        trial.finish()
        self.expected, self.requests = trial.cells(), len(server.paid)
        assert server.paid_twice == server.last_words_twice == 0
        shutil.rmtree(self.root / "ledger")
        shutil.rmtree(self.root / RESPONSES.name)
        server.forget()

    def copy(self, folder: Path) -> Path:
        return Path(shutil.copytree(self.root, folder))


@dataclass
class Figures:
    """One line of the table, or a part of it."""

    fault: str
    runs: int
    requests: int
    paid_twice: int
    lost: int
    bound: int


class Trial:
    """One copy of the world's lake, from the first run that goes wrong to the one that ends well.

    Args:
        world: what is asked and expected.
        server: who answers; its counters are this trial's alone.
        root: the lake.
        options: for the worker, on top of the usual ones.
    """

    def __init__(self, world: World, server: ModelServer, root: Path, **options: Any) -> None:
        self.world, self.server, self.lake = world, server, Lake(root)
        self.options = {"first_wait": 0.05, "timeout": 60, "patience": 60, **options}
        self.runs: list[Run] = []
        self.deaths = 0
        self.unkept: list[int] = []
        self.waiting: list[int] = []
        """How many of them were last words."""
        self._kept: dict[Path, bytes] = {}

    # Running.

    def start(self, **more: Any) -> Run:
        """Starts a worker."""
        options = {
            "lake": str(self.lake.root),
            "cells": [(cell.language, cell.strategy) for cell in self.world.cells],
            "teacher": asdict(TEACHER),
            "url": [self.server.url],
            "concurrency": IN_FLIGHT,
            "commit_rows": COMMIT_ROWS,
            "commit_seconds": 3600,  # by number alone: the bound must not depend on this machine's speed
            **self.options,
            **more,
        }
        options = {name: value for name, value in options.items() if value is not None}
        if "clock" in options:  # broken before anything is imported
            return self._began(start_worker(options, self._errors()))
        assert self.world.nursery
        return self._began(self.world.nursery.start(options, self._errors()))

    def start_fenced(self, **more: Any) -> Run:
        """Starts a worker that cannot get to its end before `died`, or before the server's fence is taken away."""
        self.fence()
        return self.start(**more)

    def fence(self) -> None:
        """Keeps the answers to the last requests back."""
        self.server.fence = self.world.requests - IN_FLIGHT

    def command(self, arguments: list[str], env: dict[str, str]) -> Run:
        """Starts any other process that works on the lake."""
        return self._began(start(arguments, self._errors(), env))

    def _errors(self) -> Path:
        return self.lake.root.parent / f"{self.lake.root.name}.{len(self.runs)}.err"

    def _began(self, run: Run) -> Run:
        self.runs.append(run)
        return run

    def died(self) -> None:
        """Looks at what a killed run left, and remembers what must not be lost."""
        self.server.fence = math.inf
        self.server.quiet()
        self.deaths += 1
        known = [answer for path in self.ledgers() for answer in entries(path).values()]
        self.unkept.append(len(self.server.paid) - len(known))
        self.waiting.append(len(self.server.last_words) - sum(map(is_last_word, known)))
        self._kept = {path: intact(path) for path in self.ledgers()}

    def forget_ledgers(self) -> None:
        """They were damaged on purpose, so they may end as something else."""
        self._kept = {}

    def finish(self, **more: Any) -> None:
        """A run that nothing hinders any more."""
        run = self.start(**more)
        assert run.end() == 0, run.errors()

    def ledgers(self) -> list[Path]:
        return sorted((self.lake.root / "ledger").rglob("ledger.jsonl"))

    def ledger(self, cell: Cell) -> Path:
        return ledger_path(self.lake.root, TEACHER.name, cell)

    def cell_path(self, cell: Cell) -> Path:
        return self.lake.cell_path(RESPONSES, cell, teacher=TEACHER.name)

    def cells(self) -> Bytes:
        return {cell: self.cell_path(cell).read_bytes() for cell in self.world.cells if self.cell_path(cell).exists()}

    def left(self, answers: int) -> None:
        """Waits until the server has answered so many more, or is at its fence, or the latest run is over."""
        goal, server = self.server.answered + answers, self.server
        until(lambda: server.answered >= goal or len(server.paid) >= server.fence or self.runs[-1].ended())

    # The invariant.

    def figures(self, fault: str, bound: int) -> Figures:
        """Checks everything that must hold in the end; `bound` is for requests paid twice."""
        self.server.quiet()
        figures = Figures(fault, len(self.runs), len(self.server.paid), self.server.paid_twice, self._lost(), bound)
        final = self.cells()
        assert figures.lost == 0
        wrong = [str(cell) for cell in self.world.cells if final.get(cell) != self.world.expected[cell]]
        assert not wrong, f"not as in an untroubled run: {wrong}"
        assert figures.paid_twice <= bound, f"paid twice: {figures.paid_twice}, bound: {bound}"
        died = [count - waiting for count, waiting in zip(self.unkept, self.waiting, strict=True)]
        assert all(count <= IN_FLIGHT for count in died), f"answers that died with their process: {died}"
        assert all(count <= LONGEST_SERIES for count in self.waiting), f"last words that waited: {self.waiting}"
        assert self.server.last_words_twice <= len(self.runs) * LONGEST_SERIES
        assert self.server.most_in_flight <= IN_FLIGHT * len(self.runs), "more was under way than was agreed"
        return figures

    def _lost(self) -> int:
        """Prompts without exactly one outcome, and answers that were in a ledger and are not any more."""
        lost = 0
        for cell in self.world.cells:
            asked = [row["prompt_id"] for row in self.lake.read_cell(PROMPTS, cell)]
            got = [row["prompt_id"] for row in self.lake.read_cell(RESPONSES, cell, teacher=TEACHER.name)]
            lost += len(set(asked) ^ set(got)) + len(got) - len(set(got))
        for path, kept in self._kept.items():
            if not path.read_bytes().startswith(kept):
                before, after = parse(kept), entries(path)
                lost += sum(after.get(name) != answer for name, answer in before.items()) or 1
        return lost


def parse(content: bytes) -> dict[str, bytes]:
    """The intact answers of a ledger by request, read without the project's own code."""
    found = {}
    for line in content.split(b"\n")[:-1]:
        checksum, _, body = line.partition(b" ")
        if body and checksum == b"%08x" % zlib.crc32(body):
            name, _, answer = body.partition(b" ")
            found[name.decode()] = answer
    return found


def is_last_word(answer: bytes) -> bool:
    """Whether an answer in a ledger is none."""
    return json.loads(answer)["finish_reason"] in ("too_long", "error")


def entries(path: Path) -> dict[str, bytes]:
    return parse(path.read_bytes()) if path.exists() else {}


def intact(path: Path) -> bytes:
    """A ledger without a torn end."""
    content = path.read_bytes()
    return content[: content.rfind(b"\n") + 1]


def flushed(log: Path) -> dict[str, int]:
    """How much of each ledger was flushed to the disk, after the notes that a worker took."""
    sizes = {}
    for line in log.read_text().splitlines() if log.exists() else ():
        size, _, path = line.partition(" ")
        if path.endswith("ledger.jsonl"):
            sizes[path] = int(size)
    return sizes


def make_world(
    folder: Path, languages: Iterable[str], limit: int, server: ModelServer, nursery: Nursery, *, edited: bool = False
) -> World:
    """A world that knows what is expected."""
    world = World(folder, cells(languages), limit, nursery)
    world.build(edited=edited)
    world.run_untroubled(server)
    return world


@dataclass(frozen=True)
class Form:
    """How much goes wrong: the short form is part of the test suite, the long one has its own verb."""

    long: bool

    def of(self, short: int, long: int) -> int:
        """The number that belongs to this form."""
        return long if self.long else short


Start = Callable[..., Trial]
"""Makes a trial on a fresh copy of the world."""
