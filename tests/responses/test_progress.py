"""The estimate, from the first step of the engine on, and the line that says it."""

import threading

import pytest

from polyglot_assets.inference.token_counts import TokenCounts
from polyglot_assets.responses import progress as progress_
from polyglot_assets.responses.progress import Progress, said_regularly


def begun(total: int, **counts: float) -> Progress:
    progress = Progress(total, budget=100)
    progress.start(TokenCounts(**counts))
    return progress


def test_there_is_an_estimate_as_soon_as_one_step_was_made() -> None:
    # 10 prompts of 200 tokens are in the engine, one was read in 4 s; 10 more will come; answers may have 100 tokens.
    progress = begun(20, prompts=10, queued=2000, read=200, unread=1800, reading_seconds=4, under_way=10)
    assert progress.seconds_left(4) == pytest.approx((1800 + 2000) * 0.02 + 20 * 50 * 0.02)


def test_writing_has_its_own_speed_and_answers_their_own_length() -> None:
    progress = begun(
        20, prompts=20, queued=4000, read=4000, reading_seconds=40, written=330,
        written_lately=300, writing_seconds=30, under_way=10,
    )  # fmt: skip
    progress.settled, progress.answers = 10, 10
    assert progress.seconds_left(70) == pytest.approx(10 * 33 * 0.1)
    progress.settled = progress.answers = 1
    progress.engine.under_way = 19
    assert progress.seconds_left(70) == pytest.approx(19 * 100 * 0.1)  # none has more than the budget before it
    progress.settled = 20
    assert progress.seconds_left(80) == 0


def test_a_server_gives_no_estimate_before_its_pace_is_known() -> None:
    progress = Progress(1000)
    progress.start(None)
    for progress.settled in (0, 1, 19):
        assert progress.seconds_left(30) is None
        assert "30 s so far, no estimate yet" in progress._outlook(30)
    progress.settled = 20
    assert progress.seconds_left(30) == pytest.approx(980 * 30 / 20)
    few = Progress(5)
    few.start(None)
    few.settled = 1
    assert few.seconds_left(10) == pytest.approx(40)


def test_what_was_settled_before_is_no_pace() -> None:
    progress = Progress(100, settled=50)
    progress.start(None)
    assert progress.seconds_left(9) is None
    progress.settled = 75
    assert progress.seconds_left(50) == pytest.approx(50)


def test_a_long_wait_says_what_would_make_it_shorter() -> None:
    progress = begun(1000, prompts=64, queued=64_000, read=1000, unread=63_000, reading_seconds=2, under_way=64)
    assert "about 33 min left" in str(progress) or "about 35 min left" in str(progress)
    for name in ("POLYGLOT_TEACHER_URL", "POLYGLOT_TEACHERS", "POLYGLOT_ROWS_PER_CELL"):
        assert name in str(progress)
    assert "POLYGLOT" not in str(begun(10, prompts=10, queued=1000, read=500, unread=500, reading_seconds=2))


def test_a_line_comes_regularly_while_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_, "REPORT_SECONDS", 0.01)
    said, enough = [], threading.Event()

    def report(line: str) -> None:
        said.append(line)
        if len(said) == 3:
            enough.set()

    with said_regularly(lambda: f"line {len(said)}", report):
        assert enough.wait(30)
    ended = len(said)
    assert said[:3] == ["line 0", "line 1", "line 2"]
    assert not any(thread.name == "progress" for thread in threading.enumerate())
    assert len(said) == ended
