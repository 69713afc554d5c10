"""Pictures of marts for the Dagster UI, as Markdown with an embedded PNG."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

_BAR = 24
"""Length of the longest bar of text, in characters."""

_COLOURS = {"generate_rows": "#4063D8", "respond_rows": "#389826", "translate_rows": "#9558B2"}


def language_chart(rows: Sequence[Mapping[str, Any]]) -> str:
    """Bars of text, a Markdown table that the UI shows in place (a picture of this size it shows on a click)."""
    longest = max((int(row["rows"]) for row in rows), default=0) or 1
    lines = [
        f"| {row['language']} | {'█' * round(_BAR * int(row['rows']) / longest)} | {row['rows']} |" for row in rows
    ]
    return "\n".join(["| language | kept rows | |", "| --- | --- | ---: |", *lines])


def language_picture(rows: Sequence[Mapping[str, Any]]) -> str:
    """A bar per language, split by strategy, from the rows of language_distribution."""
    # No pyplot: it keeps global state and would choose a display. A figure drawn directly needs neither.
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7.2, 0.42 * len(rows) + 1.4), layout="constrained")
    axes = figure.subplots()
    languages = [str(row["language"]) for row in rows][::-1]
    left = [0] * len(rows)
    for column, colour in _COLOURS.items():
        values = [int(row[column]) for row in rows][::-1]
        axes.barh(languages, values, left=left, color=colour, label=column.removesuffix("_rows"))
        left = [start + value for start, value in zip(left, values, strict=True)]
    for language, total in zip(languages, left, strict=True):
        axes.annotate(str(total), (total, language), xytext=(4, 0), textcoords="offset points", va="center")
    axes.set_xlabel("kept rows")
    axes.set_title(f"Language distribution: {sum(left)} kept rows")
    axes.margins(x=0.1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    encoded = base64.b64encode(buffer.getvalue()).decode()
    return f"![kept rows per language and strategy](data:image/png;base64,{encoded})"
