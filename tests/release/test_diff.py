"""The difference between releases: sums close for any two, and each reason is given for what it stands for."""

import csv
import io
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from release.lakes import Answer, fill, released

from polyglot_assets.cli.main import main
from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.duplicates import DUPLICATES
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.lake.store import Lake, write_parquet
from polyglot_assets.release import sft
from polyglot_assets.release.contents import opened, query
from polyglot_assets.release.diff import ADDED, CHANGED, CHANGES, REASONS, REMOVED, SAME, compare, compare_rows
from polyglot_assets.release.manifest import Manifest
from polyglot_assets.settings import Settings

ROWS = [Answer(number) for number in range(6)]
Change = tuple[str, str]


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A lake with six rows, and its release."""
    root = tmp_path_factory.mktemp("diff") / "lake"
    return root, released(root, ROWS)


@pytest.fixture
def before(old: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """The same in a place of its own."""
    root = tmp_path / "copied"
    shutil.copytree(old[0], root, symlinks=True)
    return root, root / old[1].relative_to(old[0])


def changes(old: Path, new: Path, lake: Lake | None) -> dict[Change, int]:
    return {(row["change"], row["reason"]): row["rows"] for row in compare(old, new, lake).reasons()}


def edited(edit: Callable[[Answer], Answer | None]) -> list[Answer]:
    """The rows with the first of them edited or, for None, left out."""
    return [row for row in (edit(ROWS[0]), *ROWS[1:]) if row is not None]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (edited(lambda row: replace(row, template="t2")), {(CHANGED, "template"): 1}),
        (edited(lambda row: replace(row, weights="w2")), {(CHANGED, "teacher"): 1}),
        (edited(lambda row: replace(row, teacher="other")), {(CHANGED, "teacher"): 1}),
        (edited(lambda row: replace(row, wording=1, revision="r2")), {(CHANGED, "seeds"): 1}),
        (edited(lambda row: replace(row, examples=(4, 5))), {(CHANGED, "seeds"): 1}),
        (edited(lambda row: replace(row, sampling="s2")), {(CHANGED, "asked_again"): 1}),
        (edited(lambda row: replace(row, written=1)), {(CHANGED, "read_again"): 1}),
        (edited(lambda row: replace(row, template="t2", weights="w2", sampling="s2")), {(CHANGED, "template"): 1}),
        (edited(lambda row: replace(row, outcome="refused")), {(REMOVED, "refused"): 1}),
        (edited(lambda row: replace(row, template="t2", outcome="leaked")), {(REMOVED, "leaked"): 1}),
        (edited(lambda _: None), {(REMOVED, "seed_gone"): 1}),
        ([*ROWS, Answer(9)], {(ADDED, "accepted"): 1}),
        ([*ROWS, Answer(9, revision="r2")], {(ADDED, "new_seed"): 1}),
        ([*ROWS, Answer(0, "de/generate", revision="r2")], {(ADDED, "accepted"): 1}),
        ([*ROWS, Answer(0, "ja/respond")], {(ADDED, "new_language"): 1}),
        ([*ROWS, Answer(9, source="arbml/CIDAR")], {(ADDED, "new_source"): 1}),
        ([*ROWS, Answer(0, teacher="other", written=3)], {(ADDED, "new_teacher"): 1}),
    ],
)  # fmt: skip
def test_each_reason(before: tuple[Path, Path], rows: list[Answer], expected: dict[Change, int]) -> None:
    root, first = before
    assert changes(first, released(root, rows), Lake(root)) == expected


def test_reasons_from_settings(before: tuple[Path, Path]) -> None:
    root, first = before
    new = released(root, [*ROWS, Answer(9)], rows_per_cell=50)
    assert changes(first, new, Lake(root)) == {(ADDED, "more_asked"): 1}
    back = released(root, [Answer(0, "ja/respond")], languages=["ja"])
    assert changes(new, back, Lake(root)) == {(REMOVED, "language_left_out"): 7, (ADDED, "new_language"): 1}


def test_a_seed_that_is_not_asked_and_one_that_is_not_answered(before: tuple[Path, Path]) -> None:
    root, first = before
    new = released(root, ROWS[2:])
    for table, kept in (("prompts", ROWS[1:]), ("seeds", ROWS)):
        other = fill(Lake(root.parent / table), kept)
        shutil.rmtree(root / table)
        shutil.copytree(other.root / table, root / table)
    assert changes(first, new, Lake(root)) == {(REMOVED, "not_asked"): 1, (REMOVED, "not_answered"): 1}


def test_a_teacher_that_is_gone(tmp_path: Path) -> None:
    first = released(tmp_path / "lake", [*ROWS, *(replace(row, teacher="other", written=2) for row in ROWS)])
    second = released(tmp_path / "lake", ROWS)
    assert changes(first, second, Lake(tmp_path / "lake")) == {(REMOVED, "teacher_gone"): 6}
    assert changes(first, second, None) == {(REMOVED, "teacher_gone"): 6}


def test_what_the_lake_left_out_later(before: tuple[Path, Path]) -> None:
    root, first = before
    lake = Lake(root)
    with lake.connect() as connection:
        ids = [row["id"] for row in query(connection, "SELECT id FROM lake.examples ORDER BY id")]
    about = {"language": "de", "strategy": "respond", "source": "openai/gsm8k", "teacher": "scripted"}
    twin = {"id": ids[1], "kept_id": ids[0], "kind": "near", "similarity": 0.9}
    leak = {"id": ids[2], "side": "prompt", "eval_set": "bread.tsv", "item": "1", "overlap": 1.0}
    for table, row in ((DUPLICATES, twin), (CONTAMINATION, leak)):
        write_parquet(pa.Table.from_pylist([row | about], schema=table.schema), lake.table_path(table))
    second = sft.write(lake, Settings(lake=root)).folder
    assert changes(first, second, lake) == {(REMOVED, "duplicate"): 1, (REMOVED, "contaminated"): 1}
    assert changes(first, second, None) == {(REMOVED, "unknown"): 2}
    assert compare(first, second).reasons()[0]["meaning"] == "not known, the lake is not at hand"
    assert changes(second, first, lake) == {(ADDED, "accepted"): 2}


def test_deleted_rows_are_known_without_a_lake(before: tuple[Path, Path]) -> None:
    root, first = before
    with opened(first) as connection:
        ids = [row["id"] for row in query(connection, "SELECT id FROM published ORDER BY id LIMIT 2")]
    second = sft.without(Lake(root), first.name, ids, "asked for").folder
    assert changes(first, second, None) == {(REMOVED, "deletion"): 2}


def test_the_same_release_has_no_difference(old: tuple[Path, Path]) -> None:
    difference = compare(old[1], old[1])
    assert difference.reasons() == []
    assert difference.sums() == [{"old": 6, SAME: 6, REMOVED: 0, CHANGED: 0, ADDED: 0, "new": 6}]


def test_every_outcome_has_a_meaning(old: tuple[Path, Path]) -> None:
    difference = compare(old[1], old[1])
    assert "truncated" in difference.meaning(REMOVED, "truncated")
    assert set(REASONS) == set(CHANGES) - {SAME}


_TEXT = pa.string()
_COLUMNS = [
    ("id", _TEXT), ("language", _TEXT), ("strategy", _TEXT), ("source", _TEXT), ("seed_id", _TEXT),
    ("prompt_id", _TEXT), ("request_id", _TEXT), ("teacher", _TEXT), ("model", _TEXT), ("model_revision", _TEXT),
    ("source_revision", _TEXT), ("template_version", _TEXT), ("exemplar_ids", pa.list_(_TEXT)), ("asked", _TEXT),
    ("texts", _TEXT),
]  # fmt: skip
"""As diff._rows gives them."""


@st.composite
def rows(draw: Any) -> pa.Table:
    """Rows with unique ids, few different values, and values that have nothing to do with each other."""
    few = st.sampled_from("ab")
    row = st.fixed_dictionaries(
        {name: st.lists(few, max_size=2) if name == "exemplar_ids" else few for name, _ in _COLUMNS}
    )
    found = draw(st.lists(row, max_size=12))
    ids = draw(st.lists(st.integers(0, 20).map(str), min_size=len(found), max_size=len(found), unique=True))
    named = [one | {"id": own} for one, own in zip(found, ids, strict=True)]
    return pa.Table.from_pylist(named, schema=pa.schema(_COLUMNS))


def bare() -> Manifest:
    """A manifest that says nothing."""
    nothing: dict[str, Any] = {"rows": 0, "license": {"id": "other", "name": "", "sentences": []}}
    nothing |= {name: {} for name in ("policy", "settings", "deleted", "made_with", "example")}
    return Manifest(**{field.name: nothing.get(field.name, []) for field in fields(Manifest)})


@settings(max_examples=30, deadline=None)
@given(rows(), rows())
def test_the_sums_close_for_any_two_releases(old: pa.Table, new: pa.Table) -> None:
    found = compare_rows(old, new, (bare(), bare()), None)
    counts: dict[tuple[str, ...], Counter[str]] = {}
    for row in found:
        counts.setdefault((row["language"], row["strategy"], row["source"]), Counter())[row["change"]] += row["rows"]
        assert (row["change"] == SAME) == (row["reason"] == "")
        assert row["change"] == SAME or row["reason"] in REASONS[row["change"]]
    sizes = {
        name: Counter((row["language"], row["strategy"], row["source"]) for row in table.to_pylist())
        for name, table in (("old", old), ("new", new))
    }
    assert counts.keys() == sizes["old"].keys() | sizes["new"].keys()
    for cell, own in counts.items():
        assert own[SAME] + own[CHANGED] + own[REMOVED] == sizes["old"][cell]
        assert sizes["old"][cell] - own[REMOVED] + own[ADDED] == sizes["new"][cell]
        assert not (own[REMOVED] and own[ADDED]) or _unpaired(old, new, cell), "what could be paired is"


def _unpaired(old: pa.Table, new: pa.Table, cell: tuple[str, ...]) -> bool:
    """Whether no seed of a cell has rows on both sides that are left when those with the same id are set aside."""
    own = [{row["id"]: row["seed_id"] for row in table.to_pylist() if _cell_of(row) == cell} for table in (old, new)]
    left = [Counter(seed for key, seed in one.items() if key not in other) for one, other in (own, own[::-1])]
    return bool(left[0] - left[1]) and bool(left[1] - left[0])


def _cell_of(row: dict[str, Any]) -> tuple[str, ...]:
    return row["language"], row["strategy"], row["source"]


def _by_change(found: list[dict[str, Any]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for row in found:
        counts[row["change"]] += row["rows"]
    return counts


@settings(max_examples=10, deadline=None)
@given(rows(), rows())
def test_the_other_way_round_what_was_removed_is_added(old: pa.Table, new: pa.Table) -> None:
    there, back = (_by_change(compare_rows(*pair, (bare(), bare()), None)) for pair in ((old, new), (new, old)))
    swapped = {REMOVED: ADDED, ADDED: REMOVED}
    assert {swapped.get(name, name): number for name, number in there.items()} == back


@pytest.fixture(scope="module")
def two_releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A lake and its two releases: one row is changed, one removed, one added."""
    root = tmp_path_factory.mktemp("two") / "lake"
    first = released(root, ROWS)
    return root, first.name, released(root, [replace(ROWS[0], template="t2"), *ROWS[2:], Answer(0, "ja/respond")]).name


@pytest.fixture
def two(two_releases: tuple[Path, str, str], monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Their names, in the lake of the settings."""
    root, *names = two_releases
    monkeypatch.setenv("POLYGLOT_LAKE", str(root))
    return names[0], names[1]


def invoke(*words: str) -> Result:
    return CliRunner().invoke(main, ["diff", *words])


def test_the_command_shows_a_table(two: tuple[str, str]) -> None:
    result = invoke(two[0][:6])
    assert result.exit_code == 0, result.output
    lines = [[word.strip() for word in line.split("│")[1:-1]] for line in result.output.splitlines()]
    assert ["de", "respond", "6", "1", "1", "4", "0", "5"] in lines
    assert ["ja", "respond", "0", "0", "0", "0", "1", "1"] in lines
    assert ["all", "", "6", "1", "1", "4", "1", "6"] in lines
    assert ["openai/gsm8k", "6", "1", "1", "4", "1", "6"] in lines
    assert [line for line in lines if line[:2] == ["removed", "seed_gone"]]


def test_the_command_gives_json_and_csv_alone(two: tuple[str, str], tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["diff", *two, "--format", "json", "--html", str(tmp_path / "page.html")], catch_exceptions=False
    )
    found = json.loads(result.stdout)
    assert found["rows"] == {"old": 6, SAME: 4, REMOVED: 1, CHANGED: 1, ADDED: 1, "new": 6}
    assert (found["old"], found["new"], found["lake_at_hand"]) == (*two, True)
    table = list(csv.DictReader(io.StringIO(invoke(*two, "--format", "csv").stdout)))
    assert [row | {"rows": int(row["rows"])} for row in table] == found["changes"]


def test_nothing_changed_is_said(two: tuple[str, str]) -> None:
    assert "no row was added, removed or changed" in invoke(two[0], two[0]).output


def test_a_folder_from_elsewhere_is_compared_without_the_lake(
    two: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in two:
        shutil.copytree(Settings().lake / "release" / "sft" / name, tmp_path / name)
    monkeypatch.setenv("POLYGLOT_LAKE", str(tmp_path / "nowhere"))
    result = invoke(*(str(tmp_path / name) for name in two))
    assert result.exit_code == 0, result.output
    assert "not known, the lake is not at hand" in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["ffff"], "no release begins with 'ffff'"),
        (["latest", "zzz"], "no release begins with 'zzz'"),
        (["latest", "--html", "there/is/no.html/x/"], "is a directory"),
    ],
)
def test_mistakes_end_in_one_line(
    two: tuple[str, str], words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there/is/no.html/x").mkdir(parents=True)
    result = invoke(*words)
    assert (result.exit_code, message in result.output) == (2, True), result.output


def test_examples_of_the_lake_are_not_touched(two: tuple[str, str]) -> None:
    lake = Lake(Settings().lake)
    files = {path: path.stat().st_mtime_ns for path in (lake.root / EXAMPLES.name).rglob("*.parquet")}
    assert invoke(*two).exit_code == 0
    assert files == {path: path.stat().st_mtime_ns for path in (lake.root / EXAMPLES.name).rglob("*.parquet")}
