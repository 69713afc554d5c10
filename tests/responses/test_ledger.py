"""What was appended is there after any crash; what was torn is recognised."""

import os
import re
import stat
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyglot_assets.domain.errors import UserError
from polyglot_assets.inference.engine import Completion
from polyglot_assets.responses import ledger as ledger_module
from polyglot_assets.responses.ledger import Commit, Ledger


def completion(number: int, text: str = "Antwort\nmit \u2028 Zeilen") -> Completion:
    return Completion(name(number), text, "stop", prompt_tokens=1, response_tokens=2)


def name(number: int) -> str:
    return f"{number:032x}"


def read(path: Path) -> dict[str, Completion | None]:
    with Ledger(path) as ledger:
        return {request_id: ledger.get(request_id) for request_id in ledger.request_ids()}


def fill(path: Path, numbers: range) -> None:
    with Ledger(path) as ledger:
        for number in numbers:
            ledger.append(completion(number))


def test_round_trip_and_reopening(tmp_path: Path) -> None:
    path = tmp_path / "a" / "ledger.jsonl"
    fill(path, range(3))
    fill(path, range(3, 5))
    assert read(path) == {name(n): completion(n) for n in range(5)}
    with Ledger(path) as ledger:
        assert set(ledger.request_ids()) == {name(0), name(1), name(2), name(3), name(4)}


@given(text=st.text(st.characters(codec=None)), reasoning=st.none() | st.text())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_survives(tmp_path: Path, text: str, reasoning: str | None) -> None:
    path = tmp_path / "ledger.jsonl"
    path.unlink(missing_ok=True)
    with Ledger(path) as ledger:
        ledger.append(replace(completion(0, text), reasoning=reasoning))
    answer = read(path)[name(0)]
    assert answer
    assert answer.text == re.sub("[\ud800-\udfff]", "\ufffd", text), "half a surrogate pair stays visible"
    assert answer.reasoning == reasoning


def test_a_line_that_an_earlier_version_wrote_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    body = f'{name(0)} {{"text":"Ja.","finish_reason":"stop","prompt_tokens":1,"response_tokens":2}}'.encode()
    path.write_bytes(b"%08x %s\n" % (zlib.crc32(body), body))
    assert read(path) == {name(0): completion(0, "Ja.")}


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    calls: list[int] = []

    def note(file: int) -> None:
        if stat.S_ISREG(os.fstat(file).st_mode):  # folders are flushed too
            calls.append(file)

    monkeypatch.setattr(ledger_module.os, "fsync", note)
    return calls


def eventually(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


@pytest.mark.parametrize("keep", [1, 20, -1])
def test_a_torn_last_record_is_dropped_and_the_rest_goes_on(
    tmp_path: Path, keep: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "ledger.jsonl"
    fill(path, range(3))
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    path.write_bytes(whole[: last + keep] if keep > 0 else whole[:-1])
    fill(path, range(3, 4))
    assert set(read(path)) == {name(0), name(1), name(3)}
    assert "torn last record" in caplog.text


def test_a_damaged_record_in_the_middle_is_skipped_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "ledger.jsonl"
    fill(path, range(3))
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b"Antwort", b"Anderes")
    path.write_bytes(b"".join(lines))
    assert set(read(path)) == {name(0), name(2)}
    assert "line 2" in caplog.text


def test_groups_are_committed_by_number(tmp_path: Path, synced: list[int]) -> None:
    with Ledger(tmp_path / "ledger.jsonl", Commit(rows=4, seconds=3600)) as ledger:
        for number in range(10):
            ledger.append(completion(number))
        assert len(synced) == 2
    assert len(synced) == 3


def test_a_group_is_committed_in_time_even_if_nothing_follows(tmp_path: Path, synced: list[int]) -> None:
    with Ledger(tmp_path / "ledger.jsonl", Commit(rows=100, seconds=0.05)) as ledger:
        ledger.append(completion(0))
        assert eventually(lambda: len(synced) == 1)
        ledger.append(completion(1))
        assert eventually(lambda: len(synced) == 2)
    assert len(synced) == 2, "nothing was left to commit"


def test_a_flush_that_failed_is_not_kept_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = []

    def refuse(file: int) -> None:
        if stat.S_ISREG(os.fstat(file).st_mode):
            failed.append(file)
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(ledger_module.os, "fsync", refuse)
    ledger = Ledger(tmp_path / "ledger.jsonl", Commit(rows=100, seconds=0.01))
    ledger.append(completion(0))
    assert eventually(lambda: bool(failed))
    with pytest.raises(OSError, match="Input/output"):
        ledger.close()


def test_a_record_is_with_the_operating_system_before_append_returns(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path, Commit(rows=100, seconds=3600)) as ledger:
        for number in range(3):
            ledger.append(completion(number))
            assert path.read_bytes().count(b"\n") == number + 1


def test_the_latest_answer_counts(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path) as ledger:
        ledger.append(completion(0, "alt"))
        ledger.append(completion(0, "neu"))
    assert read(path) == {name(0): completion(0, "neu")}


def test_an_answer_that_is_marked_for_retry_stays_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path) as ledger:
        for number in range(2):
            ledger.append(completion(number))
        for _ in range(2):
            ledger.mark_for_retry(name(0))
        ledger.mark_for_retry(name(7))
        size = path.stat().st_size
        ledger.mark_for_retry(name(0))
        assert path.stat().st_size == size
    with Ledger(path) as ledger:
        assert ledger.get(name(0)) == completion(0)
        assert ledger.is_marked_for_retry(name(0))
        assert not ledger.is_marked_for_retry(name(1))
        ledger.append(completion(0))
        assert not ledger.is_marked_for_retry(name(0))


