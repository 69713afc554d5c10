"""Subsets: the reference's shares, groups that stay together, the same bytes again, and a card that is true."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from release.lakes import Answer, released

from polyglot_assets.cli.main import main
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import STRATEGIES
from polyglot_assets.release.audit import audit
from polyglot_assets.release.contents import opened, query
from polyglot_assets.release.subset import ABOUT, Options, is_held_out, quotas, write

GERMAN = [Answer(number, f"de/{strategy}") for strategy in STRATEGIES for number in range(20)]
JAPANESE = [Answer(number, "ja/respond", "arbml/CIDAR", "other") for number in range(100, 106)]
"""20 seeds in three strategies, and six others."""


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return released(tmp_path_factory.mktemp("subset") / "lake", [*GERMAN, *JAPANESE])


@pytest.fixture(scope="module")
def groups(release: Path) -> dict[str, str]:
    with opened(release) as connection:
        return {row["id"]: row["content_group"] for row in query(connection, "FROM lineage")}


def rows_of(folder: Path, split: str = "*") -> list[dict[str, Any]]:
    return [row for file in sorted((folder / "data").glob(f"{split}-*")) for row in pq.read_table(file).to_pylist()]


def cells_of(folder: Path) -> Counter[tuple[str, str]]:
    return Counter((row["language"], row["strategy"]) for row in rows_of(folder))


@pytest.mark.parametrize(
    ("available", "wanted", "expected"),
    [
        ({"generate": 9000, "respond": 9001, "translate": 8000}, 10_000, (3333, 3334, 3333)),
        ({"generate": 9000, "respond": 9001, "translate": 8000}, 10_500, (3500, 3500, 3500)),
        ({"generate": 5, "respond": 9000, "translate": 4000}, 10_500, (5, 6995, 3500)),
        ({"generate": 5, "respond": 6000, "translate": 4000}, 10_500, (5, 6000, 4000)),
        ({"generate": 5, "respond": 5, "translate": 5}, 4, (2, 1, 1)),
        ({"generate": 0, "respond": 1, "translate": 2}, 100, (0, 1, 2)),
    ],
)
def test_rows_are_divided_as_in_the_reference(
    available: dict[str, int], wanted: int, expected: tuple[int, ...]
) -> None:
    assert tuple(quotas(available, wanted).values()) == expected


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(STRATEGIES), st.integers(0, 50), min_size=1), st.integers(1, 160))
def test_no_row_is_given_twice_or_withheld(available: dict[str, int], wanted: int) -> None:
    given_ = quotas(available, wanted)
    assert sum(given_.values()) == min(wanted, sum(available.values()))
    assert all(0 <= given_[name] <= available[name] for name in available)
    assert all(given_[name] >= min(wanted // len(available), available[name]) for name in available)
    more = quotas(available, wanted + 1)
    assert sum(max(0, given_[name] - more[name]) for name in available) < len(available), "a row more moves few others"


def test_languages_are_balanced_and_what_is_missing_is_said(release: Path, tmp_path: Path) -> None:
    made = write(release, tmp_path / "a", Options(per_language=9))
    assert cells_of(tmp_path / "a") == {("ja", "respond"): 6} | {("de", strategy): 3 for strategy in STRATEGIES}
    assert made.short == [{"language": "ja", "rows": 6, "strategies": {"respond": 6}}]
    assert "There were not enough for ja: 6 (respond 6)." in (tmp_path / "a" / "README.md").read_text()


def test_more_rows_hold_those_of_fewer_and_another_seed_takes_others(release: Path, tmp_path: Path) -> None:
    taken: dict[Any, set[str]] = {}
    for name, options in {
        "few": Options(per_language=15), "more": Options(per_language=30), "other": Options(per_language=15, seed=1),
    }.items():  # fmt: skip
        write(release, tmp_path / name, options)
        taken[name] = {row["id"] for row in rows_of(tmp_path / name)}
    assert taken["few"] < taken["more"]
    assert taken["few"] != taken["other"]


def test_filters_take_what_they_name(release: Path, tmp_path: Path) -> None:
    for name, options, expected in (
        ("language", Options(languages=("ja",)), {("ja", "respond"): 6}),
        ("strategy", Options(strategies=("respond",)), {("de", "respond"): 20, ("ja", "respond"): 6}),
        ("teacher", Options(teachers=("other",)), {("ja", "respond"): 6}),
        ("source", Options(sources=("openai/gsm8k",)), {("de", strategy): 20 for strategy in STRATEGIES}),
        ("both", Options(strategies=("translate",), sources=("openai/gsm8k",)), {("de", "translate"): 20}),
    ):
        write(release, tmp_path / name, options)
        assert cells_of(tmp_path / name) == expected


def test_a_group_never_lies_in_both_splits(release: Path, groups: dict[str, str], tmp_path: Path) -> None:
    made = write(release, tmp_path / "a", Options(held_out=0.3))
    sides = [{groups[row["id"]] for row in rows_of(tmp_path / "a", split)} for split in ("train", "test")]
    assert all(sides)
    assert not sides[0] & sides[1]
    assert made.splits == {split: len(rows_of(tmp_path / "a", split)) for split in ("train", "test")}
    assert sum(made.splits.values()) == made.rows == 66


def test_rows_stay_in_their_split_in_another_release(release: Path, groups: dict[str, str], tmp_path: Path) -> None:
    later = released(tmp_path / "lake", [*GERMAN[5:], *JAPANESE, *(Answer(n, "cs/respond") for n in range(200, 220))])
    sides = {}
    for folder in (release, later):
        options = Options(held_out=0.3, per_language=50 if folder == later else None)
        write(folder, tmp_path / folder.name, options)
        for split in ("train", "test"):
            for row in rows_of(tmp_path / folder.name, split):
                assert sides.setdefault(row["id"], split) == split
    assert len(sides) > len(groups)


@settings(deadline=None)
@given(st.integers(), st.floats(0.05, 0.5))
def test_about_the_share_of_groups_is_held_out(seed: int, share: float) -> None:
    options, more = Options(held_out=share, seed=seed), Options(held_out=share + 0.1, seed=seed)
    held_out = {group for group in map(str, range(2000)) if is_held_out(group, options)}
    assert abs(len(held_out) - 2000 * share) < 6 * (2000 * share * (1 - share)) ** 0.5
    assert all(is_held_out(group, more) for group in held_out), "a larger share keeps what a smaller one holds out"


def test_the_same_options_give_the_same_bytes_and_the_command_is_that_which_was_given(
    release: Path, tmp_path: Path
) -> None:
    words = ["-l", "de", "-s", "respond", "-t", "scripted", "--source", "openai/gsm8k", "--per-language", "11"]
    words += ["--held-out", "0.25", "--format", "sharegpt", "--seed", "-3"]
    first = CliRunner().invoke(main, ["subset", str(release), "-o", str(tmp_path / "a"), *words])
    assert first.exit_code == 0, first.output
    card = (tmp_path / "a" / "README.md").read_text()
    (line,) = (line for line in card.splitlines() if line.startswith("polyglot subset"))
    again = line.replace(release.name, str(release)).replace("FOLDER", str(tmp_path / "b")).split()[1:]
    assert CliRunner().invoke(main, again).exit_code == 0
    files = {path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()}
    assert files == {path.relative_to(tmp_path / "b") for path in (tmp_path / "b").rglob("*") if path.is_file()}
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"], "nothing is left over"


@pytest.mark.parametrize("options", [Options(), Options(held_out=0.3), Options(per_language=7, held_out=0.999)])
def test_datasets_opens_it_and_the_card_is_true(release: Path, options: Options, tmp_path: Path) -> None:
    from datasets import load_dataset

    made = write(release, tmp_path / "a", options)
    splits = load_dataset(str(tmp_path / "a"), cache_dir=str(tmp_path / "cache"))
    assert {name: rows.num_rows for name, rows in splits.items()} == {name: n for name, n in made.splits.items() if n}
    assert set(made.splits) == ({"train", "test"} if options.held_out else {"train"})
    card = (tmp_path / "a" / "README.md").read_text()
    assert audit(tmp_path / "a").compared
    assert not audit(tmp_path / "a").contradictions
    front = yaml.safe_load(card.split("---")[1])
    assert front["license"] == "apache-2.0"
    assert front["language"] == ["de", "ja"]
    about = json.loads((tmp_path / "a" / ABOUT).read_text())
    assert about["rows"] == sum(cell["rows"] for cell in about["cells"]) == len(rows_of(tmp_path / "a"))
    assert f"| apache-2.0 | {about['rows']} |" in card
    own = sum(rows for (language, _), rows in cells_of(tmp_path / "a").items() if language == "de")
    assert f"| {own} |\n" in next(line + "\n" for line in card.splitlines() if line.startswith("| German"))


def test_the_license_is_that_of_the_rows_that_are_in_it(tmp_path: Path) -> None:
    rows = [Answer(1), Answer(2, licenses=("cc-by-nc-4.0",), source="arbml/CIDAR")]
    release = released(tmp_path / "lake", rows)
    for name, sources, license in (("a", ("openai/gsm8k",), "apache-2.0"), ("b", (), "cc-by-nc-4.0")):
        write(release, tmp_path / name, Options(sources=sources))
        card = (tmp_path / name / "README.md").read_text()
        assert yaml.safe_load(card.split("---")[1])["license"] == license
        assert ("cc-by-nc" in card.split("carry:")[1]) == (name == "b")
        assert "| apache-2.0 | 1 |" in card


def test_a_folder_with_something_in_it_is_left_alone(release: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    for folder in (tmp_path, tmp_path / "mine"):
        with pytest.raises(UserError, match="not empty"):
            write(release, folder, Options())
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    (tmp_path / "empty").mkdir()
    write(release, tmp_path / "empty", Options())
    assert (tmp_path / "empty" / ABOUT).exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-l", "xx"], "no row of the language 'xx'; it has de, ja"),
        (["-t", "nobody"], "no row of the teacher 'nobody'; it has other, scripted"),
        (["--source", "a/b"], "no row of the source 'a/b'; it has arbml/CIDAR, openai/gsm8k"),
        (["-l", "ja", "-s", "translate"], "no row of release"),
        (["--held-out", "1"], "is not in the range"),
        (["--per-language", "0"], "is not in the range"),
    ],
)
def test_mistakes_end_in_one_line_and_leave_nothing(
    release: Path, words: list[str], message: str, tmp_path: Path
) -> None:
    result = CliRunner().invoke(main, ["subset", str(release), "-o", str(tmp_path / "a"), *words])
    assert result.exit_code == 2
    assert message in result.output
    assert list(tmp_path.iterdir()) == []


def test_large_subsets_are_cut_into_shards(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(release, tmp_path / "one", Options())
    monkeypatch.setattr("polyglot_assets.release.subset._SHARD_ROWS", 25)
    made = write(release, tmp_path / "three", Options())
    assert [file["rows"] for file in made.files] == [22, 22, 22]
    assert rows_of(tmp_path / "three") == rows_of(tmp_path / "one")
