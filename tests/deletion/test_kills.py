"""A deletion that is killed, wherever, ends as one that was not: after the next call the lake is the same."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import lake_factory
import pytest

from polyglot_assets.deletion.verify import verify
from polyglot_assets.lake.store import Lake
from polyglot_assets.lake.tombstones import Request

_POINTS = int(os.environ.get("POLYGLOT_KILLS", "4"))
"""How many points, spread over the whole deletion; with 60 and more it takes minutes."""


class Killer:
    """The other process."""

    def __init__(self, process: "subprocess.Popen[str]", requests: list[Request]) -> None:
        self._process = process
        self._requests = [[r.source, r.source_id, r.requested_by, r.reference, r.requested_on] for r in requests]

    def delete(self, lake: Lake, point: int = 0) -> int:
        """Deletes, dying before the change number `point`; returns how many changes there were, or 0 if it died."""
        line = json.dumps({"root": str(lake.root), "point": point, "requests": self._requests})
        stdin, stdout = self._pipes()
        stdin.write(line + "\n")
        stdin.flush()
        said = ""
        while not (answer := stdout.readline()).startswith("ended"):
            assert answer, "the process is gone"
            said = answer
        code = int(answer.split()[1])
        assert code == (-signal.SIGKILL if point and not said else 0)
        return int(said or 0)

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin
        assert self._process.stdout
        return self._process.stdin, self._process.stdout


@pytest.fixture(scope="module")
def killer(requests: list[Request]) -> Iterator[Killer]:
    here = Path(__file__)
    paths = os.pathsep.join([str(here.parent.parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(here.with_name("dying.py"))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": paths}, **pipes) as process:  # type: ignore[call-overload]
        yield Killer(process, requests)
        process.stdin.close()


def fresh(whole: Lake, place: Path) -> Lake:
    """A copy of the lake at the same place each time, with few tables: each takes as long as all the rest."""
    shutil.rmtree(place, ignore_errors=True)
    lake = lake_factory.copied(whole, place)
    for path in (lake.root / "marts").glob("*.parquet"):
        if path.stem not in ("outcome_funnel", "curated"):
            path.unlink()
    shutil.rmtree(lake.root / "report")
    return lake


def test_killed_anywhere_and_called_again_the_lake_is_the_same(whole: Lake, killer: Killer, tmp_path: Path) -> None:
    untroubled = fresh(whole, tmp_path / "untroubled")
    changes = killer.delete(untroubled)
    assert changes > 60
    expected = lake_factory.contents(untroubled)
    died = 0
    for point in sorted({1 + changes * n // _POINTS for n in range(_POINTS)} | {3}):
        lake = fresh(whole, tmp_path / "killed")
        died += not killer.delete(lake, point)
        killer.delete(lake)
        found = lake_factory.contents(lake)
        assert found.keys() == expected.keys(), f"killed before change {point}"
        assert [name for name in found if found[name] != expected[name]] == [], f"killed before change {point}"
        assert verify(lake, []).offences == [], f"killed before change {point}"
    assert died >= _POINTS - 1
