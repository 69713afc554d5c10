"""Versions: which there are, which is the latest, and that a killed process leaves none half there."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner
from release.released import CELLS, example, fill
from release.test_sft import files

from polyglot_assets.cli.main import main
from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.store import Lake
from polyglot_assets.release import versions
from polyglot_assets.release.sft import write
from polyglot_assets.release.verify import verify
from polyglot_assets.settings import Settings


def releases(lake: Lake, settings: Settings, number: int) -> list[str]:
    """So many releases, each with a row more."""
    made = []
    for rows in range(1, number + 1):
        fill(lake, CELLS[0], [example(CELLS[0], one) for one in range(rows)])
        made.append(write(lake, settings).manifest.version)
    return made


def test_names_are_in_the_order_of_release(lake: Lake, settings: Settings) -> None:
    made = releases(lake, settings, 4)
    assert versions.names(lake) == made
    fill(lake, CELLS[0], [example(CELLS[0], 0)])
    assert write(lake, settings).manifest.version == made[0], "the lake is as it was"
    assert versions.latest(lake) == made[0]
    assert versions.names(lake) == [*made[1:], made[0]]
    assert [event.release for event in versions.history(lake)] == [*made, made[0]]


def test_a_version_is_named_by_its_first_digits(lake: Lake, settings: Settings) -> None:
    with pytest.raises(UserError, match="no release yet"):
        versions.resolve(lake, "latest")
    made = releases(lake, settings, 2)
    assert versions.resolve(lake, "latest") == made[-1]
    assert versions.resolve(lake, made[0][:6]) == made[0]
    for text in ("zz", "", f"{made[0]}0"):
        with pytest.raises(UserError, match="no release begins"):
            versions.resolve(lake, text)
    (versions.folder(lake) / f"{made[0][:11]}g").mkdir()
    assert versions.names(lake) == made, "what is no version does not count"


def test_when_the_latest_is_removed_the_one_before_takes_its_place(lake: Lake, settings: Settings) -> None:
    made = releases(lake, settings, 3)
    for gone, newest in ((made[2], made[1]), (made[0], made[1]), (made[1], None)):
        with versions.alone(lake):
            versions.remove(lake, gone, "no longer wanted")
        assert gone not in versions.names(lake)
        last = versions.history(lake)[-1]
        assert (last.release, last.what, last.why) == (gone, "removed", "no longer wanted")
        assert versions.latest(lake) == newest
        with lake.connect() as connection:
            found = connection.sql("SELECT DISTINCT release FROM release.sft").fetchall()
            assert {name for (name,) in found} == set(versions.names(lake))


class KilledError(BaseException):
    """The process is gone: from now on it changes nothing any more."""


@contextmanager
def killed(after: int, *, within_folders: bool) -> Iterator[None]:
    """Lets so many changes of the file system happen, and no more, not even those that would clean up.

    Removing a folder is one change, or as many as there are files and folders in it (`within_folders`).
    """
    left = after

    def mortal(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            if left <= 0:
                raise KilledError
            left -= within_folders or "dir_fd" not in options
            return original(*arguments, **options)

        return call

    with ExitStack() as stack:
        for name in ("rename", "replace", "symlink_to", "unlink"):
            stack.enter_context(patch.object(Path, name, mortal(getattr(Path, name))))
        for name in ("unlink", "rmdir"):
            stack.enter_context(patch(f"os.{name}", mortal(getattr(os, name))))
        yield


@pytest.mark.parametrize("action", ["write", "remove"])
def test_a_process_that_is_killed_leaves_whole_versions_and_the_next_one_goes_on(
    action: str, lake: Lake, settings: Settings
) -> None:
    first, second = releases(lake, settings, 2)
    fill(lake, CELLS[0], [example(CELLS[0], one) for one in range(3)])

    def act() -> None:
        if action == "write":
            write(lake, settings)
        else:
            with versions.alone(lake):
                versions.remove(lake, second, "")

    verified: dict[
        str | None, dict[str, bytes]
    ] = {}  # what has the bytes that were verified need not be verified again
    for deaths in count():
        try:
            with killed(deaths, within_folders=action == "remove"):
                act()
        except KilledError:
            newest = versions.latest(lake)
            assert newest in versions.names(lake)
            there = files(versions.path(lake, newest))
            if verified.get(newest) != there:
                assert not any(verify(versions.path(lake, newest)).values())
                verified[newest] = there
        else:
            break
    assert deaths > 3
    assert len(versions.names(lake)) == (3 if action == "write" else 1)
    assert versions.latest(lake) == (versions.names(lake)[-1] if action == "write" else first)
    assert [event.what for event in versions.history(lake)].count("released") == (3 if action == "write" else 2)
    with versions.alone(lake):  # clears what was left
        left = {path.name for path in versions.folder(lake).iterdir() if not path.name.startswith(".write-")}
    assert left <= {*versions.names(lake), "latest", ".latest", "history.jsonl"}


def test_commands(lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYGLOT_LAKE", str(lake.root))
    runner = CliRunner()
    made = releases(lake, settings, 3)
    listed = runner.invoke(main, ["releases"])
    assert all(version in listed.output for version in made)
    assert runner.invoke(main, ["verify", made[0][:8]]).exit_code == 0
    (versions.path(lake, made[0]) / "README.md").write_text("# Other\n")
    broken = runner.invoke(main, ["verify", made[0][:8]])
    assert broken.exit_code == 1
    assert "FAILED card" in broken.output
    unknown = runner.invoke(main, ["verify", "nothing"])
    assert unknown.exit_code == 2
    assert "no release begins with 'nothing'" in unknown.output
    asked = runner.invoke(main, ["prune", "--keep", "2"])
    assert f"{made[0]} would be removed" in asked.output
    assert versions.names(lake) == made
    runner.invoke(main, ["prune", "--keep", "2", "--yes"])
    assert versions.names(lake) == made[1:]
