"""Where compiled loops are kept.

Here: telling numba, before any loop is declared. Not here: the loops (kernels.py and the files named *_kernels.py).

By itself numba keeps them beside the source or below the home and refuses to compile where it can write to neither: in
an installation of the system's, for an account without a home. That would end a run after its answers were paid.

Imports numba: not to be imported when the code location loads.
"""

import tempfile
from pathlib import Path

from numba import config  # noqa: TID253 only the modules with loops import this, which are imported inside functions

from polyglot_assets.domain.folders import cache_folder


def _keeps() -> bool:
    config.CACHE_DIR = config.CACHE_DIR or str(cache_folder() / "kernels")
    try:
        Path(config.CACHE_DIR).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=config.CACHE_DIR):
            return True
    except OSError:
        return False


CACHED = _keeps()
"""Whether compiled loops can be kept; if not, every process compiles what it needs (some seconds)."""
