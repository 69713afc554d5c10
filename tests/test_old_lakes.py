"""Lakes that earlier versions made: they open, go on and are released, and nothing in them is asked again."""

import json
import re
import shutil
from pathlib import Path

import dagster as dg
import duckdb
import lake_factory
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from scripted import ScriptedVllm

from polyglot_assets import definitions
from polyglot_assets.cli import settings_diff
from polyglot_assets.cli.main import main
from polyglot_assets.cli.run import RANGE_END, RANGE_START
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.licenses import LICENSES
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.curation import licenses
from polyglot_assets.deletion.verify import verify as verify_deletions
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell, cells
from polyglot_assets.gates import placeholder
from polyglot_assets.lake import made_with
from polyglot_assets.lake.store import Lake
from polyglot_assets.licenses import policy
from polyglot_assets.marts import models
from polyglot_assets.marts.compute import compute
from polyglot_assets.release import manifest, sft, versions
from polyglot_assets.release.diff import SAME, compare
from polyglot_assets.release.manifest import Manifest
from polyglot_assets.release.render import CARD
from polyglot_assets.release.verify import verify
from polyglot_assets.settings import Settings, bundled, load

QUESTIONS = ["Hvorfor er havet salt?", "Hva spiser en elg om vinteren?", "Hvem bygde det gamle slottet?", "Hva er snø?"]


@pytest.fixture
def norwegian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lake: Lake) -> None:
    """Seeds in Norwegian, as their source labels them, and the language as an old lake calls it."""
    file = tmp_path / "native" / "CohereLabs__aya_collection" / "rows.jsonl"
    file.parent.mkdir(parents=True)
    rows = [{"id": n, "inputs": text, "targets": "Det vet jeg.", "language": "nob"} for n, text in enumerate(QUESTIONS)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, value in {"LAKE": str(lake.root), "SEEDS": str(file.parents[1]), "LANGUAGES": "nb"}.items():
        monkeypatch.setenv(f"POLYGLOT_{name}", value)


@pytest.mark.usefixtures("norwegian")
def test_bokmal_was_a_language_of_its_own(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"^POLYGLOT_LANGUAGES: unknown language 'nb'; write 'no'$"):
        load()

    monkeypatch.setenv("POLYGLOT_LANGUAGES", "no")
    old = load().model_copy(update={"languages": ("nb",), "rows_per_cell": 2})
    vllm = ScriptedVllm.new()
    job = definitions.build_defs(old, vllm).resolve_implicit_global_asset_job_def()
    tags = {RANGE_START: "nb|generate", RANGE_END: "nb|translate"}
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance, tags=tags, raise_on_error=False).success
    before = {cell: lake.read_cell(RESPONSES, cell, teacher="smollm2-135m") for cell in cells(["nb"])}
    assert [row["outcome"] for row in before[Cell("nb", "respond")]] == ["ok", "ok"]

    monkeypatch.setenv("POLYGLOT_LANGUAGES", "nb")
    monkeypatch.setenv("POLYGLOT_ROWS_PER_CELL", "4")
    again = ScriptedVllm.new()
    monkeypatch.setattr(definitions.VllmResource, "of", lambda _: again)
    result = CliRunner().invoke(main, ["materialize", "-l", "nb"])
    assert result.exit_code == 0, result.output
    asked = {request.request_id for engine in again.script.engines for request in engine.asked}
    for cell, rows in before.items():
        after = lake.read_cell(RESPONSES, cell, teacher="smollm2-135m")
        assert [row for row in after if row in rows] == rows
        assert asked.isdisjoint(row["request_id"] for row in rows), "nothing is asked and paid again"
    assert len(lake.read_cell(EXAMPLES, Cell("nb", "respond"))) == 4
    newest = versions.latest(lake)
    assert newest is not None
    assert {cell["language"] for cell in manifest.read(versions.path(lake, newest)).cells} == {"nb"}
    verified = CliRunner().invoke(main, ["verify"])
    assert verified.exit_code == 0, verified.output


def test_only_the_codes_of_its_own_cells_are_taken(lake: Lake) -> None:
    (lake.root / "prompts" / "language=nb").mkdir(parents=True)
    assert Settings(lake=lake.root, languages=("nb", "no")).languages == ("nb", "no")
    for code in ("nob", "deu", "zxx", "*", "n[b]", "../x"):
        with pytest.raises(ValueError, match="unknown language"):
            Settings(lake=lake.root, languages=(code,))


