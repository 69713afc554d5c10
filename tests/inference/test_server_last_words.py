"""Servers that say the same last word to everybody: nothing is booked, and what is a request's own fault still is."""

import threading

import pytest
from fake_server import (
    Call,
    Clock,
    Engines,
    FakeServer,
    Reply,
    Servers,
    ask,
    chat,
    down,
    echo,
    eventually,
    failure,
    requests_for,
    taking,
)

from polyglot_assets.domain.errors import EngineDown
from polyglot_assets.inference.endpoints import LONGEST_SERIES
from polyglot_assets.inference.engine import Completion

FLAGGED = failure(403, "flagged for violating our usage policies")
LAST_WORDS = {
    "no text": chat(None),
    "a tool": chat(None, "tool_calls"),
    "a filter": chat(None, "content_filter"),
    "flagged": FLAGGED,
    "too long": failure(500, "the context size is 4096 tokens"),
    "refused": failure(400, "E1047"),
}


def ended(engine_of: Engines, *servers: FakeServer, count: int, **options: float) -> tuple[list[Completion], str]:
    """What was booked, and why the run ended if it did."""
    seen: list[Completion] = []
    try:
        seen.extend(engine_of(*servers, **options).stream(taking(requests_for(*map(str, range(count))))))
    except EngineDown as error:
        return seen, str(error)
    return seen, ""


@pytest.mark.parametrize("words", LAST_WORDS)
@pytest.mark.parametrize(("count", "concurrency"), [(1, 4), (100, 1), (100, 64)])
def test_a_last_word_to_everything_ends_the_run(
    words: str, count: int, concurrency: int, server: FakeServer, engine_of: Engines
) -> None:
    server.answer, server.control = lambda _: LAST_WORDS[words], None
    message = down(engine_of(server, concurrency=concurrency, patience_seconds=0.05), *map(str, range(count)))
    assert message.startswith(f"{server.url} refuses every request: ")
    assert len(server.calls) <= 2 * concurrency + 10


@pytest.mark.parametrize("words", LAST_WORDS)
@pytest.mark.parametrize("concurrency", [1, 8, 64])
@pytest.mark.parametrize("answered", [0, 10])
def test_a_server_that_answers_only_the_harmless_question_ends_the_run(
    words: str, concurrency: int, answered: int, server: FakeServer, engine_of: Engines
) -> None:
    server.answer = lambda call: echo(call) if len(server.calls) <= answered else LAST_WORDS[words]
    seen, message = ended(engine_of, server, count=300, concurrency=concurrency)
    assert {completion.finish_reason for completion in seen} <= {"stop"}
    assert f"{server.url} answers a harmless question and none of " in message
    assert "requests in a row: " in message
    assert len(server.calls) <= answered + 2 * (LONGEST_SERIES + 2 * concurrency)


