"""The commented polyglot.toml that `polyglot init` writes.

Here: its text, made from the settings. Not here: reading such a file (sources.py).
"""

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from polyglot_assets.settings.groups import GROUPS, SECRET
from polyglot_assets.settings.places import checkout
from polyglot_assets.settings.sources import KEYS, variable

_WIDTH = 110
_HEAD = """\
Settings of a polyglot lake. All lines are comments that show the defaults: take the `#` away before a key to choose
another value. Variables such as POLYGLOT_ROWS_PER_CELL, and `.env` beside this file, have the last word; secrets stand
only there. A relative path begins at this file's folder. `polyglot settings` shows where each value comes from.
"""


def text() -> str:
    """The file: every setting with its meaning and its default."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from _comment(_HEAD)
    for group in GROUPS:
        yield ""
        yield from _comment((group.__doc__ or "").splitlines()[0])
        yield f"[{group.table}]"
        for name, field in group.model_fields.items():
            yield ""
            yield from _comment(field.description or "")
            if SECRET in field.metadata:
                yield from _comment(f"A secret: {variable(name)} in the environment or in `.env`.")
            else:
                yield f"#{KEYS[name][1]} = {written(field.get_default(call_default_factory=True))}"


def _comment(words: str) -> Iterator[str]:
    return (f"# {line}" for line in textwrap.wrap(words, _WIDTH))


def written(value: Any) -> str:
    """A value as TOML has it; paths the same on every machine."""
    if value is None:
        return '""'
    if isinstance(value, Path):
        return json.dumps(portable(value), ensure_ascii=False)
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def portable(path: Path) -> str:
    """A default path without what differs from machine to machine."""
    for root, name in ((checkout() or Path.cwd(), ""), (_home(), "~/")):
        if root and path.is_relative_to(root):
            return f"{name}{path.relative_to(root)}"
    return str(path)


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None
