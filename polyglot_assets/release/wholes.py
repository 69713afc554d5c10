"""What a figure of a card may be about, where the card has tables of its parts.

Here: the size of each table's whole, and which of them a sentence means. Not here: comparing the two (audit.py).

A card with several configurations has a table for each. A sentence about a number is then about the table under its own
heading, about the first one, or about all together: nothing else on the page says which.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from polyglot_assets.release.card_grid import Grid
from polyglot_assets.release.claims import Claim
from polyglot_assets.release.figures import Figure
from polyglot_assets.release.sections import Heading, Sections


class Whole(NamedTuple):
    """A whole with its parts.

    Attributes:
        where: its table's place.
        total: its size.
        rows: the size of each language's part, by code.
        others: it has parts that are no language.
    """

    where: str
    total: Claim
    rows: dict[str, Figure]
    others: bool = False


def whole_of(grid: Grid, known: set[int]) -> Whole:
    """The whole of a table by language or by split; `known` as for `Grid.sizes`."""
    splits = {} if grid.by_language else grid.splits
    sizes = list(splits.values()) or grid.sizes(known)
    named = [] if splits else list(zip(grid.languages, sizes, strict=True))
    total = Claim(sum(sizes), f"{grid.where} sums to", "", grid.slack * len(sizes), line=grid.line)
    rows = {code: Figure(size, grid.slack) for code, size in named if code}
    return Whole(grid.where, total, rows, None in grid.languages)


def _together(wholes: Sequence[Whole]) -> Whole:
    sizes, slack = Counter[str](), Counter[str]()
    for whole in wholes:
        sizes.update({code: row.value for code, row in whole.rows.items()})
        slack.update({code: row.slack for code, row in whole.rows.items()})
    where = "the tables together"
    value, allowed = (sum(values) for values in zip(*((w.total.value, w.total.slack) for w in wholes), strict=True))
    rows = {code: Figure(size, slack[code]) for code, size in sizes.items()}
    return Whole(where, Claim(value, f"{where} sum to", "", allowed), rows, any(whole.others for whole in wholes))


class Wholes:
    """The wholes of a card, the one that is compared first leading.

    Args:
        headings: of the card.
        wholes: at least one.
    """

    def __init__(self, headings: Sequence[Heading], wholes: Sequence[Whole]) -> None:
        self._each = wholes
        self._sections = Sections(headings, [whole.total.line for whole in wholes])
        # Tables of the same size are the same whole by other columns.
        different = list({whole.total.value: whole for whole in reversed(wholes)}.values())[::-1]
        self.all = [wholes[0], _together(different)] if len(different) > 1 else [wholes[0]]

    def of(self, claim: Claim) -> list[Whole]:
        """Those that a claim may be about, the likeliest first."""
        near = self._sections.nearest(claim.line)
        own = [self._each[near]] if near else []
        return [*own, *self.all]
