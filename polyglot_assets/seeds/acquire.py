"""Finding a source's files: in the samples, in local folders, or on the Hugging Face hub.

Here: which files, at which revision. Not here: what is in them (reading.py).

A hub revision is resolved once per lake and written to `revisions.json`, so that every later cell reads the same
rows; removing the entry takes the newest revision again. Files are fetched once into the hub's own cache.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from polyglot_assets.domain.errors import UserError, shown
from polyglot_assets.domain.ids import files_digest
from polyglot_assets.lake.files import locked, write_text
from polyglot_assets.lake.reading import is_folder, json_object, json_value, text_of
from polyglot_assets.seeds.source import Source
from polyglot_assets.settings import HUB, SAMPLES, Settings, absolute, bundled

SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz", ".json", ".json.gz")
REVISIONS = "revisions.json"
_PATIENCE = 30.0
"""Seconds to wait for the hub's answer; its client would wait for ever."""


@dataclass(frozen=True)
class Files:
    """The native files of a source below `root`, at `revision`."""

    root: Path
    paths: tuple[Path, ...]
    revision: str


def places(settings: Settings) -> tuple[str | Path, ...]:
    """Where seeds are looked for, in this order: `samples`, `hub`, and folders."""
    written = settings.seeds
    whole = "," not in written or is_folder(absolute(Path(written), "POLYGLOT_SEEDS"))
    parts = [written] if whole else [part.strip() for part in written.split(",") if part.strip()]
    return tuple(part if part in (SAMPLES, HUB) else absolute(Path(part), "POLYGLOT_SEEDS") for part in parts)


def find(source: Source, settings: Settings) -> Files | None:
    """The files of a source in the first place of POLYGLOT_SEEDS that has it; None if local folders have nothing of it.

    Raises:
        UserError: a folder does not exist, holds no file of the expected kind, or the hub does not answer.
    """
    chosen = places(settings)
    for place in chosen:
        if isinstance(place, Path) and not is_folder(place):
            raise UserError(f"POLYGLOT_SEEDS: {place} is not a folder; write {SAMPLES}, {HUB} or an existing folder")
    found = place_of(source, settings)
    if isinstance(found, Path):
        return _in_folder(source, found)
    return _from_hub(source, settings.lake) if found == HUB else None


def place_of(source: Source, settings: Settings) -> Path | str | None:
    """The folder in which a source lies, or `hub`; None if local folders have nothing of it."""
    if source.file:
        return source.file.parent
    for place in places(settings):
        if place == HUB:
            return HUB
        root = place if isinstance(place, Path) else bundled("samples")
        if (root / source.folder).is_dir():
            return root / source.folder
    return None


def origin_of(source: Source, settings: Settings) -> str:
    """Where the seeds of a source come from, in a word: `samples`, `hub`, `folder`, or `nowhere`."""
    place = place_of(source, settings)
    if isinstance(place, Path):
        return SAMPLES if place.parent == bundled("samples") else "folder"
    return place or "nowhere"


def _in_folder(source: Source, folder: Path) -> Files:
    try:
        paths = _training_files(source, folder)
        # A file that says what the columns mean decides about the seeds as much as the data does.
        revision = f"files-{files_digest([*paths, *filter(None, [source.file])], folder)}"
    except OSError as error:
        raise UserError(f"{error.filename or folder}: cannot be read ({error.strerror})") from None
    if not paths:
        if source.file and source.files:
            raise UserError(f"{source.file}: files: no file in {folder} matches {' or '.join(source.files)}")
        named = f"no file matches {' or '.join(source.files)}, and " if source.files else ""
        raise UserError(f"{folder}: {named}none ends in {SUFFIXES}")
    return Files(folder, paths, revision)


def _training_files(source: Source, folder: Path) -> tuple[Path, ...]:
    """Files named as in the original repository, else all readable files that lie directly in the folder.

    Those that a `source.toml` names are not replaced by others.
    """
    if source.file and source.files:
        return _named(source, folder)
    readable = sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIXES) and path.is_file())
    return _named(source, folder) or tuple(readable)


def _named(source: Source, folder: Path) -> tuple[Path, ...]:
    return tuple(sorted({path for pattern in source.files for path in folder.glob(pattern) if path.is_file()}))


def _from_hub(source: Source, lake: Path) -> Files:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError

    try:
        revision = _hub_revision(source.repo, lake)
        root = Path(
            snapshot_download(source.repo, repo_type="dataset", revision=revision, allow_patterns=list(source.files))
        )
    except GatedRepoError:
        raise UserError(f"{source.repo}: access is gated; accept its terms on the hub and set HF_TOKEN") from None
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 the hub's client lets its HTTP library's own errors through
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"{source.repo}: the Hugging Face hub did not give it: {reason}") from None
    paths = _named(source, root)
    if not paths:
        raise UserError(f"{source.repo}@{revision}: no file matches {' or '.join(source.files)}")
    return Files(root, paths, revision)


def _hub_revision(repo: str, lake: Path) -> str:
    """The recorded revision of a hub dataset; resolves and records it on first use."""
    from huggingface_hub import HfApi

    path = lake / REVISIONS
    # One process at a time: two runs that resolve different datasets would lose one another's entry.
    with locked(lake / ".revisions.lock"):
        recorded = known_revisions(path)
        if repo not in recorded:
            revision = str(HfApi().dataset_info(repo, timeout=_PATIENCE).sha)
            if not re.fullmatch("[0-9a-f]{40,64}", revision):  # it becomes the name of a folder
                raise UserError(f"{repo}: the Hugging Face hub names no commit but {shown(revision)}")
            recorded[repo] = revision
            write_text(json.dumps(recorded, indent=2, sort_keys=True) + "\n", path)
        return recorded[repo]


def known_revisions(path: Path) -> dict[str, str]:
    """The revisions of hub datasets that a lake goes by, by their ids."""
    if not path.exists():
        return {}
    recorded = json_object(str(path), json_value(str(path), text_of(path), whole=True))
    return {repo: str(revision) for repo, revision in recorded.items()}
