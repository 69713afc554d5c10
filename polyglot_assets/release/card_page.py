"""A card's page: its texts, lists and tables as a reader sees them, with the lines where they stand.

Here: Markdown and the HTML in it. Not here: what the figures mean (cards.py, claims.py).

Markdown is made into HTML, as the hub does, and both kinds of lists and tables are read from that; tables that are
drawn with `+--+` are read, too. Code, struck text, comments and pictures say nothing.
"""

import re
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from itertools import pairwise, zip_longest

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARK = re.compile(r":(\d{1,9}):")
_BREAK = "\x0b"
"""A line break within a text that is none in the file."""
_SILENT = frozenset({"script", "style", "pre", "svg", "del", "s", "template"})
_INLINE = frozenset({
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "em", "font", "i", "img", "ins", "kbd", "mark", "q", "small",
    "span", "strong", "tt", "u", "var",
})  # fmt: skip
_RAISED = frozenset({"sup", "sub"})  # 1,000 with a note 1 is not 10,001
_BORDER = re.compile(r"\+(?:[-=:]+\+)+")
_MOST_COLUMNS = 100


@dataclass(frozen=True)
class Text:
    """A paragraph, heading or list item.

    Attributes:
        text: without marks; its lines are separated as in the file or by a break.
        line: of the card.
        kind: p, h or li.
        group: number of the list that an item stands in.
        parent: the item that this list belongs to, by its place among the texts.
        level: of a heading, 1 to 6.
    """

    text: str
    line: int
    kind: str
    group: int = 0
    parent: int | None = None
    level: int = 0

    def parts(self) -> list[tuple[str, int]]:
        """The single lines, with the lines of the card where they stand."""
        found, line = [], self.line
        for part in re.split(f"([\n{_BREAK}])", self.text):
            if part == "\n":
                line += 1
            elif part.strip():
                found.append((part.strip(), line))
        return found


@dataclass(frozen=True)
class PageTable:
    """A table.

    Attributes:
        line: of the card.
        title: its caption or its heading.
        rows: with equally many cells, the first being the header.
        texts_before: how many of the page's texts stand above it.
    """

    line: int
    title: str
    rows: tuple[tuple[str, ...], ...]
    texts_before: int


@dataclass(frozen=True)
class Page:
    """What stands on the page, in order."""

    texts: tuple[Text, ...]
    tables: tuple[PageTable, ...]


def read(text: str) -> Page:
    """Reads Markdown."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    marked = []
    for token in markdown.parse(text):
        if token.type in ("fence", "code_block"):
            continue
        mark = f"<!--:{token.map[0] + 1}:-->" if token.map else ""
        if mark and token.nesting >= 0 and token.type != "inline":
            marked.append(Token("html_block", "", 0, content=mark))
        grid = _grid_table(token.content) if mark and token.type == "inline" else ""
        marked.append(Token("html_block", "", 0, content=f"{mark}{grid}") if grid else token)
    reader = _Reader()
    reader.feed(_ended(markdown.renderer.render(marked, markdown.options, {})))
    reader.close()
    reader.end()
    return Page(tuple(reader.texts), tuple(reader.tables))


def _ended(html: str) -> str:
    """HTML without the tag or comment that never ends: HTMLParser looks for each one's end in all of the rest."""
    html = html.replace("<![", "<?[")  # both end at the next `>`, but it looks for the brackets, too
    for begin, end in ((r"<!--", "-->"), (r"<[a-zA-Z/!?]", ">")):
        last = html.rfind(end) + 1
        if found := re.compile(begin).search(html, last):
            html = html[: found.start()]
    return html


def _grid_table(paragraph: str) -> str:
    """A table drawn with `+--+` and `|`, as reStructuredText and Pandoc have it, as HTML; empty if there is none."""
    lines = [line.strip() for line in paragraph.split("\n")]
    borders = [number for number, line in enumerate(lines) if _BORDER.fullmatch(line)]
    if len(borders) < 2:
        return ""
    rows = []
    for first, last in pairwise(borders):
        drawn = (line.removeprefix("|").removesuffix("|").split("|") for line in lines[first + 1 : last])
        columns = zip_longest(*drawn, fillvalue="")
        rows.append([" ".join(cell.strip() for cell in column) for column in columns])
    cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows if row)
    table = f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"
    above, below = lines[: borders[0]], lines[borders[-1] + 1 :]
    return "\n".join([*map(escape, above), table, *map(escape, below)])


@dataclass
class _Cell:
    columns: int = 1
    rows: int = 1
    text: str = ""


@dataclass
class _Table:
    line: int
    title: str
    texts_before: int
    rows: list[list[_Cell]] = field(default_factory=list)
    caption: str | None = None
    open: bool = False


