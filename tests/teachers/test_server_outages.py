"""Servers that are busy, hang, refuse the key or die: who is asked next, who waits, and when a run gives up."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from unittest.mock import patch

import pytest
from fake_server import (
    KEY,
    TEACHER,
    Call,
    Engines,
    FakeServer,
    Reply,
    ask,
    echo,
    eventually,
    failure,
    request,
    requests_for,
    taking,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from polyglot_assets.errors import EngineDown
from polyglot_assets.teachers.chat_api import Kind, TryError, retry_after
from polyglot_assets.teachers.chat_client import ChatServer
from polyglot_assets.teachers.engine import Completion, Request
from polyglot_assets.teachers.server_engine import ServerEngine

Servers = Callable[..., FakeServer]


def down(engine: ServerEngine, *names: str) -> str:
    """The one line about a stream that ended because the servers are gone."""
    with pytest.raises(EngineDown) as raised:
        list(engine.stream(taking(requests_for(*names))))
    message = str(raised.value)
    assert "\n" not in message
    assert "not received; what was answered is kept; run again" in message
    assert KEY not in message
    assert raised.value.__context__ is None
    return message


def dropping(call: Call) -> Reply:
    return Reply(drop=True)


# Busy


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_pauses_the_whole_server(status: int, server: FakeServer, engine_of: Engines) -> None:
    times: list[float] = []

    def answer(call: Call) -> Reply:
        times.append(time.monotonic())
        if len(times) == 1:
            return failure(status, "slow down", Retry_After="0.6")
        time.sleep(0.05)
        return echo(call)

    server.answer = answer
    ask(engine_of(server, concurrency=4), *map(str, range(12)))
    times.sort()
    gap, resumed = max((after - before, after) for before, after in pairwise(times))
    assert gap > 0.3
    assert sum(moment >= resumed for moment in times) > 1  # not only the request that was turned away had to wait


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


def test_while_there_is_progress_nothing_gives_up(server: FakeServer, engine_of: Engines) -> None:
    started = time.monotonic()

    def answer(call: Call) -> Reply:
        time.sleep(0.01)
        if call.text == "unlucky" and time.monotonic() - started < 1.2:
            return failure(429, "later")
        return echo(call)

    server.answer = answer
    names = map(str, range(40))

    def take() -> Request | None:
        if time.monotonic() - started < 1.5:
            return request(next(names, f"{time.monotonic()}"))
        return None

    stream = engine_of(server, concurrency=4, patience_seconds=0.5).stream
    first = iter([request("unlucky")])
    reasons = Counter(c.finish_reason for c in stream(lambda: next(first, None) or take()))
    assert reasons["stop"] > 40
    assert set(reasons) == {"stop"}


def test_a_server_that_works_on_something_is_not_given_up(server: FakeServer, engine_of: Engines) -> None:
    """It lets in one at a time, and that one takes longer than patience lasts."""
    let_in = threading.Lock()

    def answer(call: Call) -> Reply:
        if not let_in.acquire(blocking=False):
            return failure(429, "later")
        try:
            time.sleep(0.5)
        finally:
            let_in.release()
        return echo(call)

    server.answer = answer
    completions = ask(engine_of(server, patience_seconds=0.3), "a", "b")
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


# Gone


def test_a_server_that_dies_and_comes_back(servers: Servers, engine_of: Engines) -> None:
    server = servers()
    dies = threading.Event()

    def answer(call: Call) -> Reply:
        if len(server.calls) >= 5:
            dies.set()
        return echo(call)

    server.answer = answer

    def restart() -> None:
        dies.wait(5)
        server.die()
        time.sleep(0.2)
        second.append(servers(server.server_port))

    second: list[FakeServer] = []
    thread = threading.Thread(target=restart)
    thread.start()
    stream = engine_of(server, concurrency=2).stream(taking(requests_for(*map(str, range(20)))))
    completions = []
    for completion in stream:
        completions.append(completion)
        if len(completions) == 5:
            thread.join()
    assert sorted(c.request_id for c in completions) == sorted(map(str, range(20)))
    assert {c.finish_reason for c in completions} == {"stop"}
    assert len(second[0].calls) >= 14


def test_when_one_of_two_servers_dies_the_other_gets_all_and_it_rejoins(servers: Servers, engine_of: Engines) -> None:
    mortal, other = servers(), servers()
    port, second, names = mortal.server_port, [], iter(map(str, range(100_000)))
    mortal.answer = other.answer = lambda call: (time.sleep(0.005), echo(call))[1]

    def take() -> Request | None:
        if second and second[0].calls:
            return None
        return request(next(names))

    seen: list[str] = []
    for completion in engine_of(mortal, other, concurrency=4).stream(take):
        assert completion.finish_reason == "stop"
        seen.append(completion.request_id)
        if len(seen) == 20:
            mortal.die()
        if len(seen) == 60:
            assert len(mortal.calls) < 40
            second.append(servers(port))
    assert len(seen) == len(set(seen))
    assert sorted(seen, key=int) == list(map(str, range(len(seen))))
    assert second[0].checks >= 1


@pytest.mark.parametrize("dead", [lambda server: server.die(), lambda server: setattr(server, "answer", dropping)])
def test_a_dead_server_is_asked_by_one_small_question_at_a_time(
    dead: Callable[[FakeServer], None], servers: Servers, engine_of: Engines
) -> None:
    server = servers()
    probes = []
    engine = engine_of(server, concurrency=16, patience_seconds=0.5)
    probe, at_once, most = engine._probe, [0], [0]

    async def counting(of: ChatServer) -> bytes:
        probes.append(time.monotonic())
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        try:
            return await probe(of)
        finally:
            at_once[0] -= 1

    engine._probe = counting
    stream = engine.stream(taking(requests_for(*map(str, range(40)))))
    next(stream)
    probes.clear()
    if dead(server) is None and not server.dead:
        server.models = lambda: Reply(drop=True)
    before = len(server.calls)
    with pytest.raises(EngineDown):
        list(stream)
    assert len(server.calls) - before <= 16  # those that found out
    assert 2 <= len(probes) <= 80
    assert most == [1]


def test_a_server_that_drops_everything_is_given_up(server: FakeServer, engine_of: Engines) -> None:
    server.answer = dropping
    message = down(engine_of(server, patience_seconds=0.3), "a", "b")
    assert f"{server.url}: ServerDisconnectedError" in message
    assert len(server.calls) < 80


def test_a_server_that_dies_for_good_ends_the_run_and_not_the_requests(server: FakeServer, engine_of: Engines) -> None:
    engine = engine_of(server, concurrency=4, patience_seconds=0.3)
    seen = []
    stream = engine.stream(taking(requests_for(*map(str, range(20)))))
    with pytest.raises(EngineDown, match="4 answers under way were not received"):  # noqa: PT012
        for completion in stream:
            seen.append(completion)
            if len(seen) == 8:
                server.die()
    assert {c.finish_reason for c in seen} == {"stop"}
    with pytest.raises(Exception, match="does not answer"):  # what is wrong now is found out at once
        ask(engine, "again")


def test_a_dropped_connection_is_tried_again(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda call: Reply(drop=True) if len(server.calls) < 9 else echo(call)
    assert ask(engine_of(server), "a")["a"].finish_reason == "stop"


# Broken


def test_what_broke_on_one_server_is_tried_on_another(servers: Servers, engine_of: Engines) -> None:
    broken, whole = servers(), servers()
    broken.answer = lambda _: failure(500, "oops")
    completions = ask(engine_of(broken, whole, concurrency=2), *map(str, range(20)))
    assert {c.finish_reason for c in completions.values()} == {"stop"}
    texts = Counter(call.text for call in broken.calls)
    assert max(texts.values()) == 1
    assert len(whole.calls) == 20


# Hanging


def test_a_request_that_hangs_is_tried_twice(server: FakeServer, engine_of: Engines) -> None:
    def answer(call: Call) -> Reply:
        if call.text == "hangs":
            server.released.wait(20)
        return echo(call)

    server.answer = answer
    completions = ask(engine_of(server, timeout_seconds=0.5), "hangs", "fine")
    assert completions["fine"].finish_reason == "stop"
    assert completions["hangs"].error == "TimeoutError: no answer within 0.5 s"
    assert sum(call.text == "hangs" for call in server.calls) == 2


def test_a_request_that_hangs_on_one_server_is_answered_by_another(servers: Servers, engine_of: Engines) -> None:
    hanging, other = servers(), servers()
    hanging.answer = lambda _: Reply(drop=hanging.released.wait(20))
    completions = ask(engine_of(hanging, other, concurrency=2, timeout_seconds=0.4), *map(str, range(4)))
    assert {c.finish_reason for c in completions.values()} == {"stop"}
    assert (len(hanging.calls), len(other.calls)) == (2, 4)


def test_a_server_that_only_hangs_is_given_up(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: Reply(drop=server.released.wait(20))
    message = down(engine_of(server, timeout_seconds=0.3), "a", "b")
    assert message.startswith(f"{server.url}: TimeoutError: no answer within 0.3 s; 2 answers")
    assert len(server.calls) == 4


# Denied


@pytest.mark.parametrize("status", [401, 404])
def test_a_refused_key_or_model_at_the_start(status: int, server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: failure(status, f"The model or the key {KEY} does not exist.")
    message = down(engine_of(server), *map(str, range(100)))
    assert message.startswith(f"{server.url}: HTTP {status} ")
    assert "The model or the key [key] does not exist." in message
    assert len(server.calls) <= 64


@pytest.mark.parametrize("status", [401, 404])
def test_a_refused_key_or_model_in_the_middle_makes_no_errors(
    status: int, server: FakeServer, engine_of: Engines
) -> None:
    server.answer = lambda call: echo(call) if len(server.calls) <= 10 else failure(status, "no more")
    seen = []
    with pytest.raises(EngineDown, match=f"HTTP {status} .*no more"):
        seen.extend(engine_of(server, concurrency=4).stream(taking(requests_for(*map(str, range(100))))))
    assert len(seen) <= 10
    assert {c.finish_reason for c in seen} <= {"stop"}


def test_a_key_that_is_forbidden_everything_ends_the_run(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda call: echo(call) if len(server.calls) <= 10 else failure(403, "no more")
    seen = []
    with pytest.raises(EngineDown, match=r"HTTP 403 .*no more"):
        seen.extend(engine_of(server, concurrency=4).stream(taking(requests_for(*map(str, range(100))))))
    assert len(seen) <= 20  # a few may have been refused while others were still answered


def test_a_prompt_that_is_forbidden_does_not_end_the_run(server: FakeServer, engine_of: Engines) -> None:
    """Some providers moderate prompts with 403, long before a model has answered anything else."""

    def answer(call: Call) -> Reply:
        if call.text == "rude":
            return failure(403, "flagged")
        eventually(lambda: sum(call.text == "rude" for call in server.calls) > 6)
        return echo(call)

    server.answer = answer
    completions = ask(engine_of(server, concurrency=2), "rude", *map(str, range(10)))
    assert completions.pop("rude").error == "HTTP 403 Forbidden: flagged"
    assert {c.finish_reason for c in completions.values()} == {"stop"}


# Whatever happens

_TROUBLES = [
    None,
    TryError(Kind.FINAL, "final"),
    TryError(Kind.TOO_LONG, "too long"),
    TryError(Kind.FAILED, "failed"),
    TryError(Kind.FAILED, "failed", 0.0005),
    TryError(Kind.FORBIDDEN, "forbidden"),
    TryError(Kind.DENIED, "denied"),
    TryError(Kind.BUSY, "busy"),
    TryError(Kind.BUSY, "busy", 0.001),
    TryError(Kind.LOST, "lost"),
    TryError(Kind.LOST, "lost", 0.001),
    TryError(Kind.GONE, "gone"),
    TryError(Kind.HUNG, "hung"),
]


class _Script:
    """Stands for the servers: one trouble per try, then answers."""

    def __init__(self, troubles: list[TryError | None], concurrency: int) -> None:
        self.troubles: Iterator[TryError | None] = iter(troubles)
        self.concurrency = concurrency
        self.busy: Counter[str] = Counter()

    async def ask(self, server: ChatServer, asked: Request) -> Completion:
        self.busy[server.name] += 1
        assert self.busy[server.name] <= self.concurrency
        try:
            await asyncio.sleep(0)
            if (trouble := next(self.troubles, None)) is not None:
                raise trouble
            return Completion(asked.request_id, "text", "stop")
        finally:
            self.busy[server.name] -= 1

    async def probe(self, server: ChatServer) -> bytes:
        await asyncio.sleep(0)
        if (trouble := next(self.troubles, None)) is not None:
            raise trouble
        return b"{}"


@settings(max_examples=150, deadline=None)
@given(
    troubles=st.lists(st.sampled_from(_TROUBLES), max_size=60),
    servers=st.integers(1, 3),
    concurrency=st.integers(1, 4),
    count=st.integers(1, 25),
    patience=st.sampled_from([0.0, 60.0]),
)
def test_every_request_ends_once_or_the_engine_is_down(
    troubles: list[TryError | None], servers: int, concurrency: int, count: int, patience: float
) -> None:
    script, requests = _Script(troubles, concurrency), requests_for(*map(str, range(count)))
    urls = [f"http://127.0.0.1:{number + 1}/v1" for number in range(servers)]
    seen: list[str] = []
    with (
        patch("polyglot_assets.teachers.dispatch.FIRST_WAIT", 0.0001),
        patch("polyglot_assets.teachers.dispatch.LONGEST_WAIT", 0.001),
        closing(ServerEngine(TEACHER, urls, KEY, concurrency, patience_seconds=patience)) as engine,
    ):
        engine._ask, engine._probe, engine._checked = script.ask, script.probe, True
        try:
            for completion in engine.stream(taking(requests)):
                seen.append(completion.request_id)
                assert count - len(requests) - len(seen) <= servers * concurrency
        except EngineDown:
            assert len(seen) == len(set(seen))
            assert any(t is not None and t.kind not in (Kind.FINAL, Kind.TOO_LONG, Kind.FAILED) for t in troubles)
        else:
            assert sorted(seen, key=int) == list(map(str, range(count)))


def test_the_cap_holds_on_each_server(servers: Servers, engine_of: Engines) -> None:
    pair = [servers(), servers()]
    for server in pair:
        server.answer = lambda call, server=server: (
            eventually(lambda: server.in_flight >= 3, 0.05),
            failure(500, "oops") if len(server.calls) % 5 == 0 else echo(call),
        )[1]
    ask(engine_of(*pair, concurrency=3), *map(str, range(60)))
    assert max(server.most_in_flight for server in pair) == 3
