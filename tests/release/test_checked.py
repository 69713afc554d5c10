"""The card claims what the manifest says was done, and nothing else."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from release.released import CELLS
from release.test_verify import SHARD, changed, failing, folder, forge, sign

from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.gates.registry import NAMES
from polyglot_assets.lake import made_with
from polyglot_assets.lake.store import Lake
from polyglot_assets.release import manifest as manifest_
from polyglot_assets.release.manifest import Manifest
from polyglot_assets.release.render import place_of, render
from polyglot_assets.release.sft import write
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


def test_rows_that_a_gate_rejects_break_the_claim(folder: Path) -> None:
    forge(folder, SHARD, changed(response=LOOP, messages=None))
    assert any("is repetitive" in line for line in failing(folder)["gates"])
    manifest = manifest_.read(folder)
    on = [name for name in manifest.settings["gates"] if name != "repetition"]
    sign(folder, with_settings(manifest, gates=on))
    assert "gates" not in failing(folder), "nobody claims that"
