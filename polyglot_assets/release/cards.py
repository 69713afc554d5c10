"""Reading a dataset card: its front matter, its tables and lists, and the figures that its sentences claim.

Here: what a card says and on which line. Not here: whether it contradicts itself (audit.py), the page that it is
(card_page.py), and the project's own card (sft.py).

A card is a Markdown file with or without YAML front matter, or a folder with a README.md; a lone table is a CSV, TSV or
JSON file. Tables and lists may be Markdown or HTML. English is understood in sentences; total, train, test and
validation in several languages in labels; and figures in the usual ways to write them.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from polyglot_assets.domain.errors import UserError
from polyglot_assets.release import card_page, claims
from polyglot_assets.release.card_page import Page, Text
from polyglot_assets.release.claims import Claim, Entry, Sum
from polyglot_assets.release.figures import MEASURES, language_of
from polyglot_assets.release.sections import Heading
from polyglot_assets.text import invisible

_MOST_BYTES = 2_000_000
"""A megabyte of Markdown takes a processor some seconds, one of tables with short rows ten to fifteen."""

# The one of libyaml bounds how deeply its input may be nested, in little time.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        where: what it is and where, for a message.
        header: names of the columns.
        rows: with as many cells.
        title: what it is about, if anything says so.
        around: the heading above it, and the texts directly above and below it.
        line: of the card.
    """

    where: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    around: str = ""
    line: int = 0


@dataclass(frozen=True)
class Card:
    """What a card says.

    Attributes:
        tables: its tables, and its lists of languages with figures.
        front: its front matter; all values are texts, or lists or mappings of texts.
        claims: of the whole, of a split or of a language's part.
        sums: totals with their parts, in lists and sentences.
        languages: how many languages there are.
        headings: in order.
    """

    tables: tuple[Table, ...]
    front: dict[str, Any] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    sums: tuple[Sum, ...] = ()
    languages: tuple[Claim, ...] = ()
    headings: tuple[Heading, ...] = ()


def read(path: Path) -> Card:
    """Reads a card or a lone table.

    Raises:
        UserError: there is nothing at `path` that could be a card, or it cannot be read; the message says where.
    """
    path, text = _text(path)
    if path.suffix == ".json":
        return Card((_json_table(path, text),))
    if path.suffix in (".csv", ".tsv"):
        return Card((_delimited_table(path, text),))
    if path.suffix not in (".md", ".markdown"):
        raise UserError(f"{path}: expected a card (.md), a table (.csv, .tsv, .json) or a folder with README.md")
    front, body = _front_matter(path, text)
    try:
        page = card_page.read(body)
    except RecursionError:
        raise UserError(f"{path}: lists or quotations are nested too deeply to be read") from None
    return _card(front, page)


