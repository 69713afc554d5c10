"""Proxies: a server elsewhere is asked by the one that the environment names, a server on this machine never is."""

from contextlib import closing

import pytest
from fake_server import KEY, TEACHER, FakeServer, ask, unused_url

from polyglot_assets.domain.errors import UserError
from polyglot_assets.inference.chat_client import ChatServer
from polyglot_assets.inference.server_engine import ServerEngine

ELSEWHERE = "http://teacher.test/v1"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_server_elsewhere_is_asked_by_the_proxy(
    variable: str, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, server.url.removesuffix("/v1").replace("//", "//me:hunter2hunter2@"))
    with closing(ServerEngine(TEACHER, [ELSEWHERE], KEY)) as engine:
        assert ask(engine, "a")["a"].text == "answer to a"
    (call,) = server.calls
    assert call.path == "http://teacher.test/v1/chat/completions"
    assert call.headers["Authorization"] == f"Bearer {KEY}"
    assert call.headers["Proxy-Authorization"].startswith("Basic ")


def test_a_server_on_this_machine_is_asked_directly(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", unused_url())
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    with closing(ServerEngine(TEACHER, [server.url], KEY)) as engine:
        assert ask(engine, "a")["a"].finish_reason == "stop"


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://teacher.test/v1", "http://secure.test:3128"),
        ("http://teacher.test/v1", "http://plain.test:3128"),
        ("https://teacher.inside.test/v1", None),
        ("http://odd.test:8000/v1", None),
        ("http://odd.test:9000/v1", "http://plain.test:3128"),
        ("http://localhost:8000/v1", None),
        ("http://127.0.0.2:8000/v1", None),
        ("http://[::1]:8000/v1", None),
        ("http://10.0.0.1:8000/v1", "http://plain.test:3128"),
    ],
)
def test_which_proxy(url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://secure.test:3128")
    monkeypatch.setenv("HTTP_PROXY", "plain.test:3128")
    monkeypatch.setenv("NO_PROXY", ".inside.test, odd.test:8000")
    assert ChatServer(url, KEY).proxy == proxy
    monkeypatch.setenv("NO_PROXY", "*")
    assert ChatServer(url, KEY).proxy is None


def test_a_proxy_that_is_away_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    away = unused_url().removesuffix("/v1")
    monkeypatch.setenv("HTTP_PROXY", away.replace("//", "//me:hunter2hunter2@"))
    with closing(ServerEngine(TEACHER, [ELSEWHERE], KEY)) as engine, pytest.raises(UserError) as raised:
        ask(engine, "a")
    assert f"(asked by the proxy {away.removeprefix('http://')})" in str(raised.value)
    assert ELSEWHERE in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_proxy_that_cannot_be_used_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://me:hunter2@127.0.0.1:1080")
    with pytest.raises(UserError, match=r"teacher\.test would be asked by a socks5 proxy.*NO_PROXY") as raised:
        ServerEngine(TEACHER, [ELSEWHERE], KEY)
    assert "hunter2" not in str(raised.value)
