"""Reading a dataset card: its front matter, its tables, and the figures that its sentences claim.

Here: what a card says and on which line. Not here: whether it contradicts itself (audit.py), and the project's own card
(sft.py).

A card is a Markdown file with or without YAML front matter, or a folder with a README.md; a lone table is a CSV, TSV or
JSON file. English is understood in sentences, and figures in the usual ways to write them.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from polyglot_assets.errors import UserError
from polyglot_assets.languages import display_name, to_code

_SPACES = " \u00a0\u2009\u202f"
_NUMBER = f"(?<![\\w.,-])(?:\\d{{1,3}}(?:[,.'\u2019{_SPACES}]\\d{{3}})+|\\d+)(?!\\d|[.,]\\d)"
_WORDS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_NOUN = (
    "rows|examples|samples|instances|pairs|records|entries|conversations|dialogues|instructions|prompts|"
    "data ?points|documents|triples"
)
_CLAIM = re.compile(
    rf"(?P<number>{_NUMBER})(?P<unit>[ \u00a0]?[kKM]\b)?\s+(?P<between>(?:[^\s.,;:|()]+\s+){{0,4}}?)(?:{_NOUN})\b"
    r"(?P<after>[^.;|]{0,60})"
)
_TOTAL = re.compile(
    rf"\b(?:total|number of (?:{_NOUN})|dataset size)\b[^\d.|]{{0,30}}(?P<number>{_NUMBER})(?P<unit>[kKM]\b)?",
    re.IGNORECASE,
)
_LANGUAGES = re.compile(
    rf"\b(?P<number>\d{{1,3}}|{'|'.join(_WORDS)})\s+(?P<between>(?:[\w-]+\s+){{0,2}}?)languages\b", re.IGNORECASE
)
_WHOLE = re.compile(
    r"\b(?:total|altogether|in all|overall|comprises?|contains?|consists?|holds?|includes?|there are|we release|"
    r"(?:dataset|corpus|collection|release|set) (?:of|has|with|is))\b",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"\b(?:removed?|filter\w*|dropp?\w*|exclud\w*|discard\w*|evaluat\w*|benchmark\w*|held.out|seeds?|raw|tested|baseline)\b",
    re.IGNORECASE,
)
_PART = re.compile(
    r"\b(?:per|each|every|sampled?|subset|average|before|first|shown?|of these|of them|of which)\b", re.IGNORECASE
)
_ABOUT = re.compile(
    r"(?:about|around|over|than|to|least|most|nearly|almost|approximately|roughly|some|~|≈|[<>])\s*$", re.IGNORECASE
)
_SOME_LANGUAGES = re.compile(
    r"\b(?:other|more|additional|further|another|new|unseen|held|remaining|different from|low|mid|high|\w+-resource|"
    r"least|most|to|over|than|about|these|those|first|last)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.!?]\s+|\n\s*\n")
_SHARE = re.compile(r"(?P<whole>\d{1,3})(?:[.,](?P<part>\d+))?\s*%")


@dataclass(frozen=True)
class Table:
    """A table; `where` says what it is and where, for a message."""

    where: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Claim:
    """A figure that a sentence claims.

    Attributes:
        value: the figure.
        where: line of the card.
        words: the words around it.
        slack: how much the true figure may differ; `86k` may be 85,952.
        language: code of the language that it is about, else of the whole.
    """

    value: int
    where: str
    words: str
    slack: int = 0
    language: str | None = None


@dataclass(frozen=True)
class Card:
    """What a card says."""

    tables: tuple[Table, ...]
    front: dict[str, Any] = field(default_factory=dict)
    totals: tuple[Claim, ...] = ()
    languages: tuple[Claim, ...] = ()


def read(path: Path) -> Card:
    """Reads a card or a lone table.

    Raises:
        UserError: there is nothing at `path` that could be a card, or it cannot be read; the message says where.
    """
    if path.is_dir():
        if not (path / "README.md").is_file():
            raise UserError(f"{path}: the folder has no README.md")
        path /= "README.md"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
    if not text.strip():
        raise UserError(f"{path}: the file is empty")
    if path.suffix == ".json":
        return Card((_json_table(path, text),))
    if path.suffix in (".csv", ".tsv"):
        return Card((_delimited_table(path, text),))
    if path.suffix not in (".md", ".markdown"):
        raise UserError(f"{path}: expected a card (.md), a table (.csv, .tsv, .json) or a folder with README.md")
    return _markdown(path, text)


def count_of(cell: str) -> int | None:
    """The whole number in a cell, with any separator of thousands; None if it holds anything else."""
    text = _bare(cell)
    return int(re.sub(r"\D", "", text)) if re.fullmatch(_NUMBER, text) else None


def share_of(cell: str) -> tuple[float, float] | None:
    """The share in a cell such as `24.1 %` as (0.241, 0.001), the second being the last digit's unit; else None."""
    found = _SHARE.fullmatch(_bare(cell))
    if not found:
        return None
    part = found["part"] or ""
    return float(f"{found['whole']}.{part or 0}") / 100, 10.0 ** -(len(part) + 2)


def language_of(cell: str) -> str | None:
    """The code of the language that a cell names: `Arabic`, `ar`, `ind_Latn`, `German (de)`."""
    text = _bare(cell)
    for name in (text, *re.split(r"[()/,]", text)):
        code = to_code(name.replace("_", "-")) if name.strip() else None
        if code and _is_language(code):
            return code
    return None


