"""Auditing a dataset card: do its tables, totals, shares and sentences say the same?

Here: the checks. Not here: reading the card (cards.py). Nothing is compared with the data themselves; a card that
contradicts itself is wrong whatever they are.

The figures by language are the reference where a table has them, for they are what people use; else the number of
examples in the front matter. Two figures are compared only where the card means the same by both: tables by language
among one another where most of their rows agree, a column `total` with the columns beside it likewise.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyglot_assets.errors import UserError
from polyglot_assets.languages import display_name
from polyglot_assets.release import cards
from polyglot_assets.release.cards import Card, Claim, Table

_TOTALS = {"total", "totals", "all", "sum", "overall", "grand total", "in all", "all languages", "gesamt"}
_COUNTS = re.compile(r"rows|examples|samples|instances|count|number|size|pairs|records|entries|^n$|^#", re.IGNORECASE)
_SHARES = re.compile(r"share|percent|%|proportion|fraction", re.IGNORECASE)
_SIZES = {"K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}


@dataclass(frozen=True)
class Audit:
    """What was compared (a sentence each) and what contradicts (a line each, with both figures)."""

    compared: tuple[str, ...]
    contradictions: tuple[str, ...]


@dataclass(frozen=True)
class _Grid:
    """A table's figures.

    Attributes:
        where: the table's place.
        labels: what each row is about.
        languages: its language, where it names one.
        counts: columns of whole numbers, by header; None for an empty cell.
        shares: columns of shares, by header, with the header of the counts that they are of.
        totals: the row of totals, by header.
    """

    where: str
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

    def sizes(self, known: set[int]) -> list[int]:
        """How large each part is: the column that says so, or all columns together.

        Args:
            known: figures that the card gives for the whole; a column that sums to one of them is the one.
        """
        columns = {name: [value or 0 for value in values] for name, values in self.counts.items()}
        together = [sum(row) for row in zip(*columns.values(), strict=True)]
        named = sorted(columns, key=lambda name: (not _is_total(name), not _COUNTS.search(name)))
        if not (_is_total(named[0]) or _COUNTS.search(named[0])):
            return next((c for c in [together, *columns.values()] if sum(c) in known), together)
        return columns[named[0]]

    def sum(self, header: str) -> int:
        """The sum of a column."""
        return sum(value or 0 for value in self.counts[header])


def audit(path: Path) -> Audit:
    """Compares all figures of a card that speak about the same.

    Args:
        path: a card, a folder with one, or a table.

    Raises:
        UserError: it cannot be read, or holds no figures that could be compared.
    """
    card = cards.read(path)
    grids = [grid for table in card.tables if (grid := _grid(table)).counts or grid.shares]
    results = [*(result for grid in grids for result in _within(grid)), *_across(card, grids)]
    if not results:
        raise UserError(f"{path}: no table with figures, or nothing beside it to compare them with")
    compared = dict.fromkeys(what for what, _ in results)
    return Audit(tuple(compared), tuple(dict.fromkeys(line for _, line in results if line)))


_Result = tuple[str, str | None]
"""What was compared, and the contradiction, if it is one."""


def _grid(table: Table) -> _Grid:
    body = [row for row in table.rows if not any(_is_total(cell) for cell in row)]
    total = next((row for row in table.rows if any(_is_total(cell) for cell in row)), ())
    columns = list(zip(*body, strict=True)) or [()] * len(table.header)
    names = [name or f"column {number}" for number, name in enumerate(map(_plain, table.header), start=1)]
    counts: dict[str, list[int | None]] = {}
    shares: dict[str, tuple[str | None, list[tuple[float, float] | None]]] = {}
    for name, cells in zip(names, columns, strict=True):
        filled = [cell for cell in cells if cell.strip(" -–—")]
        if filled and all(cards.count_of(cell) is not None for cell in filled):
            counts[name] = [cards.count_of(cell) for cell in cells]
        elif filled and all(cards.share_of(cell) is not None for cell in filled):
            shares[name] = (next(reversed(counts), None), [cards.share_of(cell) for cell in cells])
    texts = [number for number, name in enumerate(names) if name not in counts and name not in shares]
    languages = [next((code for n in texts[:2] if (code := cards.language_of(row[n]))), None) for row in body]
    labels = [_plain(row[texts[0]]) if texts else f"row {number}" for number, row in enumerate(body, start=1)]
    totals = {name: cell for name, cell in zip(names, total, strict=False) if cell.strip()}
    return _Grid(table.where, tuple(labels), tuple(languages), counts, shares, totals)


def _plain(cell: str) -> str:
    return re.sub(r"[*`:]", "", cell).strip()


def _is_total(cell: str) -> bool:
    return _plain(cell).strip("_ ").casefold() in _TOTALS


def _within(grid: _Grid) -> Iterator[_Result]:
    """A table by itself: sums of columns and of rows, and shares."""
    for name in grid.counts:
        stated = cards.count_of(grid.totals.get(name, ""))
        if stated is not None:
            yield _compare(f"{grid.where}: the total of {name!r}", stated, "its rows sum to", grid.sum(name))
    yield from _row_totals(grid)
    for name, (of, values) in grid.shares.items():
        yield from _shares(grid, name, of, values)


def _row_totals(grid: _Grid) -> Iterator[_Result]:
    total = next((name for name in grid.counts if _is_total(name)), None)
    parts = [name for name in grid.counts if name != total]
    if total is None or len(parts) < 2:
        return
    sums = [sum(grid.counts[name][row] or 0 for name in parts) for row in range(len(grid.labels))]
    agree = [value == stated for value, stated in zip(sums, grid.counts[total], strict=True)]
    if 2 * sum(agree) > len(agree):  # else the columns are no parts of it
        for label, stated, value in zip(grid.labels, grid.counts[total], sums, strict=True):
            yield _compare(f"{grid.where}: the total of {label!r}", stated or 0, "its columns sum to", value)


def _shares(grid: _Grid, name: str, of: str | None, values: Sequence[tuple[float, float] | None]) -> Iterator[_Result]:
    """Shares against the counts they are of, or without those against 100 %."""
    known = [value for value in values if value]
    if of is None or not grid.sum(of):
        unit = max(unit for _, unit in known)
        total = sum(value for value, _ in known)
        if _SHARES.search(name) or abs(total - 1) < 0.1:
            wrong = abs(total - 1) > 0.5 * unit * len(known) + 1e-9
            line = f"{grid.where}: the shares in {name!r} sum to {100 * total:.4g} %, not to 100 %"
            yield f"{grid.where}: the shares in {name!r}", line if wrong else None
        return
    wholes = {grid.sum(of), cards.count_of(grid.totals.get(of, "")) or grid.sum(of)}
    results = []
    for label, value, part in zip(grid.labels, values, grid.counts[of], strict=True):
        if value and part is not None:
            right = any(abs(value[0] - part / whole) <= 0.5 * value[1] + 1e-9 for whole in wholes)
            digits = max(0, round(-_log10(value[1])) - 2)
            line = (
                f"{grid.where}: the share of {label!r} is given as {100 * value[0]:.{digits}f} %, but {part:,} of "
                f"{grid.sum(of):,} is {100 * part / grid.sum(of):.{digits}f} %"
            )
            results.append((f"{grid.where}: the share of {label!r}", None if right else line))
    if _SHARES.search(name) or 2 * sum(line is None for _, line in results) > len(results):
        yield from results


def _log10(unit: float) -> float:
    return float(f"{unit:.0e}".split("e")[1])


def _across(card: Card, grids: Sequence[_Grid]) -> Iterator[_Result]:
    """The tables with one another, with the front matter and with the sentences."""
    reference = next((grid for grid in grids if grid.by_language), None)
    examples = _examples(card.front)
    if reference:
        sizes = reference.sizes({*examples.values(), *(claim.value for claim in card.totals)})
        total, source = sum(sizes), f"{reference.where} sums to"
        rows = {code: size for code, size in zip(reference.languages, sizes, strict=True) if code}
        yield from _other_tables(grids[grids.index(reference) + 1 :], rows)
        yield from _front_matter(examples, rows, total, source)
        yield from _language_numbers(card, rows, reference.where)
    elif examples:
        total, source, rows = sum(examples.values()), "the front matter says", {}
    else:
        return
    yield from _claims(card.totals, rows, total, source)
    yield from _size_category(card.front, total)


def _claims(claims: Sequence[Claim], rows: dict[str, int], total: int, source: str) -> Iterator[_Result]:
    parts = {code: display_name(code) for code in rows}
    for claim in claims:
        expected, where = total, source
        if claim.language:
            if claim.language not in rows:
                continue
            expected, where = rows[claim.language], f"the table's row of {parts[claim.language]} says"
        elif claim.value in rows.values():
            continue
        if abs(claim.value - expected) > claim.slack:
            hint = _hint(expected - claim.value, rows) if not claim.language else ""
            yield (
                f"{claim.where}",
                f"{claim.where} says {claim.value:,} ({claim.words!r}), but {where} {expected:,}{hint}",
            )
        else:
            yield f"{claim.where}: {claim.value:,}", None


def _hint(difference: int, rows: dict[str, int]) -> str:
    """Which language explains a difference."""
    code = next((code for code, count in rows.items() if count == abs(difference)), None)
    return f"; the difference is {display_name(code)}'s {abs(difference):,}" if code else ""


def _language_numbers(card: Card, rows: dict[str, int], where: str) -> Iterator[_Result]:
    for claim in card.languages:
        wrong = claim.value != len(rows)
        line = f"{claim.where} says {claim.words!r}, that is {claim.value}, but {where} has {len(rows)} languages"
        yield f"{claim.where}: {claim.words}", line if wrong else None
    stated = card.front.get("language") or card.front.get("languages")
    codes = {cards.language_of(str(name)) for name in (stated if isinstance(stated, list) else [stated]) if name}
    codes -= {None, "mul", "und"}
    if codes:
        differing = [f"{display_name(code)} is only in the table" for code in rows.keys() - codes]
        differing += [f"{display_name(code)} is not in the table" for code in codes - rows.keys() if code]
        line = f"the front matter lists {len(codes)} languages, but {where} has {len(rows)}; "
        yield "the languages of the front matter", line + ", ".join(sorted(differing)) if differing else None


def _other_tables(grids: Sequence[_Grid], rows: dict[str, int]) -> Iterator[_Result]:
    """Further tables by language, by the column or the sum of columns that mostly agrees with the first one."""
    for grid in (grid for grid in grids if grid.by_language):
        columns = [*grid.counts.values()]
        columns.append([sum(values[row] or 0 for values in grid.counts.values()) for row in range(len(grid.labels))])
        known = [(row, code) for row, code in enumerate(grid.languages) if code in rows]
        best = max(columns, key=lambda column: sum(column[row] == rows[code or ""] for row, code in known))
        if 2 * sum(best[row] == rows[code or ""] for row, code in known) > len(known):
            for row, code in known:
                what = f"{grid.where}: the rows of {grid.labels[row]!r}"
                yield _compare(what, best[row] or 0, "the first table says", rows[code or ""])


def _examples(front: dict[str, Any]) -> dict[str, int]:
    """`num_examples` of the front matter, summed over splits, by configuration."""
    infos = front.get("dataset_info") or []
    found: dict[str, int] = {}
    for number, info in enumerate(infos if isinstance(infos, list) else [infos]):
        splits = info.get("splits") if isinstance(info, dict) else None
        numbers = [split.get("num_examples") for split in splits or [] if isinstance(split, dict)]
        if any(isinstance(value, int) for value in numbers):
            name = str(info.get("config_name") or f"{number}")
            found[name] = sum(value for value in numbers if isinstance(value, int))
    return found


def _front_matter(examples: dict[str, int], rows: dict[str, int], total: int, source: str) -> Iterator[_Result]:
    by_language = {name: code for name in examples if (code := cards.language_of(name)) in rows}
    for name, code in by_language.items():
        what = f"the front matter's num_examples of {name!r}"
        yield _compare(what, examples[name], "the table says", rows[code or ""])
    whole = [number for name, number in examples.items() if name not in by_language]
    if whole and total not in whole:
        yield _compare("the front matter's num_examples", sum(whole), source, total)
    elif whole:
        yield "the front matter's num_examples", None


def _size_category(front: dict[str, Any], total: int) -> Iterator[_Result]:
    stated = front.get("size_categories")
    for category in stated if isinstance(stated, list) else [stated] if stated else []:
        bounds = re.fullmatch(r"(?:n|(\d+)([KMBT])?)\s*([<>])\s*(?:n\s*<\s*)?(\d+)([KMBT])?", str(category).strip())
        if bounds:
            first, last = (int(bounds[n] or 0) * _SIZES.get(bounds[n + 1] or "", 1) for n in (1, 4))
            fits = total > last if bounds[3] == ">" else first <= total <= last
            line = f"the front matter's size_categories says {category}, but there are {total:,} rows"
            yield "the size category", None if fits else line


def _compare(what: str, stated: int, source: str, expected: int) -> _Result:
    return what, None if stated == expected else f"{what} is {stated:,}, but {source} {expected:,}"
