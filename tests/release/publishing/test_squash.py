"""What the lake has removed leaves the hub's history too, and what it has stays loadable."""

import re
import shutil
from copy import deepcopy
from pathlib import Path

import pytest
from click.testing import CliRunner
from release.fake_hub import TOKEN, FakeHub, Fault
from release.fake_hub_store import Repo, Request, failure
from release.publishing.conftest import Publish, files, refused
from release.released import CELLS, example, fill

from polyglot_assets.cli.main import main
from polyglot_assets.lake.store import Lake
from polyglot_assets.release import publish as publish_
from polyglot_assets.release import versions
from polyglot_assets.release.sft import Release, write
from polyglot_assets.settings import Settings


@pytest.fixture(autouse=True)
def verified(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every folder holds: these tests are about the hub."""
    monkeypatch.setattr(publish_, "verify", lambda _: {})


@pytest.fixture(scope="session")
def three_once(tmp_path_factory: pytest.TempPathFactory, released_once: Path) -> tuple[Path, Repo]:
    """A lake with three releases, and the repository to which they were published."""
    lake, hub = Lake(tmp_path_factory.mktemp("three") / "lake"), FakeHub()
    shutil.copytree(released_once, lake.root, symlinks=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLYGLOT_LAKE", str(lake.root))
        patch.setenv("HF_ENDPOINT", hub.url)
        patch.setenv("HF_TOKEN", TOKEN)
        patch.setattr(publish_, "verify", lambda _: {})
        for rows in (0, 2, 1):
            if rows:
                fill(lake, CELLS[0], [example(CELLS[0], number) for number in range(1, rows + 1)])
                write(lake, Settings(lake=lake.root, rows_per_cell=3))
            result = CliRunner().invoke(main, ["publish", "--repo", "org/name", "--create", "--yes"])
            assert result.exit_code == 0, result.output
    hub.stop()
    return lake.root, hub.repos["org/name"]


@pytest.fixture
def three(hub: FakeHub, lake: Lake, three_once: tuple[Path, Repo]) -> list[Path]:
    """Three releases, all published; then the lake removes the first on request."""
    shutil.copytree(three_once[0], lake.root, symlinks=True, dirs_exist_ok=True)
    hub.repos["org/name"] = deepcopy(three_once[1])
    made = [versions.path(lake, name) for name in versions.names(lake)]
    with versions.alone(lake):
        versions.remove(lake, made[0].name, "request 7")
    return made


@pytest.fixture
def old(three_once: tuple[Path, Repo], three: list[Path]) -> set[bytes]:
    """The shards of the release that was removed."""
    return shards(three_once[0] / "release" / "sft" / three[0].name)


def shards(folder: Path) -> set[bytes]:
    return {content for path, content in files(folder).items() if path.endswith(".parquet")}


def reachable(repo: Repo) -> set[bytes]:
    return {file.content for commit in repo.reachable.values() for file in commit.files.values()}


def test_removed_rows_are_told_of_until_they_are_gone(hub: FakeHub, publish: Publish, three: list[Path]) -> None:
    for arguments in ((), ("--yes",)):
        result = publish(*arguments)
        assert f"Release {three[0].name}, which this lake has removed (request 7), is on the hub." in result.output
        assert "until this is run with --squash-history" in result.output
    hub.repos["org/name"].tags.pop(f"v-{three[0].name}")
    assert three[0].name in publish().output, "a commit still leads to it"
    assert publish("--squash-history", "--yes").exit_code == 0
    assert three[0].name not in publish().output


def test_after_squashing_only_what_the_lake_has_can_be_reached(
    hub: FakeHub, publish: Publish, three: list[Path], old: set[bytes]
) -> None:
    repo = hub.repos["org/name"]
    kept = shards(three[1]) | shards(three[2])
    assert old - kept
    assert old <= reachable(repo)
    dry = publish("--squash-history")
    steps = [line.removeprefix("then: ") for line in dry.output.splitlines() if line.startswith("then: ")]
    assert len(repo.reachable) == 4, "a dry run changes nothing"
    result = publish("--squash-history", "--yes")
    assert result.exit_code == 0, result.output
    assert steps == [line for line in result.output.splitlines() if line in steps]
    assert len(steps) == 4
    assert not (old - kept) & reachable(repo)
    assert set(repo.tags) == {f"v-{folder.name}" for folder in three[1:]}
    assert set(repo.branches) == {"main"}
    for folder in three[1:]:
        assert {p: c for p, c in repo.files(f"v-{folder.name}").items() if p != ".gitattributes"} == files(folder)
        assert len(repo.history(f"v-{folder.name}")) == 1
    assert repo.branches["main"] == repo.tags[f"v-{three[2].name}"]
    for line in ("Storage in", "pull requests", "what they have stays with them"):
        assert line in result.output
    again = publish("--squash-history", "--yes")
    assert not set(steps) & set(again.output.splitlines())


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("place", range(9))
def test_a_squash_that_was_cut_off_is_finished_by_the_next(
    hub: FakeHub,
    publish: Publish,
    three: list[Path],
    old: set[bytes],
    place: int,
    late: bool,  # noqa: FBT001 a parameter of the test
) -> None:
    """Each of the nine requests that change something fails once, before or after it was done."""
    repo = hub.repos["org/name"]
    changing = "^(DELETE|POST .*/(super-squash|tag|branch)/)"
    seen = iter(range(100))
    fault = Fault(changing, failure(400, "cut off"), times=0, late=late)
    hub.faults = [fault]

    def count(request: Request) -> None:
        if re.search(changing, f"{request.method} {request.path}"):
            fault.times = int(next(seen) == place)

    hub.before = count
    refused(publish("--squash-history", "--yes"), "cut off")
    result = publish("--squash-history", "--yes")
    assert result.exit_code == 0, result.output
    kept = shards(three[1]) | shards(three[2])
    assert not (old - kept) & reachable(repo)
    assert set(repo.tags) == {f"v-{folder.name}" for folder in three[1:]}
    assert set(repo.branches) == {"main"}
    assert [len(repo.history(tag)) for tag in repo.tags] == [1, 1]
    assert repo.branches["main"] == repo.tags[f"v-{three[2].name}"]


def test_tags_and_branches_of_others_stay_and_are_named(hub: FakeHub, publish: Publish, three: list[Path]) -> None:
    repo = hub.repos["org/name"]
    repo.tags |= {"v-0123456789ab": repo.branches["main"], "best": repo.branches["main"]}
    repo.branches["next"] = repo.branches["main"]
    result = publish("--squash-history", "--yes")
    assert "delete the tag v-0123456789ab if it" in result.output
    assert "delete the branch next if it" in result.output
    assert {"v-0123456789ab", "best"} <= set(repo.tags)
    assert "next" in repo.branches


def test_squashing_comes_with_publishing(
    hub: FakeHub, publish: Publish, lake: Lake, three: list[Path], settings: Settings
) -> None:
    fill(lake, CELLS[0], [example(CELLS[0], 9)])
    new = write(lake, settings)
    assert "then: squash the history of main into one commit" in publish("--squash-history").output
    assert publish("--squash-history", "--yes").exit_code == 0
    repo = hub.repos["org/name"]
    assert len(repo.history("main")) == 1
    assert repo.tags[f"v-{new.manifest.version}"] == repo.branches["main"]
    assert len(repo.tags) == 3


def test_a_release_from_elsewhere_cannot_say_what_was_removed(
    hub: FakeHub, publish: Publish, released: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYGLOT_LAKE", str(tmp_path / "another"))
    hub.new()
    refused(publish(str(released.folder), "--squash-history", "--yes"), "it says which were removed")
    assert publish(str(released.folder), "--yes").exit_code == 0
    assert not (tmp_path / "another").exists()
