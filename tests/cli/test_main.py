"""The command line: what it prints, what it exits with, and one clear line for every mistake."""

import csv
import io
import json
import shutil
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from release import released
from scripted import ScriptedVllm, good_answer

from polyglot_assets import definitions
from polyglot_assets.cli import run as running
from polyglot_assets.cli.main import main
from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.grid import Cell
from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.lake.store import Lake


def polyglot(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=stdin)


@pytest.fixture(scope="session")
def seeded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with the seeds and prompts of German, made by the command itself."""
    root = tmp_path_factory.mktemp("seeded") / "lake"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLYGLOT_LAKE", str(root))
        patch.setenv("POLYGLOT_ROWS_PER_CELL", "2")
        patch.delenv("DAGSTER_HOME", raising=False)  # an earlier test's run may have set it
        result = polyglot("materialize", "-l", "de", "--select", 'key:"prompts" or +key:"prompts"')
        patch.delenv("DAGSTER_HOME", raising=False)
    assert result.exit_code == 0, result.output
    return root


@pytest.fixture
def seeded(seeded_once: Path, tmp_path: Path) -> Lake:
    """A copy of that lake where the settings look for it."""
    return Lake(Path(shutil.copytree(seeded_once, tmp_path / "lake")))


def test_materialize_shows_each_asset_and_records_the_run(seeded: Lake) -> None:
    import dagster as dg

    home = seeded.root / "dagster"
    with dg.DagsterInstance.from_config(str(home)) as instance:
        (run,) = instance.get_runs()
        assert run.is_success
        assert instance.get_latest_materialization_event(dg.AssetKey("prompts")) is not None
    assert "nux" in (home / "dagster.yaml").read_text()


def test_a_failed_check_of_the_release_is_an_error(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops nothing, because nothing comes after it, and is no success all the same."""
    released.fill(lake, released.CELLS[0], [released.example(released.CELLS[0], 0, ("cc-by-nc-4.0",))])
    policy = tmp_path / "policy.toml"
    policy.write_text('name = "bold"\nclaim = "apache-2.0"\n')
    monkeypatch.setenv("POLYGLOT_RELEASE_POLICY", str(policy))
    result = polyglot("materialize", "-l", "de", "--select", 'key:"release/sft"')
    assert result.exit_code == 1
    assert "check failed" in result.output
    problems = " ".join(result.output.split())
    assert "apache-2.0 is claimed, but cc-by-nc-4.0 forbids" in problems
    assert "marts.curated, which says what became of each row, was not computed yet" in problems


def test_materialize_prints_one_line_per_asset(monkeypatch: pytest.MonkeyPatch) -> None:
    result = polyglot("materialize", "-l", "de", "-s", "translate", "--select", 'key:"seeds/gsm8k"')
    assert result.exit_code == 0
    assert "seeds/gsm8k" in result.output
    assert "Traceback" not in result.output


def test_status_counts_the_cells(seeded: Lake) -> None:
    result = polyglot("status")
    assert result.exit_code == 0
    row = next(line for line in result.output.splitlines() if "translate" in line)
    assert [part.strip() for part in row.split("│")][1:6] == ["de", "translate", "44", "2", "0"]


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_sql_prints_every_format(seeded: Lake, form: str) -> None:
    result = polyglot(
        "sql", "SELECT strategy, count(*) AS n FROM lake.prompts GROUP BY ALL ORDER BY ALL", "--format", form
    )
    assert result.exit_code == 0
    expected = [("generate", 2), ("respond", 2), ("translate", 2)]
    if form == "csv":
        assert [(row["strategy"], int(row["n"])) for row in csv.DictReader(io.StringIO(result.output))] == expected
    elif form == "json":
        assert [tuple(json.loads(line).values()) for line in result.output.splitlines()] == expected


