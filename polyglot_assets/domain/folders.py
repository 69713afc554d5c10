"""Where things are kept that can be made again, whatever lake they are for.

Here: the folder's path. Not here: making it, and every other choice of the user (settings/).
"""

import os
from pathlib import Path

_chosen: list[Path] = []


def use(cache: Path) -> None:
    """Says which folder the settings name, which may stand in a file that this floor does not know."""
    _chosen[:] = [cache]


def cache_folder() -> Path:
    """The folder that the settings name; before they were read that of POLYGLOT_CACHE, else the default."""
    if _chosen:
        return _chosen[0]
    chosen = os.environ.get("POLYGLOT_CACHE")
    return Path(os.path.expanduser(chosen)).absolute() if chosen else default_cache()  # noqa: PTH111 never raises


def default_cache() -> Path:
    """`~/.cache/polyglot-assets`."""
    try:
        home = Path.home()
    except RuntimeError:  # neither HOME nor an entry in the list of users, as in many containers
        home = Path("/nonexistent")  # where nothing can be kept; who wants it kept sets POLYGLOT_CACHE
    return home / ".cache" / "polyglot-assets"
