"""Fixtures around the fake model server."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fake_server import KEY, TEACHER, FakeServer

from polyglot_assets.teachers.server_engine import ServerEngine


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], FakeServer]]:
    """Makes servers; they end with the test. The library's back-off is shortened, its logic is the real one."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    started: list[FakeServer] = []

    def start() -> FakeServer:
        started.append(FakeServer())
        threading.Thread(target=started[-1].serve_forever, args=(0.01,), daemon=True).start()
        return started[-1]

    yield start
    for server in started:
        server.released.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def server(servers: Callable[[], FakeServer]) -> FakeServer:
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
