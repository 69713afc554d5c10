"""Which rows of a table are totals of some of its other rows, and so are no parts of the whole.

Here: finding them by what they call themselves and by what the rows beside them sum to. Not here: reading figures and
labels (figures.py), and whether a total is right (audit.py).

A row that calls itself `Total tokens` may be a part like any other, and a row `European` among languages a total. What
makes the row of totals right is taken for what the author meant.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

_MOST_FIGURES = 10_000
"""In a larger table rows are only read by their labels: all runs of its rows are too many to add up."""
_LONGEST_RUN = 200
_REST = re.compile(r"\b(?:others?|rest|misc\w*|unknown|mixed|multilingual|remaining|unlabell?ed)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """A row of a table, but not that of all totals.

    Attributes:
        label: what it is about.
        figures: its counts; 0 for an empty cell.
        sums_up: its label may be that of a total.
        subtotal: its label is that of a total of some rows.
        odd: the rows of the table are languages, and this one is none.
    """

    label: str
    figures: tuple[int, ...]
    sums_up: bool
    subtotal: bool
    odd: bool


def find(rows: Sequence[Row], total: Sequence[int | None]) -> frozenset[int]:
    """The numbers of the rows that are totals of others.

    Args:
        rows: see Row.
        total: the row of totals, None where it says nothing.
    """
    labelled = frozenset(number for number, row in enumerate(rows) if row.sums_up)
    named = frozenset(number for number, row in enumerate(rows) if row.subtotal)
    right = frozenset(number for number in labelled if _adds_up(rows, number, labelled, 1))
    odd = [number for number, row in enumerate(rows) if row.odd and not _REST.search(row.label)]
    groups = frozenset(number for number in odd if number not in labelled and _adds_up(rows, number, labelled, 1))
    likely = named | right | groups
    readings = [likely, labelled | groups, groups, frozenset[int]()]
    if not any(_is_right(rows, total, reading) for reading in readings):
        readings.append(likely | {n for n in range(len(rows)) if n not in labelled and _adds_up(rows, n, labelled, 2)})
    chosen = next((reading for reading in readings if _is_right(rows, total, reading)), likely)
    return chosen if len(chosen) < len(rows) else frozenset()


def expected(rows: Sequence[Row], subtotals: Collection[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """What each subtotal should be: as it is if some rows beside it sum to it, else the sum of those above it."""
    run: list[Row] = []
    for number, row in enumerate(rows):
        if number not in subtotals:
            run.append(row)
        else:
            right = not run or _adds_up(rows, number, subtotals, 1)
            yield number, row.figures if right else _sum(run)
            run = []


def _is_right(rows: Sequence[Row], total: Sequence[int | None], without: Collection[int]) -> bool:
    """Whether the total is that of the other rows."""
    sums = _sum(row for number, row in enumerate(rows) if number not in without)
    stated = [(one, other) for one, other in zip(total, sums, strict=False) if one is not None]
    return bool(stated) and all(one == other for one, other in stated)


def _adds_up(rows: Sequence[Row], number: int, subtotals: Collection[int], least: int) -> bool:
    """Whether a run of at least so many rows, which ends above the row or begins below it, sums to it."""
    wanted = rows[number].figures
    if len(rows) * len(wanted) > _MOST_FIGURES:
        return False
    first, last = max(0, number - _LONGEST_RUN), min(len(rows), number + 1 + _LONGEST_RUN)
    for beside in (range(number - 1, first - 1, -1), range(number + 1, last)):
        sums, added = (0,) * len(wanted), 0
        for other in beside:
            if other in subtotals:
                continue
            sums, added = tuple(map(int.__add__, sums, rows[other].figures)), added + 1
            if added >= least and sums == wanted:
                return True
            if any(map(int.__gt__, sums, wanted)):
                break
    return False


def _sum(rows: Iterable[Row]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*(row.figures for row in rows), strict=True)))
