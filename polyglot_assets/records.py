"""The row contracts: one PyArrow schema per layer, each field documented.

Here: names, types and meaning of the columns, and which of them are the key. Not here: how a row is made; that is
each layer's own business. Dagster's table schemas and the catalogue's views are derived from this page.
"""

from dataclasses import dataclass

import pyarrow as pa

Field = tuple[str, pa.DataType, str]

_TEXT = pa.string()
_TEXTS = pa.list_(pa.string())
MESSAGES = pa.list_(pa.struct([("content", pa.string()), ("role", pa.string())]))

OUTCOMES = (
    "ok",
    "truncated",
    "invalid_json",
    "empty",
    "too_long",
    "leaked",
    "debris",
    "repetitive",
    "refused",
    "not_translated",
    "wrong_language",
    "mixed_language",
    "bad_length",
    "personal_data",
    "engine_error",
)
"""The visible ends of a request. Duplicates and contamination are relations between rows and have their own tables."""

CURATED_OUTCOMES = ("duplicate", "contaminated", "outside_policy")
"""What may become of a row that is ok by itself; see dbt_like_sql/marts/curated.sql."""

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


@dataclass(frozen=True)
class Table:
    """A table of the lake.

    Attributes:
        name: folder below the lake root and name of the view.
        key: columns whose values occur once per cell and part; rows are stored sorted by them.
        parts: hive keys above language and strategy (source, teacher), outermost first.
        fields: (column, type, description).
        cellwise: computed cell by cell. Else it is about the lake as a whole, and `key` is unique in it; it is stored
            as one file, or (duplicates) in parts, so that those without a change can stay as they are.
    """

    name: str
    key: tuple[str, ...]
    parts: tuple[str, ...]
    fields: tuple[Field, ...]
    cellwise: bool = True

    @property
    def schema(self) -> pa.Schema:
        """The schema with descriptions as field metadata."""
        return pa.schema([pa.field(n, t, metadata={"description": doc}) for n, t, doc in self.fields])


_CELL: tuple[Field, ...] = (
    ("language", _TEXT, "Target language, ISO 639-1"),
    ("strategy", _TEXT, "generate, respond or translate"),
)
_ORIGIN: tuple[Field, ...] = (
    ("source", _TEXT, "Hugging Face id of the seed dataset, as it spells itself"),
    ("source_id", _TEXT, "The row's id in its source; a content hash where the source has none"),
    ("source_revision", _TEXT, "Commit of the source on the hub, or content hash of its files"),
)

_QUALITY: tuple[Field, ...] = (
    ("prompt_foreign_share", pa.float32(), "Share of the prompt's letters in another language or script, 0..1"),
    ("response_foreign_share", pa.float32(), "Share of the response's letters in another language or script, 0..1"),
    ("prompt_echo_share", pa.float32(), "Share of the prompt copied from the untranslated one, 0..1"),
    ("response_echo_share", pa.float32(), "Share of the response copied from the untranslated prompt, 0..1"),
    ("refusal_share", pa.float32(), "Share of the response that declines or speaks of a machine, 0..1"),
    ("repeated_share", pa.float32(), "Share of prompt or response that is loops, 0..1"),
    ("leaked_words", pa.int32(), "Longest run of words taken from the template; 0 below four"),
    ("debris_marks", pa.int32(), "Chat-template tokens, JSON remains, broken characters and markup outside of code"),
    ("prompt_length", pa.int32(), "Length of the prompt, East Asian characters counted two and a half times"),
    ("response_length", pa.int32(), "Length of the response, East Asian characters counted two and a half times"),
    ("personal_data", _TEXTS, "Kinds of personal data in prompt or response"),
)
"""What the gates measured; null where a gate was off, had nothing to say, or there was no pair."""

QUALITY = tuple(name for name, _, _ in _QUALITY)

