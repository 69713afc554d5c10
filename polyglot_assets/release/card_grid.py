"""The figures of a card's table or list: which columns count, which are shares, and what its rows are about.

Here: a table as figures. Not here: reading it (cards.py), and comparing it with anything (audit.py).
"""

import re
from dataclasses import dataclass

from polyglot_assets.domain.errors import UserError
from polyglot_assets.release.cards import Table
from polyglot_assets.release.figures import MEASURES, NOUNS, bare, count_of, is_total, label_of, language_of, share_of

COUNTS = re.compile(rf"{NOUNS}|count|number|size|^n$|^#|개수|샘플|건수|数量|样本|件数|サンプル|anzahl", re.IGNORECASE)
"""Headers of columns that say how many there are."""

_MOST_DIGITS = 100


@dataclass(frozen=True)
class Grid:
    """A table's figures.

    Attributes:
        where: the table's place.
        title: what it is about, if anything says so.
        labels: what each row is about.
        languages: its language, where it names one.
        counts: columns of whole numbers, by header; None for an empty cell.
        shares: columns of shares, by header, with the header of the counts that they are of.
        totals: the row of totals, by header.
    """

    where: str
    title: str
    labels: tuple[str, ...]
    languages: tuple[str | None, ...]
    counts: dict[str, list[int | None]]
    shares: dict[str, tuple[str | None, list[tuple[float, float] | None]]]
    totals: dict[str, str]

    @property
    def by_language(self) -> bool:
        """Whether its rows are languages."""
        named = [code for code in self.languages if code]
        return len(set(named)) == len(named) >= max(1, 0.6 * len(self.labels)) and bool(self.counts)

    @property
    def split(self) -> str | None:
        """The split that its title names: it is about that one alone."""
        return label_of(self.title).split

    @property
    def splits(self) -> dict[str, int]:
        """How large the splits are, where they are its rows or its columns."""
        rows = [label_of(label).split for label in self.labels]
        if rows and all(rows) and len(set(rows)) == len(rows) > 1 and self.counts:
            return dict(zip((row or "" for row in rows), self.sizes(set()), strict=True))
        columns = {split: self.sum(name) for name in self.counts if (split := label_of(name).split)}
        return columns if len(columns) > 1 else {}

    def sizes(self, known: set[int]) -> list[int]:
        """How large each part is: the column that says so, or all columns together.

        Args:
            known: figures that the card gives for the whole; a column that sums to one of them is the one.
        """
        counting = {name: values for name, values in self.counts.items() if not MEASURES.search(name)} or self.counts
        columns = {name: [value or 0 for value in values] for name, values in counting.items()}
        together = [sum(row) for row in zip(*columns.values(), strict=True)]
        named = sorted(columns, key=lambda name: (not is_total(name), not COUNTS.search(name)))
        if not (is_total(named[0]) or COUNTS.search(named[0])):
            return next((c for c in [together, *columns.values()] if sum(c) in known), together)
        return columns[named[0]]

    def sum(self, header: str) -> int:
        """The sum of a column."""
        return sum(value or 0 for value in self.counts[header])


def grid_of(table: Table) -> Grid:
    """The figures of a table.

    Raises:
        UserError: it holds a figure that no program can reckon with; the message begins with the table's place.
    """
    for cell in (cell for row in table.rows for cell in row if len(cell) > _MOST_DIGITS):
        if cell.isdecimal():
            raise UserError(f"{table.where}: a figure of {len(cell):,} digits")
    body = [row for row in table.rows if not any(is_total(cell) for cell in row)]
    total = next((row for row in table.rows if any(is_total(cell) for cell in row)), ())
    columns = list(zip(*body, strict=True)) or [()] * len(table.header)
    names: list[str] = []
    for number, cell in enumerate(table.header, start=1):
        name = bare(cell).strip(" :") or f"column {number}"
        names.append(f"{name} ({number})" if name in names else name)
    counts: dict[str, list[int | None]] = {}
    shares: dict[str, tuple[str | None, list[tuple[float, float] | None]]] = {}
    for name, cells in zip(names, columns, strict=True):
        filled = [cell for cell in cells if cell.strip(" -–—")]
        if filled and all(count_of(cell) is not None for cell in filled):
            counts[name] = [count_of(cell) for cell in cells]
        elif filled and all(share_of(cell) is not None for cell in filled):
            shares[name] = (next(reversed(counts), None), [share_of(cell) for cell in cells])
    texts = [number for number, name in enumerate(names) if name not in counts and name not in shares]
    languages = [next((code for n in texts[:2] if (code := language_of(row[n]))), None) for row in body]
    labels = [bare(row[texts[0]]).strip(" :") if texts else f"row {number}" for number, row in enumerate(body, start=1)]
    totals = {name: cell for name, cell in zip(names, total, strict=False) if cell.strip()}
    return Grid(table.where, table.title, tuple(labels), tuple(languages), counts, shares, totals)
