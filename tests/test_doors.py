"""The doors through which files of others come in: whatever they hold, it can be stored or is one line that names them.

One law per door, tried with files that are broken, cut, or full of what JSON and TOML allow and nobody expects.
"""

import gzip
import json
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.curation import evalsets
from polyglot_assets.deletion import requests
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell
from polyglot_assets.inference import registry
from polyglot_assets.lake import reading, tombstones
from polyglot_assets.lake.store import Lake
from polyglot_assets.licenses import policy
from polyglot_assets.seeds.acquire import Files
from polyglot_assets.seeds.fill import fill
from polyglot_assets.seeds.source import Source
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import Settings

HUGE = b"9" * 5000
DEEP = b"[" * 3000
FRAGMENTS = st.sampled_from(
    [
        HUGE, b"0x" + b"f" * 5000, DEEP, DEEP + b"]" * 3000, b'{"a":' * 3000, b"1e999", b"-0.0", b"7.0", b"1e22",
        b"NaN", b"inf", b"nan", b"1979-05-27", b"07:32:00",
        b'"\\ud800"', b'"\\udfff\\ud83d"', b'"\\u0000"', b"\x00", b"\xff",
        b"\xed\xa0\x80", b"\xef\xbb\xbf", b'"\\u2028"', "\u2028".encode(), b"\r", b"\n", b"\n\n", b"null", b"true",
        b"[]", b"{}", b'""', b'"', b",", b"=", b"[x]\n", b'"a\\nb" = 1\n', b"\t", b"'''", b"#",
    ]
)  # fmt: skip
FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@st.composite
def damaged(draw: st.DrawFn, *valid: bytes) -> bytes:
    """One of the `valid` files with fragments put in the place of parts of it."""
    data = draw(st.sampled_from(valid))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(FRAGMENTS) + data[at + draw(st.integers(0, 12)) :]
    return data


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(10**400), 10**400), st.floats(), st.text(max_size=5),
    st.sampled_from(["\ud800", "a\udfffb", "\x00", "deu", "de", "German", "user", "prompter", "assistant"]),
    st.sampled_from([7.0, 1e22, -3]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=3), parts, max_size=3),
    max_leaves=6,
)  # fmt: skip


