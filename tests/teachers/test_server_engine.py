"""The server engine against a real HTTP server on loopback: what is sent, how the stream runs, how it ends."""

import asyncio
import base64
import gc
import json
import random
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from fake_server import (
    KEY,
    SCHEMA,
    TEACHER,
    Call,
    Engines,
    FakeServer,
    Reply,
    ask,
    chat,
    echo,
    eventually,
    failure,
    request,
    requests_for,
    taking,
)

from polyglot_assets.grid import Cell
from polyglot_assets.lake import Lake
from polyglot_assets.records import PROMPTS, RESPONSES
from polyglot_assets.responses.generate import respond
from polyglot_assets.teachers.engine import Completion, Request
from polyglot_assets.teachers.server_engine import ServerEngine

# What is sent


def test_a_plain_answer(server: FakeServer, engine_of: Engines) -> None:
    assert ask(engine_of(server), "a")["a"] == Completion("a", "answer to a", "stop", 7, 3)
    assert server.calls[0].headers["Authorization"] == f"Bearer {KEY}"
    assert server.checks == 1


def test_a_request_arrives_whole(server: FakeServer, engine_of: Engines) -> None:
    sampling = {"temperature": 0.6, "top_p": 0.9, "top_k": 64, "repetition_penalty": 1.1, "max_tokens": 9, "seed": 5}
    messages = ({"role": "system", "content": "Sei kurz."}, {"role": "user", "content": "Größe? 大きさ"})
    list(engine_of(server).stream(taking(deque([Request("a", messages, sampling, SCHEMA)]))))
    assert server.calls[0].body == {
        "model": TEACHER.model,
        "messages": list(messages),
        **sampling,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA},
        },
    }


def test_plain_text_sends_no_response_format(server: FakeServer, engine_of: Engines) -> None:
    ask(engine_of(server), "a")
    assert set(server.calls[0].body) == {"model", "messages", "max_tokens", "seed"}


