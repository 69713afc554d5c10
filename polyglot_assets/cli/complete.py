"""Choices that the shell completes: what may stand behind an option, and how a shell is told.

Here: the choices of options and arguments, and the command `completion`. Not here: the options themselves. A shell
waits for each answer, so nothing here imports Dagster, and whatever goes wrong completes nothing.
"""

from collections.abc import Callable, Iterable
from functools import wraps

import click

from polyglot_assets import settings as settings_
from polyglot_assets.domain.errors import UserError

Choices = Callable[[click.Context, click.Parameter, str], list[str]]

_LINES = {
    "bash": ("~/.bashrc", 'eval "$(_POLYGLOT_COMPLETE=bash_source polyglot)"'),
    "zsh": ("~/.zshrc", 'eval "$(_POLYGLOT_COMPLETE=zsh_source polyglot)"'),
    "fish": ("~/.config/fish/completions/polyglot.fish", "_POLYGLOT_COMPLETE=fish_source polyglot | source"),
}
"""By shell: the file that it reads when it starts, and the line that belongs there."""


def _choices(find: Callable[[], Iterable[str]]) -> Choices:
    """The values that begin as the word does; the last part counts where the word is a comma-separated list."""

    @wraps(find)
    def complete(context: click.Context, parameter: click.Parameter, word: str) -> list[str]:
        before, comma, last = word.rpartition(",")
        try:
            values = sorted(set(find()))
        except (UserError, OSError):
            return []  # the command itself says what is wrong
        taken = {*before.split(","), *_given(context, parameter)}
        return [f"{before}{comma}{value}" for value in values if value.startswith(last) and value not in taken]

    return complete


def _given(context: click.Context, parameter: click.Parameter) -> Iterable[str]:
    """What the line has for the same option already."""
    given = context.params.get(parameter.name or "")
    return given if isinstance(given, tuple) else ()


@_choices
def languages() -> Iterable[str]:
    """The languages of the grid."""
    return settings_.load().languages


@_choices
def strategies() -> Iterable[str]:
    """The strategies of the grid."""
    return settings_.load().strategies


@_choices
def teachers() -> Iterable[str]:
    """The teachers of the registries, and those that are enabled."""
    from polyglot_assets.inference import registry

    settings = settings_.load()
    known = registry.read(registry.REGISTRY).keys() | set(settings.teachers)
    return known | registry.read(settings.teacher_registry).keys() if settings.teacher_registry else known


@_choices
def outcomes() -> Iterable[str]:
    """The outcomes after which a teacher can be asked again."""
    from polyglot_assets.gates.registry import OUTCOMES

    return OUTCOMES.keys() - {"ok"}


@_choices
def releases() -> Iterable[str]:
    """The lake's releases."""
    from polyglot_assets.lake.views import RELEASES

    folder = settings_.load().lake / RELEASES
    return ["latest", *(path.name for path in folder.iterdir() if path.is_dir())] if folder.is_dir() else []


@_choices
def sources() -> Iterable[str]:
    """The seed datasets, by their assets' names."""
    from polyglot_assets.seeds.sources import sources_of

    return [source.name for source in sources_of(settings_.load())]


@click.command()
@click.argument("shell", type=click.Choice(list(_LINES)))
def completion(shell: str) -> None:
    """Print the line by which a shell completes languages, teachers, outcomes, releases and options.

    It belongs into the file that is named above it. `polyglot` has to be on the PATH.

    \b
    polyglot completion bash >> ~/.bashrc
    """
    file, line = _LINES[shell]
    click.echo(f"# polyglot: completion in {shell}; this belongs into {file}")
    click.echo(line)


COMMANDS = (completion,)
