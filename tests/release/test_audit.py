"""The audit of a card: it finds each planted contradiction with both figures, and nothing on a card that is right."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from polyglot_assets.cli.main import main
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.table import MESSAGES
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.lake.store import Lake
from polyglot_assets.release.audit import Audit, audit
from polyglot_assets.release.sft import write
from polyglot_assets.settings import Settings

PUBLISHED = {"id": 85952, "de": 83878, "ar": 77770, "tl": 40875, "ja": 27198, "es": 25609, "cs": 15189}
NAMES = dict(zip(PUBLISHED, ["Indonesian", "German", "Arabic", "Tagalog", "Japanese", "Spanish", "Czech"], strict=True))
WHOLE = sum(PUBLISHED.values())


def card(
    sentence: str = "The set holds 356,471 pairs in seven languages.",
    rows: Mapping[str, int] = PUBLISHED,
    *,
    front: str = "license: other\n",
    total: str = "",
    separator: str = ",",
) -> str:
    """A card with a table by language."""
    figures = {code: f"{count:,}".replace(",", separator) for code, count in rows.items()}
    table = "".join(f"| {NAMES[code]} | {figure} |\n" for code, figure in figures.items())
    last = f"| **Total** | **{total}** |\n" if total else ""
    return f"---\n{front}---\n# A set\n\n{sentence}\n\n| Language | Rows |\n| --- | ---: |\n{table}{last}\nMore text.\n"


@pytest.fixture
def audited(tmp_path):
    """Audits a text as the card of a folder."""

    def run(text: str, name: str = "README.md") -> Audit:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return audit(tmp_path if name == "README.md" else path)

    return run


def test_the_published_figures_have_exactly_two_faults(tmp_path):
    """356,471 in the table, 315,596 in the text, which forgot one language of seven."""
    (tmp_path / "README.md").write_text(
        card(
            "This set has 315,596 synthetic pairs in six languages.",
            front="dataset_info:\n  splits:\n  - num_examples: 356471\n",
        )
    )
    result = CliRunner().invoke(main, ["audit-card", str(tmp_path)])
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert len(lines) == 3
    assert "line 8 says 'six languages', that is 6, but the table in line 10 has 7 languages" in lines
    assert any("315,596" in line and "sums to 356,471; the difference is Tagalog's 40,875" in line for line in lines)
    assert lines[-1].endswith("2 contradictions")


@pytest.mark.parametrize("separator", ["", ",", ".", " ", "\u00a0", "\u202f", "'"])
def test_a_card_that_agrees_with_itself_however_it_writes_figures(audited, separator):
    front = "language: [id, de, ar, tl, ja, es, cs]\nsize_categories: [100K<n<1M]\n"
    front += "dataset_info: {splits: [{num_examples: 356471}]}\n"
    whole = f"356{separator}471"
    result = audited(
        card(f"The set holds {whole} pairs in seven languages.", front=front, total=whole, separator=separator)
    )
    assert result.contradictions == ()
    assert len(result.compared) == 6
    off_by_one = audited(card("", {**PUBLISHED, "cs": 15190}, front=front, total=whole, separator=separator))
    (line,) = off_by_one.contradictions
    assert line.startswith("the table in line 10: the total of 'Rows' is 356,471, but its rows sum to 356,472; ")
    assert line.endswith("the same two figures: the front matter's num_examples")


CLAIMS = [
    ("The set contains 356,472 examples.", "356,472", "356,471"),
    ("356.470 instruction-response pairs, written by a model.", "356,470", "356,471"),
    ("In total there are 350 000 rows.", "350,000", "356,471"),
    ("Total: 315,596", "315,596", "356,471"),
    ("It comprises 355k examples.", "355,000", "356,471"),
    ("It comprises 315,596 examples across the\nlanguages below.", "315,596", "356,471"),
    ("It has 85,000 examples in German.", "85,000", "83,878"),
    ("It has 77,771 Arabic examples.", "77,771", "77,770"),
    ("It covers eight languages.", "8", "7"),
    ("315,596 examples across seven languages, each of them from one teacher.", "315,596", "356,471"),
    ("It covers 12 diverse languages.", "12", "7"),
]


@pytest.mark.parametrize(("sentence", "claimed", "true"), CLAIMS)
def test_sentences_that_contradict_the_table(audited, sentence, claimed, true):
    (line,) = audited(card(sentence)).contradictions
    assert claimed in line
    assert true in line
    assert line.startswith("line ")


@pytest.mark.parametrize(
    "sentence",
    [
        "It comprises 356k examples.",
        "It has 83,878 examples in German and five columns.",
        "It has over 300,000 examples.",
        "It has about 350,000 examples in total.",
        "We removed 1,204 examples that were too short.",
        "There are 10,000 examples per language.",
        "Each of the 3 examples shown to the teacher is listed.",
        "Models were evaluated on 250 prompts in 3 languages.",
        "Teachers were tried in two other languages.",
        "Three of the seven languages are spoken in Europe.",
        "It has 40,875 examples in Tagalog.",
        "See version 2.1 of 2026-01-05 with 10 examples in the paper.",
        "```\nTotal: 5 rows in two languages\n```",
        "<!-- Total: 5 rows in two languages -->",
        "[rows](https://example.org/total-5-rows)",
        "",
    ],
)
def test_sentences_that_do_not(audited, sentence):
    assert audited(card(sentence, total="356,471")).contradictions == ()


def test_a_wrong_row_of_totals(audited):
    (line,) = audited(card("", total="315,596")).contradictions
    assert line == "the table in line 8: the total of 'Rows' is 315,596, but its rows sum to 356,471"


FRONTS = [
    ("dataset_info:\n  splits:\n  - num_examples: 315596\n", "num_examples is 315,596", "356,471"),
    ("dataset_info:\n- config_name: de\n  splits:\n  - num_examples: 5\n", "num_examples of 'de' is 5", "83,878"),
    ("language: [id, de, ar, ja, es, cs]\n", "lists 6 languages", "has 7; Tagalog is only in the table"),
    ("language: [id, de, ar, tl, ja, es, cs, fr]\n", "lists 8 languages", "French is not in the table"),
    ("size_categories: [10K<n<100K]\n", "10K<n<100K", "356,471"),
]


@pytest.mark.parametrize(("front", "stated", "true"), FRONTS)
def test_a_front_matter_that_contradicts_the_table(audited, front, stated, true):
    (line,) = audited(card(front=front)).contradictions
    assert stated in line
    assert true in line


def test_configurations_by_language_and_several_splits(audited):
    infos = "".join(f"- config_name: {c}\n  splits:\n  - num_examples: {n}\n" for c, n in PUBLISHED.items())
    assert audited(card(front=f"dataset_info:\n{infos}")).contradictions == ()
    splits = f"dataset_info:\n  splits:\n  - num_examples: {WHOLE - 500}\n  - num_examples: 500\n"
    assert audited(card(front=splits)).contradictions == ()


class TestShares:
    HEAD = "| language | rows | share |\n| --- | --- | --- |\n"

    def test_right_ones(self, audited):
        assert audited(f"{self.HEAD}| de | 2 | 66.7 % |\n| ja | 1 | 33,3% |\n").contradictions == ()

    def test_a_wrong_one(self, audited):
        (line,) = audited(f"{self.HEAD}| de | 2 | 66.7 % |\n| ja | 1 | 34.3 % |\n").contradictions
        assert line == "the table in line 1: the share of 'ja' is given as 34.3 %, but 1 of 3 is 33.3 %"

    def test_shares_alone_sum_to_everything(self, audited):
        head = "| language | share |\n| --- | --- |\n"
        assert audited(f"{head}| de | 66.7 % |\n| ja | 33.3 % |\n").contradictions == ()
        (line,) = audited(f"{head}| de | 66.7 % |\n| ja | 23.3 % |\n").contradictions
        assert "sum to 90 %" in line

    def test_percentages_of_something_else(self, audited):
        rows = "| de | 2 | 4 % |\n| ja | 1 | 5 % |\n| **all** | 3 | |\n"
        text = f"| language | rows | rejected |\n| --- | --- | --- |\n{rows}"
        assert audited(text).contradictions == ()


class TestMoreTables:
    FIRST = "| language | rows |\n| --- | --- |\n| de | 7 |\n| ja | 5 |\n| ar | 4 |\n| **total** | 16 |\n\n"
    HEAD = "| language | generate | respond |\n| --- | --- | --- |\n"

    def test_by_strategy(self, audited):
        assert audited(f"{self.FIRST}{self.HEAD}| de | 3 | 4 |\n| ja | 5 | 0 |\n| ar | 2 | 2 |\n").contradictions == ()
        (line,) = audited(f"{self.FIRST}{self.HEAD}| de | 3 | 4 |\n| ja | 5 | 1 |\n| ar | 2 | 2 |\n").contradictions
        assert "the rows of 'ja' is 6, but the table in line 1 says 5" in line

    def test_another_measure_is_no_contradiction(self, audited):
        text = f"{self.FIRST}| language | mean length |\n| --- | --- |\n| de | 70 |\n| ja | 50 |\n| ar | 40 |\n"
        assert audited(text).contradictions == ()

    def test_a_column_of_totals(self, audited):
        head = "| language | generate | respond | total |\n| --- | --- | --- | --- |\n"
        (line,) = audited(f"{head}| de | 3 | 4 | 7 |\n| ja | 5 | 0 | 5 |\n| ar | 2 | 2 | 5 |\n").contradictions
        assert line == "the table in line 1: the total of 'ar' is 5, but its columns sum to 4"


@pytest.mark.parametrize(
    ("name", "content", "faults"),
    [
        ("t.csv", "language,rows\nGerman,7\nJapanese,5\ntotal,13\n", 1),
        ("t.csv", 'language,rows\nGerman,"1,007"\nJapanese,5\ntotal,"1,012"\n', 0),
        ("t.tsv", "language\trows\nGerman\t7\nJapanese\t5\ntotal\t12\n", 0),
        ("t.json", '[{"language": "de", "rows": 7}, {"language": "total", "rows": 8}]', 1),
        ("t.json", '{"de": 7, "ja": 5, "total": 12}', 0),
        ("t.json", '{"de": 7, "ja": 5, "total": 10}', 1),
    ],
)
def test_lone_tables(audited, name, content, faults, tmp_path):
    assert len(audited(content, name).contradictions) == faults
    assert CliRunner().invoke(main, ["audit-card", str(tmp_path / name)]).exit_code == (1 if faults else 0)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("README.md", "", "the file is empty"),
        ("README.md", "---\na: [\n---\ntext\n", "the front matter is not YAML"),
        ("README.md", "---\n- a\n---\ntext\n", "the front matter is not a mapping"),
        ("t.json", "{", "line 1: broken JSON"),
        ("t.json", "3", "expected a list of objects"),
        ("t.csv", "a,b\n1\n", "row 2: expected 2 columns, found 1"),
        ("t.csv", 'a,b\n1,"2\n', "unexpected end of data"),
        ("t.txt", "a", "expected a card"),
        ("nothing.md", None, "there is no such file"),
        ("README.md", b"\xff\xfe", "cannot be read"),
    ],
)
def test_input_that_cannot_be_audited(name, content, message, tmp_path):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as caught:
        audit(path)
    assert message in str(caught.value)
    result = CliRunner().invoke(main, ["audit-card", str(path)])
    assert result.exit_code == 2
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize(
    "text", ["# Words\n\nNothing but words.\n", "| a | b |\n| --- | --- |\n| x | y |\n", "It has 5 rows.\n"]
)
def test_a_card_with_nothing_to_compare_is_no_error_and_says_so(audited, text, tmp_path):
    assert audited(text) == Audit((), ())
    result = CliRunner().invoke(main, ["audit-card", str(tmp_path)])
    assert result.exit_code == 0
    (line,) = result.output.splitlines()
    assert line.startswith("0 comparisons, 0 contradictions: no table with figures, ")


def test_a_folder_without_a_card(tmp_path):
    with pytest.raises(UserError, match=r"the folder has no README\.md"):
        audit(tmp_path)


def example(cell: Cell, number: int) -> dict:
    """A kept row."""
    row = {name: ([] if str(kind).startswith("list") else None) for name, kind, _ in EXAMPLES.fields}
    texts = {name: "x" for name, kind, _ in EXAMPLES.fields if kind == "string"}
    ids = {"id": content_id(cell.key, number), "language": cell.language, "strategy": cell.strategy}
    ids |= {name: content_id("x") for name in ("prompt_key", "content_key")}
    return {**row, **texts, **ids, "licenses": ["mit", "cc-by-4.0"][: 1 + number % 2], "source": f"s/{number % 3}"}


@pytest.mark.parametrize("sizes", [(13, 7, 1, 2), (1, 0, 0, 0), (3, 3, 3, 0), (0, 0, 0, 0)])
def test_the_projects_own_card_passes(lake: Lake, sizes, tmp_path: Path):
    cells = (Cell("de", "generate"), Cell("de", "translate"), Cell("ja", "respond"), Cell("tl", "generate"))
    for cell, size in zip(cells, sizes, strict=True):
        lake.write_cell(EXAMPLES, cell, [example(cell, number) for number in range(size)])
    release = write(lake, Settings(lake=lake.root))
    found = audit(release.folder)
    assert found.contradictions == ()
    assert len(found.compared) >= (5 if sum(sizes) else 1)
    assert EXAMPLES.schema.field("messages").type == MESSAGES
    if release.manifest.rows > 20:  # and a number that is changed in it does not
        forged = tmp_path / "README.md"
        forged.write_text(release.card.replace(f"num_examples: {release.manifest.rows}", "num_examples: 99"))
        assert len(audit(forged).contradictions) == 1
        forged.write_text(release.card.replace(f"{release.manifest.rows} synthetic", "99 synthetic"))
        assert len(audit(forged).contradictions) == 1
        forged.write_text(release.card.replace("| Japanese | ja | 1 |", "| Japanese | ja | 2 |"))
        assert len(audit(forged).contradictions) >= 3


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(PUBLISHED)), st.integers(1, 10**7), min_size=2), st.integers(-9, 9))
def test_a_total_is_a_contradiction_if_and_only_if_it_is_wrong(tmp_path_factory, rows, error):
    whole = sum(rows.values())
    path = tmp_path_factory.mktemp("card") / "README.md"
    path.write_text(
        card("", rows, front=f"dataset_info: {json.dumps({'splits': [{'num_examples': whole + error}]})}\n")
    )
    assert bool(audit(path).contradictions) == bool(error)


CONFIGURATIONS = """# D
{top}
## Config A

{first} rows.

| language | rows |
|---|---|
| en | 600 |
| de | 400 |

## Config B

### Size

{second}

| language | rows |
|---|---|
| en | 300 |
| cs | 200 |
"""


@pytest.mark.parametrize(
    ("top", "first", "second"),
    [
        ("", "1,000", "500 rows in two languages."),
        ("\n1,500 rows in total, in three languages.\n", "1,000", "There are 300 English rows."),
        ("\nIt has 900 English rows.\n", "1,000", "500 rows."),
    ],
)
def test_what_is_said_of_a_configuration_is_about_its_own_table(audited, top, first, second):
    for front in ("language: [en, de, cs]\n", "dataset_info: {splits: [{num_examples: 1500}]}\n"):
        text = f"---\n{front}---\n{CONFIGURATIONS.format(top=top, first=first, second=second)}"
        assert audited(text).contradictions == ()


@pytest.mark.parametrize(
    ("top", "second", "line"),
    [
        ("", "501 rows.", "line 16 says 501 ('501 rows'), but the table in line 18 sums to 500"),
        ("", "There are 301 English rows.", "line 16 says 301 ('301 English rows'), but the table's row of English"),
        ("\n1,501 rows in total.\n", "500 rows.", "line 3 says 1,501 ('1,501 rows in total'), but the table in"),
        ("\nIt covers four languages.\n", "500 rows.", "line 3 says 'four languages', that is 4, but the table in "),
    ],
)
def test_a_configuration_that_contradicts_its_own_table(audited, top, second, line):
    (found,) = audited(CONFIGURATIONS.format(top=top, first="1,000", second=second)).contradictions
    assert found.startswith(line)


def test_splits_of_configurations(audited):
    text = "## {}\n\nIt has {} training examples.\n\n| split | rows |\n|---|---|\n| train | {} |\n| test | 100 |\n\n"
    assert audited(text.format("A", 900, 900) + text.format("B", 300, 300)).contradictions == ()
    (line,) = audited(text.format("A", 900, 900) + text.format("B", 301, 300)).contradictions
    assert "says 301" in line
    assert "the table in line 14 says 300" in line


@pytest.mark.parametrize(
    ("languages", "number", "faults"),
    [("[en, de, fr]", "five", 1), ("[en, de, fr]", "three", 0), ("[en, xx-unknown]", "five", 0), ("en", "five", 0)],
)
def test_the_number_of_languages_against_the_front_matter(audited, languages, number, faults):
    text = f"---\nlanguage: {languages}\n---\n# D\n\nThe dataset is available in {number} languages.\n"
    found = audited(text).contradictions
    assert len(found) == faults
    assert all("that is 5, but the front matter lists 3 languages" in line for line in found)
