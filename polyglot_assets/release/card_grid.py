"""The figures of a card's table or list: which columns count, which are shares, and what its rows are about.

Here: a table as figures. Not here: reading it (cards.py), and comparing it with anything (audit.py).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from polyglot_assets.domain.errors import UserError
from polyglot_assets.release import subtotals
from polyglot_assets.release.cards import Table
from polyglot_assets.release.figures import (
    MEASURES,
    NOUNS,
    WORDS_BELOW_1000,
    bare,
    count_of,
    is_subtotal,
    is_total,
    label_of,
    language_of,
    share_of,
    sums_up,
    variant_of,
)
from polyglot_assets.release.subtotals import Row

COUNTS = re.compile(rf"{NOUNS}|count|number|size|^n$|^#|개수|샘플|건수|数量|样本|件数|サンプル|anzahl", re.IGNORECASE)
"""Headers of columns that say how many there are."""

_MOST_DIGITS = 100
_PARTS = (
    r"(?:[\w-]+\s+)?(?:languages?|sources?|subsets?|domains?|categories|tasks?|topics?|config\w*|groups?|data\s?sets?|"
    r"tags?|labels?|classes|models?|countries|scripts?|families)\b"
)
_NUMBER = rf"(?:\d{{1,3}}|{WORDS_BELOW_1000})"
_EXTREME = r"(?:largest|biggest|smallest|highest|lowest|main|major|most\s+\w+)"
_PARTIAL = re.compile(
    rf"\btop[\s-]?{_NUMBER}\b|\b(?:top|selected|{_EXTREME})\s+(?:{_NUMBER}\s+)?{_PARTS}|\b{_NUMBER}\s+{_EXTREME}\b|"
    rf"\b(?:first|last)\s+{_NUMBER}\b|\b(?:some|a few|a selection|examples) of (?:the|its|these|our)\b|\bexcerpt\b|"
    rf"\bnot all\b|{_PARTS}\s+(?:with|of|that have|having)\s+(?:at least|more than|over|fewer than|less than|under)\b|"
    r"\bonly\b.{0,60}\b(?:shown|listed|included|displayed)\b|상위|前\s?\d|größten|\bprincipa(?:les|ux|is|li)\b",
    re.IGNORECASE,
)


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
        totals: the figures in the row of totals, by header.
        subtotals: label, header, what the row says, and what the rows that it is of sum to.
        slack: how much each of its figures may differ from the true one, as `86k` may be 85,952.
        partial: it is announced as a part: the largest languages, or some of them.
        line: of the card.
    """

    where: str
    title: str
    labels: tuple[str, ...]
    languages: tuple[str | None, ...]
    counts: dict[str, list[int | None]]
    shares: dict[str, tuple[str | None, list[tuple[float, float] | None]]]
    totals: dict[str, int]
    subtotals: tuple[tuple[str, str, int, int], ...]
    slack: int
    partial: bool
    line: int

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
    sums = [number for number, row in enumerate(table.rows) if any(map(sums_up, row))]
    # Those before the last are of parts of the table.
    last = next((number for number in reversed(sums) if any(map(is_total, table.rows[number]))), None)
    rows = [row for number, row in enumerate(table.rows) if number != last]
    names = _names(table.header)
    last_row = dict(zip(names, table.rows[last], strict=False)) if last is not None else {}
    summing_up = {number - (last is not None and number > last) for number in sums if number != last}
    plain = [row for number, row in enumerate(rows) if number not in summing_up] or rows
    counting = [name for name, cells in _columns(names, plain) if _all(count_of, cells)]
    sharing = _sharing(names, plain)
    figured = {*counting, *sharing}
    texts = [number for number, name in enumerate(names) if name not in figured][:2]
    labels = [bare(row[texts[0]]).strip(" :") if texts else f"row {number}" for number, row in enumerate(rows, start=1)]
    languages = [next((code for n in texts if (code := language_of(row[n]))), None) for row in rows]
    if len(set(languages) - {None}) < len([code for code in languages if code]):  # Portuguese, and that of Brazil
        variants = [next((code for n in texts if (code := variant_of(row[n]))), None) for row in rows]
        languages = [variant or code for variant, code in zip(variants, languages, strict=True)]

    adding = [name for name in counting if not MEASURES.search(name)] or counting
    adding = [name for name in adding if COUNTS.search(name)] or adding
    of_languages = 2 * sum(code is not None for code in languages) > len(rows)
    columns = dict(_columns(names, rows))
    counts = {name: [count_of(cell) for cell in columns[name]] for name in counting}
    totals = {name: figure for name, cell in last_row.items() if (figure := count_of(cell))}
    values = zip(*([count.value if count else 0 for count in counts[name]] for name in adding), strict=True)
    read = [
        Row(label, figures, number in summing_up, any(map(is_subtotal, row)), of_languages and code is None)
        for number, (label, figures, row, code) in enumerate(zip(labels, values, rows, languages, strict=False))
    ]
    of_parts = subtotals.find(read, [totals[name].value if name in totals else None for name in adding])
    parts = [number for number in range(len(rows)) if number not in of_parts]
    return Grid(
        where=table.where,
        title=table.title,
        labels=tuple(labels[number] for number in parts),
        languages=tuple(languages[number] for number in parts),
        counts={
            name: [count.value if (count := column[number]) else None for number in parts]
            for name, column in counts.items()
        },
        shares={name: (of, [share_of(columns[name][number]) for number in parts]) for name, of in sharing.items()},
        totals={name: figure.value for name, figure in totals.items()},
        subtotals=tuple(
            (read[number].label, *stated)
            for number, expected in subtotals.expected(read, of_parts)
            if read[number].subtotal
            for stated in zip(adding, read[number].figures, expected, strict=True)
        ),
        slack=max(
            (count.slack for column in (*counts.values(), totals.values()) for count in column if count), default=0
        ),
        partial=bool(_PARTIAL.search(f"{table.title} . {table.around[:1000]}")),
        line=table.line,
    )


def _names(header: Sequence[str]) -> list[str]:
    """Names of columns, each another one."""
    names: dict[str, None] = {}
    for number, cell in enumerate(header, start=1):
        name = bare(cell).strip(" :") or f"column {number}"
        while name in names:
            name = f"{name} ({number})"
        names[name] = None
    return list(names)


def _sharing(names: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, str | None]:
    """The columns of shares, with the column of counts before them."""
    found: dict[str, str | None] = {}
    before = None
    for name, cells in _columns(names, rows):
        if _all(count_of, cells):
            before = name
        elif _all(share_of, cells):
            found[name] = before
    return found


def _columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[tuple[str, Sequence[str]]]:
    return zip(names, list(zip(*rows, strict=True)) or [()] * len(names), strict=True)


def _all(read: Callable[[str], object], cells: Sequence[str]) -> bool:
    """Whether all cells but empty ones, of which there must be others, can be read."""
    filled = [cell for cell in cells if cell.strip(" -–—")]
    return bool(filled) and all(read(cell) is not None for cell in filled)
