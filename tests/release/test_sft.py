"""The release opens with `datasets`, has the published shape, and its card tells the truth."""

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from polyglot_assets.grid import Cell
from polyglot_assets.ids import content_id
from polyglot_assets.lake import Lake, write_parquet
from polyglot_assets.records import CONTAMINATION, DUPLICATES, EXAMPLES, PUBLISHED
from polyglot_assets.release.sft import DATA, write

CELLS = [Cell("de", "generate"), Cell("de", "translate"), Cell("ja", "respond")]


def example(cell: Cell, number: int, licenses: tuple[str, ...] = ("apache-2.0",)) -> dict[str, Any]:
    row: dict[str, Any] = {name: "x" if str(kind) == "string" else None for name, kind, _ in EXAMPLES.fields}
    texts = {"prompt": f"Frage {number} | mit Strich", "response": f"Antwort {number}\n\n---\n```"}
    numbers = ("prompt_chars", "response_chars", "prompt_tokens", "response_tokens")
    return {
        **row,
        **dict.fromkeys(numbers, number),
        "prompt_language_score": 0.5,
        "response_language_score": 0.5,
        "id": content_id(cell.key, number),
        "source": ["openai/gsm8k", "arbml/CIDAR"][number % 2],
        "language": cell.language,
        "strategy": cell.strategy,
        **texts,
        "messages": [{"content": texts["prompt"], "role": "user"}, {"content": texts["response"], "role": "assistant"}],
        "exemplar_ids": [],
        "licenses": list(licenses),
    }


@pytest.fixture
def filled(lake: Lake) -> Lake:
    for size, cell in enumerate(CELLS, start=3):
        lake.write_cell(EXAMPLES, cell, [example(cell, number) for number in range(size)])
    return lake


def test_load_dataset_opens_the_folder(filled: Lake, tmp_path: Path) -> None:
    from datasets import load_dataset

    release = write(filled)
    rows = load_dataset(str(release.folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert rows.num_rows == release.rows == 12
    assert tuple(rows.column_names) == PUBLISHED
    assert len(set(rows["id"])) == 12
    for row in rows:
        assert row["messages"] == [
            {"content": row["prompt"], "role": "user"},
            {"content": row["response"], "role": "assistant"},
        ]


def test_the_features_of_the_card_are_those_of_the_data(filled: Lake, tmp_path: Path) -> None:
    from datasets import Features, load_dataset

    release = write(filled)
    front = yaml.safe_load(release.card.split("---")[1])
    stated = Features._from_yaml_list(front["dataset_info"]["features"])
    rows = load_dataset("parquet", data_files=str(release.folder / DATA), split="train", cache_dir=str(tmp_path / "c"))
    assert stated == rows.features


def test_every_number_on_the_card_is_that_of_the_data(filled: Lake) -> None:
    release = write(filled)
    front = yaml.safe_load(release.card.split("---")[1])
    assert front["dataset_info"]["splits"][0]["num_examples"] == 12
    assert front["language"] == ["de", "ja"]
    body = release.card.split("\n---\n", 1)[1]
    table = re.findall(r"^\| (German|Japanese) \| (\w\w) \| (\d+) \|", body, re.MULTILINE)
    assert table == [("German", "de", "7"), ("Japanese", "ja", "5")]
    total = re.search(r"\| \*\*total\*\* \| \| \*\*(\d+)\*\*", body)
    assert total
    assert int(total[1]) == sum(int(rows) for _, _, rows in table) == 12
    assert "| de | 3 | 0 | 4 |" in body
    assert "| ja | 0 | 5 | 0 |" in body


def test_the_same_lake_gives_the_same_bytes_and_replaces_the_old_release(filled: Lake) -> None:
    first = write(filled)
    data, card = (first.folder / DATA).read_bytes(), first.card
    second = write(filled)
    assert (second.folder / DATA).read_bytes() == data
    assert second.card == card
    assert [path.name for path in second.folder.parent.iterdir()] == ["sft"], "nothing is left over"


def test_duplicates_and_contaminated_rows_are_left_out_and_counted(filled: Lake) -> None:
    cell, ids = CELLS[2], [content_id(CELLS[2].key, number) for number in range(5)]
    twin = {"id": ids[1], "kept_id": ids[0], "kind": "near", "similarity": 0.9}
    leak = {"id": ids[2], "side": "prompt", "eval_set": "bread.tsv", "item": "1", "overlap": 1.0}
    about = {"language": cell.language, "strategy": cell.strategy, "source": "x", "teacher": "x"}
    for table, row in ((DUPLICATES, twin), (CONTAMINATION, leak)):
        write_parquet(pa.Table.from_pylist([row | about], schema=table.schema), filled.table_path(table))
    release = write(filled)
    published = set(pq.read_table(release.folder / DATA)["id"].to_pylist())
    assert release.rows == 10
    assert published & set(ids) == {ids[0], ids[3], ids[4]}
    for line in ("| ok | 10 |", "| duplicate | 1 |", "| contaminated | 1 |", "| ja | 0 | 3 | 0 |"):
        assert line in release.card


@pytest.mark.parametrize(
    ("licenses", "expected"),
    [
        (("apache-2.0",), "apache-2.0"),
        (("apache-2.0", "cc-by-nc-4.0"), "other"),
        (("unlicensed",), "other"),
        (("unknown",), "other"),
    ],
)
def test_the_licence_never_claims_more_than_the_parts_allow(
    lake: Lake, licenses: tuple[str, ...], expected: str
) -> None:
    lake.write_cell(EXAMPLES, CELLS[0], [example(CELLS[0], 0, licenses)])
    front = yaml.safe_load(write(lake).card.split("---")[1])
    assert front["license"] == expected


def test_a_lake_without_kept_rows_gives_an_empty_release(lake: Lake) -> None:
    release = write(lake)
    assert release.rows == 0
    assert tuple(pq.read_schema(release.folder / DATA).names) == PUBLISHED
    assert yaml.safe_load(release.card.split("---")[1])["dataset_info"]["splits"][0]["num_examples"] == 0
