"""Finding a source's files on the Hugging Face hub.

The hub here is a real HTTP server on this machine that answers the way huggingface.co answers, and each look at it is
a process of its own, because huggingface_hub reads its endpoint once, when it is imported.
"""

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from polyglot_assets.seeds import aya, cidar, gsm8k, helpsteer3
from polyglot_assets.seeds.source import Source


@dataclass
class Hub:
    """Dataset repositories as huggingface.co serves them: every revision stays, `heads` says which is newest."""

    revisions: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    asked: Counter[str] = field(default_factory=Counter)
    url: str = ""

    def publish(self, source: Source, files: dict[str, bytes]) -> str:
        """A new newest revision of a dataset; returns its commit."""
        commit = hashlib.sha1(repr(sorted(files.items())).encode(), usedforsecurity=False).hexdigest()
        self.revisions[source.repo, commit] = files
        self.heads[source.repo] = commit
        return commit

    def answer(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        self.asked[f"{method} {path}"] += 1
        if found := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)(?:/(revision|tree)/([0-9a-f]{40}))?", path):
            repo, what, commit = found.groups()
            return self._api(repo, what, commit or self.heads.get(repo, ""))
        if found := re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/([0-9a-f]{40})/(.+)", path):
            repo, commit, name = found.groups()
            return self._file(repo, commit, name)
        return 404, {}, b""

    def _api(self, repo: str, what: str | None, commit: str) -> tuple[int, dict[str, str], bytes]:
        files = self.revisions.get((repo, commit))
        if files is None:
            return 404, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}, b""
        if what == "tree":
            body: Any = [
                {"type": "file", "path": name, "size": len(content), "oid": blob_id(content)}
                for name, content in files.items()
            ]
        else:
            siblings = [{"rfilename": name} for name in files]
            body = {"id": repo, "sha": commit, "private": False, "gated": False, "siblings": siblings}
        return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()

    def _file(self, repo: str, commit: str, name: str) -> tuple[int, dict[str, str], bytes]:
        if repo in self.gated:
            return 403, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to it is restricted"}, b""
        content = self.revisions.get((repo, commit), {}).get(name)
        if content is None:
            return 404, {"X-Error-Code": "EntryNotFound"}, b""
        return 200, {"ETag": f'"{blob_id(content)}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}, content

    def downloads(self) -> dict[str, int]:
        """How often each file's content was fetched."""
        return {
            path.split("/resolve/")[1][41:]: n for path, n in self.asked.items() if path.startswith("GET /datasets")
        }


def blob_id(content: bytes) -> str:
    """Git's name for a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A hub without datasets, serving on this machine."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self, method: str) -> None:
            status, headers, body = hub.answer(method, self.path.split("?")[0])
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if method == "GET":
                self.wfile.write(body)

        def do_GET(self) -> None:
            self.respond("GET")

        def do_HEAD(self) -> None:
            self.respond("HEAD")

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield hub
    server.shutdown()
    server.server_close()
    thread.join()


FIND = """
import json, sys
from polyglot_assets.domain.errors import UserError
from polyglot_assets.seeds.acquire import find
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import load

for name in sys.argv[1:]:
    [source] = [source for source in SOURCES if source.name == name]
    try:
        files = find(source, load())
    except UserError as error:
        print(json.dumps({"error": str(error)}))
    else:
        paths = {path.relative_to(files.root).as_posix(): path.read_text() for path in files.paths}
        print(json.dumps({"revision": files.revision, "paths": paths}))
"""


@dataclass
class Finder:
    """Looks for sources on a hub in new processes, with one lake and one hub cache."""

    folder: Path

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    def start(self, url: str, *sources: Source, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", FIND, *(source.name for source in sources)],
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
                "HF_ENDPOINT": url,
                "HF_HOME": str(self.folder / "hf"),
                "HF_HUB_DISABLE_TELEMETRY": "1",
                "NO_PROXY": "127.0.0.1",
                "POLYGLOT_SEEDS": "hub",
                "POLYGLOT_LAKE": str(self.lake),
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def find(self, url: str, *sources: Source, **environment: str) -> list[dict[str, Any]]:
        return self.result(self.start(url, *sources, **environment))

    def result(self, process: "subprocess.Popen[str]") -> list[dict[str, Any]]:
        out, err = process.communicate(timeout=600)
        assert process.returncode == 0, err
        assert "Traceback" not in err
        return [json.loads(line) for line in out.splitlines()]

    @property
    def recorded(self) -> dict[str, str]:
        return json.loads((self.lake / "revisions.json").read_text())


@pytest.fixture
def finder(tmp_path) -> Finder:
    return Finder(tmp_path)


TRAIN = "data/train-00000-of-00002.parquet"
MORE = "data/train-00001-of-00002.parquet"
ONLY_TRAINING = {TRAIN: b"first", MORE: b"second"}
WHOLE_REPOSITORY = {**ONLY_TRAINING, "README.md": b"#", "data/test-00000-of-00001.parquet": b"t", "x.bin": b"y"}


def test_a_revision_is_resolved_once_and_its_training_files_are_fetched_once(hub, finder):
    old = hub.publish(cidar.SOURCE, WHOLE_REPOSITORY)
    expected = {"revision": old, "paths": {TRAIN: "first", MORE: "second"}}
    assert finder.find(hub.url, cidar.SOURCE, cidar.SOURCE) == [expected, expected]
    assert finder.recorded == {"arbml/CIDAR": old}
    assert hub.downloads() == {TRAIN: 1, MORE: 1}

    new = hub.publish(cidar.SOURCE, {**WHOLE_REPOSITORY, TRAIN: b"changed"})
    hub.asked.clear()
    assert finder.find(hub.url, cidar.SOURCE) == [expected], "the recorded revision is read although the hub moved on"
    assert hub.downloads() == {}
    assert not [path for path in hub.asked if path == "GET /api/datasets/arbml/CIDAR"]

    assert finder.find("http://127.0.0.1:9", cidar.SOURCE) == [expected], "what was fetched needs no hub"

    (finder.lake / "revisions.json").unlink()
    [found] = finder.find(hub.url, cidar.SOURCE)
    assert found == {"revision": new, "paths": {TRAIN: "changed", MORE: "second"}}
    assert finder.recorded == {"arbml/CIDAR": new}
    assert hub.downloads() == {TRAIN: 1}, "a file that did not change is not fetched again"


def test_two_processes_that_resolve_at_once_keep_each_others_entries(hub, finder):
    names = [
        (cidar.SOURCE, TRAIN),
        (gsm8k.SOURCE, "main/train-0.parquet"),
        (aya.SOURCE, "aya_dataset/train-0.parquet"),
        (helpsteer3.SOURCE, "preference/train.jsonl.gz"),
    ]
    commits = {source.repo: hub.publish(source, {name: b"x"}) for source, name in names}
    answer, barrier = hub.answer, threading.Barrier(2)

    def slow_answer(method: str, path: str) -> Any:
        if re.fullmatch(r"/api/datasets/[^/]+/[^/]+", path):
            # Each process has read the file by now if it reads it before it asks.
            try:
                barrier.wait(timeout=0.3)
            except threading.BrokenBarrierError:
                barrier.reset()
        return answer(method, path)

    hub.answer = slow_answer
    sources = [source for source, _ in names]
    processes = [finder.start(hub.url, *part) for part in (sources[:2], sources[2:])]
    found = [result for process in processes for result in finder.result(process)]
    assert [result["revision"] for result in found] == [commits[source.repo] for source in sources]
    assert finder.recorded == commits


class TestHubTroubles:
    def only_error(self, found: list[dict[str, Any]]) -> str:
        [result] = found
        assert "\n" not in result["error"]
        return result["error"]

    def test_an_unreachable_hub(self, finder):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            started = time.monotonic()
            error = self.only_error(finder.find(url, cidar.SOURCE))
        assert time.monotonic() - started < 20
        assert error.startswith("arbml/CIDAR: the Hugging Face hub did not give it: ")
        assert error.endswith("Connection refused")
        assert not (finder.lake / "revisions.json").exists()

    def test_a_recorded_revision_that_the_hub_no_longer_has(self, hub, finder):
        hub.publish(cidar.SOURCE, WHOLE_REPOSITORY)
        finder.lake.mkdir()
        (finder.lake / "revisions.json").write_text(json.dumps({"arbml/CIDAR": "0" * 40}))
        error = self.only_error(finder.find(hub.url, cidar.SOURCE))
        assert error.startswith("arbml/CIDAR: the Hugging Face hub did not give it: ")

    def test_a_dataset_that_does_not_exist(self, hub, finder):
        error = self.only_error(finder.find(hub.url, cidar.SOURCE))
        assert error.startswith("arbml/CIDAR: the Hugging Face hub did not give it: ")
        assert "404" in error

    def test_a_gated_dataset(self, hub, finder):
        hub.publish(cidar.SOURCE, WHOLE_REPOSITORY)
        hub.gated.add(cidar.SOURCE.repo)
        error = self.only_error(finder.find(hub.url, cidar.SOURCE))
        assert error == "arbml/CIDAR: access is gated; accept its terms on the hub and set HF_TOKEN"

    def test_a_repository_whose_files_are_called_something_else(self, hub, finder):
        commit = hub.publish(cidar.SOURCE, {"README.md": b"#", "cidar.csv": b"a"})
        error = self.only_error(finder.find(hub.url, cidar.SOURCE))
        assert error == f"arbml/CIDAR@{commit}: no file matches data/train-*.parquet"

    def test_a_damaged_record_of_revisions(self, hub, finder):
        hub.publish(cidar.SOURCE, WHOLE_REPOSITORY)
        finder.lake.mkdir()
        (finder.lake / "revisions.json").write_text("{")
        error = self.only_error(finder.find(hub.url, cidar.SOURCE))
        assert error.startswith(f"{finder.lake / 'revisions.json'}, line 1: broken JSON")

    def test_a_file_list_that_leads_out_of_the_folder(self, hub, finder):
        for name, taken in (
            ("../../../../../data/train-0.parquet", {TRAIN: "first"}),  # none of the files that are asked for
            ("data/train-/../../../../../../escaped.parquet", None),
        ):
            (finder.lake / "revisions.json").unlink(missing_ok=True)
            hub.publish(cidar.SOURCE, {TRAIN: b"first", name: b"escaped"})
            [found] = finder.find(hub.url, cidar.SOURCE)
            assert not [path for path in finder.folder.rglob("*") if path.is_file() and path.read_bytes() == b"escaped"]
            assert found.get("paths") == taken
            if taken is None:
                assert "escaped.parquet" in self.only_error([found])

    def test_a_revision_that_leads_out_of_the_folder(self, hub, finder):
        commit = hub.publish(cidar.SOURCE, {TRAIN: b"first"})
        hub.revisions[cidar.SOURCE.repo, "../../../../x"] = hub.revisions[cidar.SOURCE.repo, commit]
        hub.heads[cidar.SOURCE.repo] = "../../../../x"
        error = self.only_error(finder.find(hub.url, cidar.SOURCE))
        assert error.startswith("arbml/CIDAR: the Hugging Face hub ")
        assert not (finder.lake / "revisions.json").exists()
