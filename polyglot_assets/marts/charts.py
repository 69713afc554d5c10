"""Charts as SVG text, drawn for a given width.

Here: bars, ranges and dots with their labels, and a chart as a picture of its own. Not here: which figures are shown
(report.py, plots.py). Colours are classes, so that the page decides what they are; `picture` brings its own.

A chart has one row per thing. From 480 pixels on the label stands left of its marks, below that above them, so that
the marks keep their size on a phone.
"""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from unicodedata import east_asian_width

WIDE = 720
NARROW = 327
"""Widths in pixels of a chart on a screen and on a phone (375 less the page's margins)."""

_SIZE = 13
_CHAR = 0.6 * _SIZE
"""Width of a character, rather too large than too small; fonts differ."""

_PICTURE_STYLE = """
text{font:13px ui-sans-serif,system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1d2530}
.muted{fill:#5a6472}.title{font-weight:600;font-size:15px}
.a{fill:#1f5687}.b{fill:#cc8400}.c{fill:#4b8f86}.d{fill:#8a5aa0}.e{fill:#7f8a2c}.f{fill:#b0524a}.n{fill:#98a2ad}.track{fill:#eceff2}
.line{stroke:#d9dee3}.range{fill:#a9c4dc}.whisker{stroke:#7f9db8;stroke-width:2}
"""


@dataclass(frozen=True)
class Bar:
    """A bar in parts.

    Attributes:
        label: what it stands for; cut to the room there is.
        parts: (value, colour class) from left to right.
        text: the figure beside it.
        hint: shown where the pointer rests.
    """

    label: str
    parts: tuple[tuple[float, str], ...]
    text: str
    hint: str = ""


@dataclass(frozen=True)
class Range:
    """Quantiles of one thing: a band from `low` to `high`, a mark in the `middle`, a thin line up to `far`."""

    label: str
    low: float
    middle: float
    high: float
    far: float
    hint: str = ""


@dataclass(frozen=True)
class Dots:
    """Some values of one thing on a common scale: (value, colour class)."""

    label: str
    values: tuple[tuple[float, str], ...]
    hint: str = ""


@dataclass(frozen=True)
class _Rows:
    """Where rows lie: marks between `left` and `right`, `height` apart, the first below `top`."""

    width: int
    label: int
    figure: int
    top: int = 0
    compact: bool = False

    @property
    def stacked(self) -> bool:
        return self.width < 480 and not self.compact

    @property
    def left(self) -> int:
        return 1 if self.stacked else self.label

    @property
    def right(self) -> int:
        return self.width - (1 if self.stacked else self.figure)

    @property
    def height(self) -> int:
        return 44 if self.stacked else 22 if self.compact else 28

    def marks(self, number: int) -> float:
        """Middle of a row's marks."""
        return self.top + number * self.height + (31 if self.stacked else self.height / 2)

    def text(self, number: int, label: str, figure: str, end: float) -> str:
        """A row's label, and its figure beside the end of its marks or above them."""
        if self.stacked:
            baseline = self.marks(number) - 13
            room = self.width - len(figure) * _CHAR - 8
            return (
                f'<text x="0" y="{baseline:g}">{_cut(label, room)}</text>'
                f'<text class="muted" x="{self.width}" y="{baseline:g}" text-anchor="end">{escape(figure)}</text>'
            )
        baseline = self.marks(number) + 4.5
        return (
            f'<text x="{self.label - 12}" y="{baseline:g}" text-anchor="end">{_cut(label, self.label - 12)}</text>'
            f'<text class="muted" x="{end + 8:.1f}" y="{baseline:g}">{escape(figure)}</text>'
        )


