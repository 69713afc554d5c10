"""Ends the processes of an engine when the process that uses them is killed.

Here: a helper process that waits for the end of this one. Not here: engines (vllm_engine.py).

vLLM's engine process does not notice that its parent was killed (`kill -9`, out of memory): it would keep the memory of
the GPU, and the next run could not start.
"""

import subprocess
import sys
from collections.abc import Iterable

# The other end of the pipe closes when this process ends, however it ends.
_WAIT_AND_KILL = """
import contextlib, os, signal, sys
if sys.stdin.read() != "released":
    for pid in sys.argv[1:]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
"""


class Reaper:
    """Kills `pids` if this process ends without `release`."""

    def __init__(self, pids: Iterable[int]) -> None:
        command = [sys.executable, "-S", "-c", _WAIT_AND_KILL, *map(str, pids)]
        # A session of its own, so that a Ctrl-C for this process does not end the helper first.
        self._process: subprocess.Popen[str] | None = subprocess.Popen(  # noqa: S603 our own command line
            command, stdin=subprocess.PIPE, text=True, start_new_session=True
        )

    def release(self) -> None:
        """Ends the helper and kills nobody. May be called twice."""
        if self._process is not None:
            self._process.communicate("released")
            self._process = None