def _without(lake: Lake, columns: set[str]) -> None:
    """Makes the tables of answers and examples as they were before these columns came."""
    for table in (RESPONSES, EXAMPLES):
        paths = sorted((lake.root / table.name).rglob("*.parquet"))
        assert paths
        for path in paths:
            rows = pq.read_table(path, partitioning=None)
            pq.write_table(rows.drop_columns([name for name in rows.column_names if name in columns]), path)


def _counted(lake: Lake, column: str) -> set[tuple[int, int]]:
    """(rows with a value, all rows) of both tables."""
    with lake.connect() as connection:
        counts = (f"SELECT count({column}), count(*) > 0 FROM lake.{name}" for name in ("responses", "examples"))
        return {connection.sql(query).fetchall()[0] for query in counts}


def test_a_lake_from_before_a_gate_joined(tmp_path: Path) -> None:
    settings = lake_factory.settings_of(tmp_path / "lake", rows=2)
    lake = Lake(settings.lake)
    lake.prepare()
    lake_factory.seeds(lake, settings)
    lake_factory.prompts(lake, settings)
    lake_factory.responses(lake, settings)
    lake_factory.examples(lake, settings)
    lake_factory.follow(lake, settings)
    before = sft.write(lake, settings)
    rows = {
        cell: lake.read_cell(RESPONSES, cell, teacher=lake_factory.TEACHER) for cell in cells(lake_factory.LANGUAGES)
    }

    new = {column.name for column in placeholder.GATE.columns}
    _without(lake, new)
    lake.publish_catalogue()
    assert _counted(lake, "placeholders") == {(0, True)}, "it opens"
    lake_factory.examples(lake, settings)
    assert sft.write(lake, settings).manifest.files == before.manifest.files, "what is there can be released"

    _without(lake, new)
    assert lake_factory.responses(lake, settings) == 0, "nothing is asked again"
    lake_factory.examples(lake, settings)
    lake_factory.follow(lake, settings)
    for cell, earlier in rows.items():
        assert lake.read_cell(RESPONSES, cell, teacher=lake_factory.TEACHER) == earlier
    assert sft.write(lake, settings).manifest.files == before.manifest.files, "the same rows, byte for byte"

    more = lake_factory.settings_of(tmp_path / "lake", rows=3)
    lake_factory.prompts(lake, more)
    assert lake_factory.responses(lake, more) == 3
    lake_factory.examples(lake, more)
    lake_factory.follow(lake, more)
    after = sft.write(lake, more)
    assert after.manifest.rows == before.manifest.rows + 3
    assert not any(verify(after.folder).values())


POLICY = """
name = "own"
exclude = ["acme"]
[licences.acme]
name = "Acme"
[licences."cc-by-nc-4.0"]
name = "ours"
"""


def _spell_as_before(lake: Lake) -> None:
    """Stores what is called a license now as it was when it was called a licence."""
    table, mart = lake.table_path(LICENSES), lake.mart_path("license_mix")
    former = lake.root / "licences" / "licences.parquet"
    table.parent.rename(former.parent)
    (former.parent / table.name).rename(former)
    mart.rename(lake.mart_path("licence_mix"))
    for path in (former, *(lake.root / "marts").glob("*.parquet")):
        rows = pq.read_table(path)
        pq.write_table(rows.rename_columns([re.sub("^license", "licence", name) for name in rows.column_names]), path)


def _release_as_before(folder: Path, to: Path) -> Manifest:
    """The release as it was written at that time: another key in its policy, so another version; another word."""
    values = json.loads((folder / "manifest.json").read_text())
    values["policy"]["licences"] = values["policy"].pop("licenses")
    del values["format"], values["version"]
    shutil.copytree(folder, to)
    made = manifest.made("the release", **values)
    made.write(to)
    card = (folder / CARD).read_text(encoding="utf-8").replace(folder.name, made.version)
    for now, then in (
        ("## Licenses", "## Licences"),
        ("carries the licenses of", "carries the licences of"),
        ("| licenses | rows |", "| licences | rows |"),
        ("| Licenses of everything", "| Licences of everything"),
    ):
        assert card.count(now) == 1
        card = card.replace(now, then)
    (to / CARD).write_text(card, encoding="utf-8")
    return made


