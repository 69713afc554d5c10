"""The list of seed sources, in the order of precedence: of two equal prompts the earlier source's is kept.

Human-written sources come before synthetic ones, and those of the user's own (own.py) after all others.
"""

from collections.abc import Iterator
from pathlib import Path

from polyglot_assets.domain.errors import UserError, nearest
from polyglot_assets.lake.reading import is_folder
from polyglot_assets.seeds import (
    alpaca_filipino,
    aya,
    cendol,
    cidar,
    euroblocks,
    gsm8k,
    helpsteer3,
    magpie_pro,
    oasst2,
    own,
    wildchat,
)
from polyglot_assets.seeds.acquire import SUFFIXES, places
from polyglot_assets.seeds.source import Source
from polyglot_assets.settings import Settings

SOURCES: tuple[Source, ...] = (
    oasst2.SOURCE,
    aya.SOURCE,
    wildchat.SOURCE,
    helpsteer3.SOURCE,
    gsm8k.SOURCE,
    cidar.SOURCE,
    cendol.SOURCE,
    euroblocks.SOURCE,
    magpie_pro.SOURCE,
    alpaca_filipino.SOURCE,
)

PRECEDENCE = {source.repo: place for place, source in enumerate(SOURCES)}
"""Place of a source by its repository id; smaller wins."""


def sources_of(settings: Settings) -> tuple[Source, ...]:
    """All sources: those that come with the project, and those of the user's own in the folders of POLYGLOT_SEEDS.

    Raises:
        UserError: a `source.toml` cannot be used, or two sources have the same name.
    """
    found = list(SOURCES)
    for folder in _folders(settings):
        for file in sorted(folder.glob(f"*/{own.FILE}")):
            source = own.read(file)
            for other in found:
                if other.repo == source.repo or other.name == source.name:
                    taken = other.file.parent if other.file else f"the source {other.repo} of this project"
                    name = f"would be called {source.name!r}" if other.name == source.name else "is called"
                    raise UserError(f"{file}: its folder {name} like {taken}; rename the folder")
            found.append(source)
    return tuple(found)


def unread(settings: Settings) -> Iterator[str]:
    """What lies in the folders of POLYGLOT_SEEDS and is read by nothing, one sentence each."""
    known = [source.folder for source in SOURCES]
    for folder in _folders(settings):
        for path in sorted(folder.iterdir()):
            if path.name.startswith(".") or path.name in known or (path / own.FILE).is_file():
                continue
            if path.is_dir():
                hint = nearest(path.name, known)
                hint = hint if "did you mean" in hint else f"; a {own.FILE} in it says what its columns mean"
                yield f"{path} is not read: no source has a folder of this name{hint}"
            elif path.name.endswith(SUFFIXES):
                yield f"{path} is not read: put it into a folder of its own, with a {own.FILE} beside it"


def _folders(settings: Settings) -> list[Path]:
    return [place for place in places(settings) if isinstance(place, Path) and is_folder(place)]
