"""Removing from the hub what the lake has removed: tags of such releases, and the history that still holds them.

Here: which traces there are, and the steps that remove them. Not here: publishing (publish.py).

A commit that takes rows away hides them from nobody who asks for an earlier commit, and a tag keeps all commits before
it. So the branch, and each release that stays, becomes a single commit without a past.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from polyglot_assets.lake.store import Lake
from polyglot_assets.release import versions
from polyglot_assets.release.hub import Hub
from polyglot_assets.release.publish import TAG, Release, State, tag

_TAG = re.compile(rf"{TAG}([0-9a-f]{{12}})")
_IN_TITLE = re.compile(r"^Release ([0-9a-f]{12})\b")
_WORK = "squash-"
"""How the branch is called on which a tag is squashed. One that is there is the rest of a run that was killed."""


@dataclass(frozen=True)
class Traces:
    """What the hub has of other releases than the one that is published.

    Attributes:
        removed: releases that the lake has removed and the hub has, by a tag or a commit, and why.
        kept: releases that the lake has, and the hub a tag of.
        unknown: tags of releases that the lake has never had; another one has published them.
        branches: other branches.
    """

    removed: dict[str, str]
    kept: tuple[str, ...]
    unknown: tuple[str, ...]
    branches: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """Something to do, in words and as a call."""

    text: str
    do: Callable[[], None]


def traces(hub: Hub, lake: Lake, release: Release, state: State, branch: str) -> Traces:
    """What the hub has of other releases."""
    there = set(versions.names(lake))
    why = {event.release: event.why for event in versions.history(lake) if event.what == "removed"}
    tagged = {found[1] for name in state.tags if (found := _TAG.fullmatch(name))}
    titles = _history(hub, branch) if state.head else []
    on_hub = (tagged | {version for title in titles for version in _IN_TITLE.findall(title)}) - {release.version}
    work = {_WORK + TAG + version for version in there}
    resumed = {version for version in there if _WORK + TAG + version in state.branches}
    return Traces(
        removed={version: why[version] for version in sorted(on_hub) if version in why and version not in there},
        kept=tuple(sorted(((tagged & there) | resumed) - {release.version})),
        unknown=tuple(sorted(TAG + version for version in tagged - there - why.keys() - {release.version})),
        branches=tuple(sorted(state.branches.keys() - {branch} - work)),
    )


def steps(hub: Hub, release: Release, state: State, branch: str, found: Traces) -> Iterator[Step]:
    """What makes the removed releases unreachable, once the release is published. Nothing if nothing is to be done.

    Args:
        hub: the session.
        release: what is published.
        state: what the hub holds now; the release may still have to be published.
        branch: where.
        found: what there is.
    """
    for version in found.removed:
        name = TAG + version
        if name in state.tags:
            yield Step(f"delete the tag {name}", lambda name=name: _drop(hub, name))  # type: ignore[misc]
    if state.changes or len(_history(hub, branch)) > 1:
        yield Step(f"squash the history of {branch} into one commit", lambda: _squash(hub, release, branch))
        yield Step(f"move the tag {release.tag} there", lambda: _move(hub, release.tag, branch))
    elif state.tags.get(release.tag) != state.head:
        yield Step(f"move the tag {release.tag} to {branch}", lambda: _move(hub, release.tag, branch))
    for version in found.kept:
        name = TAG + version
        if _WORK + name in state.branches or len(_history(hub, name)) > 1:
            yield Step(
                f"squash the history of {name} into one commit",
                lambda name=name: _squash_tag(hub, name),  # type: ignore[misc]
            )


def left_to_do(hub: Hub, found: Traces) -> Iterator[str]:
    """What no request of this command can do, so that a person must."""
    yield f"delete the large files that no commit names any more, under Storage in {hub.url}/settings"
    yield f"look whether the hub has made its own copy anew: {hub.url}/tree/refs%2Fconvert%2Fparquet"
    yield f"close and delete pull requests that hold removed rows: {hub.url}/discussions"
    for name in found.branches:
        yield f"delete the branch {name} if it holds removed rows"
    for name in found.unknown:
        yield f"delete the tag {name} if it or a commit before it holds removed rows: this lake does not know it"
    yield "tell those who have downloaded it: what they have stays with them"


def _history(hub: Hub, revision: str) -> list[str]:
    """The titles of the commits that lead to a revision."""
    return hub.ask(
        f"reading the history of {hub.repo}",
        lambda: [
            commit.title for commit in hub.api.list_repo_commits(hub.repo, revision=revision, repo_type="dataset")
        ],
        tries=1,  # repeated by the library
    )


def _squash(hub: Hub, release: Release, branch: str) -> None:
    message = f"Release {release.version} ({release.manifest.rows} rows)"
    hub.ask(
        f"squashing {branch} of {hub.repo}",
        lambda: hub.api.super_squash_history(hub.repo, branch=branch, commit_message=message, repo_type="dataset"),
    )


def _squash_tag(hub: Hub, name: str) -> None:
    """On a branch of its own, for only branches can be squashed."""
    branch = _WORK + name
    if branch not in _branches(hub):
        hub.ask(
            f"making the branch {branch} of {hub.repo}",
            lambda: hub.api.create_branch(hub.repo, branch=branch, revision=name, repo_type="dataset", exist_ok=True),
        )
    hub.ask(
        f"squashing {name} of {hub.repo}",
        lambda: hub.api.super_squash_history(
            hub.repo, branch=branch, commit_message=f"Release {name.removeprefix(TAG)}", repo_type="dataset"
        ),
    )
    _move(hub, name, branch)
    hub.ask(
        f"deleting the branch {branch} of {hub.repo}",
        lambda: _unless_gone(lambda: hub.api.delete_branch(hub.repo, branch=branch, repo_type="dataset")),
    )


def _move(hub: Hub, name: str, branch: str) -> None:
    """Lets a tag name the newest commit of a branch."""
    _drop(hub, name)
    tag(hub, name, _branches(hub)[branch])


def _drop(hub: Hub, name: str) -> None:
    hub.ask(
        f"deleting the tag {name} of {hub.repo}",
        lambda: _unless_gone(lambda: hub.api.delete_tag(hub.repo, tag=name, repo_type="dataset")),
    )


def _unless_gone(delete: Callable[[], None]) -> None:
    from huggingface_hub.errors import RevisionNotFoundError

    try:
        delete()
    except RevisionNotFoundError:
        return  # by an earlier try whose answer was lost


def _branches(hub: Hub) -> dict[str, str]:
    refs = hub.ask(f"reading {hub.repo}", lambda: hub.api.list_repo_refs(hub.repo, repo_type="dataset"))
    return {ref.name: ref.target_commit for ref in refs.branches}
