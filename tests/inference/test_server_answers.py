"""Answers as servers write them: good ones are good whatever words say so, and are paid once."""

import json
from typing import Any

import pytest
from fake_server import KEY, Engines, FakeServer, Reply, ask, chat, echo, failure

from polyglot_assets.inference.chat_api import clean, read_answer
from polyglot_assets.inference.engine import Completion
from polyglot_assets.inference.refusals import Kind, TryError, read_refusal


def one(server: FakeServer, engine_of: Engines, reply: Reply) -> Completion:
    """The completion, and that it took one try."""
    server.answer = lambda _: reply
    completion = ask(engine_of(server), "a")["a"]
    assert len(server.calls) == 1
    return completion


def message(**fields: Any) -> Reply:
    return chat(None, message={"role": "assistant", **fields})


@pytest.mark.parametrize(
    "word",
    ["stop", "STOP", "eos", "eos_token", "end_turn", "stop_sequence", "COMPLETE", "stop sequence", {"type": "stop"},
     "FINISH_REASON_STOP", "FinishReason.STOP", "endTurn", "FINISHED_STOPPED", None, "", "a_new_word", ["stop"], 1],
)  # fmt: skip
def test_a_complete_text_is_an_answer(word: Any, server: FakeServer, engine_of: Engines) -> None:
    completion = one(server, engine_of, chat("Guten Tag.", word))
    assert (completion.text, completion.finish_reason) == ("Guten Tag.", "stop")


def test_a_missing_word_is_no_reason_to_ask_again(server: FakeServer, engine_of: Engines) -> None:
    reply = Reply({"choices": [{"message": {"content": "Guten Tag."}}]})
    assert one(server, engine_of, reply).finish_reason == "stop"


@pytest.mark.parametrize("word", ["length", "MAX_TOKENS", "FINISH_REASON_MAX_TOKENS", "maxTokens"])
@pytest.mark.parametrize("content", [{"content": "Guten"}, {"content": None}, {}])
def test_a_cut_text_is_cut(word: str, content: dict[str, Any], server: FakeServer, engine_of: Engines) -> None:
    completion = one(server, engine_of, chat(None, word, message={"role": "assistant", **content}))
    assert (completion.text, completion.finish_reason) == (content.get("content") or "", "length")


@pytest.mark.parametrize(("written", "finish"), [(63, "stop"), (64, "length"), (None, "stop")])
def test_whether_an_unknown_end_is_a_cut_is_told_by_the_budget(
    written: int | None, finish: str, server: FakeServer, engine_of: Engines
) -> None:
    reply = chat("Guten Tag.", None)
    reply.body["usage"] = {"completion_tokens": written}
    assert one(server, engine_of, reply).finish_reason == finish


@pytest.mark.parametrize("word", ["content_filter", "SAFETY", "IMAGE_SAFETY", "FINISH_REASON_RECITATION", "toolUse"])
def test_the_last_word_of_a_watchman_is_final(word: str, server: FakeServer, engine_of: Engines) -> None:
    assert one(server, engine_of, chat(None, word, message={})).finish_reason == "error"


