"""A server that fails, lies, hangs, dies and comes back: the final cells are those of a good day, at the same price."""

import json
import math
import threading
from collections.abc import Callable
from typing import Any

import pytest
from chaos.faults import PLANS, always, body, hang, refuse
from chaos.world import IN_FLIGHT, TEACHER, Figures, Form, Start

from polyglot_assets.contracts.responses import RESPONSES

Record = Callable[[Figures], None]
_TIMEOUTS = {"server hangs": 8.0}
_FILTERED = json.dumps({"choices": [{"finish_reason": "content_filter", "message": {"content": None}}]}).encode()


@pytest.mark.parametrize("fault", PLANS)
def test_misbehaviour_changes_nothing(trial: Start, record: Record, fault: str) -> None:
    one = trial(timeout=_TIMEOUTS.get(fault, 60))
    one.server.plan = PLANS[fault]()
    one.finish()
    figures = one.figures(fault, bound=0)
    assert one.server.calls.total() > figures.requests or "twice" in fault, "the server never misbehaved"
    record(figures)


def test_a_server_that_is_down_at_the_start_is_one_clear_line(trial: Start, record: Record) -> None:
    one = trial()
    one.server.die()
    run = one.start()
    assert run.end() == 2
    (line,) = [line for line in run.errors().splitlines() if line.startswith("polyglot:")]
    assert one.server.url in line
    assert "Traceback" not in run.errors()
    assert not one.server.paid
    one.server.rise()
    one.finish()
    record(one.figures("server down at start", bound=0))


def test_a_server_that_dies_and_comes_back_is_waited_for(trial: Start, record: Record, form: Form) -> None:
    one = trial()
    run = one.start_fenced()
    for _ in range(form.of(2, 5)):
        one.left(25)
        one.server.die()
        threading.Event().wait(0.7)
        one.server.rise()
    one.server.fence = math.inf
    assert run.end() == 0, run.errors()
    record(one.figures("server dies and comes back", bound=0))


def test_a_server_that_dies_for_good_ends_the_run_and_the_next_one_goes_on(trial: Start, record: Record) -> None:
    one = trial(patience=1.0)
    for _ in range(2):
        run = one.start_fenced()
        one.left(40)
        one.server.die()
        assert run.end() == 2
        assert "was answered is kept" in run.errors()
        assert "Traceback" not in run.errors()
        one.server.rise()
        one.died()
    one.finish()
    # Nothing was in flight any more when the run ended, so nothing at all is paid twice.
    record(one.figures("server dies for good", bound=0))


@pytest.mark.parametrize(
    ("fault", "act"),
    [
        ("hangs", hang),
        ("answers 429", refuse(429)),
        ("answers 503", refuse(503)),
        ("answers 500", refuse(500)),
        ("answers 400", refuse(400)),
        ("filters all", body(lambda _: _FILTERED)),
    ],
)
def test_a_server_that_stops_answering_for_good_ends_the_run(
    trial: Start, record: Record, fault: str, act: Any
) -> None:
    """It is there and gives no answer to anybody: that is the server's failure and not that of the requests."""
    # Only what hangs has to be cut off by time, and what is answered before must not be.
    one = trial(timeout=5.0 if fault == "hangs" else 60, patience=1.0)
    run = one.start_fenced()
    one.left(40)
    one.server.plan, healthy = always(act), one.server.plan
    one.server.fence = math.inf
    assert run.end() == 2, run.errors()
    assert "Traceback" not in run.errors()
    one.server.plan = healthy
    one.died()
    one.finish(timeout=60)
    record(one.figures(f"server {fault} for good", bound=0))


def test_kills_while_the_server_misbehaves_too(trial: Start, record: Record, form: Form) -> None:
    one = trial()
    one.server.plan = PLANS["500 on a fifth of all requests"]()
    for _ in range(form.of(2, 8)):
        run = one.start()
        one.left(30)
        if not run.kill():
            break
        one.died()
    one.finish()
    record(one.figures("500s and kill -9", bound=one.deaths * IN_FLIGHT))


def test_answers_that_are_given_out_twice_count_once(trial: Start, record: Record) -> None:
    """An engine that repeats itself, at once and long after."""
    one = trial(twice=True)
    run = one.start_fenced()
    one.left(60)
    run.kill()
    one.died()
    one.finish()
    assert "came twice" in one.runs[-1].errors()
    assert sum(path.read_bytes().count(b"\n") for path in one.ledgers()) == one.world.requests
    record(one.figures("duplicate delivery", bound=IN_FLIGHT))


def test_the_world_has_answers_of_every_kind(trial: Start) -> None:
    one = trial()
    one.finish()
    rows = [row for cell in one.world.cells for row in one.lake.scan_cell(RESPONSES, cell, teacher=TEACHER.name)]
    expected = {"ok", "truncated", "invalid_json", "wrong_language", "empty", "engine_error", "too_long"}
    assert {row["outcome"] for row in rows} >= expected
    assert {row["attempts"] for row in rows} == {1, 2}
