"""How the stream of a server engine runs: what is taken when, who is asked, who waits for whom."""

import asyncio
import threading
import time
from collections import deque
from types import SimpleNamespace

import pytest
from fake_server import (
    Call,
    Clock,
    Engines,
    FakeServer,
    Reply,
    Servers,
    ask,
    echo,
    eventually,
    failure,
    filling_up,
    request,
    requests_for,
    taking,
)

from polyglot_assets.inference.engine import Request


def test_completions_come_as_they_finish(server: FakeServer, engine_of: Engines) -> None:
    fast_done = threading.Semaphore(0)

    def answer(call: Call) -> Reply:
        if call.text == "slow":
            fast_done.acquire(timeout=60)
        return echo(call)

    server.answer = answer
    order = []
    for completion in engine_of(server).stream(taking(requests_for("slow", "b", "c"))):
        order.append(completion.request_id)
        if len(order) == 2:
            fast_done.release()
    assert sorted(order[:2]) == ["b", "c"]
    assert order[2] == "slow"


def test_no_more_than_concurrency_requests_at_once(server: FakeServer, engine_of: Engines) -> None:
    hold = filling_up(server, 4)
    server.answer = lambda call: (hold(call), time.sleep(0.01), echo(call))[-1]
    ask(engine_of(server, concurrency=4), *map(str, range(40)))
    assert server.most_in_flight == 4


def test_no_more_is_taken_than_there_is_room_for(server: FakeServer, engine_of: Engines) -> None:
    requests = requests_for(*map(str, range(20)))
    stream = engine_of(server, concurrency=3).stream(taking(requests))
    assert len(requests) == 20
    next(stream)
    assert len(requests) == 17
    time.sleep(0.1)  # nobody reads: no more is taken
    assert len(requests) == 17
    assert len(list(stream)) == 19


def test_after_a_none_it_takes_again_when_it_has_given_out_a_completion(servers: Servers, engine_of: Engines) -> None:
    server, events = servers(), []
    requests = requests_for("a")

    def take() -> Request | None:
        events.append("take")
        return requests.popleft() if requests else None

    # The pause ends while nothing is to be had; that is no reason to ask again.
    server.answer = lambda call: failure(429, "slow down", Retry_After_Ms="50") if len(server.calls) < 2 else echo(call)
    for completion in engine_of(server).stream(take):
        events.append(completion.request_id)
        if completion.request_id == "a":
            requests.extend(requests_for("b"))
    assert events == ["take", "take", "a", "take", "take", "b", "take"]


def test_a_slow_reader_is_not_held_against_the_server(
    server: FakeServer, engine_of: Engines, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polyglot_assets.inference.server_engine.time", SimpleNamespace(monotonic=clock.read))
    requests = requests_for(*map(str, range(8)))
    engine = engine_of(server, concurrency=4, timeout_seconds=100, patience_seconds=0)
    for completion in engine.stream(taking(requests)):
        assert completion.finish_reason == "stop"
        clock.advance(1000)
        time.sleep(0.03)  # for the next look at what takes too long to be due when the reader is back
    assert len(server.calls) == 8


def test_two_servers_share_the_load(servers: Servers, engine_of: Engines) -> None:
    pair = [servers(), servers()]
    together = threading.Barrier(8)

    def answer(call: Call) -> Reply:
        together.wait(60)
        return echo(call)

    for server in pair:
        server.answer = answer
    ask(engine_of(*pair, concurrency=4), *map(str, range(16)))
    assert [server.most_in_flight for server in pair] == [4, 4]
    assert [server.checks for server in pair] == [1, 1]


def test_the_idle_server_gets_the_next_request(servers: Servers, engine_of: Engines) -> None:
    slow, fast = servers(), servers()

    def hang(call: Call) -> Reply:
        eventually(lambda: len(fast.calls) >= 9)
        return echo(call)

    slow.answer = hang
    ask(engine_of(slow, fast, concurrency=1), *map(str, range(10)))
    assert (len(slow.calls), len(fast.calls)) == (1, 9)


def test_requests_appended_while_the_stream_runs_are_served(server: FakeServer, engine_of: Engines) -> None:
    requests = deque([request("first")])
    seen = []
    for completion in engine_of(server).stream(taking(requests)):
        seen.append(completion.request_id)
        if len(seen) < 4:
            requests.append(request(f"after {completion.request_id}"))
    assert seen == ["first", "after first", "after after first", "after after after first"]


def test_nothing_to_ask_asks_nobody(server: FakeServer, engine_of: Engines) -> None:
    assert list(engine_of(server).stream(lambda: None)) == []
    assert server.checks == 0


def test_no_thread_is_started(server: FakeServer, engine_of: Engines) -> None:
    before = threading.active_count()
    stream = engine_of(server, concurrency=1).stream(taking(requests_for("a", "b")))
    next(stream)
    assert threading.active_count() <= before + 1  # the fake server's
    stream.close()


def test_inside_a_running_loop_it_says_so(server: FakeServer, engine_of: Engines) -> None:
    async def read() -> None:
        ask(engine_of(server), "a")

    with pytest.raises(RuntimeError, match="an event loop of its own"):
        asyncio.run(read())


def test_servers_are_checked_once_per_engine(server: FakeServer, engine_of: Engines) -> None:
    engine = engine_of(server)
    ask(engine, "a")
    ask(engine, "b")
    assert server.checks == 1
