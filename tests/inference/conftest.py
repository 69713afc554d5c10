"""Fixtures around the fake model server."""

import gc
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from fake_server import KEY, TEACHER, Clock, FakeServer

from polyglot_assets.inference.server_engine import ServerEngine


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., FakeServer]]:
    """Makes servers; they end with the test. The engine's back-off is shortened, its logic is the real one."""
    monkeypatch.setattr("polyglot_assets.inference.backoff.FIRST_WAIT", 0.01)
    monkeypatch.setattr("polyglot_assets.inference.backoff.LONGEST_WAIT", 0.05)
    started: list[FakeServer] = []

    def start(port: int = 0) -> FakeServer:
        started.append(FakeServer(port))
        threading.Thread(target=started[-1].serve_forever, args=(0.01,), daemon=True).start()
        return started[-1]

    yield start
    for server in started:
        server.released.set()
        if not server.dead:
            server.die()


@pytest.fixture
def server(servers: Callable[..., FakeServer]) -> FakeServer:
    return servers()


@pytest.fixture
def engine_of() -> Iterator[Callable[..., ServerEngine]]:
    """Makes engines; they are closed after the test."""
    made: list[ServerEngine] = []

    def make(*servers: FakeServer, key: str = KEY, **options: Any) -> ServerEngine:
        made.append(ServerEngine(TEACHER, [server.url for server in servers], key, **options))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which tries take too long and patience ends, which a test can put forward.

    So limits that no machine can miss by being slow pass in no time. Pauses and back-off stay as they are.
    """
    clock = Clock()
    monkeypatch.setattr("polyglot_assets.inference.dispatch.time", SimpleNamespace(monotonic=clock.read))
    monkeypatch.setattr("polyglot_assets.inference.dispatch.LONGEST_TICK", 0.02)
    return clock


@pytest.fixture
def tidy(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing may be left in the loop: asyncio complains about that when the garbage is collected."""
    yield
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []
