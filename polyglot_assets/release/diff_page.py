"""The page about what changed between two releases: one HTML file that needs no network.

Here: which figures are shown, and filling in diff.html.jinja. Not here: the comparison (diff.py), how a chart is drawn
(marts/charts.py).
"""

from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.files import output_file
from polyglot_assets.marts import charts
from polyglot_assets.release.diff import ADDED, CHANGED, REMOVED, SAME, Difference
from polyglot_assets.text.languages import display_name

_TEMPLATE = Path(__file__).with_name("diff.html.jinja")
_COLOURS = {REMOVED: "b", CHANGED: "c", ADDED: "a"}
_COUNTED = (("old", "Before"), (REMOVED, "Removed"), (CHANGED, "Changed"), (SAME, "Same"), (ADDED, "Added"),
            ("new", "Now"))  # fmt: skip
_LANGUAGE, _STRATEGY, _SOURCE = ("language", "Language"), ("strategy", "Strategy"), ("source", "Source")
_TITLE = "Rows that are not the same, per language"


def write(difference: Difference, path: Path) -> None:
    """Writes the page.

    Raises:
        UserError: the file cannot be written.
    """
    page = render(difference)
    try:
        with output_file(path) as file:
            file.write(page.encode())
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None


def render(difference: Difference) -> str:
    """The page; the same difference gives the same bytes."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    (total,) = difference.sums()
    bars = [_bar(row) for row in difference.sums("language") if any(row[change] for change in _COLOURS)]
    reasons = [{**row, "share": row["rows"] / max(1, total[row["change"]])} for row in difference.reasons()]
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        difference=difference,
        total=total,
        title=_TITLE,
        wide=_drawn(bars, charts.WIDE),
        narrow=_drawn(bars, charts.NARROW),
        legend=[(colour, change) for change, colour in _COLOURS.items()],
        reasons=[(change, [row for row in reasons if row["change"] == change]) for change in _COLOURS],
        tables=[
            ("By language and strategy", (_LANGUAGE, _STRATEGY, *_COUNTED), difference.sums("language", "strategy")),
            ("By source", (_SOURCE, *_COUNTED), difference.sums("source")),
        ],
    )


def _bar(row: dict[str, Any]) -> charts.Bar:
    name = display_name(row["language"])
    said = ", ".join(f"{change} {row[change]:,}" for change in _COLOURS)
    text = " ".join(f"{sign}{row[change]:,}" for sign, change in (("-", REMOVED), ("~", CHANGED), ("+", ADDED)))
    return charts.Bar(
        name, tuple((row[change], colour) for change, colour in _COLOURS.items()), text, f"{name}: {said}"
    )


def _drawn(bars: list[charts.Bar], width: int) -> Markup:
    """All text in a chart is escaped where it is drawn."""
    return Markup(charts.bars(bars, width, _TITLE)) if bars else Markup()  # noqa: S704
