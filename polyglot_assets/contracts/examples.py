"""Examples: the usable pairs. The first columns are the published ones."""

import pyarrow as pa

from polyglot_assets.contracts.table import CELL, MEASURES, MESSAGES, QUALITY, TEXT, TEXTS, Field, Table

PUBLISHED = (
    "id",
    "source",
    "language",
    "strategy",
    "source_id",
    "synth_prompt",
    "model",
    "prompt",
    "response",
    "messages",
)
"""The columns of the released dataset, in order. The first columns of `examples` are these."""

SIGNATURE = pa.struct([("width", pa.uint8()), ("grams", pa.uint64()), ("bands", pa.list_(pa.uint32()))])
"""By which near duplicates are found, see text/shingles.py; two pairs with the same n-grams have the same one."""

EXAMPLES = Table(
    "examples",
    ("id",),
    (),
    (
        ("id", TEXT, "h(prompt_id, request_id, sample_index): unique in the lake"),
        ("source", TEXT, "Hugging Face id of the seed dataset"),
        *CELL,
        ("source_id", TEXT, "The seed's id in its source"),
        ("synth_prompt", TEXT, "User message the teacher was given"),
        ("model", TEXT, "Model id of the teacher"),
        ("prompt", TEXT, "Prompt of the training pair"),
        ("response", TEXT, "Answer of the training pair"),
        ("messages", MESSAGES, "The pair as chat messages, user then assistant"),
        ("prompt_chars", pa.int32(), "Length of the prompt in characters"),
        ("response_chars", pa.int32(), "Length of the response in characters"),
        ("prompt_tokens", pa.int32(), "Tokens of the request, by the teacher's tokenizer"),
        ("response_tokens", pa.int32(), "Tokens written, by the teacher's tokenizer"),
        *(field for field in MEASURES if field[0] in QUALITY),
        ("prompt_key", TEXT, "Hash of the normalised prompt"),
        ("content_key", TEXT, "Hash of the normalised prompt and response together"),
        ("prompt_repeated", pa.bool_(), "The teacher wrote the same normalised prompt before, in a row of the cell"),
        ("sample_place", pa.int32(), "Place in the sample of the cell and teacher whose words are stored, else null"),
        ("prompt_words", TEXT, "In the sample: first 50 words of the prompt, put apart by spaces"),
        ("response_words", TEXT, "In the sample: first 50 words of the response, put apart by spaces"),
        (
            "signature",
            SIGNATURE,
            "Of prompt and response: width of n-grams, hash of their set, 25 MinHash band keys",
        ),
        ("prompt_id", TEXT, "The prompt this row answers"),
        ("request_id", TEXT, "The request that wrote it"),
        ("seed_id", TEXT, "The seed that owns the prompt"),
        ("exemplar_ids", TEXTS, "Seeds that were shown as examples"),
        ("template_version", TEXT, "Content hash of the templates"),
        ("teacher", TEXT, "Name of the teacher in the registry"),
        ("model_revision", TEXT, "Revision of the model's weights"),
        ("engine", TEXT, "What ran the model, with its version as far as it says one"),
        ("source_revision", TEXT, "Revision of the seed dataset"),
        ("licenses", TEXTS, "Licenses of everything the row is made from, sorted"),
    ),
)


def published_fields() -> tuple[Field, ...]:
    """The fields of a released row, in order."""
    return tuple(field for field in EXAMPLES.fields if field[0] in PUBLISHED)
