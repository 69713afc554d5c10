"""Processes that work on a lake and can be killed.

Here: starting, killing and waiting. Not here: what they do (worker.py).
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from chaos.server import until

WORKER = Path(__file__).with_name("worker.py")
_LONGEST = 900.0


class Process(Protocol):
    """What `Run` needs to know of a process."""

    pid: int

    def poll(self) -> int | None:
        """The exit status, or None as long as it lives."""
        ...

    def send_signal(self, number: int) -> None:
        """Sends a signal, unless the process has ended."""
        ...


class Run:
    """A process whose messages go to a file."""

    def __init__(self, process: Process, errors: Path) -> None:
        self.process, self._errors = process, errors

    @property
    def code(self) -> int | None:
        return self.process.poll()

    def ended(self) -> bool:
        return self.code is not None

    def kill(self) -> bool:
        """Returns whether it was still there."""
        self.process.send_signal(signal.SIGKILL)
        return self.end() == -signal.SIGKILL

    def end(self) -> int:
        """Waits for it; returns the exit code."""
        until(self.ended, _LONGEST, every=0.02)
        assert self.code is not None
        return self.code

    def errors(self) -> str:
        return self._errors.read_text(errors="replace")


def start(arguments: list[str], errors: Path, env: Mapping[str, str] | None = None) -> Run:
    """Starts a command."""
    with errors.open("wb") as stream:
        process = subprocess.Popen(
            arguments, stdout=subprocess.DEVNULL, stderr=stream, stdin=subprocess.DEVNULL, env=os.environ | (env or {})
        )
    return Run(process, errors)


def start_worker(options: Mapping[str, Any], errors: Path, env: Mapping[str, str] | None = None) -> Run:
    """Starts a worker as a process of its own from its first import on."""
    return start([sys.executable, "-P", str(WORKER), json.dumps(options)], errors, env)


def remount(place: Path, options: str) -> None:
    """Changes how a file system is mounted, as soon as the helpers of a killed run have let go of it."""
    command = ["mount", "-o", f"remount,{options}", str(place)]
    until(lambda: subprocess.run(command, capture_output=True, check=False).returncode == 0, every=0.1)


class _Forked:
    """A process whose parent is the nursery."""

    def __init__(self, pid: int, ended: dict[int, int]) -> None:
        self.pid, self._ended = pid, ended
        self._handle = os.pidfd_open(pid)  # never another process with the same number

    def poll(self) -> int | None:
        return self._ended.get(self.pid)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            try:
                signal.pidfd_send_signal(self._handle, number)
            except ProcessLookupError:
                return

    def __del__(self) -> None:
        os.close(self._handle)


class Nursery:
    """Starts workers in milliseconds: everything is imported once. See worker.py."""

    def __init__(self, *modules: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(WORKER), "nursery", *modules], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._born: list[int] = []
        self._ended: dict[int, int] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            pid, *code = map(int, line.split())
            if code:
                self._ended[pid] = code[0]
            else:
                self._ended.pop(pid, None)
                self._born.append(pid)

    def start(self, options: Mapping[str, Any], errors: Path) -> Run:
        """Starts a worker."""
        assert self._process.stdin
        known = len(self._born)
        self._process.stdin.write(json.dumps({**options, "errors": str(errors)}).encode() + b"\n")
        self._process.stdin.flush()
        until(lambda: len(self._born) > known, _LONGEST)
        return Run(_Forked(self._born[-1], self._ended), errors)

    def close(self) -> None:
        """Ends the nursery; runs are ended by whoever started them."""
        self._process.communicate()
