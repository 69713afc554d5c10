"""Every kind of fault in a release is found by the check that is there for it."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from release.released import CELLS, example, fill

from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.ids import content_id
from polyglot_assets.lake.store import Lake
from polyglot_assets.release import manifest as manifest_
from polyglot_assets.release.contents import sha256
from polyglot_assets.release.manifest import Manifest
from polyglot_assets.release.render import render
from polyglot_assets.release.sft import write
from polyglot_assets.release.verify import CHECKS, left_overs, verify
from polyglot_assets.settings import Settings

SHARD = "data/ja/respond/train-00000-of-00001.parquet"


@pytest.fixture
def folder(filled: Lake, settings: Settings, tmp_path: Path) -> Path:
    """A copy of a release, to be tampered with."""
    return Path(shutil.copytree(write(filled, settings).folder, tmp_path / "release"))


def failing(folder: Path) -> dict[str, list[str]]:
    return {name: problems for name, problems in verify(folder).items() if problems}


def forge(folder: Path, shard: str, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """Changes the rows of a shard and then the manifest's entry of it, as somebody would who wants it to pass."""
    path = folder / shard
    schema = pq.read_schema(path)
    rows = change(pq.read_table(path, partitioning=None).to_pylist())
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    manifest = manifest_.read(folder)
    files = [file | {"sha256": sha256(folder / file["path"])} for file in manifest.files]
    sign(folder, replace(manifest, files=files))


def sign(folder: Path, manifest: Manifest) -> None:
    manifest.write(folder)
    (folder / "README.md").write_text(render(manifest), encoding="utf-8")


def test_a_release_as_it_was_written_holds(folder: Path) -> None:
    assert verify(folder).keys() == CHECKS.keys()
    assert not failing(folder)


def test_what_is_no_release_is_a_users_mistake(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is no release: it has no manifest\.json"):
        verify(tmp_path)
    text = (folder / "manifest.json").read_text()
    for wrong, message in (
        ("{", "not JSON"),
        ("[]", "not a manifest of format 1"),
        (text.replace('"format": 1', '"format": 2'), "not a manifest of format 1"),
        (text.replace('"rows": 12', '"rows": 13', 1), "was changed: it calls itself"),
        (json.dumps({**json.loads(text), "more": 1}), "'more': Unexpected keyword argument"),
    ):
        (folder / "manifest.json").write_text(wrong)
        with pytest.raises(UserError, match=message):
            verify(folder)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda folder: (folder / SHARD).unlink(), f"{SHARD} is missing"),
        (lambda folder: (folder / "data/notes.txt").write_text("x"), "data/notes.txt is not in the manifest"),
        (lambda folder: (folder / SHARD).open("ab").write(b"x"), f"{SHARD} was changed"),
    ],
)
def test_files(folder: Path, change: Callable[[Path], object], problem: str) -> None:
    change(folder)
    found = verify(folder)
    assert found["files"] == [problem]
    assert all(found.values()), "nothing passes that was not looked at"


def test_columns(folder: Path) -> None:
    path = folder / SHARD
    rows = pq.read_table(path, partitioning=None)
    pq.write_table(rows.rename_columns([name.replace("id", "key") for name in rows.column_names]), path)
    manifest = manifest_.read(folder)
    sign(folder, replace(manifest, files=[f | {"sha256": sha256(folder / f["path"])} for f in manifest.files]))
    names = "key, source, language, strategy, source_key, synth_prompt, model, prompt, response, messages"
    assert verify(folder)["columns"] == [f"{SHARD}: its columns are {names}"]


def changed(**values: Any) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    return lambda rows: [rows[0] | values, *rows[1:]]


@pytest.mark.parametrize(
    ("check", "change", "problem"),
    [
        ("columns", changed(source_id=None), "1 rows have no source_id"),
        ("ids", lambda rows: [*rows, rows[0]], "published: "),
        ("ids", changed(id="0" * 32), "is in published and not in lineage"),
        ("messages", changed(response="anders"), "its messages are not its prompt and response"),
        ("messages", changed(messages=[]), "its messages are not its prompt and response"),
        ("sums", lambda rows: rows[1:], "rows: the manifest says 12, the files hold 11"),
        ("cells", changed(language="de"), f"{SHARD} holds de/respond"),
        ("language", changed(response="This is an English sentence that nobody asked for. " * 4), "ja/respond: "),
    ],
)
def test_rows(folder: Path, check: str, change: Callable[..., list[dict[str, Any]]], problem: str) -> None:
    forge(folder, SHARD, change)
    found = failing(folder)
    assert any(problem in line for line in found[check]), found


LOW_GERMAN = "De Kinner speelt achter dat Huus, un de Vadder geiht na den Markt."


@pytest.mark.parametrize(
    ("stated", "failed"),
    [
        ({}, {"language"}),
        ({"gate_language_likelihood": 0.01}, set()),
        ({"gate_foreign_share": 2.0}, set()),
        (None, {"language"}),
    ],
)
def test_the_language_is_judged_by_the_thresholds_of_the_release(
    folder: Path, stated: dict[str, float] | None, failed: set[str]
) -> None:
    """A release of an earlier version names none: then the defaults count."""
    forge(folder, "data/de/generate/train-00000-of-00001.parquet", changed(response=LOW_GERMAN))
    manifest = manifest_.read(folder)
    thresholds = {name for name in manifest.settings if name.startswith("gate_")}
    kept = {name: value for name, value in manifest.settings.items() if stated is not None or name not in thresholds}
    sign(folder, replace(manifest, settings=kept | (stated or {})))
    assert failing(folder).keys() & {"language"} == failed


