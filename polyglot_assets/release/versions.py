"""The releases of a lake: one immutable folder per version, which one is the latest, and what was released when.

Here: names, order, putting a finished folder in its place and taking one away. Not here: what is in the folder
(manifest.py, sft.py).

    release/sft/<version>/      a release; the version is a hash of its manifest
    release/sft/latest          a symbolic link to the newest one; where there are none, a file with its name
    release/sft/history.jsonl   a line for each time that a release became the latest, or was removed
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.files import DRAFT, locked, scratch, sweep_scratch, sync_folder, write_text
from polyglot_assets.lake.store import Lake
from polyglot_assets.lake.views import RELEASES
from polyglot_assets.release.manifest import MANIFEST, Manifest, first_breach, read

LATEST = "latest"
_VERSION = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Event:
    """A line of the history.

    Attributes:
        recorded_at: UTC, to the second.
        release: the version.
        what: released, replaced (an earlier one without deleted rows), or removed.
        rows: of the release.
        replaces: the version that was the latest before, or the one in whose place this comes.
        why: in words; empty for a release of the lake as it was.
    """

    recorded_at: str
    release: str
    what: Literal["released", "replaced", "removed"]
    rows: int
    replaces: str | None = None
    why: str = ""


_EVENT = TypeAdapter(Event)


def folder(lake: Lake) -> Path:
    """Where the releases lie."""
    return lake.root / RELEASES


def path(lake: Lake, version: str) -> Path:
    """The folder of a version."""
    return folder(lake) / version


def names(lake: Lake) -> list[str]:
    """The versions that are there, the one that was released last at the end."""
    order: dict[str, int] = {}
    for place, event in enumerate(history(lake)):
        if event.what == "released":
            order[event.release] = place
        elif event.what == "replaced":
            order.setdefault(event.release, order.get(event.replaces or "", place))
    there = [entry.name for entry in _versions(lake)]
    return sorted(there, key=lambda version: (order.get(version, -1), version))


def latest(lake: Lake) -> str | None:
    """The newest version; None where nothing was released."""
    pointer = folder(lake) / LATEST
    if pointer.is_symlink():
        return pointer.readlink().name
    return pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else None


def resolve(lake: Lake, text: str) -> str:
    """The version that a user means: `latest`, a version, or its first digits.

    Raises:
        UserError: there is none, or there are several.
    """
    known = names(lake)
    if text == LATEST and (newest := latest(lake)):
        return newest
    found = [version for version in known if text and version.startswith(text)]
    if len(found) == 1:
        return found[0]
    if not known:
        raise UserError(f"the lake {lake.root} has no release yet; `polyglot materialize` makes one")
    there = f"there are {', '.join(known)}"
    raise UserError(f"{'several releases begin' if found else 'no release begins'} with {text!r}; {there}")


def followed(path: Path) -> Path:
    """The release folder that a path means: where there are no links, `latest` is a file beside it."""
    if path.name == LATEST and path.is_file():
        return path.with_name(path.read_text(encoding="utf-8").strip())
    return path


def history(lake: Lake) -> list[Event]:
    """What was released and removed, oldest first.

    Raises:
        UserError: a line is no event, such as one of a file that was edited; the message says which.
    """
    file = history_path(lake)
    if not file.exists():
        return []
    events = []
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        try:
            events.append(_EVENT.validate_json(line))
        except ValidationError as error:
            raise UserError(f"{file}, line {number}: {first_breach(error)}") from None
    return events


def history_path(lake: Lake) -> Path:
    """The file with the history, JSON lines of `Event`."""
    return folder(lake) / "history.jsonl"


@contextmanager
def alone(lake: Lake) -> Iterator[None]:
    """While it is held no other process changes the releases of the lake; another one waits."""
    home = folder(lake)
    with locked(home.parent / ".sft.lock"):
        home.mkdir(exist_ok=True)
        sweep_scratch(home, DRAFT)
        yield


@contextmanager
def draft(lake: Lake) -> Iterator[Path]:
    """An empty folder in which a release is put together; to be used while `alone`. What stays in it goes away."""
    with scratch(folder(lake), DRAFT) as place:
        yield place


def put(lake: Lake, finished: Path, manifest: Manifest, why: str = "", instead_of: str | None = None) -> Path:
    """Makes a finished draft the latest release and returns its folder. A version that is there already stays as it is.

    Args:
        lake: whose release it is.
        finished: a folder from `draft`.
        manifest: its manifest.
        why: in words, for the history.
        instead_of: the earlier release in whose place this one comes: it becomes the latest only if that one was.
    """
    version, target = manifest.version, path(lake, manifest.version)
    if not (target / MANIFEST).exists():
        _flush(finished)
        finished.rename(target)
        sync_folder(target.parent)
    # Noted before it is the latest: what was interrupted is done again, and then not noted twice.
    before = latest(lake)
    if instead_of:
        pointer = _pointer(lake, version)
        _note(lake, Event(_now(), version, "replaced", manifest.rows, instead_of, why))
        if before == instead_of:
            _set_latest(lake, pointer)
    elif before != version:
        pointer = _pointer(lake, version)
        _note(lake, Event(_now(), version, "released", manifest.rows, before, why))
        _set_latest(lake, pointer)
    return target


def remove(lake: Lake, version: str, why: str) -> None:
    """Removes a version. If it was the latest, the one that was released before it becomes that."""
    target = path(lake, version)
    if latest(lake) == version:
        others = [name for name in names(lake) if name != version]
        if others:
            _set_latest(lake, _pointer(lake, others[-1]))
        else:
            (folder(lake) / LATEST).unlink()
    if target.exists():
        # By the history, which knows it also where the manifest is damaged: that must not keep it from being removed.
        noted = [event.rows for event in history(lake) if event.release == version]
        _note(lake, Event(_now(), version, "removed", noted[-1] if noted else read(target).rows, None, why))
        # Renamed first, so that a version that is half removed is no version.
        rest = target.rename(folder(lake) / f"{DRAFT}{version}")
        shutil.rmtree(rest, ignore_errors=True)  # a sweep may be at it, too


def _versions(lake: Lake) -> Iterator[Path]:
    home = folder(lake)
    for entry in home.iterdir() if home.is_dir() else ():
        if _VERSION.fullmatch(entry.name) and (entry / MANIFEST).exists():
            yield entry


def _pointer(lake: Lake, version: str) -> Path:
    """What will be `latest`: a link or, on a file system that has none, a file. Nothing that can fail is left then."""
    pointer = folder(lake) / f".{LATEST}"
    pointer.unlink(missing_ok=True)
    try:
        pointer.symlink_to(version, target_is_directory=True)
    except OSError:
        write_text(f"{version}\n", pointer)
    return pointer


def _set_latest(lake: Lake, pointer: Path) -> None:
    pointer.replace(folder(lake) / LATEST)
    sync_folder(folder(lake))


def _note(lake: Lake, event: Event) -> None:
    """Notes an event, unless it was noted since the last release: by a run that was killed and is done again."""
    earlier = history(lake)
    for known in reversed(earlier):
        if replace(known, recorded_at=event.recorded_at) == event:
            return
        if known.what == "released":
            break
    lines = [json.dumps(asdict(entry), ensure_ascii=False) + "\n" for entry in (*earlier, event)]
    write_text("".join(lines), history_path(lake))


def _flush(finished: Path) -> None:
    """Puts all files and folders of a draft on the disk, so that a version is never half there."""
    for entry in sorted(finished.rglob("*"), reverse=True):
        if entry.is_dir():
            sync_folder(entry)
        else:
            with entry.open("rb") as handle:
                os.fsync(handle.fileno())
    sync_folder(finished)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
