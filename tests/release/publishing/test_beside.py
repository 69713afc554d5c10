"""Removing and publishing releases beside those who read them: everybody sees a release whole, or not at all."""

import os
from pathlib import Path

import pytest
from release.fake_hub import FakeHub, Request
from release.publishing.conftest import Publish, refused
from release.released import CELLS, example, fill

from polyglot_assets.lake.store import Lake
from polyglot_assets.release import versions
from polyglot_assets.release.sft import Release, write
from polyglot_assets.settings import Settings

_ROWS = "SELECT release, count(*) FROM release.sft GROUP BY ALL ORDER BY ALL"


@pytest.fixture
def two(lake: Lake, settings: Settings) -> dict[str, int]:
    """The rows of two releases of a lake."""
    made = {}
    for rows in (2, 3):
        for cell in CELLS[:2]:
            fill(lake, cell, [example(cell, number) for number in range(rows)])
        release = write(lake, settings)
        made[release.manifest.version] = release.manifest.rows
    return dict(sorted(made.items()))


def _prune(lake: Lake) -> str:
    gone = versions.names(lake)[0]
    with versions.alone(lake):
        versions.remove(lake, gone, "pruned")
    return gone


def test_a_query_that_began_before_a_release_was_removed_sees_it_whole(lake: Lake, two: dict[str, int]) -> None:
    with lake.connect() as connection:
        gone = _prune(lake)
        assert dict(connection.execute(_ROWS).fetchall()) == two
        assert connection.execute("SELECT count(*) FROM release.history").fetchone() == (2,)
    with lake.connect() as connection:
        assert dict(connection.execute(_ROWS).fetchall()) == {name: rows for name, rows in two.items() if name != gone}


@pytest.mark.parametrize("nth", range(1, 9))
def test_a_release_that_is_removed_while_a_query_begins_is_seen_whole_or_not_at_all(
    lake: Lake, two: dict[str, int], monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    real, left = os.link, [nth]

    def link(source: Path, target: Path) -> None:
        if "release" in Path(source).parts:
            left[0] -= 1
            if left[0] == 0:
                _prune(lake)
        real(source, target)

    monkeypatch.setattr(os, "link", link)
    with lake.connect() as connection:
        seen = dict(connection.execute(_ROWS).fetchall())
    kept = versions.names(lake)
    assert all(rows == two[name] for name, rows in seen.items())
    assert set(kept) <= set(seen)


def test_readers_and_a_prune_of_others_do_not_disturb_publishing(
    hub: FakeHub, publish: Publish, lake: Lake, two: dict[str, int]
) -> None:
    seen = []

    def before(request: Request) -> None:
        if len(versions.names(lake)) == 2:
            _prune(lake)
        with lake.connect() as connection:
            seen.append(dict(connection.execute(_ROWS).fetchall()))

    hub.before = before
    result = publish("--create", "--yes")
    assert result.exit_code == 0, result.output
    newest = versions.latest(lake)
    assert seen
    assert all(rows == {newest: two[str(newest)]} for rows in seen)
    assert any(path.startswith("data/") for path in hub.repos["org/name"].files())


def test_a_release_that_is_removed_while_it_is_published_is_one_line_and_no_commit(
    hub: FakeHub, publish: Publish, lake: Lake, released: Release
) -> None:
    def before(request: Request) -> None:
        if request.method == "POST" and "preupload" in request.path and versions.names(lake):
            _prune(lake)

    hub.before = before
    result = publish("--create", "--yes")
    refused(result, "was removed while it was published")
    assert not [path for path in hub.repos["org/name"].files() if path.startswith("data/")]
