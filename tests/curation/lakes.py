"""Rows of `examples` and small lakes of them, for the tests of this folder."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from polyglot_assets.curation.shingles import signatures
from polyglot_assets.grid import Cell
from polyglot_assets.ids import content_id, text_key
from polyglot_assets.lake import Lake
from polyglot_assets.records import EXAMPLES

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
        "minhash": signatures([prompt], [response], 2)[0],
        **values,
    }


def fill(lake: Lake, rows: Iterable[Row]) -> None:
    """Writes rows into the cells that they name."""
    by_cell: dict[Cell, list[Row]] = defaultdict(list)
    for row in rows:
        by_cell[Cell(row["language"], row["strategy"])].append(row)
    for cell, own in by_cell.items():
        lake.write_cell(EXAMPLES, cell, own)
