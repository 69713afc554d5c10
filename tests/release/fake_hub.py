"""A hub on loopback: the requests that huggingface_hub 2.4 makes to publish a dataset and to load it again.

It keeps repositories, commits, branches, tags and large files, checks tokens, and misbehaves as told. What the real
hub does is taken from the client's source; where the two differ, these tests know nothing of it.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from release.fake_hub_store import Commit, Reply, Repo, Request, Stored, failure

TOKEN = "hf_aVerySecretToken/that+nobody=MaySee"  # noqa: S105
READER = "hf_aTokenThatMayOnlyReadThings0000000"
ATTRIBUTES = b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"


@dataclass
class Fault:
    """What goes wrong: a reply, or `drop` (the connection ends) or `hang` instead, for requests that match.

    `late`: the request is done first, and only then goes wrong.
    """

    matches: str
    reply: Reply | None = None
    times: int = 10**6
    drop: bool = False
    hang: bool = False
    late: bool = False


class FakeHub(ThreadingHTTPServer):
    """The hub. `url` is what HF_ENDPOINT must be."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.tokens = {TOKEN: "write", READER: "read"}
        self.repos: dict[str, Repo] = {}
        self.large: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.chunk: int | None = None  # large files are sent in parts of so many bytes
        self.page = 1000
        self.requests: list[tuple[str, str]] = []
        self.authorizations: set[str] = set()
        self.faults: list[Fault] = []
        self.before: Callable[[Request], None] = lambda _: None
        self.hanging, self.released = threading.Event(), threading.Event()
        self.lock = threading.RLock()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()

    def new(self, name: str = "org/name", *, private: bool = False) -> Repo:
        repo = self.repos[name] = Repo(private)
        repo.commit("main", "initial commit", {".gitattributes": Stored(ATTRIBUTES, lfs=False)}, None)
        return repo

    def count(self, pattern: str) -> int:
        return sum(bool(re.search(pattern, f"{method} {path}")) for method, path in self.requests)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent: clients that hang up are part of the tests."""

    def fault(self, request: Request) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.matches, f"{request.method} {request.path}"):
                    fault.times -= 1
                    return fault
        return None

    def answer(self, request: Request) -> Reply:
        with self.lock:
            for pattern, action, writes in ROUTES:
                found = re.fullmatch(pattern, f"{request.method} {request.path}")
                if found:
                    return self._allowed(request, found, writes=writes) or action(self, request, *found.groups())
        return failure(404, f"no such page {request.path}", "NotFound")

    def _allowed(self, request: Request, found: re.Match[str], *, writes: bool | None) -> Reply | None:
        if writes is None:
            return None
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        right = self.tokens.get(given)
        if given and right is None:
            return failure(401, "Invalid credentials in Authorization header")
        name = found.groups()[0] if found.groups() else ""
        repo = self.repos.get(name)
        if "/" in name and (repo is None or (repo.private and not right)):
            return failure(404 if given else 401, "Repository not found", "RepoNotFound")
        if writes and right != "write":
            return failure(403 if right else 401, f"You may not write with {given}")
        return None


class Handler(BaseHTTPRequestHandler):
    server: FakeHub
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _do(self) -> None:
        parts = urlsplit(self.path)
        body = self._body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, parts.path, parse_qs(parts.query), headers, body)
        server = self.server
        server.before(request)
        with server.lock:
            server.authorizations.add(headers.get("authorization", ""))
        fault = server.fault(request)
        if fault and not fault.late:
            self._fail(fault)
            return
        reply = server.answer(request)
        with server.lock:
            server.requests.append((self.command, parts.path))
        if fault:
            self._fail(fault)
        else:
            self._send(reply)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _do  # noqa: N815 these names are looked for

    def _fail(self, fault: Fault) -> None:
        if fault.hang:
            self.server.hanging.set()
            self.server.released.wait()
        if fault.reply is None:
            self.close_connection = True
        else:
            self._send(fault.reply)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, reply: Reply) -> None:
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        with suppress(ConnectionError):
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            if "Content-Length" not in reply.headers:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Silent."""


def _commit_of(hub: FakeHub, name: str, revision: str) -> Commit | Reply:
    found = hub.repos[name].find(unquote(revision))
    return found or failure(404, f"Invalid rev id: {unquote(revision)}", "RevisionNotFound")


def info(hub: FakeHub, request: Request, name: str, revision: str = "main") -> Reply:
    found, repo = _commit_of(hub, name, revision), hub.repos[name]
    if isinstance(found, Reply):
        return found
    siblings = [{"rfilename": path} for path in found.files]
    return Reply({"id": name, "private": repo.private, "sha": found.id, "siblings": siblings, "tags": []})


def refs(hub: FakeHub, request: Request, name: str) -> Reply:
    def listed(kind: str, refs: dict[str, str]) -> list[dict[str, str]]:
        return [{"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": to} for name, to in refs.items()]

    repo = hub.repos[name]
    return Reply({"branches": listed("heads", repo.branches), "converts": [], "tags": listed("tags", repo.tags)})


