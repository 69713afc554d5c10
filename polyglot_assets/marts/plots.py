"""Pictures of marts for the Dagster UI, as Markdown."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polyglot_assets.marts import charts, figures
from polyglot_assets.orchestration.wiring import plain

Rows = Sequence[Mapping[str, Any]]

_BARS = (24, 16, 10, 6, 3)
"""Lengths of the longest bar of text, in characters: the first with which the chart fits."""
SHOWN_IN_PLACE = 1000
"""The UI shows Markdown in place that has fewer characters than this; what is longer it shows on a click."""


def text_chart(what: str, rows: Sequence[tuple[str, int]]) -> str:
    """Bars of text in a Markdown table, short enough to be seen without a click. What does not fit is counted.

    Args:
        what: what the rows are.
        rows: names and numbers, the most important first.
    """
    named = [(plain(name), number) for name, number in rows]
    for bar in _BARS:
        if len(chart := _text_chart(what, named, bar)) < SHOWN_IN_PLACE:
            return chart
    for count in range(len(named) - 1, -1, -1):
        if len(chart := _text_chart(what, named, _BARS[-1], count)) < SHOWN_IN_PLACE:
            return chart
    return ""


def _text_chart(what: str, rows: Sequence[tuple[str, int]], bar: int, count: int | None = None) -> str:
    longest = max((number for _, number in rows), default=0) or 1
    lines = [f"| {name} | {'█' * round(bar * number / longest)} | {number} |" for name, number in rows[:count]]
    if count is not None:
        lines.append(f"| and {len(rows) - count} more | | |")
    return "\n".join([f"| {what} | | |", "| --- | --- | ---: |", *lines])


def language_chart(rows: Rows) -> str:
    """Kept rows per language, from the rows of language_distribution or of a release."""
    return text_chart("kept rows", [(row["language"], int(row["rows"])) for row in rows])


def outcome_chart(rows: Rows) -> str:
    """What the answers ended as, from the rows of outcomes."""
    several = len({row["teacher"] for row in rows}) > 1
    return text_chart(
        "answers", [(f"{row['teacher']} {row['outcome']}" if several else row["outcome"], row["rows"]) for row in rows]
    )


def funnel_chart(rows: Rows) -> str:
    """Kept rows per source, from the rows of source_funnel."""
    return text_chart("kept rows", [(row["source"].rsplit("/", 1)[-1], row["kept"]) for row in rows])


def teacher_chart(rows: Rows) -> str:
    """Accepted answers per teacher and language, from the rows of teacher_comparison."""
    return text_chart("accepted answers", [(f"{row['language']} {row['teacher']}", row["accepted"]) for row in rows])


def language_picture(rows: Rows) -> str:
    """A bar per language, split by strategy, from the rows of language_distribution."""
    title = f"Kept rows per language: {', '.join(figures.colours(rows))}"
    return charts.picture(charts.bars(figures.language_bars(rows), charts.WIDE, title), title)


def funnel_picture(rows: Rows) -> str:
    """From raw rows to kept rows, sources one after the other, from the rows of source_funnel."""
    title = "From raw rows to kept rows per source"
    return charts.picture(charts.bars(figures.all_funnel_bars(rows), charts.WIDE, title), title)


def length_picture(rows: Rows) -> str:
    """Token quantiles of the answers per language, from the rows of length_quantiles."""
    title = "Answers in the teacher's tokens: 10, 50, 90 and 99 %"
    ranges = figures.length_ranges(rows, "response_tokens")
    return charts.picture(charts.ranges(ranges, charts.WIDE, title), title)


CHARTS: Mapping[str, Callable[[Rows], str]] = {
    "language_distribution": language_chart,
    "outcomes": outcome_chart,
    "source_funnel": funnel_chart,
    "teacher_comparison": teacher_chart,
}
"""The charts that are seen without a click, by the mart that they show."""

PICTURES: Mapping[str, Callable[[Rows], str]] = {
    "language_distribution": language_picture,
    "source_funnel": funnel_picture,
    "length_quantiles": length_picture,
}
"""The pictures by the mart that they show."""
