"""The vLLM resource: gives each run the engine of a teacher, loaded when it is first needed.

Here: life and death of engines within a run. Not here: the engines themselves.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dagster as dg
from pydantic import Field, PrivateAttr

from polyglot_assets import settings as settings_
from polyglot_assets.inference.cpu import explain_dtype, runs_on_cpu
from polyglot_assets.inference.engine import Engine
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.orchestration import liveness

_API_KEY = "POLYGLOT_TEACHER_API_KEY"


class VllmResource(dg.ConfigurableResource[Any]):
    """Engines for the teachers of a run.

    One engine is loaded per run and teacher, whatever the number of cells; asking for another teacher unloads the
    one before, since two models rarely fit together. It is unloaded after the run, also when that failed.
    """

    cache: str
    """Folder for converted checkpoints."""
    urls: list[str] = Field(default_factory=list)
    """Base URLs of OpenAI-compatible servers; if empty, vLLM runs in this process."""
    concurrency: int = 64
    """Requests that each server is given at once."""
    timeout: float = 600
    """Seconds that a server may take for one answer."""
    patience: float = 300
    """Seconds to wait for a server that went away."""

    api_key: str = ""
    """Of the servers. The settings give the name of the variable that has it, which is all that Dagster shows and
    stores; what is typed into a launchpad is stored as it is."""

    _engine: Engine | None = PrivateAttr(default=None)
    _teacher: str = PrivateAttr(default="")
    _loads: int = PrivateAttr(default=0)
    _instance: dg.DagsterInstance | None = PrivateAttr(default=None)
    _slot: ExitStack | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, settings: settings_.Settings) -> "VllmResource":
        """The resource that the settings describe."""
        key = settings.teacher_api_key
        if key:
            os.environ[_API_KEY] = key  # it may stand in `.env`
        return cls(
            cache=str(settings.cache),
            urls=list(settings.teacher_url),
            concurrency=settings.teacher_concurrency,
            timeout=settings.teacher_timeout,
            patience=settings.teacher_patience,
            api_key=dg.EnvVar(_API_KEY) if key else "",
        )

    @property
    def loads(self) -> int:
        """How many engines this run has made."""
        return self._loads

    def engine(self, teacher: Teacher, report: Callable[[str], None], warn: Callable[[str], None]) -> Engine:
        """The engine of a teacher, made on first use.

        Args:
            teacher: whose.
            report: takes a line about what takes long.
            warn: takes a line if as many other runs as the pool allows have an engine, which is waited for.
        """
        if self._engine is None or self._teacher != teacher.name:
            self._close()
            if self._instance is not None:
                self._slot = liveness.wait_for_slot(self._instance, warn)
            self._engine, self._teacher = self._make(teacher, report), teacher.name
            self._loads += 1
        return self._engine

    def _make(self, teacher: Teacher, report: Callable[[str], None]) -> Engine:
        if self.urls:
            from polyglot_assets.inference.server_engine import ServerEngine

            urls, key = with_credentials(self.urls, self.api_key)
            return ServerEngine(teacher, urls, key, self.concurrency, self.timeout, self.patience)
        from polyglot_assets.inference.vllm_engine import VllmEngine

        if runs_on_cpu():
            wanted = settings_.load().cpu_dtype
            report(f"{teacher.name} is computed in {explain_dtype(teacher.engine.get('dtype'), wanted)}")
        return VllmEngine(teacher, Path(self.cache), report)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Called by Dagster before the run."""
        self._instance = context.instance

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002 Dagster's signature
        """Called by Dagster after the run."""
        self._close()

    def _close(self) -> None:
        if self._engine is not None:
            self._engine.close()
        self._engine, self._teacher = None, ""
        if self._slot is not None:
            self._slot.close()
            self._slot = None


def with_credentials(urls: Sequence[str], key: str) -> tuple[list[str], str]:
    """The URLs and the key to use: `Basic user:password` goes into the URLs, where the engine looks for it.

    They are never in the settings' URLs, because Dagster stores those.
    """
    scheme, _, credentials = key.partition(" ")
    user, colon, password = credentials.strip().partition(":")
    if scheme.lower() != "basic" or not colon:
        return list(urls), key
    signed = f"://{quote(user, safe='')}:{quote(password, safe='')}@"
    return [url.replace("://", signed, 1) for url in urls], ""
