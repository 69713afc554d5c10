"""Prompts: what a teacher is asked."""

from polyglot_assets.contracts.table import CELL, ORIGIN, TEXT, TEXTS, Table

PROMPTS = Table(
    "prompts",
    ("prompt_id",),
    (),
    (
        ("prompt_id", TEXT, "h(seed_id, language, strategy, template_version, *exemplar_ids)"),
        ("seed_id", TEXT, "The seed that owns this prompt"),
        ("exemplar_ids", TEXTS, "Seeds shown as examples (generate only), in the order shown"),
        *ORIGIN,
        *CELL,
        ("seed_language", TEXT, "Language of the seed"),
        ("template_version", TEXT, "Content hash of the system and strategy templates"),
        ("system_prompt", TEXT, "System message for the teacher"),
        ("synth_prompt", TEXT, "User message for the teacher"),
        ("prompt", TEXT, "The seed's own prompt"),
        ("prompt_key", TEXT, "Hash of the seed's normalised prompt"),
        ("licenses", TEXTS, "Licenses of the seed, of the examples shown and of the templates, sorted"),
    ),
)