@pytest.mark.parametrize(
    ("content", "text", "reasoning"),
    [
        ([{"type": "text", "text": "Guten "}, {"type": "text", "text": "Tag."}], "Guten Tag.", None),
        ([{"type": "output_text", "text": "Guten Tag."}], "Guten Tag.", None),
        (["Guten ", "Tag."], "Guten Tag.", None),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "Ja."}],
         "Ja.", "Hm."),
        ([{"type": "reasoning", "text": "Hm."}, {"type": "text", "text": "Ja."}], "Ja.", "Hm."),
        ([{"type": "thinking", "thinking": "Hm."}], "", "Hm."),
        ([{"type": "reasoning_text", "text": "Hm."}, {"type": "output_text", "text": "Ja."}], "Ja.", "Hm."),
        ([{"text": "Hm.", "thought": True}, {"text": "Ja.", "thoughtSignature": "c2ln"}], "Ja.", "Hm."),
        ([{"type": "text", "text": "Ja.", "thought": False}], "Ja.", None),
        ([{"type": "text", "text": "Ja.", "reasoning": "Hm."}], "Ja.", "Hm."),
        ([{"type": "thinking", "thinking": "Hm.", "text": "Hm.", "signature": "c2ln"}, "Ja."], "Ja.", "Hm."),
        ([{"type": "redacted_thinking", "data": "c2ln"}, {"type": "text", "text": "Ja."}], "Ja.", None),
        ([{"type": "reasoning.encrypted", "data": "c2ln"}, {"type": "reasoning.text", "text": "Hm."}, "Ja."],
         "Ja.", "Hm."),
        ([{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "c2ln"},
          {"type": "output_text", "text": "Ja."}], "Ja.", "Hm."),
        ([{"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}}, {"text": "Ja."}],
         "Ja.", "Hm."),
    ],
)  # fmt: skip
def test_the_text_may_come_in_parts(
    content: Any, text: str, reasoning: str | None, server: FakeServer, engine_of: Engines
) -> None:
    completion = one(server, engine_of, message(content=content))
    assert (completion.text, completion.reasoning, completion.finish_reason) == (text, reasoning, "stop")


@pytest.mark.parametrize("part", ['{"thought":', '{"text":['])
def test_parts_within_parts_without_end_are_no_answer(part: str) -> None:
    content = part * 900 + '"x"' + ("]}" if "[" in part else "}") * 900
    with pytest.raises(TryError, match="malformed"):
        read_answer("a", f'{{"choices": [{{"message": {{"content": [{content}]}}}}]}}'.encode())


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
@pytest.mark.parametrize("content", ["Ja.", None, ""])
def test_what_a_server_tells_of_the_thinking_is_kept_apart(
    field: str, content: str | None, server: FakeServer, engine_of: Engines
) -> None:
    completion = one(server, engine_of, message(content=content, **{field: "Hm."}))
    assert (completion.text, completion.reasoning) == (content or "", "Hm.")


def test_thoughts_under_two_names_are_kept_once(server: FakeServer, engine_of: Engines) -> None:
    completion = one(server, engine_of, message(content="Ja.", reasoning="Hm.", reasoning_content="Hm."))
    assert completion.reasoning == "Hm."


@pytest.mark.parametrize("before", [b"\n\n  ", b": WORKING\n\n: WORKING\n\n", b"\xef\xbb\xbf"])
def test_what_keeps_a_connection_alive_is_no_part_of_the_answer(
    before: bytes, server: FakeServer, engine_of: Engines
) -> None:
    body = json.dumps(chat("Guten Tag.").body).encode()
    assert one(server, engine_of, Reply(before + body)).text == "Guten Tag."


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"choices": [{"message": {"content": "\\ud83d Ja."}, "finish_reason": "stop"}]}', "\ufffd Ja."),
        (b'{"choices": [{"message": {"content": "\\ud83d\\ude00 Ja."}, "finish_reason": "stop"}]}', "\U0001f600 Ja."),
        (b'{"choices": [{"message": {"content": "caf\xe9"}, "finish_reason": "stop"}]}', "caf\ufffd"),
    ],
)
def test_broken_characters_are_visible(body: bytes, text: str, server: FakeServer, engine_of: Engines) -> None:
    assert one(server, engine_of, Reply(body)).text == text


@pytest.mark.parametrize("count", [10**30, -1, 2**31])
def test_counts_that_no_column_holds_are_unknown(count: int) -> None:
    body = {"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": count}}
    assert read_answer("a", json.dumps(body).encode()).prompt_tokens is None


