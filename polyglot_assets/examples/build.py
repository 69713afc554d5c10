"""Building examples from responses.

Here: the kept rows (outcome ok) of one cell in the shape of contracts.EXAMPLES. Not here: the outcomes themselves
(responses/outcomes.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from polyglot_assets.contracts.table import QUALITY
from polyglot_assets.domain.ids import content_id
from polyglot_assets.text.keys import pair_keys, text_keys
from polyglot_assets.text.shingles import signatures
from polyglot_assets.text.words import words

_SAMPLE_ROWS = 60
_SAMPLE_WORDS = 50

Row = Mapping[str, Any]


def build(prompts: Iterable[Row], responses: Iterable[Row], width: int = 2) -> list[dict[str, Any]]:
    """One example per response with the outcome `ok`, of all teachers.

    Args:
        prompts: the cell's prompts.
        responses: its answers.
        width: tokens per n-gram of the signature that finds near duplicates.

    Raises:
        KeyError: a response belongs to no prompt of the cell; the cell was read while it was being replaced.
    """
    by_id = {prompt["prompt_id"]: prompt for prompt in prompts}
    kept = [row for row in responses if row["outcome"] == "ok"]
    asked, answers = (pa.array([row[side] for row in kept], pa.string()) for side in ("prompt", "response"))
    prompt_keys = text_keys(asked)
    content_keys = pair_keys(prompt_keys, text_keys(answers))
    written = zip(prompt_keys, content_keys, signatures(asked, answers, width).to_pylist(), strict=True)
    rows = [
        _row(by_id[row["prompt_id"]], row)
        | {"prompt_key": prompt_key, "content_key": content_key, "signature": signature}
        for row, (prompt_key, content_key, signature) in zip(kept, written, strict=True)
    ]
    add_cell_statistics(rows)
    return rows


def add_cell_statistics(rows: Iterable[dict[str, Any]]) -> None:
    """Fills the columns that depend on the other rows of the cell, of all its rows: whenever one of them goes, too."""
    by_teacher: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: str(row["id"])):
        by_teacher[row["teacher"]].append(row)
    for teacher_rows in by_teacher.values():
        _add_teacher_statistics(teacher_rows)


def _add_teacher_statistics(rows: Iterable[dict[str, Any]]) -> None:
    """What statistics need to know of a teacher's rows and cannot see in one of them alone.

    The rows come in the order of their ids. Ids are hashes, so the first ones are a random sample.
    """
    seen: set[str] = set()
    for rank, row in enumerate(rows):
        row["prompt_repeated"] = row["prompt_key"] in seen
        seen.add(row["prompt_key"])
        sampled = rank < _SAMPLE_ROWS
        row["sample_place"] = rank if sampled else None
        row["prompt_words"] = " ".join(words(row["prompt"], _SAMPLE_WORDS)) if sampled else None
        row["response_words"] = " ".join(words(row["response"], _SAMPLE_WORDS)) if sampled else None


def _row(prompt: Row, response: Row) -> dict[str, Any]:
    asked, answer = response["prompt"], response["response"]
    from_prompt = ("synth_prompt", "exemplar_ids", "template_version")
    from_response = (
        "source", "source_id", "source_revision", "language", "strategy", "seed_id", "prompt_id", "request_id",
        "teacher", "model", "model_revision", "engine", "prompt", "response", "prompt_tokens", "response_tokens",
        *QUALITY, "licenses",
    )  # fmt: skip
    return {
        "id": content_id(response["prompt_id"], response["request_id"], response["sample_index"]),
        "messages": [{"content": asked, "role": "user"}, {"content": answer, "role": "assistant"}],
        "prompt_chars": len(asked),
        "response_chars": len(answer),
        **{name: prompt[name] for name in from_prompt},
        **{name: response[name] for name in from_response},
    }
