"""Cards as other people write them: tables and lists in Markdown and HTML, in several languages, and hostile ones."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from polyglot_assets.cli.main import main
from polyglot_assets.domain.errors import UserError
from polyglot_assets.release import card_page
from polyglot_assets.release.audit import audit

FRONT = "---\nlanguage: [de, fr]\n---\n"
TABLE = "\n\n| Language | Rows |\n|---|---|\n| German | 60 |\n| French | 40 |\n"


def faults(text: str, folder: Path) -> tuple[str, ...]:
    (folder / "README.md").write_text(text, encoding="utf-8")
    return audit(folder).contradictions


CONTRADICTIONS = {
    "an HTML table": (
        "Total examples: 500\n\n<table>\n<tr><th>Language</th><th>Examples</th></tr>\n"
        "<tr><td>Arabic</td><td>300</td></tr>\n<tr><td>Japanese</td><td>250</td></tr>\n</table>\n",
        ["line 1 says 500", "the table in line 3 sums to 550"],
    ),
    "HTML as old pages have it": (
        "<TABLE BORDER=1><TR><TD>Language<TD>Rows<TR><TD><B>German</B><TD>60<TR><TD>French<TD>40<TR><TD>Total<TD>101",
        ["is 101, but its rows sum to 100"],
    ),
    "an HTML table with blank lines, comments and cells over two rows": (
        "<table>\n\n<tr><th>language</th><th>kind</th><th>rows</th></tr>\n<!-- 5 -->\n\n"
        "<tr><td rowspan='2'>German</td><td>a</td><td>60</td></tr>\n\n<tr><td>b</td><td>40</td></tr>\n"
        "<tr><td colspan=2>total</td><td>99</td></tr></table>",
        ["is 99, but its rows sum to 100"],
    ),
    "a Korean table": (
        "| 구분 | 개수 | 비율 |\n|---|---|---|\n| 학습 | 900 | 90.0% |\n| 시험 | 50 | 5.0% |\n| 합계 | 1,000 | 100% |\n",
        ["the total of '개수' is 1,000, but its rows sum to 950"],
    ),
    "a Chinese table": (
        "| 语言 | 数量 |\n|---|---|\n| de | 60 |\n| fr | 40 |\n| 总计 | 90 |\n",
        ["is 90", "sum to 100"],
    ),
    "a list of splits": (
        "- **Total Samples**: 1,000\n- **Train Samples**: 880 (chats)\n- **Test Samples**: 100\n",
        ["the list in line 1: the total of 'Total Samples: 1,000' is 1,000, but 880 + 100 is 980"],
    ),
    "a Korean list": ("- **총 샘플 수**: 1,200\n- **학습**: 1,000\n- **테스트**: 100\n", ["1,000 + 100 is 1,100"]),
    "an HTML list": ("<ul><li>Total: 1,000<li>Train: 900<li>Dev: 50</ul>", ["900 + 50 is 950"]),
    "a list within an item": ("* Total: 1,000\n  * train: 900\n  * test: 99\n", ["900 + 99 is 999"]),
    "lines with breaks": ("**Total**: 1,000  \n**Train**: 900  \n**Test**: 90", ["900 + 90 is 990"]),
    "a list of languages": (
        "It has 110 examples.\n\n- German: 60\n- French: 40 examples\n",
        ["line 1 says 110", "the list in line 3 sums to 100"],
    ),
    "a list of parts": ("- Wikipedia: 600\n- Books: 300\n- Total: 1,000\n", ["600 + 300 is 900"]),
    "a table of one split": (
        "- Total: 1,000\n- Train: 900\n- Test: 100\n\n## Turns (Train)\n\n| kind | Samples |\n|-|-|\n| a | 600 |\n| b | 400 |\n",
        ["the table in line 7, titled 'Turns (Train)', sums to 1,000, but line 2 says 900"],
    ),
    "splits in a sentence": (
        "The dataset contains 1,000 examples: 900 for training and 50 for testing.",
        ["is 1,000, but 900 + 50 is 950"],
    ),
    "splits in the next sentence": (
        "The dataset contains 1,000 examples. It is split into 900 train and 50 test examples.",
        ["is 1,000", "900 + 50 is 950"],
    ),
    "splits in a table and in a sentence": (
        "It has 890 training examples.\n\n| split | rows |\n|-|-|\n| train | 900 |\n| test | 100 |\n",
        ["line 1 says 890", "the table in line 3 says 900"],
    ),
    "a million in words": ("The dataset contains 1.2 million examples." + TABLE, ["1,200,000", "100"]),
    "Indian grouping": (
        "It contains 1,23,456 examples.\n\n| Language | Rows |\n|-|-|\n| Hindi | 1,00,000 |\n| Tamil | 23,450 |\n",
        ["123,456", "123,450"],
    ),
    "a number word in bold": ("It is in **three** languages." + TABLE, ["'three languages', that is 3", "has 2"]),
    "a wrong subtotal": (
        "| Language | Rows |\n|-|-|\n| German | 60 |\n| French | 40 |\n| Subtotal | 99 |\n| Japanese | 50 |\n| Total | 150 |",
        ["the table in line 1: 'Rows' of 'Subtotal' is 99, but the rows above it sum to 100"],
    ),
    "a wrong total below right subtotals": (
        "| Language | Rows |\n|-|-|\n| German | 60 |\n| French | 40 |\n| European total | 100 |\n| Japanese | 50 |\n"
        "| Asian total | 50 |\n| Total | 151 |",
        ["the total of 'Rows' is 151, but its rows sum to 150"],
    ),
    "more in the largest languages than in all": (
        "The ten largest languages:\n\n| Language | Rows |\n|-|-|\n| German | 60 |\n| French | 40 |\n| All languages | 99 |",
        ["is 99, but its rows sum to 100"],
    ),
    "a language of the largest ones": (
        "It has 61 examples in German.\n\nThe largest languages:\n\n| Language | Rows |\n|-|-|\n| German | 60 |\n| French | 40 |",
        ["line 1 says 61", "the table's row of German says 60"],
    ),
    "fewer languages than named beside others": (
        "It is in two languages.\n\n| Language | Rows |\n|-|-|\n| German | 60 |\n| French | 40 |\n| Czech | 9 |\n| Other | 7 |",
        ["that is 2", "has 3 languages"],
    ),
    "number words": ("It has two million rows." + TABLE, ["2,000,000 ('two million rows')", "100"]),
    "bold number words": ("It has **twelve thousand** rows." + TABLE, ["12,000 ('twelve thousand rows')", "100"]),
    "a compound number word": ("It covers twenty-three languages." + TABLE, ["'twenty-three languages', that is 23"]),
    "Chinese units": (
        "- 总样本数: 12万\n- 训练: 11.5万\n- 测试: 3万\n",
        ["is 120,000, but 115,000 + 30,000 is 145,000"],
    ),
    "Korean units": ("Total: 1.2억" + TABLE, ["120,000,000", "100"]),
    "a table of rounded figures": (
        "| 语言 | 数量 |\n|-|-|\n| de | 12万 |\n| fr | 3万 |\n| 总计 | 18万 |\n",
        ["is 180,000, but its rows sum to 150,000"],
    ),
    "a table of rounded figures and a sentence": (
        "It has 1.3M rows.\n\n| Language | Rows |\n|-|-|\n| German | 600K |\n| French | 400K |\n",
        ["line 1 says 1,300,000", "the table in line 3 sums to 1,000,000"],
    ),
    "a rounded figure beside an exact one": (
        "It has two million rows. In total there are 1,998,123 rows.\n\n- Total: 1,998,124\n",
        ["1,998,12"],
    ),
    "a drawn table": (
        "It has 110 rows:\n+----------+------+\n| Language | Rows |\n+==========+======+\n| German   | 60   |\n"
        "|          |      |\n+----------+------+\n| French   | 40   |\n+----------+------+\n",
        ["line 1 says 110", "the table in line 2 sums to 100"],
    ),
    "two totals": ("The dataset contains 900 examples.\n\n- Total samples: 1,000\n", ["900", "1,000"]),
}


@pytest.mark.parametrize(("text", "wanted"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_one_contradiction(text: str, wanted: list[str], tmp_path: Path) -> None:
    (line,) = faults(text, tmp_path)
    assert all(part in line for part in wanted), line


CLEAN = {
    "another data set": "The dataset contains 100 examples. It was derived from Aya, which has 513,758 rows in 114 languages.",
    "another one by name": "Aya contains 513,758 examples. Unlike it, this set is small: 100 examples.",
    "another one's languages": "The Flores corpus covers 200 languages.",
    "rounded": "The dataset contains 0.1k examples.",
    "training rows alone": "It has 90 training examples and 10 test examples.",
    "struck": "It contains ~~99~~ 100 examples.",
    "code": "```\nTotal: 99\n```\n\n    Total: 98\n\n<pre>Total: 97</pre>\n<script>Total: 96</script>",
    "other things in a list": "- Total examples: 100\n- Languages: 2\n- Sources: 7\n- Total tokens: 12,345\n- Version: 3",
    "splits with tokens": "- Total: 100\n- Train: 90\n- Test: 10\n- Train tokens: 12,000\n- Test tokens: 900",
    "a mean below": "| Language | Rows | Mean length |\n|-|-|-|\n| German | 60 | 71 |\n| French | 40 | 73 |\n| all | 100 | 72 |",
    "another summary": "| Language | Rows | quality |\n|-|-|-|\n| German | 60 | 71 |\n| French | 40 | 73 |\n| all | 100 | 72 |",
    "results": "## Evaluation\n\n| Language | mmlu | arc |\n|-|-|-|\n| German | 61 | 71 |\n| French | 62 | 73 |",
    "subtotals": "| Language | Rows |\n|-|-|\n| German | 60 |\n| Subtotal | 60 |\n| French | 40 |\n| Romance total | 40 |\n"
    "| **Total** | 100 |",
    "groups above their languages": "| Language | Rows |\n|-|-|\n| Germanic | 60 |\n| German | 60 |\n| Romance | 40 |\n"
    "| French | 40 |",
    "a total of each group": "| Source | Rows |\n|-|-|\n| a | 30 |\n| b | 30 |\n| Total | 60 |\n| c | 40 |\n| Total | 40 |\n"
    "| Grand total | 100 |",
    "groups of sources": "| Source | Rows |\n|-|-|\n| web | 60 |\n| news | 35 |\n| blogs | 25 |\n| books | 40 |\n| Total | 100 |",
    "totals of other things": "| What | Number |\n|-|-|\n| train | 60 |\n| test | 40 |\n| Total tokens | 5,000 |\n| Total | 100 |",
    "columns of one name": "| a (3) | a | a |\n|-|-|-|\n| x | y | z |",
    "totals of something else": "It covers a total of 7 sources. In total there are 12,000 tokens.",
    "other languages": "It has code in 5 programming languages, and one of three languages is Romance.",
    "figures in words": "It has a hundred rows. Up to two million rows were looked at. About five thousand rows are short.",
    "rounded figures in a table": "## Tokens\n\n| Language | Rows | Words |\n|-|-|-|\n| German | 60 | 1.2M |\n| French | 40 | 86k |\n"
    "| Total | 100 | 1.3M |",
    "speakers": "| Language | Speakers |\n|-|-|\n| German | 90M |\n| French | 300M |",
    "a note": "It contains 100<sup>1</sup> examples.",
    "tables by split": "## Train\n\n| Language | Rows |\n|-|-|\n| German | 50 |\n| French | 40 |\n\n"
    "## Test\n\n| Language | Rows |\n|-|-|\n| German | 10 |\n| French | 0 |\n\n# All",
}


@pytest.mark.parametrize("text", CLEAN.values(), ids=CLEAN)
def test_no_contradiction(text: str, tmp_path: Path) -> None:
    assert faults(FRONT + text + TABLE, tmp_path) == ()
    assert faults(FRONT + TABLE + "\n" + text, tmp_path) == ()


PARTS = {
    "a sentence above": "The table below shows the two largest languages.\n{table}",
    "a heading": "## Top 2 languages\n\nRows of each:\n{table}",
    "a sentence below": "{table}\nOnly the languages with the most rows are shown.\n",
    "a caption": "<table><caption>Most common languages</caption><tr><td>Language<td>Rows<tr><td>German<td>60"
    "<tr><td>French<td>40</table>\n",
    "a list": "The two largest languages are:\n\n- German: 60\n- French: 40\n",
    "shares of the whole": "The largest languages:\n\n| Language | Rows | Share |\n|-|-|-|\n| German | 60 | 12 % |\n"
    "| French | 40 | 8 % |\n| All | 500 | 100 % |\n",
    "shares alone": "The largest languages:\n\n| Language | Share |\n|-|-|\n| German | 12 % |\n| French | 8 % |\n",
}


@pytest.mark.parametrize("text", PARTS.values(), ids=PARTS)
def test_what_is_announced_as_a_part_need_not_sum_to_the_whole(text: str, tmp_path: Path) -> None:
    front = "---\nlanguage: [de, fr, cs, pl]\ndataset_info: {splits: [{num_examples: 500}]}\n---\n"
    whole = "It has 500 rows in four languages.\n\n"
    assert faults(front + whole + text.format(table=TABLE), tmp_path) == ()
    (line,) = faults(front + "It has 501 rows.\n\n" + text.format(table=TABLE), tmp_path)
    assert "501" in line, "the rest of the card is compared"


def test_rounded_figures_agree_with_exact_ones(tmp_path: Path) -> None:
    rounded = "| Language | Rows |\n|-|-|\n| German | 59.6k |\n| French | 4万 |\n| Total | 0.1M |\n"
    exact = "| Language | Rows |\n|-|-|\n| German | 59,571 |\n| French | 40,321 |\n| Total | 99,892 |\n"
    text = "It has about a hundred thousand rows: 99,892 rows in total, 59,571 of them in German.\n\n"
    for tables in (f"{rounded}\n{exact}", f"{exact}\n{rounded}", rounded):
        assert faults(text + tables, tmp_path) == ()


def test_a_table_with_others_names_not_all_languages(tmp_path: Path) -> None:
    front = "---\nlanguage: [de, fr, cs, pl]\n---\n"
    assert faults(f"{front}It has 130 rows in four languages.{TABLE}| Others | 30 |\n", tmp_path) == ()


@settings(deadline=None, max_examples=40)
@given(
    groups=st.lists(st.lists(st.integers(1, 10**6), min_size=1, max_size=3), min_size=2, max_size=3),
    above=st.booleans(),
    error=st.sampled_from([0, 1]),
)
def test_subtotals_of_any_groups_are_no_rows_of_the_whole(
    groups: list[list[int]], error: int, *, above: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    names = iter(["German", "French", "Czech", "Arabic", "Polish", "Greek", "Turkish", "Hindi", "Thai"])
    rows = []
    for counts in groups:
        inner = [(next(names), f"{count}") for count in counts]
        subtotal = ("Subtotal", f"{sum(counts)}")
        rows += [subtotal, *inner] if above else [*inner, subtotal]
    rows.append(("Total", f"{sum(map(sum, groups)) + error}"))
    found = faults(markdown(rows), tmp_path_factory.mktemp("card"))
    assert len(found) == error, found


def markdown(rows: list[tuple[str, str]]) -> str:
    return "| language | rows |\n| --- | --- |\n" + "".join(f"| {name} | {value} |\n" for name, value in rows)


def html(rows: list[tuple[str, str]]) -> str:
    body = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>\n" for name, value in rows)
    return f"<table><thead><tr><th>language</th><th>rows</th></tr></thead><tbody>\n{body}</tbody></table>\n"


def bullets(rows: list[tuple[str, str]]) -> str:
    return "".join(f"- **{name}**: {value}\n" for name, value in rows)


def html_bullets(rows: list[tuple[str, str]]) -> str:
    return "<ol>" + "".join(f"<li><b>{name}</b>: {value}</li>" for name, value in rows) + "</ol>\n"


def lines(rows: list[tuple[str, str]]) -> str:
    return "<br>\n".join(f"{name}: {value}" for name, value in rows) + "\n"


def drawn(rows: list[tuple[str, str]]) -> str:
    line = f"+{'-' * 10}+{'-' * 20}+\n"
    return line + line.join(f"| {name:8} | {value:18} |\n" for name, value in [("language", "rows"), *rows]) + line


@settings(deadline=None, max_examples=60)
@given(
    counts=st.lists(st.integers(1, 10**7), min_size=2, max_size=4),
    error=st.sampled_from([0, 0, 1, -1, 40]),
    form=st.sampled_from([markdown, html, bullets, html_bullets, lines, drawn]),
    separator=st.sampled_from([",", "\u202f", "'", ""]),
)
def test_a_wrong_total_is_found_in_every_form_and_a_right_one_in_none(
    counts: list[int], error: int, form, separator: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    names = ["German", "French", "Czech", "Arabic"][: len(counts)]
    given = [*zip(names, counts, strict=True), ("Total", sum(counts) + error)]
    rows = [(name, f"{value:,}".replace(",", separator)) for name, value in given]
    found = faults(form(rows), tmp_path_factory.mktemp("card"))
    assert len(found) == bool(error)
    assert all(f"{sum(counts):,}" in line and f"{sum(counts) + error:,}" in line for line in found)


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    page = card_page.read(
        "# A\n\ntwo\nlines\n\n<div>\n\n<p>html\n</p>\n</div>\n\n- item\n  more\n\n<table><tr><td>x</table>"
    )
    assert [(text.text, text.line) for text in page.texts] == [
        ("A", 1),
        ("two\nlines", 3),
        ("html", 8),
        ("item\nmore", 12),
    ]
    assert [table.line for table in page.tables] == [15]


HOSTILE = {
    "digits": "|language|rows|\n|---|---|\n|de|" + "9" * 5000 + "|\n|es|1|\n",
    "digits in the front matter": f"---\ndataset_info: {{splits: [{{num_examples: {'9' * 5000}}}]}}\n---\nTotal: 5\n",
    "a date that does not exist": "---\nlanguage: 2026-99-99\nsize_categories: 2026-02-30\n---\nTotal: 5\n",
    "aliases of aliases": "---\na: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{two}: &{two} [{', '.join([f'*{one}'] * 9)}]\n" for one, two in zip("abcdefghij", "bcdefghijk", strict=True))
    + "language: *k\nsize_categories: *k\npretty_name: *k\nlicense: *k\n---\nTotal: 5\n",
    "deep front matter": "---\na: " + "[" * 5000 + "\n---\nTotal: 5\n",
    "keys that are lists": "---\n? [a, b]\n: c\n---\nTotal: 5\n",
    "deep quotations": ">" * 20_000 + " Total: 5\n",
    "deep lists": "".join(f"{' ' * depth}- a\n" for depth in range(0, 1000, 2)),
    "deep HTML": "<div><table><tr><td>" * 3000 + "5",
    "wide cells": "<table><tr><td colspan=999999999 rowspan=9999>5<td colspan=-1>" + "<tr><td rowspan=9999>7" * 300,
    "tags that never end": "<table><tr><td>5<!-- " + "<" * 3000 + "&#x110000;&#0;&#xD800;",
    "brackets": "[" * 3000 + "](" * 3000,
    "dashes": "|" + "-" * 5000 + "x\n" + "-" * 5000 + "|\n",
    "comments that never end": '"<!--"' * 30_000,
    "comments that never end in HTML": "<div><!-- >" * 10_000,
    "tags that never end in HTML": "<div>" + "<![CDATA[ >" * 5000 + "<a x='>" * 5000,
    "many numbers of languages": "in 3 languages and " * 2500,
    "many totals in a list": "- Total: 5\n- a: 3\n" * 800,
    "many subtotals": markdown([("German", "0"), ("Subtotal", "1")] * 500),
    "drawn rows of every width": "+--+\n| a || b |\n+\n+-+-+\n||\n+--+\n" * 300,
    "one long sentence": "the set has " + "5 examples and " * 3000,
    "many rows": markdown([("x", "5")] * 5000),
    "steers the terminal": "- Total\x1b\x9b\u202e: 1,000\n- Train: 900\n- Test: 50\n",
    "NUL": "- Total: 1,000\x00\n- Train: 900\n- Test: 50\n",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_card_gives_a_result_or_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(main, ["audit-card", str(tmp_path)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    assert all(line.isprintable() for line in result.output.splitlines())
    if result.exit_code == 2:
        assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.json", b"[" * 100_000, "nested too deeply"),
        ("t.json", b'[{"language": "de", "rows": ' + b"9" * 5000 + b"}]", "a figure of 5,000 digits"),
        ("t.csv", b"language,rows\nde," + b"9" * 5000 + b"\n", "a figure of 5,000 digits"),
        ("t.md", b"x" * 2_000_001, "longer than 2,000,000 bytes"),
        ("t.md", HOSTILE["digits"].encode(), "the table in line 1: a figure of 5,000 digits"),
        ("t.md", HOSTILE["deep front matter"].encode(), "the front matter is not YAML"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as caught:
        audit(tmp_path / name)
    assert message in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "README.md")
    with pytest.raises(UserError, match=r"the folder has no README\.md"):
        audit(tmp_path)
    with pytest.raises(UserError, match="it is no file"):
        audit(tmp_path / "README.md")


PIECES = st.lists(
    st.sampled_from(
        ["| a | b |", "|---|---|", "| de | 5 |", "- Total: 5", "  - train: 3", "<table>", "<tr><td>", "</table>", "<!--",
         "-->", "```", "---", "# Train", "9" * 30, "1.2 million examples", "in two languages", "\n", "\n\n", " ", "%", "&#0;",
         "<ul><li>", "</ul>", "+--+--+", "| Subtotal | 3 |", "two million rows", "12万", "~~", "**", "\u202e", "\x00", "\ufeff", "language: [", "&a", "*a", "total", "합계: 5"]
    )
    | st.text(max_size=5),
    max_size=40,
).map("".join)  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(text=PIECES, name=st.sampled_from(["README.md", "t.csv", "t.tsv", "t.json"]))
def test_any_card_gives_a_result_or_one_line(text: str, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("card") / name
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        found = audit(path)
    except UserError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017 both ends are right
    else:
        assert all(line.isprintable() for line in (*found.contradictions, *found.compared))
