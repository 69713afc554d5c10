"""The `polyglot` command.

Here: commands, options and exit codes. Not here: the work; Dagster is imported only by the commands that run it, so
that `polyglot sql` answers at once.
"""

import io
import os
import sys
from pathlib import Path

import click

from polyglot_assets import settings as settings_
from polyglot_assets.cli import compare, complete
from polyglot_assets.cli import deletion as deletion_commands
from polyglot_assets.cli import languages as language_commands
from polyglot_assets.cli import release as release_commands
from polyglot_assets.cli import settings as settings_commands
from polyglot_assets.cli.common import clear_errors, existing_lake, typed, warn_of_open_door
from polyglot_assets.domain.errors import UserError
from polyglot_assets.settings.sources import CONFIG

LANGUAGE = click.option(
    "--language", "-l", multiple=True, shell_complete=complete.languages,
    help="Target language; may be given several times. Default: all.",
)  # fmt: skip
STRATEGY = click.option(
    "--strategy", "-s", multiple=True, shell_complete=complete.strategies,
    help="Strategy; may be given several times. Default: all.",
)  # fmt: skip
YES = click.option("--yes", is_flag=True, help="Go on although rows leave the lake; their answers stay in the ledger.")
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def run() -> None:
    """The entry point: the command, then the end of the process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")  # a terminal without the letters of a language still gets the rest
    try:
        main()
    except SystemExit as end:
        try:
            sys.stdout.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python would try once more, and complain
            if not isinstance(error, BrokenPipeError):
                sys.exit(f"polyglot: cannot write the output: {error.strerror}")
        sys.stderr.flush()
        if "torch" in sys.modules or "aiohttp" in sys.modules:
            # An engine ran. It keeps modules alive past the interpreter's end, and DuckDB's binding then prints a
            # page about objects that were never released. Everything is written and closed at this point.
            os._exit(end.code if isinstance(end.code, int) else 1 if end.code else 0)
        raise


@click.group(context_settings=_CONTEXT)
@click.version_option(package_name="polyglot-assets")
@click.option("--config", metavar="FILE", help="Settings file instead of the nearest polyglot.toml.")
def main(config: str | None) -> None:
    """Turn seed instructions in many languages into synthetic training data.

    \b
    polyglot demo                          the whole lake on the sample seeds
    polyglot materialize --language de     one language through the whole chain
    polyglot status                        what the lake holds
    polyglot sql "FROM marts.language_distribution"
    polyglot dev                           the Dagster UI

    Everything that can be chosen stands in polyglot.toml (`polyglot init` writes one), in `.env` beside it, or in
    environment variables, which have the last word; `polyglot settings` lists all of it.
    """
    if config is not None:
        os.environ[CONFIG] = str(Path(config).absolute())  # for the processes of the UI, too


@main.command()
@clear_errors
def demo() -> None:
    """Materialize the whole grid and show what happened.

    Uses the sample seeds and the embedded teacher unless the settings say otherwise, and two rows per cell unless
    POLYGLOT_ROWS_PER_CELL or the lake has more. A second run asks nothing twice and takes about a minute.
    """
    from polyglot_assets.cli import run as running

    _run(running.with_demo_rows(settings_.load()), (), (), None)


@main.command()
@LANGUAGE
@STRATEGY
@click.option(
    "--teacher", "-t", multiple=True, shell_complete=complete.teachers,
    help="Teacher(s) to ask instead of POLYGLOT_TEACHERS.",
)  # fmt: skip
@click.option("--select", "assets", help="Assets, in Dagster's selection syntax. Default: all.")
@click.option("--plan", is_flag=True, help="Only print what would be asked, and its tokens, price and time.")
@YES
@clear_errors
def materialize(
    language: tuple[str, ...],
    strategy: tuple[str, ...],
    teacher: tuple[str, ...],
    assets: str | None,
    *,
    plan: bool,
    yes: bool,
) -> None:
    """Materialize assets for some or all cells of the grid.

    A run that would take rows out of the lake (fewer rows per cell, another teacher, evaluation sets gone) says how
    many and does nothing without --yes.

    The run is recorded in the instance that `polyglot dev` shows. The exit code is 0 if every asset and check
    succeeded, 1 if one failed, 2 if the request was wrong.

    \b
    polyglot materialize                                   everything
    polyglot materialize --plan                            what that would ask and cost
    polyglot materialize -l de -l es -s translate          two cells through the whole chain
    polyglot materialize --select 'key:"marts/*"'          tables only
    polyglot materialize -l ja --select 'key:"prompts"+'   prompts and all that follows
    """
    from polyglot_assets.cli import run as running

    settings = running.with_teachers(settings_.load(), teacher)
    if plan:
        from polyglot_assets.cli.plan import print_plan

        print_plan(settings, running.choose(settings, language, strategy, assets))
    else:
        _run(settings, language, strategy, assets, yes=yes)


@main.command()
@click.option(
    "--outcome", "outcomes", required=True, shell_complete=complete.outcomes,
    help="Outcomes to ask again for, comma-separated: truncated,empty.",
)  # fmt: skip
@LANGUAGE
@STRATEGY
@click.option(
    "--teacher", "-t", multiple=True, shell_complete=complete.teachers,
    help="Teacher(s) whose answers are meant. Default: POLYGLOT_TEACHERS.",
)  # fmt: skip
@YES
@clear_errors
def retry(
    outcomes: str, language: tuple[str, ...], strategy: tuple[str, ...], teacher: tuple[str, ...], *, yes: bool
) -> None:
    """Ask again for answers that ended in the given outcomes, and materialize what follows from them.

    A failure of the engine is asked again as it was; for any other outcome the teacher is asked with another sampling
    seed. The old answers stay in the ledger. Nothing is ever asked again without this command.

    \b
    polyglot retry --outcome engine_error
    polyglot retry --outcome truncated,invalid_json -l ja
    """
    from polyglot_assets.cli import run as running
    from polyglot_assets.lake import locks

    settings = running.with_teachers(settings_.load(), teacher)
    with locks.shared(existing_lake()):
        marked, assets = running.retry(settings, running.choose(settings, language, strategy, None), outcomes)
    click.echo(f"{marked} answers are asked for again")
    if marked:
        _run(settings, language, strategy, assets, yes=yes)


def _run(
    settings: settings_.Settings,
    languages: tuple[str, ...],
    strategies: tuple[str, ...],
    assets: str | None,
    *,
    yes: bool = False,
) -> None:
    from polyglot_assets.cli import run as running
    from polyglot_assets.cli import summary
    from polyglot_assets.cli.display import RunDisplay

    selection = running.choose(settings, languages, strategies, assets)
    display = RunDisplay()
    title = f"materializing {', '.join(selection.languages)} × {', '.join(selection.strategies)}"
    with display.running(title):
        succeeded = running.materialize(settings, selection, display, allow_removal=yes)
    if display.interrupted:
        summary.print_interruption(display)
        sys.exit(130)
    summary.print_end(settings, display, succeeded=succeeded)
    if not succeeded:
        sys.exit(1)


@main.command()
@clear_errors
def status() -> None:
    """Show the sources and cells of the lake: rows per layer, and outcomes."""
    from polyglot_assets.cli import console
    from polyglot_assets.seeds.sources import unread

    lake = existing_lake()
    console.console.print(f"lake: {lake.root}")
    with lake.connect() as connection:
        rows = connection.execute(
            """
            WITH seeds AS (SELECT language, strategy, count(*) AS seeds FROM lake.seeds GROUP BY ALL),
            prompts AS (SELECT language, strategy, count(*) AS prompts FROM lake.prompts GROUP BY ALL),
            responses AS (SELECT language, strategy, count(*) AS responses FROM lake.responses GROUP BY ALL),
            examples AS (SELECT language, strategy, count(*) AS examples FROM lake.examples GROUP BY ALL),
            outcomes AS (
                SELECT language, strategy, string_agg(outcome || ' ' || rows, ', ' ORDER BY rows DESC, outcome) AS text
                FROM (SELECT language, strategy, outcome, count(*) AS rows FROM lake.responses
                      WHERE outcome <> 'ok' GROUP BY ALL) GROUP BY ALL
            )
            SELECT language, strategy, coalesce(seeds, 0), coalesce(prompts, 0), coalesce(responses, 0),
                   coalesce(examples, 0), text
            FROM seeds FULL JOIN prompts USING (language, strategy) FULL JOIN responses USING (language, strategy)
            FULL JOIN examples USING (language, strategy) FULL JOIN outcomes USING (language, strategy)
            ORDER BY language, strategy
            """
        ).fetchall()
    columns = ("language", "strategy", "seeds", "prompts", "responses", "examples", "not kept because")
    console.print_rows("Cells", columns, rows)
    console.print_sources(lake)
    for warning in unread(settings_.load()):
        click.echo(f"polyglot: {warning}", err=True)


@main.command(context_settings={"ignore_unknown_options": True})  # a query may begin with a comment: -- why
@click.argument("query")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json", "parquet"]), default="table")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="File to write instead of the terminal.")
@click.option(
    "--spreadsheet", is_flag=True, help="CSV for a spreadsheet: texts that begin like a formula get a ' before them."
)
@click.option("--unsafe", is_flag=True, help="Any statements, reading and writing whatever you may.")
@clear_errors
def sql(query: str, form: str, output: Path | None, *, spreadsheet: bool, unsafe: bool) -> None:
    """Ask the lake a question in DuckDB's SQL; `-` reads it from standard input.

    Reads only, and only the lake's tables, marts and releases; works while a backfill writes.

    \b
    lake.seeds, lake.prompts, lake.responses, lake.examples   the rows of each stage
    lake.counts                                               what became of the rows of each stage, by reason
    lake.strategies                                           what each strategy is
    lake.duplicates, lake.contamination, lake.licenses        examples that curation has something to say about
    lake.deletions                                            deletion requests, and what they removed
    marts.<table>                                             the tables of dbt_like_sql/
    release.sft, release.lineage, release.history             all releases, with the column `release`

    \b
    polyglot sql "SHOW ALL TABLES"
    polyglot sql "SELECT outcome, count(*) FROM lake.responses GROUP BY ALL"
    polyglot sql "FROM lake.examples" --format parquet -o examples.parquet
    """
    from polyglot_assets.cli import sql as querying

    # Bytes that are no UTF-8 are kept as they are kept in arguments, and refused in the same words.
    if query == "-" and sys.stdin is None:
        raise UserError("the query is to come from the standard input, which is closed")
    text = sys.stdin.buffer.read().decode("utf-8-sig", "surrogateescape") if query == "-" else typed(query)
    querying.answer(existing_lake(), text, form, output, spreadsheet=spreadsheet, unsafe=unsafe)


@main.command()
@click.option("--open", "shown", is_flag=True, help="Also open it in a browser.")
@clear_errors
def report(*, shown: bool) -> None:
    """Write the report about the lake, one HTML file, from its tables as they are, and print its path."""
    from polyglot_assets.lake import locks
    from polyglot_assets.marts import report as report_

    lake = existing_lake()
    with locks.shared(lake):
        path = report_.write(lake)
    click.echo(path)
    if shown:
        click.launch(path.as_uri())


@main.command()
@clear_errors
def teachers() -> None:
    """List the teachers of the registry; enabled ones are marked."""
    from polyglot_assets.cli import console
    from polyglot_assets.inference import registry

    chosen = settings_.load()
    enabled = {teacher.name: teacher for teacher in registry.enabled(chosen)}
    known = registry.read(registry.REGISTRY) | enabled
    if chosen.teacher_registry:
        known |= registry.read(chosen.teacher_registry)
    rows = [
        ("*" if t.name in enabled else "", t.name, t.model, t.license, str(t.sampling), t.max_tokens)
        for t in known.values()
    ]
    console.print_rows("Teachers", ("", "name", "model", "license", "sampling", "max tokens"), rows)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=3000, show_default=True)
@clear_errors
def dev(host: str, port: int) -> None:
    """Start the Dagster UI on this lake."""
    from polyglot_assets.cli import report_server
    from polyglot_assets.cli import run as running
    from polyglot_assets.cli.origin import WORKSPACE
    from polyglot_assets.lake.store import Lake
    from polyglot_assets.marts.report import report_path
    from polyglot_assets.orchestration import ui

    warn_of_open_door(
        host,
        "Dagster has no login: whoever reaches this port can start runs, which may cost money, and delete history. "
        "Listen on 127.0.0.1 and come through `ssh -L`, or put a proxy with a login in front.",
    )
    # Opened here first: what is wrong with it is one line here, and pages in Dagster's own processes.
    settings = settings_.load()
    running.fail_dead_runs(running.with_teachers(settings, ()))
    ui.remember(settings, host, port)
    report_server.start(report_path(Lake(settings.lake)), host, port + 1)
    # The process becomes Dagster's, so that Ctrl-C reaches it and its children directly.
    arguments = [sys.executable, "-m", "dagster", "dev", "-w", str(WORKSPACE), "-h", host, "-p", str(port)]
    os.execv(sys.executable, arguments)  # noqa: S606 our own command line


@main.command()
@click.argument("name", required=False, shell_complete=complete.teachers)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@clear_errors
def serve_teacher(name: str | None, host: str, port: int) -> None:
    """Start a teacher as an OpenAI-compatible server in vLLM.

    NAME is a teacher as in POLYGLOT_TEACHERS, by default the first of those. What is printed first is the
    POLYGLOT_TEACHER_URL with which other commands ask this server. If POLYGLOT_TEACHER_API_KEY is set, the server
    requires it.
    """
    from polyglot_assets.inference import serve

    settings = settings_.load()
    if not settings.teacher_api_key:
        warn_of_open_door(
            host, "Without a key everybody who reaches this port may use the teacher: set POLYGLOT_TEACHER_API_KEY."
        )
    serve.serve(settings, name, host, port, click.echo)


for command in (
    *settings_commands.COMMANDS,
    *language_commands.COMMANDS,
    *compare.COMMANDS,
    *complete.COMMANDS,
    *release_commands.COMMANDS,
    *deletion_commands.COMMANDS,
):
    main.add_command(command)