@pytest.mark.parametrize("words", LAST_WORDS)
def test_a_small_cell_may_be_at_fault_as_a_whole(words: str, server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: LAST_WORDS[words]
    completions = ask(engine_of(server), "a", "b", "c")
    assert {c.finish_reason for c in completions.values()} == {"too_long" if words == "too long" else "error"}
    assert len(server.calls) == (6 if words == "refused" else 3)


def test_small_streams_do_not_add_up_to_a_full_cell_of_errors(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: chat(None)
    engine = engine_of(server)
    for number in range((LONGEST_SERIES - 1) // 3):
        ask(engine, *(f"{number} {name}" for name in "abc"))
    assert "requests in a row" in down(engine, "a", "b", "c")


@pytest.mark.parametrize("reply", [FLAGGED, chat(None, "content_filter"), failure(400, "prompt is too long")])
@pytest.mark.parametrize("concurrency", [1, 4, 64])
def test_a_cell_in_which_some_are_filtered_is_answered(
    reply: Reply, concurrency: int, server: FakeServer, engine_of: Engines
) -> None:
    """Quick last words about half of what is under way come before any answer."""

    def answer(call: Call) -> Reply:
        if int(call.text) % 2:
            return reply
        server.released.wait(0.05)
        return echo(call)

    server.answer = answer
    completions = ask(engine_of(server, concurrency=concurrency), *map(str, range(120)))
    assert all((c.finish_reason == "stop") == (int(name) % 2 == 0) for name, c in completions.items())
    assert len(server.calls) == 120


@pytest.mark.parametrize("words", ["no text", "flagged", "too long"])
@pytest.mark.parametrize("count", [6, 200])
@pytest.mark.parametrize("greets", [False, True])
def test_what_one_server_says_to_everybody_is_tried_on_another(
    words: str, count: int, greets: object, servers: Servers, engine_of: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    quick, whole = servers(), servers()
    quick.answer = lambda _: LAST_WORDS[words]
    if not greets:
        quick.control = None
    whole.answer = lambda call: (whole.released.wait(0.002), echo(call))[1]
    seen, message = ended(engine_of, quick, whole, count=count, concurrency=4)
    assert message == ""
    assert [completion.finish_reason for completion in seen] == ["stop"] * count
    assert len(quick.calls) <= 2 * LONGEST_SERIES
    assert (f"{quick.url} " in caplog.text) == (not greets or count > 100)


def test_two_servers_that_say_it_to_everybody_end_the_run(servers: Servers, engine_of: Engines) -> None:
    pair = [servers(), servers()]
    for server in pair:
        server.answer = lambda _: chat(None)
    seen, message = ended(engine_of, *pair, count=300, concurrency=4)
    assert seen == []
    assert "requests in a row: AnswerError: no text" in message


@pytest.mark.parametrize(
    "trouble", [failure(429, "later"), failure(503, "later"), failure(500, "oops"), Reply(drop=True)]
)
def test_while_the_server_is_away_last_words_wait(trouble: Reply, server: FakeServer, engine_of: Engines) -> None:
    """They are not asked again, and the harmless question only after pauses."""
    server.answer = lambda _: chat(None)
    server.control = lambda call: trouble if len(server.controls) <= 3 else echo(call)
    completions = ask(engine_of(server), "a", "b")
    assert {c.error for c in completions.values()} == {"AnswerError: no text"}
    assert len(server.calls) == 2


def test_a_request_that_hangs_does_not_put_off_the_end_for_ever(
    server: FakeServer, engine_of: Engines, clock: Clock
) -> None:
    server.answer = lambda call: Reply(drop=server.released.wait(60)) if call.text == "0" else FLAGGED

    def pass_time() -> None:
        eventually(lambda: len(server.calls) > LONGEST_SERIES and server.in_flight == 1)
        clock.advance(200)

    timer = threading.Thread(target=pass_time)
    timer.start()
    engine = engine_of(server, concurrency=2, timeout_seconds=100, patience_seconds=10_000)
    assert "requests in a row: HTTP 403 Forbidden: flagged" in down(engine, *map(str, range(300)))
    timer.join()
    assert len(server.calls) <= LONGEST_SERIES + 5


# A server that never worked


@pytest.mark.parametrize("reply", [failure(500, "CUDA error"), failure(502, "Bad Gateway"), Reply(b"<html>")])
def test_a_server_that_never_worked_is_not_waited_for_as_long(
    reply: Reply, server: FakeServer, engine_of: Engines, clock: Clock
) -> None:
    server.answer, server.control = lambda _: (clock.advance(20), reply)[1], None
    assert server.url in down(engine_of(server, patience_seconds=1000), "a")
    assert 5 <= len(server.calls) <= 15  # a question each 20 seconds, and 100 seconds instead of 1000


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_that_comes_up_is_waited_for(
    status: int, server: FakeServer, engine_of: Engines, clock: Clock
) -> None:
    """For longer than one that just breaks, though it has never answered before."""

    def answer(call: Call) -> Reply:
        clock.advance(5)
        return echo(call) if len(server.calls) > 16 else failure(status, "The model is loading")

    server.answer, server.control = answer, None
    assert ask(engine_of(server, patience_seconds=150), "a")["a"].finish_reason == "stop"


@pytest.mark.parametrize("status", [500, 502])
def test_a_server_that_worked_before_is_waited_for(
    status: int, server: FakeServer, engine_of: Engines, clock: Clock
) -> None:
    def answer(call: Call) -> Reply:
        clock.advance(5)
        return echo(call) if not 1 < len(server.calls) <= 16 else failure(status, "CUDA error")

    server.answer, server.control = answer, None
    completions = ask(engine_of(server, concurrency=1, patience_seconds=150), "a", "b")
    assert {c.finish_reason for c in completions.values()} == {"stop"}


@pytest.mark.parametrize("words", LAST_WORDS)
@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_server_that_refuses_the_greeting_is_asked_what_it_answered_before(
    words: str, concurrency: int, server: FakeServer, engine_of: Engines
) -> None:
    """The last ones of the stream are refused, so that no later answer shows that the others are answered."""
    server.control = lambda _: LAST_WORDS[words]
    server.answer = lambda call: LAST_WORDS[words] if int(call.text) >= 14 else echo(call)
    completions = ask(engine_of(server, concurrency=concurrency), *map(str, range(18)))
    assert {name for name, c in completions.items() if c.finish_reason == "stop"} == set(map(str, range(14)))
    assert len(completions) == 18


def test_a_server_that_refuses_the_greeting_and_by_now_everything_ends_the_run(
    server: FakeServer, engine_of: Engines
) -> None:
    server.control = lambda _: FLAGGED
    server.answer = lambda call: echo(call) if len(server.calls) <= 14 else FLAGGED
    seen, message = ended(engine_of, server, count=18, concurrency=1)
    assert {completion.finish_reason for completion in seen} == {"stop"}
    assert message.startswith(f"{server.url} refuses every request: ")
