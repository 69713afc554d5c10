"""What the command line shows of texts that are not ours: every letter of them, and never as rich's markup."""

import io
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from polyglot_assets.cli import console
from polyglot_assets.cli.display import RunDisplay
from polyglot_assets.cli.main import main
from polyglot_assets.lake.store import Lake

MARKUP = [
    "[/INST]",
    "[x]",
    "[key]",
    "[red]a[/red]",
    "[/]",
    "\\[b]",
    "[link=http://x]y[/link]",
    ":warning:",
    "[[",
    "a\\",
]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is printed, without a terminal."""
    file = io.StringIO()
    monkeypatch.setattr(console.console, "_file", file)
    return file


def record(message: str, level: int = logging.WARNING) -> logging.LogRecord:
    made = logging.LogRecord("dagster", level, "", 0, message, None, None)
    made.dagster_meta = {"step_key": "responses__one", "orig_message": message}
    return made


@pytest.mark.parametrize("text", MARKUP)
def test_messages_of_a_run_are_shown_as_they_are(screen: io.StringIO, text: str) -> None:
    display = RunDisplay()
    with display.running(f"materializing {text}"):
        display.emit(record(f"401 from the server: {text}"))
    assert screen.getvalue() == f"materializing {text}\nresponses/one: 401 from the server: {text}\n"


@pytest.mark.parametrize("text", MARKUP)
def test_in_the_line_of_a_terminal_too(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    file = io.StringIO()
    monkeypatch.setattr(console, "console", console._Console(
        file=file, force_terminal=True, color_system=None, markup=False, emoji=False, highlight=False, width=120
    ))  # fmt: skip
    display = RunDisplay()
    with display.running(f"materializing {text}"):
        display.emit(record(f"waiting: {text}", logging.INFO))
    assert f"responses/one: waiting: {text}" in file.getvalue()


@hypothesis_settings(max_examples=100, deadline=None)
@given(text=st.text(st.sampled_from("[]/\\:=#@ab_ xred"), max_size=12))
def test_any_text_in_a_table_is_shown_as_it_is(text: str) -> None:
    with console.console.capture() as shown:
        console.print_rows(f"T{text}T", (f"c{text}c",), [(f"v{text}v",)])
    assert all(f"{mark}{text}{mark}" in shown.get() for mark in "Tcv")


def test_a_lake_below_such_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "[x]" / "[" / "red]" / "lake"
    Lake(root).prepare()
    monkeypatch.setenv("POLYGLOT_LAKE", str(root))
    assert f"lake: {root}\n" in CliRunner().invoke(main, ["status"]).output


def test_the_reason_of_a_failed_run_with_such_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "[" / "INST] [key] :warning:" / "openai__gsm8k"
    folder.mkdir(parents=True)
    (folder / "train.jsonl").write_text('{"question": \n')
    monkeypatch.setenv("POLYGLOT_SEEDS", str(folder.parent))
    result = CliRunner().invoke(main, ["materialize", "-l", "de", "-s", "translate", "--select", 'key:"seeds/gsm8k"'])
    assert result.exit_code == 1
    assert f"✗ seeds/gsm8k {folder}/train.jsonl, line 1: broken JSON" in result.output


def test_a_run_goes_on_when_nobody_reads_its_lines_any_more() -> None:
    program = (
        "import sys; from polyglot_assets.cli import console\n"
        "for number in range(20000): console.console.print(f'line {number}')\n"
        "print('done', file=sys.stderr)"
    )
    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$0" -c "$1" | head -1', sys.executable, program],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "line 0\n", "done\n")
