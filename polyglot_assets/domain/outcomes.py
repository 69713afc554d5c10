"""Outcomes: the visible ends of a request, and of a row that is ok by itself."""

MEANINGS = {
    "ok": "kept",
    "truncated": "cut at the token budget (and at twice that, where the model's context has room for it)",
    "invalid_json": "not the JSON that was asked for, also at a second try",
    "empty": "no text",
    "too_long": "the prompt leaves no room for an answer",
    "leaked": "words of the template in prompt or answer",
    "debris": "chat-template tokens, wrappers, a turn that the model made up (`Human: …`), remains of JSON, broken "
    "characters or markup outside of code",
    "repetitive": "goes round in circles, also with a word changed each time, or the answer is the prompt (a seed's "
    "own prompt from 20 letters on)",
    "refused": "declines, names an assistant's limits, or speaks of itself as a machine, and gives no answer beside it",
    "not_translated": "the prompt of `translate` is still English, wholly or in a part of it; numbers, formulas and "
    "code need no translation",
    "wrong_language": "prompt or answer in another language than the cell's, for the greater part",
    "mixed_language": "a good part of prompt or answer is in another language",
    "bad_length": "prompt or answer is too short or too long",
    "personal_data": "an e-mail address, telephone number, IP address, card, account or identity number",
    "engine_error": "the engine or server failed on this request, also when it was tried again",
}
"""What each outcome of a request says of it, for people."""

OUTCOMES = tuple(MEANINGS)
"""The visible ends of a request. Duplicates and contamination are relations between rows and have their own tables."""

CURATED_MEANINGS = {
    "duplicate": "another row that is kept says the same",
    "contaminated": "holds text of an evaluation set",
    "outside_policy": "the policy of the release does not allow its licences or origin",
}

CURATED_OUTCOMES = tuple(CURATED_MEANINGS)
"""What may become of a row that is ok by itself; see dbt_like_sql/marts/curated.sql."""
