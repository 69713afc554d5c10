"""How the stream of a server engine ends: read to the end, closed early, interrupted, or broken."""

import random
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

import pytest
from fake_server import (
    Call,
    Engines,
    FakeServer,
    Reply,
    Servers,
    ask,
    chat,
    echo,
    eventually,
    failure,
    request,
    requests_for,
    taking,
)

from polyglot_assets.inference.chat_client import ChatServer
from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.inference.refusals import Kind, TryError
from polyglot_assets.inference.server_engine import ServerEngine


@pytest.fixture(autouse=True)
def ctrl_c() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, also where the tests were started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def hangs_but_for_0(server: FakeServer) -> Callable[[Call], Reply]:
    def answer(call: Call) -> Reply:
        if call.text != "0":
            server.released.wait(60)
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
            target=lambda calls=calls: (eventually(lambda: len(server.calls) > calls), interrupt(engine))
        )
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            next(stream)
        timer.join()
        for endpoint in engine._endpoints:
            endpoint.paused_until = 0
    engine.close()


def interrupt(engine: ServerEngine) -> None:
    """Ctrl-C while the loop runs; earlier, it would hit the test itself."""
    assert eventually(lambda: engine._runner != 0)
    time.sleep(0.05)  # most often it waits for something by then
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


@pytest.mark.usefixtures("tidy")
def test_an_interrupt_ends_the_stream_and_close_still_works(server: FakeServer, engine_of: Engines) -> None:
    server.answer = hangs_but_for_0(server)
    engine = engine_of(server, concurrency=8)
    stream = engine.stream(taking(requests_for(*map(str, range(20)))))
    assert next(stream).request_id == "0"
    timer = threading.Thread(target=interrupt, args=(engine,))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        next(stream)
    timer.join()
    engine.close()
    engine.close()


@pytest.mark.usefixtures("tidy")
def test_an_interrupted_health_check(server: FakeServer, engine_of: Engines) -> None:
    server.models = lambda: Reply({"data": []} if server.released.wait(60) else {})
    engine = engine_of(server)
    timer = threading.Thread(target=interrupt, args=(engine,))
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
    monkeypatch.setattr("polyglot_assets.inference.chat_api.read_answer", lambda *_: 1 / 0)
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
    server.answer = lambda _: Reply(drop=server.released.wait(60))
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
    # The health check goes on until its time is over; in the stream, no limit is to be met.
    engine = engine_of(server, timeout_seconds=60 if where == "in the stream" else 0.5)
    before = signal.signal(signal.SIGUSR1, lambda *_: engine.close())
    sent = threading.Event()

    def stand_still() -> Reply:
        if not sent.is_set():
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
            sent.set()
        return Reply(drop=server.released.wait(60))

    if where == "in the stream":
        server.answer = lambda _: stand_still()
    else:
        server.models = stand_still
    try:
        with pytest.raises(Exception, match=r"closed|does not answer"):
            ask(engine, "a")
        assert sent.wait(60)
    finally:
        signal.signal(signal.SIGUSR1, before)
    engine.close()


@pytest.mark.parametrize("seed", range(3))
def test_every_request_ends_once_whatever_the_servers_do(seed: int, servers: Servers, engine_of: Engines) -> None:
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
            reply, wait = dice.choice(replies), dice.random() * 0.01
        time.sleep(wait)
        return reply(call)

    pair = [servers(), servers()]
    for server in pair:
        server.answer = answer
    requests = deque(map(request, map(str, range(150))))
    seen, expected = [], {str(i) for i in range(150)}
    engine, hung = engine_of(*pair, concurrency=8), set()
    really_ask = engine._ask

    async def ask_or_hang(of: ChatServer, asked: Request) -> Completion:
        """Some answers come too late: once for a request, since what hangs twice may end the run."""
        completion = await really_ask(of, asked)
        if asked.request_id.endswith("7") and asked.request_id not in hung:
            hung.add(asked.request_id)
            raise TryError(Kind.HUNG, "too late")
        return completion

    engine._ask = ask_or_hang
    for completion in engine.stream(taking(requests)):
        seen.append(completion.request_id)
        assert (completion.error is None) == (completion.finish_reason in ("stop", "length"))
        if completion.finish_reason == "length":  # as `respond` does: ask again, once
            again = f"{completion.request_id} again"
            if again.count("again") == 1:
                expected.add(again)
                requests.append(request(again))
    assert len(seen) == len(set(seen))
    assert set(seen) == expected
