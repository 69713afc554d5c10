"""Lakes to release: rows with texts that are in their language and unlike each other."""

import random
from typing import Any

from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.grid import Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.lake.store import Lake
from polyglot_assets.text.normal import text_key

CELLS = [Cell("de", "generate"), Cell("de", "translate"), Cell("ja", "respond")]

_WORDS = {
    "de": "Haus Garten Straße Fenster Wasser Morgen Abend Kinder Bücher Schule kaufen gehen sehen lesen kochen finden "
    "schnell langsam heute gestern immer selten groß klein rot blau schön müde Vater Mutter Bruder Zeitung",
    "ja": "朝 夜 学校 先生 本 読む 書く 行く 見る 食べる 家 庭 水 窓 子供 速い 遅い 今日 昨日 いつも 大きい "
    "小さい 赤い 青い 父 母 電車 切符",
}


def text(language: str, number: object) -> str:
    """A sentence of the language; different for each number."""
    draw = random.Random(f"{language} {number}")
    words = draw.choices(_WORDS[language].split(), k=14)
    return ("を" if language == "ja" else " und ").join(words) + f" {number}."


def example(cell: Cell, number: int, licenses: tuple[str, ...] = ("apache-2.0",), **values: Any) -> dict[str, Any]:
    """A row of the table `examples` with everything that a release reads."""
    row: dict[str, Any] = {name: "x" if str(kind) == "string" else None for name, kind, _ in EXAMPLES.fields}
    prompt = text(cell.language, f"Frage {number} | mit Strich")
    response = text(cell.language, f"Antwort {number}") + "\n\n---\n```"
    row |= {
        "id": content_id(cell.key, number),
        "prompt_id": content_id("prompt", cell.key, number),
        "request_id": content_id("request", cell.key, number),
        "seed_id": content_id("seed", cell.key, number),
        "source": ["openai/gsm8k", "arbml/CIDAR"][number % 2],
        "source_id": str(number),
        "language": cell.language,
        "strategy": cell.strategy,
        "teacher": "small",
        "prompt": prompt,
        "response": response,
        "exemplar_ids": [],
        "licenses": list(licenses),
    } | values
    keys = {"prompt_key": text_key(row["prompt"]), "content_key": text_key(row["prompt"] + row["response"])}
    sides = ((row["prompt"], "user"), (row["response"], "assistant"))
    return {**row, **keys, "messages": [{"content": said, "role": role} for said, role in sides]}


def fill(lake: Lake, cell: Cell, rows: list[dict[str, Any]]) -> None:
    """Writes a cell of examples, and the answers that they come from."""
    lake.write_cell(EXAMPLES, cell, rows)
    names = {name for name, _, _ in RESPONSES.fields}
    answers = [{name: value for name, value in row.items() if name in names} for row in rows]
    lake.write_cell(RESPONSES, cell, [{**row, "sample_index": 0, "outcome": "ok"} for row in answers], teacher="small")


def fill_all(lake: Lake) -> Lake:
    """3 + 4 + 5 rows in CELLS."""
    for size, cell in enumerate(CELLS, start=3):
        fill(lake, cell, [example(cell, number) for number in range(size)])
    return lake
