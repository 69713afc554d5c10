"""`polyglot settings` and `polyglot init`.

Here: their options and what they print. Not here: the settings (settings/).
"""

from itertools import groupby
from pathlib import Path

import click

from polyglot_assets import settings as settings_
from polyglot_assets.cli.common import clear_errors, existing_lake
from polyglot_assets.domain.errors import UserError
from polyglot_assets.settings import sources, template


@click.command()
@click.option("--diff", is_flag=True, help="Say what differs from what the lake was made with.")
@clear_errors
def settings(*, diff: bool) -> None:
    """List all settings: the variable, its present value, where that comes from, and what it means.

    Above each group stands its table in polyglot.toml, and before each meaning the key there.
    """
    if diff:
        from polyglot_assets.cli import settings_diff

        for line in settings_diff.lines(existing_lake(), settings_.load()):
            click.echo(line)
        return
    for table, described in groupby(settings_.describe(), lambda setting: setting.table):
        click.echo(f"[{table}]")
        for setting in described:
            click.echo(f"{setting.variable}={setting.value}")
            click.echo(f"    {setting.key} ({setting.origin}): {setting.meaning}")


@click.command()
@clear_errors
def init() -> None:
    """Write a polyglot.toml with all settings as comments into this folder. It never overwrites one.

    Commands and the UI read the nearest polyglot.toml above the folder that they are started in.
    """
    path = Path.cwd() / sources.FILE
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(template.text())
    except FileExistsError:
        raise UserError(f"{path} is there already; it is yours, and stays as it is") from None
    click.echo(path)


COMMANDS = (settings, init)
