"""Where things are kept that can be made again, whatever lake they are for.

Here: the folder's path. Not here: making it, and every other choice of the user (settings.py).
"""

import os
from pathlib import Path


def cache_folder() -> Path:
    """The folder that POLYGLOT_CACHE names, else the default."""
    chosen = os.environ.get("POLYGLOT_CACHE")
    return Path(os.path.expanduser(chosen)).absolute() if chosen else default_cache()  # noqa: PTH111 never raises


def default_cache() -> Path:
    """`~/.cache/polyglot-assets`."""
    try:
        home = Path.home()
    except RuntimeError:  # neither HOME nor an entry in the list of users, as in many containers
        home = Path("/nonexistent")  # where nothing can be kept; who wants it kept sets POLYGLOT_CACHE
    return home / ".cache" / "polyglot-assets"
