"""Pages of the documentation that are made from the code each time it is built. A hook of mkdocs (mkdocs.yml).

Here: tables of commands, settings, outcomes, tables, sources and teachers, tables whose rows a suite wrote as JSON, and
the two papers that lie beside docs/.
Not here: words that somebody wrote (docs/).
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from polyglot_assets.cli.main import main
from polyglot_assets.contracts.table import Field
from polyglot_assets.contracts.tables import TABLES
from polyglot_assets.domain.grid import STRATEGIES, Cell
from polyglot_assets.domain.outcomes import CURATED, DELETED, STAGES, Outcome
from polyglot_assets.gates.registry import GATES, OUTCOMES
from polyglot_assets.inference import registry
from polyglot_assets.marts.models import load
from polyglot_assets.recipes.registry import RECIPES
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import bundled
from polyglot_assets.settings.groups import DECIDES, GROUPS, Group
from polyglot_assets.settings.sources import variable
from polyglot_assets.settings.template import portable

ROOT = Path(__file__).resolve().parent.parent


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages to those of docs/."""
    for name, text in pages().items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, config: MkDocsConfig, **_: Any) -> str:
    """Puts tables in the places that name the JSON file of their rows, which a test suite wrote."""
    return re.sub(r"<!-- table: (\S+) -->", lambda place: table_of(Path(config.docs_dir) / place[1]), markdown)


def table_of(file: Path) -> str:
    """The rows of a JSON file as a Markdown table."""
    rows = json.loads(file.read_text(encoding="utf-8"))
    return "\n".join(table(tuple(rows[0]), (row.values() for row in rows)))


def pages() -> dict[str, str]:
    """The text of each page, by its path below docs/."""
    made = {"commands": commands, "settings": settings, "outcomes": outcomes, "gates": gates}
    made |= {"strategies": strategies, "tables": tables, "sources": sources, "teachers": teachers}
    pages = {f"reference/{name}.md": "\n".join(lines()) + "\n" for name, lines in made.items()}
    for name in ("CHANGELOG", "CONTRIBUTING"):
        pages[f"{name.lower()}.md"] = (ROOT / f"{name}.md").read_text(encoding="utf-8")
    return pages


def table(head: tuple[str, ...], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """A Markdown table."""
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(str(value).replace('|', chr(92) + '|') for value in row)} |"
    yield ""


def commands() -> Iterator[str]:
    """Every command with its help."""
    yield "# Commands\n"
    yield "What `polyglot COMMAND --help` prints. In a checkout the command is `.venv/bin/polyglot`.\n"
    parent = click.Context(main, info_name="polyglot", terminal_width=100, max_content_width=100)
    for name, command in main.commands.items():
        context = click.Context(command, parent, info_name=name)
        yield f"## polyglot {name}\n\n```text\n{command.get_help(context)}\n```\n"


def settings() -> Iterator[str]:
    """Every setting with its default and its meaning."""
    yield "# Settings\n"
    yield "A setting is a key in `polyglot.toml`, and a variable in the environment or in `.env`, which have the last"
    yield "word; lists are comma-separated there. `polyglot settings` prints the present values and where they come"
    yield "from, and [Settings](../guides/settings.md) says how files are found. Those that decide about rows are"
    yield "remembered with each cell, run and release.\n"
    for group in GROUPS:
        yield f"## {group.table}\n\n{(group.__doc__ or '').splitlines()[0]} In `polyglot.toml`: `[{group.table}]`.\n"
        yield from table(("variable", "key", "default", "decides about rows", "meaning"), _settings(group))


def _settings(group: type[Group]) -> Iterator[tuple[str, str, str, str, str]]:
    for name, field in group.model_fields.items():
        default = default_of(field.get_default(call_default_factory=True))
        decides = "yes" if DECIDES in field.metadata else ""
        yield f"`{variable(name)}`", f"`{group.key_of(name)}`", default, decides, field.description or ""


def default_of(value: Any) -> str:
    """A default as one would write it into the environment, the same on every machine."""
    if value is None or value in ("", ()):
        return ""
    if isinstance(value, Path):
        return f"`{portable(value)}`"
    if isinstance(value, tuple):
        value = ",".join(value)
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def strategies() -> Iterator[str]:
    """Every strategy with what the teacher sees and writes."""
    yield "# Strategies\n"
    yield "`POLYGLOT_STRATEGIES` chooses those of the grid. [Adding things](../guides/adding.md#a-strategy) says how"
    yield "one is added.\n"
    yield from table(
        ("strategy", "the teacher sees", "the teacher writes", "by default"),
        ((f"`{r.name}`", r.sees, r.writes, "yes" if r.name in STRATEGIES else "") for r in RECIPES.values()),
    )


