"""What the hub of fake_hub.py keeps and says: repositories with their commits, requests and replies."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Stored:
    """A file of a commit."""

    content: bytes
    lfs: bool

    def entry(self, path: str) -> dict[str, Any]:
        sha256 = hashlib.sha256(self.content).hexdigest()
        pointer = (
            f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(self.content)}\n".encode()
        )
        blob = pointer if self.lfs else self.content
        oid = hashlib.sha1(b"blob %d\0" % len(blob) + blob, usedforsecurity=False).hexdigest()
        lfs = {"lfs": {"oid": sha256, "size": len(self.content), "pointerSize": len(pointer)}} if self.lfs else {}
        return {"type": "file", "path": path, "size": len(self.content), "oid": oid, **lfs}


@dataclass(frozen=True)
class Commit:
    id: str
    parent: str | None
    title: str
    files: dict[str, Stored]


@dataclass
class Repo:
    """A dataset repository."""

    private: bool = False
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, branch: str, title: str, files: dict[str, Stored], parent: str | None) -> str:
        name = hashlib.sha1(f"{len(self.commits)} {title}".encode(), usedforsecurity=False).hexdigest()
        self.commits[name] = Commit(name, parent, title, files)
        self.branches[branch] = name
        return name

    def find(self, revision: str) -> Commit | None:
        return self.commits.get(self.branches.get(revision) or self.tags.get(revision) or revision)

    def history(self, revision: str) -> list[Commit]:
        found, at = [], self.find(revision)
        while at:
            found.append(at)
            at = self.commits.get(at.parent or "")
        return found

    @property
    def reachable(self) -> dict[str, Commit]:
        """Every commit that a branch or tag leads to."""
        return {commit.id: commit for ref in (*self.branches, *self.tags) for commit in self.history(ref)}

    def files(self, revision: str = "main") -> dict[str, bytes]:
        found = self.find(revision)
        assert found
        return {path: file.content for path, file in found.files.items()}


@dataclass
class Reply:
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def failure(status: int, message: str, code: str = "", **headers: str) -> Reply:
    return Reply({"error": message}, status, {"X-Error-Message": message, "X-Error-Code": code} | headers)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)
