"""The command that makes subsets of a release.

Here: options and what is printed. Not here: the work (subset.py).
"""

from pathlib import Path

import click

from polyglot_assets.cli import complete
from polyglot_assets.cli.common import clear_errors, release_folder
from polyglot_assets.recipes.registry import NAMES
from polyglot_assets.release.formats import FORMATS

_SEVERAL = "may be given several times. Default: all."


@click.command()
@click.argument("release", default="latest", shell_complete=complete.releases)
@click.option("--output", "-o", type=click.Path(path_type=Path), required=True, help="Folder to write; new or empty.")
@click.option("--language", "-l", multiple=True, shell_complete=complete.languages, help=f"Language code; {_SEVERAL}")
@click.option("--strategy", "-s", multiple=True, type=click.Choice(NAMES), help=f"Strategy; {_SEVERAL}")
@click.option(
    "--teacher", "-t", multiple=True, shell_complete=complete.teachers, help=f"Teacher, as in the registry; {_SEVERAL}"
)
@click.option("--source", multiple=True, help=f"Seed source, as <org>/<name>; {_SEVERAL}")
@click.option("--per-language", type=click.IntRange(min=1), help="Rows of each language, balanced over strategies.")
@click.option(
    "--held-out",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    help="Share of content groups that go to the split `test`. Default: no such split.",
)
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default=next(iter(FORMATS)), show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed takes other rows.")
@clear_errors
def subset(  # noqa: PLR0913, PLR0917 one for each option
    release: str,
    output: Path,
    language: tuple[str, ...],
    strategy: tuple[str, ...],
    teacher: tuple[str, ...],
    source: tuple[str, ...],
    per_language: int | None,
    held_out: float,
    form: str,
    seed: int,
) -> None:
    """Write a part of a release as a folder that `datasets` opens, in the format of a trainer.

    RELEASE is a version or its first digits, `latest`, or a folder. Rows are taken in hash order: the same options give
    the same files, and more rows hold those of fewer. The strategies of a language give equal parts; where one has too
    few rows, the others give more. Rows that share a seed, a prompt or nearly a text never lie in different splits.

    \b
    messages                 `messages`: TRL, Unsloth, torchtune, chat templates
    sharegpt                 `conversations` of human and gpt: Axolotl, LLaMA-Factory
    prompt-completion        `prompt` and `completion`, each a list of messages: TRL
    prompt-completion-text   the same as plain text, without a chat template

    \b
    polyglot subset -o ten-thousand --per-language 10000 --held-out 0.05
    polyglot subset 4f0c -o german --language de --format prompt-completion
    """
    from polyglot_assets.cli import console
    from polyglot_assets.release import subset as subset_

    options = subset_.Options(language, strategy, teacher, source, per_language, held_out, form, seed)
    made = subset_.write(release_folder(release), output, options)
    rows = [tuple(cell.values()) for cell in made.cells]
    console.print_rows(f"Subset of release {made.release}", ("language", "strategy", "split", "rows"), rows)
    for row in made.short:
        parts = ", ".join(f"{name} {number}" for name, number in row["strategies"].items())
        wanted = f"{row['rows']} of {per_language}" if per_language else row["rows"]
        click.echo(f"not enough rows of {row['language']}: {wanted}{f' ({parts})' if parts else ''}")
    sizes = [f"{name} {number} ({100 * number / made.rows:.1f} %)" for name, number in made.splits.items()]
    click.echo(f"{output}: {made.rows} rows, {', '.join(sizes)}")
