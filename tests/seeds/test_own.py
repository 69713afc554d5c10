"""Sources of the user's own, as the documentation says how to add one: a `source.toml` beside the data."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scripted import ScriptedVllm

from polyglot_assets.cli.main import main
from polyglot_assets.cli.run import RANGE_END, RANGE_START
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.definitions import build_defs
from polyglot_assets.deletion import requests
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell, cells
from polyglot_assets.lake.counts import read_counts
from polyglot_assets.lake.store import Lake
from polyglot_assets.prompts import stage, templates
from polyglot_assets.release import versions
from polyglot_assets.seeds.acquire import find
from polyglot_assets.seeds.columns import path_of
from polyglot_assets.seeds.fill import CellSeeds, fill
from polyglot_assets.seeds.sources import SOURCES, sources_of, unread
from polyglot_assets.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "seeds.md").read_text(encoding="utf-8")
[ROW] = re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
[TOML] = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)

Rows = list[dict[str, Any]]
Read = Callable[..., dict[Cell, CellSeeds]]


def write(folder: Path, toml: str, rows: Rows | pa.Table, name: str = "rows.jsonl") -> Path:
    """A source's folder; returns its `source.toml`."""
    folder.mkdir(parents=True)
    (folder / "source.toml").write_text(toml, encoding="utf-8")
    if name.endswith(".parquet"):
        pq.write_table(rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows), folder / name)
    else:
        lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
        written = {".jsonl": lines, ".json": json.dumps(rows).encode()}[name.removeprefix("rows").removesuffix(".gz")]
        (folder / name).write_bytes(gzip.compress(written) if name.endswith(".gz") else written)
    return folder / "source.toml"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads rows as a `source.toml` says; what becomes of them in each cell of German and English."""

    def run(toml: str, rows: Rows, name: str = "rows.jsonl") -> dict[Cell, CellSeeds]:
        write(tmp_path / "seeds" / "kitchen", toml, rows, name)
        settings = Settings(seeds=str(tmp_path / "seeds"))
        source = sources_of(settings)[-1]
        return fill(source, find(source, settings), cells(["de", "en"]), settings)

    return run


def of_page(number: int, **changes: Any) -> dict[str, Any]:
    row = json.loads(ROW) | {"uid": number} | changes
    return row | {"question": {"text": f"{row['question']['text']} ({number})"}}


@pytest.mark.parametrize("form", [".parquet", ".jsonl", ".jsonl.gz", ".json", ".json.gz"])
def test_the_pages_example_in_every_form_of_file(read: Read, form: str) -> None:
    rows = [of_page(1), of_page(2, quality="bad"), of_page(3, lang="en"), of_page(4, answers=[]), of_page(4)]
    found = read(TOML, rows, f"rows{form}")
    assert {row["source_id"] for row in found[Cell("de", "generate")].rows} == {"1", "4"}
    respond = found[Cell("de", "respond")]
    assert {(row["source_id"], row["license"], row["seed_language"]) for row in respond.rows} == {
        ("1", "cc-by-4.0", "de"),
        ("4", "cc-by-4.0", "de"),
    }
    assert respond.counts == {"kept": 2, "low_quality": 1, "other_language": 1, "duplicate_id": 1}
    assert [row["prompt"] for row in found[Cell("de", "translate")].rows] == ["Wie kocht man Reis? (3)"]
    assert [row["response"] for row in found[Cell("en", "respond")].rows] == ["In viel Wasser."]
    assert found[Cell("en", "translate")].empty_because == "kitchen is English already"


ASKED, ANSWER = "Was ist das?", "Ein Test."
FORMS: dict[str, dict[str, Any]] = {
    'prompt = "instruction"\ninput = "input"\nresponse = "output"': {
        "instruction": "Was ist", "input": "das?", "output": ANSWER
    },
    'prompt = "prompt"\nresponse = "response"': {"prompt": ASKED, "response": ANSWER},
    'messages = "messages"': {
        "messages": [{"role": "user", "content": ASKED}, {"role": "assistant", "content": ANSWER}]
    },
    'messages = "data.conversations"': {
        "data": {"conversations": [
            {"from": "system", "value": "Hilf."}, {"from": "human", "value": ASKED}, {"from": "gpt", "value": ANSWER}
        ]}
    },
    'prompt = ["a.b", -1, "c"]\nresponse = "answers[0].text[1]"': {
        "a.b": [{"c": "x"}, {"c": ASKED}], "answers": [{"text": ["no", ANSWER]}]
    },
}  # fmt: skip


@pytest.mark.parametrize("columns", FORMS)
def test_forms_of_columns(read: Read, columns: str) -> None:
    found = read(f'license = "mit"\nlanguage = "German"\n[columns]\n{columns}', [FORMS[columns]])
    [row] = found[Cell("de", "generate")].rows
    assert (" ".join(row["prompt"].split()), row["response"]) == (ASKED, ANSWER)
    assert found[Cell("de", "translate")].empty_because is not None
    assert len(row["source_id"]) == 32, "without an id of its own a row is known by its content"


def test_columns_of_one_row_may_say_its_license_and_flags(read: Read) -> None:
    toml = 'language = "de"\n[columns]\nprompt = "p"\nlicense = "l"\ntoxic = "t"\nredacted = "r"\n'
    toml += '[[filter]]\ncolumn = "p"\nmatches = "^http"\nnegate = true\n[[filter]]\ncolumn = "n"\nequals = [1, true]\n'
    good = {"p": "Warum?", "l": "cc0-1.0", "t": False, "r": None, "n": 1}
    rows = [good, good | {"p": "Wieso?", "l": None, "n": True}, good | {"t": True, "p": "A"}, good | {"r": True}]
    rows += [good | {"p": "https://x"}, good | {"n": 2}, good | {"p": 42, "l": "cc0-1.0\n"}]
    found = read(toml, rows)[Cell("de", "respond")]
    assert {row["prompt"]: row["license"] for row in found.rows} == {
        "Warum?": "cc0-1.0",
        "Wieso?": "unlicensed",
        "42": "cc0-1.0",
    }
    assert found.counts == {"kept": 3, "toxic": 1, "redacted": 1, "filtered": 2}


@pytest.mark.parametrize(
    ("value", "said"), [(72.0, "72"), (7, "7"), (0.5, "0.5"), (float("inf"), ""), (float("nan"), ""), (None, "")]
)
@pytest.mark.parametrize("form", [".jsonl", ".parquet"])
def test_numbers_are_texts_as_somebody_wrote_them(read: Read, value: float | None, said: str, form: str) -> None:
    """pandas makes whole numbers 7.0 where one of their column is missing, and the missing one NaN."""
    toml = 'license = "mit"\nlanguage = "de"\n[columns]\nprompt = "p"\nresponse = "r"\nid = "p"\n'
    found = read(toml, [{"p": "Wie viel?", "r": value}], f"rows{form}")
    (row,) = found[Cell("de", "generate" if not said else "respond")].rows or [{"response": ""}]
    assert row["response"] == said


def test_columns_with_views_of_strings(read: Read) -> None:
    table = pa.table({"question": pa.array(["Was?", "Wie?"], pa.string_view()), "l": ["de", "xx"]})
    toml = 'license = "mit"\n[columns]\nprompt = "question"\nlanguage = "l"\n'
    (row,) = read(toml, table, "rows.parquet")[Cell("de", "respond")].rows
    assert row["prompt"] == "Was?"


GOOD = 'license = "mit"\nlanguage = "de"\n[columns]\nprompt = "question"\n'
MISTAKES = {
    'licence = "mit"\n' + GOOD: "licence: unknown key; did you mean 'license'?",
    GOOD + 'reponse = "a"\n': "columns.reponse: unknown key; did you mean 'response'?",
    GOOD + 'response = "anwser"\n': "columns.response: no row has 'anwser'; did you mean 'answer'?",
    GOOD + 'response = "meta.txt"\n': "columns.response: no row has 'meta.txt'; did you mean 'text'?",
    GOOD + 'response = "a..b"\n': "columns.response: expected a column such as",
    GOOD.replace('"de"', '"Germn"'): "language: unknown language 'Germn'; did you mean 'german'?",
    GOOD.replace(
        'language = "de"\n', ""
    ): "language: expected language for all rows or columns.language, found neither",
    GOOD + 'license = "l"\n': "license: expected license for all rows or columns.license, found both",
    GOOD + 'messages = "m"\n': "columns: expected either prompt (with response) or messages",
    GOOD.replace("prompt", "messages") + 'input = "i"\n': "columns.input: messages hold prompt and response already",
    GOOD + '[[filter]]\ncolumn = "answer"\nmatches = "("\n': "filter[1].matches: no regular expression: missing )",
    GOOD + '[[filter]]\ncolumn = "answer"\n': "filter[1]: expected either equals or matches",
    GOOD + '[[filter]]\nequals = 1\ncolumm = "x"': "filter[1].columm: unknown key; did you mean 'column'?",
    GOOD + '[[filter]]\nequals = 1\ncolumn = "answer"\nreason = "A b"': "filter[1].reason: expected a word such as",
    GOOD + '[[filter]]\nequals = 1\ncolumn = "answer"\nreason = "kept"': "reason: other rows are counted under 'kept'",
    GOOD.replace('"de"', '"xx"'): "language: unknown language 'xx'",
    'files = "../x"\n' + GOOD: "files: '../x' leads out of the folder",
    'files = "**.parquet"\n' + GOOD: "files: '**.parquet' is no pattern of file names",
    'files = "."\n' + GOOD: "files: '.' is no pattern of file names",
    'files = ["train-*.parquet"]\n' + GOOD: "files: no file in ",
    "license = 1\n" + GOOD.partition("\n")[2]: "license: expected a text, got 1",
    GOOD + "x": "Expected '=' after a key",
}


@pytest.mark.parametrize("form", [".jsonl", ".parquet"])
@pytest.mark.parametrize("toml", MISTAKES)
def test_a_mistake_is_one_line_that_names_file_and_key(read: Read, tmp_path: Path, toml: str, form: str) -> None:
    with pytest.raises(UserError) as caught:
        read(toml, [{"question": "Was?", "answer": "Das.", "meta": {"text": "Das."}}], f"rows{form}")
    said = str(caught.value)
    assert said.startswith(f"{tmp_path}/seeds/kitchen/source.toml: ")
    expected = MISTAKES[toml]
    if form == ".parquet" and "no row has 'anwser'" in expected:  # known before a row is read
        expected = (
            f"columns.response: {tmp_path}/seeds/kitchen/rows.parquet has no column 'anwser'; did you mean 'answer'?"
        )
    assert expected in said
    assert "\n" not in said


def test_a_value_of_the_wrong_kind_names_file_row_and_field(read: Read, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read(GOOD + 'response = "a.b"', [{"question": "Was?", "a": {"b": "x"}}, {"question": "Was?", "a": "x"}])
    where = f"{tmp_path}/seeds/kitchen/rows.jsonl, line 2"
    assert str(caught.value) == f"{where}: field 'a.b': expected an object, got str"


STEPS = st.lists(st.one_of(st.text("ab c_é", min_size=1).filter(str.strip), st.integers(-3, 3)), max_size=4)


@hypothesis_settings(deadline=None)
@given(first=st.text("ab c_é", min_size=1).map(str.strip).filter(bool), rest=STEPS)
def test_a_path_finds_what_was_put_there(first: str, rest: list[str | int]) -> None:
    steps = [first, *(step.strip() if isinstance(step, str) else step for step in rest)]
    written = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")
    path, record = path_of(written), 17
    assert path == path_of(written)
    assert path is not None
    assert path.steps == tuple(steps)
    value: Any = record
    for step in reversed(steps):
        value = {step: value} if isinstance(step, str) else [value] * 4
    assert path.value(value) == 17


def test_names_that_are_taken_and_folders_that_nothing_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = tmp_path / "seeds"
    write(seeds / "my.kitchen", GOOD, [])
    (seeds / "openai__gsm8k").mkdir()
    (seeds / "CohereLabs_aya_collection").mkdir()
    (seeds / "recipes").mkdir()
    (seeds / "loose.jsonl").touch()
    settings = Settings(seeds=f"samples,{seeds}")
    assert [source.name for source in sources_of(settings)] == [*(s.name for s in SOURCES), "my_kitchen"]
    near, loose, other = unread(settings)
    no_source = "is not read: no source has a folder of this name"
    assert near == f"{seeds}/CohereLabs_aya_collection {no_source}; did you mean 'CohereLabs__aya_collection'?"
    assert loose == f"{seeds}/loose.jsonl is not read: put it into a folder of its own, with a source.toml beside it"
    assert other == f"{seeds}/recipes {no_source}; a source.toml in it says what its columns mean"
    assert list(unread(Settings())) == []
    for folder in ("my_kitchen", "openai__gsm8k"):
        taken = write(seeds / "more" / folder, GOOD, [])
        with pytest.raises(UserError, match=f"^{taken}: its folder (is|would be) called .*like .*; rename the folder$"):
            sources_of(Settings(seeds=f"{seeds},{seeds / 'more'}"))
        taken.unlink()
    (tmp_path / "lake").mkdir()
    monkeypatch.setenv("POLYGLOT_SEEDS", str(seeds))
    status = CliRunner().invoke(main, ["status"])
    assert status.exit_code == 0, status.output
    assert f"polyglot: {seeds}/recipes is not read" in status.stderr


def test_the_whole_chain(tmp_path: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [of_page(number) for number in range(6)] + [of_page(7, lang="English")]
    write(tmp_path / "seeds" / "kitchen", TOML, rows)
    (tmp_path / "others").mkdir()
    places = f"{tmp_path / 'others'}, {tmp_path / 'seeds'}"
    settings = Settings(lake=lake.root, seeds=places, rows_per_cell=3, languages=("de",))
    defs = build_defs(settings, ScriptedVllm.new())
    assert dg.AssetKey(["seeds", "kitchen"]) in defs.resolve_asset_graph().get_all_asset_keys()
    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance, tags={RANGE_START: "de|generate", RANGE_END: "de|translate"}, raise_on_error=False
        )
    assert result.success
    examples = {cell.strategy: lake.read_cell(EXAMPLES, cell) for cell in cells(["de"])}
    assert {strategy: len(rows) for strategy, rows in examples.items()} == {"generate": 3, "respond": 3, "translate": 1}
    assert {(row["source"], tuple(row["licenses"])) for rows in examples.values() for row in rows} == {
        ("kitchen", ("apache-2.0", "cc-by-4.0", "cc0-1.0"))
    }
    newest = versions.latest(lake)
    assert newest is not None
    card = (versions.path(lake, newest) / "README.md").read_text()
    assert re.search(r"^\| kitchen \| \d+ \| files \|$", card, re.MULTILINE)
    status = CliRunner().invoke(main, ["status"])
    assert re.search(r"kitchen .* 7 .* 13 .* 7 .* 7 .* cc-by-4.0", status.output)
    asked = requests.request("here", {"source": "kitchen", "source_id": 7}, {}, sources_of(settings))
    assert asked.source == "kitchen"

    cell = Cell("de", "respond")
    stage.fill_cell(lake, cell, templates.load()["respond"], 3)
    counts = read_counts(lake, cell, stage="prompts", part="all")
    assert {(by.source, by.reason): rows for by, rows in counts.items()} == {("kitchen", stage.REMOVED): 6}
    assert len(lake.read_cell(SEEDS, cell, source="kitchen")) == 6
