"""Fixtures of the tests of publishing: a hub, and nobody's own token."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from huggingface_hub import constants
from release.fake_hub import TOKEN, FakeHub
from release.released import fill_all

from polyglot_assets.cli.main import main
from polyglot_assets.lake.store import Lake
from polyglot_assets.release import versions
from polyglot_assets.release.manifest import read
from polyglot_assets.release.render import CARD, earlier_of, render
from polyglot_assets.release.sft import Release, write
from polyglot_assets.settings import Settings

DECOY = "hf_theTokenOfAFileThatNobodyAskedFor00"

Publish = Callable[..., Result]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A hub that HF_ENDPOINT names, with a token in HF_TOKEN and others where they must not be taken from."""
    fake = FakeHub()
    for name in ("HF_OIDC_RESOURCE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    stored = tmp_path / "home" / "token"
    stored.parent.mkdir()
    stored.write_text(DECOY)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(stored))
    monkeypatch.setenv("HUGGING_FACE_HUB_TOKEN", DECOY)
    monkeypatch.setenv("HF_ENDPOINT", fake.url)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    yield fake
    fake.stop()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that would have been waited."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


@pytest.fixture(scope="session")
def released_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with a release."""
    lake = Lake(tmp_path_factory.mktemp("released") / "lake")
    lake.prepare()
    write(fill_all(lake), Settings(lake=lake.root, rows_per_cell=3))
    return lake.root


@pytest.fixture
def released(released_once: Path, lake: Lake) -> Release:
    """The release of the lake that the settings name."""
    shutil.copytree(released_once, lake.root, symlinks=True, dirs_exist_ok=True)
    folder = versions.path(lake, versions.names(lake)[0])
    return Release(folder, read(folder), (folder / "README.md").read_text(encoding="utf-8"))


@pytest.fixture
def publish(hub: FakeHub, slept: list[float]) -> Publish:
    """Runs `polyglot publish` for org/name."""

    def run(*arguments: str, repo: str = "org/name") -> Result:
        return CliRunner().invoke(main, ["publish", "--repo", repo, *arguments])

    return run


def files(folder: Path) -> dict[str, bytes]:
    """All files of a release, by their path, as they are published: the card names the repository."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    earlier = earlier_of(found[CARD].decode())
    return found | {CARD: render(read(folder), "org/name", earlier).encode()}


def refused(result: Result, message: str) -> None:
    """The command ended with one line that says why."""
    assert result.exit_code == 2, result.output
    (line,) = [line for line in result.output.splitlines() if line.startswith("polyglot: ")]
    assert message in line
    assert "Traceback" not in result.output
