"""The grid: cells, their keys and paths, and that Dagster's partitions are exactly these."""

import dagster as dg
import pytest

from polyglot_assets.domain.grid import LANGUAGES, STRATEGIES, Cell, cell_of, cells, partitions


def test_the_default_grid():
    assert LANGUAGES == ("ar", "cs", "de", "es", "id", "ja", "tl")
    assert STRATEGIES == ("generate", "respond", "translate")
    assert len(cells(LANGUAGES)) == 21


def test_a_cells_names():
    cell = Cell("de", "translate")
    assert cell.key == "de|translate"
    assert cell.path == "language=de/strategy=translate"
    assert str(cell) == "de/translate"


@pytest.mark.parametrize("cell", cells(LANGUAGES), ids=str)
def test_a_key_leads_back_to_its_cell(cell):
    assert cell_of(cell.key) == cell


def test_a_rectangle_in_the_grids_order():
    assert [cell.key for cell in cells(["ja", "ar"], ["translate", "generate"])] == [
        "ja|translate",
        "ja|generate",
        "ar|translate",
        "ar|generate",
    ]
    assert cells(iter(["de"]), iter(["generate"])) == [Cell("de", "generate")]
    assert len(cells(["de", "cs"], (strategy for strategy in STRATEGIES))) == 6, "strategies may come but once"


def test_dagsters_partitions_are_the_cells():
    definition = partitions(("de", "cs"))
    keys = definition.get_partition_keys()
    assert sorted(keys) == sorted(cell.key for cell in cells(("de", "cs")))
    assert [cell_of(key) for key in keys] == cells(("de", "cs")), "in the same order, so ranges are rectangles"
    for key in keys:
        assert isinstance(key, dg.MultiPartitionKey)
        assert key.keys_by_dimension == {"language": cell_of(key).language, "strategy": cell_of(key).strategy}