def tree(hub: FakeHub, request: Request, name: str, revision: str, folder: str | None = None) -> Reply:
    found = _commit_of(hub, name, revision)
    if isinstance(found, Reply):
        return found
    prefix = f"{unquote(folder).strip('/')}/" if folder else ""
    under = sorted(path for path in found.files if path.startswith(prefix))
    entries = {path: found.files[path].entry(path) for path in under}
    folders = {path[:at] for path in under for at in range(len(prefix), len(path)) if path[at] == "/"}
    entries |= {path: {"type": "directory", "path": path, "size": 0, "oid": "0" * 40} for path in folders}
    recursive = request.query.get("recursive", ["false"])[0].lower() in ("true", "1")
    rows = [row for path, row in sorted(entries.items()) if recursive or "/" not in path.removeprefix(prefix)]
    if prefix and not rows:
        return failure(404, "no such folder", "EntryNotFound")
    start = int(request.query.get("cursor", ["0"])[0])
    after = start + hub.page
    link = {"Link": f'<{hub.url}{request.path}?recursive={recursive}&cursor={after}>; rel="next"'}
    return Reply(rows[start:after], headers=link if after < len(rows) else {})


def paths_info(hub: FakeHub, request: Request, name: str, revision: str) -> Reply:
    found = _commit_of(hub, name, revision)
    if isinstance(found, Reply):
        return found
    wanted = parse_qs(request.body.decode()).get("paths", [])
    return Reply([found.files[path].entry(path) for path in wanted if path in found.files])


def resolve(hub: FakeHub, request: Request, name: str, revision: str, path: str) -> Reply:
    found = _commit_of(hub, name, revision)
    if isinstance(found, Reply):
        return found
    file = found.files.get(unquote(path))
    if file is None:
        return failure(404, "Entry not found", "EntryNotFound")
    etag = hashlib.sha256(file.content).hexdigest()
    content, status, headers = file.content, 200, {"X-Repo-Commit": found.id, "ETag": f'"{etag}"'}
    if wanted := re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", "")):
        first, last = int(wanted[1]), int(wanted[2] or len(content) - 1)
        headers["Content-Range"] = f"bytes {first}-{min(last, len(content) - 1)}/{len(content)}"
        content, status = content[first : last + 1], 206
    return Reply(content, status, headers | {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"})


def create(hub: FakeHub, request: Request) -> Reply:
    wanted = request.json
    name = f"{wanted['organization']}/{wanted['name']}"
    if name in hub.repos:
        return failure(409, "You already created this dataset repo")
    hub.new(name, private=wanted.get("visibility") == "private")
    return Reply({"url": f"{hub.url}/datasets/{name}"})


def preupload(hub: FakeHub, request: Request, name: str, revision: str) -> Reply:
    found = _commit_of(hub, name, revision)
    if isinstance(found, Reply):
        return found
    modes = []
    for file in request.json["files"]:
        mode = "lfs" if file["path"].endswith(".parquet") else "regular"
        there = found.files.get(file["path"])
        entry = there.entry(file["path"]) if there else {}
        oid = {"oid": entry["lfs"]["oid"] if there and there.lfs else entry["oid"]} if entry else {}
        modes.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, **oid})
    return Reply({"files": modes})