def _is_language(code: str) -> bool:
    try:
        return bool(display_name(code))
    except LookupError:
        return False


def _bare(cell: str) -> str:
    """A cell without Markdown's marks, links and pictograms."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)|<[^>]*>", r"\1", cell)
    return re.sub(r"[*`~]|(?<!\w)_|_(?!\w)|[\U0001F000-\U0001FAFF]", "", text).strip()


def _json_table(path: Path, text: str) -> Table:
    """A list of objects, or an object from names to figures."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{path}, line {error.lineno}: broken JSON ({error.msg})") from None
    if isinstance(data, dict) and data and all(isinstance(value, int | float | str) for value in data.values()):
        return Table(path.name, ("name", "rows"), tuple((name, str(value)) for name, value in data.items()))
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


def _markdown(path: Path, text: str) -> Card:
    front: Any = {}
    body = text
    if fenced := re.match(r"---[ \t]*\r?\n(.*?\n)?---[ \t]*(?:\r?\n|$)", text, re.DOTALL):
        try:
            front = yaml.safe_load(fenced[1] or "") or {}
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f", line {mark.line + 2}" if mark else ""
            raise UserError(f"{path}{line}: the front matter is not YAML") from None
        if not isinstance(front, dict):
            raise UserError(f"{path}: the front matter is not a mapping")
        body = _blanked(text, fenced.span())
    for pattern in (r"<!--.*?-->", r"^(```|~~~).*?^\1", r"https?://\S+"):
        for found in list(re.finditer(pattern, body, re.DOTALL | re.MULTILINE)):
            body = _blanked(body, found.span())
    lines = body.splitlines()
    tables = tuple(_tables(lines))
    prose = "\n".join("" if line.lstrip().startswith(("|", "#")) else line for line in lines)
    return Card(tables, front, tuple(_totals(prose)), tuple(_languages(prose)))


def _blanked(text: str, span: tuple[int, int]) -> str:
    """`text` with a part blanked out, its lines kept."""
    begin, end = span
    return text[:begin] + re.sub(r"[^\n]", " ", text[begin:end]) + text[end:]


def _tables(lines: list[str]) -> Iterator[Table]:
    at = 0
    while at + 1 < len(lines):
        if "|" in lines[at] and re.fullmatch(r"\s*\|?(?:\s*:?-+:?\s*\|?)+\s*", lines[at + 1]) and "-" in lines[at + 1]:
            header = _cells(lines[at])
            end = at + 2
            while end < len(lines) and "|" in lines[end]:
                end += 1
            rows = tuple((*_cells(line), *[""] * len(header))[: len(header)] for line in lines[at + 2 : end])
            yield Table(f"the table in line {at + 1}", header, rows)
            at = end
        else:
            at += 1


def _cells(line: str) -> tuple[str, ...]:
    inner = line.strip().removeprefix("|")
    inner = inner if inner.endswith("\\|") else inner.removesuffix("|")
    return tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", inner))


def _totals(prose: str) -> Iterator[Claim]:
    """Sentences that say how large the whole is, or a language's part of it."""
    seen = set()
    for found in (*_CLAIM.finditer(prose), *_TOTAL.finditer(prose)):
        sentence = _sentence(prose, found.start())
        groups = found.groupdict()
        near = f"{groups.get('between') or ''}{groups.get('after') or ''}"
        if _ABOUT.search(prose[: found.start()]) or _ELSEWHERE.search(sentence) or found.start("number") in seen:
            continue
        named = {code for name in re.findall(r"\b[A-Z]\w+", near) if (code := language_of(name))}
        counted = _LANGUAGES.search(near)
        whole = counted or _WHOLE.search(sentence) or sentence.startswith(groups["number"])
        if len(named) > 1 or not (whole or named) or (not counted and _PART.search(sentence)):
            continue
        seen.add(found.start("number"))
        size = {"k": 1000, "m": 1_000_000}.get((groups["unit"] or "").strip().lower(), 1)
        yield Claim(
            int(re.sub(r"\D", "", groups["number"])) * size,
            _line(prose, found.start("number")),
            _short(found[0]),
            size // 2 if size > 1 else 0,
            next(iter(named), None) if not counted else None,
        )


def _languages(prose: str) -> Iterator[Claim]:
    """Sentences that say in how many languages the data are."""
    for found in _LANGUAGES.finditer(prose):
        before = " ".join(prose[: found.start()].split()[-2:])
        if _SOME_LANGUAGES.search(f"{before} . {found['between']}") or _ELSEWHERE.search(
            _sentence(prose, found.start())
        ):
            continue
        number = found["number"].lower()
        value = _WORDS.index(number) + 1 if number in _WORDS else int(number)
        yield Claim(value, _line(prose, found.start()), _short(found[0]))


def _sentence(prose: str, at: int) -> str:
    """The sentence around a position."""
    begin = max((found.end() for found in _ENDS.finditer(prose, 0, at)), default=0)
    end = _ENDS.search(prose, at)
    return prose[begin : end.start() if end else len(prose)].strip(" \n*_-")


def _line(prose: str, at: int) -> str:
    return f"line {prose.count(chr(10), 0, at) + 1}"


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 60 else words[:59] + "…"
