"""Building examples from responses.

Here: the kept rows (outcome ok) of one cell in the shape of records.EXAMPLES. Not here: the outcomes themselves
(responses/outcomes.py).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from polyglot_assets.curation.shingles import signatures
from polyglot_assets.ids import content_id, text_key

Row = Mapping[str, Any]


def build(prompts: Iterable[Row], responses: Iterable[Row], width: int) -> list[dict[str, Any]]:
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
    written = signatures([row["prompt"] for row in kept], [row["response"] for row in kept], width)
    return [
        _row(by_id[row["prompt_id"]], row) | {"minhash": signature}
        for row, signature in zip(kept, written, strict=True)
    ]


def _row(prompt: Row, response: Row) -> dict[str, Any]:
    asked, answer = response["prompt"], response["response"]
    from_prompt = ("synth_prompt", "exemplar_ids", "template_version")
    from_response = (
        "source", "source_id", "source_revision", "language", "strategy", "seed_id", "prompt_id", "request_id",
        "teacher", "model", "model_revision", "prompt", "response", "prompt_tokens", "response_tokens",
        "prompt_language_score", "response_language_score", "licenses",
    )  # fmt: skip
    return {
        "id": content_id(response["prompt_id"], response["request_id"], response["sample_index"]),
        "messages": [{"content": asked, "role": "user"}, {"content": answer, "role": "assistant"}],
        "prompt_chars": len(asked),
        "response_chars": len(answer),
        "prompt_key": text_key(asked),
        "content_key": content_id(text_key(asked), text_key(answer)),
        **{name: prompt[name] for name in from_prompt},
        **{name: response[name] for name in from_response},
    }
