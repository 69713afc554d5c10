"""Materializing from the command line: the same definitions and the same instance as the UI, in this process.

Here: the Dagster instance, choosing cells and assets, and running them. Not here: what is printed (main.py,
console.py).
"""

import logging
import os
import stat
import sys
import tempfile
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import dagster as dg
import pyarrow.parquet as pq
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from polyglot_assets import definitions
from polyglot_assets.cli.origin import known_to_the_ui
from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.curation import evalsets
from polyglot_assets.curation.assets import CONTAMINATION_KEY
from polyglot_assets.deletion.history import databases, elsewhere
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell, cells
from polyglot_assets.examples.assets import KEY as EXAMPLES_KEY
from polyglot_assets.gates.registry import OUTCOMES
from polyglot_assets.inference.registry import enabled
from polyglot_assets.lake import locks
from polyglot_assets.lake.store import Lake
from polyglot_assets.licenses import policy
from polyglot_assets.orchestration import choices as choices_
from polyglot_assets.orchestration import endings, liveness, removal
from polyglot_assets.orchestration.choices import Choices
from polyglot_assets.orchestration.jobs import RANGE_END, RANGE_START
from polyglot_assets.orchestration.removal import Removal
from polyglot_assets.prompts import templates
from polyglot_assets.prompts.assets import KEY as PROMPTS_KEY
from polyglot_assets.recipes.registry import NAMES
from polyglot_assets.responses.assets import response_key
from polyglot_assets.responses.retry import mark_for_retry
from polyglot_assets.seeds.sources import sources_of
from polyglot_assets.settings import Settings, dagster_home

_DAGSTER_YAML = """\
# Written once; yours to change.
telemetry:
  enabled: false
nux:
  # No invitation to a newsletter on the first page.
  enabled: false
run_monitoring:
  enabled: true
concurrency:
  pools:
    # One run at a time loads a teacher; the others wait in the queue without holding memory.
    default_limit: 1
    granularity: run
code_servers:
  local_startup_timeout: 300
"""

_DEMO_ROWS = 2
_LONGEST_HOME = 512 - len("/history/runs/00000000-0000-0000-0000-000000000000.db-journal") - 1
"""Bytes. SQLite refuses longer paths than 512 with everything that it puts beside a file."""


@dataclass(frozen=True)
class Selection:
    """What to materialize: a rectangle of the grid, and which assets (Dagster's selection syntax)."""

    languages: tuple[str, ...]
    strategies: tuple[str, ...]
    assets: str = "*"


def prepare_home(settings: Settings) -> Path:
    """The folder of the Dagster instance, made with its dagster.yaml if need be, and named in DAGSTER_HOME.

    Raises:
        UserError: it, or the lake, cannot be written, or Dagster cannot use it.
    """
    home = dagster_home(settings)
    Lake(settings.lake).check_path()
    if not elsewhere(home):
        _check_path(home)
    Lake(settings.lake).prepare()  # makes folders, of which one that is refused leaves none behind
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not (home / "dagster.yaml").exists():
            (home / "dagster.yaml").write_text(_DAGSTER_YAML)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise UserError(f"cannot write to DAGSTER_HOME={home}: {error.strerror or error}") from None
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def _check_path(home: Path) -> None:
    """Dagster opens its files by URL, which ends at a `?`, and SQLite takes no long paths.

    Raises:
        UserError: what Dagster would write there would be lost, or lie elsewhere.
    """
    if make_url(f"sqlite:///{home}").database == str(home) and len(os.fsencode(home)) <= _LONGEST_HOME:
        return
    raise UserError(
        f"Dagster cannot keep its records in {home}: the path is longer than {_LONGEST_HOME} bytes, or holds a ? or a "
        "% with two digits. Set DAGSTER_HOME to another folder"
    )


