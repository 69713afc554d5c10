"""The laws of dispatch, with a script in place of the servers: every request ends once, and for the right reason."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain, repeat
from unittest.mock import patch

import pytest
from fake_server import (
    KEY,
    TEACHER,
    Call,
    Clock,
    Engines,
    FakeServer,
    Reply,
    Servers,
    ask,
    echo,
    failure,
    filling_up,
    requests_for,
    taking,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from polyglot_assets.domain.errors import EngineDown
from polyglot_assets.inference.chat_api import CONTROL
from polyglot_assets.inference.chat_client import ChatServer
from polyglot_assets.inference.endpoints import LONGEST_SERIES
from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.inference.refusals import Kind, TryError
from polyglot_assets.inference.server_engine import ServerEngine

_TROUBLES = [
    None,
    TryError(Kind.FINAL, "final"),
    TryError(Kind.TOO_LONG, "too long"),
    TryError(Kind.FAILED, "failed"),
    TryError(Kind.FAILED, "failed", 0.0005),
    TryError(Kind.REFUSED, "refused"),
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
        patch("polyglot_assets.inference.backoff.FIRST_WAIT", 0.0001),
        patch("polyglot_assets.inference.backoff.LONGEST_WAIT", 0.001),
        closing(ServerEngine(TEACHER, urls, KEY, concurrency, patience_seconds=patience)) as engine,
    ):
        engine._ask, engine._probe, engine._checked = script.ask, script.probe, True
        try:
            for completion in engine.stream(taking(requests)):
                seen.append(completion.request_id)
                assert count - len(requests) - len(seen) <= servers * (concurrency + LONGEST_SERIES)
        except EngineDown:
            assert len(seen) == len(set(seen))
            assert any(t is not None and t.kind is not Kind.FAILED for t in troubles)
        else:
            assert sorted(seen, key=int) == list(map(str, range(count)))


class _Ending(_Script):
    """Servers that answer some and from then on give everybody the same trouble; perhaps they still pass the check."""

    def __init__(self, answers: int, trouble: TryError, concurrency: int, *, checked: bool) -> None:
        super().__init__([], concurrency)
        self.troubles = chain([None] * answers, repeat(trouble))
        self.checked = checked

    async def probe(self, server: ChatServer) -> bytes:
        if not self.checked:
            raise TryError(Kind.GONE, "nobody there")
        return b"{}"


@settings(max_examples=150, deadline=None)
@given(
    trouble=st.sampled_from([t for t in _TROUBLES if t is not None and t.kind not in (Kind.FINAL, Kind.TOO_LONG)]),
    answers=st.integers(0, 25),
    servers=st.integers(1, 3),
    concurrency=st.integers(1, 4),
    count=st.integers(1, 25),
    checked=st.booleans(),
)
def test_servers_that_fail_for_good_leave_no_errors(
    trouble: TryError, answers: int, servers: int, concurrency: int, count: int, *, checked: bool
) -> None:
    script = _Ending(answers, trouble, concurrency, checked=checked)
    urls = [f"http://127.0.0.1:{number + 1}/v1" for number in range(servers)]
    seen: list[Completion] = []
    with (
        patch("polyglot_assets.inference.backoff.FIRST_WAIT", 0.0001),
        patch("polyglot_assets.inference.backoff.LONGEST_WAIT", 0.001),
        closing(ServerEngine(TEACHER, urls, KEY, concurrency, patience_seconds=0.02)) as engine,
    ):
        engine._ask, engine._probe, engine._checked = script.ask, script.probe, True
        try:
            seen.extend(engine.stream(taking(requests_for(*map(str, range(count))))))
        except EngineDown:
            assert len(seen) <= answers < count
        else:
            assert len(seen) == count <= answers
    assert {completion.finish_reason for completion in seen} <= {"stop"}


class _Greeting(_Ending):
    """Servers that say the same last word to every request, and answer a harmless question or not."""

    def __init__(self, answers: int, trouble: TryError, concurrency: int, *, greets: bool) -> None:
        super().__init__(answers, trouble, concurrency, checked=True)
        self.greets = greets

    async def ask(self, server: ChatServer, asked: Request) -> Completion:
        if self.greets and asked.messages[-1]["content"] == CONTROL:
            return Completion(asked.request_id, "Hello.", "stop")
        return await super().ask(server, asked)


@settings(max_examples=150, deadline=None)
@given(
    trouble=st.sampled_from([t for t in _TROUBLES if t is not None and t.kind in (Kind.FINAL, Kind.TOO_LONG)]),
    answers=st.integers(0, 25),
    servers=st.integers(1, 3),
    concurrency=st.integers(1, 4),
    count=st.integers(1, 120),
    greets=st.booleans(),
)
def test_servers_that_give_last_words_to_everything_leave_no_outcome(
    trouble: TryError, answers: int, servers: int, concurrency: int, count: int, *, greets: bool
) -> None:
    """If they answer a harmless question, fewer than a series from each may be the requests' own fault."""
    script = _Greeting(answers, trouble, concurrency, greets=greets)
    urls = [f"http://127.0.0.1:{number + 1}/v1" for number in range(servers)]
    seen: list[Completion] = []
    with (
        patch("polyglot_assets.inference.backoff.FIRST_WAIT", 0.0001),
        patch("polyglot_assets.inference.backoff.LONGEST_WAIT", 0.001),
        closing(ServerEngine(TEACHER, urls, KEY, concurrency, patience_seconds=0.02)) as engine,
    ):
        engine._ask, engine._probe, engine._checked = script.ask, script.probe, True
        try:
            seen.extend(engine.stream(taking(requests_for(*map(str, range(count))))))
        except EngineDown:
            assert answers < count
        else:
            assert len(seen) == count
            assert count <= answers or greets
    booked = [completion for completion in seen if completion.finish_reason != "stop"]
    assert len(booked) < (servers * LONGEST_SERIES if greets else 1)
    assert len(booked) in (0, count - min(answers, count)) or servers > 1