def batch(hub: FakeHub, request: Request, name: str) -> Reply:
    objects = []
    for wanted in request.json["objects"]:
        oid, size = wanted["oid"], wanted["size"]
        if oid not in hub.large:
            href = f"{hub.url}/large/{name}/{oid}"
            upload: dict[str, Any] = {"href": href}
            if hub.chunk:
                parts = range(1, -(-size // hub.chunk) + 1)
                upload["header"] = {"chunk_size": str(hub.chunk), **{f"{n:05d}": f"{href}/{n}" for n in parts}}
            wanted["actions"] = {"upload": upload, "verify": {"href": f"{href}/verify"}}
        objects.append(wanted)
    return Reply({"transfer": "multipart" if hub.chunk else "basic", "objects": objects})


def put_large(hub: FakeHub, request: Request, _: str, oid: str) -> Reply:
    return _keep(hub, oid, request.body)


def put_part(hub: FakeHub, request: Request, _: str, oid: str, number: str) -> Reply:
    hub.parts.setdefault(oid, {})[int(number)] = request.body
    return Reply(b"", headers={"ETag": f'"{number}"'})


def complete(hub: FakeHub, request: Request, _: str, oid: str) -> Reply:
    wanted = [part["partNumber"] for part in request.json["parts"]]
    return _keep(hub, oid, b"".join(hub.parts[oid][number] for number in wanted))


def _keep(hub: FakeHub, oid: str, content: bytes) -> Reply:
    if hashlib.sha256(content).hexdigest() != oid:
        return failure(400, "the content is not what its name says")
    hub.large[oid] = content
    return Reply(b"")


def verify(hub: FakeHub, request: Request, _: str, oid: str) -> Reply:
    there = len(hub.large.get(oid, b"")) == request.json["size"]
    return Reply({}) if there else failure(404, "not there", "EntryNotFound")


def commit(hub: FakeHub, request: Request, name: str, branch: str) -> Reply:
    repo, branch = hub.repos[name], unquote(branch)
    header, *operations = [json.loads(line) for line in request.body.splitlines()]
    if branch not in repo.branches:
        return failure(404, "Invalid rev id", "RevisionNotFound")
    head = repo.branches[branch]
    if header["value"].get("parentCommit", head) != head:
        return failure(412, "A commit has happened since. Please refresh and try again.")
    files = dict(repo.commits[head].files)
    for operation in operations:
        value = operation["value"]
        if operation["key"] == "file":
            files[value["path"]] = Stored(base64.b64decode(value["content"]), lfs=False)
        elif operation["key"] == "lfsFile":
            if value["oid"] not in hub.large:
                return failure(400, "a large file was never sent")
            files[value["path"]] = Stored(hub.large[value["oid"]], lfs=True)
        elif files.pop(value["path"], None) is None:
            return failure(404, "A file with this name doesn't exist", "EntryNotFound")
    new = repo.commit(branch, header["value"]["summary"], files, head)
    return Reply({"commitUrl": f"{hub.url}/datasets/{name}/commit/{new}", "commitOid": new})


def squash(hub: FakeHub, request: Request, name: str, branch: str) -> Reply:
    repo, branch = hub.repos[name], unquote(branch)
    repo.commit(branch, request.json["message"], repo.commits[repo.branches[branch]].files, None)
    return Reply({})


def add_tag(hub: FakeHub, request: Request, name: str, revision: str) -> Reply:
    found, repo = _commit_of(hub, name, revision), hub.repos[name]
    if isinstance(found, Reply):
        return found
    if request.json["tag"] in repo.tags:
        return failure(409, "Tag reference exists already")
    repo.tags[request.json["tag"]] = found.id
    return Reply({})


def drop_tag(hub: FakeHub, request: Request, name: str, tag: str) -> Reply:
    there = hub.repos[name].tags.pop(unquote(tag), None)
    return Reply({}) if there else failure(404, "no such tag", "RevisionNotFound")


def add_branch(hub: FakeHub, request: Request, name: str, branch: str) -> Reply:
    repo, branch = hub.repos[name], unquote(branch)
    found = _commit_of(hub, name, request.json.get("startingPoint", "main"))
    if isinstance(found, Reply):
        return found
    if branch in repo.branches:
        return failure(409, "Reference already exists")
    repo.branches[branch] = found.id
    return Reply({})


def drop_branch(hub: FakeHub, request: Request, name: str, branch: str) -> Reply:
    there = hub.repos[name].branches.pop(unquote(branch), None)
    return Reply({}) if there else failure(404, "no such branch", "RevisionNotFound")


def commits(hub: FakeHub, request: Request, name: str, revision: str) -> Reply:
    found = hub.repos[name].history(unquote(revision))
    date = "2026-01-01T00:00:00.000Z"
    return Reply([{"id": c.id, "authors": [], "date": date, "title": c.title, "message": ""} for c in found])


_NAME = r"([\w.-]+/[\w.-]+)"
_API = rf"/api/datasets/{_NAME}"
_LARGE = rf"/large/{_NAME}/([0-9a-f]{{64}})"
ROUTES: list[tuple[str, Callable[..., Reply], bool | None]] = [
    (rf"GET {_API}", info, False),
    (rf"GET {_API}/revision/([^/]+)", info, False),
    (rf"GET {_API}/refs", refs, False),
    (rf"GET {_API}/tree/([^/]+)(?:/(.+))?", tree, False),
    (rf"GET {_API}/commits/([^/]+)", commits, False),
    (rf"POST {_API}/paths-info/([^/]+)", paths_info, False),
    (rf"(?:GET|HEAD) /datasets/{_NAME}/resolve/([^/]+)/(.+)", resolve, False),
    (r"POST /api/validate-yaml", lambda hub, request: Reply({"errors": [], "warnings": []}), False),
    (r"POST /api/repos/create", create, True),
    (rf"POST {_API}/preupload/([^/]+)", preupload, True),
    (rf"POST /datasets/{_NAME}\.git/info/lfs/objects/batch", batch, True),
    (rf"PUT {_LARGE}", put_large, None),
    (rf"PUT {_LARGE}/(\d+)", put_part, None),
    (rf"POST {_LARGE}", complete, None),
    (rf"POST {_LARGE}/verify", verify, True),
    (rf"POST {_API}/commit/([^/]+)", commit, True),
    (rf"POST {_API}/super-squash/([^/]+)", squash, True),
    (rf"POST {_API}/tag/([^/]+)", add_tag, True),
    (rf"DELETE {_API}/tag/([^/]+)", drop_tag, True),
    (rf"POST {_API}/branch/([^/]+)", add_branch, True),
    (rf"DELETE {_API}/branch/([^/]+)", drop_branch, True),
]
"""What is answered, by whom, and whether a token that may write is needed (None: nobody is asked who they are)."""