class _Reader(HTMLParser):
    """Follows the tags; end tags that the author has left out are understood, as browsers do."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[Text] = []
        self.tables: list[PageTable] = []
        self._open: list[_Table] = []
        self._lists: list[tuple[int, int | None]] = []
        self._groups = 0
        self._kind, self._buffer, self._line = "p", "", 1
        self._heading, self._level = "", 0
        self._silent: list[str] = []
        self._offset = 0

    def handle_comment(self, data: str) -> None:
        """A mark says on which line of the card the next block stands."""
        if mark := _MARK.fullmatch(data):
            self._offset = int(mark[1]) - self.getpos()[0]

    def handle_data(self, data: str) -> None:
        """Text goes to the innermost cell, or to the paragraph."""
        if self._silent:
            return
        if self._open:
            table = self._open[-1]
            if table.open and table.rows and table.rows[-1]:
                table.rows[-1][-1].text += data
            elif table.caption is not None and not table.rows:
                table.caption += data
            return
        if not self._buffer.strip():
            lead = len(data) - len(data.lstrip())
            self._line = self.getpos()[0] + self._offset + data[:lead].count("\n")
            self._buffer, data = "", data[lead:]
        self._buffer += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begins what the tag says."""
        if tag in _SILENT:
            self._silent.append(tag)
        elif tag == "br":
            self.handle_data(_BREAK)
        elif tag in _RAISED:
            self.handle_data("^")
        elif tag == "table":
            self._flush()
            self._open.append(_Table(self.getpos()[0] + self._offset, self._heading, len(self.texts)))
        elif self._open:
            self._within_table(tag, {name: value or "" for name, value in attrs})
        elif tag not in _INLINE:
            self._flush()
            if re.fullmatch("h[1-6]", tag):
                self._kind, self._level = "h", int(tag[1])
            elif tag == "li":
                self._kind = "li"
            if tag in ("ul", "ol"):
                self._groups += 1
                in_item = bool(self._lists and self.texts and self.texts[-1].kind == "li")
                self._lists.append((self._groups, len(self.texts) - 1 if in_item else None))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`<br/>`; any other such tag begins and ends nothing."""
        if tag in ("br", "hr"):
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Ends what the tag says, and what is still open within."""
        if tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        elif tag in _RAISED:
            self.handle_data("^")
        elif self._open:
            if tag == "table":
                self._end_table()
            elif tag in ("td", "th", "tr", "caption"):
                self._open[-1].open = False
        elif tag not in _INLINE:
            self._flush()
            if tag in ("ul", "ol") and self._lists:
                self._lists.pop()
            self._kind = "li" if self._lists and tag != "li" else "p"

    def end(self) -> None:
        """Ends everything that is still open at the end of the card."""
        while self._open:
            self._end_table()
        self._flush()

    def _within_table(self, tag: str, given: dict[str, str]) -> None:
        table = self._open[-1]
        if tag == "tr":
            table.rows.append([])
            table.open = False
        elif tag in ("td", "th"):
            if not table.rows:
                table.rows.append([])
            table.rows[-1].append(_Cell(_span(given.get("colspan")), _span(given.get("rowspan"))))
            table.open = True
        elif tag == "caption":
            table.caption = ""
        elif tag not in _INLINE:
            self.handle_data(" ")

    def _end_table(self) -> None:
        table = self._open.pop()
        rows = _filled(table.rows)
        if rows and rows[0]:
            title = " ".join((table.caption or table.title).split())
            self.tables.append(PageTable(table.line, title, rows, table.texts_before))

    def _flush(self) -> None:
        text, self._buffer = self._buffer.strip(), ""
        if not text:
            return
        group, parent = self._lists[-1] if self._lists and self._kind == "li" else (0, None)
        level = self._level if self._kind == "h" else 0
        self.texts.append(Text(text, self._line, self._kind, group, parent, level))
        # A paragraph such as `Train:` is a table's title, too.
        if self._kind == "h" or (text.endswith(":") and len(text) < 80):
            self._heading = text


def _span(value: str | None) -> int:
    return min(int(value), _MOST_COLUMNS) if value and re.fullmatch(r"[0-9]{1,4}", value) and int(value) else 1


def _filled(rows: list[list[_Cell]]) -> tuple[tuple[str, ...], ...]:
    """Rows of equal length: a cell over several columns is followed by empty ones, one over several rows repeated."""
    places: dict[tuple[int, int], str] = {}
    for row, cells in enumerate(rows):
        column = 0
        for cell in cells:
            while (row, column) in places:  # by a cell of a row above
                column += 1
            text = " ".join(cell.text.split())
            for down in range(min(cell.rows, len(rows) - row)):
                for right in range(min(cell.columns, _MOST_COLUMNS - column)):
                    places[row + down, column + right] = "" if right else text
            column += cell.columns
    width = max((column + 1 for row, column in places if row == 0), default=0)
    filled = ([places.get((row, column), "") for column in range(width)] for row in range(len(rows)))
    return tuple(tuple(cells) for cells in filled if any(cells))