class _Turning:
    """One server that turns some away with 504, each time as if a gateway had, and a check that takes long.

    Time is the script's: every try takes a second of it, the check far more than patience lasts.
    """

    def __init__(self, clock: Clock, checked: TryError | None) -> None:
        self.clock, self.checked = clock, checked
        self.fine, self.checking = asyncio.Event(), asyncio.Event()
        self.probes = 0
        self.tries: Counter[str] = Counter()

    async def ask(self, server: ChatServer, asked: Request) -> Completion:
        name = asked.request_id
        self.tries[name] += 1
        if name == "fine":
            self.clock.advance(1)
            self.fine.set()
            return Completion(name, "text", "stop")
        await self.fine.wait()
        if name == "late" and self.tries[name] == 2:
            await self.checking.wait()
        self.clock.advance(1)
        raise TryError(Kind.LOST, f"504 for {name}")

    async def probe(self, server: ChatServer) -> bytes:
        self.probes += 1
        self.clock.advance(1000)
        self.checking.set()
        await asyncio.sleep(0.1)  # timers fire in their order: what rested is waiting, and was looked at, before
        if self.checked is not None:
            raise self.checked
        return b"{}"

    async def control(self, server: ChatServer, asked: Request) -> bool:
        return False


def turned_away(clock: Clock, checked: TryError | None, *names: str) -> tuple[dict[str, Completion], str]:
    """The completions, and why the run ended if it did."""
    seen: dict[str, Completion] = {}
    with (
        patch("polyglot_assets.inference.backoff.FIRST_WAIT", 0.0001),
        patch("polyglot_assets.inference.backoff.LONGEST_WAIT", 0.001),
        closing(ServerEngine(TEACHER, ["http://127.0.0.1:1/v1"], KEY, patience_seconds=100)) as engine,
    ):
        script = _Turning(clock, checked)
        engine._ask, engine._probe, engine._control, engine._checked = script.ask, script.probe, script.control, True
        try:
            seen = {c.request_id: c for c in engine.stream(taking(requests_for(*names)))}
        except EngineDown as error:
            return seen, str(error)
        finally:
            assert script.probes >= 1
    return seen, ""


