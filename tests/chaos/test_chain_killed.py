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
from chaos.processes import Nursery, Run, remount
from chaos.server import MODEL, ModelServer
from chaos.world import Figures, Form
from lake_factory import contents

from polyglot_assets.lake.store import Lake

Record = Callable[[Figures], None]
_FEW = (
    'key:"seeds/aya" or key:"prompts" or key:"responses/chaos" or key:"examples" or key:"curation/*" '
    'or key:"marts/curated" or key:"release/sft"'
)
"""One source, and no table but the one that the release is made of."""
STAGES = ("seeds", "prompts", "examples", "curation", "marts", "release")
_MODULES = ("polyglot_assets.cli.run", "polyglot_assets.text.kernels", "polyglot_assets.text.duplicate_kernels")


@dataclass
class Chain:
    """A lake that is made by whole runs."""

    root: Path
    folder: Path
    server: ModelServer
    nursery: Nursery
    assets: str
    runs: list[Run] = field(default_factory=list)

    def start(self, begin: str = "*", env: dict[str, str] | None = None, **more: Any) -> Run:
        registry = self.folder / "registry.toml"
        registry.write_text(f'[chaos]\nmodel = "{MODEL}"\nlicense = "mit"\nmax_tokens = 64\nmax_model_len = 4096\n')
        settings = {
            "POLYGLOT_LAKE": str(self.root),
            "POLYGLOT_LANGUAGES": "de",
            "POLYGLOT_ROWS_PER_CELL": "8",
            "POLYGLOT_TEACHERS": "chaos",
            "POLYGLOT_TEACHER_REGISTRY": str(registry),
            "POLYGLOT_TEACHER_URL": self.server.url,
        }
        options = {
            "chain": {
                "env": settings | (env or {}),
                "assets": f"({self.assets}) and {begin}",
                "strategies": ["respond"],
                **more,
            }
        }
        self.runs.append(self.nursery.start(options, self.folder / f"{len(self.runs)}.err"))
        return self.runs[-1]

    def finish(self, begin: str = "*", **more: Any) -> None:
        run = self.start(begin, **more)
        assert run.end() == 0, run.errors()

    def files(self) -> dict[str, bytes]:
        """What must be the same in the end, without what names times and leftovers that a later command removes."""
        found = contents(self.lake())
        return {
            name: content
            for name, content in found.items()
            if "/." not in f"/{name}" and not name.startswith(("ledger/", "marts/report")) and "history" not in name
        }

    def lake(self) -> Lake:
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
    tmp_path_factory: pytest.TempPathFactory, _server: ModelServer, chain_nursery: Nursery, form: Form
) -> Chain:
    """A lake that nothing happened to."""
    _server.forget()
    assets = "*" if form.long else _FEW
    folder = tmp_path_factory.mktemp("untroubled")
    chain = Chain(folder / "lake", folder, _server, chain_nursery, assets)
    chain.finish()
    return chain


@pytest.fixture
def chain(server: ModelServer, chain_nursery: Nursery, untroubled: Chain, tmp_path: Path) -> Iterator[Chain]:
    """A lake that does not exist yet."""
    chain = Chain(tmp_path / "lake", tmp_path, server, chain_nursery, untroubled.assets)
    yield chain
    for run in chain.runs:
        if not run.ended():
            run.kill()


def _check(chain: Chain, untroubled: Chain, fault: str) -> Figures:
    """The lake is whole, nothing was paid twice, and all runs but the last one are failed ones."""
    expected, found = untroubled.files(), chain.files()
    differing = [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)]
    assert not differing
    statuses, server = chain.statuses(), chain.server
    assert statuses == ["FAILURE"] * (len(statuses) - 1) + ["SUCCESS"]
    assert not list((chain.root / "dagster" / "running").iterdir())
    assert server.paid_twice == 0, "every answer was in the ledger"
    return Figures(fault, len(chain.runs), len(server.paid), server.paid_twice, 0, 0)


@pytest.mark.timeout(3600)  # the long form, on a busy machine
def test_kills_in_every_stage_of_a_whole_run(chain: Chain, untroubled: Chain, record: Record, form: Form) -> None:
    """Each run begins with the stage in which the one before was killed, and is killed in the next one."""
    for number in range(form.of(1, 6)):
        chance = random.Random(number)
        chain.root, chain.runs = chain.root.with_name(f"lake{number}"), []
        chain.server.forget()
        begin = "*"
        for stage in STAGES:
            steps = {"seeds": 8, "curation": 3, "marts": 20}.get(stage, 1) if form.long else 1
            point = {"point": chance.choice(["fsync", "replace"]), "nth": 1, "after": chance.random() < 0.5}
            run = chain.start(begin, die={"stage": stage, "step": chance.randint(1, steps), **point})
            assert run.end() == -9, f"{stage}, {point}: {run.errors()}"
            begin = {"seeds": "*", "prompts": 'key:"prompts"+', "examples": 'key:"examples"+'}.get(stage, begin)
            if stage in ("curation", "marts"):
                begin = f'key:"{stage}/*"+'
        chain.finish(begin)
        record(_check(chain, untroubled, "kill -9 in every stage of a whole run"))
        assert len(chain.statuses()) == len(STAGES) + 1


def test_a_run_without_memory(chain: Chain, untroubled: Chain, record: Record) -> None:
    """It ends in some way; often the library that wants the memory ends the process."""
    run = chain.start(memory="examples")
    assert run.end() != 0
    chain.finish()
    record(_check(chain, untroubled, "no memory in the middle of a run"))


def test_a_full_folder_for_temporary_files(
    chain: Chain, untroubled: Chain, record: Record, small_disk: Callable[[str], Path]
) -> None:
    place = small_disk("size=16k")
    with pytest.raises(OSError, match="No space left"):
        (place / "full").write_bytes(b" " * 100_000)
    chain.finish(env={"TMPDIR": str(place)})
    record(_check(chain, untroubled, "TMPDIR full"))


def test_a_lake_that_becomes_read_only_between_two_runs(
    chain: Chain, untroubled: Chain, record: Record, small_disk: Callable[[str], Path]
) -> None:
    """The kernel does that to a disk that fails. Those who only read go on; the next run is refused in one line."""
    place = small_disk("size=64m")
    chain.root = place / "lake"
    run = chain.start(die={"stage": "examples", "step": 1, "point": "replace", "nth": 1, "after": False})
    assert run.end() == -9, run.errors()
    remount(place, "ro")
    refused = chain.start()
    assert refused.end() == 2
    lines = refused.errors().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("polyglot: cannot write to the lake")
    with chain.lake().connect() as connection:
        assert connection.execute("SELECT count(*) FROM lake.responses").fetchone() == (8,)
    remount(place, "rw")
    chain.finish()
    record(_check(chain, untroubled, "read-only lake"))
