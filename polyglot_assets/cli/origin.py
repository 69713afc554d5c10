"""Runs of the command line as the UI knows runs: of its code location, on its timeline, to be executed again there.

Here: what is written into the record of such a run. Not here: the run (run.py).

Dagster's own way to execute a job in a process records no code location, and it records the logger that prints to this
terminal, which no other process has. So the UI would show such a run beside its timeline and could not execute it once
more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import dagster as dg
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.remote_origin import RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster_shared.record import copy

WORKSPACE = Path(__file__).parent.parent / "workspace.yaml"
"""The code location that `polyglot dev` opens."""


@contextmanager
def known_to_the_ui(instance: dg.DagsterInstance) -> Iterator[None]:
    """While this lasts, runs that this process makes in an instance are recorded as those of the UI are."""
    create, patched = instance.create_run_for_job, cast("Any", instance)
    (location,) = location_origins_from_yaml_paths([str(WORKSPACE)])
    repository = RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME)

    def with_origin(**arguments: Any) -> dg.DagsterRun:
        config = arguments.pop("run_config") or {}
        elsewhere = {key: value for key, value in config.items() if key != "loggers"}
        origin = RemoteJobOrigin(repository, arguments["job_def"].name)
        run = create(**arguments, run_config=elsewhere, remote_job_origin=origin)
        return copy(run, run_config=config)  # what this process goes by

    patched.create_run_for_job = with_origin
    try:
        yield
    finally:
        del patched.create_run_for_job  # that of the class is there again
