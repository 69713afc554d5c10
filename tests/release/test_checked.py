"""The card claims what the manifest says was done, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from release.released import CELLS, example, fill, text
from release.test_verify import SHARD, changed, failing, folder, forge, sign

from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.gates.registry import NAMES
from polyglot_assets.lake import made_with
from polyglot_assets.lake.store import Lake
from polyglot_assets.release import manifest as manifest_
from polyglot_assets.release import versions
from polyglot_assets.release.manifest import Manifest
from polyglot_assets.release.render import earlier_of, place_of, render
from polyglot_assets.release.sft import without, write
from polyglot_assets.settings import Settings

__all__ = ["folder"]  # a fixture

LOOP = "庭の水を見る。" * 30


def with_settings(manifest: Manifest, **values: Any) -> Manifest:
    return replace(manifest, settings=manifest.settings | values)


def test_gates_that_were_off_are_not_claimed(folder: Path) -> None:
    manifest = with_settings(manifest_.read(folder), gates=["language", "length"], gate_longest_response=777)
    checked, off = render(manifest).split("## What was checked")[1].split("These were off")
    assert "| `language` |" in checked
    assert "longest_response 777" in checked
    assert "`refusal`" not in checked
    assert all(f"`{name}`" in off for name in set(NAMES) - {"language", "length"})
    assert "No gate was on" in render(with_settings(manifest, gates=[]))
    assert "Personal data was not looked for" in render(with_settings(manifest, gates=[]))


def test_a_release_that_says_nothing_claims_nothing(folder: Path) -> None:
    manifest = manifest_.read(folder)
    card = render(replace(manifest, settings={}, made_with={}))
    assert "does not say which gates" in card
    assert "Whether evaluation sets were searched for is not known" in card
    assert "How the teachers were sampled is not known" in card


@pytest.mark.parametrize(
    ("evalsets", "claim"),
    [
        ([], "No evaluation set was searched for"),
        ([{"set": "mgsm.tsv", "items": 250, "sha256": "ab" * 32}], "| mgsm.tsv | 250 | `abababababababab…` |"),
    ],
)
def test_only_evaluation_sets_that_were_searched_for_are_named(
    folder: Path, evalsets: list[dict[str, Any]], claim: str
) -> None:
    manifest = manifest_.read(folder)
    assert claim in render(replace(manifest, made_with={"evalsets": evalsets}))


@pytest.mark.parametrize(
    ("seeds", "revision", "linked", "words"),
    [
        ("samples", "files-1", False, "a small sample that comes with this project"),
        ("folder", "files-1", False, "files"),
        ("hub", "c" * 40, True, "the dataset on the hub"),
        (None, "c" * 40, True, "the dataset on the hub"),
        (None, "files-1", False, "unknown"),
    ],
)
def test_only_rows_from_the_hub_are_linked_as_the_dataset(
    folder: Path, seeds: str | None, revision: str, *, linked: bool, words: str
) -> None:
    manifest = manifest_.read(folder)
    row = {"source": "org/set", "revision": revision, "rows": 12}
    made_with = {"seeds": [row | {"seeds": seeds}]} if seeds else {}
    card = render(replace(manifest, sources=[row], made_with=made_with))
    assert ("](https://huggingface.co/datasets/org/set)" in card) == linked
    assert f" | 12 | {words} |" in card
    assert ("from a small sample" in card) == (seeds == "samples")


def test_cells_that_were_judged_under_other_settings_are_named(filled: Lake, settings: Settings) -> None:
    cell = CELLS[2]
    note = settings.deciding("gates") | {"gate_refusal_share": 0.9}
    made_with.write(filled.cell_path(EXAMPLES, cell), note)
    release = write(filled, settings)
    stated = {"language": cell.language, "strategy": cell.strategy, "settings": {"gate_refusal_share": 0.9}}
    assert release.manifest.made_with["judged_otherwise"] == [stated]
    assert f"| {cell.language} | {cell.strategy} | `gate_refusal_share` 0.9 |" in release.card
    assert not failing(release.folder)


def test_the_example_loads_from_where_the_card_is(folder: Path) -> None:
    manifest = manifest_.read(folder)
    card = render(manifest, "org/name")
    assert place_of(card) == "org/name"
    assert "path/to/this/folder" not in card
    assert "hf://datasets/org/name/data" in card
    assert place_of(render(manifest)) == "path/to/this/folder"
    (folder / "README.md").write_text(card, encoding="utf-8")
    assert not failing(folder), "a card that came back from the hub"


def test_the_card_shows_a_row_as_it_is_published(filled: Lake, settings: Settings) -> None:
    release = write(filled, settings)
    shown = json.loads(release.card.split("```json\n")[1].split("\n```\n")[0])
    rows = pq.read_table(release.folder / "data", partitioning=None).to_pylist()
    assert shown == min(rows, key=lambda row: row["id"])
    later = without(filled, release.manifest.version, [shown["id"]], "asked for")
    assert later.manifest.example in rows, "another row"
    assert shown["id"] not in later.card
    assert not failing(later.folder)


def test_a_row_is_shown_that_a_reader_takes_in(lake: Lake, settings: Settings) -> None:
    rows = [example(CELLS[0], number) for number in range(9)]
    first, *others = sorted(rows, key=lambda row: row["id"])
    first["response"] = first["messages"][1]["content"] = "\n\n".join(text("de", number) for number in range(20))
    fill(lake, CELLS[0], rows)
    assert write(lake, settings).manifest.example["id"] == others[0]["id"]
    for row in rows:
        words = "\n\n".join(text("de", f"{row['id']} {number}") for number in range(60))
        row["response"] = row["messages"][1]["content"] = words
    fill(lake, CELLS[0], rows)
    release = write(lake, settings)
    assert release.manifest.rows
    assert release.manifest.example == {}
    assert "## A row" not in release.card


def test_an_example_that_is_no_row_of_it_is_found(folder: Path) -> None:
    manifest = manifest_.read(folder)
    forged = replace(manifest, example=manifest.example | {"response": "nie geschrieben"})
    forged.write(folder)
    (folder / "README.md").write_text(render(forged), encoding="utf-8")
    assert failing(folder) == {"card": ["the example is not the row that manifest.json would show of these files"]}


def test_earlier_releases_are_listed(filled: Lake, settings: Settings) -> None:
    first = write(filled, settings)
    assert "Earlier releases" not in first.card
    fill(filled, CELLS[0], [example(CELLS[0], number) for number in range(30, 35)])
    second = write(filled, settings)
    today = versions.history(filled)[0].recorded_at[:10]
    assert f"| `{first.manifest.version}` | {today} | 12 | released |" in second.card
    ids = [second.manifest.example["id"]]
    third = without(filled, second.manifest.version, ids, "asked for")
    versions.remove(filled, second.manifest.version, "asked for")
    assert [event.version for event in earlier_of(third.card)] == [first.manifest.version, second.manifest.version]
    fill(filled, CELLS[0], [example(CELLS[0], number) for number in range(40, 45)])
    last = write(filled, settings)
    assert [event.what for event in earlier_of(last.card)] == ["released", "released", "replaced", "removed"]
    assert not failing(last.folder)
    assert write(filled, settings) == last, "released again, it is what it was"


def test_rows_that_a_gate_rejects_break_the_claim(folder: Path) -> None:
    forge(folder, SHARD, changed(response=LOOP, messages=None))
    assert any("is repetitive" in line for line in failing(folder)["gates"])
    manifest = manifest_.read(folder)
    on = [name for name in manifest.settings["gates"] if name != "repetition"]
    sign(folder, with_settings(manifest, gates=on))
    assert "gates" not in failing(folder), "nobody claims that"