@pytest.mark.parametrize("names", [["unlucky", "fine"], ["unlucky", "late", "fine"]])
def test_a_server_that_is_being_checked_is_not_away(names: list[str], clock: Clock) -> None:
    """Patience ends before the check has come back: of one that waits for it, and of one that is turned away then."""
    seen, down = turned_away(clock, None, *names)
    assert down == ""
    assert {name: c.error for name, c in seen.items()} == {
        name: None if name == "fine" else f"504 for {name}" for name in names
    }


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.GONE, Kind.HUNG])
def test_a_server_that_fails_its_check_is_away(kind: Kind, clock: Clock) -> None:
    _, down = turned_away(clock, TryError(kind, "nobody there"), "unlucky", "fine")
    assert "nobody there; 1 answer under way was not received" in down


class _Failing:
    """One server that answers `fine` alone, and from then on turns all away in one moment, the newest first.

    Its check is passed: what turns requests away stands before it. Every round takes 40 seconds of the clock.
    """

    def __init__(self, clock: Clock, count: int) -> None:
        self.clock, self.count = clock, count
        self.waiting: dict[str, asyncio.Future[None]] = {}

    async def ask(self, server: ChatServer, asked: Request) -> Completion:
        name = asked.request_id
        if name == "fine":
            self.clock.advance(1)
            return Completion(name, "text", "stop")
        turned_away = asyncio.get_running_loop().create_future()
        self.waiting[name] = turned_away
        if len(self.waiting) == self.count:
            asyncio.get_running_loop().call_soon(self.turn_away)
        await turned_away
        raise TryError(Kind.LOST, f"503 for {name}")

    def turn_away(self) -> None:
        self.clock.advance(40)
        for name in sorted(self.waiting, reverse=True):
            self.waiting.pop(name).set_result(None)

    async def probe(self, server: ChatServer) -> bytes:
        return b"{}"

    async def control(self, server: ChatServer, asked: Request) -> bool:
        raise TryError(Kind.LOST, "503 for everybody")


def failing(clock: Clock, names: list[str], *, concurrency: int) -> tuple[list[Completion], str]:
    """The completions, and why the run ended."""
    seen: list[Completion] = []
    with (
        patch("polyglot_assets.inference.backoff.FIRST_WAIT", 0.0001),
        patch("polyglot_assets.inference.backoff.LONGEST_WAIT", 0.001),
        closing(ServerEngine(TEACHER, ["http://127.0.0.1:1/v1"], KEY, concurrency, patience_seconds=100)) as engine,
    ):
        script = _Failing(clock, len(names) - 1)
        engine._ask, engine._probe, engine._control, engine._checked = script.ask, script.probe, script.control, True
        with pytest.raises(EngineDown) as raised:
            seen.extend(engine.stream(taking(requests_for(*names))))
    return seen, str(raised.value)


def test_when_a_stream_has_ended_nothing_more_is_held_against_a_request(clock: Clock) -> None:
    """Those that fail in the same moment as the one that showed that all fail: it is gone, and they seemed to be alone.

    `new` alone was taken after the last answer, and gives up first.
    """
    seen, down = failing(clock, ["fine", "a", "b", "new"], concurrency=3)
    assert [completion.request_id for completion in seen] == ["fine"]
    assert "503 for new; 3 answers under way were not received" in down


def test_the_last_requests_of_a_run_are_not_taken_for_the_ones_at_fault(clock: Clock) -> None:
    """None was taken after the last answer that could have shown that the server fails them all."""
    seen, down = failing(clock, ["fine", "a", "b", "c"], concurrency=4)
    assert [completion.request_id for completion in seen] == ["fine"]
    assert "503 for everybody; 3 answers under way were not received" in down


def test_the_cap_holds_on_each_server(servers: Servers, engine_of: Engines) -> None:
    pair = [servers(), servers()]
    for server in pair:
        server.answer = _failing_a_fifth(server, filling_up(server, 3))
    ask(engine_of(*pair, concurrency=3), *map(str, range(60)))
    assert [server.most_in_flight for server in pair] == [3, 3]


def _failing_a_fifth(server: FakeServer, hold: Callable[[Call], None]) -> Callable[[Call], Reply]:
    def answer(call: Call) -> Reply:
        hold(call)
        time.sleep(0.005)
        return failure(500, "oops") if len(server.calls) % 5 == 4 else echo(call)

    return answer