# Errors under status 200


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 429, "message": "Rate limit exceeded"}, Kind.BUSY),
        ({"code": 402, "message": "Insufficient credits"}, Kind.DENIED),
        ({"code": "401", "message": "No key"}, Kind.DENIED),
        ({"code": 400, "message": "This endpoint's maximum context length is 8 tokens"}, Kind.TOO_LONG),
        ({"message": "This endpoint's maximum context length is 8 tokens"}, Kind.TOO_LONG),
        ({"code": 400, "message": "odd"}, Kind.REFUSED),
        ({"code": 502, "message": "Provider returned error"}, Kind.LOST),
        ({"code": "server_error", "message": "oops"}, Kind.FAILED),
        ("over capacity", Kind.FAILED),
    ],
)
@pytest.mark.parametrize("where", ["body", "choice"])
def test_the_code_of_an_error_counts_like_a_status(error: Any, kind: Kind, where: str) -> None:
    choice = {"message": {"content": ""}, "finish_reason": "error", "error": error}
    body = {"error": error} if where == "body" else {"choices": [choice]}
    with pytest.raises(TryError) as raised:
        read_answer("a", json.dumps(body).encode())
    assert raised.value.kind is kind


def test_a_context_text_under_200_is_too_long(server: FakeServer, engine_of: Engines) -> None:
    error = {"code": 400, "message": "This endpoint's maximum context length is 8 tokens. However, you requested 9."}
    assert one(server, engine_of, Reply({"error": error})).finish_reason == "too_long"


# Too long, in many words


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (500, "the request exceeds the available context size. try increasing the context size"),
        (500, "input is too large to process. increase the physical batch size"),
        (422, "Input validation error: `inputs` must have less than 1024 tokens. Given: 1872"),
        (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 3900 `inputs`"),
        (400, "default_max_tokens (-120) must be greater than 0, (-120) = max_seq_len (2048) - 2168"),
        (400, "The sum of prompt length (2168) and max_tokens (256) should not exceed max_num_tokens (2048)"),
        (400, "This model's maximum prompt length is 131072 but the request contains 537812 tokens."),
        (400, "Invalid request: Your request exceeded model token limit: 8192"),
        (400, "Range of input length should be [1, 30720]"),
        (400, "prompt is too long: 210000 tokens > 200000 maximum"),
        (413, "Please reduce the length of the messages or completion."),
    ],
)  # fmt: skip
def test_too_long_has_many_words(status: int, text: str, server: FakeServer, engine_of: Engines) -> None:
    assert one(server, engine_of, failure(status, text)).finish_reason == "too_long"


@pytest.mark.parametrize(("status", "text"), [(500, "CUDA out of memory"), (400, "no tokens"), (503, "context size")])
def test_other_troubles_are_not_too_long(status: int, text: str) -> None:
    assert read_refusal(status, {}, json.dumps({"error": {"message": text}}).encode()).kind is not Kind.TOO_LONG


@pytest.mark.parametrize("status", [520, 522, 524, 529, 530])
def test_a_proxys_own_statuses_are_waited_out(status: int, server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda call: failure(status, "away") if len(server.calls) < 9 else echo(call)
    assert ask(engine_of(server), "a")["a"].finish_reason == "stop"


# Messages


@pytest.mark.parametrize(
    ("key", "text", "cleaned"),
    [
        ("e", "HTTP 400 Bad Request: the model is there", "HTTP 400 Bad Request: the model is there"),
        ("400", "HTTP 400 Bad Request", "HTTP 400 Bad Request"),
        ("test", "the latest test of tests", "the latest [key] of tests"),
        ("EMPTY", "Key EMPTY, not EMPTYNESS", "Key [key], not EMPTYNESS"),
        ("token-abc123", "Bearer token-abc123.", "Bearer [key]."),
        (KEY, f"x{KEY}x", "x[key]x"),
    ],
)
def test_a_short_key_garbles_no_message_and_a_long_one_is_found_anywhere(key: str, text: str, cleaned: str) -> None:
    assert clean(text, {key}) == cleaned


def test_the_engine_with_a_short_key_says_what_is_wrong(server: FakeServer, engine_of: Engines) -> None:
    server.answer = lambda _: failure(400, "the request is odd")
    assert ask(engine_of(server, key="e"), "a")["a"].error == "HTTP 400 Bad Request: the request is odd"
