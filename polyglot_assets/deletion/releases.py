"""Taking rows out of the releases: each release that holds one is replaced by a version without it.

Here: which rows of which release. Not here: how a release is made and put in its place (release/).

What was published elsewhere or copied is out of reach; the new version says in its manifest and history what it
replaces, so whoever has the old one can be told.
"""

from collections.abc import Collection, Iterator

from polyglot_assets.lake.store import Lake
from polyglot_assets.release import sft, versions
from polyglot_assets.release.contents import opened, query

_WHY = "deletion request"


def rows(lake: Lake, deleted: Collection[str], examples: Collection[str]) -> dict[str, dict[str, set[str]]]:
    """By version, the ids of its rows that go, with the seeds concerned.

    Args:
        lake: whose releases.
        deleted: seed_ids.
        examples: ids of examples that go for another reason.
    """
    found: dict[str, dict[str, set[str]]] = {}
    for version in versions.names(lake):
        with opened(versions.path(lake, version)) as connection:
            for row in query(connection, "SELECT id, seed_id, exemplar_ids FROM lineage"):
                seeds = {row["seed_id"], *row["exemplar_ids"]} & set(deleted)
                if seeds or row["id"] in examples:
                    found.setdefault(version, {})[row["id"]] = seeds
    return found


def replace(lake: Lake, deleted: Collection[str], examples: Collection[str]) -> Iterator[tuple[str, str, int]]:
    """Replaces the releases concerned; yields the old version, the new one, and how many rows went."""
    for version, ids in rows(lake, deleted, examples).items():
        released = sft.without(lake, version, sorted(ids), _WHY)
        with versions.alone(lake):
            versions.remove(lake, version, _WHY)
        yield version, released.folder.name, len(ids)