SEEDS = Table(
    "seeds",
    ("seed_id",),
    ("source",),
    (
        ("seed_id", _TEXT, "h(source, source_id)"),
        *_ORIGIN,
        ("license", _TEXT, "Licence of the source as its card states it; `unlicensed` where it states none"),
        *_CELL,
        ("seed_language", _TEXT, "Language of the seed itself: `en` for seeds that are to be translated"),
        ("prompt", _TEXT, "First user turn"),
        ("response", _TEXT, "The source's answer to exactly that turn; empty where it has none"),
        ("toxic", pa.bool_(), "The source flags the row as toxic"),
        ("redacted", pa.bool_(), "The source removed personal data from the row"),
        ("prompt_key", _TEXT, "Hash of the normalised prompt: equal for exact duplicates"),
        ("prompt_chars", pa.int32(), "Length of the prompt in characters"),
        ("response_chars", pa.int32(), "Length of the response in characters"),
    ),
)

PROMPTS = Table(
    "prompts",
    ("prompt_id",),
    (),
    (
        ("prompt_id", _TEXT, "h(seed_id, language, strategy, template_version, *exemplar_ids)"),
        ("seed_id", _TEXT, "The seed that owns this prompt"),
        ("exemplar_ids", _TEXTS, "Seeds shown as examples (generate only), in the order shown"),
        *_ORIGIN,
        *_CELL,
        ("seed_language", _TEXT, "Language of the seed"),
        ("template_version", _TEXT, "Content hash of the system and strategy templates"),
        ("system_prompt", _TEXT, "System message for the teacher"),
        ("synth_prompt", _TEXT, "User message for the teacher"),
        ("prompt", _TEXT, "The seed's own prompt"),
        ("prompt_key", _TEXT, "Hash of the seed's normalised prompt"),
        ("licenses", _TEXTS, "Licences of the seed, of the examples shown and of the templates, sorted"),
    ),
)

RESPONSES = Table(
    "responses",
    ("prompt_id", "sample_index"),
    ("teacher",),
    (
        ("prompt_id", _TEXT, "The prompt that was asked"),
        ("sample_index", pa.int32(), "0 for the first answer to a prompt"),
        ("request_id", _TEXT, "h(everything that reaches the model); the ledger's key"),
        ("seed_id", _TEXT, "The seed that owns the prompt"),
        *_ORIGIN,
        *_CELL,
        ("teacher", _TEXT, "Name of the teacher in the registry"),
        ("model", _TEXT, "Model id of the teacher"),
        ("model_revision", _TEXT, "Revision of the model's weights"),
        ("engine", _TEXT, "What ran the model, with its version as far as it says one"),
        ("sampling", _TEXT, "Sampling parameters as JSON, the seed included"),
        ("outcome", _TEXT, "How the request ended: one of the outcomes, never null"),
        ("reason", _TEXT, "What exactly was wrong, null for ok"),
        ("raw_text", _TEXT, "What the teacher wrote, unparsed; kept for every outcome"),
        ("reasoning", _TEXT, "What the teacher thought before its answer, null where it told nothing of it"),
        ("prompt", _TEXT, "Prompt of the resulting pair: invented, translated, or the seed's own"),
        ("response", _TEXT, "Answer of the resulting pair"),
        ("finish_reason", _TEXT, "Why generation ended: stop, length, too_long or error"),
        ("prompt_tokens", pa.int32(), "Tokens of the request, by the teacher's tokenizer"),
        ("response_tokens", pa.int32(), "Tokens written, by the teacher's tokenizer"),
        ("attempts", pa.int32(), "How often the teacher was asked"),
        ("prompt_language", _TEXT, "Detected language of `prompt`, null if too short to say"),
        ("prompt_language_score", pa.float32(), "Detector's confidence, 0..1"),
        ("response_language", _TEXT, "Detected language of `response`, null if too short to say"),
        ("response_language_score", pa.float32(), "Detector's confidence, 0..1"),
        *_QUALITY,
        ("licenses", _TEXTS, "Licences of seed, examples shown, templates and teacher, sorted"),
    ),
)

