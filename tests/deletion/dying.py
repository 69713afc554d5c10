"""A deletion that is killed at an exact point: called by test_kills.py, as a process of its own.

It reads lines of JSON, forks a child for each, and answers with how that ended. The child deletes what the line says,
and kills itself with SIGKILL before its n-th change to the file system. The points are seen by an audit hook, so each
is one: opening a file to write, renaming, removing, making a folder, opening a database.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import lake_factory

from polyglot_assets.lake import tombstones
from polyglot_assets.lake.store import Lake
from polyglot_assets.lake.tombstones import Request
from polyglot_assets.release import versions

_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink", "sqlite3.connect"}


class _Death:
    """Counts changes below a folder, and kills the process before the n-th."""

    def __init__(self, root: str, point: int) -> None:
        self.root, self.point, self.changes = root, point, 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            change = isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        else:
            path, change = (arguments or ("",))[0], event in _CHANGES
        if change and str(path).startswith(self.root):
            self.changes += 1
            if self.changes == self.point:
                os.kill(os.getpid(), signal.SIGKILL)


def _child(root: str, point: int, requests: list[list[str]]) -> None:
    tombstones.now = lambda: "2026-11-21T12:00:00+00:00"  # type: ignore[assignment]
    versions._now = lambda: "2026-11-21T12:00:00+00:00"  # type: ignore[assignment]
    death = _Death(root, point)
    sys.addaudithook(death)
    lake = Lake(Path(root))
    lake_factory.forget(lake, lake_factory.settings_of(lake.root), [Request(*request) for request in requests])
    sys.stdout.write(f"{death.changes}\n")
    sys.stdout.flush()


def main() -> None:
    """Forks a child for each line."""
    for line in iter(sys.stdin.readline, ""):
        options = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                _child(**options)
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"ended {os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
