"""The adapter around vLLM, with a stand-in for vLLM: dying, refusing, versions.

The real vLLM is in test_vllm_engine.py.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest
from jinja2.exceptions import TemplateError
from scripted import taking

from polyglot_assets.domain.errors import EngineDown, UserError
from polyglot_assets.inference import vllm_engine
from polyglot_assets.inference.engine import Request
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.inference.vllm_engine import VllmEngine, engine_arguments

TEACHER = Teacher("t", "org/model", "mit", max_tokens=8, max_model_len=100)


class FakeCore:
    """vLLM's LLMEngine as far as the adapter knows it; dies at the steps it is told."""

    loads: ClassVar[list["FakeCore"]] = []
    deaths: ClassVar[list[int]] = []
    fails_to_load = False

    def __init__(self) -> None:
        self.queued: dict[str, dict[str, Any]] = {}
        self.steps = 0
        self.aborted: list[str] = []
        self.vllm_config = SimpleNamespace(
            scheduler_config=SimpleNamespace(max_num_seqs=4), model_config=SimpleNamespace(dtype="torch.float32")
        )
        self.engine_core = SimpleNamespace(shutdown=lambda: None, get_output=self.get_output)
        self.dies_at = FakeCore.deaths.pop(0) if FakeCore.deaths else None

    @classmethod
    def from_engine_args(cls, _: Any) -> "FakeCore":
        if cls.fails_to_load:
            raise OSError("org/model is not a local folder\nand not on the hub")
        cls.loads.append(cls())
        return cls.loads[-1]

    def get_tokenizer(self) -> Any:
        return SimpleNamespace(apply_chat_template=lambda messages, **_: [1] * len(messages[0]["content"]))

    def add_request(self, request_id: str, prompt: Any, params: Any, **more: Any) -> None:
        if params == "refused":
            raise ValueError("temperature must be non-negative")
        if params == "no grammar":
            raise sys.modules["vllm.exceptions"].VLLMClientError("the schema has no grammar")
        self.queued[request_id] = more

    def step(self) -> list[Any]:
        self.steps += 1
        if self.steps == self.dies_at:
            raise RuntimeError("CPU Generator does not use offset")
        self.engine_core.get_output()
        request_id = next(iter(self.queued))
        del self.queued[request_id]
        answer = SimpleNamespace(text=f"answer to {request_id}", finish_reason="stop", token_ids=[1, 2])
        return [SimpleNamespace(finished=True, request_id=request_id, outputs=[answer], prompt_token_ids=[1])]

    def get_output(self) -> Any:
        part = SimpleNamespace(request_id=f"core-{self.steps}", new_token_ids=[1, 2], finish_reason="stop")
        return SimpleNamespace(outputs=[part])

    def abort_request(self, request_ids: list[str]) -> None:
        self.aborted += request_ids


