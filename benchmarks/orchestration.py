"""Promise: asking a server through the lake costs at most 100 µs of CPU a row more than a bare HTTP loop.

That is the asking and keeping; what is spent on reading the answers, which no peer does, is a line of its own.

All contestants ask the same short German questions of the same server, which answers at once, 200 at a time. Each
runs in a process of its own; counted are its user and system seconds, those of its children included, from the first
request until its output is written, without imports. The server runs in another process and is not counted. It
counts the requests, and each contestant's answers are counted on the disk: a turn in which either number is wrong
does not count. The turns of the contestants alternate; the figures are medians. Beside the asking they do this:

- bare aiohttp loop, the floor: parses the JSON, keeps the text in memory and writes nothing.
- polyglot: reads prompts from Parquet, hashes each request, appends each answer with a checksum to a ledger that is
  flushed to the disk (fsync) for every group of answers, and writes the cell with prompts, answers and outcomes as
  Parquet. In the line `judged` it also applies the rules about what an answer says, its language above all.
- datatrove: retries and metrics, JSON lines as the answers arrive, no fsync. To a server at 127.0.0.1 it speaks
  through a small HTTP client of its own with a new connection per request; for any other it takes the openai library.
- datatrove, checkpoints: moreover each answer is committed to SQLite (fsync), one at a time, and each document is
  appended to a chunk file; it can go on after a crash.
- curator: writes the requests to a file, counts rate limits and costs, copies and parses each answer with Pydantic,
  appends it to a file without fsync, and writes an Arrow file in the end; it can go on after a crash.

None of the peers looks at what an answer says. They are installed from PyPI into environments of their own below
POLYGLOT_CACHE (about 1 GB); a peer that cannot be installed or fails is named with the reason and left out.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from peers.contest import IN_FLIGHT, WARM_UP
from promises import promise

from polyglot_assets.settings import load

PROMISE = 100.0
LONGEST_TURN = 1800
HERE = Path(__file__).parent


class PeerError(Exception):
    """A contestant that cannot be measured. The text is one line."""


@dataclass
class Contestant:
    """One line of the table. Without `packages` it runs in this environment and must not fail."""

    name: str
    module: str
    packages: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    python: str = sys.executable
    failed: bool = False
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)


# The libraries that do the work are pinned beside the tools themselves, which leave them open.
DATATROVE = (
    "datatrove==0.10.1",
    "aiofiles==25.1.0",
    "aiosqlite==0.22.1",
    "httpx==0.28.1",
    "orjson==3.13.0",
    "xxhash==3.8.2",
)
CURATOR = (
    "bespokelabs-curator==0.1.31",
    "aiohttp==3.13.5",
    "datasets==3.6.0",
    "litellm==1.83.7",
    "openai==2.30.0",
    "pydantic==2.12.5",
)
FLOOR = Contestant("bare aiohttp loop", "peers.run_bare")
OURS = Contestant("polyglot respond()", "peers.run_ours", arguments=("unjudged",))
JUDGED = Contestant("polyglot respond(), judged", "peers.run_ours")
THEIRS = (
    Contestant("datatrove 0.10.1", "peers.run_datatrove", DATATROVE),
    Contestant("datatrove 0.10.1, checkpoints", "peers.run_datatrove", DATATROVE, ("checkpoints",)),
    Contestant("curator 0.1.31, online", "peers.run_curator", CURATOR),
)


def last_line(text: str) -> str:
    """The line of a program's output that says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["it gave no reason"]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines)[-1][:200]


