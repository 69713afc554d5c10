"""What was appended is there after any crash; what was torn is recognised."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyglot_assets.responses import ledger as ledger_module
from polyglot_assets.responses.ledger import open_ledger, read
from polyglot_assets.teachers.engine import Completion


def completion(number: int, text: str = "Antwort\nmit \u2028 Zeilen") -> Completion:
    return Completion(f"r{number}", text, "stop", prompt_tokens=1, response_tokens=2)


def fill(path: Path, numbers: range) -> None:
    with open_ledger(path) as ledger:
        for number in numbers:
            ledger.append(completion(number))


def test_round_trip_and_reopening(tmp_path: Path) -> None:
    path = tmp_path / "a" / "ledger.jsonl"
    fill(path, range(3))
    fill(path, range(3, 5))
    assert read(path) == {f"r{n}": completion(n) for n in range(5)}
    with open_ledger(path) as ledger:
        assert set(ledger.completions) == {"r0", "r1", "r2", "r3", "r4"}


@given(text=st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_survives(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ledger.jsonl"
    path.unlink(missing_ok=True)
    with open_ledger(path) as ledger:
        ledger.append(completion(0, text))
    assert read(path)["r0"].text == text.encode("utf-8", "replace").decode()


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
    assert set(read(path)) == {"r0", "r1", "r3"}
    assert "torn last record" in caplog.text


def test_a_damaged_record_in_the_middle_is_skipped_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "ledger.jsonl"
    fill(path, range(3))
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b"Antwort", b"Anderes")
    path.write_bytes(b"".join(lines))
    assert set(read(path)) == {"r0", "r2"}
    assert "line 2" in caplog.text


def test_groups_are_committed_by_number_and_by_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(ledger_module.os, "fsync", synced.append)
    monkeypatch.setattr(ledger_module, "GROUP_ROWS", 4)
    with open_ledger(tmp_path / "ledger.jsonl") as ledger:
        for number in range(8):
            ledger.append(completion(number))
        assert len(synced) == 2
        monkeypatch.setattr(ledger_module, "GROUP_SECONDS", 0.0)
        ledger.append(completion(8))
        assert len(synced) == 3


_PROCESS = """
import sys, time
from pathlib import Path
from polyglot_assets.responses.ledger import open_ledger
from polyglot_assets.teachers.engine import Completion
path, rows, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
with open_ledger(path) as ledger:
    for number in range(rows):
        ledger.append(Completion(f"r{number}", "Antwort", "stop"))
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
    assert set(before) == {f"r{n}" for n in range(len(before))}, "a prefix without holes"
    fill(path, range(len(before), len(before) + 2))
    assert len(read(path)) == len(before) + 2


def test_a_second_process_waits_and_then_sees_what_the_first_wrote(tmp_path: Path) -> None:
    process = _other_process(tmp_path / "ledger.jsonl", rows=2, seconds=0.5)
    assert process.stdout
    assert process.stdout.readline() == "written\n"
    with open_ledger(tmp_path / "ledger.jsonl") as ledger:
        assert set(ledger.completions) == {"r0", "r1"}
        assert process.wait(timeout=5) == 0, "it was still writing"
    process.communicate()
