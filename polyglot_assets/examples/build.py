"""Building examples from responses.

Here: the kept rows (outcome ok) of one cell in the shape of records.EXAMPLES. Not here: the outcomes themselves
(responses/outcomes.py).
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from polyglot_assets.curation.keys import pair_keys, text_keys
from polyglot_assets.curation.shingles import signatures
from polyglot_assets.ids import content_id
from polyglot_assets.records import QUALITY

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
    asked, answers = ([row[side] for row in kept] for side in ("prompt", "response"))
    prompt_keys = text_keys(pa.array(asked, pa.string()))
    content_keys = pair_keys(prompt_keys, text_keys(pa.array(answers, pa.string())))
    written = zip(prompt_keys, content_keys, signatures(asked, answers, width), strict=True)
    return [
        _row(by_id[row["prompt_id"]], row)
        | {"prompt_key": prompt_key, "content_key": content_key, "minhash": signature}
        for row, (prompt_key, content_key, signature) in zip(kept, written, strict=True)
    ]


def _row(prompt: Row, response: Row) -> dict[str, Any]:
    asked, answer = response["prompt"], response["response"]
    from_prompt = ("synth_prompt", "exemplar_ids", "template_version")
    from_response = (
        "source", "source_id", "source_revision", "language", "strategy", "seed_id", "prompt_id", "request_id",
        "teacher", "model", "model_revision", "prompt", "response", "prompt_tokens", "response_tokens",
        "prompt_language_score", "response_language_score", *QUALITY, "licenses",
    )  # fmt: skip
    return {
        "id": content_id(response["prompt_id"], response["request_id"], response["sample_index"]),
        "messages": [{"content": asked, "role": "user"}, {"content": answer, "role": "assistant"}],
        "prompt_chars": len(asked),
        "response_chars": len(answer),
        **{name: prompt[name] for name in from_prompt},
        **{name: response[name] for name in from_response},
    }
