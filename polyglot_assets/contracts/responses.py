"""Responses: what a teacher said, and how each request ended."""

import pyarrow as pa

from polyglot_assets.contracts.table import CELL, MEASURES, ORIGIN, TEXT, TEXTS, Table

RESPONSES = Table(
    "responses",
    ("prompt_id", "sample_index"),
    ("teacher",),
    (
        ("prompt_id", TEXT, "The prompt that was asked"),
        ("sample_index", pa.int32(), "0 for the first answer to a prompt"),
        ("request_id", TEXT, "h(everything that reaches the model); the ledger's key"),
        ("seed_id", TEXT, "The seed that owns the prompt"),
        *ORIGIN,
        *CELL,
        ("teacher", TEXT, "Name of the teacher in the registry"),
        ("model", TEXT, "Model id of the teacher"),
        ("model_revision", TEXT, "Revision of the model's weights"),
        ("engine", TEXT, "What ran the model, with its version as far as it says one"),
        ("sampling", TEXT, "Sampling parameters as JSON, the seed included"),
        ("outcome", TEXT, "How the request ended: one of the outcomes, never null"),
        ("reason", TEXT, "What exactly was wrong, null for ok"),
        ("raw_text", TEXT, "What the teacher wrote, unparsed; kept for every outcome"),
        ("reasoning", TEXT, "What the teacher thought before its answer, null where it told nothing of it"),
        ("prompt", TEXT, "Prompt of the resulting pair: invented, translated, or the seed's own"),
        ("response", TEXT, "Answer of the resulting pair"),
        ("finish_reason", TEXT, "Why generation ended: stop, length, too_long or error"),
        ("prompt_tokens", pa.int32(), "Tokens of the request, by the teacher's tokenizer"),
        ("response_tokens", pa.int32(), "Tokens written, by the teacher's tokenizer"),
        ("attempts", pa.int32(), "How often the teacher was asked"),
        *MEASURES,
        ("licenses", TEXTS, "Licenses of seed, examples shown, templates and teacher, sorted"),
    ),
)
