"""A made-up lake for benchmarks/tables.py: any number of examples, with answers, duplicates and hits.

Here: rows with the skew of the published dataset, made column by column. Not here: anything that is measured.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polyglot_assets.contracts.contamination import CONTAMINATION
from polyglot_assets.contracts.duplicates import DUPLICATES
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.contracts.table import Table
from polyglot_assets.domain.grid import STRATEGIES, Cell
from polyglot_assets.lake.counts import Counted, count_answers, write_counts
from polyglot_assets.lake.store import Lake, write_parquet
from polyglot_assets.text.words import words

PUBLISHED = {"id": 85_952, "de": 83_878, "ar": 77_770, "tl": 40_875, "ja": 27_198, "es": 25_609, "cs": 15_189}
SOURCES = ("allenai/WildChat-4.8M", "CohereLabs/aya_collection", "OpenAssistant/oasst2", "nvidia/HelpSteer3")
ENGLISH = ("openai/gsm8k", "Magpie-Align/Magpie-Pro-300K-Filtered")
LICENSES = (["apache-2.0"], ["apache-2.0", "gemma"], ["cc-by-nc-4.0", "gemma"], ["gemma", "odc-by"])
LOST = ("truncated", "wrong_language", "empty", "invalid_json")
KINDS = ("exact_pair", "exact_prompt", "near")
EVALUATIONS = ("mgsm_de.tsv", "global_mmlu_lite_id.jsonl")
_LETTERS = {"ar": (0x0627, 28), "ja": (0x3042, 80)}
_POOL = 3000
_SAMPLE = 60

Random = np.random.Generator


def make(lake: Lake, rows: int, teachers: tuple[str, ...]) -> None:
    """Writes about `rows` examples and what belongs to them."""
    rng = np.random.default_rng(0)
    lake.prepare()
    left_out, hits = [], []
    for language, published in PUBLISHED.items():
        pools = {"prompt": _texts(language, 25, rng), "response": _texts(language, 150, rng)}
        for strategy, part in zip(STRATEGIES, (0.4, 0.4, 0.2), strict=True):
            count = round(rows * published / sum(PUBLISHED.values()) * part / len(teachers))
            kept, asked = [], []
            for teacher in teachers:
                cell = Cell(language, strategy)
                examples = _examples(cell, teacher, pools, count, rng)
                kept.append(examples)
                left_out.append(_duplicates(examples, rng))
                hits.append(_hits(examples, rng))
                answers = _answers(cell, teacher, examples["source"], pools, rng)
                asked.append(answers)
                write_parquet(answers, lake.cell_path(RESPONSES, cell, teacher=teacher))
            write_parquet(pa.concat_tables(kept).sort_by("id"), lake.cell_path(EXAMPLES, cell))
            _count(lake, cell, count * len(teachers), asked)
    write_parquet(pa.concat_tables(left_out).sort_by("id"), lake.table_path(DUPLICATES))
    write_parquet(pa.concat_tables(hits).sort_by("id"), lake.table_path(CONTAMINATION))


def _examples(cell: Cell, teacher: str, pools: dict[str, pa.Array], count: int, rng: Random) -> pa.Table:
    number = pa.array(np.arange(count)).cast(pa.string())
    values: dict[str, Any] = {
        "id": _keys(count, rng),
        "source": _choose(ENGLISH if cell.strategy == "translate" else SOURCES, count, rng),
        "teacher": teacher,
        "model": teacher,
        "prompt_tokens": np.clip(rng.lognormal(6, 0.5, count), 60, 4000).astype(int),
        "response_tokens": np.clip(rng.lognormal(5.5, 0.9, count), 2, 4000).astype(int),
        "prompt_repeated": rng.random(count) < 0.1,
        "prompt_key": _keys(count, rng),
        "content_key": _keys(count, rng),
        "prompt_id": _keys(count, rng),
        "request_id": _keys(count, rng),
        "seed_id": _keys(count, rng),
        "licenses": _choose(LICENSES, count, rng),
        "sample_place": [*range(min(_SAMPLE, count)), *[None] * (count - _SAMPLE)],
    }
    for side, pool in pools.items():
        text = pc.binary_join_element_wise(pool.take(pa.array(rng.integers(0, _POOL, count))), number, " ")
        told = [" ".join(words(str(one), 50)) for one in text[:_SAMPLE]]
        values |= {
            side: text,
            f"{side}_chars": pc.utf8_length(text),
            f"{side}_words": told + [None] * (count - len(told)),
        }
    values["synth_prompt"] = pc.binary_join_element_wise(values["prompt"], values["prompt"], values["prompt"], "\n")
    return _table(EXAMPLES, values, count, cell)


def _answers(cell: Cell, teacher: str, sources: pa.ChunkedArray, pools: dict[str, pa.Array], rng: Random) -> pa.Table:
    """The accepted answers, and a third as many again that were not."""
    lost = len(sources) // 3
    more = _choose(ENGLISH if cell.strategy == "translate" else SOURCES, lost, rng)
    count = len(sources) + lost
    order = pa.array(rng.permutation(count))
    outcome = pa.array(["ok"] * len(sources) + [LOST[number % len(LOST)] for number in range(lost)])
    values = {
        "source": pa.concat_arrays([*sources.chunks, more]).take(order),
        "outcome": outcome.take(order),
        "prompt_id": _keys(count, rng),
        "teacher": teacher,
        **{name: pools["response"].take(pa.array(rng.integers(0, _POOL, count))) for name in ("raw_text", "response")},
    }
    return _table(RESPONSES, values, count, cell)


def _duplicates(examples: pa.Table, rng: Random) -> pa.Table:
    """One example in seven, in clusters of very different sizes."""
    count = examples.num_rows // 7
    order = rng.permutation(examples.num_rows)
    staying = order[count:]
    kept = staying[(rng.random(count) ** 3 * len(staying) / 3).astype(int)]
    left_out = examples.select(["id", "language", "strategy", "source", "teacher"]).take(pa.array(order[:count]))
    values = {name: left_out[name] for name in left_out.column_names}
    values["kept_id"] = examples["id"].take(pa.array(kept))
    values["kind"], values["similarity"] = _choose(KINDS, count, rng), rng.random(count)
    return _table(DUPLICATES, values, count)


def _hits(examples: pa.Table, rng: Random) -> pa.Table:
    hit = pa.array(np.flatnonzero(rng.random(examples.num_rows) < 0.002))
    found = examples.select(["id", "language", "strategy", "source", "teacher"]).take(hit)
    values = {name: found[name] for name in found.column_names}
    values["side"], values["eval_set"] = "prompt", _choose(EVALUATIONS, len(hit), rng)
    values["item"], values["overlap"] = rng.integers(1, 250, len(hit)).astype(str), rng.random(len(hit))
    return _table(CONTAMINATION, values, len(hit))


def _count(lake: Lake, cell: Cell, rows: int, answers: Sequence[pa.Table]) -> None:
    """Counts of seeds come from each source, those of prompts and of answers from the cell."""
    sources = ENGLISH if cell.strategy == "translate" else SOURCES
    made = {source: {Counted(source, "kept"): rows, Counted(source, "over_cap"): rows // 9} for source in sources}
    for source, counts in made.items():
        write_counts(lake, cell, counts, stage="seeds", part=source.split("/")[1])
    prompts = {counted: number for counts in made.values() for counted, number in counts.items()}
    write_counts(lake, cell, prompts, stage="prompts", part="all")
    columns = ["source", "outcome", "teacher"]
    told = count_answers(row for part in answers for row in part.select(columns).to_pylist())
    write_counts(lake, cell, told, stage="answers", part="all")


def _table(contract: Table, columns: dict[str, Any], count: int, cell: Cell | None = None) -> pa.Table:
    """The columns that are given, the cell's, and nothing in the others."""
    given = columns | ({"language": cell.language, "strategy": cell.strategy} if cell else {})
    arrays = []
    for name, kind, _ in contract.fields:
        value = given.get(name)
        if value is None or isinstance(value, str):
            value = pa.repeat(pa.scalar(value, kind), count)
        elif not isinstance(value, pa.Array | pa.ChunkedArray):
            value = pa.array(value)
        arrays.append(value.cast(kind))
    return pa.table(arrays, schema=contract.schema)


def _texts(language: str, length: int, rng: Random) -> pa.Array:
    """Texts of about `length` words over a vocabulary with Zipf's frequencies; Japanese ones without spaces."""
    first, letters = _LETTERS.get(language, (ord("a"), 26))
    alphabet = [chr(first + number) for number in range(letters)]
    vocabulary = ["".join(rng.choice(alphabet, rng.integers(2, 9))) for _ in range(8000)]
    lengths = np.clip(rng.lognormal(np.log(length), 0.6, _POOL), 3, 20 * length).astype(int)
    ranks = np.minimum(rng.zipf(1.3, int(lengths.sum())) - 1, len(vocabulary) - 1)
    ends = np.cumsum(lengths)
    between = "" if language == "ja" else " "
    return pa.array(
        [
            between.join(vocabulary[rank] for rank in ranks[end - size : end])
            for size, end in zip(lengths, ends, strict=True)
        ]
    )


def _keys(count: int, rng: Random) -> list[str]:
    text = rng.bytes(16 * count).hex()
    return sorted(text[start : start + 32] for start in range(0, 32 * count, 32))


def _choose(values: Any, count: int, rng: Random) -> pa.Array:
    return pa.array(list(values)).take(pa.array(rng.integers(0, len(values), count)))
