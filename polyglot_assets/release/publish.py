"""Publishing a release on the hub: what would change there, and changing it with one commit.

Here: comparing a release with what the hub lists, the commit, and the tag of the release. Not here: how the hub is
spoken to (hub.py), its history (squash.py), what is printed (publish_command.py).

A release is sent in two steps. The shards go to the hub's store of large files, one by one; the hub says which ones it
has already, so a second run after a crash sends the rest. Then one commit makes all of them, the card and the manifest
visible at once, on condition that nobody has changed the branch meanwhile. (`upload_folder` and `upload_large_folder`
would make several commits, and readers see a mixture between them; `upload_large_folder` also writes into the folder
that it sends.)
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from polyglot_assets.domain.errors import UserError
from polyglot_assets.release import manifest as manifest_
from polyglot_assets.release.hub import TRIES, Hub, failures, may_pass, pause
from polyglot_assets.release.manifest import MANIFEST, Manifest
from polyglot_assets.release.render import CARD, earlier_of, render
from polyglot_assets.release.verify import verify

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd
    from huggingface_hub.hf_api import RepoFile

TAG = "v-"
_OWN = ("data/", "lineage/")
_OF_THE_HUB = {".gitattributes", CARD}
"""Files that a new repository may have."""
_AT_ONCE = 16
_VERSION = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class File:
    """A file as it is sent: its path, or the content itself. `sha256` is None for the card and the manifest, which are
    small.
    """

    content: Path | bytes
    size: int
    sha256: str | None


@dataclass(frozen=True)
class Release:
    """A release that may be sent: its manifest, and all that is sent of it, by the path in the repository."""

    folder: Path
    manifest: Manifest
    files: Mapping[str, File]

    @property
    def version(self) -> str:
        """The version."""
        return self.manifest.version

    @property
    def tag(self) -> str:
        """How it is called on the hub."""
        return TAG + self.version


@dataclass(frozen=True)
class Change:
    """What happens to a file of the repository.

    Attributes:
        what: add, change or remove.
        path: in the repository.
        size: bytes that it has afterwards; of a removed file, those that it had.
        before: bytes that a changed file had.
    """

    what: str
    path: str
    size: int
    before: int | None = None


@dataclass(frozen=True)
class State:
    """What the hub holds, and what is missing to hold the release.

    Attributes:
        exists: whether the repository is there.
        changes: to files.
        branches: name and commit.
        tags: name and commit.
        head: the commit of the branch; None if there is no such branch.
        holds: the version of the release that the branch holds, if any.
        same: how many files are as they should be.
        others: files that are of no release; they stay.
    """

    exists: bool
    changes: tuple[Change, ...]
    branches: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    head: str | None = None
    holds: str | None = None
    same: int = 0
    others: tuple[str, ...] = ()


def opened(folder: Path, repo: str) -> Release:
    """A release's folder, verified, as it is sent to a repository: the card's example loads the rows from there.

    Only what the manifest names, the manifest and the card are ever sent, so nothing else can get to the hub.

    Raises:
        UserError: it is not a release, or not what its manifest says.
    """
    folder = folder.resolve()  # `latest` may point elsewhere before everything is sent
    manifest = manifest_.read(folder)
    wrong = [f"{check}: {problem}" for check, problems in verify(folder).items() for problem in problems]
    if wrong:
        raise UserError(f"{folder} fails `polyglot verify`, nothing was sent: {'; '.join(wrong)}")
    stated = {file["path"]: file["sha256"] for file in manifest.files} | {CARD: None, MANIFEST: None}
    for name in stated:
        path = folder / name
        if path.resolve() != path or not path.is_file():
            raise UserError(f"{path} is a link, nothing was sent")
    files = {name: File(folder / name, (folder / name).stat().st_size, sha256) for name, sha256 in stated.items()}
    card = render(manifest, repo, earlier_of((folder / CARD).read_text(encoding="utf-8"))).encode()
    files[CARD] = File(card, len(card), None)
    return Release(folder, manifest, files)


def look(hub: Hub, release: Release, branch: str, *, private: bool = False) -> State:
    """Compares the release with what the hub lists.

    Raises:
        UserError: the repository holds something else than releases, or is public and should be private.
    """
    doing = f"reading {hub.repo}"
    if not _exists(hub, doing, private=private):
        return State(exists=False, changes=tuple(_added(release)))
    refs = hub.ask(doing, lambda: hub.api.list_repo_refs(hub.repo, repo_type="dataset"))
    branches = {ref.name: ref.target_commit for ref in refs.branches}
    tags = {ref.name: ref.target_commit for ref in refs.tags}
    head = branches.get(branch)
    if head is None:
        return State(exists=True, changes=tuple(_added(release)), branches=branches, tags=tags)
    there = _listed(hub, head)
    holds = _version_at(hub, head) if MANIFEST in there else None
    others = tuple(sorted(path for path in there if path not in release.files and not path.startswith(_OWN)))
    if holds is None and (foreign := sorted(there.keys() - _OF_THE_HUB)):
        raise UserError(
            f"{hub.repo} ({branch}) holds {len(foreign)} files, such as {foreign[0]}, and no release: it is refused to "
            "overwrite it; give a new repository or an empty one"
        )
    changes = [*_added(release, there), *_removed(release, there)]
    same = len(release.files) - sum(change.what != "remove" for change in changes)
    return State(exists=True, changes=tuple(changes), branches=branches, tags=tags, head=head, holds=holds, same=same,
                 others=others)  # fmt: skip


def prepare(hub: Hub, state: State, branch: str, *, private: bool) -> None:
    """Makes the repository and the branch where they are missing."""
    if not state.exists:
        hub.ask(
            f"creating {hub.repo}",
            lambda: hub.api.create_repo(hub.repo, repo_type="dataset", private=private or None, exist_ok=True),
        )
    if branch != "main" and branch not in state.branches:
        hub.ask(
            f"creating the branch {branch} of {hub.repo}",
            lambda: hub.api.create_branch(hub.repo, branch=branch, repo_type="dataset", exist_ok=True),
        )


def publish(hub: Hub, release: Release, branch: str, say: Callable[[str], None]) -> State:
    """Makes the branch hold the release, and nothing of another one.

    Whatever happened on the way, a look at the hub says what is missing; so a commit whose answer was lost is not made
    a second time, and one that failed is.

    Returns:
        What the hub holds then.

    Raises:
        UserError: it did not work, and why. What was sent of the shards stays with the hub.
    """
    state = look(hub, release, branch)
    additions: list[CommitOperationAdd] = []
    for attempt in range(1, TRIES + 1):
        if not state.changes:
            break
        if state.head is None:
            raise UserError(f"{hub.repo} has no branch {branch}")
        additions = additions or _send(hub, release, state, branch, say)
        try:
            _commit(hub, release, state, branch, additions)
        except failures() as error:
            before, state = state.head, look(hub, release, branch)
            if state.changes:
                _refuse(hub, error, branch, changed=state.head != before, last=attempt == TRIES)
                pause(attempt, error)
        else:
            state = look(hub, release, branch)
            if state.changes:
                first = state.changes[0].path
                raise UserError(f"{hub.repo} was sent the release, but does not hold it, see {first} on {hub.url}")
    if release.tag not in state.tags and state.head:
        tag(hub, release.tag, state.head)
        state = look(hub, release, branch)
    return state


def _refuse(hub: Hub, error: Exception, branch: str, *, changed: bool, last: bool) -> None:
    """Ends the publishing after a failed commit, unless the same one may work in a moment."""
    doing = f"publishing on {hub.repo}"
    if changed:
        raise UserError(f"{doing}: somebody else has changed {branch} meanwhile; run again") from None
    if last or not may_pass(error):
        raise hub.told(error, doing) from None


def tag(hub: Hub, name: str, commit: str) -> None:
    """Calls a commit by a name that readers can give as `revision`."""
    hub.ask(
        f"tagging {name} on {hub.repo}",
        lambda: hub.api.create_tag(hub.repo, tag=name, revision=commit, repo_type="dataset", exist_ok=True),
    )


def _exists(hub: Hub, doing: str, *, private: bool) -> bool:
    from huggingface_hub.errors import RepositoryNotFoundError

    def found() -> Any:
        try:
            return hub.api.dataset_info(hub.repo, expand=["private"])
        except RepositoryNotFoundError as error:
            if error.response.headers.get("X-Error-Code") == "RepoNotFound" and hub.token:
                return None
            raise  # a token that is not valid, or none: whether it exists is not known

    repository = hub.ask(doing, found)
    if repository is not None and private and repository.private is False:
        raise UserError(f"{hub.repo} is public, --private is for a new one; its settings are at {hub.url}/settings")
    return repository is not None


def _listed(hub: Hub, commit: str) -> dict[str, "RepoFile"]:
    """All files of a commit, by path."""
    from huggingface_hub.hf_api import RepoFile

    tree = hub.ask(
        f"listing {hub.repo}",
        lambda: list(hub.api.list_repo_tree(hub.repo, recursive=True, revision=commit, repo_type="dataset")),
        tries=1,  # repeated by the library
    )
    return {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}


def _version_at(hub: Hub, commit: str) -> str | None:
    """The release that a commit's manifest is of."""
    from huggingface_hub import get_session, hf_hub_url
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # type: ignore[attr-defined]

    url = hf_hub_url(hub.repo, MANIFEST, repo_type="dataset", revision=commit, endpoint=hub.endpoint)

    def read() -> bytes:
        response = get_session().get(url, headers=build_hf_headers(token=hub.token or False))
        hf_raise_for_status(response)
        return response.content

    try:
        version = from_json(hub.ask(f"reading {MANIFEST} of {hub.repo}", read))["version"]
    except (ValueError, KeyError, TypeError):
        return None
    return version if isinstance(version, str) and _VERSION.fullmatch(version) else None


