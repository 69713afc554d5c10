"""The vLLM resource: gives each run the engine of a teacher, loaded when it is first needed.

Here: life and death of engines within a run. Not here: the engines themselves.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr

from polyglot_assets import settings as settings_
from polyglot_assets.teachers.engine import Engine
from polyglot_assets.teachers.registry import Teacher


class VllmResource(dg.ConfigurableResource[Any]):
    """Engines for the teachers of a run.

    One engine is loaded per run and teacher, whatever the number of cells; asking for another teacher unloads the
    one before, since two models rarely fit together. It is unloaded after the run, also when that failed.
    """

    cache: str
    """Folder for converted checkpoints."""
    urls: list[str] = Field(default_factory=list)
    """Base URLs of OpenAI-compatible servers; if empty, vLLM runs in this process."""

    _engine: Engine | None = PrivateAttr(default=None)
    _teacher: str = PrivateAttr(default="")
    _loads: int = PrivateAttr(default=0)

    @property
    def loads(self) -> int:
        """How many engines this run has made."""
        return self._loads

    def engine(self, teacher: Teacher, report: Callable[[str], None]) -> Engine:
        """The engine of a teacher, made on first use; `report` takes a line about what takes long."""
        if self._engine is None or self._teacher != teacher.name:
            self._close()
            self._engine, self._teacher = self._make(teacher, report), teacher.name
            self._loads += 1
        return self._engine

    def _make(self, teacher: Teacher, report: Callable[[str], None]) -> Engine:
        if self.urls:
            from polyglot_assets.teachers.server_engine import ServerEngine

            # The key is read here and not kept as a field, because Dagster shows the fields of resources.
            return ServerEngine(teacher, self.urls, settings_.load().teacher_api_key)
        from polyglot_assets.teachers.vllm_engine import VllmEngine

        return VllmEngine(teacher, Path(self.cache), report)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002 Dagster's signature
        """Called by Dagster after the run."""
        self._close()

    def _close(self) -> None:
        if self._engine is not None:
            self._engine.close()
        self._engine, self._teacher = None, ""
