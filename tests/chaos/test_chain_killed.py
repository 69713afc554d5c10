"""`kill -9` of whole runs in every stage, and what happens to the disks, the memory and the readers around them.

The runs are those of the command line, from the seeds to the release, with a model server on loopback. Whatever happens
to them, the next run makes the lake that an untroubled one makes, pays for nothing twice, and leaves no run in Dagster
that seems to be under way.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from chaos.processes import Nursery, Run
from chaos.server import MODEL, ModelServer
from chaos.world import Figures, Form
from small_lake import contents

Record = Callable[[Figures], None]
STAGES = ("seeds", "prompts", "examples", "curation", "marts", "release")
_MODULES = ("polyglot_assets.running", "polyglot_assets.curation.kernels", "polyglot_assets.curation.duplicate_kernels")


@dataclass
class Chain:
    """A lake that is made by whole runs."""

    root: Path
    server: ModelServer
    nursery: Nursery
    runs: list[Run] = field(default_factory=list)

    def start(self, assets: str = "*", env: dict[str, str] | None = None, **more: Any) -> Run:
        folder = self.root.parent
        folder.mkdir(exist_ok=True)
        registry = folder / "registry.toml"
        registry.write_text(f'[chaos]\nmodel = "{MODEL}"\nlicense = "mit"\nmax_tokens = 64\nmax_model_len = 4096\n')
        settings = {
            "POLYGLOT_LAKE": str(self.root),
            "POLYGLOT_LANGUAGES": "de",
            "POLYGLOT_ROWS_PER_CELL": "8",
            "POLYGLOT_TEACHERS": "chaos",
            "POLYGLOT_TEACHER_REGISTRY": str(registry),
            "POLYGLOT_TEACHER_URL": self.server.url,
        }
        options = {"chain": {"env": settings | (env or {}), "assets": assets, "strategies": ["respond"], **more}}
        self.runs.append(self.nursery.start(options, folder / f"{len(self.runs)}.err"))
        return self.runs[-1]

    def finish(self, assets: str = "*", **more: Any) -> None:
        run = self.start(assets, **more)
        assert run.end() == 0, run.errors()

    def files(self) -> dict[str, bytes]:
        """What must be the same in the end. Releases say when they were made; their versions stand for their content."""
        found = contents(self.lake())
        return {
            name: content
            for name, content in found.items()
            if "/." not in f"/{name}" and not name.startswith(("ledger/", "marts/report")) and "history" not in name
        }

    def lake(self) -> Any:
        from polyglot_assets.lake import Lake

        return Lake(self.root)

    def statuses(self) -> list[str]:
        """How Dagster says that the runs ended, oldest first."""
        with dg.DagsterInstance.from_config(str(self.root / "dagster")) as instance:
            return [run.status.value for run in reversed(instance.get_runs())]


@pytest.fixture(scope="module")
def chain_nursery() -> Iterator[Nursery]:
    nursery = Nursery(*_MODULES)
    yield nursery
    nursery.close()


@pytest.fixture(scope="module")
def untroubled(
    tmp_path_factory: pytest.TempPathFactory, _server: ModelServer, chain_nursery: Nursery
) -> Iterator[Chain]:
    """A lake that nothing happened to."""
    _server.forget()
    chain = Chain(tmp_path_factory.mktemp("untroubled") / "lake", _server, chain_nursery)
    chain.finish()
    yield chain


@pytest.fixture
def chain(server: ModelServer, chain_nursery: Nursery, untroubled: Chain, tmp_path: Path) -> Iterator[Chain]:
    """A lake that does not exist yet."""
    chain = Chain(tmp_path / "made" / "lake", server, chain_nursery)
    yield chain
    for run in chain.runs:
        if not run.ended():
            run.kill()


def _check(chain: Chain, untroubled: Chain, deaths: int) -> Figures:
    """The lake is whole, nothing was paid twice, and every run that died is a failed one."""
    expected, found = untroubled.files(), chain.files()
    differing = [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)]
    assert not differing
    assert chain.statuses() == ["FAILURE"] * deaths + ["SUCCESS"]
    assert not list((chain.root / "dagster" / "running").iterdir())
    return Figures(
        "kill -9 in every stage of a whole run", deaths + 1, len(chain.server.paid), chain.server.paid_twice, 0, 0
    )


def test_kills_in_every_stage_of_a_whole_run(chain: Chain, untroubled: Chain, record: Record, form: Form) -> None:
    """Each run starts where the one before was killed, and is killed in a later stage."""
    for number in range(form.of(1, 6)):
        chance = random.Random(number)
        chain.root, chain.runs = chain.root.with_name(f"lake{number}"), []
        chain.server.forget()
        begin = "*"
        for stage in STAGES:
            steps = {"seeds": 8, "curation": 3, "marts": 20}.get(stage, 1)
            point = {"point": chance.choice(["fsync", "replace"]), "nth": 1, "after": chance.random() < 0.5}
            run = chain.start(begin, die={"stage": stage, "step": chance.randint(1, steps), **point})
            assert run.end() == -9, f"{stage}, {point}: {run.errors()}"
            begin = {"seeds": "*", "prompts": 'key:"prompts"+', "examples": 'key:"examples"+'}.get(stage, begin)
        chain.finish(begin)
        figures = _check(chain, untroubled, len(STAGES))
        assert figures.paid_twice == 0, "every answer was in the ledger"
        record(figures)
