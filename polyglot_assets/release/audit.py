"""Auditing a dataset card: do its tables, lists, totals, shares and sentences say the same?

Here: the checks. Not here: reading the card (cards.py). Nothing is compared with the data themselves; a card that
contradicts itself is wrong whatever they are.

The figures by language are the reference where a table or list has them, for they are what people use; else those by
split, else the number of examples in the front matter, else the first total that the card gives. Two figures are
compared only where the card means the same by both: tables by language among one another where most of their rows
agree, a column `total` with the columns beside it likewise. Where several tables by language give different sizes, as
those of configurations do, what is said may also be about the table under its own heading, or about all together.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from polyglot_assets.domain.errors import UserError
from polyglot_assets.release import cards
from polyglot_assets.release.card_grid import COUNTS, Grid, grid_of
from polyglot_assets.release.cards import Card
from polyglot_assets.release.claims import Claim, Sum
from polyglot_assets.release.figures import (
    MEASURES,
    Figure,
    is_total,
    language_of,
    printable,
    variant_of,
)
from polyglot_assets.release.sections import Sections
from polyglot_assets.release.wholes import Whole, Wholes, whole_of
from polyglot_assets.text.languages import display_name
from polyglot_assets.text.tags import base_of

_RESULTS = re.compile(r"evaluation|results?|benchmark|performance|scores?|leaderboard|accuracy", re.IGNORECASE)
_SHARES = re.compile(r"share|percent|%|proportion|fraction", re.IGNORECASE)
_SIZES = {"K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}


@dataclass(frozen=True)
class Audit:
    """What was compared (a sentence each) and what contradicts (a line each, with both figures)."""

    compared: tuple[str, ...]
    contradictions: tuple[str, ...]


def audit(path: Path) -> Audit:
    """Compares all figures of a card that speak about the same.

    Args:
        path: a card, a folder with one, or a table.

    Returns:
        Nothing compared where there are no figures, or nothing beside them to compare them with.

    Raises:
        UserError: it cannot be read.
    """
    card = cards.read(path)
    try:
        grids = [grid for table in card.tables if (grid := grid_of(table)).counts or grid.shares]
    except UserError as error:
        raise UserError(f"{path}, {error}") from None
    results = [
        *(result for grid in grids for result in _within(grid)),
        *(_added(one) for one in card.sums),
        *_across(card, grids),
    ]
    compared = dict.fromkeys(printable(result.what) for result in results)
    return Audit(tuple(compared), tuple(_faults(results)))


def _faults(results: Sequence["_Result"]) -> Iterator[str]:
    """A line for each fault: the same two figures at several places are one."""
    found: dict[object, list[_Result]] = {}
    for result in results:
        if result.line:
            found.setdefault(result.figures or result.line, []).append(result)
    for first, *others in found.values():
        places = dict.fromkeys(result.what for result in others if result.what != first.what)
        also = f"; the same two figures: {', '.join(places)}" if places else ""
        yield printable(f"{first.line}{also}")


class _Result(NamedTuple):
    """A comparison.

    Attributes:
        what: what was compared.
        line: the contradiction in words, if it is one.
        figures: the two figures that differ. The same two are the same fault, wherever the card repeats it.
    """

    what: str
    line: str | None = None
    figures: tuple[int, int] | None = None


def _within(grid: Grid) -> Iterator[_Result]:
    """A table by itself: sums of columns and of rows, and shares."""
    ranges = {name: _range(grid, name) for name in grid.counts}
    slack = grid.slack * (len(grid.labels) + 1)
    for name, (least, most, total) in ranges.items():
        stated = grid.totals.get(name)
        of_more = grid.partial and stated is not None and stated > total
        if stated is not None and not of_more and not _is_mean(name, stated, least, most, total):
            yield _compare(f"{grid.where}: the total of {name!r}", stated, "its rows sum to", total, slack)
    for label, name, stated, expected in grid.subtotals:
        if stated == expected or not _is_mean(name, stated, *ranges[name]):
            what = f"{grid.where}: {name!r} of {label!r}"
            yield _compare(what, stated, "the rows above it sum to", expected, slack)
    yield from _row_totals(grid)
    for name, (of, values) in grid.shares.items():
        yield from _shares(grid, name, of, values)


def _range(grid: Grid, name: str) -> tuple[int, int, int]:
    """The smallest and the largest figure of a column, and their sum."""
    values = [value for value in grid.counts[name] if value is not None] or [0]
    return min(values), max(values), sum(values)


def _is_mean(name: str, stated: int, least: int, most: int, total: int) -> bool:
    """Whether what stands in the row of totals may be another summary of the column than its sum."""
    if stated == total:
        return False
    return (least <= stated <= most and not COUNTS.search(name)) or bool(MEASURES.search(name))


def _row_totals(grid: Grid) -> Iterator[_Result]:
    total = next((name for name in grid.counts if is_total(name)), None)
    parts = [name for name in grid.counts if name != total]
    if total is None or len(parts) < 2:
        return
    sums = [sum(grid.counts[name][row] or 0 for name in parts) for row in range(len(grid.labels))]
    slack = grid.slack * len(grid.counts)
    agree = [abs(value - (stated or 0)) <= slack for value, stated in zip(sums, grid.counts[total], strict=True)]
    if 2 * sum(agree) > len(agree):  # else the columns are no parts of it
        for label, stated, value in zip(grid.labels, grid.counts[total], sums, strict=True):
            yield _compare(f"{grid.where}: the total of {label!r}", stated or 0, "its columns sum to", value, slack)


def _shares(grid: Grid, name: str, of: str | None, values: Sequence[tuple[float, float] | None]) -> Iterator[_Result]:
    """Shares against the counts they are of, or without those against 100 %."""
    known = [value for value in values if value]
    if of is None or not grid.sum(of):
        unit = max(unit for _, unit in known)
        total = sum(value for value, _ in known)
        if grid.partial and total < 1:
            return
        if _SHARES.search(name) or abs(total - 1) < 0.1:
            wrong = abs(total - 1) > 0.5 * unit * len(known) + 1e-9
            line = f"{grid.where}: the shares in {name!r} sum to {100 * total:.4g} %, not to 100 %"
            yield _Result(f"{grid.where}: the shares in {name!r}", line if wrong else None)
        return
    stated = grid.totals.get(of)
    if grid.slack or (grid.partial and stated is None):
        return
    wholes = {grid.sum(of), stated or grid.sum(of)}
    results = []
    for label, value, part in zip(grid.labels, values, grid.counts[of], strict=True):
        if value and part is not None:
            right = any(abs(value[0] - part / whole) <= 0.5 * value[1] + 1e-9 for whole in wholes)
            digits = max(0, round(-_log10(value[1])) - 2)
            line = (
                f"{grid.where}: the share of {label!r} is given as {100 * value[0]:.{digits}f} %, but {part:,} of "
                f"{grid.sum(of):,} is {100 * part / grid.sum(of):.{digits}f} %"
            )
            results.append(_Result(f"{grid.where}: the share of {label!r}", None if right else line))
    if _SHARES.search(name) or 2 * sum(result.line is None for result in results) > len(results):
        yield from results


def _log10(unit: float) -> float:
    return float(f"{unit:.0e}".split("e")[1])


def _added(one: Sum) -> _Result:
    """A total with its parts, in a list or a sentence."""
    parts, slack = [part.value for part in one.parts], one.total.slack + sum(part.slack for part in one.parts)
    what = f"{one.where}: the total of {one.total.words!r}"
    if abs(sum(parts) - one.total.value) <= slack:
        return _Result(what)
    added = " + ".join(f"{part:,}" for part in parts)
    line = f"{what} is {one.total.value:,}, but {added} is {sum(parts):,}"
    return _Result(what, line, (one.total.value, sum(parts)))


def _across(card: Card, grids: Sequence[Grid]) -> Iterator[_Result]:
    """The tables with one another, with the front matter and with the claims."""
    examples = _examples(card.front)
    whole = [claim for claim in card.claims if claim.language is None and claim.split is None]
    known = {*examples.values(), *(claim.value for claim in whole)}
    sizes = [grid for grid in grids if grid.counts and _is_size(grid, known)]
    by_language = sorted((grid for grid in sizes if grid.by_language), key=lambda grid: grid.partial)
    by_split = [grid for grid in sizes if grid.splits and not grid.partial]
    full = [grid for grid in by_language if not grid.partial]
    rows: dict[str, Figure] = {}
    if by_language:
        first = by_language[0]
        rows = whole_of(first, known).rows
        yield from _other_tables([grid for grid in grids if grid is not first], rows, first.where)
    measured = [whole_of(grid, known) for grid in full] or [whole_of(g, known)._replace(rows=rows) for g in by_split]
    if measured:
        wholes = Wholes(card.headings, measured)
    elif examples:
        wholes = Wholes((), [Whole("", Claim(sum(examples.values()), "the front matter says", ""), rows)])
    elif whole:
        exact = min(whole, key=lambda claim: claim.slack)
        wholes = Wholes((), [Whole("", replace(exact, where=f"{exact.where} says"), rows)])
    else:
        wholes = Wholes((), [Whole("", Claim(0, "", ""), rows)])
    sized = bool(measured or examples or whole)
    yield from _language_numbers(card, wholes if full else None)
    yield from _claims([claim for claim in card.claims if sized or claim.language], wholes)
    if measured:
        stated = sum(examples.values())
        of = next((one for one in wholes.all if one.total.value == stated), wholes.all[0])
        yield from _front_matter(examples, of.rows, of.total)
    if sized:
        yield from _splits(card, by_split, grids, wholes.all[0].total.value)
        yield from _size_category(card.front, [one.total.value for one in wholes.all])


def _is_size(grid: Grid, known: set[int]) -> bool:
    """Whether a table says how large the parts of the whole are: not how good, how long, or of one split only."""
    if sum(grid.sizes(known)) in known or (not grid.split and any(map(COUNTS.search, grid.counts))):
        return True
    return not (grid.split or _RESULTS.search(grid.title) or all(MEASURES.search(name) for name in grid.counts))


def _claims(claims: Sequence[Claim], wholes: Wholes) -> Iterator[_Result]:
    for claim in claims:
        about = [one for one in wholes.of(claim) if not claim.language or claim.language in one.rows]
        itself = any(one.total.where == f"{claim.where} says" for one in about)  # the reference
        of_a_language = not claim.language and any(
            row.value == claim.value for one in about for row in one.rows.values()
        )
        if about and not claim.split and not itself and not of_a_language:
            results = [_against(claim, one) for one in about]
            yield next((result for result in results if result.line is None), results[0])


def _against(claim: Claim, whole: Whole) -> _Result:
    """What is said of a whole or of a language's part of it, against its figures."""
    expected, slack, where = whole.total.value, whole.total.slack, whole.total.where
    if claim.language:
        expected, slack = whole.rows[claim.language].value, whole.rows[claim.language].slack
        where = f"the table's row of {display_name(claim.language)} says"
    if abs(claim.value - expected) <= claim.slack + slack:
        return _Result(f"{claim.where}: {claim.value:,}")
    hint = _hint(expected - claim.value, whole.rows) if not claim.language else ""
    line = f"{claim.where} says {claim.value:,} ({claim.words!r}), but {where} {expected:,}{hint}"
    return _Result(claim.where, line, (claim.value, expected))


