"""A lake for all tests of this folder, made once, and the requests that they make of it."""

from collections import Counter
from pathlib import Path

import lake_factory
import pytest

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.store import Lake
from polyglot_assets.lake.tombstones import Request
from polyglot_assets.settings import Settings


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The lake as it was before anything was deleted. Not to be changed."""
    folder = tmp_path_factory.mktemp("deletion")
    return lake_factory.make(folder / "whole", folder / "evalsets")


@pytest.fixture
def lake(whole: Lake, tmp_path: Path) -> Lake:
    """A copy that may be changed."""
    return lake_factory.copied(whole, tmp_path / "lake")


@pytest.fixture
def settings(lake: Lake) -> Settings:
    """Settings of that lake."""
    return lake_factory.settings_of(lake.root)


@pytest.fixture(scope="session")
def shown(whole: Lake) -> Request:
    """The seed that most prompts show as an example."""
    rows = whole.read_cell(PROMPTS, Cell("de", "generate"))
    ((seed_id, _),) = Counter(seed_id for row in rows for seed_id in row["exemplar_ids"]).most_common(1)
    return lake_factory.request_of(whole, seed_id)


@pytest.fixture(scope="session")
def leaked(whole: Lake) -> Request:
    """The seed of an example that holds an evaluation item."""
    import pyarrow.parquet as pq

    (row,) = pq.read_table(whole.table_path(CONTAMINATION)).to_pylist()
    (example,) = [e for e in whole.read_cell(EXAMPLES, Cell("de", "respond")) if e["id"] == row["id"]]
    return lake_factory.request_of(whole, example["seed_id"])


@pytest.fixture(scope="session")
def english(whole: Lake) -> Request:
    """A seed that is translated."""
    return lake_factory.request_of(whole, whole.read_cell(PROMPTS, Cell("de", "translate"))[0]["seed_id"])


@pytest.fixture(scope="session")
def requests(shown: Request, leaked: Request, english: Request) -> list[Request]:
    """All three, and one for a row that the lake never had."""
    return [shown, leaked, english, Request("openai/gsm8k", "never there", "somebody", "mail 1", "2026-11-20")]