EXAMPLES = Table(
    "examples",
    ("id",),
    (),
    (
        ("id", _TEXT, "h(prompt_id, request_id, sample_index): unique in the lake"),
        ("source", _TEXT, "Hugging Face id of the seed dataset"),
        *_CELL,
        ("source_id", _TEXT, "The seed's id in its source"),
        ("synth_prompt", _TEXT, "User message the teacher was given"),
        ("model", _TEXT, "Model id of the teacher"),
        ("prompt", _TEXT, "Prompt of the training pair"),
        ("response", _TEXT, "Answer of the training pair"),
        ("messages", MESSAGES, "The pair as chat messages, user then assistant"),
        ("prompt_chars", pa.int32(), "Length of the prompt in characters"),
        ("response_chars", pa.int32(), "Length of the response in characters"),
        ("prompt_tokens", pa.int32(), "Tokens of the request, by the teacher's tokenizer"),
        ("response_tokens", pa.int32(), "Tokens written, by the teacher's tokenizer"),
        ("prompt_language_score", pa.float32(), "Detector's confidence that was measured on the prompt"),
        ("response_language_score", pa.float32(), "Detector's confidence that was measured on the response"),
        *_QUALITY,
        ("prompt_key", _TEXT, "Hash of the normalised prompt"),
        ("content_key", _TEXT, "Hash of the normalised prompt and response together"),
        ("prompt_repeated", pa.bool_(), "The teacher wrote the same normalised prompt before, in a row of the cell"),
        ("sample_place", pa.int32(), "Place in the sample of the cell and teacher whose words are stored, else null"),
        ("prompt_words", _TEXT, "In the sample: first 50 words of the prompt, put apart by spaces"),
        ("response_words", _TEXT, "In the sample: first 50 words of the response, put apart by spaces"),
        (
            "minhash",
            pa.binary(),
            "Width of the n-grams (1 byte) and 25 band keys (4 bytes each) of prompt and response",
        ),
        ("prompt_id", _TEXT, "The prompt this row answers"),
        ("request_id", _TEXT, "The request that wrote it"),
        ("seed_id", _TEXT, "The seed that owns the prompt"),
        ("exemplar_ids", _TEXTS, "Seeds that were shown as examples"),
        ("template_version", _TEXT, "Content hash of the templates"),
        ("teacher", _TEXT, "Name of the teacher in the registry"),
        ("model_revision", _TEXT, "Revision of the model's weights"),
        ("engine", _TEXT, "What ran the model, with its version as far as it says one"),
        ("source_revision", _TEXT, "Revision of the seed dataset"),
        ("licenses", _TEXTS, "Licences of everything the row is made from, sorted"),
    ),
)

COUNTS = Table(
    "counts",
    ("source", "teacher", "reason"),
    ("stage", "part"),
    (
        ("stage", _TEXT, "seeds (raw rows of a source), prompts (seeds of the cell) or answers (that examples are of)"),
        ("source", _TEXT, "Hugging Face id of the seed dataset"),
        *_CELL,
        ("teacher", _TEXT, "Name of the teacher in the registry, for answers only"),
        ("reason", _TEXT, "`kept`, or why the row did not go on; for answers the outcome"),
        ("rows", pa.int64(), "Number of rows"),
    ),
)

DUPLICATES = Table(
    "duplicates",
    ("id",),
    (),
    (
        ("id", _TEXT, "The example that is left out"),
        ("kept_id", _TEXT, "The example that is kept in its place, never itself a duplicate"),
        ("kind", _TEXT, "exact_pair: prompt and response; exact_prompt: the prompt; near: most of prompt and response"),
        ("similarity", pa.float32(), "Jaccard similarity to the kept example, 1 for exact duplicates"),
        *_CELL,
        ("source", _TEXT, "Hugging Face id of the seed dataset of the example left out"),
        ("teacher", _TEXT, "Name of the teacher of the example left out"),
    ),
    cellwise=False,
)

