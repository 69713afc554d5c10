"""Requests from files and the command line: what is wrong is named by file, row and field."""

import json
from pathlib import Path

import pytest

from polyglot_assets.deletion.requests import read, request
from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.tombstones import Request


def test_both_kinds_of_file_say_the_same(tmp_path: Path) -> None:
    rows = [
        {"source": "openai/gsm8k", "source_id": "a", "requester": "somebody", "reference": "1", "date": "2026-11-20"},
        {"source": "GSM8K", "source_id": "a"},
        {"source": "aya", "source_id": 17},
    ]
    lines, table = tmp_path / "requests.jsonl", tmp_path / "requests.csv"
    lines.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    table.write_text("source,source_id,requester,reference,date\nopenai/gsm8k,a,somebody,1,2026-11-20\naya,17,,,\n")
    expected = [
        Request("openai/gsm8k", "a", "somebody", "1", "2026-11-20"),
        Request("CohereLabs/aya_collection", "17", "the office", "", ""),
    ]
    for path in (lines, table):
        assert read(path, {"requester": "the office", "reference": ""}) == expected


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"source": "aya"}', "line 1: field 'source_id' is missing"),
        ("a.jsonl", '\n{"source": "aya", "source_id": " "}', "line 2: field 'source_id' is empty"),
        ("a.jsonl", '{"source": "aya", "source_id": ["x"]}', "line 1: field 'source_id': expected a text, got list"),
        ("a.jsonl", '{"source": "aya", "source-id": "x"}', "line 1: unknown field 'source-id'"),
        ("a.jsonl", '{"source": "ayaa", "source_id": "x"}', "line 1: field 'source': there is no source 'ayaa'"),
        ("a.jsonl", '{"source": "aya", "source_id": "x", "date": "soon"}', "line 1: field 'date': 'soon' is no date"),
        *(
            ("a.jsonl", f'{{"source": "aya", "source_id": "x", "date": "{odd}"}}', f"field 'date': '{odd}' is no date")
            for odd in ("2026-11-20 or so", "2026-11-20T99:00", "2026-13-01", "20.11.2026", "0000-00-00")
        ),
        ("a.csv", "source,source_id,source_id\naya,x,y\n", "line 1: the header names a field twice: 'source', "),
        (
            "a.jsonl",
            '{"source": "aya", "source_id": 1, "source_id": 2}',
            "line 1: field 'source_id' stands there twice",
        ),
        ("a.jsonl", '[{"source": "aya", "source_id": 1, "source_id": 2}]', ": field 'source_id' stands there twice"),
        ("a.jsonl", '{\n"source": "aya",\n"source_id": 1\n}', "; expected one object a line, or one list of all"),
        ("a.jsonl", "{", "line 1: broken JSON"),
        ("a.jsonl", "7", "line 1: expected an object, got int"),
        ("a.jsonl", "", "holds no request"),
        ("a.csv", "source,id\naya,x\n", "line 1: the header has no field 'source_id'"),
        ("a.csv", "source,source_id\naya\n", "line 2: expected 2 fields, found 1"),
        ("a.csv", 'source,source_id\naya,"x\n', "unexpected end"),
        ("a.txt", "x", "ends in .jsonl or .csv"),
        ("absent.csv", None, "No such file"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError) as error:
        read(path, {})
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_the_source_is_known_by_both_its_names() -> None:
    for name in ("wildchat", "allenai/WildChat-4.8M", "Allenai/wildchat-4.8m"):
        assert request("here", {"source": name, "source_id": "x"}, {}).source == "allenai/WildChat-4.8M"


@pytest.mark.parametrize("date", ["2026-11-20", "20261120", "2026-11-20T10:30:00+01:00", "2026-11-20 10:30Z"])
def test_a_date_is_kept_as_it_was_given(date: str) -> None:
    assert request("here", {"source": "aya", "source_id": "x", "date": date}, {}).requested_on == date
