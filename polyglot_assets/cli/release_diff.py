"""The command that says what changed between two releases.

Here: options and what is printed. Not here: the comparison (diff.py) and the page (diff_page.py).
"""

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyglot_assets.cli import complete
from polyglot_assets.cli.common import clear_errors, release_folder

if TYPE_CHECKING:
    from polyglot_assets.lake.store import Lake
    from polyglot_assets.release.diff import Difference


@click.command()
@click.argument("old", shell_complete=complete.releases)
@click.argument("new", default="latest", shell_complete=complete.releases)
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Also write it as a page that needs no network."
)
@clear_errors
def diff(old: str, new: str, form: str, html: Path | None) -> None:
    """Show which rows were added, removed and changed between two releases, and why.

    OLD and NEW are versions or their first digits, `latest`, or folders, wherever they came from. A row that was made
    anew from the same seed in the same language and strategy counts as changed. Why a row is gone is only known as far
    as the lake that the new release is of is at hand, and as it is now.

    \b
    polyglot diff 4f0c --html changes.html
    polyglot diff downloaded/ latest --format csv
    """
    from polyglot_assets.release.diff import compare

    folders = release_folder(old), release_folder(new)
    difference = compare(*folders, _lake_of(folders[1]))
    _SHOW[form](difference)
    if html is not None:
        from polyglot_assets.release.diff_page import write

        write(difference, html)
        click.echo(f"page: {html}", err=form != "table")


def _lake_of(folder: Path) -> "Lake | None":
    """The lake of the settings, if the release is one of its own."""
    from polyglot_assets import settings as settings_
    from polyglot_assets.lake.store import Lake
    from polyglot_assets.release import manifest, versions

    lake = Lake(settings_.load().lake)
    return lake if manifest.read(folder).version in versions.names(lake) else None


def _show_table(difference: "Difference") -> None:
    from polyglot_assets.cli import console
    from polyglot_assets.release.diff import ADDED, CHANGED, REMOVED, SAME

    counted = ("old", REMOVED, CHANGED, SAME, ADDED, "new")
    for title, names in (
        (f"From release {difference.old} to {difference.new}", ("language", "strategy")),
        ("Per source", ("source",)),
    ):
        rows = [tuple(row[name] for name in (*names, *counted)) for row in difference.sums(*names)]
        (total,) = difference.sums()
        blank = ("",) * (len(names) - 1)
        console.print_rows(title, (*names, *counted), [*rows, ("all", *blank, *(total[name] for name in counted))])
    reasons = [tuple(row.values()) for row in difference.reasons()]
    if reasons:
        console.print_rows("Why", ("change", "reason", "meaning", "rows"), reasons)
    else:
        click.echo("no row was added, removed or changed")


def _show_json(difference: "Difference") -> None:
    values = {
        "old": difference.old,
        "new": difference.new,
        "rows": difference.sums()[0],
        "lake_at_hand": difference.with_lake,
        "reasons": difference.reasons(),
        "changes": difference.changes,
    }
    click.echo(json.dumps(values, ensure_ascii=False, indent=2).encode())  # bytes: UTF-8 on every terminal


def _show_csv(difference: "Difference") -> None:
    columns = ("language", "strategy", "source", "change", "reason", "rows")
    lines = io.StringIO()
    writer = csv.DictWriter(lines, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(difference.changes)
    click.echo(lines.getvalue().encode(), nl=False)


_SHOW = {"table": _show_table, "json": _show_json, "csv": _show_csv}