def bars(rows: Sequence[Bar], width: int, title: str, *, compact: bool = False) -> str:
    """Horizontal bars on a scale from 0 to the longest; `compact` ones have short labels that stay on the left."""
    figures = int(max((len(row.text) for row in rows), default=0) * _CHAR) + 12
    place = _Rows(width, _label_width(rows), figures, compact=compact)
    longest = max((sum(value for value, _ in row.parts) for row in rows), default=0) or 1
    drawn = []
    for number, row in enumerate(rows):
        thick = 10 if compact else 14
        y = place.marks(number) - thick / 2
        x: float = place.left
        marks = []
        for value, colour in row.parts:
            long = (place.right - place.left) * value / longest
            if value > 0:
                # Never thinner than can be seen, and a gap between neighbours.
                shown = max(long - (1 if len(row.parts) > 1 else 0), 1.5)
                marks.append(
                    f'<rect class="{colour}" x="{x:.1f}" y="{y:g}" width="{shown:.1f}" height="{thick}" rx="1.5"/>'
                )
            x += long
        drawn.append(_group(row.hint or f"{row.label}: {row.text}", *marks, place.text(number, row.label, row.text, x)))
    return _svg(width, len(rows) * place.height, title, drawn)


def ranges(rows: Sequence[Range], width: int, title: str) -> str:
    """Quantile ranges on a logarithmic scale, because lengths of texts differ by factors."""
    place = _Rows(width, _label_width(rows), 84, top=22)
    low = min((max(row.low, 1) for row in rows), default=1)
    high = max((max(row.far, 1) for row in rows), default=10)
    ticks = _ticks(low, high)
    scale = math.log(ticks[-1] / ticks[0]) or 1

    def at(value: float) -> float:
        inside = min(max(value, ticks[0]), ticks[-1])
        return place.left + (place.right - place.left) * math.log(inside / ticks[0]) / scale

    drawn = [_axis([(at(tick), f"{tick:,}") for tick in ticks], len(rows), place)]
    for number, row in enumerate(rows):
        y = place.marks(number)
        text = f"{row.middle:,.0f}"
        band = max(at(row.high) - at(row.low), 2)
        marks = (
            f'<line class="whisker" x1="{at(row.high):.1f}" x2="{at(row.far):.1f}" y1="{y:g}" y2="{y:g}"/>'
            f'<rect class="range" x="{at(row.low):.1f}" y="{y - 6:g}" width="{band:.1f}" height="12" rx="2"/>'
            f'<rect class="a" x="{max(at(row.middle) - 2, 0):.1f}" y="{y - 9:g}" width="4" height="18" rx="1.5"/>'
        )
        drawn.append(_group(row.hint, marks, place.text(number, row.label, text, place.right)))
    return _svg(width, 22 + len(rows) * place.height, title, drawn)


def dots(rows: Sequence[Dots], width: int, title: str, *, percent: bool = True) -> str:
    """Values on a common scale from 0, as dots on a line."""
    place = _Rows(width, _label_width(rows), 16, top=22)
    highest = max((value for row in rows for value, _ in row.values), default=0)
    step = next(step for step in (0.02, 0.05, 0.1, 0.2, 0.25, 1) if highest <= 5 * step)
    end = step * max(math.ceil(round(highest / step, 6)), 1)

    def at(value: float) -> float:
        return place.left + 5 + (place.right - place.left - 10) * value / end

    marks = [number * step for number in range(round(end / step) + 1)]
    shown = [(at(mark), f"{100 * mark:.0f} %" if percent else f"{mark:g}") for mark in marks]
    drawn = [_axis(shown, len(rows), place)]
    for number, row in enumerate(rows):
        y = place.marks(number)
        values = [value for value, _ in row.values]
        line = f'<line class="line" x1="{at(min(values)):.1f}" x2="{at(max(values)):.1f}" y1="{y:g}" y2="{y:g}"/>'
        points = [_dot(at(value), y, colour) for value, colour in row.values]
        drawn.append(_group(row.hint, line, *points, place.text(number, row.label, "", place.right)))
    return _svg(width, 22 + len(rows) * place.height, title, drawn)


