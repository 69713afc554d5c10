"""Lets a machine with AVX-512 play one without: PYTHONPATH=tests/without_avx512 ATEN_CPU_CAPABILITY=avx2
DNNL_MAX_CPU_ISA=AVX2 in front of any command.

The two variables limit torch and oneDNN; vLLM goes by what torch says of the CPU, so that is changed here, in every
Python process of the command. This is no test: Python imports a module of this name at its start.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class WithoutAvx512(MetaPathFinder):
    """Loads torch.cpu and has it deny AVX-512 and AMX."""

    def find_spec(self, fullname: str, path=None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != "torch.cpu":
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path)
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            for name in vars(module):
                if name.startswith(("_is_avx512", "_is_amx", "_is_vnni")):
                    setattr(module, name, lambda: False)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, WithoutAvx512())