def one_line(door: Callable[[Path], Any], name: str, data: bytes) -> None:
    """Opens a door to a file; if it refuses it, then in one printable line that names the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        refusal = name
        try:
            door(path)
        except UserError as error:
            refusal = str(error)
        assert refusal.isprintable()
        assert name in refusal


def into_the_lake(source: Source, path: Path) -> None:
    """Fills a cell from a file as a run does; the rows and counts have to be storable and complete."""
    strategy = "translate" if source.english else "generate"
    language = {"cidar": "ar", "cendol": "id", "alpaca_filipino": "tl"}.get(source.name, "de")
    cell = Cell(language, strategy)
    seeds = fill(source, Files(path.parent, (path,), "rev"), [cell], Settings())[cell]
    lake = Lake(path.parent / "lake")
    lake.write_cell(SEEDS, cell, seeds.rows, source=source.name)
    assert lake.read_cell(SEEDS, cell, source=source.name) == sorted(seeds.rows, key=lambda row: row["seed_id"])
    assert seeds.counts["kept"] == len(seeds.rows)


TURNS = [{"from": "human", "value": "Was ist Salz?", "role": "user", "content": "Was ist Salz?"},
         {"from": "gpt", "value": "Ein Mineral.", "role": "assistant", "content": "Ein Mineral."}]  # fmt: skip
NATIVE = {
    "id": 1, "inputs": "Was ist Salz?", "targets": "Ein Mineral.", "language": "German", "question": "Why?",
    "answer": "So.", "conversation_hash": "h", "conversation": TURNS, "conversations": TURNS, "toxic": False,
    "redacted": False, "uuid": "u", "message_id": "m", "parent_id": None, "text": "Was?", "role": "prompter",
    "lang": "de", "review_result": True, "deleted": False, "rank": None, "domain": "multilingual",
    "context": TURNS[:1], "response1": "a", "response2": "b", "overall_preference": 1, "instruction": "Gawin ito.",
    "input": "", "output": "Heto.", "index": 5, "dataset": "d", "subset_name": "s", "prompt_id": "p",
    "dataset_key": "train",
}  # fmt: skip
SOURCE = st.sampled_from(SOURCES)


ODD_COLUMNS = [
    pa.array([2**52], pa.timestamp("ms")),
    pa.array([1], pa.timestamp("ns", tz="Nowhere/Land")),
    pa.array([1], pa.timestamp("ns")),
    pa.array([2**50], pa.duration("ms")),
    pa.array([date(1, 1, 1)]),
    pa.array([-(2**31)], pa.date32()),
    pa.array([time(1)]),
    pa.array([timedelta(1)]),
    pa.array([Decimal("1.5")]),
    pa.array([b"\xff"], pa.binary()),
    pa.array([b"\xff"], pa.binary()).view(pa.string()),
    pa.array([b"a\x00b"], pa.binary()).view(pa.string()),
    pa.array(["x"]).dictionary_encode(),
    pa.array(["x"], pa.large_string()),
    pa.array(["x"], pa.string_view()),
    pa.array([7.0]), pa.array([float("nan")]), pa.array([1.5], pa.float32()), pa.array([2**63], pa.uint64()),
    pa.nulls(1), pa.array([[["x"]]]), pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
    pa.array([{"role": "user"}]), pa.array([[{"role": "user", "Role": "x"}]]),
    pa.array([[None]], pa.list_(pa.string())),
    pa.array([[1, 2]], pa.list_(pa.int64(), 2)),
]  # fmt: skip
"""One row each: what Parquet can hold where a text, a number or a list is expected."""


class TestSeeds:
    @FUZZ
    @given(SOURCE, damaged(json.dumps(NATIVE).encode(), json.dumps([NATIVE, NATIVE], indent=1).encode()))
    def test_damaged_json(self, source: Source, data: bytes) -> None:
        one_line(lambda path: into_the_lake(source, path), "rows.json", data)

    @FUZZ
    @given(SOURCE, st.data())
    def test_json_of_any_values(self, source: Source, data: st.DataObject) -> None:
        changed = data.draw(
            st.dictionaries(st.sampled_from([*source.columns, "replies", "prompt"]), VALUES, max_size=2)
        )
        lines = f"{json.dumps(NATIVE)}\n{json.dumps({**NATIVE, **changed})}\n".encode()
        one_line(lambda path: into_the_lake(source, path), "rows.jsonl.gz", gzip.compress(lines))

    @FUZZ
    @given(SOURCE, st.data())
    def test_parquet_of_any_types(self, source: Source, data: st.DataObject) -> None:
        columns = pa.Table.from_pylist([NATIVE])
        for name in data.draw(st.lists(st.sampled_from([*source.columns, "unread"]), min_size=1, max_size=2)):
            column = data.draw(st.sampled_from(ODD_COLUMNS))
            at = columns.schema.get_field_index(name)
            columns = columns.append_column(name, column) if at < 0 else columns.set_column(at, name, column)
        buffer = pa.BufferOutputStream()
        pq.write_table(columns, buffer)
        one_line(lambda path: into_the_lake(source, path), "rows.parquet", buffer.getvalue().to_pybytes())

    @FUZZ
    @given(st.binary(max_size=8), st.floats(0, 1), st.integers(0, 400))
    def test_damaged_parquet(self, put_in: bytes, where: float, length: int) -> None:
        buffer = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pylist([NATIVE] * 20), buffer)
        data = buffer.getvalue().to_pybytes()
        at = int(where * len(data))
        one_line(lambda path: into_the_lake(SOURCES[0], path), "rows.parquet", data[:at] + put_in + data[at + length :])


ROWS = [{"id": 1, "question": "How many legs has a spider?", "options": ["6", "8"]}, {"id": 2.0, "turns": ["Why?"]}]


class TestEvaluationSets:
    def read(self, path: Path) -> None:
        items = evalsets.read(path.parent, lambda text: len(text) > 10, lambda _: None)
        pa.array([text for item in items for text in (item.eval_set, item.item, *item.texts)], pa.string())

    @FUZZ
    @given(
        st.sampled_from(["x.json", "x.jsonl", "x.csv", "x.tsv"]),
        damaged(
            b"".join(json.dumps(row).encode() + b"\n" for row in ROWS),
            json.dumps({"data": [{"paragraphs": [{"context": "c", "qas": ROWS}]}]}, indent=1).encode(),
            b"id,question\n1,How many?\n2,Why?\n",
            b"id\tquestion\n1\tHow many?\n2\tWhy?\n",
        ),
    )
    def test_damaged_files(self, name: str, data: bytes) -> None:
        one_line(self.read, name, data)

    @FUZZ
    @given(st.lists(st.dictionaries(st.sampled_from(evalsets.TEXT + evalsets.IDS), VALUES, max_size=3), max_size=3))
    def test_json_of_any_values(self, rows: list[dict[str, Any]]) -> None:
        one_line(self.read, "x.json", json.dumps(rows).encode())

    @pytest.mark.parametrize("depth", [300, 900, 100_000])
    def test_deep_nesting(self, depth: int) -> None:
        # The parser, the way through the values, or nothing at all may find it too deep.
        one_line(self.read, "x.jsonl", b'{"question": ["Why?", ' + b"[" * depth + b"]" * depth + b"]}")

    @FUZZ
    @given(damaged(b'["x.*"]\ntext = ["question"]\nid = "id"\nheader = true\nskip = false\n'))
    def test_damaged_sidecars(self, data: bytes) -> None:
        one_line(self.read, evalsets.SIDECAR, data)

    @pytest.mark.parametrize("column", ODD_COLUMNS, ids=lambda column: str(column.type))
    def test_parquet_of_any_type(self, column: pa.Array, tmp_path: Path) -> None:
        pq.write_table(pa.table({"question": ["How many?"], "id": column}), tmp_path / "x.parquet")
        one_line(self.read, "x.parquet", (tmp_path / "x.parquet").read_bytes())


def test_teacher_registry() -> None:
    entry = (
        b'[mine]\nmodel = "a/b"\nlicense = "mit"\nmax_tokens = 12\ninput_price = 1.5\nhosted = false\n'
        b'sampling = { temperature = 0.5, stop = ["x"] }\n[mine.engine]\ndtype = "auto"\n'
    )

    def read(path: Path) -> None:
        for teacher in registry.read(path).values():
            json.dumps([vars(teacher), teacher.fingerprint], allow_nan=False).encode()
            assert teacher.cost(10**6, 10**6) < float("inf")

    @settings(FUZZ, max_examples=100)
    @given(damaged(entry))
    @example(entry.replace(b"0.5", b"1979-05-27"))
    @example(entry.replace(b"1.5", b"0x" + b"f" * 5000))
    @example(entry.replace(b"0.5", b"nan"))
    def law(data: bytes) -> None:
        one_line(read, "teachers.toml", data)

    law()


def test_release_policy() -> None:
    valid = (
        b'name = "ours"\nrequire = ["commercial"]\nforbid = []\nallow = ["mit"]\nexclude = ["odbl"]\nclaim = "mit"\n'
        b'[sources]\nexclude = ["openai/gsm8k"]\n[teachers]\nexclude = ["x"]\n[licenses.acme]\nname = "Acme"\n'
        b'commercial = false\npasses_to = ["mit"]\n'
    )

    def read(path: Path) -> None:
        wanted = policy.read(path)
        assert policy.stated(json.loads(json.dumps(wanted.as_dict()).encode())) == wanted

    @settings(FUZZ, max_examples=100)
    @given(damaged(valid))
    @example(b"name = " + HUGE)
    def law(data: bytes) -> None:
        one_line(read, "policy.toml", data)

    law()


@pytest.mark.parametrize(
    "name", ["x" * 5000, "x" * 5000 + ".toml", "~nobody-has-this-name/x.toml", "a\nb", "./a\x00.toml"]
)
def test_a_policy_name_that_no_file_can_have(name: str) -> None:
    with pytest.raises(UserError) as error:
        policy.load(Settings().model_copy(update={"release_policy": name}))
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 2100


def test_deletion_requests() -> None:
    lines = (
        b'{"source": "aya", "source_id": 17, "requester": "somebody", "reference": "1", "date": "2026-11-20"}\n'
        b'{"source": "openai/gsm8k", "source_id": "abc"}\n'
    )
    table = b"source,source_id,requester,reference,date\naya,17,somebody,1,2026-11-20\naya,18,,,\n"

    def read(path: Path) -> None:
        found = requests.read(path, {})
        lake = Lake(path.parent / "lake")
        lake.prepare()
        tombstones.record_requests(lake, found)
        tombstones.save_table(lake)
        assert [stone.request for stone in tombstones.read(lake).values()] == found

    @settings(FUZZ, max_examples=40)  # each writes and flushes a log
    @given(st.sampled_from(["r.jsonl", "r.csv"]), damaged(lines, table))
    @example("r.jsonl", lines.replace(b'"abc"', b'"a\\ud800"'))
    @example("r.jsonl", lines.replace(b"17", HUGE))
    def law(name: str, data: bytes) -> None:
        one_line(read, name, data)

    law()


@pytest.mark.parametrize("ending", ["\u2028", "\x85", "\x0b", "\x1e"])
def test_only_line_feeds_end_a_line(tmp_path: Path, ending: str) -> None:
    reference = f"mail{ending}17" if ending > "\x1f" else "mail 17"
    path = tmp_path / "r.jsonl"
    row = {"source": "aya", "source_id": 7, "reference": reference}
    path.write_text(json.dumps(row, ensure_ascii=False) + f"\n{ending if ending.isspace() else ''}\n", encoding="utf-8")
    table = tmp_path / "r.csv"
    table.write_text(f"source,source_id,reference\naya,7,{reference}\n", encoding="utf-8")
    for file in (path, table):
        [request] = requests.read(file, {})
        assert request.reference == reference


def test_a_request_from_the_command_line_is_stored_as_one_from_a_file(tmp_path: Path) -> None:
    odd = os.fsdecode(b"a\xff")  # what Python makes of an argument that is not UTF-8
    one = requests.request("here", {"source": "aya", "source_id": odd}, {"requester": odd})
    lake = Lake(tmp_path)
    tombstones.record_requests(lake, [one])
    assert [stone.request for stone in tombstones.read(lake).values()] == [one]


@pytest.fixture
def never_waits() -> Iterator[None]:
    """Ends a test that waits for a pipe instead of letting it wait for ever."""
    signal.signal(signal.SIGALRM, lambda *_: pytest.fail("waits for a pipe"))
    signal.alarm(60)
    yield
    signal.alarm(0)


@pytest.mark.usefixtures("never_waits")
@pytest.mark.parametrize(
    ("name", "door"),
    [
        ("x.jsonl", lambda path: evalsets.read(path.parent, bool, print)),
        ("x.csv", lambda path: evalsets.read(path.parent, bool, print)),
        ("x.parquet", lambda path: evalsets.read(path.parent, bool, print)),
        (evalsets.SIDECAR, lambda path: evalsets.read(path.parent, bool, print)),
        ("x.toml", registry.read),
        ("x.toml", policy.read),
        ("x.jsonl", lambda path: requests.read(path, {})),
        ("x.csv", lambda path: requests.read(path, {})),
        ("x.jsonl", lambda path: into_the_lake(SOURCES[0], path)),
        ("x.parquet", lambda path: into_the_lake(SOURCES[0], path)),
    ],
)
def test_a_named_pipe_is_not_waited_for(tmp_path: Path, name: str, door: Callable[[Path], Any]) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(UserError) as error:
        door(tmp_path / name)
    assert str(error.value) == f"{tmp_path / name}: is no regular file"


class TestBounds:
    """Memory is bounded whatever a file claims: tried with a small bound, the code is the same."""

    @pytest.fixture(autouse=True)
    def small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading, "LARGEST", 1 << 20)

    def test_a_line_of_zeros_is_not_read_to_its_end(self, tmp_path: Path) -> None:
        path = tmp_path / "x.jsonl.gz"
        path.write_bytes(gzip.compress(b'{"a": 1}\n' + bytes(4 << 20), 1))
        read = reading.json_rows(path)
        assert next(read) == (f"{path}, line 1", {"a": 1})
        with pytest.raises(UserError) as error:
            next(read)
        assert str(error.value) == f"{path}, line 2: the line is longer than 1 MiB"

    @pytest.mark.parametrize("name", ["x.csv.gz", "x.json.gz", "x.jsonl.gz"])
    def test_nor_is_a_file_that_has_no_lines(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        path.write_bytes(gzip.compress(b"[\n" + b"\n" * (4 << 20), 1))
        with pytest.raises(UserError) as error:
            evalsets.read(tmp_path, bool, print)
        assert str(error.value) == f"{path}: the file is larger than 1 MiB, which is read of one at most"

    def test_a_line_of_just_that_length_is_read(self, tmp_path: Path) -> None:
        text = "x" * ((1 << 20) - 3)
        (tmp_path / "x.jsonl").write_text(f'"{text}"\n"{text}"')
        assert [value for _, value in reading.json_rows(tmp_path / "x.jsonl")] == [text, text]


def test_a_message_is_one_line_whatever_stands_in_it() -> None:
    assert str(UserError("a\nb\u2028c\ud800[/x]")) == r"a\nb\u2028c\ud800[/x]"
    assert len(str(UserError("x" * 10**6))) == 2000