CONTAMINATION = Table(
    "contamination",
    ("id", "side", "eval_set", "item"),
    (),
    (
        ("id", _TEXT, "The example that holds text of an evaluation item"),
        ("side", _TEXT, "prompt or response"),
        ("eval_set", _TEXT, "File of the evaluation set, relative to the folder of all"),
        ("item", _TEXT, "The item's id in its file, else its row number from 1"),
        (
            "overlap",
            pa.float32(),
            "Share of the words of the item, or of a part of 256 words or fewer, held in order by one stretch, 0..1",
        ),
        ("excerpt", _TEXT, "That stretch, cut to 200 characters"),
        *_CELL,
        ("source", _TEXT, "Hugging Face id of the seed dataset of the example"),
        ("teacher", _TEXT, "Name of the teacher of the example"),
    ),
    cellwise=False,
)

LICENCES = Table(
    "licences",
    ("id",),
    (),
    (
        ("id", _TEXT, "The example that the policy of the release keeps out"),
        ("licence", _TEXT, "The first of its licences that offends; null where the source or the teacher does"),
        ("rule", _TEXT, "The key of the policy that it breaks, and the property: `require commercial`"),
        *_CELL,
        ("source", _TEXT, "Hugging Face id of the seed dataset of the example"),
        ("teacher", _TEXT, "Name of the teacher of the example"),
    ),
    cellwise=False,
)


def published_fields() -> tuple[Field, ...]:
    """The fields of a released row, in order."""
    return tuple(field for field in EXAMPLES.fields if field[0] in PUBLISHED)


LINEAGE = Table(
    "lineage",
    ("id",),
    (),
    (
        ("id", _TEXT, "The published row"),
        ("content_group", _TEXT, "Equal for rows with the same seed, the same prompt or nearly the same text"),
        ("licenses", _TEXTS, "Licences of everything the row is made from, sorted"),
        ("seed_id", _TEXT, "The seed that owns the prompt"),
        ("exemplar_ids", _TEXTS, "Seeds that were shown as examples"),
        ("source_revision", _TEXT, "Revision of the seed dataset"),
        ("template_version", _TEXT, "Content hash of the templates"),
        ("teacher", _TEXT, "Name of the teacher in the registry"),
        ("model_revision", _TEXT, "Revision of the model's weights"),
        ("engine", _TEXT, "What ran the model, with its version as far as it says one"),
        ("prompt_id", _TEXT, "The prompt this row answers"),
        ("request_id", _TEXT, "The request that wrote it"),
        ("prompt_key", _TEXT, "Hash of the normalised prompt"),
        ("content_key", _TEXT, "Hash of the normalised prompt and response together"),
    ),
)
"""What each row of a release was made from, published beside it. Not a table of the lake: it lies in the release."""

DELETIONS = Table(
    "deletions",
    ("seed_id",),
    (),
    (
        ("seed_id", _TEXT, "h(source, source_id) of the row that was asked to be deleted"),
        ("source", _TEXT, "Hugging Face id of its seed dataset"),
        ("source_id", _TEXT, "Its id in the source"),
        ("requested_by", _TEXT, "Who asked, as the operator wrote it down"),
        ("reference", _TEXT, "Reference of the request"),
        ("requested_on", _TEXT, "Date of the request, ISO 8601"),
        ("received_at", _TEXT, "When the lake was told; from then on the row stays out"),
        ("done_at", _TEXT, "When everything was removed; null while that is not finished"),
        ("rows", pa.int64(), "Rows that were removed, over all places"),
        (
            "removed",
            pa.list_(pa.struct([("place", _TEXT), ("language", _TEXT), ("strategy", _TEXT), ("rows", pa.int64())])),
            "Rows by place. A row that two requests concern is counted for both",
        ),
    ),
    cellwise=False,
)

TABLES = {
    table.name: table
    for table in (SEEDS, PROMPTS, RESPONSES, EXAMPLES, COUNTS, DUPLICATES, CONTAMINATION, LICENCES, DELETIONS)
}
"""All tables by name. `counts` says what became of the rows that did not go on: for each stage, source and cell the
rows add up to what the stage was given."""

CELL_TABLES = {name: table for name, table in TABLES.items() if table.cellwise}
"""Those that are stored cell by cell."""
