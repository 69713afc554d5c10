"""The figures of the report: which columns of which mart are shown as which chart.

Here: labels, figures beside marks, headings and notes. Not here: reading marts and writing the page (report.py) and
how a chart is drawn (charts.py). Every figure is read from a mart; nothing is counted here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from polyglot_assets.marts import charts
from polyglot_assets.marts.values import language_name, percent
from polyglot_assets.recipes.registry import NAMES, described

Row = Mapping[str, Any]
Rows = Sequence[Row]
Columns = tuple[tuple[str, str], ...]

_COLOURS = "abcdef"
"""Of the strategies, in their order; with more of them than colours it begins anew."""
LONGEST_LIST = 12


@dataclass(frozen=True)
class Figure:
    """A chart with its table.

    Attributes:
        title: what it shows, a heading.
        note: what one has to know to read it.
        wide: the chart for a screen, empty where there is nothing to draw.
        narrow: the chart for a phone.
        legend: (colour class, meaning).
        columns: columns of the table: (name in the mart, heading).
        rows: the mart's rows.
    """

    title: str
    note: str
    wide: Markup = field(default_factory=Markup)
    narrow: Markup = field(default_factory=Markup)
    legend: tuple[tuple[str, str], ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    rows: Rows = ()


FUNNEL_COLUMNS = (
    ("source", "Source"), ("raw_rows", "Raw rows"), ("seeds", "Seeds"), ("prompts", "Prompts"),
    ("answers", "Answers"), ("accepted", "Accepted"), ("contaminated", "Contaminated"),
    ("outside_policy", "Outside the policy"), ("duplicates", "Duplicates"), ("kept", "Kept"),
    ("kept_share", "Kept of answers"),
)  # fmt: skip
_PROMPT_COLUMNS = (
    ("language", "Language"), ("strategy", "Strategy"), ("teacher", "Teacher"), ("unique_share", "Unique"),
    ("opening_share", "Different openings"), ("most_common_opening", "Commonest opening"),
    ("most_common_rows", "Times"), ("sampled", "Of"), ("overlap", "Overlap"),
)  # fmt: skip
CLUSTER_COLUMNS = (
    ("size", "Rows"), ("kind", "Kind"), ("source", "Source"), ("language", "Language"), ("strategy", "Strategy"),
    ("kept_id", "Kept row"),
)  # fmt: skip
MEASURES = (
    ("response_tokens", "Answers, in the teacher's tokens"),
    ("prompt_chars", "Prompts, in characters"),
)


def _figure(  # noqa: PLR0913 what a figure consists of
    title: str,
    note: str,
    draw: Callable[..., str],
    marks: Sequence[Any],
    *,
    columns: Columns,
    rows: Rows,
    legend: Columns = (),
    **options: Any,
) -> Figure:
    """A figure with its chart in both widths. All text in a chart is escaped where it is drawn."""
    if not marks:
        return Figure(title, note)
    wide = Markup(draw(marks, charts.WIDE, title, **options))  # noqa: S704
    narrow = Markup(draw(marks, charts.NARROW, title, **options))  # noqa: S704
    return Figure(title, note, wide, narrow, legend, columns, rows)


def colours(rows: Rows) -> dict[str, str]:
    """The strategies of language_distribution, in their order, with the colours of their parts."""
    present = {name: None for row in rows for name in strategy_rows(row)}
    names = [name for name in NAMES if name in present] + [name for name in present if name not in NAMES]
    return {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(names)}


def strategy_rows(row: Row) -> dict[str, int]:
    """Kept rows by strategy, of a row of language_distribution, also of one with a column for each."""
    if "by_strategy" in row:
        return {part["strategy"]: part["rows"] for part in row["by_strategy"] or ()}
    return {name.removesuffix("_rows"): rows for name, rows in row.items() if name.endswith("_rows")}


def language_bars(rows: Rows) -> list[charts.Bar]:
    """The rows of language_distribution as bars with a part for each strategy."""
    strategies = colours(rows)
    return [
        charts.Bar(
            language_name(row["language"]),
            tuple((strategy_rows(row).get(name, 0), colour) for name, colour in strategies.items()),
            f"{row['rows']:,} · {percent(row['share'])}",
            f"{language_name(row['language'])}: "
            + ", ".join(f"{name} {strategy_rows(row).get(name, 0):,}" for name in strategies),
        )
        for row in rows
    ]


def languages(rows: Rows) -> Figure:
    """Kept rows per language, split by strategy."""
    title = "Kept rows per language"
    strategies = colours(rows)
    parts = tuple((f"{name}_rows", name) for name in strategies)
    columns = (("language", "Language"), ("rows", "Rows"), ("share", "Share"), *parts)
    note = described(strategies).replace("*", "")
    legend = tuple((colour, name) for name, colour in strategies.items())
    flat = [{**row, **{f"{name}_rows": strategy_rows(row).get(name, 0) for name in strategies}} for row in rows]
    return _figure(title, note, charts.bars, language_bars(rows), legend=legend, columns=columns, rows=flat)


def outcomes(rows: Rows) -> Figure:
    """What the answers ended as, teachers one after the other."""
    title = "What the answers ended as"
    several = len({row["teacher"] for row in rows}) > 1
    drawn = [
        charts.Bar(
            f"{row['outcome']} · {row['teacher']}" if several else row["outcome"],
            ((row["rows"], "a" if row["outcome"] == "ok" else "n"),),
            f"{row['rows']:,} · {percent(row['share'])}",
        )
        for row in rows
    ]
    columns = (("teacher", "Teacher"), ("outcome", "Outcome"), ("rows", "Answers"), ("share", "Share"))
    return _figure(
        title, "Every answer has exactly one outcome. Only ok is kept.", charts.bars, drawn, columns=columns, rows=rows
    )


def teachers(rows: Rows) -> Figure:
    """What became of each teacher's answers, per language."""
    several = len({row["teacher"] for row in rows}) > 1
    drawn = [
        charts.Bar(
            language_name(row["language"]) + (f" · {row['teacher']}" if several else ""),
            ((row["rows"], "a"), (row["accepted"] - row["rows"], "b"), (row["answers"] - row["accepted"], "n")),
            f"{row['accepted']:,} of {row['answers']:,}",
            f"{language_name(row['language'])}, {row['teacher']}: {row['not_accepted'] or 'all accepted'}",
        )
        for row in rows
    ]
    columns = (
        ("language", "Language"), ("teacher", "Teacher"), ("answers", "Answers"), ("accepted", "Accepted"),
        ("accepted_share", "Accepted share"), ("rows", "Kept"), ("not_accepted", "Not accepted"),
        ("median_tokens", "Median tokens"), ("median_length", "Median length"), ("language_score", "Language score"),
    )  # fmt: skip
    note = "Figures: accepted answers of all. `polyglot compare --show 3` prints answers side by side."
    legend = (("a", "kept"), ("b", "accepted, left out by curation or of a teacher not enabled"), ("n", "not accepted"))
    return _figure(
        "Teachers, language by language", note, charts.bars, drawn, legend=legend, columns=columns, rows=rows
    )


def funnel_bars(row: Row) -> list[charts.Bar]:
    """A row of source_funnel as bars from the raw rows to the kept ones."""
    stages = (("raw rows", "raw_rows"), ("seeds", "seeds"), ("prompts", "prompts"), ("answers", "answers"),
              ("accepted", "accepted"), ("kept", "kept"))  # fmt: skip
    return [
        charts.Bar(name, ((row[column], "a" if column == "kept" else "n"),), f"{row[column]:,}")
        for name, column in stages
    ]


def all_funnel_bars(rows: Rows) -> list[charts.Bar]:
    """The bars of all sources, each named with its source."""
    return [
        charts.Bar(f"{_short(row['source'])} · {bar.label}", bar.parts, bar.text)
        for row in rows
        for bar in funnel_bars(row)
    ]


def funnel(row: Row) -> Figure:
    """The stages of one source. Small, so that several stand side by side."""
    text = charts.bars(funnel_bars(row), charts.NARROW, f"From raw rows to kept rows of {row['source']}", compact=True)
    return Figure(row["source"], f"{percent(row['kept_share'])} of the answers kept", narrow=Markup(text))  # noqa: S704 escaped


def unused(rows: Rows) -> Figure:
    """Raw rows that became no seed."""
    title = "Raw rows that became no seed"
    shown = rows[:LONGEST_LIST]
    drawn = [
        charts.Bar(f"{row['reason']} · {_short(row['source'])}", ((row["rows"], "n"),), f"{row['rows']:,}")
        for row in shown
    ]
    note = "Rows in other languages are not counted as lost."
    columns = (("source", "Source"), ("reason", "Reason"), ("rows", "Raw rows"))
    return _figure(title, note, charts.bars, drawn, columns=columns, rows=rows)


def length_ranges(rows: Rows, measure: str) -> list[charts.Range]:
    """One measure of length_quantiles as ranges."""
    chosen = [row for row in rows if row["measure"] == measure and row["rows"]]
    several = len({row["teacher"] for row in chosen}) > 1
    return [
        charts.Range(
            language_name(row["language"]) + (f" · {row['teacher']}" if several else ""),
            row["p10"], row["p50"], row["p90"], row["p99"],
            f"{language_name(row['language'])}: 10 % {row['p10']:,.0f}, median {row['p50']:,.0f}, "
            f"90 % {row['p90']:,.0f}, 99 % {row['p99']:,.0f}",
        )
        for row in chosen
    ]  # fmt: skip


def lengths(rows: Rows, measure: str, title: str) -> Figure:
    """Quantiles of one measure per language."""
    chosen = [row for row in rows if row["measure"] == measure]
    columns = (
        ("language", "Language"), ("teacher", "Teacher"), ("rows", "Rows"), ("shortest", "Shortest"), ("p10", "10 %"),
        ("p50", "Median"), ("p90", "90 %"), ("p99", "99 %"), ("longest", "Longest"), ("mean", "Mean"),
    )  # fmt: skip
    note = (
        "Band: the middle 80\u00a0% of the rows. Mark and figure: the median. Thin line: up to the longest 1\u00a0%. "
        "Each step of the scale is a factor."
    )
    return _figure(title, note, charts.ranges, length_ranges(rows, measure), columns=columns, rows=chosen)


def diversity(rows: Rows, side: str) -> Figure:
    """distinct-1, -2 and -3 per language."""
    chosen = [row for row in rows if row["side"] == side]
    title = "Words of the prompts" if side == "prompt" else "Words of the answers"
    several = len({row["teacher"] for row in chosen}) > 1
    kinds = (("distinct_1", "a"), ("distinct_2", "b"), ("distinct_3", "c"))
    drawn = [
        charts.Dots(
            language_name(row["language"])
            + (f" · {row['teacher']}" if several else "")
            + ("" if row["complete"] else " *"),
            tuple((row[kind], colour) for kind, colour in kinds if row[kind] is not None),
            f"{language_name(row['language'])}: " + ", ".join(f"{kind} {row[kind]}" for kind, _ in kinds),
        )
        for row in chosen
    ]
    columns = (
        ("language", "Language"), ("teacher", "Teacher"), ("words", "Words"), ("types", "Different"),
        ("distinct_1", "distinct-1"), ("distinct_2", "distinct-2"), ("distinct_3", "distinct-3"),
        ("segment_ttr", "Segment TTR"),
    )  # fmt: skip
    note = (
        "Different words, pairs and triples among 2,000 words of a sample. In scripts without spaces a character "
        "counts as a word, so compare such languages with one another only. * fewer than 2,000 words: not comparable."
    )
    legend = (("a", "distinct-1"), ("b", "distinct-2"), ("c", "distinct-3"))
    return _figure(title, note, charts.dots, drawn, legend=legend, columns=columns, rows=chosen, percent=False)


def prompts(rows: Rows) -> Figure:
    """The cells whose prompts are most alike."""
    title = "Cells whose prompts are most alike"
    alike = sorted((row for row in rows if row["overlap"] is not None), key=lambda row: -row["overlap"])
    several = len({row["teacher"] for row in rows}) > 1
    drawn = [
        charts.Bar(
            f"{language_name(row['language'])}, {row['strategy']}" + (f" · {row['teacher']}" if several else ""),
            ((row["overlap"], "a"),),
            f"{row['overlap']:.2f}",
            f"commonest opening: {row['most_common_opening']} ({row['most_common_rows']} of {row['sampled']})",
        )
        for row in alike[:LONGEST_LIST]
    ]
    note = (
        "The overlap of two prompts is the cosine of their sets of words, averaged over all pairs of a sample: 0 with "
        "no word in common, 1 if all are the same. The table has the share of unique prompts and common openings."
    )
    return _figure(title, note, charts.bars, drawn, columns=_PROMPT_COLUMNS, rows=rows)


