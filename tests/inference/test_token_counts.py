"""Tokens counted step by step, against counting them at the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot_assets.inference.token_counts import TokenCounts


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 9)), max_size=30), st.integers(1, 6))
def test_any_schedule_ends_with_the_sums(requests: list[tuple[int, int]], at_once: int) -> None:
    """Requests are (prompt tokens, answer tokens); as many as fit at once get a token in each step."""
    counts, waiting, running = TokenCounts(), list(enumerate(requests)), {}
    for _, (prompt, _) in waiting:
        counts.add_prompt(prompt)
    while waiting or running:
        while waiting and len(running) < at_once:
            number, (_, answer) = waiting.pop(0)
            running[str(number)] = answer
        running = {request_id: left - 1 for request_id, left in running.items()}
        counts.add_step([(request_id, 1, left == 0) for request_id, left in running.items()], 1.0)
        running = {request_id: left for request_id, left in running.items() if left}
        assert counts.under_way == len(waiting) + len(running)
        assert counts.unread == sum(prompt for _, (prompt, _) in waiting)
        assert counts.read + counts.unread == counts.queued
    assert counts.read == sum(prompt for prompt, _ in requests)
    assert counts.written == sum(answer for _, answer in requests)


def test_steps_that_read_are_timed_apart() -> None:
    counts = TokenCounts()
    counts.add_prompt(100)
    counts.add_step([("a", 1, False)], 2.0)
    for _ in range(500):
        counts.add_step([("a", 1, False)], 0.5)
    assert counts.writing_seconds / counts.written_lately == pytest.approx(0.5)
    for _ in range(200):
        counts.add_step([("a", 1, False)], 1.0)
    assert counts.writing_seconds / counts.written_lately > 0.9
    counts.add_step([], 9.0)
    assert counts.reading_seconds == 2.0
    counts.drop_under_way()
    assert (counts.under_way, counts.unread, counts.read, counts.written) == (0, 0, 100, 701)
