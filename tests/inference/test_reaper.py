"""The helper that ends an engine's processes: with real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from polyglot_assets.inference.reaper import Reaper


@pytest.fixture
def engine() -> Iterator[subprocess.Popen[bytes]]:
    """Something that would go on for long."""
    process = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(300)"])
    yield process
    process.kill()
    process.wait()


_USER = """
import sys, time
from polyglot_assets.inference.reaper import Reaper
reaper = Reaper([int(sys.argv[1])])
print("watched", flush=True)
time.sleep(300)
"""


def test_a_killed_process_takes_its_engine_along(engine: subprocess.Popen[bytes]) -> None:
    user = subprocess.Popen([sys.executable, "-c", _USER, str(engine.pid)], stdout=subprocess.PIPE, text=True)
    assert user.stdout
    assert user.stdout.readline() == "watched\n"
    assert engine.poll() is None
    user.kill()
    assert engine.wait(timeout=600) == -signal.SIGKILL
    user.communicate()


def test_a_released_engine_lives_on(engine: subprocess.Popen[bytes]) -> None:
    reaper = Reaper([engine.pid])
    helper = reaper._process
    reaper.release()
    reaper.release()
    assert helper
    assert helper.returncode == 0
    os.kill(engine.pid, 0)
    assert engine.poll() is None


def test_an_engine_that_is_gone_already_is_no_trouble(engine: subprocess.Popen[bytes]) -> None:
    reaper = Reaper([engine.pid])
    engine.kill()
    engine.wait()
    assert reaper._process
    assert reaper._process.stdin
    reaper._process.stdin.close()
    assert reaper._process.wait(timeout=600) == 0