def _dot(x: float, y: float, colour: str) -> str:
    """A dot whose shape tells as much as its colour."""
    if colour == "b":
        return f'<rect class="b" x="{x - 5:.1f}" y="{y - 5:g}" width="10" height="10" rx="1"/>'
    if colour == "c":
        return f'<path class="c" d="M{x:.1f} {y - 7:g}l7 7-7 7-7-7z"/>'
    return f'<circle class="{colour}" cx="{x:.1f}" cy="{y:g}" r="5.5"/>'


def picture(svg: str, title: str) -> str:
    """A chart as an image in Markdown, with colours and a background of its own."""
    head, _, body = svg.partition(">")
    width, height = (int(head.split(f'{name}="')[1].split('"')[0]) for name in ("width", "height"))
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 40}" height="{height + 72}">'
        f"<style>{_PICTURE_STYLE}</style>"
        '<rect width="100%" height="100%" fill="#ffffff"/>'
        f'<text class="title" x="20" y="30">{escape(title)}</text>'
        f'<svg x="20" y="50" width="{width}" height="{height}">{body}</svg>'
    )
    encoded = base64.b64encode(text.encode()).decode()
    return f"![{title}](data:image/svg+xml;base64,{encoded})"


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def _group(hint: str, *parts: str) -> str:
    return f"<g><title>{escape(hint)}</title>{''.join(parts)}</g>"


def _axis(ticks: Sequence[tuple[float, str]], rows: int, place: _Rows) -> str:
    """Lines with numbers above; where labels stand between the marks, the lines leave them free."""
    lines = [(18.0, place.top + rows * place.height + 0.0)]
    if place.stacked:
        lines = [(place.marks(row) - 10, place.marks(row) + 10) for row in range(rows)]
    drawn, free = [], -math.inf
    for x, text in ticks:
        drawn += [f'<line class="line" x1="{x:.1f}" x2="{x:.1f}" y1="{top:g}" y2="{end:g}"/>' for top, end in lines]
        half = len(text) * _CHAR / 2
        middle = min(max(x, half), place.width - half)
        if middle - half > free:
            drawn.append(f'<text class="muted" x="{middle:.1f}" y="12" text-anchor="middle">{text}</text>')
            free = middle + half + 6
    return f'<g aria-hidden="true">{"".join(drawn)}</g>'


def _ticks(low: float, high: float) -> list[int]:
    """Numbers 1, 2 or 5 times a power of ten, from below `low` to above `high`."""
    steps = [factor * 10**power for power in range(13) for factor in (1, 2, 5)]
    first = max(number for number, step in enumerate(steps) if step <= max(low, 1))
    last = next((number for number, step in enumerate(steps) if step >= high), len(steps) - 1)
    chosen = steps[first : max(last, first + 1) + 1]
    return chosen if len(chosen) <= 8 else [step for step in chosen if step in (chosen[0], chosen[-1]) or _round(step)]


def _round(number: int) -> bool:
    return bool(number == 10 ** round(math.log10(number)))


def _label_width(rows: Sequence[Bar] | Sequence[Range] | Sequence[Dots]) -> int:
    longest = max((sum(map(_places, row.label)) for row in rows), default=0)
    return math.ceil(min(max(longest * _CHAR + 13, 60), 260))


def _cut(text: str, room: float) -> str:
    """`text` in the room there is, escaped."""
    places = [_places(char) for char in text]
    if sum(places) * _CHAR <= room:
        return escape(text)
    kept, used = "", 1.0
    for char, taken in zip(text, places, strict=True):
        if (used + taken) * _CHAR > room:
            break
        kept, used = kept + char, used + taken
    return escape(kept.rstrip()) + "…"


def _places(char: str) -> float:
    """How much room a character takes, in ordinary ones."""
    return 2 if east_asian_width(char) in "WF" else 1.6 if char in "mwMW@%" else 1
