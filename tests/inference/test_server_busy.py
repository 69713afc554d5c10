"""Servers that are busy: how long they are left alone, who is asked meanwhile, and when patience ends."""

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from fake_server import (
    KEY,
    Call,
    Clock,
    Engines,
    FakeServer,
    Reply,
    Servers,
    ask,
    down,
    echo,
    eventually,
    failure,
    filling_up,
    request,
    requests_for,
)

from polyglot_assets.inference.engine import Request
from polyglot_assets.inference.refusals import retry_after


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_pauses_the_whole_server(status: int, server: FakeServer, engine_of: Engines) -> None:
    """Not only the request that was turned away has to wait."""
    engine, refused, later = engine_of(server, concurrency=4), [], []
    hold = filling_up(server, 4)

    def answer(call: Call) -> Reply:
        number = len(server.calls)
        if number > 4:
            later.append(time.monotonic())
            return echo(call)
        hold(call)
        with server.lock:
            if not refused:
                refused.append(time.monotonic())
                return failure(status, "slow down", Retry_After="0.6")
        assert eventually(lambda: engine._endpoints[0].pause is not None)
        return echo(call)

    server.answer = answer
    ask(engine, *map(str, range(12)))
    assert len(later) == 9
    assert min(later) - refused[0] >= 0.6


def test_during_a_pause_another_server_takes_over(servers: Servers, engine_of: Engines) -> None:
    busy, free = servers(), servers()
    busy.answer = lambda _: failure(429, "slow down", Retry_After="60")
    ask(engine_of(busy, free, concurrency=2), *map(str, range(12)))
    assert len(busy.calls) <= 2
    assert len(free.calls) == 12


@pytest.mark.parametrize("status", [408, 425, 429, 502, 503, 504])
def test_a_busy_server_is_asked_for_as_long_as_patience_lasts(
    status: int, server: FakeServer, engine_of: Engines
) -> None:
    server.answer = lambda call: failure(status, "later") if len(server.calls) < 9 else echo(call)
    assert ask(engine_of(server), "a")["a"].finish_reason == "stop"
    assert len(server.calls) == 9


@pytest.mark.parametrize("status", [429, 503])
def test_patience_ends(status: int, server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: failure(status, f"later,\n{KEY}")
    message = down(engine_of(server, patience_seconds=0.2), "a", "b")
    assert message.startswith(f"{server.url}: HTTP {status} ")
    assert "later, [key]; 2 answers under way were not received" in message


def test_patience_ends_during_a_long_pause(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: failure(429, "later", Retry_After="100")
    assert "1 answer under way was not received" in down(engine_of(server, patience_seconds=0.2), "a")
    assert len(server.calls) == 1


def test_while_there_is_progress_nothing_gives_up(server: FakeServer, engine_of: Engines, clock: Clock) -> None:
    """One is turned away for six times as long as patience lasts, while another is always answered."""
    others: list[Call] = []

    def answer(call: Call) -> Reply:
        if call.text != "unlucky":
            others.append(call)
            clock.advance(60)
        elif len(others) < 10:
            return failure(429, "later")
        return echo(call)

    server.answer = answer
    first, names, ended = requests_for("unlucky"), map(str, range(100_000)), []

    def take() -> Request | None:
        if first:
            return first.popleft()
        return None if "unlucky" in ended else request(next(names))

    for completion in engine_of(server, concurrency=2, patience_seconds=100).stream(take):
        assert completion.finish_reason == "stop"
        ended.append(completion.request_id)
    assert "unlucky" in ended
    assert len(others) >= 10


def test_a_server_that_works_on_something_is_not_given_up(server: FakeServer, engine_of: Engines, clock: Clock) -> None:
    """It lets in one at a time, and that one takes longer than patience lasts."""
    let_in, refused, worked = threading.Lock(), [], []

    def answer(call: Call) -> Reply:
        if not let_in.acquire(blocking=False):
            refused.append(call)
            return failure(429, "later")
        try:
            if not worked:
                worked.append(call)
                assert eventually(lambda: len(refused) >= 2)
                clock.advance(300)
                assert eventually(lambda: len(refused) >= 5)
        finally:
            let_in.release()
        return echo(call)

    server.answer = answer
    completions = ask(engine_of(server, patience_seconds=100), "a", "b")
    assert {c.finish_reason for c in completions.values()} == {"stop"}


def test_a_request_that_alone_is_turned_away_ends_in_an_error(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda call: failure(504, "too slow") if call.text == "unlucky" else echo(call)
    completions = ask(engine_of(server, patience_seconds=0.3), "unlucky", *map(str, range(100)))
    assert completions.pop("unlucky").error == "HTTP 504 Gateway Timeout: too slow"
    assert {c.finish_reason for c in completions.values()} == {"stop"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "3600"}, 120),
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
        ({"Retry-After": "Wed, 21 Oct 2115 07:28:00 GMT"}, 120),
        ({"Retry-After": "Wed, 21 Oct 99999 07:28:00 GMT"}, None),
        ({"Retry-After-Ms": "250", "Retry-After": "7"}, 0.25),
        ({"Retry-After-Ms": "x", "Retry-After": "7"}, 7),
    ],
)
def test_how_long_a_server_wants_to_be_left_alone(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_retry_after_may_be_a_date() -> None:
    seconds = retry_after({"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)})
    assert seconds is not None
    assert 30 < seconds <= 60
