"""The report is served while the process that started the server lives, and nothing else is."""

import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from chaos.server import until

from polyglot_assets.orchestration import ui
from polyglot_assets.settings import Settings, dagster_home

START = """import sys, time
from pathlib import Path
from polyglot_assets.cli import report_server
report_server.start(Path(sys.argv[1]), sys.argv[3], int(sys.argv[2]))
time.sleep(600)"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def can_listen(host: str) -> bool:
    try:
        with socket.socket(socket.AF_INET6) as listener:
            listener.bind((host, 0))
    except OSError:
        return False
    return True


def asked(url: str) -> tuple[int, str]:
    """The status and the body of the answer; 0 where nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "0.0.0.0", ""])  # noqa: S104 what a user may say
def test_it_is_the_report_as_it_is_now_and_ends_with_its_parent(tmp_path: Path, host: str) -> None:
    if host == "::1" and not can_listen(host):
        pytest.skip("no IPv6 on this machine")
    report, port = tmp_path / "index.html", free_port()
    url = f"{ui.url(host, port)}/"
    (tmp_path / "secret").write_text("secret")
    parent = subprocess.Popen([sys.executable, "-c", START, str(report), str(port), host])
    try:
        until(lambda: asked(url)[0] != 0, seconds=60, every=0.1)
        status, text = asked(url)
        assert (status, "There is no report yet" in text) == (404, True)
        for words in ("<p>first", "<p>second"):
            report.write_text(words)
            assert asked(url) == (200, words)
        assert asked(f"{url}../secret") == (200, "<p>second")
        taken = [sys.executable, "-m", "polyglot_assets.cli.report_server", str(report), host, str(port), "1"]
        said = subprocess.run(taken, capture_output=True, text=True, check=True, timeout=60).stderr
        assert said.startswith(f"polyglot: the report is not served on port {port}: ")
        assert said.count("\n") == 1
    finally:
        parent.kill()
        parent.wait()
    until(lambda: asked(url)[0] == 0, seconds=60, every=0.1)


def test_where_it_is(settings: Settings) -> None:
    assert ui.report_url(settings) == "http://127.0.0.1:3001/"
    ui.remember(settings, "0.0.0.0", 4000)  # noqa: S104
    assert ui.report_url(settings) == "http://127.0.0.1:3001/", "where there is no home nothing is noted"
    dagster_home(settings).mkdir(parents=True)
    ui.remember(settings, "0.0.0.0", 4000)  # noqa: S104
    assert ui.report_url(settings) == "http://127.0.0.1:4001/"
    ui.remember(settings, "::1", 4000)
    assert ui.report_url(settings) == "http://[::1]:4001/"
