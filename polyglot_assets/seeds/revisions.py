"""New revisions of seed datasets: whether there are any, without reading or fetching the files.

Here: what is there now, and taking a newer one on. Not here: the files (acquire.py), and what becomes of the news
(sensor.py).
"""

import json
from collections.abc import Iterable
from pathlib import Path

from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.ids import content_id
from polyglot_assets.lake.files import locked, write_text
from polyglot_assets.seeds.acquire import REVISIONS, known_revisions, place_of, places
from polyglot_assets.seeds.source import Source
from polyglot_assets.settings import HUB, Settings

_PATIENCE = 30.0


def present(sources: Iterable[Source], settings: Settings) -> dict[str, str]:
    """What there is of each source now, by its name: the newest commit on the hub, or a hash of names, sizes and times.

    Sources that a folder does not have are left out, and so are datasets of which the hub says nothing.
    """
    stamps = {}
    for source in sources:
        place = place_of(source, settings)
        stamp = _stamp(place) if isinstance(place, Path) else _newest(source.repo) if place == HUB else None
        if stamp:
            stamps[source.name] = stamp
    return stamps


def take(sources: Iterable[Source], settings: Settings) -> None:
    """Lets the next run read the newest revision of these sources. Only the hub's are recorded, and stay until then."""
    if HUB not in places(settings):
        return
    path = settings.lake / REVISIONS
    with locked(settings.lake / ".revisions.lock"):
        known = known_revisions(path)
        left = {repo: commit for repo, commit in known.items() if repo not in {source.repo for source in sources}}
        if left != known:
            write_text(json.dumps(left, indent=2, sort_keys=True) + "\n", path)


def _newest(repo: str) -> str | None:
    from huggingface_hub import HfApi

    try:
        return str(HfApi().dataset_info(repo, timeout=_PATIENCE).sha)
    except Exception:  # noqa: BLE001 the hub's client lets its HTTP library's own errors through
        return None  # there is a next time


def _stamp(folder: Path) -> str:
    try:
        files = [(path, path.stat()) for path in sorted(folder.rglob("*")) if path.is_file()]
    except OSError as error:
        raise UserError(f"{error.filename or folder}: cannot be read ({error.strerror})") from None
    return content_id([[str(path.relative_to(folder)), seen.st_size, seen.st_mtime_ns] for path, seen in files])
