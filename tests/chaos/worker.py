"""The process that the tests kill: `respond` over a lake, with an engine, as a line of JSON says.

Here: that run, and the ways in which it can be hurt from within: death at an exact point, clocks that jump, files
that may not grow, a user without rights, answers that come twice. Not here: anything that knows what is tested.

Called with such a line, it is that process. Called with `nursery`, it imports everything once and forks one such
process per line of its standard input, which takes milliseconds; it answers with the process's number, and with number
and exit status when that has ended. Like the command line, a run ends with 2 and one line for what a user can mend.
"""

import encodings.utf_8_sig  # noqa: F401 while it can be read: a user without rights may not see this Python
import json
import os
import random
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
from collections import deque
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any


def main(options: dict[str, Any]) -> int:
    if "chain" in options:
        return chain(**options["chain"])
    if clock := options.get("clock"):
        _break_clock(clock)

    from polyglot_assets.domain.errors import UserError
    from polyglot_assets.domain.grid import Cell
    from polyglot_assets.inference.registry import Teacher
    from polyglot_assets.lake.store import Lake
    from polyglot_assets.responses.ledger import Commit
    from polyglot_assets.responses.stage import respond
    from polyglot_assets.text.languages import identify

    teacher = Teacher(**options["teacher"])
    make = partial(_engine, teacher, options)
    identify("Ein Satz, damit alles geladen ist, bevor der Benutzer gewechselt wird.")
    _hurt(options)
    cells = [Cell(*cell) for cell in options["cells"]]
    commit = Commit(options["commit_rows"], options["commit_seconds"])
    report = partial(print, file=sys.stderr, flush=True)
    try:
        for cell, result in respond(Lake(Path(options["lake"])), teacher, cells, make, report, commit):
            report(f"{cell} {json.dumps(result.outcomes)} {result.asked}")
    except UserError as error:
        report(f"polyglot: {error}")
        return 2
    return 0


def chain(
    env: dict[str, str], assets: str, strategies: list[str], die: dict[str, Any] | None = None, memory: str = ""
) -> int:
    """`polyglot materialize --select` without its display.

    Args:
        env: settings.
        assets: the selection.
        strategies: of all languages.
        die: for `_die_at`, and `stage` with `step`: from the so manyth step of a stage on.
        memory: the beginning of the name of a step from which on there is no more memory than the process has.
    """
    os.environ.update(env)
    tempfile.tempdir = None  # the parent's was another one
    report = partial(print, file=sys.stderr, flush=True)
    import logging

    from polyglot_assets import settings
    from polyglot_assets.cli import run as running
    from polyglot_assets.domain.errors import UserError

    class Watch(logging.Handler):
        def __init__(self) -> None:
            super().__init__()
            self.seen = 0

        def emit(self, record: logging.LogRecord) -> None:
            meta = getattr(record, "dagster_meta", {})
            event, step = meta.get("dagster_event"), meta.get("step_key") or ""
            if event is None or event.event_type_value not in ("STEP_START", "STEP_FAILURE"):
                return
            if event.event_type_value == "STEP_FAILURE":
                report(f"{step} {event.event_specific_data.error.to_string()}")
            elif memory and step.startswith(memory):
                resource.setrlimit(resource.RLIMIT_AS, (1 << 20, 1 << 20))  # less than it has: it gets no more
            elif die and step.startswith(die["stage"]):
                self.seen += 1
                if self.seen == die["step"]:
                    _die_at(die["point"], die["nth"], after=die["after"])

    try:
        chosen = settings.load()
        return not running.materialize(chosen, running.choose(chosen, [], strategies, assets), Watch())
    except UserError as error:
        report(f"polyglot: {error}")
        return 2


def _engine(teacher: Any, options: dict[str, Any]) -> Any:
    if "url" not in options:
        from polyglot_assets.inference.vllm_engine import VllmEngine

        engine: Any = VllmEngine(teacher, Path(options["cache"]), partial(print, file=sys.stderr, flush=True))
    else:
        from polyglot_assets.inference import backoff
        from polyglot_assets.inference.server_engine import ServerEngine

        # The logic of waiting stays; only the first wait is shorter.
        backoff.FIRST_WAIT = options["first_wait"]
        engine = ServerEngine(
            teacher, options["url"], "EMPTY", options["concurrency"], options["timeout"], options["patience"]
        )
    if path := options.get("asked_log"):
        engine = _Noting(engine, path)
    return _Twice(engine) if options.get("twice") else engine


