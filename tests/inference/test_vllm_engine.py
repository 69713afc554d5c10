"""The real vLLM on this machine's CPU with the embedded teacher: slow to load, so one engine serves all tests.

Where vLLM is not installed the tests skip and say so.
"""

import json
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from scripted import taking

from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.inference.registry import enabled
from polyglot_assets.inference.vllm_engine import VllmEngine
from polyglot_assets.recipes.recipe import PAIR
from polyglot_assets.settings import Settings

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed"),
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The converted checkpoint: the user's if it exists, so that it is not made again for every test run."""
    chosen = os.environ.get("POLYGLOT_CACHE")
    return Path(chosen) if chosen else Settings().cache


@pytest.fixture(scope="module")
def engine(cache: Path) -> Iterator[VllmEngine]:
    import_module("numba")  # as in a process that looked for duplicates before
    teacher = enabled(Settings())[0]
    engine = VllmEngine(teacher, cache, lambda line: None)
    yield engine
    engine.close()


def request(number: int, text: str, max_tokens: int = 40, *, schema: bool = False) -> Request:
    messages = ({"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": text})
    sampling = {"temperature": 0.7, "top_p": 0.9, "max_tokens": max_tokens, "seed": number}
    return Request(f"r{number}", messages, sampling, PAIR.schema if schema else None)


def answers(engine: VllmEngine, requests: list[Request]) -> dict[str, Completion]:
    completions = list(engine.stream(taking(requests)))
    assert len(completions) == len(requests)
    return {completion.request_id: completion for completion in completions}


def test_plain_and_structured_requests_in_one_stream(engine: VllmEngine) -> None:
    requests = [
        request(n, f"Name {n + 2} colours.", schema=n % 2 == 0, max_tokens=20 if n % 2 else 150) for n in range(8)
    ]
    found = answers(engine, requests)
    assert set(found) == {f"r{n}" for n in range(8)}
    assert engine.counts.written >= sum(c.response_tokens or 0 for c in found.values())
    assert engine.counts.read == engine.counts.queued == sum(c.prompt_tokens or 0 for c in found.values())
    assert (engine.counts.under_way, engine.counts.unread) == (0, 0)
    for number in range(0, 8, 2):
        completion = found[f"r{number}"]
        if completion.finish_reason == "stop":
            assert set(json.loads(completion.text, strict=False)) == {"prompt", "response"}
    assert any(found[f"r{n}"].finish_reason == "stop" for n in range(0, 8, 2))
    assert all(c.prompt_tokens and c.response_tokens for c in found.values())


def test_results_come_in_completion_order(engine: VllmEngine) -> None:
    long, short = request(0, "Tell a long story.", max_tokens=30), request(1, "Say yes.", max_tokens=2)
    order = [completion.request_id for completion in engine.stream(taking([long, short]))]
    assert order == ["r1", "r0"]


def test_a_cut_answer_says_so(engine: VllmEngine) -> None:
    (completion,) = answers(engine, [request(0, "Count from one to one hundred in words.", max_tokens=5)]).values()
    assert completion.finish_reason == "length"
    assert completion.response_tokens == 5


def test_a_prompt_without_room_is_too_long_and_the_others_go_on(engine: VllmEngine) -> None:
    found = answers(engine, [request(0, "word " * 5000), request(1, "Say yes.")])
    assert found["r0"].finish_reason == "too_long"
    assert (found["r0"].prompt_tokens or 0) > 4096
    assert found["r1"].finish_reason in ("stop", "length")


def test_more_requests_than_the_queue_holds_and_some_appended_on_the_way(engine: VllmEngine) -> None:
    queue = deque(request(n, f"What is {n} plus one?", max_tokens=4) for n in range(150))
    seen = set()
    for completion in engine.stream(taking(queue)):
        if len(seen) < 5:
            queue.append(request(1000 + len(seen), "Say no.", max_tokens=2))
        seen.add(completion.request_id)
    assert len(seen) == 155


def test_the_same_seed_gives_the_same_answer(engine: VllmEngine) -> None:
    first = answers(engine, [request(7, "Write a sentence about the sea.")])
    assert answers(engine, [request(7, "Write a sentence about the sea.")]) == first
    assert answers(engine, [request(8, "Write a sentence about the sea.")])["r8"].text != first["r7"].text


def test_a_stream_that_is_left_early_leaves_nothing_behind(engine: VllmEngine) -> None:
    stream = engine.stream(taking(request(n, "Tell a long story.", max_tokens=50) for n in range(6)))
    next(stream)
    stream.close()
    assert set(answers(engine, [request(50, "Say yes.")])) == {"r50"}


def test_an_engine_that_dies_is_started_again_and_answers_everything(
    engine: VllmEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What dies here is the stepping; loading vLLM a second time into the same process is the real thing."""
    steps = [0]
    alive = engine._engine.step

    def step() -> Any:
        steps[0] += 1
        if steps[0] == 5:
            raise RuntimeError("CPU Generator does not use offset")
        return alive()

    monkeypatch.setattr(engine._engine, "step", step)
    dead = engine._engine
    found = answers(engine, [request(n, f"What is {n} plus one?", max_tokens=8) for n in range(12)])
    assert set(found) == {f"r{n}" for n in range(12)}
    assert engine._engine is not dead


def test_a_lora_adapter_changes_the_answers(engine: VllmEngine, cache: Path, tmp_path: Path) -> None:
    """In float32, so that this type is computed on every machine, and an engine's start is saved."""
    engine.close()
    teacher = replace(enabled(Settings(cpu_dtype="float32"))[0], lora=str(adapter(tmp_path)), sampling={})
    adapted = VllmEngine(teacher, cache, lambda line: None)
    question = replace(request(1, "Name three colours."), sampling={"temperature": 0.0, "max_tokens": 12})
    with_adapter = answers(adapted, [question])["r1"].text
    adapted._teacher = replace(teacher, lora="")  # the same engine, now without the adapter
    without = answers(adapted, [question])["r1"]
    assert without.text != with_adapter
    assert "colo" in without.text  # the model answers: three colours, or what colours are
    assert (without.engine or "").endswith(" float32")
    adapted.close()


def adapter(folder: Path) -> Path:
    """A LoRA adapter for the embedded teacher: random, and large enough to be heard."""
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    weights = {}
    for layer in range(30):
        name = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        weights[f"{name}.lora_A.weight"] = torch.randn(8, 576)
        weights[f"{name}.lora_B.weight"] = torch.randn(576, 8)
    save_file(weights, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["q_proj"], "task_type": "CAUSAL_LM"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder
