"""Templates: text files whose content hash is their version.

Here: loading, versioning and filling them in. Not here: which seeds go in (choose.py).

The text of a template stands in the published column `synth_prompt`, so a folder of templates states their licence, in
`licence.txt`. It is no part of a version: another licence is no other question to the teacher.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from string import Template

from polyglot_assets.domain.grid import STRATEGIES
from polyglot_assets.domain.ids import content_id
from polyglot_assets.text.languages import display_name

_HERE = "\0"
"""Marks the place of the text while the rest of a template is filled in; no template contains it."""

FOLDER = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class StrategyTemplate:
    """System and user message of one strategy. `version` changes with any character of either.

    `licence` is the licence of both texts, as the hub spells it.
    """

    strategy: str
    system: str
    user: str
    licence: str = "unknown"

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
    """The templates of all strategies. A dollar sign starts a placeholder; `$$` is a dollar.

    The licence of templates whose folder states none is `unknown`.
    """

    def text(name: str) -> str:
        return (folder / f"{name}.txt").read_text(encoding="utf-8").strip()

    licence = text("licence") if (folder / "licence.txt").exists() else "unknown"
    return {
        strategy: StrategyTemplate(strategy, text("system"), text(strategy), licence or "unknown")
        for strategy in STRATEGIES
    }
