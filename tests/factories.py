"""Lakes with rows made up for tables: any size, languages, lengths, duplicates and leaks."""

import random
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.duplicates import DUPLICATES
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.licenses import LICENSES
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.contracts.table import Table
from polyglot_assets.domain.grid import STRATEGIES, Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.lake.counts import Counted, count_answers, write_counts
from polyglot_assets.lake.store import Lake, write_parquet
from polyglot_assets.marts.models import load
from polyglot_assets.settings import bundled
from polyglot_assets.text.normal import text_key
from polyglot_assets.text.words import words

Row = dict[str, Any]
SOURCES = ("OpenAssistant/oasst2", "Magpie-Align/Magpie-Pro-300K-Filtered")


def example(number: int, cell: Cell, **values: Any) -> Row:
    """An example with every column that tables read."""
    prompt = str(values.get("prompt", f"Frage {number} nach dem Weg und der Zeit"))
    response = str(values.get("response", f"Antwort {number}: " + "ja und nein " * (number % 7 + 1)))
    return {
        "id": content_id(cell.key, number),
        "source": SOURCES[number % len(SOURCES)],
        "language": cell.language,
        "strategy": cell.strategy,
        "teacher": "scripted",
        "prompt": prompt,
        "response": response,
        "prompt_chars": len(prompt),
        "response_chars": len(response),
        "prompt_tokens": 100 + number % 17,
        "response_tokens": 5 + number**2 % 900,
        "prompt_key": text_key(prompt),
        "prompt_repeated": False,
        "sample_place": number if number < 100 else None,
        "prompt_words": " ".join(words(prompt, 50)) if number < 100 else None,
        "response_words": " ".join(words(response, 50)) if number < 100 else None,
        "licenses": [["apache-2.0"], ["apache-2.0", "cc-by-nc-4.0"], ["unlicensed"]][number % 3],
    } | values


def duplicate(left_out: Row, kept: Row, kind: str = "near") -> Row:
    where = {name: left_out[name] for name in ("id", "language", "strategy", "source", "teacher")}
    return {**where, "kept_id": kept["id"], "kind": kind, "similarity": 0.8}


def leak(row: Row, item: str = "7", side: str = "prompt", eval_set: str = "mgsm_de.tsv") -> Row:
    where = {name: row[name] for name in ("id", "language", "strategy", "source", "teacher")}
    return {**where, "side": side, "eval_set": eval_set, "item": item, "overlap": 0.9}


def outsider(row: Row, license: str | None = "cc-by-nc-4.0", rule: str = "require commercial") -> Row:
    where = {name: row[name] for name in ("id", "language", "strategy", "source", "teacher")}
    return {**where, "license": license, "rule": rule}


def fill(
    lake: Lake,
    examples: Sequence[Row],
    duplicates: Sequence[Row] = (),
    leaks: Sequence[Row] = (),
    failed: int = 1,
    outsiders: Sequence[Row] = (),
) -> Lake:
    """Writes the rows with counts and answers that agree with them, and computes all marts.

    Args:
        lake: where.
        examples: rows of `example`.
        duplicates: rows of `duplicate`.
        leaks: rows of `leak`.
        failed: further answers of each cell and source that were not accepted.
        outsiders: rows of `outsider`.
    """
    lake.prepare()
    for cell in sorted({Cell(row["language"], row["strategy"]) for row in examples}):
        own = [row for row in examples if (row["language"], row["strategy"]) == (cell.language, cell.strategy)]
        lake.write_cell(EXAMPLES, cell, own)
        kept = [{**row, "prompt_id": row["id"], "sample_index": 0, "outcome": "ok"} for row in own]
        lost = [
            {**own[0], "source": source, "prompt_id": f"{source}{number}", "sample_index": 0, "outcome": "truncated"}
            for source in sorted({row["source"] for row in own})
            for number in range(failed)
        ]
        lake.write_cell(RESPONSES, cell, _known([*kept, *lost], RESPONSES), teacher="scripted")
        write_counts(lake, cell, count_answers([*kept, *lost]), stage="answers", part="all")
        for source in sorted({row["source"] for row in own}):
            rows = sum(row["source"] == source for row in [*own, *lost])
            raw = {"kept": rows + 2, "toxic": 3, "other_language": 40}
            made = {"kept": rows, "over_cap": 2}
            for stage, counts in (("seeds", raw), ("prompts", made)):
                counted = {Counted(source, reason): number for reason, number in counts.items()}
                write_counts(lake, cell, counted, stage=stage, part=source.split("/")[1])
    for table, rows in ((DUPLICATES, duplicates), (CONTAMINATION, leaks), (LICENSES, outsiders)):
        if rows:
            write_parquet(pa.Table.from_pylist(list(rows), schema=table.schema), lake.table_path(table))
    compute(lake)
    return lake


def _known(rows: Sequence[Row], table: Table) -> list[Row]:
    names = {name for name, _, _ in table.fields}
    return [{name: value for name, value in row.items() if name in names} for row in rows]


def compute(lake: Lake) -> None:
    """Computes all marts."""
    with lake.connect() as connection:
        for model in load(bundled("dbt_like_sql"))[0]:
            connection.execute(f"DROP VIEW IF EXISTS marts.{model.name}")
            connection.execute(f"CREATE TABLE marts.{model.name} AS {model.sql}")
            data = connection.sql(f"FROM marts.{model.name}").to_arrow_table()
            write_parquet(data, lake.mart_path(model.name))


def rows_of(lake: Lake, query: str) -> list[Row]:
    with lake.connect() as connection:
        relation = connection.sql(query)
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def many(languages: Sequence[str], rows: int, seed: int = 0) -> tuple[list[Row], list[Row], list[Row]]:
    """Examples of all cells, and some duplicates and leaks among them."""
    rng = random.Random(seed)
    examples, duplicates, leaks = [], [], []
    for position, language in enumerate(languages):
        for strategy in STRATEGIES:
            own = [example(number, Cell(language, strategy)) for number in range(max(1, rows // (position + 1)))]
            examples += own
            for row in own[1:]:
                if rng.random() < 0.2:
                    duplicates.append(duplicate(row, own[0], rng.choice(("exact_pair", "exact_prompt", "near"))))
                elif rng.random() < 0.1:
                    leaks.append(leak(row, str(rng.randrange(9))))
    return examples, duplicates, leaks
