"""Promise: the type in which a CPU computes a teacher (bfloat16 or float32) is the faster of the two on that CPU.

Asks the embedded teacher the same requests in both types, each in a process of its own, twice in turns, and prints the
CPU seconds. PYTHONPATH=tests/without_avx512 with its two variables in front shows what a CPU without AVX-512 does.
"""

import json
import subprocess
import sys
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from statistics import mean

from promises import promise

from polyglot_assets.domain.grid import cells
from polyglot_assets.inference.cpu import BFLOAT16, FLOAT32, choose_dtype
from polyglot_assets.inference.engine import Request
from polyglot_assets.inference.registry import Teacher, enabled
from polyglot_assets.inference.vllm_engine import VllmEngine
from polyglot_assets.prompts.build import build
from polyglot_assets.prompts.templates import load
from polyglot_assets.responses.requests import make_request
from polyglot_assets.seeds.acquire import find
from polyglot_assets.seeds.fill import fill
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import Settings

TURNS = 2


def requests_for(teacher: Teacher, settings: Settings) -> list[Request]:
    """One request for each cell of the demo."""
    grid = cells(settings.languages)
    filled = [fill(source, find(source, settings), grid, settings) for source in SOURCES]
    requests = []
    for cell in grid:
        seeds = [seed for source in filled for seed in source[cell].rows]
        rows, _ = build(cell, seeds, load()[cell.strategy], 1)
        requests += [make_request(row, teacher, teacher.max_tokens) for row in rows]
    return requests


def ask(dtype: str) -> dict[str, float]:
    """CPU seconds, seconds and tokens of asking in a type, the engine's start apart."""
    settings = Settings()
    teacher = enabled(settings)[0]
    teacher = replace(teacher, engine={**teacher.engine, "dtype": dtype})
    requests = deque(requests_for(teacher, settings))
    engine = VllmEngine(teacher, settings.cache, lambda _: None)
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in engine.stream(lambda: requests.popleft() if requests else None):
        pass
    found = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    return found | {"read": engine.counts.read, "written": engine.counts.written}


def in_process(dtype: str) -> dict[str, float]:
    """`ask` in a process of its own: vLLM loads one type well, and torch keeps what it was told first."""
    command = [sys.executable, str(Path(__file__)), dtype]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found


def main() -> None:
    """Prints the figures and the ratio."""
    if sys.argv[1:]:
        print(json.dumps(ask(sys.argv[1])))
        return
    choice = choose_dtype()
    print(f"chosen here: {choice.dtype}, because {choice.reason}")
    cost: dict[str, list[float]] = {BFLOAT16: [], FLOAT32: []}
    for _ in range(TURNS):
        for dtype, seconds in cost.items():
            found = in_process(dtype)
            tokens = found["read"] + found["written"]
            seconds.append(1000 * found["cpu"] / tokens)
            print(
                f"  {dtype}: {found['read']} tokens read and {found['written']} written in {found['wall']:.0f} s, "
                f"{found['cpu']:.0f} CPU s, {seconds[-1]:.1f} ms of CPU a token"
            )
    other = FLOAT32 if choice.dtype == BFLOAT16 else BFLOAT16
    ratio = mean(cost[other]) / mean(cost[choice.dtype])
    compared = f"{choice.dtype} {ratio:.2f} times as fast as {other}"
    promise("the type in which a CPU computes, against the other one", "faster", compared)


if __name__ == "__main__":
    main()
