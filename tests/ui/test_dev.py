"""`polyglot dev` as people use it: runs through the API of the running UI, its pages in a browser.

One server for all tests of this file, on a lake with seeds and prompts of Czech that the command line made. The
answers are asked of a server that never gives any. Nothing here waits for daemons that wake every half minute.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from chaos.faults import always, hang
from chaos.server import ModelServer

from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.domain.grid import cells
from polyglot_assets.lake.store import Lake
from polyglot_assets.orchestration import ui as open_ui
from polyglot_assets.settings import Settings

pytestmark = pytest.mark.ui

COMMAND = (sys.executable, "-c", "from polyglot_assets.cli.main import run; run()")

_LAUNCH = """
mutation ($parameters: ExecutionParams!) {
  launchRun(executionParams: $parameters) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}"""
_AGAIN = """
mutation ($parameters: ReexecutionParams!) {
  launchRunReexecution(reexecutionParams: $parameters) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}"""
_RUN = """
query ($id: ID!) {
  runOrError(runId: $id) {
    ... on Run { status tags { key value } repositoryOrigin { repositoryName repositoryLocationName } }
  }
}"""
_TICK = """
mutation ($selector: SensorSelector!) {
  sensorDryRun(selectorData: $selector, cursor: null) {
    __typename
    ... on DryRunInstigationTick { evaluationResult { skipReason error { message } } }
    ... on PythonError { message }
  }
}"""
_WHERE = {"repositoryName": "__repository__", "repositoryLocationName": "polyglot"}


@dataclass
class Server:
    """A running UI."""

    url: str
    lake: Lake

    def ask(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        return answer["data"]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("dev")
    port = _free_port()
    silent = ModelServer()
    silent.plan = always(hang)
    environment = os.environ | {"POLYGLOT_LAKE": str(root / "lake"), "POLYGLOT_ROWS_PER_CELL": "2"}
    environment.pop("DAGSTER_HOME", None)
    made = [*COMMAND, "materialize", "-l", "cs", "--select", 'key:"seeds/*" or key:"prompts"']
    subprocess.run(made, env=environment, cwd=root, check=True, capture_output=True)
    with silent.running(), _dev(root, port, environment | {"POLYGLOT_TEACHER_URL": silent.url}) as server:
        yield server


@contextmanager
def _dev(root: Path, port: int, environment: dict[str, str]) -> Iterator[Server]:
    command = [*COMMAND, "dev", "--port", str(port)]
    with (root / "log").open("w") as log:
        # A session of its own: dagster dev has children, and they end only when the whole group is told to.
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True, cwd=root)
    server = Server(f"http://127.0.0.1:{port}", Lake(root / "lake"))
    try:
        _wait_for(server, process, root / "log")
        yield server
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            locations = server.ask("{ workspaceOrError { ... on Workspace { locationEntries { loadStatus "
                                   "locationOrLoadError { __typename } } } } }")  # fmt: skip
            entries = locations["workspaceOrError"]["locationEntries"]
            if entries and entries[0]["loadStatus"] == "LOADED":
                assert entries[0]["locationOrLoadError"]["__typename"] == "RepositoryLocation", log.read_text()
                return
        except OSError:
            pass
        time.sleep(0.5)
    pytest.fail(f"the UI did not start:\n{log.read_text()}")


def _launched(server: Server, query: str, field: str, **parameters: Any) -> str:
    launched = server.ask(query, parameters=parameters)[field]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    return str(launched["run"]["runId"])


def _run(server: Server, run_id: str) -> Any:
    return server.ask(_RUN, id=run_id)["runOrError"]


def test_a_run_of_the_command_line_is_on_the_timeline_and_is_executed_again_by_a_click(server: Server) -> None:
    (recorded,) = server.ask("{ runsOrError { ... on Runs { results { runId } } } }")["runsOrError"]["results"]
    run = _run(server, recorded["runId"])
    assert (run["status"], run["repositoryOrigin"]) == ("SUCCESS", _WHERE)
    again = _launched(server, _AGAIN, "launchRunReexecution", parentRunId=recorded["runId"], strategy="ALL_STEPS")
    _wait_until(lambda: _run(server, again)["status"] in ("SUCCESS", "FAILURE"))
    run = _run(server, again)
    assert run["status"] == "SUCCESS"
    tags = {tag["key"]: tag["value"] for tag in run["tags"]}
    assert json.loads(tags["polyglot/settings"])["rows_per_cell"] == 2, "what decides about its rows"
    for cell in cells(["cs"]):
        assert len(server.lake.read_cell(PROMPTS, cell)) == 2


def test_a_killed_run_is_marked_as_failed_while_the_ui_is_open(server: Server) -> None:
    """As the kernel kills a process when there is no memory: nobody is told."""
    key = {"path": ["responses", "smollm2_135m"]}
    run_id = _launched(
        server,
        _LAUNCH,
        "launchRun",
        selector={**_WHERE, "jobName": "one_language", "assetSelection": [key]},
        executionMetadata={"tags": [{"key": "dagster/partition", "value": "cs|respond"}]},
    )
    held = server.lake.root / "dagster" / "slots" / "teacher-0"
    _wait_until(lambda: _run(server, run_id)["status"] == "STARTED" and bool(_holders(held)))
    (holder,) = _holders(held)
    os.kill(holder, signal.SIGKILL)
    _wait_until(lambda: not _holders(held))
    server.ask(_TICK, selector={**_WHERE, "sensorName": "dead_runs"})  # it comes by itself every 30 seconds
    assert _run(server, run_id)["status"] == "FAILURE"


def _wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(300):
        if condition():
            return
        time.sleep(1)
    pytest.fail("waited in vain")


def _holders(path: Path) -> set[int]:
    """The processes that have a file open."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if link.readlink() == path:
                found.add(int(link.parts[2]))
    return found


