"""A lake with chosen texts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyglot_assets.grid import Cell
from polyglot_assets.ids import content_id
from polyglot_assets.lake import Lake
from polyglot_assets.records import EXAMPLES

Pairs = list[tuple[str, str]]


def example(cell: Cell, number: int, prompt: str, response: str) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys((name for name, _, _ in EXAMPLES.fields), "x")
    numbers = ("prompt_chars", "response_chars", "prompt_tokens", "response_tokens")
    return {
        **row,
        **dict.fromkeys(numbers, 1),
        "prompt_language_score": 0.5,
        "response_language_score": 0.5,
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
