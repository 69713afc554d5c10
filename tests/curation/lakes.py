"""Rows of `examples` and small lakes of them, for the tests of this folder."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.domain.grid import Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.lake.store import Lake
from polyglot_assets.text.normal import text_key
from polyglot_assets.text.shingles import signatures

Row = dict[str, Any]


def example(number: object, prompt: str, response: str, cell: str = "de/generate", **values: Any) -> Row:
    """A row of `examples` whose id depends on `number` alone."""
    language, strategy = cell.split("/")
    row: Row = dict.fromkeys(name for name, _, _ in EXAMPLES.fields)
    return row | {
        "id": content_id(number),
        "source": "OpenAssistant/oasst2",
        "language": language,
        "strategy": strategy,
        "teacher": "t",
        "prompt": prompt,
        "response": response,
        "prompt_key": text_key(prompt),
        "content_key": content_id(text_key(prompt), text_key(response)),
        "signature": signatures(pa.array([prompt], pa.string()), pa.array([response], pa.string()), 2)[0].as_py(),
        **values,
    }


def fill(lake: Lake, rows: Iterable[Row]) -> None:
    """Writes rows into the cells that they name."""
    by_cell: dict[Cell, list[Row]] = defaultdict(list)
    for row in rows:
        by_cell[Cell(row["language"], row["strategy"])].append(row)
    for cell, own in by_cell.items():
        lake.write_cell(EXAMPLES, cell, own)