@pytest.fixture(scope="module")
def page(server: Server) -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine: install the package chromium to run the browser tests")
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--no-first-run"]  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=quiet)
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.set_default_timeout(180_000)
        yield page
        browser.close()


def test_the_report_is_served_beside_the_ui(server: Server) -> None:
    address = open_ui.report_url(Settings(lake=server.lake.root))
    assert address == f"http://127.0.0.1:{int(server.url.rpartition(':')[2]) + 1}/"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(address, timeout=60)
    environment = os.environ | {"POLYGLOT_LAKE": str(server.lake.root)}
    subprocess.run([*COMMAND, "report"], env=environment, check=True, capture_output=True)
    with urllib.request.urlopen(address, timeout=60) as answer:
        assert b"<title>Polyglot lake</title>" in answer.read()


def test_the_asset_graph_is_visible_in_a_browser(server: Server, page: Any) -> None:
    page.goto(f"{server.url}/asset-groups/")
    for group in ("1_seeds", "2_prompts", "3_responses", "4_examples", "5_curation", "6_marts", "7_release"):
        page.get_by_text(group, exact=True).first.wait_for()
    assert page.get_by_text("Join the Dagster community").count() == 0, "a pop-up hides the graph"


def test_a_cell_shows_its_counts_and_how_to_see_its_rows(server: Server, page: Any) -> None:
    from playwright.sync_api import TimeoutError as NotThere

    address = f"{server.url}/assets/prompts?view=partitions&partition=cs%7Crespond"
    for last in (False, False, False, True):  # a page that asked too early, beside other tests, asks no second time
        page.goto(address)
        try:
            for text in ("dagster/partition_row_count", "seeds_by_reason", "template_version", "samples"):
                page.get_by_text(text, exact=True).first.wait_for(timeout=45_000)
            break
        except NotThere:
            if last:
                raise


def test_an_asset_shows_its_description_owner_and_columns(server: Server, page: Any) -> None:
    page.goto(f"{server.url}/assets/marts/language_distribution")
    page.get_by_text("Kept rows per target language").first.wait_for()
    page.get_by_text("DuckDB").first.wait_for()
