"""The command `forget`.

Here: options, what is asked before anything is removed, and what is printed. Not here: the work (forget.py, verify.py),
which is imported when the command runs.
"""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyglot_assets import settings as settings_
from polyglot_assets.cli import complete
from polyglot_assets.cli.common import clear_errors, existing_lake, typed
from polyglot_assets.domain.errors import UserError
from polyglot_assets.settings import HUB, Settings

if TYPE_CHECKING:
    from polyglot_assets.deletion.forget import Intent
    from polyglot_assets.lake.store import Lake
    from polyglot_assets.lake.tombstones import Request

_SHOWN = 10


@click.command()
@click.option(
    "--source", shell_complete=complete.sources,
    help="Seed dataset, by its hub id or its asset's name: allenai/WildChat-4.8M, or wildchat.",
)  # fmt: skip
@click.option("--source-id", help="The row's id in it, as the column source_id has it.")
@click.option(
    "--requests", "file", type=click.Path(path_type=Path),
    help="File of requests, .jsonl or .csv: source, source_id and, if you like, requester, reference, date.",
)  # fmt: skip
@click.option("--requested-by", default="", help="Who asked, for the record. Default for all rows of the file.")
@click.option("--reference", default="", help="Reference of the request, for the record.")
@click.option("--dry-run", is_flag=True, help="Only list what would go.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--verify", "only_verify", is_flag=True, help="Only prove that deleted rows are gone, in every file.")
@clear_errors
def forget(  # noqa: PLR0913 one parameter per option
    source: str | None,
    source_id: str | None,
    file: Path | None,
    requested_by: str,
    reference: str,
    *,
    dry_run: bool,
    yes: bool,
    only_verify: bool,
) -> None:
    """Delete a row of a source and everything made from it, for good.

    Removed are the seed, the prompts, answers and examples made from it, and those of other seeds that showed it to
    the teacher as an example: in all cells, ledgers, indexes, tables and releases. The row stays out when the source is
    read again, also if it was never in the lake. What remains is a record without the text: lake.deletions.

    Without a request, what an interrupted deletion left is finished. A run on the lake has to end first. The exit code
    is 0 if all is done (or was before), 1 if --verify found something, 2 if the request was wrong.

    \b
    polyglot forget --source wildchat --source-id 0a1b2c --requested-by "the author" --reference mail-17 --dry-run
    polyglot forget --requests requests.csv --yes
    polyglot forget --verify
    """
    from polyglot_assets.deletion import forget as forget_
    from polyglot_assets.deletion.news import seeds_changed
    from polyglot_assets.lake import locks

    settings, lake = settings_.load(), existing_lake()
    if only_verify:
        if source or source_id or file:
            raise UserError("--verify looks for all deleted rows; give it no request")
        _verify(lake, settings)
        return
    asked = _asked(settings, source, source_id, file, {"requester": typed(requested_by), "reference": typed(reference)})
    with locks.alone(lake):
        intent = forget_.intend(lake, settings, asked)
        _show(intent, settings, dry_run=dry_run)
        if dry_run:
            return
        if intent.new and not yes:  # what was begun was confirmed then
            click.confirm("Remove this for good?", abort=True)
        forget_.carry_out(lake, settings, intent, lambda text: click.echo(f"  {text}"))
        if not intent.idle:
            sources = {request.source for request in (*intent.new, *intent.open)}
            seeds_changed(lake, settings, sources, intent.plan.cells)
    if not intent.idle:
        click.echo("Done. `polyglot materialize` fills the gaps; `polyglot forget --verify` looks into every file.")


def _asked(
    settings: Settings, source: str | None, source_id: str | None, file: Path | None, defaults: dict[str, str]
) -> list["Request"]:
    from polyglot_assets.deletion import requests
    from polyglot_assets.seeds.sources import sources_of

    if file is not None:
        if source or source_id:
            raise UserError("give --requests, or --source and --source-id")
        return requests.read(file, defaults, sources_of(settings))
    if source is None and source_id is None:
        return []
    if source is None or source_id is None:
        raise UserError("--source and --source-id belong together")
    values = {"source": source, "source_id": typed(source_id)}
    return [requests.request("the command line", values, defaults, sources_of(settings))]


def _show(intent: "Intent", settings: Settings, *, dry_run: bool) -> None:
    """What would go, what stays, and what is out of reach."""
    for what, requests in (
        ("asked", intent.new),
        ("not finished before", intent.open),
        ("nothing to do, it was deleted before", intent.done),
    ):
        for request in requests[:_SHOWN]:
            click.echo(f"{request.source} {request.source_id}: {what}")
        if len(requests) > _SHOWN:
            click.echo(f"… and {len(requests) - _SHOWN} more: {what}")
    if intent.idle:
        if not intent.done:
            click.echo("No request is open.")
    else:
        _show_plan(intent, settings, dry_run=dry_run)


def _show_plan(intent: "Intent", settings: Settings, *, dry_run: bool) -> None:
    rows: Counter[str] = Counter()
    for found in intent.plan.found.values():
        for (place, _, _), number in found.rows.items():
            rows[place] += number
    if not rows:
        click.echo("The cells and releases hold nothing of it.")
    else:
        click.echo("Would be removed:" if dry_run else "To be removed:")
    for place, number in sorted(rows.items()):
        click.echo(f"  {number:>7,}  {place}")
    for seed_id, twins in intent.plan.twins.items():
        click.echo(f"The prompt of {seed_id[:12]} is also in these rows, which stay unless you ask for them:")
        for source, source_id in sorted(twins)[:_SHOWN]:
            click.echo(f"  --source {source} --source-id {source_id}")
    where = "the hub's cache" if settings.seeds == HUB else f"POLYGLOT_SEEDS={settings.seeds}"
    click.echo(f"Yours and left as they are: the source's own files ({where}), exports, copies of releases, backups.")


def _verify(lake: "Lake", settings: Settings) -> None:
    from polyglot_assets.deletion import forget as forget_
    from polyglot_assets.deletion.verify import verify

    found = verify(lake, forget_.home(lake, settings))
    for find in found.finds:
        place = find.file.relative_to(lake.root) if find.file.is_relative_to(lake.root) else find.file
        verdict = f"allowed, {find.allowed}" if find.allowed else "FOUND"
        click.echo(f"{verdict}: {place}, {find.column}: {find.what} of {find.seed_id[:12]}, {find.rows} times")
    for text in found.unseen:
        click.echo(f"not seen: {text}")
    click.echo(
        f"{found.requests} deletion requests, {found.files} files looked into, {len(found.offences)} places with "
        "something that must not be there"
    )
    if found.offences:
        sys.exit(1)


COMMANDS = (forget,)
