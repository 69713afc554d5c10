"""Outcomes: the visible ends of a request, and of a row that is ok by itself."""

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
