"""The grid: target languages × strategies. Every asset up to `examples` is partitioned on it.

Here: what a cell is and the Dagster partitions definition. Not here: language names and detection (text/languages.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg

GENERATE = "generate"
RESPOND = "respond"
TRANSLATE = "translate"
STRATEGIES = (GENERATE, RESPOND, TRANSLATE)
"""The default strategies. What each is stands in its recipe (recipes/), and there are more of them."""

LANGUAGES = ("ar", "cs", "de", "es", "id", "ja", "tl")
"""The default target languages, ISO 639-1."""


@dataclass(frozen=True, order=True)
class Cell:
    """One (language, strategy): the unit that is computed, stored and reported. `language` is the target's."""

    language: str
    strategy: str

    @property
    def key(self) -> str:
        """The Dagster partition key, dimensions in alphabetical order: `de|translate`."""
        return f"{self.language}|{self.strategy}"

    @property
    def path(self) -> str:
        """The hive path of the cell below a table: `language=de/strategy=translate`."""
        return f"language={self.language}/strategy={self.strategy}"

    def __str__(self) -> str:
        return f"{self.language}/{self.strategy}"


def cell_of(partition_key: str) -> Cell:
    """The cell of a Dagster partition key `language|strategy`."""
    language, strategy = partition_key.split("|")
    return Cell(language, strategy)


def cells(languages: Iterable[str], strategies: Iterable[str] = STRATEGIES) -> list[Cell]:
    """All cells of a rectangle, in the grid's order."""
    chosen = list(strategies)
    return [Cell(language, strategy) for language in languages for strategy in chosen]


def partitions(languages: Iterable[str], strategies: Iterable[str] = STRATEGIES) -> "dg.MultiPartitionsDefinition":
    """The one partitions definition that all cell-wise assets share, so that one run can carry a whole chain."""
    import dagster as dg

    return dg.MultiPartitionsDefinition(
        {
            "language": dg.StaticPartitionsDefinition(list(languages)),
            "strategy": dg.StaticPartitionsDefinition(list(strategies)),
        }
    )
