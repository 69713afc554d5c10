"""The commands about releases.

Here: options and what is printed. Not here: the work, which the modules beside this one do and which is imported when
a command runs.
"""

import sys
from pathlib import Path

import click

from polyglot_assets.cli import complete
from polyglot_assets.cli.common import clear_errors, existing_lake, release_folder
from polyglot_assets.cli.release_diff import diff
from polyglot_assets.cli.release_publish import publish
from polyglot_assets.cli.release_subset import subset

RELEASE = click.argument("release", default="latest", shell_complete=complete.releases)


@click.command()
@clear_errors
def releases() -> None:
    """List the releases of the lake: what was released and removed, when and why, oldest first.

    The rows of all of them can be asked for by SQL, with the version as the column `release`:

    \b
    polyglot sql "SELECT release, language, count(*) FROM release.sft GROUP BY ALL ORDER BY ALL"
    """
    from polyglot_assets.cli import console
    from polyglot_assets.release import versions

    lake = existing_lake()
    there = set(versions.names(lake))
    newest = versions.latest(lake)
    rows = [
        (
            event.recorded_at.replace("+00:00", "Z"),
            event.release,
            event.what if event.release in there or event.what == "removed" else f"{event.what}, removed since",
            event.rows,
            event.why + ("latest" if event.release == newest and event.what == "released" else ""),
        )
        for event in versions.history(lake)
    ]
    console.print_rows("Releases", ("at", "release", "what", "rows", ""), rows)


@click.command()
@RELEASE
@clear_errors
def verify(release: str) -> None:
    """Verify that a release is what its manifest and its card say.

    RELEASE is a version or its first digits, `latest`, or a folder, wherever it came from. The exit code is 0 if
    everything holds, 1 if something does not.
    """
    from polyglot_assets.release.verify import CHECKS
    from polyglot_assets.release.verify import verify as verify_

    folder = release_folder(release)
    found = verify_(folder)
    for name, (description, _) in CHECKS.items():
        click.echo(f"{'ok    ' if not found[name] else 'FAILED'} {name}: {description}")
        for problem in found[name]:
            click.echo(f"         {problem}")
    if any(found.values()):
        sys.exit(1)


@click.command()
@click.option("--keep", type=click.IntRange(min=1), required=True, help="How many of the newest releases stay.")
@click.option("--yes", is_flag=True, help="Remove them; without it, what would go is listed.")
@clear_errors
def prune(keep: int, *, yes: bool) -> None:
    """Remove old releases of the lake. Nothing else ever removes one, but a deletion request."""
    from polyglot_assets.release import versions

    lake = existing_lake()
    if not yes:
        for version in versions.names(lake)[:-keep]:
            click.echo(f"{version} would be removed; say --yes")
        return
    with versions.alone(lake):
        for version in versions.names(lake)[:-keep]:
            versions.remove(lake, version, f"pruned, the newest {keep} stay")
            click.echo(f"{version} is removed")


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@clear_errors
def audit_card(path: Path) -> None:
    """Check that a dataset card does not contradict itself.

    PATH is a card (Markdown with or without front matter), a folder with a README.md, or a table (CSV, TSV, JSON).
    Tables and lists may be Markdown or HTML. Compared are sums of columns, rows, lists and splits, shares, totals and
    numbers of languages, with one another, with the front matter and with sentences in English. Each contradiction is
    one line with both figures. What is announced as a part of the whole, such as the ten largest languages, need not
    sum to it. The exit code is 0 if there is no contradiction, also where there was nothing to compare, which the last
    line says; 1 if there is one; 2 if the input cannot be read.

    \b
    polyglot audit-card data/lake/release/sft/latest
    """
    from polyglot_assets.release.audit import audit
    from polyglot_assets.release.versions import followed

    result = audit(followed(path))
    for line in result.contradictions:
        click.echo(line)
    nothing = ": no table with figures, no list of them, or nothing beside them to compare them with"
    summary = f"{len(result.compared)} comparisons, {len(result.contradictions)} contradictions"
    click.echo(summary if result.compared else summary + nothing)
    if result.contradictions:
        sys.exit(1)


COMMANDS = (releases, verify, prune, subset, diff, publish, audit_card)
