"""`polyglot compare`: teachers beside one another, in figures and in their answers.

Here: the command, and how it prints answers. Not here: the figures (dbt_like_sql/marts/teacher_comparison.sql), and
which answers are set side by side (marts/answers.py).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from polyglot_assets.cli import complete
from polyglot_assets.cli.common import clear_errors, existing_lake, typed
from polyglot_assets.domain.errors import UserError

if TYPE_CHECKING:
    from polyglot_assets.lake.store import Lake
    from polyglot_assets.marts.answers import Answers

_MART = "teacher_comparison"
_COLUMNS = (
    ("language", "language"), ("teacher", "teacher"), ("answers", "answers"), ("accepted", "accepted"),
    ("rows", "kept"), ("median_tokens", "tokens"), ("median_length", "length"), ("language_score", "language score"),
    ("not_accepted", "not accepted"),
)  # fmt: skip
_LONGEST = 600
"""Characters of a text that are shown where several prompts are."""


@click.command()
@click.option("--language", "-l", multiple=True, shell_complete=complete.languages, help="Only these languages.")
@click.option("--teacher", "-t", multiple=True, shell_complete=complete.teachers, help="Only these teachers.")
@click.option("--show", type=click.IntRange(min=1), help="Also show the answers to so many prompts side by side.")
@click.option("--prompt", help="Only show the answers to this prompt: its prompt_id, or the first digits of it.")
@clear_errors
def compare(language: tuple[str, ...], teacher: tuple[str, ...], show: int | None, prompt: str | None) -> None:
    """Compare teachers: what became of their answers per language, and answers to the same prompt side by side.

    Compared are all answers in the lake, also those of teachers that are no longer enabled. Tokens and length are the
    median of the accepted answers; the language score is the detector's confidence, on average.

    \b
    polyglot compare
    polyglot compare -l de --show 3
    polyglot compare --prompt 3f2a
    """
    lake = existing_lake()
    if prompt is None:
        _print_figures(lake, language, teacher)
    if show or prompt:
        for answers in _answers(lake, language, teacher, show or 1, typed(prompt) if prompt else None):
            _print_answers(answers, _LONGEST if show else None)


def _print_figures(lake: "Lake", languages: Sequence[str], teachers: Sequence[str]) -> None:
    from polyglot_assets.cli import console
    from polyglot_assets.marts.models import load
    from polyglot_assets.settings import bundled

    (model,) = (model for model in load(bundled("dbt_like_sql"))[0] if model.name == _MART)
    if not lake.mart_path("curated").exists():
        raise UserError(
            "the lake's tables were not computed yet: `polyglot materialize` does it and asks nothing twice"
        )
    with lake.connect(model.reads) as connection:
        relation = connection.sql(model.sql)  # as the lake is now, not as it was when the table was computed
        rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    chosen = [row for row in rows if _is_chosen(row, languages, teachers)]
    columns = [heading for _, heading in _COLUMNS]
    console.print_rows("Teachers", columns, [[row[name] for name, _ in _COLUMNS] for row in chosen])


def _is_chosen(row: dict[str, Any], languages: Sequence[str], teachers: Sequence[str]) -> bool:
    return (not languages or row["language"] in languages) and (not teachers or row["teacher"] in teachers)


def _answers(
    lake: "Lake", languages: Sequence[str], teachers: Sequence[str], number: int, prompt: str | None
) -> "list[Answers]":
    """The answers to `number` prompts, or to the one whose id begins with `prompt`.

    Raises:
        UserError: no prompt begins like that, or several do.
    """
    from polyglot_assets.marts.answers import READS, side_by_side

    with lake.connect(READS) as connection:
        if prompt is None:
            answers = side_by_side(connection, number, languages, teachers)
        else:
            answers = side_by_side(connection, 2, languages, teachers, prompt)
    if not answers:
        raise UserError(f"--prompt {prompt}: no answer to such a prompt" if prompt else "no answers to show")
    if prompt is not None and len(answers) > 1:
        both = ", ".join(sorted(rows[0]["prompt_id"] for rows in answers))
        raise UserError(f"--prompt {prompt}: several prompts begin like that, {both} among them")
    return answers


def _print_answers(answers: "Answers", longest: int | None) -> None:
    from rich.table import Table

    from polyglot_assets.cli import console

    first = answers[0]
    table = Table(header_style="bold", show_lines=True)
    table.add_column("")
    for row in answers:
        table.add_column(row["teacher"], ratio=1)
    title = f"{first['language']}/{first['strategy']} {first['prompt_id']}, from {first['source']}"
    console.console.print(f"\n{title}: {_text(first['asked'], longest)}")
    table.add_row("outcome", *(": ".join(filter(None, (row["outcome"], row["reason"]))) for row in answers))
    if any(row["prompt"] and row["prompt"] != first["asked"] for row in answers):
        table.add_row("prompt", *(_text(row["prompt"], longest) for row in answers))
    table.add_row("answer", *(_text(row["answer"], longest) for row in answers))
    console.console.print(table, soft_wrap=False)  # texts are wrapped within their columns


def _text(text: str | None, longest: int | None) -> str:
    """A text as a terminal may have it: without what would move its cursor."""
    shown = "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text or "")
    return shown if longest is None or len(shown) <= longest else f"{shown[: longest - 1]}…"


COMMANDS = (compare,)
