"""The report: one HTML file about the lake, for people who would rather look than read.

Here: reading the marts and writing the page. Not here: which columns are shown as which chart (figures.py), how a
chart is drawn (charts.py) and the page around them (report.html.jinja). The file needs no network, and the same marts
give the same bytes.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import jinja2

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.lake import made_with
from polyglot_assets.lake.files import write_text
from polyglot_assets.lake.store import Lake
from polyglot_assets.lake.views import MARTS
from polyglot_assets.marts import figures, values
from polyglot_assets.marts.answers import Answers, side_by_side
from polyglot_assets.marts.figures import Figure, Rows

_TEMPLATE = Path(__file__).with_name("report.html.jinja")
_MARTS = (
    "overview", "language_distribution", "source_funnel", "outcomes", "unused_rows", "length_quantiles",
    "lexical_diversity", "prompt_diversity", "duplicate_share", "largest_clusters", "contamination_sets",
    "license_mix", "card_audit", "card_comparison", "teacher_comparison",
)  # fmt: skip


def report_path(lake: Lake) -> Path:
    """Where the report lies."""
    return lake.root / "report" / "index.html"


def write(lake: Lake) -> Path:
    """Writes the report from the marts that there are."""
    with lake.connect() as connection:
        answers = side_by_side(connection, 1, of_each_language=True)
        page = render(read_marts(connection), _searched(lake), answers)
    path = report_path(lake)
    write_text(page, path)
    return path


def read_marts(connection: duckdb.DuckDBPyConnection) -> dict[str, Rows]:
    """The rows of the marts that the report shows, by name; none of those that were not computed yet."""
    views = connection.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = ?", [MARTS]).fetchall()
    computed = {name for (name,) in views}
    rows_by_mart: dict[str, Rows] = {}
    for name in _MARTS:
        relation = connection.sql(f"FROM {MARTS}.{name}") if name in computed else None
        rows = relation.fetchall() if relation else []
        rows_by_mart[name] = [dict(zip(relation.columns, row, strict=True)) for row in rows] if relation else []
    return rows_by_mart


def _searched(lake: Lake) -> int | None:
    """How many evaluation sets the examples were searched for; None if that is not known."""
    note = made_with.read(lake.table_path(CONTAMINATION))
    return None if note is None else len(note.get("evalsets", ()))


def render(marts: dict[str, Rows], searched: int | None = None, answers: Sequence[Answers] = ()) -> str:
    """The page, from the rows of all marts that it shows; what is empty is said in its place.

    Args:
        marts: by name.
        searched: how many evaluation sets were searched for, if that is known. Of what was not searched for nothing is
            said to be clean.
        answers: to one prompt of each language, by all teachers.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters |= {
        "figure": values.figure_text,
        "percent": values.percent,
        "language": values.language_name,
        "cut": values.cut,
    }
    sources, clusters = marts["source_funnel"], marts["largest_clusters"][: figures.LONGEST_LIST]
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        overview=marts["overview"][0] if marts["overview"] else None,
        languages=figures.languages(marts["language_distribution"]),
        outcomes=figures.outcomes(marts["outcomes"]),
        teachers=figures.teachers(marts["teacher_comparison"]),
        answers=answers,
        funnels=[figures.funnel(row) for row in sources],
        funnel_table=Figure("Rows per stage and source", "", columns=figures.FUNNEL_COLUMNS, rows=sources),
        unused=figures.unused(marts["unused_rows"]),
        lengths=[figures.lengths(marts["length_quantiles"], *measure) for measure in figures.MEASURES],
        diversity=[figures.diversity(marts["lexical_diversity"], side) for side in ("prompt", "response")],
        prompts=figures.prompts(marts["prompt_diversity"]),
        duplicates=figures.duplicates(marts["duplicate_share"]),
        clusters=Figure("Largest clusters", "", columns=figures.CLUSTER_COLUMNS, rows=clusters),
        contamination=figures.contamination(marts["contamination_sets"]),
        searched=searched,
        licenses=figures.licenses(marts["license_mix"]),
        card=figures.card(marts["card_comparison"]),
        audits=marts["card_audit"],
    )