def _splits(card: Card, by_split: Sequence[Grid], grids: Sequence[Grid], total: int) -> Iterator[_Result]:
    """What is said of the splits: by tables of them, by sentences and lists, and by tables about a single one."""
    of_each: list[dict[str | None, Claim]] = [
        {name: Claim(size, grid.where, name, grid.slack) for name, size in grid.splits.items()} for grid in by_split
    ]
    sections = Sections(card.headings, [grid.line for grid in by_split])
    of_each = of_each or [{}]
    for claim in card.claims:
        if not claim.split:
            continue
        near = sections.nearest(claim.line) or 0
        own = of_each[near].setdefault(claim.split, claim)
        if not any(_agree(claim, each.get(claim.split)) for each in of_each):
            line = f"{claim.where} says {claim.value:,} ({claim.words!r}), but {own.where} says {own.value:,}"
            yield _Result(claim.where, line, (claim.value, own.value))
        elif own is not claim:
            yield _Result(f"{claim.where}: {claim.value:,}")
    for grid in grids:
        known = of_each[sections.nearest(grid.line) or 0]
        if grid.split not in known or not grid.counts or grid in by_split:
            continue
        size, stated = sum(grid.sizes({known[grid.split].value})), known[grid.split]
        others = {total, *(claim.value for split, claim in known.items() if split != grid.split)}
        what = f"{grid.where}, titled {grid.title!r}"
        if size == stated.value:
            yield _Result(what)
        elif size in others:  # else it may count something else
            line = f"{what}, sums to {size:,}, but {stated.where} says {stated.value:,} ({stated.words!r})"
            yield _Result(what, line, (size, stated.value))


