"""Asking a teacher: prompts of many cells in, response cells out, one stream through one engine.

Here: what is still to be asked, in which order, and where answers go. Not here: engines (inference/), the writing of
cells (compact.py), outcome rules (outcomes.py), Dagster (assets.py).

All cells share one stream, so the engine's queue stays full across them, and the engine is made only if something is
left to ask. Prompts are read as the engine takes them and a cell is written as soon as its last answer is there, so
memory holds what is under way and the ledger's index of the cells that are open.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pyarrow.parquet as pq

from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.domain.grid import Cell
from polyglot_assets.inference.cpu import BFLOAT16, FLOAT32
from polyglot_assets.inference.engine import Completion, Engine, Request
from polyglot_assets.inference.registry import Teacher, in_other_dtype
from polyglot_assets.lake.store import Lake
from polyglot_assets.responses.compact import Rules, compact, unchanged
from polyglot_assets.responses.ledger import Commit, Ledger, ledger_path
from polyglot_assets.responses.progress import Progress, said_regularly
from polyglot_assets.responses.requests import may_need_retry, request_state

Prompt = Mapping[str, Any]
_ASKED = ("strategy", "system_prompt", "synth_prompt", "prompt")
"""Columns of a prompt that decide about its requests."""
_LOG = logging.getLogger(__name__)


@dataclass
class CellResponses:
    """What a cell ended with.

    Attributes:
        outcomes: rows by outcome.
        asked: answers that were newly asked for, second tries included.
        prompt_tokens: tokens that the teacher read for them, as far as the engine says.
        response_tokens: tokens that it wrote.
        seconds: from the engine's start to the cell's last answer; cells share the stream.
    """

    outcomes: dict[str, int] = field(default_factory=dict)
    asked: int = 0
    prompt_tokens: int = 0
    response_tokens: int = 0
    seconds: float = 0.0

    def add(self, other: "CellResponses") -> None:
        """Adds another cell's figures; `seconds` becomes the larger."""
        for outcome, rows in other.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + rows
        self.asked += other.asked
        self.prompt_tokens += other.prompt_tokens
        self.response_tokens += other.response_tokens
        self.seconds = max(self.seconds, other.seconds)


def respond(  # noqa: PLR0913 each is given by the caller, and none has a place in another
    lake: Lake,
    teacher: Teacher,
    cells: Iterable[Cell],
    engine: Callable[[], Engine],
    report: Callable[[str], None],
    commit: Commit | None = None,
    *,
    rules: Rules | None = None,
    notice: Callable[[str], None] | None = None,
) -> Iterator[tuple[Cell, CellResponses]]:
    """Gives every prompt of `cells` its outcome and writes the response cells; yields each cell when it is written.

    A cell on which another process works is left for last, and then waited for.

    Args:
        lake: where prompts are read and responses are written.
        teacher: who is asked.
        cells: which cells.
        engine: makes (or returns) the teacher's engine; called only if something must be asked.
        report: takes a line of progress every few seconds.
        commit: when answers are flushed to the disk.
        rules: what answers have to pass.
        notice: takes a line that should last. None: `report` takes it.

    Raises:
        EngineDown: the engine is gone. What was answered is in the ledger; cells that are complete are written.
    """
    stream = _Stream(lake, teacher, cells, commit or Commit(), rules or Rules())
    try:
        first = stream.take()
        yield from stream.finished()
        if first is None:
            return
        if stream.answered_in_other_dtype:
            (notice or report)(_other_dtype(teacher))
        running = _loaded(teacher, stream.progress, engine, report)
        stream.give_back(first)
        with said_regularly(lambda: str(stream.progress), report):
            for completion in running.stream(stream.take):
                stream.settle(completion)
                yield from stream.finished()
        report(str(stream.progress))
        yield from stream.finished()
    finally:
        stream.close()


def _other_dtype(teacher: Teacher) -> str:
    here = teacher.engine.get("dtype", BFLOAT16)
    other = FLOAT32 if here == BFLOAT16 else BFLOAT16
    return (
        f"{teacher.name}: the ledger has answers that were computed in {other}; they stay there, and the prompts are "
        f"asked again in {here}. POLYGLOT_CPU_DTYPE={other} goes on with them instead"
    )


def _loaded(
    teacher: Teacher, progress: Progress, engine: Callable[[], Engine], report: Callable[[str], None]
) -> Engine:
    """The engine; while it loads, the seconds are reported."""
    text = f"loading {teacher.name}: {progress.prompts - progress.settled:,} prompts have no answer yet"
    report(text)
    started = time.monotonic()
    with said_regularly(lambda: f"{text}, {time.monotonic() - started:.0f} s", report):
        running = engine()
    # Only an engine in this process counts tokens while it works; a server says at the end of an answer what it was.
    progress.start(getattr(running, "counts", None))
    return running


@dataclass
class _Work:
    """A cell that is open: its ledger, the prompts not read yet, and how many wait for an answer."""

    cell: Cell
    ledger: Ledger
    prompts: Iterator[dict[str, Any]]
    read: bool = False
    waiting: int = 0
    result: CellResponses = field(default_factory=CellResponses)


