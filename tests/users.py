"""Other users of this machine: for tests of what belongs to somebody else. Needs root."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

OWNER, COLLEAGUE, GROUP = 12345, 12346, 500

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can become another user, with setpriv"
)


def open_to_all(folder: Path) -> None:
    """Lets everybody reach a folder of a test."""
    for place in (folder, *folder.parents):
        if place.stat().st_uid == os.getuid() and place != Path("/"):
            place.chmod(place.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)


def as_user(
    user: int, code: str, *arguments: str, umask: int = 0o022, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs Python code as somebody without a home, in an environment that has nothing else in it.

    He may read everything, because Python itself may lie in the home of who runs the tests, but write only what is his.
    """
    read_all = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    become = ["setpriv", f"--reuid={user}", f"--regid={GROUP}", "--clear-groups", *read_all]
    return subprocess.run(
        [*become, sys.executable, "-c", code, *arguments],
        umask=umask,
        env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **environment},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