def _agree(claim: Claim, other: Claim | None) -> bool:
    return other is not None and abs(claim.value - other.value) <= claim.slack + other.slack


def _hint(difference: int, rows: dict[str, Figure]) -> str:
    """Which language explains a difference."""
    code = next((code for code, row in rows.items() if row.value == abs(difference)), None)
    return f"; the difference is {display_name(code)}'s {abs(difference):,}" if code else ""


def _language_numbers(card: Card, wholes: Wholes | None) -> Iterator[_Result]:
    """How many languages there are, by sentences, by the front matter, and by the tables if there are any."""
    stated = card.front.get("language") or card.front.get("languages")
    names = [name for name in (stated if isinstance(stated, list) else [stated]) if isinstance(name, str)]
    codes = {code for name in names if (code := language_of(name)) not in (None, "mul", "und")}
    for claim in card.languages:
        about = wholes.of(claim) if wholes else []
        numbers = [(f"{one.where} has", len(one.rows), one.others) for one in about]
        if not wholes and len(codes) == len(names) > 1:
            numbers = [("the front matter lists", len(codes), False)]
        if numbers:
            where, number, _ = numbers[0]
            wrong = all(claim.value < least or (claim.value > least and not more) for _, least, more in numbers)
            line = f"{claim.where} says {claim.words!r}, that is {claim.value}, but {where} {number} languages"
            yield _Result(f"{claim.where}: {claim.words}", line if wrong else None)
    if codes and wholes:
        codes = {base_of(code) for code in codes}  # as the hub wants them; scripts and regions stand elsewhere
        wrong_lists = [_differing(one, codes) for one in wholes.all]
        lists = f"the front matter lists {len(codes)} languages, but {wholes.all[0].where} has"
        line = f"{lists} {len(wholes.all[0].rows)}; {', '.join(wrong_lists[0])}"
        yield _Result("the languages of the front matter", line if all(wrong_lists) else None)