def test_sql_writes_files_and_reads_standard_input(seeded: Lake, tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    result = polyglot("sql", "-", "--format", "parquet", "-o", str(target), stdin="FROM lake.prompts")
    assert result.exit_code == 0, result.output
    assert pq.read_table(target).num_rows == 6


def test_sql_works_on_every_view_of_a_lake_without_answers(seeded: Lake) -> None:
    for view in ("lake.seeds", "lake.prompts", "lake.responses", "lake.examples", "lake.counts"):
        assert polyglot("sql", f"SELECT count(*) FROM {view}").exit_code == 0


def test_sql_works_while_a_cell_is_being_written(seeded: Lake) -> None:
    writer = (
        "import sys; from pathlib import Path\n"
        "from polyglot_assets.domain.grid import Cell; from polyglot_assets.lake.store import Lake\n"
        "from polyglot_assets.contracts.prompts import PROMPTS\n"
        "lake = Lake(Path(sys.argv[1])); cell = Cell('de', 'generate'); rows = lake.read_cell(PROMPTS, cell)\n"
        "print('go', flush=True)\n"
        "while True: lake.write_cell(PROMPTS, cell, rows); lake.publish_catalogue()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", writer, str(seeded.root)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert process.stdout.readline() == "go\n"
        found = Counter()
        for _ in range(30):
            result = polyglot("sql", "SELECT count(*) AS n FROM lake.prompts", "--format", "json")
            assert json.loads(result.output) == {"n": 6}
            # The catalogue reads in place, so a query may meet a replacement half way (see lake/store.py); `sql` holds
            # files.
            with suppress(duckdb.Error), duckdb.connect(str(seeded.root / "lake.duckdb"), read_only=True) as connection:
                found[connection.execute("SELECT count(*) FROM lake.prompts").fetchone()] += 1
        assert found[(6,)] >= 25
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sql", "DELETE FROM lake.prompts"], "DELETE statements are not allowed"),
        (["sql", "COPY lake.prompts TO 'x.csv'"], "COPY statements are not allowed"),
        (["sql", "SELECT 1; SELECT 2"], "give one statement"),
        (["sql", "SELEC 1"], "syntax error"),
        (["sql", "SELECT nothing FROM lake.prompts"], "nothing"),
        (["sql", "SELECT 1", "--format", "parquet"], "needs --output"),
        (["sql", "SELECT 1", "--format", "csv", "-o", "/proc/nowhere/x.csv"], "cannot write"),
        (["materialize", "-l", "xx"], "--language xx: the grid has ar, cs"),
        (["materialize", "-s", "invent"], "--strategy invent: there are generate"),
        (["materialize", "-t", "nobody"], "unknown teacher 'nobody'"),
        (["materialize", "-t", "command-a"], "set POLYGLOT_TEACHER_URL"),
        (["materialize", "--select", "key:nothing"], "matches no asset"),
        (["materialize", "--select", "(("], "--select"),
        (["retry", "--outcome", "engine_eror"], "--outcome engine_eror: can be truncated, "),
        (["retry", "--outcome", "ok,truncated"], "--outcome ok: can be truncated, "),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_code_2(seeded: Lake, arguments: list[str], message: str) -> None:
    result = polyglot(*arguments)
    assert result.exit_code == 2, result.output
    assert message in result.output
    assert "Traceback" not in result.output
    assert result.output.count("polyglot: ") == 1


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("POLYGLOT_LANGUAGES", "de,klingonese", "POLYGLOT_LANGUAGES: unknown language 'klingonese'"),
        ("POLYGLOT_ROWS_PER_CELL", "many", "POLYGLOT_ROWS_PER_CELL: "),
        ("POLYGLOT_TEACHERS", "nobody", "unknown teacher 'nobody'"),
        ("POLYGLOT_TEACHER_REGISTRY", "/nowhere/teachers.toml", "/nowhere/teachers.toml: No such file"),
        ("POLYGLOT_SEEDS", "/nowhere", "POLYGLOT_SEEDS: /nowhere is not a folder"),
        ("POLYGLOT_EVALSETS", "/nowhere", "POLYGLOT_EVALSETS: /nowhere is not a folder"),
        ("POLYGLOT_RELEASE_POLICY", "comercial", "POLYGLOT_RELEASE_POLICY: unknown policy 'comercial'"),
        ("POLYGLOT_LAKE", "/proc/lake", "cannot write to the lake /proc/lake"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(variable, value)
    result = polyglot("materialize", "-l", "de", "-s", "translate", "--select", 'key:"seeds/gsm8k"')
    assert result.exit_code != 0
    lines = [line for line in result.output.splitlines() if message in line]
    assert len(lines) == 1, result.output
    assert "Traceback" not in result.output


def test_a_broken_seed_file_fails_its_asset_with_file_and_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "seeds" / "openai__gsm8k"
    folder.mkdir(parents=True)
    (folder / "train.jsonl").write_text('{"question": "1+1?", "answer": "2"}\n{"question": \n')
    monkeypatch.setenv("POLYGLOT_SEEDS", str(tmp_path / "seeds"))
    result = polyglot("materialize", "-l", "de", "-s", "translate", "--select", 'key:"seeds/gsm8k"')
    assert result.exit_code == 1
    assert "train.jsonl, line 2: broken JSON" in result.output
    assert "Traceback" not in result.output


def test_retry_asks_again_by_outcome_and_rebuilds_what_follows(seeded: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    vllm = ScriptedVllm.new()
    monkeypatch.setattr(definitions.VllmResource, "of", lambda _: vllm)
    monkeypatch.setenv("POLYGLOT_ROWS_PER_CELL", "2")
    monkeypatch.setenv("POLYGLOT_LANGUAGES", "de")

    def outcomes() -> dict[str, int]:
        result = polyglot("sql", "SELECT outcome, count(*) AS n FROM lake.responses GROUP BY ALL", "--format", "csv")
        return {row["outcome"]: int(row["n"]) for row in csv.DictReader(io.StringIO(result.output))}

    def asked() -> int:
        return sum(len(engine.asked) for engine in vllm.script.engines)

    responses = ("materialize", "-l", "de", "--select", 'key:"responses/smollm2_135m"')
    vllm.script.answer = lambda request: Completion(request.request_id, "", "error", error="500")
    result = polyglot(*responses)
    assert result.exit_code == 0, result.output
    assert outcomes() == {"engine_error": 6}
    assert "6 answers ended in engine_error; `polyglot retry --outcome engine_error`" in result.output

    vllm.script.answer = good_answer
    assert polyglot(*responses).exit_code == 0
    assert asked() == 6, "nothing is asked again without being told so"

    result = polyglot("retry", "--outcome", "engine_error, truncated", "-l", "de", "-s", "respond")
    assert result.exit_code == 0, result.output
    assert "2 answers are asked for again" in result.output
    assert outcomes() == {"engine_error": 4, "ok": 2}
    kept = polyglot("sql", "SELECT count(*) AS n FROM lake.examples", "--format", "json")
    assert json.loads(kept.output) == {"n": 2}
    assert asked() == 8
    nothing = polyglot("retry", "--outcome", "engine_error", "-l", "de", "-s", "respond")
    assert "0 answers are asked for again" in nothing.output


def test_ctrl_c_keeps_what_was_answered_and_says_how_to_go_on(seeded: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    vllm = ScriptedVllm.new()
    monkeypatch.setattr(definitions.VllmResource, "of", lambda _: vllm)
    monkeypatch.setenv("POLYGLOT_ROWS_PER_CELL", "2")
    answered = []

    def impatient(request: Request) -> Completion:
        if len(answered) == 1:
            signal.raise_signal(signal.SIGINT)
        answered.append(request)
        return good_answer(request)

    vllm.script.answer = impatient
    arguments = ("materialize", "-l", "de", "-s", "respond", "--select", 'key:"responses/smollm2_135m"')
    result = polyglot(*arguments)
    assert result.exit_code == 130, result.output
    assert result.output.splitlines()[-2:] == [
        "Interrupted; every answer that arrived is kept and never asked for again.",
        "The same command goes on from here.",
    ]
    vllm.script.answer = good_answer
    result = polyglot(*arguments)
    assert result.exit_code == 0, result.output
    assert "Asked: 1 answer, 50 tokens read, 20 tokens written." in result.output


def test_there_is_no_lake_yet() -> None:
    result = polyglot("status")
    assert result.exit_code == 2
    assert "run `polyglot demo`" in result.output


def test_settings_and_teachers_are_listed_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYGLOT_TEACHER_API_KEY", "sk-verysecret")
    listed = polyglot("settings").output
    assert "POLYGLOT_ROWS_PER_CELL=6" in listed
    assert "sk-verysecret" not in listed
    teachers = polyglot("teachers").output
    assert "gemma-3-27b-it" in teachers
    assert "cc-by-nc-4.0" in teachers


@pytest.mark.parametrize(
    ("languages", "strategies", "expected"),
    [
        ((), (), [("ar|generate", "tl|translate")]),
        (("de",), (), [("de|generate", "de|translate")]),
        ((), ("respond",), [("ar|respond", "tl|respond")]),
        (("cs", "de"), ("generate", "translate"), [("cs|generate", "de|generate"), ("cs|translate", "de|translate")]),
        (("ar", "de"), ("respond",), [("ar|respond", "ar|respond"), ("de|respond", "de|respond")]),
    ],
)
def test_a_selection_becomes_few_rectangles(
    settings: "running.Settings",
    languages: tuple[str, ...],
    strategies: tuple[str, ...],
    expected: list[tuple[str, str]],
) -> None:
    selection = running.choose(settings, languages, strategies, None)
    assert list(running.rectangles(settings.languages, settings.strategies, selection)) == expected


def test_the_demo_takes_few_rows_and_never_fewer_than_the_lake_has(
    seeded: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows(**settings: int) -> int:
        return running.with_demo_rows(running.Settings(lake=seeded.root, **settings)).rows_per_cell

    monkeypatch.delenv("POLYGLOT_ROWS_PER_CELL", raising=False)
    assert rows() == 2
    assert rows(rows_per_cell=1) == 1
    prompts = seeded.read_cell(PROMPTS, Cell("de", "respond"))
    more = [prompts[0] | {"prompt_id": str(number)} for number in range(9)]
    seeded.write_cell(PROMPTS, Cell("de", "respond"), more)
    assert rows() == 9
    assert rows(rows_per_cell=6) == 6


def test_failed_rows_stay_visible_in_sql(seeded: Lake) -> None:
    cell = Cell("de", "respond")
    empty = dict.fromkeys(name for name, _, _ in RESPONSES.fields)
    row = empty | {"prompt_id": "p", "sample_index": 0, "outcome": "truncated", "raw_text": "halb", "teacher": "t"}
    seeded.write_cell(RESPONSES, cell, [row], teacher="t")
    result = polyglot("sql", "SELECT outcome, raw_text FROM lake.responses", "--format", "json")
    assert json.loads(result.output) == {"outcome": "truncated", "raw_text": "halb"}


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        *((host, True) for host in ("127.0.0.1", "localhost", "::1", "127.9.9.9")),
        *((host, False) for host in ("0.0.0.0", "::", "192.0.2.7", "gpu-box", "")),  # noqa: S104
    ],
)
@pytest.mark.parametrize("key", ["", "sk-verysecret"])
def test_a_server_that_lets_other_machines_in_says_what_they_can_do(
    monkeypatch: pytest.MonkeyPatch, host: str, key: str, *, alone: bool
) -> None:
    monkeypatch.setenv("POLYGLOT_TEACHER_API_KEY", key)
    monkeypatch.setattr("polyglot_assets.inference.serve.serve", lambda *_: None)
    monkeypatch.setattr("polyglot_assets.cli.run.prepare_home", lambda _: None)
    monkeypatch.setattr("polyglot_assets.cli.run.fail_dead_runs", lambda _: None)
    monkeypatch.setattr("polyglot_assets.cli.report_server.start", lambda *_: None)
    monkeypatch.setattr("os.execv", lambda *_: None)
    ui, teacher = polyglot("dev", "--host", host), polyglot("serve-teacher", "--host", host)
    assert (ui.exit_code, teacher.exit_code) == (0, 0)
    assert ("Dagster has no login" in ui.stderr) == (not alone)
    assert ("set POLYGLOT_TEACHER_API_KEY" in teacher.stderr) == (not alone and not key)