def _added(release: Release, there: Mapping[str, "RepoFile"] | None = None) -> Iterable[Change]:
    """Files that the hub has not, or has with another content."""
    for name, file in sorted(release.files.items()):
        remote = (there or {}).get(name)
        if remote is None:
            yield Change("add", name, file.size)
        elif not _is_same(file, remote):
            yield Change("change", name, file.size, remote.size)


def _removed(release: Release, there: Mapping[str, "RepoFile"]) -> Iterable[Change]:
    """Shards of other releases: a reader's pattern would find them among those of this one."""
    for name, remote in sorted(there.items()):
        if name not in release.files and name.startswith(_OWN):
            yield Change("remove", name, remote.size)


def _is_same(file: File, remote: "RepoFile") -> bool:
    if file.size != remote.size:
        return False
    content = file.content if isinstance(file.content, bytes) else b""
    if isinstance(file.content, Path) and (file.sha256 is None or not remote.lfs):
        content = file.content.read_bytes()
    if remote.lfs:
        return remote.lfs.sha256 == (file.sha256 or hashlib.sha256(content).hexdigest())
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)  # as git names it
    return remote.blob_id == blob.hexdigest()


def _send(
    hub: Hub, release: Release, state: State, branch: str, say: Callable[[str], None]
) -> "list[CommitOperationAdd]":
    """Sends the shards that the hub's store does not have. They are not visible yet."""
    from huggingface_hub import CommitOperationAdd

    additions = []
    for change in state.changes:
        if change.what != "remove":
            file = release.files[change.path]
            addition = CommitOperationAdd(change.path, file.content)
            if file.sha256:
                addition.upload_info.sha256 = bytes.fromhex(file.sha256)  # verified just now: no need to read it again
            additions.append(addition)
    for start in range(0, len(additions), _AT_ONCE):
        some = additions[start : start + _AT_ONCE]

        def send(some: "list[CommitOperationAdd]" = some) -> None:
            hub.api.preupload_lfs_files(
                hub.repo, some, repo_type="dataset", revision=branch, free_memory=False, num_threads=4
            )

        hub.ask(f"sending files to {hub.repo}", send, tries=2)  # repeated by the library, but see hub._is_closed
        say(f"{min(start + _AT_ONCE, len(additions))} of {len(additions)} files are with the hub")
    return additions


def _commit(hub: Hub, release: Release, state: State, branch: str, additions: "list[CommitOperationAdd]") -> None:
    from huggingface_hub import CommitOperationDelete

    deletions: list[CommitOperationDelete] = [
        CommitOperationDelete(change.path, is_folder=False) for change in state.changes if change.what == "remove"
    ]
    replaced = f", replaces {state.holds}" if state.holds else ""
    hub.api.create_commit(
        hub.repo,
        [*additions, *deletions],
        commit_message=f"Release {release.version} ({release.manifest.rows} rows){replaced}",
        repo_type="dataset",
        revision=branch,
        parent_commit=state.head,
    )
