"""Pictures of marts for the Dagster UI, as Markdown."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polyglot_assets.marts import charts, figures

Rows = Sequence[Mapping[str, Any]]

_BAR = 24
"""Length of the longest bar of text, in characters."""


def language_chart(rows: Rows) -> str:
    """Bars of text, a Markdown table that the UI shows in place (a picture of this size it shows on a click)."""
    longest = max((int(row["rows"]) for row in rows), default=0) or 1
    lines = [
        f"| {row['language']} | {'█' * round(_BAR * int(row['rows']) / longest)} | {row['rows']} |" for row in rows
    ]
    return "\n".join(["| language | kept rows | |", "| --- | --- | ---: |", *lines])


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


PICTURES: Mapping[str, Callable[[Rows], str]] = {
    "language_distribution": language_picture,
    "source_funnel": funnel_picture,
    "length_quantiles": length_picture,
}
"""The pictures by the mart that they show."""
