"""`polyglot languages`: which there are, and one more.

Here: the commands and what they print. Not here: the file that is changed (orchestration/languages.py).
"""

import click

from polyglot_assets import settings as settings_
from polyglot_assets.cli.common import clear_errors


@click.group(invoke_without_command=True)
@click.pass_context
@clear_errors
def languages(context: click.Context) -> None:
    """List the target languages, or add some.

    \b
    polyglot languages
    polyglot languages add fr
    """
    if context.invoked_subcommand is None:
        from polyglot_assets.text.languages import display_name

        for code in settings_.load().languages:
            click.echo(f"{code:<4} {display_name(code)}")


@languages.command()
@click.argument("codes", nargs=-1, required=True)
@clear_errors
def add(codes: tuple[str, ...]) -> None:
    """Add languages to those in polyglot.toml. A UI that is open shows their cells at once."""
    from polyglot_assets.cli.summary import polyglot
    from polyglot_assets.orchestration import languages as languages_
    from polyglot_assets.orchestration import ui

    file = languages_.add(codes)
    click.echo(f"{file}: languages are {', '.join(settings_.load().languages)}")
    shown = ui.reload(settings_.load())
    click.echo("The open UI shows them." if shown else "A UI that is open shows them when it has reloaded definitions.")
    click.echo(f"Next: {polyglot()} materialize {' '.join(f'-l {code}' for code in codes)}")


COMMANDS = (languages,)