def _text(path: Path) -> tuple[Path, str]:
    """The file that `path` means, and its text without characters that nobody sees."""
    try:
        if path.is_dir():
            if not (path / "README.md").is_file():
                raise UserError(f"{path}: the folder has no README.md")
            path /= "README.md"
        if path.exists() and not path.is_file():
            raise UserError(f"{path}: cannot be read (it is no file)")
        with path.open("rb") as handle:
            content = handle.read(_MOST_BYTES + 1)
        text = invisible.without(content.decode("utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
    if len(content) > _MOST_BYTES:
        raise UserError(f"{path}: longer than {_MOST_BYTES:,} bytes, which no card is")
    if not text.strip():
        raise UserError(f"{path}: the file is empty")
    return path, text


def _json_table(path: Path, text: str) -> Table:
    """A list of objects, or an object from names to figures."""
    try:
        # Figures stay as they are written, however long they are.
        data = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise UserError(f"{path}, line {error.lineno}: broken JSON ({error.msg})") from None
    except RecursionError:
        raise UserError(f"{path}: JSON that is nested too deeply to be read") from None
    if isinstance(data, dict) and data and all(isinstance(value, str) for value in data.values()):
        return Table(path.name, ("name", "rows"), tuple(data.items()))
    if isinstance(data, list) and data and all(isinstance(row, dict) for row in data):
        header = tuple(dict.fromkeys(key for row in data for key in row))
        return Table(path.name, header, tuple(tuple(str(row.get(name, "")) for name in header) for row in data))
    raise UserError(f"{path}: expected a list of objects, or an object of names and figures")


def _delimited_table(path: Path, text: str) -> Table:
    delimiter = "\t" if path.suffix == ".tsv" else ";" if text.split("\n", 1)[0].count(";") else ","
    try:
        rows = [
            tuple(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row
        ]
    except csv.Error as error:
        raise UserError(f"{path}: {error}") from None
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise UserError(f"{path}, row {number}: expected {len(rows[0])} columns, found {len(row)}")
    return Table(path.name, rows[0], tuple(rows[1:]))


def _front_matter(path: Path, text: str) -> tuple[dict[str, Any], str]:
    """The front matter, and the card with blank lines in its place."""
    fenced = re.match(r"---[ \t]*\r?\n(.*?\n)?---[ \t]*(?:\r?\n|$)", text, re.DOTALL)
    if not fenced:
        return {}, text
    try:
        # Without types: `no` is Norwegian, and dates and numbers that Python cannot read do no harm.
        front = yaml.load(fenced[1] or "", Loader=_LOADER) or {}  # noqa: S506 it makes nothing but texts
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 2}" if mark else ""
        raise UserError(f"{path}{line}: the front matter is not YAML") from None
    if not isinstance(front, dict):
        raise UserError(f"{path}: the front matter is not a mapping")
    front = {str(key): value for key, value in front.items() if value not in ("", "~", "null")}
    return front, "\n" * fenced[0].count("\n") + text[fenced.end() :]


def _card(front: dict[str, Any], page: Page) -> Card:
    tables = list(_tables(page))
    names = [front.get("pretty_name"), *(text.text for text in page.texts if text.kind == "h")][:2]
    own_names = {word for name in names if isinstance(name, str) for word in re.findall(r"[\w-]+", name.casefold())}
    claimed: list[Claim] = []
    sums: list[Sum] = []
    in_languages: list[Claim] = []
    for entries, parent, above in _lists(page.texts):
        claimed += [entry.claim for entry in entries if not entry.says.rest and (entry.says.total or entry.says.split)]
        sums += _sums(entries, parent)
        if table := _by_language(entries, above):
            tables.append((entries[0].line, table))
    for text in page.texts:
        if text.kind != "h" and not all(claims.entry_of(*part) for part in text.parts()):
            found = list(claims.sentences(text, own_names))
            claimed += found
            sums += claims.split_sums(text, found)
        if text.kind != "h":
            in_languages += claims.languages(text, own_names)
    in_order = tuple(table for _, table in sorted(tables, key=lambda numbered: numbered[0]))
    headings = tuple(Heading(text.line, text.level) for text in page.texts if text.kind == "h")
    return Card(in_order, front, tuple(claimed), tuple(sums), tuple(in_languages), headings)


def _tables(page: Page) -> Iterator[tuple[int, Table]]:
    """The page's tables with their lines."""
    above = _above(page.texts)
    announcements = {table.texts_before - 1 for table in page.tables}
    for table in page.tables:
        around, below = above[table.texts_before], table.texts_before
        if below < len(page.texts) and page.texts[below].kind == "p" and below not in announcements:
            around += f"\n\n{page.texts[below].text}"
        where = f"the table in line {table.line}"
        yield table.line, Table(where, table.rows[0], table.rows[1:], table.title, around, table.line)


def _above(texts: Sequence[Text]) -> list[str]:
    """What stands directly above each text and the end of the page: the heading and the text before it."""
    heading, found = "", [""]
    for text in texts:
        heading = text.text if text.kind == "h" else heading
        found.append(heading if text.kind == "h" else f"{heading}\n\n{text.text}")
    return found


def _lists(texts: Sequence[Text]) -> Iterator[tuple[list[Entry], Entry | None, str]]:
    """The entries of each list and of each paragraph with entries in its lines, the item that the list is in, and the
    text above.
    """
    above_each = _above(texts)
    items = [(place, text) for place, text in enumerate(texts) if text.kind != "h"]
    ordered = sorted(items, key=lambda item: (item[1].group or -item[0] - 1, item[0]))
    for group, members in groupby(ordered, key=lambda item: item[1].group or -item[0] - 1):
        places, own = zip(*members, strict=True)
        lines = [own[0].parts()] if group < 0 else [text.parts()[:1] for text in own]
        entries = [entry for parts in lines for part in parts if (entry := claims.entry_of(*part))]
        parent = own[0].parent
        above = claims.entry_of(*texts[parent].parts()[0]) if parent is not None else None
        if entries:
            yield entries, above, above_each[places[0]]


def _sums(entries: Sequence[Entry], parent: Entry | None) -> Iterator[Sum]:
    """The totals of a list with the entries that are their parts."""
    totals = [entry for entry in entries if entry.says.total and not entry.says.split]
    others = [entry for entry in entries if not entry.says.total]
    if parent and not parent.says.rest:
        totals.append(parent)
    by_rest: dict[str, dict[str, Entry]] = {}
    for entry in others:
        if entry.says.split:
            by_rest.setdefault(entry.says.rest, {})[entry.says.split] = entry
    measured = any(MEASURES.search(entry.says.rest) or entry.says.split for entry in others)
    together = sum(entry.figure.value for entry in others)
    for total in totals:
        if MEASURES.search(total.says.rest):
            continue
        parts = list(by_rest.get(total.says.rest, {}).values())
        # Without names of splits it is only guessed that the others are parts, so their sum must be near.
        near = total.figure.value <= 2 * together <= 4 * total.figure.value
        if len(parts) < 2:
            parts = others if near and not measured and not total.says.rest else []
        if len(parts) > 1:
            yield Sum(f"the list in line {entries[0].line}", total.claim, tuple(part.claim for part in parts))


def _by_language(entries: Sequence[Entry], above: str) -> Table | None:
    """A list of languages with figures, as a table."""
    rows = [entry for entry in entries if not entry.says.total]
    if len(rows) < 2 or not all(language_of(entry.label) for entry in rows):
        return None
    cells = tuple((entry.label, f"{entry.figure.value}") for entry in rows)
    line = entries[0].line
    return Table(f"the list in line {line}", ("language", "rows"), cells, around=above, line=line)