class _Noting:
    """Notes every request that an engine takes."""

    def __init__(self, engine: Any, path: str) -> None:
        self._engine = engine
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def stream(self, take: Any) -> Iterator[Any]:
        def noting() -> Any:
            request = take()
            if request is not None:
                os.write(self._file, f"{request.request_id}\n".encode())
            return request

        return self._engine.stream(noting)

    def close(self) -> None:
        self._engine.close()


class _Twice:
    """Gives out every completion twice, and some of them once more long after."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def stream(self, take: Any) -> Iterator[Any]:
        earlier: deque[Any] = deque(maxlen=7)
        for completion in self._engine.stream(take):
            yield completion
            yield completion
            if len(earlier) == 7:
                yield earlier[0]
            earlier.append(completion)

    def close(self) -> None:
        self._engine.close()


def _hurt(options: dict[str, Any]) -> None:
    if path := options.get("synced_log"):
        _note_syncs(path)
    if die := options.get("die"):
        _die_at(**die)
    if limit := options.get("file_limit"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    if user := options.get("user"):
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)


def _die_at(point: str, nth: int, *, after: bool) -> None:
    """SIGKILL at the nth use of a call: before it, or after it; a write is half done then."""
    owner, name = {
        "write": (os, "write"),
        "fsync": (os, "fsync"),
        "truncate": (os, "ftruncate"),
        "replace": (Path, "replace"),
    }[point]
    real, left = getattr(owner, name), nth

    def deadly(first: Any, *more: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        if left:
            return real(first, *more, **named)
        if after and point == "write":
            real(first, more[0][: max(1, len(more[0]) // 2)])
        elif after:
            real(first, *more, **named)
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    setattr(owner, name, deadly)


def _note_syncs(path: str) -> None:
    """Notes how long each file was when it was last flushed: what a power cut would leave of it."""
    real, log = os.fsync, os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def noting(file: int) -> None:
        size = os.fstat(file).st_size
        real(file)
        os.write(log, f"{size} {Path(f'/proc/self/fd/{file}').readlink()}\n".encode())

    os.fsync = noting


def _break_clock(how: str) -> None:
    """A wall clock that stands still, or jumps by days in both directions."""
    real, chance = time.time, random.Random(os.getpid())

    def jumping() -> float:
        return real() + chance.choice((-400, -3, 0, 2, 365)) * 86_400

    time.time = (lambda: 1_000_000_000.0) if how == "frozen" else jumping
    time.time_ns = lambda: int(time.time() * 1e9)


def nursery(modules: list[str]) -> None:
    """Forks a run for each line that comes in; `modules` are imported before, so that no run has to."""
    import importlib

    import aiohttp  # noqa: F401

    for name in modules:
        importlib.import_module(name)

    from polyglot_assets.inference import server_engine  # noqa: F401
    from polyglot_assets.responses import stage  # noqa: F401
    from polyglot_assets.text.languages import identify

    identify("Ein Satz, damit das Modell der Sprachen geladen ist.")
    ended, bell = os.pipe()
    os.set_blocking(bell, False)
    signal.set_wakeup_fd(bell)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        readable, _, _ = select.select([0, ended], [], [])
        if ended in readable:
            os.read(ended, 4096)
            _report_ended()
        if 0 in readable:
            line = sys.stdin.buffer.raw.readline()  # unbuffered, or `select` would not see a second line
            if not line:
                return
            child = os.fork()
            if child == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _live(json.loads(line))
            os.write(1, b"%d\n" % child)


def _report_ended() -> None:
    while True:
        try:
            child, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if child == 0:
            return
        os.write(1, b"%d %d\n" % (child, os.waitstatus_to_exitcode(status)))


def _live(options: dict[str, Any]) -> None:
    """The life of a forked run. It shares nothing with the nursery but what was imported."""
    null = os.open(os.devnull, os.O_RDWR)
    errors = os.open(options["errors"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for ours, theirs in ((0, null), (1, null), (2, errors)):
        os.dup2(theirs, ours)
    code = 1
    try:
        code = main(options)
    except BaseException:  # noqa: BLE001 as at the end of a process
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    if sys.argv[1:2] != ["nursery"]:
        sys.exit(main(json.loads(sys.argv[1])))
    nursery(sys.argv[2:])