@pytest.fixture
def licensed(tmp_path: Path) -> tuple[Lake, Settings]:
    """A lake whose policy has licenses of its own and keeps rows out, with its marts, at the time of one spelling."""
    (tmp_path / "policy.toml").write_text(POLICY)
    own = {"release_policy": str(tmp_path / "policy.toml")}
    settings = lake_factory.settings_of(tmp_path / "lake", rows=2).model_copy(update=own)
    lake = Lake(settings.lake)
    lake.prepare()
    for step in (lake_factory.seeds, lake_factory.prompts, lake_factory.responses, lake_factory.examples):
        step(lake, settings)
    for cell in cells(lake_factory.LANGUAGES):
        rows = lake.read_cell(EXAMPLES, cell)
        lake.write_cell(EXAMPLES, cell, [rows[0] | {"licenses": ["acme"]}, *rows[1:]])
    with made_with.noted(lake.table_path(LICENSES), settings.deciding("release")):
        judged = licenses.find(lake, policy.load(settings))
    assert judged.left_out.total() == 3
    lake_factory.follow(lake, settings)
    return lake, settings


SQL = (
    "SELECT license, rule, count(*) FROM lake.licenses GROUP BY ALL",
    "SELECT id, outcome, reason, licenses FROM marts.curated ORDER BY id",
    "SELECT licenses, rows, left_out FROM marts.license_mix ORDER BY ALL",
)


def _answers(lake: Lake) -> list[list[tuple[object, ...]]]:
    """What SQL says of licenses: over the files as they are, behind the jail, and over the catalogue."""
    answers = []
    with (
        lake.connect() as files,
        lake.connect(jailed=True) as jailed,
        duckdb.connect(str(lake.publish_catalogue()), read_only=True) as catalogue,
    ):
        for query in SQL:
            said = [connection.sql(query).fetchall() for connection in (files, jailed, catalogue)]
            assert said[0] == said[1] == said[2]
            answers.append(said[0])
    return answers


def test_a_lake_from_before_one_spelling_of_license(licensed: tuple[Lake, Settings]) -> None:
    lake, settings = licensed
    before, release = _answers(lake), sft.write(lake, settings)
    assert before[0] == [("acme", "exclude", 3)]
    assert not any(verify(release.folder).values())

    _spell_as_before(lake)
    assert _answers(lake) == before, "it opens"
    assert not (lake.root / "licenses").exists()
    commercial = settings.model_copy(update={"release_policy": "commercial"})
    assert any("; licenses was made with " in line for line in settings_diff.lines(lake, commercial))

    again = sft.write(lake, settings)
    assert again.manifest.files == release.manifest.files, "the same rows, byte for byte"
    for model in models.load(bundled("dbt_like_sql"))[0]:
        compute(lake, model)
    assert _answers(lake) == before
    assert not list(lake.root.rglob("*licence*")), "nothing stays beside what took its place"


def test_rows_are_forgotten_in_a_lake_from_before_one_spelling(licensed: tuple[Lake, Settings]) -> None:
    lake, settings = licensed
    _spell_as_before(lake)
    with lake.connect() as connection:
        [(seed_id,)] = connection.sql(
            "SELECT seed_id FROM lake.examples SEMI JOIN lake.licenses USING (id) WHERE strategy = 'respond'"
        ).fetchall()
    lake_factory.forget(lake, settings, [lake_factory.request_of(lake, seed_id)])
    assert not verify_deletions(lake).offences
    assert not list(lake.root.rglob("*licence*"))
    answers = _answers(lake)
    assert answers[0] == [("acme", "exclude", len([row for row in answers[1] if row[1] == "outside_policy"]))]


def test_a_release_from_before_one_spelling(licensed: tuple[Lake, Settings], tmp_path: Path) -> None:
    lake, settings = licensed
    release = sft.write(lake, settings)
    former = _release_as_before(release.folder, tmp_path / "former")
    assert former.version != release.manifest.version
    assert policy.stated(manifest.read(tmp_path / "former").policy) == policy.load(settings)
    assert not any(verify(tmp_path / "former").values())
    assert {row["change"] for row in compare(tmp_path / "former", release.folder).changes} == {SAME}
    (tmp_path / "former").rename(release.folder.with_name(former.version))
    shard = next((release.folder / "data").rglob("*.parquet"))
    [first, *_] = pq.read_table(shard, partitioning=None)["id"].to_pylist()
    smaller = sft.without(lake, former.version, [first], "on request")
    assert smaller.manifest.policy == former.policy
    assert not any(verify(smaller.folder).values())