def duplicates(rows: Rows) -> Figure:
    """Duplicates by kind, the cells that lose most."""
    title = "Duplicates per source and cell"
    losing = [row for row in rows if row["duplicates"]]
    drawn = [
        charts.Bar(
            f"{language_name(row['language'])}, {row['strategy']} · {_short(row['source'])}",
            ((row["exact_pair"], "a"), (row["exact_prompt"], "b"), (row["near"], "c")),
            f"{row['duplicates']:,} · {percent(row['share'])}",
            f"{row['source']}, {row['language']}/{row['strategy']}: {row['duplicates']:,} of {row['examples']:,}",
        )
        for row in losing[:LONGEST_LIST]
    ]
    legend = (("a", "same pair"), ("b", "same prompt"), ("c", "nearly the same"))
    columns = (
        ("source", "Source"), ("language", "Language"), ("strategy", "Strategy"), ("examples", "Examples"),
        ("exact_pair", "Same pair"), ("exact_prompt", "Same prompt"), ("near", "Nearly the same"),
        ("duplicates", "Duplicates"), ("share", "Share"),
    )  # fmt: skip
    note = f"The {LONGEST_LIST} largest losses." if len(losing) > LONGEST_LIST else ""
    return _figure(title, note, charts.bars, drawn, legend=legend, columns=columns, rows=losing)


def contamination(rows: Rows) -> Figure:
    """Hits per evaluation set."""
    title = "Examples that hold text of evaluation items"
    drawn = [
        charts.Bar(row["eval_set"], ((row["examples"], "b"),), f"{row['examples']:,} · {row['items']:,}")
        for row in rows[:LONGEST_LIST]
    ]
    columns = (
        ("eval_set", "Evaluation set"), ("items", "Items"), ("examples", "Examples"),
        ("prompts", "In the prompt"), ("responses", "In the answer"), ("mean_overlap", "Mean overlap"),
        ("sources", "Sources"),
    )  # fmt: skip
    return _figure(
        title,
        "Examples, and how many different items they hold text of. All are left out.",
        charts.bars,
        drawn,
        columns=columns,
        rows=rows,
    )


def licenses(rows: Rows) -> Figure:
    """Kept rows per set of licenses."""
    title = "Licenses that the kept rows carry"
    drawn = [
        charts.Bar(row["licenses"], ((row["rows"], "b" if row["non_commercial"] else "n" if row["unclear"] else "a"),),
                   f"{row['rows']:,} · {percent(row['share'])}")
        for row in rows[:LONGEST_LIST]
    ]  # fmt: skip
    legend = (("a", "commercial use allowed"), ("b", "no commercial use"), ("n", "unclear"))
    columns = (
        ("licenses", "Licenses"),
        ("rows", "Rows"),
        ("share", "Share"),
        ("non_commercial", "Non-commercial"),
        ("unclear", "Unclear"),
        ("left_out", "Left out"),
    )
    return _figure(
        title,
        "A row is under all licenses of its seed, its examples, its template and its teacher.",
        charts.bars,
        drawn,
        legend=legend,
        columns=columns,
        rows=rows,
    )


def card(rows: Rows) -> Figure:
    """The lake's shares of languages beside a card's."""
    title = "Share per language, beside the published dataset"
    drawn = [
        charts.Dots(
            language_name(row["language"]), ((row["published_share"], "b"), (row["share"], "a")),
            f"{language_name(row['language'])}: {percent(row['share'])}, published {percent(row['published_share'])}",
        )
        for row in rows
    ]  # fmt: skip
    columns = (
        ("card", "Dataset"), ("language", "Language"), ("published_rows", "Published rows"),
        ("published_share", "Published share"), ("rows", "Rows here"), ("share", "Share here"),
    )  # fmt: skip
    legend = (("a", "this lake"), ("b", "published"))
    return _figure(title, "", charts.dots, drawn, legend=legend, columns=columns, rows=rows)


def _short(source: str) -> str:
    return source.rsplit("/", 1)[-1]
