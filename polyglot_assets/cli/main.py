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
from polyglot_assets.cli import deletion as deletion_commands
from polyglot_assets.cli import release as release_commands
from polyglot_assets.cli.common import clear_errors, existing_lake, typed, warn_of_open_door
from polyglot_assets.lake.store import Lake
from polyglot_assets.lake.views import RELEASES

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
def main() -> None:
    """Turn seed instructions in many languages into synthetic training data.

    \b
    polyglot demo                          the whole lake on the sample seeds
    polyglot materialize --language de     one language through the whole chain
    polyglot status                        what the lake holds
    polyglot sql "FROM marts.language_distribution"
    polyglot dev                           the Dagster UI

    Everything that can be chosen is an environment variable; `polyglot settings` lists them.
    """


@main.command()
@clear_errors
def demo() -> None:
    """Materialize the whole grid and show what happened.

    Uses the sample seeds and the embedded teacher unless the settings say otherwise, and three rows per cell unless
    POLYGLOT_ROWS_PER_CELL or the lake has more. A second run asks nothing twice and takes about half a minute.
    """
    from polyglot_assets.cli import console
    from polyglot_assets.cli import run as running
    from polyglot_assets.release.versions import LATEST, followed

    settings = running.with_demo_rows(settings_.load())
    _run(settings, (), (), None)
    lake = Lake(settings.lake)
    console.print_grid(lake)
    console.print_funnel(lake)
    if "smollm2-135m" in settings.teachers:
        console.console.print(
            "The embedded teacher is a small English model: it shows that everything runs, not what good data is. "
            "Its answers in other languages are poor, and many end as wrong_language or not_translated.\n"
        )
    release = followed(settings.lake / RELEASES / LATEST)
    here = Path.cwd()
    console.console.print(f"Release: {release.relative_to(here) if release.is_relative_to(here) else release}\n")
    console.console.print("Next:")
    console.console.print("  make dev                                            # the Dagster UI")
    console.console.print('  .venv/bin/polyglot sql "FROM marts.outcome_funnel"  # any SQL over the lake')
    more = ",".join([*settings.languages, "fr"])
    console.console.print(f"  POLYGLOT_LANGUAGES={more} .venv/bin/polyglot materialize --language fr")


@main.command()
@click.option("--language", "-l", multiple=True, help="Target language; may be given several times. Default: all.")
@click.option("--strategy", "-s", multiple=True, help="Strategy; may be given several times. Default: all.")
@click.option("--teacher", "-t", multiple=True, help="Teacher(s) to ask instead of POLYGLOT_TEACHERS.")
@click.option("--select", "assets", help="Assets, in Dagster's selection syntax. Default: all.")
@clear_errors
def materialize(
    language: tuple[str, ...], strategy: tuple[str, ...], teacher: tuple[str, ...], assets: str | None
) -> None:
    """Materialize assets for some or all cells of the grid.

    The run is recorded in the instance that `polyglot dev` shows. The exit code is 0 if every asset and check
    succeeded, 1 if one failed, 2 if the request was wrong.

    \b
    polyglot materialize                                   everything
    polyglot materialize -l de -l es -s translate          two cells through the whole chain
    polyglot materialize --select 'key:"marts/*"'          tables only
    polyglot materialize -l ja --select 'key:"prompts"+'   prompts and all that follows
    """
    from polyglot_assets.cli import run as running

    settings = running.with_teachers(settings_.load(), teacher)
    _run(settings, language, strategy, assets)


@main.command()
@click.option(
    "--outcome", "outcomes", required=True, help="Outcomes to ask again for, comma-separated: truncated,empty."
)
@click.option("--language", "-l", multiple=True, help="Target language; may be given several times. Default: all.")
@click.option("--strategy", "-s", multiple=True, help="Strategy; may be given several times. Default: all.")
@click.option("--teacher", "-t", multiple=True, help="Teacher(s) whose answers are meant. Default: POLYGLOT_TEACHERS.")
@clear_errors
def retry(outcomes: str, language: tuple[str, ...], strategy: tuple[str, ...], teacher: tuple[str, ...]) -> None:
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
        _run(settings, language, strategy, assets)


def _run(
    settings: settings_.Settings, languages: tuple[str, ...], strategies: tuple[str, ...], assets: str | None
) -> None:
    from polyglot_assets.cli import run as running
    from polyglot_assets.cli.console import RunDisplay

    selection = running.choose(settings, languages, strategies, assets)
    display = RunDisplay()
    title = f"materializing {', '.join(selection.languages)} × {', '.join(selection.strategies)}"
    with display.running(title):
        succeeded = running.materialize(settings, selection, display)
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
    lake.duplicates, lake.contamination, lake.licences        examples that curation has something to say about
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
    text = sys.stdin.buffer.read().decode("utf-8-sig", "surrogateescape") if query == "-" else typed(query)
    querying.answer(existing_lake(), text, form, output, spreadsheet=spreadsheet, unsafe=unsafe)


@main.command()
@clear_errors
def report() -> None:
    """Write the report about the lake, one HTML file, from its tables as they are, and print its path."""
    from polyglot_assets.lake import locks
    from polyglot_assets.marts import report as report_

    lake = existing_lake()
    with locks.shared(lake):
        click.echo(report_.write(lake))


@main.command()
@clear_errors
def settings() -> None:
    """List the environment variables, their present values and what they mean."""
    for name, value, meaning in settings_.describe():
        click.echo(f"{name}={value}")
        click.echo(f"    {meaning}")


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
    console.print_rows("Teachers", ("", "name", "model", "licence", "sampling", "max tokens"), rows)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=3000, show_default=True)
@clear_errors
def dev(host: str, port: int) -> None:
    """Start the Dagster UI on this lake."""
    from polyglot_assets.cli import run as running

    warn_of_open_door(
        host,
        "Dagster has no login: whoever reaches this port can start runs, which may cost money, and delete history. "
        "Listen on 127.0.0.1 and come through `ssh -L`, or put a proxy with a login in front.",
    )
    # Opened here first: what is wrong with it is one line here, and pages in Dagster's own processes.
    running.fail_dead_runs(running.with_teachers(settings_.load(), ()))
    workspace = Path(__file__).parent.parent / "workspace.yaml"
    target = ["-w", str(workspace)] if workspace.exists() else ["-m", "polyglot_assets.definitions"]
    # The process becomes Dagster's, so that Ctrl-C reaches it and its children directly.
    arguments = [sys.executable, "-m", "dagster", "dev", *target, "-h", host, "-p", str(port)]
    os.execv(sys.executable, arguments)  # noqa: S606 our own command line


@main.command()
@click.argument("name", required=False)
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


for command in (*release_commands.COMMANDS, *deletion_commands.COMMANDS):
    main.add_command(command)
