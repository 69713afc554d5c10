"""Which of a card's tables stands under the same heading as a sentence.

Here: the headings as a tree. Not here: what sentences and tables say (claims.py, card_grid.py).

A card with several configurations gives each a heading, a table and a sentence of its own.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Heading(NamedTuple):
    """A heading: its line, and 1 to 6."""

    line: int
    level: int


class Sections:
    """Tells which of some tables is nearest to a line.

    Args:
        headings: of the card, in order.
        tables: the lines of the tables, in order.
    """

    def __init__(self, headings: Sequence[Heading], tables: Iterable[int]) -> None:
        self._lines = [heading.line for heading in headings]
        self._paths: list[tuple[int, ...]] = [()]
        around: list[Heading] = []
        for heading in headings:
            around = [*(outer for outer in around if outer.level < heading.level), heading]
            self._paths.append(tuple(outer.line for outer in around))
        self._tables: dict[tuple[int, ...], list[int]] = {}
        for place, line in enumerate(tables):
            path = self._path(line)
            for length in range(len(path) + 1):
                self._tables.setdefault(path[:length], []).append(place)

    def nearest(self, line: int) -> int | None:
        """The place of the only table under the nearest heading that has any; None if it has several."""
        path = self._path(line)
        for length in range(len(path), -1, -1):
            if tables := self._tables.get(path[:length]):
                return tables[0] if len(tables) == 1 else None
        return None

    def _path(self, line: int) -> tuple[int, ...]:
        """The headings that a line stands under, from the outermost on, by their lines."""
        return self._paths[bisect_right(self._lines, line)]