@contextmanager
def recorded(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The Dagster instance of the settings, while something is done with it.

    Raises:
        UserError: it cannot be opened as dagster.yaml says, or its files can no longer be written.
    """
    home = prepare_home(settings)
    try:
        instance = dg.DagsterInstance.get()
    except Exception as error:  # noqa: BLE001 unrelated types for a wrong file, a missing package, a database away
        raise UserError(f"DAGSTER_HOME={home}: cannot be opened: {_reason(error)}") from None
    quiet: Any = _WithoutStatements(sys.stderr)  # passes on what a stream is asked for besides
    try:
        with instance, redirect_stderr(quiet):
            _share(home)
            yield instance
    except DBAPIError as error:
        raise UserError(f"DAGSTER_HOME={home} cannot be written: {error.orig}; what was answered is kept") from None
    finally:
        _share(home)


class _WithoutStatements:
    """Standard error without the SQL that Dagster prints, pages of it, for each record that it cannot write."""

    def __init__(self, inner: TextIO) -> None:
        self._inner = inner

    def write(self, text: str) -> int:
        return len(text) if text.startswith("Exception while writing logger call") else self._inner.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def _reason(error: BaseException) -> str:
    """The first line that says why, of what was there at the beginning."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    return next(iter(text.strip().splitlines()), type(error).__name__)


def _share(home: Path) -> None:
    """Lets a group write to Dagster's files if it may write to their folder: SQLite makes them the owner's alone."""
    for path in databases(home):
        with suppress(OSError):  # another's, who has done it
            mode = path.stat().st_mode
            wanted = mode | path.parent.stat().st_mode & 0o060
            if mode != wanted:
                path.chmod(stat.S_IMODE(wanted))


def choose(settings: Settings, languages: Sequence[str], strategies: Sequence[str], assets: str | None) -> Selection:
    """A checked selection; what is not named is everything.

    Raises:
        UserError: a language is not enabled, or a strategy does not exist.
    """
    for language in languages:
        if language not in settings.languages:
            raise UserError(
                f"--language {language}: the grid has {', '.join(settings.languages)}; "
                f"`polyglot languages add {language}` adds it"
            )
    for strategy in strategies:
        if strategy not in settings.strategies:
            more = f"; POLYGLOT_STRATEGIES={','.join([*settings.strategies, strategy])} adds it"
            there_are = ", ".join(settings.strategies)
            raise UserError(f"--strategy {strategy}: there are {there_are}{more if strategy in NAMES else ''}")
    return Selection(
        tuple(code for code in settings.languages if not languages or code in languages),
        tuple(name for name in settings.strategies if not strategies or name in strategies),
        assets or "*",
    )


def with_demo_rows(settings: Settings) -> Settings:
    """Settings for a demo that takes minutes on two cores: fewer rows, unless somebody chose or has more.

    A lake that was made with more rows keeps them: with fewer prompts its rows would leave it.
    """
    if "rows_per_cell" in settings.model_fields_set:
        return settings
    paths = [Lake(settings.lake).cell_path(PROMPTS, cell) for cell in cells(settings.languages, settings.strategies)]
    rows = max((int(pq.read_metadata(path).num_rows) for path in paths if path.exists()), default=0)
    return settings.model_copy(update={"rows_per_cell": max(rows, _DEMO_ROWS)})


def with_teachers(settings: Settings, teachers: Sequence[str]) -> Settings:
    """Settings with these teachers enabled; unchanged if none is named.

    What they name is looked at now, and not by a step that comes after the teacher was asked and paid.
    """
    chosen = settings.model_copy(update={"teachers": tuple(teachers)}) if teachers else settings
    enabled(chosen)
    sources_of(chosen)
    templates.load(chosen.templates)
    policy.load(chosen)
    if chosen.evalsets is not None:
        evalsets.check_folder(chosen.evalsets)
    return chosen


def materialize(
    settings: Settings, selection: Selection, handler: logging.Handler, *, allow_removal: bool = False
) -> bool:
    """Materializes a selection in this process; returns whether everything succeeded.

    Dagster carries a contiguous rectangle of the grid in one run, so a language, a strategy or all of the grid is
    one run with one engine load; scattered languages are several.

    Args:
        settings: what to build for.
        selection: what to materialize.
        handler: receives Dagster's log records as they happen.
        allow_removal: go on although rows leave the lake.

    Raises:
        UserError: the asset selection is malformed or matches nothing, or rows would leave the lake.
    """
    built = definitions.build_defs(settings)
    defs = dg.Definitions(
        assets=built.assets,
        asset_checks=built.asset_checks,
        resources=built.resources,
        executor=built.executor,
        loggers={"terminal": _logger(handler)},
    )
    job = defs.resolve_implicit_global_asset_job_def()
    keys = _selected(defs, selection.assets)
    choices = Choices.of(settings, [teacher.name for teacher in enabled(settings)])
    removal.refuse(_removals(settings, selection, keys, choices), allowed=allow_removal)
    config: dict[str, Any] = {"loggers": {"terminal": {}}}
    if any(choices_.KEY in assets.required_resource_keys for assets in _definitions_of(built, keys)):
        config |= choices.run_config(allow_removal=allow_removal)
    remembered = choices_.tags(settings, config)  # an executor does that in the UI; here there is another
    sound = True
    with recorded(settings) as instance:
        liveness.fail_dead_runs(instance, Lake(settings.lake))
        with locks.shared(Lake(settings.lake)), known_to_the_ui(instance), endings.without_noise(instance):
            for start, end in rectangles(settings.languages, settings.strategies, selection):
                run_id = str(uuid.uuid4())
                with liveness.alive(instance, run_id):
                    result = job.execute_in_process(
                        instance=instance,
                        run_id=run_id,
                        asset_selection=keys,
                        tags={RANGE_START: start, RANGE_END: end, endings.FROM: endings.COMMAND_LINE, **remembered},
                        run_config=config,
                        raise_on_error=False,
                    )
                if not result.success:
                    _say_last(instance, result)
                    return False
                sound &= all(check.passed for check in result.get_asset_check_evaluations())
    return sound


def _say_last(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> None:
    """Puts what failed at the end of the run's log."""
    for event in result.all_events:
        if event.is_step_failure:
            instance.report_engine_event(endings.sentence(event), result.dagster_run)


def _removals(
    settings: Settings, selection: Selection, keys: Collection[dg.AssetKey], choices: Choices
) -> list[Removal]:
    """What the chosen steps would take out of the lake, as far as that can be said before they run."""
    lake, chosen = Lake(settings.lake), cells(selection.languages, selection.strategies)
    return [
        *(removal.of_prompts(lake, chosen, choices.rows_per_cell) if PROMPTS_KEY in keys else []),
        *(removal.of_teachers(lake, chosen, choices.teachers) if EXAMPLES_KEY in keys else []),
        *(removal.of_evalsets(lake, settings) if CONTAMINATION_KEY in keys else []),
    ]


def _definitions_of(built: dg.Definitions, keys: Collection[dg.AssetKey]) -> Iterator[dg.AssetsDefinition]:
    for assets in built.assets or []:
        if isinstance(assets, dg.AssetsDefinition) and not assets.keys.isdisjoint(keys):
            yield assets


def fail_dead_runs(settings: Settings) -> None:
    """Marks the runs of processes that are gone as failed, before the UI shows them."""
    with recorded(settings) as instance:
        liveness.fail_dead_runs(instance, Lake(settings.lake))


def retry(settings: Settings, selection: Selection, outcomes: str) -> tuple[int, str]:
    """Marks the answers with one of `outcomes` for a retry; returns their number and the assets to materialize then.

    Args:
        settings: names the lake and the teachers.
        selection: which cells.
        outcomes: comma-separated.

    Raises:
        UserError: an outcome does not exist, or is `ok`.
    """
    chosen = {name.strip() for name in outcomes.split(",") if name.strip()}
    if unknown := chosen - OUTCOMES.keys() | chosen & {"ok"}:
        failures = ", ".join(name for name in OUTCOMES if name != "ok")
        raise UserError(f"--outcome {', '.join(sorted(unknown))}: can be {failures}")
    cells = [Cell(language, strategy) for language in selection.languages for strategy in selection.strategies]
    teachers = enabled(settings)
    marked = sum(sum(mark_for_retry(Lake(settings.lake), teacher, cells, chosen).values()) for teacher in teachers)
    return marked, " or ".join(f'key:"{response_key(teacher).to_user_string()}"+' for teacher in teachers)


def rectangles(languages: Sequence[str], strategies: Sequence[str], selection: Selection) -> Iterator[tuple[str, str]]:
    """(first, last) partition keys of the contiguous rectangles that make up a selection."""
    for first_language, last_language in _blocks(languages, selection.languages):
        for first_strategy, last_strategy in _blocks(strategies, selection.strategies):
            yield f"{first_language}|{first_strategy}", f"{last_language}|{last_strategy}"


def _blocks(axis: Sequence[str], chosen: Iterable[str]) -> Iterator[tuple[str, str]]:
    places = sorted(axis.index(name) for name in chosen)
    start = 0
    for index, place in enumerate(places):
        if index + 1 == len(places) or places[index + 1] != place + 1:
            yield axis[places[start]], axis[place]
            start = index + 1


def selected_assets(settings: Settings, assets: str) -> set[dg.AssetKey]:
    """The assets that a selection means.

    Raises:
        UserError: it is malformed or matches nothing.
    """
    return set(_selected(definitions.build_defs(settings), assets))


def _selected(defs: dg.Definitions, text: str) -> list[dg.AssetKey]:
    graph = defs.resolve_asset_graph()
    try:
        keys = dg.AssetSelection.from_string(text).resolve(graph)
    except Exception as error:  # noqa: BLE001 Dagster raises several unrelated types for a malformed selection
        raise UserError(f"--select {text!r}: {str(error).splitlines()[0]}") from None
    if not keys:
        raise UserError(f"--select {text!r} matches no asset; there are {', '.join(_names(graph))}")
    return sorted(keys)


def _names(graph: "dg.AssetGraph") -> list[str]:
    return sorted(key.to_user_string() for key in graph.get_all_asset_keys())


def _logger(handler: logging.Handler) -> dg.LoggerDefinition:
    def terminal(context: dg.InitLoggerContext) -> logging.Logger:  # noqa: ARG001 Dagster's signature
        logger = logging.getLogger("polyglot.run")
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        logger.handlers = [handler]
        endings.leave_out_what_does_not_run([logger])
        return logger

    return dg.LoggerDefinition(terminal, description="Hands records to the command line's own display.")
