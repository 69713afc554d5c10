"""The table of contamination: every planted item with its row, nothing else, and only what changed is searched."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.curation import contamination
from polyglot_assets.curation.contamination import KEPT, find
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.lake.store import Lake
from polyglot_assets.settings import Settings

Pairs = list[tuple[str, str]]


def example(cell: Cell, number: int, prompt: str, response: str) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(name for name, _, _ in EXAMPLES.fields)
    return {
        **row,
        "source": "x",
        "teacher": "x",
        "id": content_id(cell.key, number),
        "language": cell.language,
        "strategy": cell.strategy,
        "prompt": prompt,
        "response": response,
        "messages": [],
        "exemplar_ids": [],
        "licenses": [],
    }


@pytest.fixture
def fill(lake: Lake) -> Callable[[Cell, Pairs], Path]:
    """Writes a cell of (prompt, response) pairs; the id of pair n is content_id(cell.key, n)."""

    def write(cell: Cell, pairs: Pairs) -> Path:
        lake.write_cell(EXAMPLES, cell, [example(cell, number, *pair) for number, pair in enumerate(pairs)])
        return lake.cell_path(EXAMPLES, cell)

    return write


DE, JA = Cell("de", "generate"), Cell("ja", "respond")
CLEAN = ("Nenne mir drei Bäume, die im Frühling blühen.", "Kirsche, Magnolie und Schlehe blühen im Frühling.")
GERMAN = "Ein Bäcker verkauft vormittags achtzig Brötchen und nachmittags halb so viele, wie viele sind das?"
JAPANESE = "このお店では一日に八十個のパンが売れます。一週間では何個になりますか。"


@pytest.fixture
def chosen(settings, tmp_path) -> Settings:
    """Settings with two evaluation sets."""
    folder = tmp_path / "evalsets"
    folder.mkdir()
    (folder / "bread_de.tsv").write_text(f"{GERMAN}\t120\nWie viel ist das?\t3\nWas?\t1\n", encoding="utf-8")
    (folder / "bread_ja.jsonl").write_text(json.dumps({"id": "ja-1", "question": JAPANESE}), encoding="utf-8")
    return settings.model_copy(update={"evalsets": folder})


def rows(lake) -> list[dict]:
    return pq.read_table(lake.table_path(CONTAMINATION)).to_pylist()


def test_each_hit_is_a_row_and_the_rest_is_none(lake, fill, chosen):
    fill(DE, [CLEAN, (f"Löse: {GERMAN.upper()}", CLEAN[1]), (CLEAN[0], f"{GERMAN}\n\nUnd auch: {JAPANESE}")])
    fill(JA, [(JAPANESE.replace("八十", "九十"), CLEAN[1])])
    told: list[str] = []
    found = find(lake, chosen, told.append)
    shown = [(row["id"], row["side"], row["eval_set"], row["item"], round(row["overlap"], 2)) for row in rows(lake)]
    ids = {(cell, n): content_id(cell.key, n) for cell in (DE, JA) for n in range(3)}
    assert shown == sorted(
        [
            (ids[DE, 1], "prompt", "bread_de.tsv", "1", 1.0),
            (ids[DE, 2], "response", "bread_de.tsv", "1", 1.0),
            (ids[DE, 2], "response", "bread_ja.jsonl", "ja-1", 1.0),
            (ids[JA, 0], "prompt", "bread_ja.jsonl", "ja-1", 0.97),
        ]
    )
    first = next(row for row in rows(lake) if row["id"] == ids[DE, 1])
    assert first["excerpt"].strip() == GERMAN.upper()
    assert (first["language"], first["strategy"], first["source"], first["teacher"]) == ("de", "generate", "x", "x")
    assert pq.read_schema(lake.table_path(CONTAMINATION)) == CONTAMINATION.schema
    assert (found.rows, found.examples, found.searched, found.kept) == (4, 3, 2, 0)
    assert found.items == {"bread_de.tsv": 3, "bread_ja.jsonl": 1}
    assert found.too_short == {"bread_de.tsv": 1}
    assert found.hit == {"bread_de.tsv": 1, "bread_ja.jsonl": 1}
    assert len(told) == 1
    assert "bread_de.tsv: 1 items have fewer than 4 words" in told[0]
    with lake.connect() as connection:
        assert connection.execute("SELECT count(*) FROM lake.contamination").fetchone() == (4,)


def test_a_run_searches_only_what_changed_and_the_bytes_depend_on_nothing_else(lake, fill, chosen, tmp_path):
    fill(DE, [CLEAN, (GERMAN, CLEAN[1])])
    fill(JA, [(JAPANESE, CLEAN[1])])
    assert find(lake, chosen).searched == 2
    data = lake.table_path(CONTAMINATION).read_bytes()
    again = find(lake, chosen)
    assert (again.searched, again.kept, again.rows) == (0, 2, 2)
    assert lake.table_path(CONTAMINATION).read_bytes() == data
    fill(JA, [(JAPANESE, CLEAN[1]), (CLEAN[0], JAPANESE)])
    changed = find(lake, chosen)
    assert (changed.searched, changed.kept, changed.rows) == (1, 1, 3)
    data = lake.table_path(CONTAMINATION).read_bytes()
    for path in (lake.root / KEPT).rglob("*.parquet"):
        path.unlink()
    assert find(lake, chosen).searched == 2
    assert lake.table_path(CONTAMINATION).read_bytes() == data, "kept results and new ones are the same"


def test_other_items_or_rules_search_everything_again(lake, fill, chosen):
    fill(DE, [(" ".join(GERMAN.split()[:-3]), CLEAN[1])])
    assert find(lake, chosen).rows == 1
    assert find(lake, chosen.model_copy(update={"evalsets_overlap": 0.9})).rows == 0
    assert find(lake, chosen.model_copy(update={"evalsets_ngram": 4})).searched == 1
    (chosen.evalsets / "bread_de.tsv").write_text("Ganz andere Frage, die niemand je gestellt hat?\t1\n")
    assert find(lake, chosen).rows == 0


def test_cells_that_are_gone_are_forgotten(lake, fill, chosen):
    path = fill(DE, [(GERMAN, CLEAN[1])])
    find(lake, chosen)
    path.unlink()
    assert find(lake, chosen).rows == 0
    assert list((lake.root / KEPT).rglob("*.parquet")) == []


def test_without_evaluation_sets_the_table_is_empty(lake, fill, settings, chosen):
    fill(DE, [(GERMAN, CLEAN[1])])
    find(lake, chosen)
    assert find(lake, settings) == contamination.Found()
    assert rows(lake) == []
    assert not (lake.root / KEPT).exists()


def test_an_empty_lake_and_empty_cells(lake, fill, chosen):
    assert find(lake, chosen).rows == 0
    fill(DE, [])
    assert (find(lake, chosen).rows, rows(lake)) == (0, [])


def test_a_cell_in_several_batches(lake, fill, chosen, monkeypatch):
    monkeypatch.setattr(contamination, "_BATCH_ROWS", 2)
    fill(DE, [CLEAN] * 4 + [(GERMAN, CLEAN[1])] + [CLEAN] * 4 + [(CLEAN[0], GERMAN)])
    assert find(lake, chosen).examples == 2


def test_a_broken_evaluation_set_leaves_the_old_table(lake, fill, chosen):
    fill(DE, [(GERMAN, CLEAN[1])])
    find(lake, chosen)
    (chosen.evalsets / "bread_ja.jsonl").write_text('{"question": 5}')
    with pytest.raises(UserError, match=r"bread_ja.jsonl, line 1: field 'question': expected text, got int"):
        find(lake, chosen)
    assert len(rows(lake)) == 1


def test_the_folder_may_be_given_relative_to_home_or_here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POLYGLOT_EVALSETS", "sets")
    assert Settings().evalsets == Path(tmp_path / "sets")
    assert EXAMPLES.cellwise
