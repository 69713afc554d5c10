"""Evaluation sets: every shape gives its questions; what cannot be used is said with file, row and field."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polyglot_assets.curation.evalsets import SIDECAR, Item, read
from polyglot_assets.domain.errors import UserError

ONE, TWO = "How many legs do five spiders have?", "Which river flows through Prague and Dresden?"


def items(folder: Path) -> list[Item]:
    return read(folder, lambda text: len(text.split()) >= 4, lambda _: None)


def texts(folder: Path) -> list[tuple[str, tuple[str, ...]]]:
    return [(item.item, item.texts) for item in items(folder)]


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


TWO_ROWS = [("1", (ONE,)), ("2", (TWO,))]
SHAPES = {
    "plain.jsonl": (lines({"question": ONE, "answer": "40"}, {"question": TWO, "answer": "Elbe"}), TWO_ROWS),
    "case.jsonl": (lines({"Question": ONE}, {"Question": TWO}), TWO_ROWS),
    "ids.jsonl": (lines({"id": "a", "prompt": ONE}, {"id": 7, "prompt": TWO}), [("a", (ONE,)), ("7", (TWO,))]),
    "same_ids.jsonl": (lines({"id": "a", "prompt": ONE}, {"id": "a", "prompt": TWO}), TWO_ROWS),
    "list.json": (json.dumps([{"instruction": ONE}, {"instruction": TWO}]), TWO_ROWS),
    "lines.json": (lines({"instruction": ONE}, {"instruction": TWO}), TWO_ROWS),
    "held.json": (json.dumps({"version": 1, "examples": [{"input": ONE}, {"input": TWO}]}), TWO_ROWS),
    "server.json": (json.dumps({"rows": [{"row_idx": 0, "row": {"text": ONE}}]}), [("1", (ONE,))]),
    "nested.jsonl": (
        lines({"id": 3, "prompts": [{"question": ONE, "option_a": "x"}, {"question": TWO}], "label": "A"}),
        [("3", (ONE, TWO))],
    ),
    "turns.jsonl": (lines({"turns": [{"content": ONE}, {"content": TWO}]}), [("1", (ONE, TWO))]),
    "mt.jsonl": (lines({"turns": [ONE, TWO]}), [("1", (ONE, TWO))]),
    "chat.jsonl": (
        lines({"messages": [{"role": "user", "content": ONE}, {"role": "assistant", "content": TWO}]}),
        [("1", (ONE,))],
    ),
    "shares.jsonl": (
        lines({"conversations": [{"from": "human", "value": ONE}, {"from": "gpt", "value": TWO}]}),
        [("1", (ONE,))],
    ),
    "squad.json": (
        json.dumps(
            {
                "data": [
                    {
                        "paragraphs": [
                            {"context": "c", "qas": [{"id": "q", "question": ONE}, {"id": "r", "question": TWO}]}
                        ]
                    }
                ]
            }
        ),
        [("q", (ONE,)), ("r", (TWO,))],
    ),
    "short.jsonl": (lines({"question": "Which one?", "choices": ["red", "blue"]}), [("1", ("Which one?\nred\nblue",))]),
    "labelled.jsonl": (
        lines({"question": "Which one?", "choices": {"text": ["red", "blue"], "label": ["A", "B"]}}),
        [("1", ("Which one?\nred\nblue\nA\nB",))],
    ),
    "again.jsonl": (
        lines(
            {"question": ONE, "option_a": "40"}, {"question": ONE, "option_a": "30"}, {"question": TWO, "option_a": "x"}
        ),
        [("1", (f"{ONE}\n40",)), ("2", (f"{ONE}\n30",)), ("3", (TWO,))],
    ),
    "header.csv": (f'question,answer\n"{ONE}",40\n"{TWO}","Elbe, Moldau"\n', [("1", (ONE,)), ("2", (TWO,))]),
    "header.tsv": (f"question\tanswer\n{ONE}\t40\n", [("1", (ONE,))]),
    "no_header.tsv": (f"{ONE}\t40\n{TWO}\t1,000\n", TWO_ROWS),
    "lone_quote.tsv": ('A board is 5" wide, and how long?\t40\n', [("1", ('A board is 5" wide, and how long?',))]),
    "quoted.tsv": ('"He said ""no"" to me, but why?"\t40\n', [("1", ('He said "no" to me, but why?',))]),
    "marked.csv": (f"\ufeffquestion\n{ONE}\n", [("1", (ONE,))]),
    "instruction.jsonl": (
        lines({"instruction": "Answer the question below briefly.", "input": ONE, "options": ["30", "40"]}),
        [("1", (f"Answer the question below briefly.\n{ONE}",))],
    ),
    "row_twice.jsonl": (
        lines(*2 * [{"question": ONE, "choices": ["30", "40"]}]),
        [("1", (ONE,)), ("2", (ONE,))],
    ),
    "question_twice.jsonl": (
        lines({"question": ONE, "choices": ["30", "40"]}, {"question": ONE, "choices": ["10", "20"]}),
        [("1", (f"{ONE}\n30\n40",)), ("2", (f"{ONE}\n10\n20",))],
    ),
    "blank.jsonl": (
        lines({"question": ONE}, {"question": None}, {"question": " "}),
        [("1", (ONE,)), ("2", ()), ("3", ())],
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name, tmp_path):
    content, expected = SHAPES[name]
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert texts(tmp_path) == expected
    assert {item.eval_set for item in items(tmp_path)} == {name}


def test_parquet_and_gzip_and_folders_in_order_of_names(tmp_path):
    (tmp_path / "b").mkdir()
    pq.write_table(pa.table({"question": [ONE], "n": [1]}), tmp_path / "b" / "x.parquet")
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines({"question": TWO}).encode()))
    (tmp_path / ".hidden.jsonl").write_text("{")
    told: list[str] = []
    (tmp_path / "README.md").write_text("text")
    found = read(tmp_path, lambda _: True, told.append)
    assert [(item.eval_set, item.texts) for item in found] == [("a.jsonl.gz", (TWO,)), ("b/x.parquet", (ONE,))]
    assert len(told) == 1
    assert "README.md" in told[0]


class TestSidecar:
    def test_names_columns_id_and_header(self, tmp_path):
        (tmp_path / "odd.csv").write_text(f"k1,{ONE},{TWO}\nk2,x,\n")
        (tmp_path / "deep.jsonl").write_text(lines({"a": {"b": [{"c": ONE}, {"c": TWO}]}}))
        (tmp_path / "not_this.jsonl").write_text("broken")
        (tmp_path / SIDECAR).write_text(
            '["odd.*"]\ntext = ["2", "3"]\nid = "1"\nheader = false\n'
            '["deep.jsonl"]\ntext = ["a.b[].c"]\n["not_this.jsonl"]\nskip = true\n'
        )
        assert texts(tmp_path) == [("1", (ONE, TWO)), ("k1", (ONE, TWO)), ("k2", ("x",))]

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("[", "evalsets.toml"),
            ("header = true", "outside a section"),
            ('["x.jsonl"]\ncolumns = ["a"]', "unknown key 'columns'"),
            ('["x.jsonl"]\ntext = "a"', "text must be a list of column names"),
            ('["x.jsonl"]\ntext = []', "text must be a list of column names"),
            ('["x.jsonl"]\nheader = "no"', "header must be bool"),
            ('["y.jsonl"]\nskip = true', "no file is called 'y.jsonl'"),
            ('["x.jsonl"]\ntext = ["nothing"]', "no text in nothing; found 'question'"),
            ('["x.jsonl"]\nid = "nothing"', "line 1: field 'nothing': missing"),
            ('["x.jsonl"]\nid = "same"', "field 'same': not different in every row"),
        ],
    )
    def test_mistakes_in_it(self, content, message, tmp_path):
        (tmp_path / "x.jsonl").write_text(lines({"question": ONE, "same": 1}, {"question": TWO, "same": 1}))
        (tmp_path / SIDECAR).write_text(content)
        with pytest.raises(UserError) as caught:
            items(tmp_path)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.jsonl", b"", "the file holds no rows"),
        ("x.csv", b" \n", "the file is empty"),
        ("x.csv", b"question,answer\n", "the file holds no rows"),
        ("x.json", b"[]", "the file holds no rows"),
        ("x.json", b"[1]", "row 1: expected an object, got int"),
        ("x.json", b"3", "expected a list of objects"),
        ("x.json", b'{"a": [', "line 1: broken JSON"),
        ("x.jsonl", b'{"question": "a"}\n{"question": \n', "line 2: broken JSON"),
        ("x.jsonl", b'{"question": "a"}\n[1]\n', "line 2: expected an object, got list"),
        ("x.jsonl", b'{"question": "a"}\n{"question": 5}\n', "line 2: field 'question': expected text, got int"),
        ("x.jsonl", b'{"prompts": [{"question": "a"}, "b"]}\n', "line 1: field 'prompts': expected objects only"),
        (
            "x.jsonl",
            b'{"number": 5, "label": "A"}\n',
            "no column whose name is that of a text; found 'number', 'label'",
        ),
        ("x.jsonl", b'{"question": " "}\n', "no column whose name is that of a text"),
        ("x.jsonl", b'{"question": "a"}\n\xff\xfe\n', "line 2: not UTF-8"),
        ("x.csv", b'question,answer\na,1\n"b,2\n', "line 3: unexpected end of data"),
        ("x.csv", b"question,answer\na,1\nb\n", "line 3: expected 2 columns, found 1"),
        ("x.csv", b"rot,blau\ngelb,lila\n", "no column whose name is that of a text; found 'rot', 'blau'"),
        ("x.parquet", b"PAR1", "not a readable Parquet file"),
        ("x.jsonl.gz", b"no gzip", "cannot be read"),
        (
            "x.json",
            b'{"data": [{"paragraphs": [{"qas": ["a"]}]}]}',
            "row 1, paragraph 1, question 1: expected an object",
        ),
    ],
)
def test_files_that_cannot_be_used(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as caught:
        items(tmp_path)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match=r"POLYGLOT_EVALSETS: .*nowhere is not a folder"):
        items(tmp_path / "nowhere")


def test_passages_may_be_long(tmp_path):
    passage = "wort " * 40_000
    (tmp_path / "x.csv").write_text(f'question,id\n"{passage}",1\n')
    assert texts(tmp_path) == [("1", (passage,))]


def test_names_and_ids_that_cannot_be_stored_are_changed_until_they_can(tmp_path):
    (tmp_path / os.fsdecode(b"\xff.jsonl")).write_text('{"question": "x \\ud800 y z w v", "id": "\\udfff"}\n')
    assert items(tmp_path) == [Item("\ufffd.jsonl", "\ufffd", ("x \ufffd y z w v",))]


def test_ids_as_pandas_writes_them(tmp_path):
    (tmp_path / "x.jsonl").write_text(lines({"id": 1.0, "question": ONE}, {"id": 2.0, "question": TWO}))
    assert texts(tmp_path) == [("1", (ONE,)), ("2", (TWO,))]
