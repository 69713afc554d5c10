"""Fixtures of the chaos tests: the world, the server, and the table that is printed in the end."""

import itertools
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from chaos.processes import Nursery
from chaos.server import ModelServer
from chaos.world import Figures, Form, Start, Trial, World, make_world

_COLUMNS = ("fault", "runs", "requests", "paid twice", "bound", "lost")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chaos", choices=("short", "long"), default="short", help="how much goes wrong in tests/chaos")
    parser.addoption("--chaos-table", type=Path, help="JSON file to write the table to that is printed in the end")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collects the figures of the tests, also of those that ran in a worker of xdist."""
    if report.when == "call":
        for name, row in report.user_properties:
            if name == "chaos":
                _add(Figures(*row))


_ROWS: dict[str, Figures] = {}


def _add(row: Figures) -> None:
    total = _ROWS.setdefault(row.fault, Figures(row.fault, 0, 0, 0, 0, 0))
    for name in ("runs", "requests", "paid_twice", "lost", "bound"):
        setattr(total, name, getattr(total, name) + getattr(row, name))


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """Prints the table, and writes it for the documentation if every test passed."""
    if not _ROWS:
        return
    rows = [(row.fault, row.runs, row.requests, row.paid_twice, row.bound, row.lost) for row in _ROWS.values()]
    if (target := config.getoption("--chaos-table")) and exitstatus == 0:
        lines = (json.dumps(dict(zip(_COLUMNS, row, strict=True)), ensure_ascii=False) for row in rows)
        target.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    terminalreporter.section("chaos")
    terminalreporter.write_line("| " + " | ".join(_COLUMNS) + " |")
    terminalreporter.write_line("| --- " + "| ---: " * (len(_COLUMNS) - 1) + "|")
    for row in rows:
        terminalreporter.write_line("| " + " | ".join(map(str, row)) + " |")


@pytest.fixture(scope="session")
def form(request: pytest.FixtureRequest) -> Form:
    """Short or long."""
    return Form(request.config.getoption("--chaos", default="short") == "long")


@pytest.fixture(scope="session")
def _server() -> Iterator[ModelServer]:
    with ModelServer().running() as server:
        yield server


@pytest.fixture
def server(_server: ModelServer) -> Iterator[ModelServer]:
    """The server, in good health and with nothing counted."""
    _server.forget()
    yield _server
    _server.plan, _server.slowness = ModelServer().plan, 1.0
    _server.die()
    _server.rise()


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Starts workers."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture(scope="session")
def size(form: Form) -> tuple[list[str], int]:
    """Languages, and prompts per cell."""
    return (["de", "ja", "tl", "ar"], 60) if form.long else (["de", "ja"], 25)


@pytest.fixture(scope="session")
def world(
    tmp_path_factory: pytest.TempPathFactory, _server: ModelServer, nursery: Nursery, size: tuple[list[str], int]
) -> World:
    """Six cells, or more."""
    return make_world(tmp_path_factory.mktemp("chaos") / "lake", *size, _server, nursery)


@pytest.fixture(scope="session")
def edited(
    tmp_path_factory: pytest.TempPathFactory, _server: ModelServer, nursery: Nursery, size: tuple[list[str], int]
) -> World:
    """The world after an edit of its seeds."""
    return make_world(tmp_path_factory.mktemp("edited") / "lake", *size, _server, nursery, edited=True)


@pytest.fixture
def trial(world: World, server: ModelServer, tmp_path: Path) -> Iterator[Start]:
    """Makes trials, one at a time; whatever process is left in the end is ended."""
    made: list[Trial] = []
    numbers = itertools.count()

    def start(**options: Any) -> Trial:
        server.forget()
        made.append(Trial(world, server, world.copy(tmp_path / f"lake{next(numbers)}"), **options))
        return made[-1]

    yield start
    for run in (run for each in made for run in each.runs):
        if not run.ended():
            run.kill()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a tmpfs."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options: str) -> Path:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True, check=False, text=True
        )
        if done.returncode != 0:
            pytest.skip(f"no tmpfs here: {done.stderr.strip()}")
        return place

    yield mount
    if place.is_mount():
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Callable[[Figures], None]:
    """Adds a line to the table, or to a line with the same name."""
    return lambda figures: request.node.user_properties.append(("chaos", tuple(asdict(figures).values())))