def python_of(contestant: Contestant, cache: Path) -> str:
    """The interpreter that runs a contestant; installs its packages if that was not done before.

    Raises:
        PeerError: they cannot be installed.
    """
    if not contestant.packages:
        return sys.executable
    folder = cache / contestant.packages[0]
    python, mark = folder / "bin" / "python", folder / "installed.txt"
    wanted = "\n".join(contestant.packages)
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return str(python)
    print(f"installing {contestant.packages[0]}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *contestant.packages],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PeerError(f"not installed: {last_line(done.stderr or done.stdout)}")
    mark.write_text(wanted, encoding="utf-8")
    return str(python)


@contextmanager
def serving() -> Iterator[str]:
    """The address of a running server."""
    command = [sys.executable, str(HERE / "peers" / "zero_latency.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        if server.stdout is None or not (port := server.stdout.readline().strip()):
            raise RuntimeError("the server did not start")
        yield f"http://127.0.0.1:{port}"  # leaving the block closes its standard input, which ends it


def asked(url: str) -> int:
    """How many chat requests the server has answered so far."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/asked") as response:
        return int(response.read())


def take_turn(contestant: Contestant, url: str, rows: int) -> None:
    """Lets a contestant ask all rows once and notes its CPU and wall seconds.

    Raises:
        PeerError: it failed, or did not ask or keep every row.
    """
    before = asked(url)
    with tempfile.TemporaryDirectory(prefix="polyglot-orchestration-", ignore_cleanup_errors=True) as folder:
        command = [contestant.python, "-m", contestant.module, url, str(rows), folder, *contestant.arguments]
        environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        try:
            done = subprocess.run(
                command, cwd=HERE, env=environment, capture_output=True, text=True, check=False, timeout=LONGEST_TURN
            )
        except subprocess.TimeoutExpired:
            raise PeerError(f"not finished after {LONGEST_TURN} s") from None
        if done.returncode:
            raise PeerError(f"failed: {last_line(done.stderr or done.stdout)}")
        result = json.loads((Path(folder) / "result.json").read_text(encoding="utf-8"))
    if (requests := asked(url) - before) != rows + WARM_UP:
        raise PeerError(f"made {requests} requests for {rows + WARM_UP} questions")
    contestant.cpu.append(result["cpu"])
    contestant.wall.append(result["wall"])


@contextmanager
def forgiving(contestant: Contestant) -> Iterator[None]:
    """A peer that fails is named and left out from then on; the floor and our side must not fail."""
    try:
        yield
    except PeerError as error:
        if not contestant.packages:
            sys.exit(f"{contestant.name}: {error}")
        print(f"{contestant.name}: {error}", flush=True)
        contestant.failed = True


def compare(contestants: Sequence[Contestant], rows: int, turns: int, cache: Path) -> None:
    """Lets all contestants take their turns at one server."""
    for contestant in contestants:
        with forgiving(contestant):
            contestant.python = python_of(contestant, cache)
    with serving() as url:
        for contestant in list(contestants) * turns:
            if not contestant.failed:
                with forgiving(contestant):
                    take_turn(contestant, url, rows)


def show(contestants: Sequence[Contestant], rows: int) -> None:
    """Prints the table and what became of the promise."""
    cost = {c.name: median(c.cpu) / rows * 1e6 for c in contestants if not c.failed}
    print(f"{'':30} {'CPU µs/row':>10} {'(least–most)':>13} {'above the floor':>15} {'rows/s':>7}")
    for contestant in (c for c in contestants if not c.failed):
        cpu = cost[contestant.name]
        spread = f"({min(contestant.cpu) / rows * 1e6:.0f}–{max(contestant.cpu) / rows * 1e6:.0f})"
        above = f"{cpu - cost[FLOOR.name]:15.0f}" if contestant is not FLOOR else f"{'':15}"
        print(f"{contestant.name:30} {cpu:10.0f} {spread:>13} {above} {rows / median(contestant.wall):7.0f}")
    others = [f"{c.name} {cost[c.name] - cost[FLOOR.name]:.0f}" for c in contestants if c in THEIRS and not c.failed]
    promise(
        f"asking a server through the lake above a bare aiohttp loop, {IN_FLIGHT} in flight, all steps included",
        f"≤ {PROMISE:.0f} µs of CPU a row",
        f"{cost[OURS.name] - cost[FLOOR.name]:.0f} µs" + (f"; {', '.join(others)}" if others else ""),
    )


def main() -> None:
    """Runs the comparison that the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=5000, help="questions that each contestant asks in a turn")
    parser.add_argument("--turns", type=int, default=3, help="turns that each contestant takes")
    parser.add_argument("--no-peers", action="store_true", help="only the floor and our side; installs nothing")
    chosen = parser.parse_args()
    contestants = (FLOOR, OURS, JUDGED) if chosen.no_peers else (FLOOR, OURS, JUDGED, *THEIRS)
    print(f"{chosen.rows} rows, {chosen.turns} turns, {IN_FLIGHT} requests in flight", flush=True)
    compare(contestants, chosen.rows, chosen.turns, load().cache / "peers")
    show(contestants, chosen.rows)


if __name__ == "__main__":
    main()