def _differing(whole: Whole, codes: set[str]) -> list[str]:
    """Which languages stand only in the table or only in the front matter."""
    rows = {base_of(code) for code in whole.rows}
    differing = [f"{display_name(code)} is only in the table" for code in rows - codes]
    if not whole.others:
        differing += [f"{display_name(code)} is not in the table" for code in codes - rows]
    return sorted(differing)


def _other_tables(grids: Sequence[Grid], rows: dict[str, Figure], where: str) -> Iterator[_Result]:
    """Other tables by language, by the column or the sum of columns that mostly agrees with the first one."""
    for grid in (grid for grid in grids if grid.by_language):
        columns = [*grid.counts.values()]
        columns.append([sum(values[row] or 0 for values in grid.counts.values()) for row in range(len(grid.labels))])
        known = [(row, rows[code]) for row, code in enumerate(grid.languages) if code in rows]
        results = []
        for column in columns:
            found = []
            for row, other in known:
                what, slack = f"{grid.where}: the rows of {grid.labels[row]!r}", grid.slack + other.slack
                found.append(_compare(what, column[row] or 0, f"{where} says", other.value, slack))
            results.append(found)
        best = min(results, key=lambda found: sum(result.line is not None for result in found))
        if 2 * sum(result.line is None for result in best) > len(known):
            yield from best


def _examples(front: dict[str, Any]) -> dict[str, int]:
    """`num_examples` of the front matter, summed over splits, by configuration."""
    infos = front.get("dataset_info") or []
    found: dict[str, int] = {}
    for number, info in enumerate(infos if isinstance(infos, list) else [infos]):
        splits = info.get("splits") if isinstance(info, dict) else None
        stated = [split.get("num_examples") for split in splits or [] if isinstance(split, dict)]
        numbers = [int(value) for value in stated if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value)]
        if numbers:
            name = info.get("config_name")
            found[name if isinstance(name, str) else f"{number}"] = sum(numbers)
    return found


def _front_matter(examples: dict[str, int], rows: dict[str, Figure], total: Claim) -> Iterator[_Result]:
    codes = {name: [variant_of(name), language_of(name)] for name in examples}
    by_language = {name: code for name, both in codes.items() if (code := next((c for c in both if c in rows), None))}
    for name, code in by_language.items():
        what, row = f"the front matter's num_examples of {name!r}", rows[code or ""]
        yield _compare(what, examples[name], "the table says", row.value, row.slack)
    whole = [number for name, number in examples.items() if name not in by_language]
    if whole:
        nearest = min((*whole, sum(whole)), key=lambda number: abs(number - total.value))
        stated = nearest if abs(nearest - total.value) <= total.slack else sum(whole)
        yield _compare("the front matter's num_examples", stated, total.where, total.value, total.slack)


def _size_category(front: dict[str, Any], totals: Sequence[int]) -> Iterator[_Result]:
    stated = front.get("size_categories")
    categories = stated if isinstance(stated, list) else [stated]
    for category in (category for category in categories if isinstance(category, str)):
        bounds = re.fullmatch(r"(?:n|(\d+)([KMBT])?)\s*([<>])\s*(?:n\s*<\s*)?(\d+)([KMBT])?", category.strip())
        if bounds:
            first, last = (int(bounds[n] or 0) * _SIZES.get(bounds[n + 1] or "", 1) for n in (1, 4))
            fits = any(total > last if bounds[3] == ">" else first <= total <= last for total in totals)
            line = f"the front matter's size_categories says {category}, but there are {totals[0]:,} rows"
            yield _Result("the size category", None if fits else line)


def _compare(what: str, stated: int, source: str, expected: int, slack: int = 0) -> _Result:
    if abs(stated - expected) <= slack:
        return _Result(what)
    return _Result(what, f"{what} is {stated:,}, but {source} {expected:,}", (stated, expected))
