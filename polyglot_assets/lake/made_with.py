"""What a file of the lake was made with: the settings that decided about its rows, in a small file beside it.

Here: writing and reading these notes. Not here: which settings decide about what (settings/groups.py, and the stages).

They do not stand in the Parquet file itself: equal rows give equal bytes, whatever was chosen. A file without one was
made by an earlier version, or while a run was cut off, and nothing is known of it then.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from polyglot_assets.lake.files import replacing

NAME = "made_with.json"

Note = dict[str, Any]


def read(file: Path) -> Note | None:
    """What a file was made with; None if that is not known."""
    try:
        values = json.loads(_beside(file).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none, or one that a power cut left in pieces
        return None
    return values if isinstance(values, dict) else None


@contextmanager
def noted(file: Path, values: Mapping[str, Any]) -> Iterator[None]:
    """While a file is replaced: afterwards its note says `values`, and if that does not come to pass there is none."""
    doubt(file, values)
    yield
    write(file, values)


def doubt(file: Path, values: Mapping[str, Any]) -> None:
    """Before a file is replaced: takes its note away, if that would say something else then."""
    if read(file) != _plain(values):
        _beside(file).unlink(missing_ok=True)


def write(file: Path, values: Mapping[str, Any]) -> None:
    """After a file was replaced: says what it was made with."""
    if read(file) != _plain(values):
        with replacing(_beside(file), flush=False) as handle:
            handle.write(json.dumps(values, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n")


def _beside(file: Path) -> Path:
    return file.with_name(NAME)


def _plain(values: Mapping[str, Any]) -> Note:
    """As JSON gives them back."""
    plain: Note = json.loads(json.dumps(values))
    return plain
