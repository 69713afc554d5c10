"""Promise: asking through the lake keeps at least 0.95 of the speed of the bare engine, commits included.

Both sides ask the same requests of the same vLLM engine in this process, in turns: bare (all requests added, then
stepped to the end, which is what `LLM.generate` does) and through `respond` (ledger, retries, outcomes, Parquet). The
prefix cache is emptied before each turn. Ratios are of tokens per CPU second and per second of wall time.
"""

import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from promises import promise

from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.domain.grid import GENERATE, RESPOND, Cell
from polyglot_assets.inference.engine import Request
from polyglot_assets.inference.registry import Teacher, enabled
from polyglot_assets.inference.vllm_engine import VllmEngine, sampling_params
from polyglot_assets.lake.store import Lake
from polyglot_assets.prompts.build import build
from polyglot_assets.prompts.templates import load
from polyglot_assets.responses.requests import make_request, may_need_retry
from polyglot_assets.responses.stage import respond
from polyglot_assets.seeds.acquire import find
from polyglot_assets.seeds.fill import fill
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import Settings

TURNS = 3
ROWS_PER_CELL = 24
LANGUAGES = ("de", "es")


Rows = dict[Cell, list[dict[str, Any]]]


def prompts(settings: Settings, strategy: str) -> Rows:
    """Prompt rows of the sample seeds by cell."""
    cells = [Cell(language, strategy) for language in LANGUAGES]
    filled = [fill(source, find(source, settings), cells, settings) for source in SOURCES]
    return {
        cell: build(cell, [seed for f in filled for seed in f[cell].rows], load()[strategy], ROWS_PER_CELL)[0]
        for cell in cells
    }


def bare(engine: Any, tokenizer: Any, requests: list[Any]) -> int:
    """Tokens that the bare engine writes for the requests."""
    for request in requests:
        tokens = tokenizer.apply_chat_template(
            list(request.messages), add_generation_prompt=True, tokenize=True, return_dict=False
        )
        engine.add_request(request.request_id, {"prompt_token_ids": tokens}, sampling_params(request))
    written = 0
    while engine.has_unfinished_requests():
        written += sum(len(output.outputs[0].token_ids) for output in engine.step() if output.finished)
    return written


def timed(work: Callable[[], int]) -> tuple[float, float]:
    """(tokens per CPU second, tokens per wall second) of `work`, which returns its tokens."""
    cpu, wall = time.process_time(), time.perf_counter()
    tokens = work()
    return tokens / (time.process_time() - cpu), tokens / (time.perf_counter() - wall)


def answered_at_once(engine: VllmEngine, teacher: Teacher, rows: Rows) -> Rows:
    """The prompts whose first answer needs no second try: with those both sides do the same work. Also a warm-up."""
    completions = {}
    requests = deque(requests_of(rows, teacher))
    for completion in engine.stream(lambda: requests.popleft() if requests else None):
        completions[completion.request_id] = completion
    return {  # in the order in which the lake reads them, so that both sides make the same batches
        cell: [
            p
            for p in sorted(own, key=lambda p: p["prompt_id"])
            if not may_need_retry(p, completions[make_request(p, teacher, teacher.max_tokens).request_id])
        ]
        for cell, own in rows.items()
    }


def requests_of(rows: Rows, teacher: Teacher) -> list[Request]:
    """The first request of every prompt, in the order of the cells."""
    return [make_request(prompt, teacher, teacher.max_tokens) for cell in sorted(rows) for prompt in rows[cell]]


def turn(engine: VllmEngine, teacher: Teacher, rows: Rows, name: str) -> tuple[float, float]:
    """Asks the same requests both ways; (ratio per CPU second, ratio per second of wall time)."""
    inner: Any = engine._engine  # noqa: SLF001 the bare engine is what is compared with
    requests = requests_of(rows, teacher)
    inner.reset_prefix_cache()
    raw = timed(lambda: bare(inner, inner.get_tokenizer(), requests))
    inner.reset_prefix_cache()
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        for cell, prompt_rows in rows.items():
            lake.write_cell(PROMPTS, cell, prompt_rows)

        def through() -> int:
            # No room for second tries: what is cut differs from turn to turn, and the bare engine tries nothing twice.
            once = replace(teacher, max_model_len=0)
            results = respond(lake, once, list(rows), lambda: engine, lambda _: None)
            return sum(result.response_tokens for _, result in results)

        asked = timed(through)
    print(f"  {name}: {len(requests)} requests, bare {raw[1]:.0f} tokens/s, through the lake {asked[1]:.0f}")
    return asked[0] / raw[0], asked[1] / raw[1]


def main() -> None:
    """Prints the ratios for plain and structured requests."""
    settings = Settings()
    teacher = enabled(settings)[0]
    engine = VllmEngine(teacher, settings.cache, print)
    for strategy, name in ((RESPOND, "plain text"), (GENERATE, "structured")):
        rows = answered_at_once(engine, teacher, prompts(settings, strategy))
        ratios = [turn(engine, teacher, rows, name) for _ in range(TURNS)]
        cpu, wall = (median(ratio[side] for ratio in ratios) for side in (0, 1))
        promise(
            f"asking through the lake against the bare vLLM engine, {name}, commits included",
            "≥ 0.95 of its tokens/s",
            f"{wall:.2f}, by CPU seconds {cpu:.2f}",
        )
    engine.close()


if __name__ == "__main__":
    main()
