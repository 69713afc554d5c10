"""Asking a teacher: prompts of many cells in, response cells out, one stream through one engine.

Here: what is still to be asked, the stream, and the writing of cells from the ledger. Not here: engines
(teachers/), outcome rules (outcomes.py), Dagster (assets.py).

All cells share one stream, so the engine's queue stays full across them, and the engine is made only if something
is left to ask. A cell's Parquet is a function of its prompts and its ledger: the same however often the run was
interrupted before.
"""

import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from polyglot_assets.grid import Cell
from polyglot_assets.lake import Lake
from polyglot_assets.records import PROMPTS, RESPONSES
from polyglot_assets.responses.ledger import Ledger, ledger_path, open_ledger
from polyglot_assets.responses.outcomes import Judgement, judge
from polyglot_assets.responses.requests import first_request, second_request
from polyglot_assets.teachers.engine import Completion, Engine, Request
from polyglot_assets.teachers.registry import Teacher

Prompt = Mapping[str, Any]
_REPORT_SECONDS = 5.0


@dataclass
class Progress:
    """How far a stream is. `asked` grows when answers deserve a second try."""

    asked: int = 0
    finished: int = 0
    tokens: int = 0
    started: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        seconds = max(time.monotonic() - self.started, 1e-6)
        left = (self.asked - self.finished) * seconds / self.finished if self.finished else 0.0
        return (
            f"{self.finished} of {self.asked} answers, {self.finished / seconds:.1f} rows/s, "
            f"{self.tokens / seconds:.0f} tokens/s, about {left:.0f} s left"
        )


@dataclass
class CellResponses:
    """What a cell ended with: rows by outcome; answers newly asked for and tokens newly written, second tries included.

    `seconds` is the time from the stream's start to the cell's last answer; cells share the stream.
    """

    outcomes: dict[str, int]
    asked: int
    tokens: int
    seconds: float


@dataclass
class _Work:
    """A cell being worked on."""

    cell: Cell
    prompts: Sequence[Prompt]
    ledger: Ledger
    asked: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def last(self, prompt: Prompt, teacher: Teacher) -> tuple[Request, Completion | None, int]:
        """The request that decides the prompt's outcome, its completion if there is one, and which try it is."""
        first = first_request(prompt, teacher)
        completion = self.ledger.completions.get(first.request_id)
        if completion is not None and (second := second_request(prompt, teacher, completion)) is not None:
            return second, self.ledger.completions.get(second.request_id), 2
        return first, completion, 1


def respond(
    lake: Lake,
    teacher: Teacher,
    cells: Iterable[Cell],
    engine: Callable[[], Engine],
    report: Callable[[str], None],
) -> dict[Cell, CellResponses]:
    """Gives every prompt of `cells` its outcome and writes the response cells.

    Args:
        lake: where prompts are read and responses are written.
        teacher: who is asked.
        cells: which cells.
        engine: makes (or returns) the teacher's engine; called only if something must be asked.
        report: takes a line of progress every few seconds.
    """
    with ExitStack() as stack:
        works = []
        # In a fixed order: two runs with overlapping cells then wait for each other instead of locking up.
        for cell in sorted(cells):
            ledger = stack.enter_context(open_ledger(ledger_path(lake.root, teacher.name, cell)))
            if failed := ledger.set_errors_aside():
                report(f"{cell}: asking again for {failed} answers that ended in engine errors before")
            works.append(_Work(cell, lake.read_cell(PROMPTS, cell), ledger))
        _ask(works, teacher, engine, report)
        return {work.cell: _write(lake, work, teacher) for work in works}


def _ask(works: list[_Work], teacher: Teacher, engine: Callable[[], Engine], report: Callable[[str], None]) -> None:
    """Streams whatever the ledgers lack, second tries included."""
    under_way: dict[str, tuple[_Work, Prompt]] = {}
    queue: deque[Request] = deque()
    progress = Progress()

    def enter(work: _Work, prompt: Prompt) -> None:
        request, completion, _ = work.last(prompt, teacher)
        if completion is None and request.request_id not in under_way:
            under_way[request.request_id] = (work, prompt)
            queue.append(request)
            work.asked += 1
            progress.asked += 1

    for work in works:
        for prompt in work.prompts:
            enter(work, prompt)
    if not queue:
        return
    report(f"loading {teacher.name} to ask for {len(queue)} answers")
    running = engine()
    progress.started = reported = time.monotonic()  # the engine's start is not the teacher's speed
    for completion in running.stream(queue):
        work, prompt = under_way.pop(completion.request_id)
        work.ledger.append(completion)
        work.seconds = time.monotonic() - progress.started
        progress.finished += 1
        work.tokens += completion.response_tokens or 0
        progress.tokens += completion.response_tokens or 0
        enter(work, prompt)  # a second try, if the answer deserves one
        if time.monotonic() - reported >= _REPORT_SECONDS:
            reported = time.monotonic()
            report(str(progress))
    report(str(progress))


def _write(lake: Lake, work: _Work, teacher: Teacher) -> CellResponses:
    outcomes: Counter[str] = Counter()
    rows = []
    for prompt in work.prompts:
        request, completion, attempt = work.last(prompt, teacher)
        if completion is None:
            raise RuntimeError(f"the engine ended without answering request {request.request_id} of {work.cell}")
        judgement = judge(prompt, completion)
        outcomes[judgement.outcome] += 1
        rows.append(_row(prompt, teacher, request, completion, judgement, attempt))
    lake.write_cell(RESPONSES, work.cell, rows, teacher=teacher.name)
    return CellResponses(dict(outcomes), work.asked, work.tokens, work.seconds)


def _row(
    prompt: Prompt,
    teacher: Teacher,
    request: Request,
    completion: Completion,
    judgement: Judgement,
    attempt: int,
) -> dict[str, Any]:
    carried = ("prompt_id", "seed_id", "source", "source_id", "source_revision", "language", "strategy")
    return {
        **{name: prompt[name] for name in carried},
        "sample_index": 0,
        "request_id": request.request_id,
        "teacher": teacher.name,
        "model": teacher.model,
        "model_revision": teacher.revision,
        "sampling": json.dumps(request.sampling, sort_keys=True),
        "outcome": judgement.outcome,
        "reason": judgement.reason,
        "raw_text": completion.text,
        "prompt": judgement.prompt,
        "response": judgement.response,
        "finish_reason": completion.finish_reason,
        "prompt_tokens": completion.prompt_tokens,
        "response_tokens": completion.response_tokens,
        "attempts": attempt,
        "prompt_language": judgement.prompt_language.code,
        "prompt_language_score": judgement.prompt_language.score,
        "response_language": judgement.response_language.code,
        "response_language_score": judgement.response_language.score,
        "licenses": sorted({*prompt["licenses"], teacher.license}),
    }
