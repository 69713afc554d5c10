"""Fixtures for all tests: a lake of its own for each test, and no setting of the person who runs them."""

import atexit
import os
import sys
from pathlib import Path

import pytest

from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.store import Lake
from polyglot_assets.settings import Settings

# Two engines of two threads each on two cores wait for each other most of the time.
if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")):
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, len(os.sched_getaffinity(0)) // workers)))
os.environ["POLYGLOT_CONFIG"] = os.devnull  # also for fixtures of modules, which are made before those of tests


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the person who runs the tests reaches them, and no test writes into a real lake."""
    for name in os.environ:
        if name.startswith("POLYGLOT_") and name not in ("POLYGLOT_CACHE", "POLYGLOT_CONFIG"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setenv("POLYGLOT_LAKE", str(tmp_path / "lake"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings for a small lake on the sample seeds."""
    return Settings(lake=tmp_path / "lake", rows_per_cell=3)


@pytest.fixture
def lake(settings: Settings) -> Lake:
    """An empty lake that can be written."""
    lake = Lake(settings.lake)
    lake.prepare()
    return lake


@pytest.fixture
def cell() -> Cell:
    """One cell."""
    return Cell("de", "generate")


_ALONE = ("chaos", "deletion/test_kills.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what does not run beside other tests, and puts the files that take longest first: engines, then the UI."""
    here = Path(__file__).parent
    for item in items:
        place = str(item.path.relative_to(here)) if item.path.is_relative_to(here) else ""
        if place.startswith(_ALONE):
            item.add_marker("alone")
    items.sort(key=lambda item: (not item.get_closest_marker("engine"), not item.get_closest_marker("ui")))


_EXIT = {"status": 0}


def pytest_sessionfinish(exitstatus: int) -> None:
    """Remembers how the tests ended."""
    _EXIT["status"] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Ends the process where the end of the interpreter would not be quiet.

    Hypothesis leaves a garbage-collection callback behind, and a vLLM engine whole modules; DuckDB's binding then
    prints a page about objects that were never released, after pytest's own last line.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        # A worker has to say goodbye to the process that started it, so only what it would print is dropped; at the
        # very end, because pytest's capturing still gives the file descriptors back.
        atexit.register(os.dup2, os.open(os.devnull, os.O_WRONLY), 2)
    else:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_EXIT["status"])
