"""The main job with the real engine: what the README's first command does, smaller, in a process of its own."""

import os
import re
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from polyglot_assets.lake.store import Lake

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed"),
]


def _demo(lake: Path) -> str:
    environment = os.environ | {
        "POLYGLOT_LAKE": str(lake), "POLYGLOT_ROWS_PER_CELL": "1", "POLYGLOT_LANGUAGES": "de",
        "PYTHONFAULTHANDLER": "1",
    }  # fmt: skip
    command = [sys.executable, "-c", "from polyglot_assets.cli.main import run; run()", "demo"]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        printed, errors = process.communicate(timeout=600)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # it says where each of its threads stands
        printed, errors = process.communicate(timeout=60)
    assert process.returncode == 0, printed + errors
    assert "leaked" not in errors
    assert "Traceback" not in printed + errors
    return printed


def test_demo_end_to_end_and_again_without_the_engine(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    printed = _demo(lake.root)
    for text in ("Kept rows", "Outcome funnel", "release/sft", "polyglot dev", "polyglot sql", "polyglot materialize"):
        assert text in printed
    with lake.connect() as connection:
        answers = connection.execute("SELECT count(*), count(outcome), sum(response_tokens) FROM lake.responses")
        rows, outcomes, tokens = answers.fetchone() or (0, 0, 0)
        kept = connection.execute("SELECT count(*) FROM lake.examples").fetchone()
    assert rows == outcomes == 3
    assert tokens > 0
    again = _demo(lake.root)
    assert "loading smollm2-135m" in printed
    assert printed.count("smollm2-135m is computed in ") == 1
    assert re.search(r"loading smollm2-135m: 3 prompts have no answer yet, \d+ s", printed)
    assert "loading smollm2-135m" not in again
    from datasets import load_dataset

    released = load_dataset(
        str(lake.root / "release" / "sft" / "latest"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert (released.num_rows,) == kept