def test_an_error_that_is_marked_for_retry_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    error = Completion(name(0), "", "error", error="500")
    with Ledger(path) as ledger:
        ledger.append(error)
        assert ledger.get(name(0)) == error
        ledger.mark_for_retry(name(0))
        assert ledger.get(name(0)) is None
    with Ledger(path) as ledger:
        assert ledger.get(name(0)) is None
        assert not ledger.is_marked_for_retry(name(0))
        ledger.append(completion(0))
    assert read(path) == {name(0): completion(0)}


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path) as ledger:
        ledger.append(completion(0))
        ledger.mark_for_retry(name(0))
        written = ledger.digest()
    with Ledger(path) as ledger:
        assert ledger.digest() == written
        ledger.append(completion(1))
        assert ledger.digest() != written


_PROCESS = """
import sys, time
from pathlib import Path
from polyglot_assets.responses.ledger import Ledger
from polyglot_assets.inference.engine import Completion
path, rows, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
with Ledger(path) as ledger:
    for number in range(rows):
        ledger.append(Completion(f"{number:032x}", "Antwort", "stop"))
        ledger.commit()
    print("written", flush=True)
    time.sleep(seconds)
"""


def _other_process(path: Path, rows: int, seconds: float = 0.0) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", _PROCESS, str(path), str(rows), str(seconds)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def test_a_killed_process_leaves_an_intact_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    process = _other_process(path, rows=10_000_000)
    while not path.exists() or path.stat().st_size < 2000:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    before = read(path)
    assert set(before) == {name(n) for n in range(len(before))}, "a prefix without holes"
    fill(path, range(len(before), len(before) + 2))
    assert len(read(path)) == len(before) + 2


def test_a_second_process_waits_and_then_sees_what_the_first_wrote(tmp_path: Path) -> None:
    process = _other_process(tmp_path / "ledger.jsonl", rows=2, seconds=0.5)
    assert process.stdout
    assert process.stdout.readline() == "written\n"
    with Ledger(tmp_path / "ledger.jsonl") as ledger:
        assert set(ledger.request_ids()) == {name(0), name(1)}
        assert process.wait(timeout=600) == 0, "it was still writing"
    process.communicate()


def test_without_waiting_a_file_in_use_is_an_error(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.jsonl"), pytest.raises(BlockingIOError):
        Ledger(tmp_path / "ledger.jsonl", wait=False)
    with Ledger(tmp_path / "ledger.jsonl", wait=False):
        pass


def test_memory_holds_places_and_not_texts(tmp_path: Path) -> None:
    """The bound that the module states: about 150 bytes a line, however long the answers are."""
    import tracemalloc

    path, rows = tmp_path / "ledger.jsonl", 20_000
    with Ledger(path, Commit(rows=10**6, seconds=3600)) as ledger:
        for number in range(rows):
            ledger.append(completion(number, "Antwort " * 50))
    tracemalloc.start()
    with Ledger(path) as ledger:
        held = tracemalloc.get_traced_memory()[0]
        assert len(ledger) == rows
    tracemalloc.stop()
    assert held / rows < 250


def test_a_ledger_that_cannot_be_made_or_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UserError, match=r"file/ledger\.jsonl: File exists; without a ledger nothing is asked"):
        Ledger(tmp_path / "file" / "ledger.jsonl")
    with Ledger(tmp_path / "ledger.jsonl") as ledger:
        monkeypatch.setattr(ledger, "_file", os.open("/dev/full", os.O_WRONLY))
        with pytest.raises(
            UserError, match=r"ledger\.jsonl: No space left on device; what was answered before is kept"
        ):
            ledger.append(completion(0))


def test_keeping_only_some_requests_is_one_step(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path) as ledger:
        for number in range(4):
            ledger.append(completion(number))
        ledger.mark_for_retry(name(1))
    with path.open("ab") as file:
        file.write(b"00000000 damaged\n")
    with Ledger(path) as ledger:
        assert ledger.has_other_than([name(1), name(2)])
        assert ledger.keep_only([name(1), name(2)]) == 2
    with Ledger(path) as ledger:
        assert set(ledger.request_ids()) == {name(1), name(2)}
        assert ledger.is_marked_for_retry(name(1))
        assert not ledger.has_other_than([name(1), name(2), name(3)])
    assert path.read_bytes().count(b"\n") == 3, "two answers and the mark"


def test_who_waited_for_a_ledger_that_was_replaced_writes_into_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    waiting = threading.Event()

    def write() -> None:
        waiting.set()
        with Ledger(path) as late:
            late.append(completion(9))

    with Ledger(path) as ledger:
        ledger.append(completion(0))
        writer = threading.Thread(target=write)
        writer.start()
        waiting.wait()
        time.sleep(0.2)  # long enough to wait for the lock, as a rule; the test holds either way
        ledger.keep_only([])
    writer.join()
    with Ledger(path) as ledger:
        assert set(ledger.request_ids()) == {name(9)}