def outcomes() -> Iterator[str]:
    """Every outcome with its meaning."""
    yield "# Outcomes\n"
    yield "Every prompt ends in exactly one of these per teacher. The first rule that applies decides, and whatever is"
    yield "not `ok` keeps its text and its reason. [Gates](../guides/gates.md) says more of those that judge texts.\n"
    steps = list(STAGES)
    in_order = sorted(OUTCOMES.values(), key=lambda outcome: (outcome.name != "ok", steps.index(outcome.stage)))
    yield from table(("outcome of an answer", "step or gate", "meaning"), map(_outcome, in_order))
    yield "What may become of an example that is `ok` by itself:\n"
    later = [outcome for outcome in (*CURATED, DELETED) if outcome.name not in OUTCOMES]
    yield from table(("outcome of an example", "step", "meaning"), map(_outcome, later))


def _outcome(outcome: Outcome) -> tuple[str, str, str]:
    decides = STAGES[outcome.stage]
    for gate in GATES:
        if outcome in gate.outcomes:
            decides = f"`{gate.name}`" + (" (off by default)" if not gate.default_on else "")
    return f"`{outcome.name}`", decides, outcome.meaning


def gates() -> Iterator[str]:
    """Every gate with what it looks for, decides, measures and takes."""
    yield "# All gates\n"
    yield "In the order in which they decide. [Gates](../guides/gates.md) says more about some of them.\n"
    for gate in GATES:
        yield f"## {gate.name}\n\n{gate.measures[0].upper()}{gate.measures[1:]}."
        yield "It is on by default.\n" if gate.default_on else "It is on where `POLYGLOT_GATES` names it.\n"
        yield from table(("outcome", "meaning"), ((f"`{o.name}`", o.meaning) for o in gate.outcomes))
        yield from table(("column", "meaning"), ((f"`{c.name}`", c.description) for c in gate.columns))
        if gate.limits.model_fields:
            limits = gate.limits.model_fields.items()
            yield from table(
                ("threshold", "default", "meaning"),
                ((f"`POLYGLOT_GATE_{n.upper()}`", default_of(i.get_default()), i.description) for n, i in limits),
            )


def tables() -> Iterator[str]:
    """Every table of the lake and every mart, with its columns."""
    yield "# Tables and columns\n"
    yield "All of them can be asked with `polyglot sql`. `release.sft`, `release.lineage` and `release.history` hold"
    yield "all releases, with the column `release`; [Releases](../guides/releases.md) describes their files.\n"
    yield "## Rows of the lake\n"
    for contract in TABLES.values():
        stored = ", ".join(f"`{name}`" for name in (*contract.parts, *(["language", "strategy"] * contract.cellwise)))
        yield f"### lake.{contract.name}\n"
        yield f"One row per {', '.join(f'`{name}`' for name in contract.key)}"
        yield f"within {stored}.\n" if stored else "in the whole lake.\n"
        yield from table(("column", "type", "meaning"), map(_column, contract.fields))
    yield "## Marts\n"
    for model in load(bundled("dbt_like_sql"))[0]:
        yield f"### marts.{model.name}\n\n{model.described.description}\n"
        yield from table(("column", "meaning"), ((f"`{n}`", text) for n, text in model.described.columns.items()))


def _column(field: Field) -> tuple[str, str, str]:
    name, kind, meaning = field
    return f"`{name}`", f"`{kind}`".replace("item: ", "").replace("element: ", ""), meaning


def sources() -> Iterator[str]:
    """Every seed source."""
    yield "# Seed sources\n"
    yield "In the order of precedence: of two equal prompts that of the earlier source is kept.\n"
    yield from table(
        ("asset", "dataset", "strategies", "license"),
        (
            (f"`seeds/{source.name}`", source.repo, ", ".join(_feeds(source)), f"`{source.license}`")
            for source in SOURCES
        ),
    )


def _feeds(source: Any) -> list[str]:
    return [strategy for strategy in RECIPES if source.does_not_feed(Cell("de", strategy)) is None]


def teachers() -> Iterator[str]:
    """Every teacher of the registry that comes with the project."""
    yield "# Teachers\n"
    yield "The registry that comes with the project; sampling values and lengths of the ten large ones are those of"
    yield "table 17 of arXiv 2604.11290. [Teachers and servers](../guides/teachers.md) says how to enable them.\n"
    yield from table(
        ("name", "model", "license", "sampling", "max tokens"),
        (
            (f"`{t.name}`", f"`{t.model}`", f"`{t.license}`", _written(t.sampling), t.max_tokens)
            for t in registry.read(registry.REGISTRY).values()
        ),
    )


def _written(sampling: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in sampling.items())