@pytest.mark.parametrize("likelihood", ["high", 0, 2, True])
def test_a_threshold_that_is_none_breaks_the_manifests_contract(folder: Path, likelihood: object) -> None:
    manifest = manifest_.read(folder)
    with pytest.raises(UserError, match="gate_language_likelihood"):
        manifest_.made("here", **{**vars(manifest), "settings": {"gate_language_likelihood": likelihood}})


def test_a_number_of_the_manifest(folder: Path) -> None:
    manifest = manifest_.read(folder)
    one, *others = manifest.cells
    sign(folder, replace(manifest, cells=[one | {"rows": one["rows"] + 1}, *others]))
    found = failing(folder)
    assert found["sums"][-1] == "cells: the rows sum to 13, not to 12"
    assert found["card"], "the card's total is not the sum of its languages"


def test_outcomes_that_do_not_exist_or_do_not_add_up(folder: Path) -> None:
    manifest = manifest_.read(folder)
    sign(folder, replace(manifest, outcomes=[{"outcome": "ok", "rows": 11}, {"outcome": "lost", "rows": 1}]))
    assert failing(folder)["sums"] == [
        "outcomes: 'lost' is none",
        "outcomes: 11 answers are ok, but 12 rows are published",
    ]


@pytest.mark.parametrize(("old", "new"), [("| de | 3 | 0 | 4 |", "| de | 3 | 1 | 4 |"), ("# Limits", "# Praise")])
def test_a_card_that_was_edited(folder: Path, old: str, new: str) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    (folder / "README.md").write_text(text.replace(old, new), encoding="utf-8")
    assert failing(folder).keys() == {"card"}
    (folder / "README.md").unlink()
    assert failing(folder) == {"card": ["README.md is missing"]}


def test_left_overs_of_rejected_rows(filled: Lake, settings: Settings) -> None:
    from release.marts import compute_curated

    release = write(filled, settings)
    compute_curated(filled)
    assert left_overs(release.folder, filled) == []
    fill(filled, CELLS[2], [example(CELLS[2], number) for number in range(4)])
    compute_curated(filled)
    gone = content_id(CELLS[2].key, 4)
    assert left_overs(release.folder, filled) == [f"ja/respond: {gone} is not in the lake"]


@pytest.mark.parametrize(
    ("licenses", "claim", "problem"),
    [
        (
            ("apache-2.0", "cc-by-nc-4.0"),
            "apache-2.0",
            "apache-2.0 is claimed, but cc-by-nc-4.0 forbids commercial use",
        ),
        (("apache-2.0", "gemma"), "apache-2.0", "apache-2.0 is claimed, but gemma brings terms of its own"),
        (("llama3.1",), "apache-2.0", "apache-2.0 is claimed, but llama3.1 brings terms of its own"),
        (("unlicensed",), "apache-2.0", "apache-2.0 is claimed, but unlicensed is no permission"),
        (("apache-2.0", "cc-by-nc-4.0"), "cc-by-nc-4.0", ""),
        (("apache-2.0", "mit"), "apache-2.0", ""),
        (("apache-2.0", "gemma"), "other", ""),
    ],
)
def test_a_license_that_claims_more_than_its_parts_allow(
    licenses: tuple[str, ...], claim: str, problem: str, lake: Lake, settings: Settings, tmp_path: Path
) -> None:
    fill(lake, CELLS[0], [example(CELLS[0], number, licenses) for number in range(3)])
    folder = Path(shutil.copytree(write(lake, settings).folder, tmp_path / "release"))
    assert not failing(folder), "the license that the release states by itself"
    card = (folder / "README.md").read_text(encoding="utf-8")
    own = yaml.safe_load(card.split("---")[1])["license"]
    (folder / "README.md").write_text(card.replace(f"license: {own}\n", f"license: {claim}\n", 1), encoding="utf-8")
    found = verify(folder)["license"]
    assert len(found) == bool(problem)
    assert problem in "".join(found)


def test_a_policy_that_claims_too_much_and_rows_that_it_forbids(lake: Lake, settings: Settings, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('name = "bold"\nclaim = "apache-2.0"\n')
    fill(lake, CELLS[0], [example(CELLS[0], 0, ("cc-by-nc-4.0",)), example(CELLS[0], 1)])
    bold = write(lake, settings.model_copy(update={"release_policy": str(policy)}))
    assert bold.manifest.license["id"] == "apache-2.0"
    assert failing(bold.folder) == {
        "license": ["apache-2.0 is claimed, but cc-by-nc-4.0 forbids commercial use, which apache-2.0 allows"]
    }
    commercial = write(lake, settings.model_copy(update={"release_policy": "commercial"}))
    assert commercial.manifest.rows == 1
    assert {row["outcome"]: row["rows"] for row in commercial.manifest.outcomes} == {"ok": 1, "outside_policy": 1}
    assert not failing(commercial.folder)
    folder = Path(shutil.copytree(bold.folder, tmp_path / "release"))
    sign(folder, replace(manifest_.read(folder), policy=commercial.manifest.policy))
    assert "rows of openai/gsm8k by small: require commercial (cc-by-nc-4.0)" in failing(folder)["license"]


def test_the_page_shows_every_check() -> None:
    page = (Path(__file__).parents[2] / "docs" / "guides" / "releases.md").read_text(encoding="utf-8")
    shown = re.findall(r"^ok +(\w+): (.*)$", page, re.MULTILINE)
    assert shown == [(name, description) for name, (description, _) in CHECKS.items()]
