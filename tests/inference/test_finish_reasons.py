"""One reason has one meaning in whatever spelling a server writes it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot_assets.inference.finish_reasons import End, read_end

REASONS: dict[End, tuple[str, ...]] = {
    "stop": ("stop", "stopped", "stop_sequence", "stop_token", "eos", "eos_token", "end_turn", "end_of_turn", "end",
             "complete", "completed", "done", "finish", "finished", "finish_stop", "finished_stopped", "end_id"),
    "length": ("length", "max_tokens", "max_length", "max_new_tokens", "max_output_tokens", "max_completion_tokens",
               "model_length", "token_limit", "context_length", "context_window", "model_context_window_exceeded",
               "context_length_exceeded", "length_capped", "finished_length_capped", "limit", "limit_reached",
               "incomplete", "not_finished", "pause_turn", "repetition_truncation", "error_limit", "in_progress"),
    "final": ("content_filter", "content_filtered", "safety", "image_safety", "recitation", "blocklist",
              "prohibited_content", "spii", "sensitive", "refusal", "error_toxic", "guardrail_intervened",
              "model_armor", "tool_calls", "tool_use", "function_call", "too_many_tool_calls", "requires_action"),
    "broken": ("error", "abort", "aborted", "cancel", "cancelled", "canceled", "user_cancel", "timeout", "timed_out",
               "time_limit", "deadline_exceeded", "rate_limit_exceeded", "network_error",
               "insufficient_system_resource", "malformed_function_call", "unexpected_tool_call", "failed"),
}  # fmt: skip
SPELLINGS = {
    "as it is": str,
    "upper": str.upper,
    "hyphens": lambda word: word.replace("_", "-"),
    "blanks": lambda word: f" {word.replace('_', ' ')} ",
    "camel": lambda word: re.sub("_(.)", lambda found: found[1].upper(), word),
    "Pascal": lambda word: "".join(map(str.capitalize, word.split("_"))),
    "prefix": lambda word: f"FINISH_REASON_{word.upper()}",
    "enum": lambda word: f"FinishReason.{word.upper()}",
    "camel prefix": lambda word: "finishReason" + "".join(map(str.capitalize, word.split("_"))),
}


@pytest.mark.parametrize(("end", "word"), [(end, word) for end, words in REASONS.items() for word in words])
def test_a_reason_is_known_in_every_spelling(end: End, word: str) -> None:
    for spelling, spell in SPELLINGS.items():
        for spent in (False, True):
            assert read_end(spell(word), "Guten Tag.", spent=spent) == end, spelling
            assert read_end({"type": spell(word)}, "Guten Tag.", spent=spent) == end, spelling


@pytest.mark.parametrize("reason", ["OTHER", "FINISH_REASON_UNSPECIFIED", "null", "", None, 1, ["stop"], {}])
def test_what_nobody_knows_is_told_by_the_budget(reason: object) -> None:
    assert read_end(reason, "Guten Tag.", spent=False) == "stop"
    assert read_end(reason, "Guten Tag.", spent=True) == "length"
    assert read_end(reason, "", spent=False) == read_end(reason, None, spent=True) == "broken"


@given(st.one_of(st.text(), st.none(), st.integers(), st.dictionaries(st.just("type"), st.text())), st.text())
def test_every_reason_has_an_end(reason: object, text: str) -> None:
    assert read_end(reason, text, spent=True) in REASONS