@pytest.fixture(autouse=True)
def fake_vllm(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    def module(name: str, **attributes: Any) -> ModuleType:
        made = ModuleType(name)
        made.__dict__.update(attributes)
        monkeypatch.setitem(sys.modules, name, made)
        return made

    vllm = module("vllm", __version__="0.32.1", EngineArgs=SimpleNamespace)
    module("vllm.platforms", current_platform=SimpleNamespace(is_cpu=lambda: False))
    module("vllm.v1")
    module("vllm.v1.engine")
    module("vllm.v1.engine.llm_engine", LLMEngine=FakeCore)
    module("vllm.lora")
    module("vllm.exceptions", VLLMClientError=type("VLLMClientError", (Exception,), {}))
    module("vllm.lora.request", LoRARequest=lambda *arguments: arguments)
    monkeypatch.setattr(vllm_engine, "sampling_params", lambda request, **_: request.sampling.get("as"))
    FakeCore.loads, FakeCore.deaths, FakeCore.fails_to_load = [], [], False
    return vllm


def engine(teacher: Teacher = TEACHER, said: list[str] | None = None) -> VllmEngine:
    return VllmEngine(teacher, Path("unused"), (said if said is not None else []).append)


def request(number: int, **sampling: Any) -> Request:
    return Request(f"r{number}", ({"role": "user", "content": "hello"},), {"max_tokens": 8, **sampling})


def test_an_engine_that_dies_is_started_once_more_with_what_was_under_way() -> None:
    FakeCore.deaths = [4]
    said: list[str] = []
    completions = list(engine(said=said).stream(taking(request(n) for n in range(20))))
    assert sorted(c.request_id for c in completions) == sorted(f"r{n}" for n in range(20))
    assert all(c.finish_reason == "stop" for c in completions)
    assert len(FakeCore.loads) == 2
    assert any("vLLM died (RuntimeError: CPU Generator does not use offset)" in line for line in said)


@pytest.mark.parametrize("deaths", [[1, 1], [4, 9]])
def test_an_engine_that_dies_twice_is_reported_with_what_it_still_owed(deaths: list[int]) -> None:
    FakeCore.deaths = list(deaths)
    found: list[str] = []
    stream = engine().stream(taking(request(n) for n in range(30)))
    with pytest.raises(EngineDown, match=r"t: vLLM died a second time \(RuntimeError: CPU .*; 8 answers under way"):
        found.extend(completion.request_id for completion in stream)
    assert len(found) == len(set(found)) == sum(deaths) - 2
    assert len(FakeCore.loads) == 2


def test_a_request_that_vllm_refuses_is_an_error_and_the_others_go_on() -> None:
    asked = [request(0, **{"as": "refused"}), request(1, **{"as": "no grammar"}), request(2)]
    found = {c.request_id: c for c in engine().stream(taking(asked))}
    assert found["r0"].error == "vLLM refuses the request: ValueError: temperature must be non-negative"
    assert found["r1"].error == "vLLM refuses the request: VLLMClientError: the schema has no grammar"
    assert [found[f"r{n}"].finish_reason for n in range(3)] == ["error", "error", "stop"]
    assert len(FakeCore.loads) == 1


@pytest.mark.parametrize("refusal", [TypeError("Unexpected keyword argument 'temprature'"), ValueError("top_p is 7")])
def test_sampling_that_vllm_does_not_know_ends_the_run_before_anything_is_loaded(
    monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    def refuse(request: Request, **_: object) -> None:
        assert request.sampling == {"temprature": 1.0, "max_tokens": 8}
        raise refusal

    monkeypatch.setattr(vllm_engine, "sampling_params", refuse)
    with pytest.raises(
        UserError, match=rf"^t: vLLM does not take its sampling \({type(refusal).__name__}: {refusal}\)$"
    ):
        engine(replace(TEACHER, sampling={"temprature": 1.0}))
    assert FakeCore.loads == []


class Template:
    """A tokenizer whose chat template takes some messages and not others."""

    def __init__(self, takes: Callable[[list[dict[str, str]]], bool]) -> None:
        self.takes = takes
        self.read: list[list[dict[str, str]]] = []

    def apply_chat_template(self, messages: list[dict[str, str]], **_: Any) -> list[int]:
        if not self.takes(messages):
            raise TemplateError("System role not supported")
        self.read.append(messages)
        return [1, 2, 3]


def with_template(takes: Callable[[list[dict[str, str]]], bool], said: list[str]) -> tuple[VllmEngine, Template]:
    made, template = engine(said=said), Template(takes)
    made._tokenizer = template
    return made, template


def asked(number: int, text: str = "U") -> Request:
    messages = ({"role": "system", "content": "S"}, {"role": "user", "content": text})
    return Request(f"r{number}", messages, {"max_tokens": 8})


def test_a_template_without_system_role_gets_its_text_in_the_user_turn() -> None:
    said: list[str] = []
    made, template = with_template(lambda messages: messages[0]["role"] != "system", said)
    completions = list(made.stream(taking(asked(n) for n in range(3))))
    assert {c.finish_reason for c in completions} == {"stop"}
    assert template.read == [[{"role": "user", "content": "S\n\nU"}]] * 3
    assert {c.engine for c in completions} == {"vllm 0.32.1 float32 (system text in the user turn)"}
    assert said == ["org/model takes no system role; its text goes into the user turn"]
    assert len(FakeCore.loads) == 1


def test_a_template_that_takes_nothing_is_one_line_and_no_second_load() -> None:
    made, _ = with_template(lambda _: False, [])
    with pytest.raises(
        EngineDown, match=r"t: org/model cannot be asked, the chat template says: TemplateError: System"
    ):
        list(made.stream(taking(asked(n) for n in range(3))))
    assert len(FakeCore.loads) == 1


def test_a_template_that_refuses_one_request_does_not_end_the_others() -> None:
    made, _ = with_template(lambda messages: "odd" not in messages[-1]["content"], [])
    found = {c.request_id: c for c in made.stream(taking([asked(0, "odd"), asked(1)]))}
    assert found["r0"].finish_reason == "error"
    assert "TemplateError" in (found["r0"].error or "")
    assert found["r1"].finish_reason == "stop"
    assert len(FakeCore.loads) == 1


def test_leaving_early_takes_back_what_was_under_way() -> None:
    stream = engine().stream(taking(request(n) for n in range(20)))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert len(FakeCore.loads[0].aborted) == 7


def test_a_model_that_cannot_be_loaded_is_one_line() -> None:
    FakeCore.fails_to_load = True
    with pytest.raises(EngineDown) as error:
        engine()
    assert str(error.value) == (
        "t: vLLM cannot load org/model (OSError: org/model is not a local folder and not on the hub)"
    )


@pytest.mark.parametrize("version", ["0.29.4", "0.34.0", "0.34.0rc1", "1.0"])
def test_other_versions_of_vllm_are_refused(fake_vllm: ModuleType, version: str) -> None:
    fake_vllm.__dict__["__version__"] = version
    with pytest.raises(UserError, match=f"vLLM {version} is installed; this project knows 0.30 up to"):
        engine()


@pytest.mark.parametrize("version", ["0.30.0", "0.32.0+cpu", "0.33.2.dev1"])
def test_versions_of_the_range_are_taken(fake_vllm: ModuleType, version: str) -> None:
    fake_vllm.__dict__["__version__"] = version
    engine().close()


def test_the_range_is_that_of_the_packages() -> None:
    first, end = (".".join(map(str, version)) for version in vllm_engine._VERSIONS)
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert f'"vllm>={first},<{end}"' in text


def test_without_vllm_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(UserError, match="vLLM cannot be imported"):
        engine()


def test_the_type_of_the_computation_stands_in_each_answers_engine() -> None:
    (completion,) = engine().stream(taking([request(0)]))
    assert completion.engine == "vllm 0.32.1 float32"


def test_tokens_are_counted_while_the_engine_works_also_when_it_died_once() -> None:
    FakeCore.deaths = [4]
    loaded = engine()
    stream = loaded.stream(taking(request(n) for n in range(10)))
    next(stream)
    counts = loaded.counts
    assert (counts.prompts, counts.queued, counts.under_way) == (8, 8 * 5, 7)
    assert (counts.read, counts.unread, counts.written) == (5, 7 * 5, 2)
    assert len(list(stream)) == 9
    assert (counts.under_way, counts.unread) == (0, 0)
    assert (counts.read, counts.written) == (10 * 5, 10 * 2)


def test_the_teachers_engine_arguments_come_last() -> None:
    teacher = replace(
        TEACHER, revision="abc", engine={"tensor_parallel_size": 4, "quantization": "fp8", "max_model_len": 50}
    )
    arguments = engine_arguments(teacher, Path("unused"), print)
    assert (arguments["tensor_parallel_size"], arguments["quantization"]) == (4, "fp8")
    assert (arguments["max_model_len"], arguments["revision"]) == (50, "abc")


def test_data_parallel_engines_are_for_servers() -> None:
    with pytest.raises(UserError, match="polyglot serve-teacher t"):
        engine(replace(TEACHER, engine={"data_parallel_size": 2}))


def test_a_lora_adapter_goes_with_every_request() -> None:
    teacher = replace(TEACHER, lora="org/adapter")
    assert engine_arguments(teacher, Path("unused"), print)["enable_lora"] is True
    stream = engine(teacher).stream(taking([request(0), request(1)]))
    next(stream)
    assert FakeCore.loads[0].queued["r1"] == {"lora_request": ("t", 1, "org/adapter")}
