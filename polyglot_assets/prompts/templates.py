"""Templates: text files whose content hash is their version.

Here: loading, versioning and filling them in. Not here: which seeds go in (choose.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from string import Template

from polyglot_assets.grid import STRATEGIES
from polyglot_assets.ids import content_id
from polyglot_assets.languages import display_name

_HERE = "\0"
"""Marks the place of the text while the rest of a template is filled in; no template contains it."""

FOLDER = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class StrategyTemplate:
    """System and user message of one strategy. `version` changes with any character of either."""

    strategy: str
    system: str
    user: str

    @cached_property
    def version(self) -> str:
        """Content hash, 12 hex digits."""
        return content_id(self.strategy, self.system, self.user)[:12]

    def renderer(self, language: str) -> Callable[[str], tuple[str, str]]:
        """A function from the text to insert to (system message, user message), for a target language.

        The text (`$examples` or `$prompt`) is inserted as it is, dollar signs and all.
        """
        name = display_name(language)
        system = Template(self.system).substitute(language=name)
        rendered = Template(self.user).substitute(language=name, examples=_HERE, prompt=_HERE)
        around = rendered.split(_HERE)
        return lambda text: (system, text.join(around))


@lru_cache(maxsize=8)
def load(folder: Path = FOLDER) -> dict[str, StrategyTemplate]:
    """The templates of all strategies. A dollar sign starts a placeholder; `$$` is a dollar."""
    system = (folder / "system.txt").read_text(encoding="utf-8").strip()
    return {
        strategy: StrategyTemplate(strategy, system, (folder / f"{strategy}.txt").read_text(encoding="utf-8").strip())
        for strategy in STRATEGIES
    }
