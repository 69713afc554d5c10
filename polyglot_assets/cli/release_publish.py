"""`polyglot publish`.

Here: its options, and what it prints. Not here: the work (publish.py, squash.py).
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyglot_assets import settings as settings_
from polyglot_assets.cli import complete
from polyglot_assets.cli.common import clear_errors, release_folder
from polyglot_assets.domain.errors import UserError

if TYPE_CHECKING:
    from polyglot_assets.release.hub import Hub
    from polyglot_assets.release.publish import Release, State
    from polyglot_assets.release.squash import Traces


@click.command()
@click.argument("release", default="latest", shell_complete=complete.releases)
@click.option("--repo", required=True, metavar="ORG/NAME", help="The dataset repository on the hub.")
@click.option("--revision", "branch", default="main", show_default=True, help="The branch that gets the release.")
@click.option("--create", is_flag=True, help="Make the repository, or the branch, if it is missing.")
@click.option("--private", is_flag=True, help="What --create makes is private; a public repository is refused.")
@click.option(
    "--squash-history", is_flag=True, help="Remove earlier commits, and tags of releases that the lake has removed."
)
@click.option("--xet", is_flag=True, help="Send parts of files by hf_xet instead of whole files over HTTP.")
@click.option("--yes", is_flag=True, help="Do it; without it, what would be done is printed.")
@clear_errors
def publish(  # noqa: PLR0913 options
    release: str, repo: str, branch: str, *, create: bool, private: bool, squash_history: bool, xet: bool, yes: bool
) -> None:
    """Publish a release on the Hugging Face hub. Without --yes nothing is sent.

    RELEASE is a version or its first digits, `latest`, or a folder. It must pass `polyglot verify`. Its files, and
    nothing else, get to the repository in one commit, which also removes the files of the release that it replaces.
    The commit is tagged v-VERSION, so that every release stays loadable by its `revision`.

    The token is taken from HF_TOKEN and from nowhere else; HF_ENDPOINT names another hub than huggingface.co. After a
    crash or an error, run it again: what the hub has is not sent again.
    """
    from polyglot_assets.release import hub as hub_
    from polyglot_assets.release import publish as publish_
    from polyglot_assets.release import squash

    with hub_.session(repo, writes=yes, xet=xet) as hub:
        ready = publish_.opened(_folder(release), hub.repo)
        state = publish_.look(hub, ready, branch, private=private)
        _refuse_missing(hub, state, branch, create=create)
        _print_state(hub, ready, state, branch)
        traces = _traces(hub, ready, state, branch, needed=squash_history)
        if yes:
            publish_.prepare(hub, state, branch, private=private)
            try:
                state = publish_.publish(hub, ready, branch, click.echo)
            except UserError:
                if ready.folder.is_dir():
                    raise
                gone = f"release {ready.version} was removed while it was published"
                raise UserError(f"{gone}; {repo} ({branch}) holds what it held, or all of it") from None
        elif ready.tag not in state.tags:
            click.echo(f"then: tag {ready.tag}")
        for step in squash.steps(hub, ready, state, branch, traces) if squash_history and traces else ():
            click.echo(step.text if yes else f"then: {step.text}")
            if yes:
                step.do()
        _print_removed(hub, traces, squash_history=squash_history)
        click.echo(f"{repo} ({branch}) holds release {ready.version}" if yes else "Nothing was sent; --yes does it.")


def _folder(release: str) -> Path:

    return Path(release) if Path(release).is_dir() else release_folder(release)


def _refuse_missing(hub: "Hub", state: "State", branch: str, *, create: bool) -> None:
    if not create and not state.exists:
        raise UserError(
            f"there is no dataset {hub.repo} on {hub.endpoint}, or the token in HF_TOKEN may not see it; "
            "--create makes a new one"
        )
    if not create and state.head is None:
        there = ", ".join(sorted(state.branches)) or "none"
        raise UserError(f"{hub.repo} has no branch {branch}, there is {there}; --create makes a new one")


def _traces(hub: "Hub", release: "Release", state: "State", branch: str, *, needed: bool) -> "Traces | None":
    """What the hub has of other releases of the lake; None for a release that came from elsewhere."""
    from polyglot_assets.lake.store import Lake
    from polyglot_assets.release import squash, versions

    lake = Lake(settings_.load().lake)
    if release.folder.parent != versions.folder(lake).resolve():
        if needed:
            raise UserError(f"--squash-history is for releases of the lake {lake.root}: it says which were removed")
        return None
    return squash.traces(hub, lake, release, state, branch)


def _print_state(hub: "Hub", release: "Release", state: "State", branch: str) -> None:
    """What is there, and what changes."""
    if not state.exists:
        click.echo(f"{hub.url} is made anew")
    elif state.head is None:
        click.echo(f"{hub.url}, branch {branch}, is made anew")
    else:
        click.echo(f"{hub.url}, branch {branch}, holds {f'release {state.holds}' if state.holds else 'no release'}")
    click.echo(f"{release.folder} is release {release.version}, {release.manifest.rows} rows")
    if not state.changes:
        click.echo("All its files are there already, so there is nothing to do for them.")
        return
    for change in state.changes:
        before = f", was {change.before:,}" if change.before is not None else ""
        click.echo(f"  {change.what:<7} {change.path}  ({change.size:,} bytes{before})")
    sent = [change.size for change in state.changes if change.what != "remove"]
    click.echo(
        f"{len(sent)} files with {sum(sent):,} bytes are to be sent, {len(state.changes) - len(sent)} are to be "
        f"removed, {state.same} stay as they are"
    )
    for path in state.others:
        click.echo(f"{path} is of no release and stays")


def _print_removed(hub: "Hub", traces: "Traces | None", *, squash_history: bool) -> None:
    """What the lake has removed and the hub has not, and what a person has to do about it."""
    from polyglot_assets.release.squash import left_to_do

    if not traces:
        return
    if squash_history:
        click.echo("Left to a person, where rows had to be removed:")
        for line in left_to_do(hub, traces):
            click.echo(f"  - {line}")
    elif traces.removed:
        for version, why in traces.removed.items():
            click.echo(f"Release {version}, which this lake has removed ({why or 'no reason given'}), is on the hub.")
        click.echo("Its rows stay in the history there until this is run with --squash-history.")
