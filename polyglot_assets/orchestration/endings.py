"""How the end of a run is told: what failed comes last, in its own words.

Here: the words of a failure, and what Dagster's log leaves out. Not here: what a terminal shows (cli/console.py).

Where a step fails, Dagster logs an error for each of the fifty steps that would have come after it, and they bury the
one that matters.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import dagster as dg

from polyglot_assets.domain.errors import EngineDown, UserError

FROM, COMMAND_LINE = "polyglot/from", "command line"
"""The tag by which a run of the command line is known, and its value."""
_RETRIES = 2
_INTERRUPTIONS = {KeyboardInterrupt.__name__, dg.DagsterExecutionInterruptedError.__name__}
_USERS = {UserError.__name__, EngineDown.__name__}


def asset_of(step: str) -> str:
    """The asset or check that a step key stands for."""
    return step.replace("__", "/")


def cause(event: Any) -> str:
    """The error of a failed step in one line: the first that is meant for users, else the innermost."""
    error = event.event_specific_data.error
    while error is not None and error.cause is not None and not _for_users(error):
        error = error.cause
    if error is None:
        return "failed"
    kind, _, message = error.message.strip().partition(": ")
    return message if _for_users(error) else f"{kind.rsplit('.', 1)[-1]}: {message}".splitlines()[0]


def was_interrupted(event: Any) -> bool:
    """Whether a step failed because somebody pressed Ctrl-C."""
    error = event.event_specific_data.error
    while error is not None:
        if error.cls_name in _INTERRUPTIONS:
            return True
        error = error.cause
    return False


def _for_users(error: Any) -> bool:
    kind = error.message.strip().partition(": ")[0]
    return str(kind).rsplit(".", 1)[-1] in _USERS


def told(instance: dg.DagsterInstance, log: Any, events: Iterator[dg.DagsterEvent]) -> Iterator[dg.DagsterEvent]:
    """Passes on the events of a run; what failed is said once more after all of them.

    Args:
        instance: where the run is recorded.
        log: the run's log manager.
        events: what the executor gives.
    """
    failures = []
    with without_noise(instance):
        for event in events:
            if event.is_step_failure:
                failures.append(sentence(event))
            yield event
    for failure in failures:
        log.error(failure)


@contextmanager
def asked_again(context: dg.AssetExecutionContext, seconds: float) -> Iterator[None]:
    """Tries a step once more, twice at most, where its engine went away; nothing that was answered is asked again.

    Not in runs of the command line: somebody sits there, who reads why it ended.

    Args:
        context: the step's.
        seconds: after which it is tried again; 0 for not at all.
    """
    try:
        yield
    except EngineDown as error:
        if not error.passing or not seconds or context.run.tags.get(FROM) == COMMAND_LINE:
            raise
        raise dg.RetryRequested(_RETRIES, seconds_to_wait=seconds) from error


@contextmanager
def without_noise(instance: dg.DagsterInstance) -> Iterator[None]:
    """While this lasts, the log of an instance's runs has no line for each step that does not run."""
    handlers, patched = instance.get_handlers, cast("Any", instance)

    def filtered() -> Sequence[logging.Handler]:
        made = handlers()
        leave_out_what_does_not_run(made)
        return made

    patched.get_handlers = filtered  # Dagster has no switch, and makes its handlers more than once in a run
    try:
        yield
    finally:
        del patched.get_handlers  # that of the class is there again


def sentence(event: Any) -> str:
    """What failed, and why."""
    return f"{asset_of(event.step_key or '')} failed: {cause(event)}"


def leave_out_what_does_not_run(receivers: Iterable[logging.Filterer]) -> None:
    """Keeps from handlers and loggers what Dagster says of each step after a failed one."""
    for receiver in receivers:
        receiver.addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    text = str(getattr(record, "dagster_meta", {}).get("orig_message", ""))
    return not (text.startswith("Dependencies for step ") and text.endswith("Not executing."))
