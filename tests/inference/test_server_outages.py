"""Servers that die, break, hang or refuse the key: who is asked next, who waits, and when a run gives up."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

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
    dropping,
    echo,
    eventually,
    failure,
    request,
    requests_for,
    taking,
)

from polyglot_assets.domain.errors import EngineDown
from polyglot_assets.inference.chat_client import ChatServer
from polyglot_assets.inference.engine import Request

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
        dies.wait(60)
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
    dead: Callable[[FakeServer], None], servers: Servers, engine_of: Engines, clock: Clock
) -> None:
    server = servers()
    probes: list[float] = []
    engine = engine_of(server, concurrency=16, patience_seconds=100)
    probe, at_once, most = engine._probe, [0], [0]

    async def counting(of: ChatServer) -> bytes:
        probes.append(time.monotonic())
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        if len(probes) == 6:
            clock.advance(1000)
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
    # Those that found out: once when it could be their own fault, since others were answered, and once more.
    assert len(server.calls) - before <= 2 * 16
    assert len(probes) >= 6
    assert min(after - before for before, after in pairwise(probes[3:])) >= 0.75 * 0.05
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


def test_a_server_whose_check_hangs_is_given_up(
    server: FakeServer, engine_of: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Giving up waits for the check of a server, and the check has an end."""
    stream = engine_of(server, concurrency=1, patience_seconds=0.3).stream(taking(requests_for("0", "1")))
    assert next(stream).finish_reason == "stop"
    monkeypatch.setattr("polyglot_assets.inference.server_engine._CHECK_SECONDS", 0.3)
    server.answer = dropping
    server.models = lambda: Reply(drop=server.released.wait(60))
    with pytest.raises(EngineDown, match="TimeoutError: no answer; 1 answer under way was not received"):
        next(stream)
    assert len(server.calls) == 2


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


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize(
    "broken", [failure(500, "CUDA out of memory"), failure(409, "no"), failure(400, "no"), Reply(b"<html>"), Reply({})]
)
def test_what_failed_in_an_outage_is_asked_once_more_after_it(
    broken: Reply, concurrency: int, server: FakeServer, engine_of: Engines
) -> None:
    """However the end of the outage and the last tries of each request fall together."""
    tries: Counter[str] = Counter()

    def answer(call: Call) -> Reply:
        tries[call.text] += 1
        return broken if tries[call.text] <= (1 if broken.status == 400 else 5) else echo(call)

    server.answer = answer
    completions = ask(engine_of(server, concurrency=concurrency), *map(str, range(12)))
    assert {c.finish_reason for c in completions.values()} == {"stop"}


@pytest.mark.parametrize("answered", [0, 10])
@pytest.mark.parametrize("count", [1, 2])
def test_an_outage_shorter_than_patience_neither_ends_the_run_nor_fills_rows(
    answered: int, count: int, servers: Servers, engine_of: Engines
) -> None:
    """Far more harmless questions fail than one request has tries."""
    group = [servers() for _ in range(count)]

    def over(server: FakeServer) -> bool:
        return len(server.controls) > 12 or len(server.calls) <= answered

    for server in group:
        server.answer = server.control = lambda call, server=server: (  # type: ignore[misc]
            echo(call) if over(server) else failure(500, "CUDA out of memory")
        )
    completions = ask(engine_of(*group, concurrency=4, patience_seconds=600), *map(str, range(60)))
    assert {c.finish_reason for c in completions.values()} == {"stop"}


# Hanging


def test_a_request_that_hangs_is_tried_twice(server: FakeServer, engine_of: Engines, clock: Clock) -> None:
    hanging: list[Call] = []

    def answer(call: Call) -> Reply:
        if call.text == "hangs":
            hanging.append(call)
            if len(hanging) == 2:
                clock.advance(10_000)
            server.released.wait(60)
        assert eventually(lambda: bool(hanging))
        return echo(call)

    server.answer = answer
    completions = {}
    for completion in engine_of(server, timeout_seconds=100).stream(taking(requests_for("hangs", "fine"))):
        completions[completion.request_id] = completion
        if completion.request_id == "fine":
            clock.advance(10_000)
    assert completions["fine"].finish_reason == "stop"
    assert completions["hangs"].error == "TimeoutError: no answer within 100 s"
    assert len(hanging) == 2


def test_a_request_that_hangs_on_one_server_is_answered_by_another(
    servers: Servers, engine_of: Engines, clock: Clock
) -> None:
    hanging, other = servers(), servers()
    hanging.answer = lambda _: Reply(drop=hanging.released.wait(60))
    other.answer = lambda call: (eventually(lambda: len(hanging.calls) == 2), echo(call))[1]
    engine, reasons = engine_of(hanging, other, concurrency=2, timeout_seconds=100), []
    for completion in engine.stream(taking(requests_for(*map(str, range(4))))):
        reasons.append(completion.finish_reason)
        if len(reasons) == 2:
            clock.advance(10_000)
    assert reasons == ["stop"] * 4
    assert (len(hanging.calls), len(other.calls)) == (2, 4)


def test_a_server_that_only_hangs_is_given_up(server: FakeServer, engine_of: Engines, clock: Clock) -> None:
    def answer(call: Call) -> Reply:
        if any(call is last for last in server.calls[1::2]):  # both of them are there, for the first or second time
            clock.advance(10_000)
        return Reply(drop=server.released.wait(60))

    server.answer = answer
    message = down(engine_of(server, timeout_seconds=100), "a", "b")
    assert message.startswith(f"{server.url}: TimeoutError: no answer within 100 s; 2 answers")
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
    server.control = None
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
        eventually(lambda: bool(server.controls))
        return echo(call)

    server.answer = answer
    completions = ask(engine_of(server, concurrency=2), "rude", *map(str, range(10)))
    assert completions.pop("rude").error == "HTTP 403 Forbidden: flagged"
    assert {c.finish_reason for c in completions.values()} == {"stop"}
