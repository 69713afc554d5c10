"""The server engine against a real HTTP server on loopback: what is sent, how the stream runs, how it ends."""

import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing

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
    engine_threads,
    eventually,
    failure,
    request,
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
    list(engine_of(server).stream(deque([Request("a", messages, sampling, SCHEMA)])))
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
    assert server.calls[0].headers["Authorization"] == "Bearer none"


# How the stream runs


def test_completions_come_as_they_finish(server: FakeServer, engine_of: Engines) -> None:
    fast_done = threading.Semaphore(0)

    def answer(call: Call) -> Reply:
        if call.text == "slow":
            fast_done.acquire(timeout=5)
        return echo(call)

    server.answer = answer
    order = []
    for completion in engine_of(server).stream(deque(map(request, ["slow", "b", "c"]))):
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


def test_requests_are_taken_from_the_left_and_no_more_than_needed(server: FakeServer, engine_of: Engines) -> None:
    requests = deque(map(request, map(str, range(20))))
    stream = engine_of(server, concurrency=3).stream(requests)
    assert len(requests) == 20
    next(stream)
    assert requests[0].request_id == "6"
    time.sleep(0.2)  # nobody reads: no more is taken
    assert requests[0].request_id == "6"
    assert len(list(stream)) == 19


def test_a_slow_reader_keeps_the_servers_busy_within_bounds(server: FakeServer, engine_of: Engines) -> None:
    read = 0
    for _ in engine_of(server, concurrency=3).stream(deque(map(request, map(str, range(30))))):
        read += 1
        assert eventually(lambda read=read: len(server.calls) == min(read + 5, 30))
    assert read == 30


def test_two_servers_share_the_load(servers: Callable[[], FakeServer], engine_of: Engines) -> None:
    pair = [servers(), servers()]
    together = threading.Barrier(8)

    def answer(call: Call) -> Reply:
        together.wait(5)
        return echo(call)

    for server in pair:
        server.answer = answer
    ask(engine_of(*pair, concurrency=8), *map(str, range(16)))
    assert [server.most_in_flight for server in pair] == [4, 4]
    assert [server.checks for server in pair] == [1, 1]


def test_the_idle_server_gets_the_next_request(servers: Callable[[], FakeServer], engine_of: Engines) -> None:
    slow, fast = servers(), servers()

    def hang(call: Call) -> Reply:
        eventually(lambda: len(fast.calls) >= 9)
        return echo(call)

    slow.answer = hang
    ask(engine_of(slow, fast, concurrency=2), *map(str, range(10)))
    assert (len(slow.calls), len(fast.calls)) == (1, 9)


def test_requests_appended_while_the_stream_runs_are_served(server: FakeServer, engine_of: Engines) -> None:
    requests = deque([request("first")])
    seen = []
    for completion in engine_of(server).stream(requests):
        seen.append(completion.request_id)
        if len(seen) < 4:
            requests.append(request(f"after {completion.request_id}"))
    assert seen == ["first", "after first", "after after first", "after after after first"]


def test_nothing_to_ask_asks_nobody(server: FakeServer, engine_of: Engines) -> None:
    assert list(engine_of(server).stream(deque())) == []
    assert server.checks == 0
    assert not engine_threads()


def test_servers_are_checked_once_per_engine(server: FakeServer, engine_of: Engines) -> None:
    engine = engine_of(server)
    ask(engine, "a")
    ask(engine, "b")
    assert server.checks == 1


# The end


def test_a_stream_closed_early_leaves_nothing_busy(server: FakeServer, engine_of: Engines) -> None:
    def answer(call: Call) -> Reply:
        if call.text != "0":
            server.released.wait(20)
        return echo(call)

    server.answer = answer
    engine = engine_of(server, concurrency=8)
    requests = deque(map(request, map(str, range(20))))
    stream = engine.stream(requests)
    assert next(stream).request_id == "0"
    stream.close()
    assert eventually(lambda: all(s.under_way == 0 for s in engine._servers))
    assert len(requests) == 4
    server.released.set()
    time.sleep(0.1)
    assert len(server.calls) <= 9
    server.answer = echo
    ask(engine, "after")  # the engine itself is fine


def test_close_twice_ends_the_thread(server: FakeServer, engine_of: Engines) -> None:
    engine = engine_of(server)
    ask(engine, "a")
    assert len(engine_threads()) == 1
    engine.close()
    engine.close()
    assert engine_threads() == []
    with pytest.raises(RuntimeError, match="closed"):
        ask(engine, "b")


def test_closing_an_engine_that_never_ran(server: FakeServer, engine_of: Engines) -> None:
    engine = engine_of(server)
    engine.close()
    engine.close()


def test_closing_the_engine_under_a_stream_wakes_the_reader(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: Reply(drop=server.released.wait(20))
    engine = engine_of(server)
    stream = engine.stream(deque([request("a")]))
    threading.Thread(target=lambda: (eventually(lambda: bool(server.calls)), engine.close())).start()
    with pytest.raises(RuntimeError, match="closed"):
        next(stream)


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
        lambda _: failure(404, "gone"),
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
    for completion in engine_of(*pair, concurrency=16, timeout_seconds=1).stream(requests):
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
        return chat(json.dumps({"prompt": text, "response": text}))

    server.answer = answer
    with closing(ServerEngine(TEACHER, [server.url], KEY)) as engine:
        result = respond(lake, TEACHER, [cell], lambda: engine, lambda _: None)[cell]
    assert result.outcomes == {"ok": 2, "too_long": 1, "engine_error": 1}
    assert result.asked == 5
    assert len(lake.read_cell(RESPONSES, cell, teacher=TEACHER.name)) == 4