class _Stream:
    """The requests of all cells, one after the other, and the way of each answer into its ledger."""

    def __init__(self, lake: Lake, teacher: Teacher, cells: Iterable[Cell], commit: Commit, rules: Rules) -> None:
        self._lake, self._teacher, self._commit, self._rules = lake, teacher, commit, rules
        self._cells = deque(sorted(cells))
        self._open: list[_Work] = []
        self._again: deque[Request] = deque()
        self._under_way: dict[str, list[tuple[_Work, Prompt]]] = {}
        self._finished: deque[tuple[Cell, CellResponses]] = deque()
        self._other = in_other_dtype(teacher)
        self.answered_in_other_dtype = False
        self.progress = Progress(sum(_rows(lake, cell) for cell in self._cells), teacher.max_tokens)

    def take(self) -> Request | None:
        """The next request that has to be asked; None if there is none at the moment. See `Engine.stream`."""
        while True:
            if self._again:
                return self._again.popleft()
            work = self._reading()
            if work is None:
                return None
            prompt = next(work.prompts, None)
            if prompt is None:
                work.read = True
                self._finish(work)
            elif (request := self._ask(work, prompt)) is not None:
                return request

    def give_back(self, request: Request) -> None:
        """Undoes a `take`."""
        self._again.appendleft(request)

    def settle(self, completion: Completion) -> None:
        """Keeps an answer and asks again if it leads to another request."""
        waiting = self._under_way.pop(completion.request_id, None)
        if waiting is None:
            _LOG.warning("an answer to request %s came twice; the second is left out", completion.request_id)
            return
        self.progress.answers += 1
        self.progress.tokens += completion.response_tokens or 0
        for work, prompt in waiting:
            if work.ledger.get(completion.request_id) is None:
                self._keep(work, completion)
            work.waiting -= 1
            if may_need_retry(prompt, completion):
                if (request := self._ask(work, prompt)) is not None:
                    self._again.append(request)
            else:
                self.progress.settled += 1
            self._finish(work)

    def finished(self) -> Iterator[tuple[Cell, CellResponses]]:
        """The cells that were written since the last call."""
        while self._finished:
            yield self._finished.popleft()

    def close(self) -> None:
        """Commits and closes whatever is open, even if one of them fails."""
        with ExitStack() as stack:
            for work in self._open:
                stack.callback(work.ledger.close)

    def _keep(self, work: _Work, completion: Completion) -> None:
        work.ledger.append(completion)
        work.result.asked += 1
        work.result.prompt_tokens += completion.prompt_tokens or 0
        work.result.response_tokens += completion.response_tokens or 0
        work.result.seconds = time.monotonic() - self.progress.started

    def _ask(self, work: _Work, prompt: Prompt) -> Request | None:
        """The request that a prompt waits for, unless it is settled or the same request is under way already."""
        end = request_state(prompt, self._teacher, work.ledger)
        if end.completion is not None:
            self.progress.settled += 1
            return None
        if self._other and not self.answered_in_other_dtype and not (work.waiting or work.result.asked):
            # The first prompt of a cell stands for all: asking for each would cost as much as making its request.
            self.answered_in_other_dtype = request_state(prompt, self._other, work.ledger).completion is not None
        waiting = self._under_way.setdefault(end.request.request_id, [])
        waiting.append((work, prompt))
        work.waiting += 1
        return end.request if len(waiting) == 1 else None

    def _finish(self, work: _Work) -> None:
        """Writes the cell if all of its prompts are settled."""
        if work.read and not work.waiting:
            work.result.outcomes = compact(self._lake, self._teacher, work.cell, work.ledger, self._rules)
            self._close(work)

    def _close(self, work: _Work) -> None:
        work.ledger.close()
        self._open.remove(work)
        self._finished.append((work.cell, work.result))

    def _reading(self) -> _Work | None:
        """The cell whose prompts are read at present; opens the next one if need be."""
        if self._open and not self._open[-1].read:
            return self._open[-1]
        for _ in range(len(self._cells)):
            if (work := self._start(self._cells.popleft(), wait=False)) is not None:
                return work
        if self._cells and not self._under_way:
            return self._start(self._cells.popleft(), wait=True) or self._reading()
        return None

    def _start(self, cell: Cell, *, wait: bool) -> _Work | None:
        """Opens a cell; None if another process has it (it comes last then) or there is nothing to do."""
        try:
            ledger = Ledger(ledger_path(self._lake.root, self._teacher.name, cell), self._commit, wait=wait)
        except BlockingIOError:
            self._cells.append(cell)
            return None
        work = _Work(cell, ledger, self._lake.scan_cell(PROMPTS, cell, _ASKED))
        self._open.append(work)
        outcomes = unchanged(self._lake, self._teacher, cell, ledger, self._rules)
        if outcomes is None:
            return work
        work.read, work.result.outcomes = True, outcomes
        self.progress.settled += sum(outcomes.values())
        self._close(work)
        return None


def _rows(lake: Lake, cell: Cell) -> int:
    path = lake.cell_path(PROMPTS, cell)
    return int(pq.read_metadata(path).num_rows) if path.exists() else 0
