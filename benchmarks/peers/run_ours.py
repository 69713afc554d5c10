"""Our side: `respond` with a `ServerEngine`, from the prompts in the lake to the response cell in the lake.

With the argument `unjudged` answers are parsed, but what they say is not looked at: the same work as the peers'.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from peers.contest import IN_FLIGHT, MAX_TOKENS, MODEL, SYSTEM, TEMPERATURE, Task, compete
from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.grid import RESPOND, Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.gates.registry import Gates
from polyglot_assets.inference.engine import Completion
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.inference.server_engine import ServerEngine
from polyglot_assets.lake.store import Lake
from polyglot_assets.responses import compact
from polyglot_assets.responses.outcomes import Judgement, read_answer
from polyglot_assets.responses.stage import respond
from polyglot_assets.text.normal import text_key

CELL = Cell("de", RESPOND)
TEACHER = Teacher(
    name="teacher",
    model=MODEL,
    license="apache-2.0",
    max_tokens=MAX_TOKENS,
    sampling={"temperature": TEMPERATURE},
)


def respond_to(lake: Lake, url: str) -> None:
    """Asks for the cell. All that depends on the interface of `respond` and of the engine is here."""
    engine = ServerEngine(TEACHER, [f"{url}/v1"], api_key="", concurrency=IN_FLIGHT)
    try:
        for _ in respond(lake, TEACHER, [CELL], lambda: engine, lambda _: None):
            pass
    finally:
        engine.close()


def row(question: str) -> dict[str, object]:
    """A row of the table `prompts`."""
    key = content_id(question)
    return {
        "prompt_id": content_id(key, CELL.key),
        "seed_id": key,
        "exemplar_ids": [],
        "source": "benchmark/questions",
        "source_id": key,
        "source_revision": "1",
        "language": CELL.language,
        "strategy": CELL.strategy,
        "seed_language": CELL.language,
        "template_version": "1",
        "system_prompt": SYSTEM,
        "synth_prompt": question,
        "prompt": question,
        "prompt_key": text_key(question),
        "licenses": ["apache-2.0"],
    }


def prepare(task: Task) -> Callable[[], None]:
    """See peers.contest.compete."""
    lake = Lake(task.folder)
    lake.write_cell(PROMPTS, CELL, [row(question) for question in task.questions])
    return lambda: respond_to(lake, task.url)


def written(task: Task) -> int:
    """Answers in the lake that passed every rule."""
    cell = Lake(task.folder).read_cell(RESPONSES, CELL, teacher=TEACHER.name)
    return sum(answer["outcome"] == "ok" for answer in cell)


def unjudged(prompt: Mapping[str, Any], completion: Completion, _: Gates) -> Judgement:
    """The outcome by the shape of an answer alone."""
    found = read_answer(prompt, completion)
    return found if isinstance(found, Judgement) else Judgement("ok", None, *found)


if __name__ == "__main__":
    if "unjudged" in sys.argv:
        compact.judge = unjudged  # type: ignore[assignment, attr-defined]
    compete(prepare, written)