@pytest.mark.parametrize("key", ["", "  \n"])
def test_without_a_key_the_users_openai_key_stays_at_home(
    key: str, server: FakeServer, engine_of: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert ask(engine_of(server, key=key), "a")["a"].finish_reason == "stop"
    assert "Authorization" not in server.calls[0].headers


def test_user_and_password_in_a_url_are_sent_instead_of_the_key(server: FakeServer) -> None:
    with closing(ServerEngine(TEACHER, [server.url.replace("//", "//me:p%40ss@")], KEY)) as engine:
        ask(engine, "a")
    token = base64.b64encode(b"me:p@ss").decode()
    assert server.calls[0].headers["Authorization"] == f"Basic {token}"


def test_a_teacher_may_be_served_under_another_name(server: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    server.models = lambda: Reply({"data": [{"id": "alias"}]})
    with closing(ServerEngine(replace(TEACHER, served_as="alias"), [server.url + "/"], KEY)) as engine:
        ask(engine, "a")
    assert server.calls[0].body["model"] == "alias"
    assert not caplog.records


# How the stream runs


def test_completions_come_as_they_finish(server: FakeServer, engine_of: Engines) -> None:
    fast_done = threading.Semaphore(0)

    def answer(call: Call) -> Reply:
        if call.text == "slow":
            fast_done.acquire(timeout=5)
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
    def answer(call: Call) -> Reply:
        time.sleep(0.02)
        return echo(call)

    server.answer = answer
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


def test_after_a_none_it_takes_again_when_it_has_given_out_a_completion(
    servers: Callable[[], FakeServer], engine_of: Engines
) -> None:
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


def test_a_slow_reader_is_not_held_against_the_server(server: FakeServer, engine_of: Engines) -> None:
    requests = requests_for(*map(str, range(8)))
    for completion in engine_of(server, concurrency=4, timeout_seconds=0.4, patience_seconds=0).stream(
        taking(requests)
    ):
        assert completion.finish_reason == "stop"
        time.sleep(0.15)
    assert len(server.calls) == 8


def test_two_servers_share_the_load(servers: Callable[[], FakeServer], engine_of: Engines) -> None:
    pair = [servers(), servers()]
    together = threading.Barrier(8)

    def answer(call: Call) -> Reply:
        together.wait(5)
        return echo(call)

    for server in pair:
        server.answer = answer
    ask(engine_of(*pair, concurrency=4), *map(str, range(16)))
    assert [server.most_in_flight for server in pair] == [4, 4]
    assert [server.checks for server in pair] == [1, 1]


def test_the_idle_server_gets_the_next_request(servers: Callable[[], FakeServer], engine_of: Engines) -> None:
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


# The end


@pytest.fixture
def tidy(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing may be left in the loop: asyncio complains about that when the garbage is collected."""
    yield
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


def hangs_but_for_0(server: FakeServer) -> Callable[[Call], Reply]:
    def answer(call: Call) -> Reply:
        if call.text != "0":
            server.released.wait(20)
        return echo(call)

    return answer


@pytest.mark.usefixtures("tidy")
def test_a_stream_closed_early_leaves_nothing_busy(server: FakeServer, engine_of: Engines) -> None:
    server.answer = hangs_but_for_0(server)
    engine = engine_of(server, concurrency=8)
    requests = requests_for(*map(str, range(20)))
    stream = engine.stream(taking(requests))
    assert next(stream).request_id == "0"
    stream.close()
    assert len(requests) == 12
    server.released.set()
    server.answer = echo
    ask(engine, "after")  # the engine itself is fine
    assert len(server.calls) <= 9
    engine.close()


@pytest.mark.usefixtures("tidy")
def test_a_stream_closed_while_everything_waits(server: FakeServer, engine_of: Engines) -> None:
    engine = engine_of(server, concurrency=1)
    for status, more in ((500, {"Retry_After": "60"}), (503, {"Retry_After": "60"}), (503, {})):
        server.answer = lambda call, status=status, more=more: (
            echo(call) if call.text == "0" else failure(status, "x", **more)
        )
        stream = engine.stream(taking(requests_for("0", "1")))
        next(stream)
        calls = len(server.calls)
        timer = threading.Thread(
            target=lambda calls=calls: (eventually(lambda: len(server.calls) > calls), interrupt())
        )
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            next(stream)
        timer.join()
        for lane in engine._lanes:
            lane.paused_until = 0
    engine.close()


def interrupt() -> None:
    time.sleep(0.05)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


@pytest.mark.usefixtures("tidy")
def test_an_interrupt_ends_the_stream_and_close_still_works(server: FakeServer, engine_of: Engines) -> None:
    server.answer = hangs_but_for_0(server)
    engine = engine_of(server, concurrency=8)
    stream = engine.stream(taking(requests_for(*map(str, range(20)))))
    assert next(stream).request_id == "0"
    timer = threading.Thread(target=interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        next(stream)
    timer.join()
    engine.close()
    engine.close()


@pytest.mark.usefixtures("tidy")
def test_an_interrupted_health_check(server: FakeServer, engine_of: Engines) -> None:
    server.models = lambda: Reply({"data": []} if server.released.wait(20) else {})
    engine = engine_of(server)
    timer = threading.Thread(target=interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        ask(engine, "a")
    timer.join()
    engine.close()


@pytest.mark.usefixtures("tidy")
def test_another_stream_ends_one_whose_reader_is_gone(server: FakeServer, engine_of: Engines) -> None:
    server.answer = hangs_but_for_0(server)
    engine = engine_of(server)
    stream = engine.stream(taking(requests_for("0", "1")))
    next(stream)
    server.answer = echo
    ask(engine, "after")
    with pytest.raises(RuntimeError, match="another stream"):
        next(stream)


def test_what_take_raises_reaches_the_reader(server: FakeServer, engine_of: Engines) -> None:
    requests = requests_for("a")
    with pytest.raises(IndexError):
        list(engine_of(server).stream(requests.popleft))


@pytest.mark.usefixtures("tidy")
def test_a_programming_error_reaches_the_reader(
    server: FakeServer, engine_of: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polyglot_assets.teachers.chat_api.read_answer", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        ask(engine_of(server), "a", "b")


def test_close_twice(server: FakeServer, engine_of: Engines) -> None:
    engine = engine_of(server)
    ask(engine, "a")
    engine.close()
    engine.close()
    with pytest.raises(RuntimeError, match="closed"):
        ask(engine, "b")


def test_closing_an_engine_that_never_ran(server: FakeServer, engine_of: Engines) -> None:
    engine = engine_of(server)
    engine.close()
    engine.close()


@pytest.mark.usefixtures("tidy")
def test_closing_the_engine_under_a_stream(server: FakeServer, engine_of: Engines) -> None:
    server.answer = hangs_but_for_0(server)
    engine = engine_of(server)
    stream = engine.stream(taking(requests_for("0", "1")))
    next(stream)
    engine.close()
    with pytest.raises(RuntimeError, match="closed"):
        next(stream)


@pytest.mark.usefixtures("tidy")
def test_closing_the_engine_in_another_thread_wakes_the_reader(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: Reply(drop=server.released.wait(20))
    engine = engine_of(server)
    stream = engine.stream(taking(requests_for("a")))
    closer = threading.Thread(target=lambda: (eventually(lambda: bool(server.calls)), engine.close()))
    closer.start()
    with pytest.raises(RuntimeError, match="closed"):
        next(stream)
    closer.join()


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("where", ["in the stream", "in the health check"])
def test_closing_the_engine_in_a_signal_handler(where: str, server: FakeServer, engine_of: Engines) -> None:
    engine = engine_of(server, timeout_seconds=0.5)
    before = signal.signal(signal.SIGUSR1, lambda *_: engine.close())

    def stand_still() -> Reply:
        signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
        return Reply(drop=server.released.wait(20))

    if where == "in the stream":
        server.answer = lambda _: stand_still()
    else:
        server.models = stand_still
    try:
        with pytest.raises(Exception, match=r"closed|does not answer"):
            ask(engine, "a")
    finally:
        signal.signal(signal.SIGUSR1, before)
    engine.close()


@pytest.mark.parametrize("seed", range(3))
def test_every_request_ends_once_whatever_the_servers_do(
    seed: int, servers: Callable[[], FakeServer], engine_of: Engines
) -> None:
    dice, lock = random.Random(seed), threading.Lock()
    soon = {"Retry_After_Ms": "5"}
    replies: list[Callable[[Call], Reply]] = [
        echo,
        echo,
        echo,
        lambda _: Reply(drop=True),
        lambda _: failure(429, "slow down", **soon),
        lambda _: failure(500, "oops", **soon),
        lambda _: failure(400, "maximum context length is 8"),
        lambda _: failure(410, "gone"),
        lambda _: failure(409, "conflict"),
        lambda _: failure(503, "overloaded"),
        lambda _: Reply(b'{"choices": [', length=99),
        lambda _: chat(None),
        lambda _: chat("half", "length"),
        lambda _: Reply(b"{"),
    ]

    def answer(call: Call) -> Reply:
        with lock:
            reply, wait, hang = dice.choice(replies), dice.random() * 0.01, dice.random() < 0.02
        time.sleep(1.5 if hang else wait)
        return reply(call)

    pair = [servers(), servers()]
    for server in pair:
        server.answer = answer
    requests = deque(map(request, map(str, range(150))))
    seen, expected = [], {str(i) for i in range(150)}
    for completion in engine_of(*pair, concurrency=8, timeout_seconds=1).stream(taking(requests)):
        seen.append(completion.request_id)
        assert (completion.error is None) == (completion.finish_reason in ("stop", "length"))
        if completion.finish_reason == "length":  # as `respond` does: ask again, once
            again = f"{completion.request_id} again"
            if again.count("again") == 1:
                expected.add(again)
                requests.append(request(again))
    assert len(seen) == len(set(seen))
    assert set(seen) == expected


# The chain


def test_a_cell_answered_by_a_server(server: FakeServer, lake: Lake, cell: Cell) -> None:
    text = "Das ist eine vollständige und klare Antwort auf die Frage, die Sie gerade gestellt haben."
    rows = [
        {column: f"{column} {number}" for column, kind, _ in PROMPTS.fields if str(kind) == "string"}
        | {"language": cell.language, "strategy": cell.strategy, "exemplar_ids": [], "licenses": ["cc0-1.0"]}
        for number in range(4)
    ]
    lake.write_cell(PROMPTS, cell, rows)

    def answer(call: Call) -> Reply:
        if call.text == "synth_prompt 0":
            return failure(400, "maximum context length is 8 tokens")
        if call.text == "synth_prompt 1":
            return chat(None, "content_filter")
        if call.text == "synth_prompt 2" and call.body["max_tokens"] == TEACHER.max_tokens:
            return chat("cut", "length")
        asked = "Können Sie mir bitte erklären, wie eine gute Antwort auf diese Frage aussehen sollte?"
        return chat(json.dumps({"prompt": asked, "response": text}))

    server.answer = answer
    with closing(ServerEngine(TEACHER, [server.url], KEY)) as engine:
        result = dict(respond(lake, TEACHER, [cell], lambda: engine, lambda _: None))[cell]
    assert result.outcomes == {"ok": 2, "too_long": 1, "engine_error": 1}
    assert result.asked == 5
    assert len(lake.read_cell(RESPONSES, cell, teacher=TEACHER.name)) == 4
