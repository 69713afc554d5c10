"""Promises about the ledger and about runs that have nothing left to do.

* Keeping an answer, flushes to the disk included: at most 50 µs of CPU.
* Replaying a finished cell set of 356,471 rows, the size of the published dataset: at most 14 µs of CPU a row, and the
  engine is not loaded.
* From 10,000 to 1,000,000 ledger lines in one cell: memory grows by at most 200 bytes a line, because only ids and
  places are held, and so does the time until the first request is asked again.

Answers and prompts are German texts of ordinary length (answers about 600 characters). Every step runs in a process of
its own, whose CPU time and largest memory are reported.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from promises import promise

from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.domain.grid import RESPOND, Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.inference.engine import Completion, Engine, Take
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.lake.store import Lake
from polyglot_assets.responses.ledger import Ledger, ledger_path
from polyglot_assets.responses.requests import make_request
from polyglot_assets.responses.stage import respond

TEACHER = Teacher("bench", "org/bench", "mit", max_tokens=512, sampling={"temperature": 0.7})
PUBLISHED_ROWS = 356_471
LANGUAGES = ("ar", "cs", "de", "es", "id", "ja", "tl")
LINES = (10_000, 100_000, 1_000_000)
ANSWER = "Das ist eine vollständige und klare Antwort auf die Frage, die du gerade eben gestellt hast. " * 6


def prompts(cell: Cell, rows: int) -> Iterator[dict[str, Any]]:
    """Prompt rows of a cell in key order."""
    for number, prompt_id in enumerate(sorted(content_id(cell.key, str(number)) for number in range(rows))):
        question = f"Frage {number}: Wie geht das genau, und warum ist es so und nicht anders?"
        yield {
            "prompt_id": prompt_id,
            "seed_id": prompt_id,
            "exemplar_ids": [],
            "source": "org/seeds",
            "source_id": str(number),
            "source_revision": "1",
            "language": cell.language,
            "strategy": cell.strategy,
            "seed_language": cell.language,
            "template_version": "1",
            "system_prompt": "Du hilfst Menschen auf Deutsch und antwortest vollständig.",
            "synth_prompt": f"{question} {question} {question}",
            "prompt": question,
            "prompt_key": prompt_id,
            "licenses": ["apache-2.0"],
        }


class Answering:
    """An engine that answers at once, and stops after so many answers."""

    def __init__(self, answers: int) -> None:
        self.left = answers

    def stream(self, take: Take) -> Iterator[Completion]:
        """See `Engine.stream`."""
        while self.left and (request := take()) is not None:
            self.left -= 1
            yield Completion(request.request_id, ANSWER, "stop", prompt_tokens=200, response_tokens=150)

    def close(self) -> None:
        """Nothing to give back."""


def refuse() -> Engine:
    """In place of an engine where none may be loaded."""
    raise RuntimeError("the engine was loaded")


def commit(folder: Path, rows: int) -> dict[str, float]:
    """Appends answers to a ledger."""
    cell = Cell("de", RESPOND)
    requests = [make_request(prompt, TEACHER, TEACHER.max_tokens).request_id for prompt in prompts(cell, rows)]
    started = time.process_time()
    with Ledger(ledger_path(folder, TEACHER.name, cell)) as ledger:
        for request_id in requests:
            ledger.append(Completion(request_id, ANSWER, "stop", prompt_tokens=200, response_tokens=150))
    return {"cpu": time.process_time() - started}


def fill(folder: Path, rows: int) -> dict[str, float]:
    """Makes a finished cell set: prompts, ledgers, response cells."""
    lake = Lake(folder)
    cells = [Cell(language, strategy) for language in LANGUAGES for strategy in ("generate", RESPOND, "translate")]
    for number, cell in enumerate(cells):
        share = rows // len(cells) + (number < rows % len(cells))
        # Plain requests in all cells: a schema would only change the text of the answer.
        lake.write_ordered_cell(PROMPTS, cell, ({**row, "strategy": RESPOND} for row in prompts(cell, share)))
    started = time.process_time()
    # One more than there are: an engine that stops early leaves its last cell to the next run.
    list(respond(lake, TEACHER, cells, lambda: Answering(rows + 1), lambda _: None))
    return {"cpu": time.process_time() - started}


def replay(folder: Path, rows: int) -> dict[str, float]:
    """Asks for a finished cell set again."""
    lake = Lake(folder)
    cells = [Cell(language, strategy) for language in LANGUAGES for strategy in ("generate", RESPOND, "translate")]
    started = time.process_time()
    results = dict(respond(lake, TEACHER, cells, refuse, lambda _: None))
    seconds = time.process_time() - started
    if sum(sum(result.outcomes.values()) for result in results.values()) != rows:
        raise RuntimeError("the replay did not see every row")
    return {"cpu": seconds}


def interrupt(folder: Path, rows: int) -> dict[str, float]:
    """Leaves one cell with all but its last ten answers."""
    lake, cell = Lake(folder), Cell("de", RESPOND)
    lake.write_ordered_cell(PROMPTS, cell, prompts(cell, rows))
    stream = respond(lake, TEACHER, [cell], lambda: Answering(rows - 10), lambda _: None)
    started = time.process_time()
    list(stream)
    return {"cpu": time.process_time() - started}


def resume(folder: Path, _: int) -> dict[str, float]:
    """Goes on with an interrupted cell, up to its first new request."""
    started, wall = time.process_time(), time.perf_counter()
    found: dict[str, float] = {}

    class First(Answering):
        def stream(self, take: Take) -> Iterator[Completion]:  # noqa: ARG002 it takes nothing
            found["cpu"], found["wall"] = time.process_time() - started, time.perf_counter() - wall
            yield from ()

    list(respond(Lake(folder), TEACHER, [Cell("de", RESPOND)], lambda: First(0), lambda _: None))
    found["bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return found


STEPS: dict[str, Callable[[Path, int], dict[str, float]]] = {
    step.__name__: step for step in (commit, fill, replay, interrupt, resume)
}


def apart(step: str, folder: Path, rows: int) -> dict[str, float]:
    """What a step reports, run in a process of its own."""
    arguments = [sys.executable, __file__, step, str(folder), str(rows)]
    return dict(json.loads(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout))


def main() -> None:
    """Prints the figures beside the promises."""
    with tempfile.TemporaryDirectory() as root:
        rows = 200_000
        spent = apart("commit", Path(root) / "commit", rows)["cpu"] / rows * 1e6
        promise("keeping an answer in the ledger, flushes included", "≤ 50 µs of CPU", f"{spent:.0f} µs")

        folder = Path(root) / "set"
        made = apart("fill", folder, PUBLISHED_ROWS)["cpu"] / PUBLISHED_ROWS * 1e6
        print(
            f"{PUBLISHED_ROWS:,} rows through the lake with an engine that answers at once: {made:.0f} µs of CPU a row"
        )
        spent = apart("replay", folder, PUBLISHED_ROWS)["cpu"] / PUBLISHED_ROWS * 1e6
        found = f"{spent:.1f} µs, {spent / made:.3f} of making them"
        promise(f"replaying a finished cell set of {PUBLISHED_ROWS:,} rows", "≤ 14 µs of CPU a row, no engine", found)

        memory = {}
        for rows in LINES:
            folder = Path(root) / str(rows)
            apart("interrupt", folder, rows)
            resumed = apart("resume", folder, rows)
            memory[rows] = resumed["bytes"]
            print(
                f"{rows:>9,} lines in a cell: first new request after {resumed['wall']:.1f} s "
                f"({resumed['cpu'] / rows * 1e6:.1f} µs of CPU a line), {resumed['bytes'] / 2**20:.0f} MiB of memory"
            )
        first, last = min(LINES), max(LINES)
        grown = (memory[last] - memory[first]) / (last - first)
        promise(
            "memory between 10,000 and 1,000,000 ledger lines in a cell", "≤ 200 bytes a line", f"{grown:.0f} bytes"
        )


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        print(json.dumps(STEPS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))))
