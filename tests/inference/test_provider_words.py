"""What providers and servers say, as they say it: each text is taken for what it means."""

import json
from typing import Any

import pytest
from fake_server import SCHEMA, request

from polyglot_assets.inference.chat_api import read_answer
from polyglot_assets.inference.dialect import Dialect, dialect_of
from polyglot_assets.inference.refusals import Kind, TryError, read_refusal, room

FOLD = Dialect(fold=True)
OTHER_BUDGET = Dialect(rename={"max_tokens": "max_completion_tokens"})
OBJECT = Dialect(json="object")


def error_body(message: str, **more: Any) -> bytes:
    return json.dumps({"error": {"message": message, **more}}, ensure_ascii=False).encode()


# What a refusal teaches


@pytest.mark.parametrize(
    ("message", "learned"),
    [
        ("Only user and assistant roles are supported!", FOLD),
        ("message role must be one of user, assistant", FOLD),
        ("Input should be 'user' or 'assistant' (messages.0.role)", FOLD),
        ("Please use a valid role: user, model.", FOLD),
        ("messages: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter", FOLD),
        ("A conversation must start with a user message.", FOLD),
        ("The first message must be from user.", FOLD),
        ("Role 'system' is not recognized.", FOLD),
        ("This model doesn't support system messages. Try again without a system message.", FOLD),
        ("Invalid value for role: 'system'. Supported: 'user', 'assistant'", FOLD),
        ("Invalid value: 'system'. Supported values are: 'user' and 'assistant'. (role)", FOLD),
        ("Model does not support developer messages", FOLD),
        ("No system prompt for this model please", FOLD),
        ("'system' is not one of ['user', 'assistant']", FOLD),
        ("Invalid enum value. Expected 'user' | 'assistant', received 'system'", FOLD),
        ("System prompts are disabled for this model.", FOLD),
        ("Invalid message role: system", FOLD),
        ("This model can't take a system message.", FOLD),
        ("role must be one of 'system', 'user', 'assistant'", None),
        ("Invalid value: 'tool'. Supported values are: 'system', 'user', 'assistant'.", None),
        ("Role 'bot' is unknown, expected system, user or assistant", None),
        ("The system is not available at the moment", None),
        ("Unrecognized request argument supplied: max_tokens", OTHER_BUDGET),
        ("Unknown parameter: 'max_tokens'.", OTHER_BUDGET),
        ("max_tokens is not allowed for this model", OTHER_BUDGET),
        ("max_tokens must be at most 8192", None),
        ("invalid max_tokens: 0", None),
        ("guided decoding is not supported by this backend", OBJECT),
        ("extra inputs are not permitted: guided_json", OBJECT),
        ("xgrammar: Failed to compile grammar", OBJECT),
        ("outlines could not build the regular expression", OBJECT),
        ("'messages' must contain the word 'json' in some form", OBJECT),
        ("Structured decoding is disabled on this endpoint", OBJECT),
        ("json_schema: unable to convert to a grammar", OBJECT),
        ("Invalid schema for response_format 'answer'", OBJECT),
        ("This model does not support JSON output", OBJECT),
        ("The request is odd.", None),
    ],
)  # fmt: skip
def test_what_a_refusal_teaches(message: str, learned: Dialect | None) -> None:
    asked = request("Hi", schema=SCHEMA)
    assert Dialect().learn(error_body(message).decode(), asked) == learned


@pytest.mark.parametrize(
    ("model", "known"),
    [
        *((name, "max_completion_tokens") for name in (
            "azure/gpt-5", "azure_ai/gpt-5-mini", "openrouter/openai/o3", "openrouter/openai/gpt-5.1", "azure/o4-mini",
            "o3", "gpt-5", "openai/gpt-5-nano-2025-08-07",
        )),
        *((name, "random_seed") for name in (
            "mistralai/mistral-small-latest", "mistral/mistral-large-2411", "mistral-small-latest",
            "mistral/open-mistral-nemo-2407", "devstral-medium-2507", "litellm/mistral/ministral-8b-latest",
        )),
        *((name, "object") for name in ("deepseek/deepseek-chat", "openrouter/deepseek/deepseek-reasoner")),
        *((name, "fold") for name in (
            "mistral:7b-instruct-v0.2", "mistral:7b-instruct-v0.2-q4_K_M", "mixtral:8x7b-instruct-v0.1",
            "ollama/gemma2:2b", "gemma:7b-instruct", "together/mistralai/Mixtral-8x7B-Instruct-v0.1",
        )),
        *((name, "nothing") for name in (
            "azure/gpt-4o", "openrouter/openai/gpt-5-chat", "openai/gpt-oss-20b", "org/o1-open", "o3-like/model",
            "mistralai/Magistral-Small-2506", "mistralai/Ministral-8B-Instruct-2410", "mistral:7b-instruct-v0.3",
            "mistral/Mistral-Small-24B", "deepseek/deepseek-chat-v3-0324", "gemma3:4b", "google/gemma-3-12b-it",
        )),
    ],
)  # fmt: skip
def test_families_are_known_behind_the_names_of_gateways(model: str, known: str) -> None:
    dialect = dialect_of(model, {})
    names = {*dialect.rename.values(), *(["fold"] if dialect.fold else []), dialect.json} - {"schema"}
    assert (names or {"nothing"}) == {known}


# Too long

TOO_LONG = [
    (400, "Prompt exceeds max length"),
    (400, "litellm.ContextWindowExceededError: litellm.BadRequestError: too much"),
    (400, "prompt token count (5000) cannot exceed 4096."),
    (422, "Prompt is longer than max length"),
    (400, "input length and `max_tokens` exceed context limit: 199000 + 4096 > 200000"),
    (400, "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length"),
    (400, "too many tokens: the total number of tokens in the prompt cannot exceed 4081, received 5000"),
    (400, "The input token count (40000) exceeds the maximum number of tokens allowed (32768)."),
    (400, "Requested input length 5000 exceeds maximum input length 4096"),
    (400, "Prompt length (5000) exceeds maximum input length (4096)."),
    (400, "The input (5000 tokens) is longer than the model's context length (4096 tokens)."),
    (400, "Input is too long for requested model."),
    (400, "Input token length too long"),
    (400, "prompt tokens too long"),
    (400, "invalid params, context window exceeds limit (2013)"),
    (400, "Invalid 'messages[1].content': string too long. Expected a string with maximum length 1048576"),
    (400, "The number of tokens to keep from the initial prompt is greater than the context length"),
    (400, "The request exceeds token limit"),
    (400, "The total number of tokens in the messages (5000) is larger than 4096"),
    (400, "prompt is 9000 tokens, but the model only supports 8192"),
    (400, "You requested 5000 tokens (4744 in your prompt). Please reduce your prompt; or completion length."),
    (400, "Supports at most 8192 tokens, got 9000"),
    (422, "tokens (5000) exceeded the maximum"),
    (400, "Your message is too long."),
    (400, "Malformed input request: expected maxLength: 4096, actual: 5000"),
    (400, "The prompt does not fit in the KV cache"),
    (400, "Please shorten the conversation"),
    (400, "历史记录总token超限"),
    (400, "Prompt 超长"),
    (500, "输入内容过长"),
]


@pytest.mark.parametrize(("status", "message"), TOO_LONG)
def test_a_prompt_that_is_too_long(status: int, message: str) -> None:
    assert read_refusal(status, {}, error_body(message)).kind is Kind.TOO_LONG
    with pytest.raises(TryError) as raised:
        read_answer("a", error_body(message))
    assert raised.value.kind is Kind.TOO_LONG


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("input length and `max_tokens` exceed context limit: 190 + 64 > 200", (10, 190)),
        ("Range of max_tokens should be [1, 8192]", (8192, 0)),
        ("max_tokens=4000 cannot be greater than max_model_len=512. Please request fewer output tokens.", (512, 0)),
        ("`max_tokens` cannot exceed 4096, got 8000", (4096, 0)),
    ],
)
def test_what_a_server_takes(message: str, said: tuple[int, int]) -> None:
    assert room(read_refusal(400, {}, error_body(message))) == said


# Accounts, limits and filters


@pytest.mark.parametrize(
    ("status", "message", "more", "kind"),
    [
        # Accounts: nothing changes while a run waits.
        (429, "Your account is suspended due to insufficient balance", {"type": "exceeded_current_quota_error"},
         Kind.DENIED),
        (429, "Suspended.", {"type": "exceeded_current_quota_error"}, Kind.DENIED),
        (429, "Your account is not active, please check your billing details.", {}, Kind.DENIED),
        (429, "No.", {"code": "billing_not_active"}, Kind.DENIED),
        (429, "No.", {"code": "insufficient_quota"}, Kind.DENIED),
        (429, "您的账户已欠费,请充值后重试。", {"code": "1113"}, Kind.DENIED),
        (429, "Recharge and try again.", {"code": "1113"}, Kind.DENIED),
        (403, "用户额度不足", {"code": "insufficient_user_quota"}, Kind.DENIED),
        (400, "Your credit balance is too low to access the API.", {}, Kind.DENIED),
        (400, "Access denied, please make sure your account is in good standing.", {"code": "Arrearage"}, Kind.DENIED),
        (429, "Monthly spend limit reached", {}, Kind.DENIED),
        (429, "You have run out of credits", {}, Kind.DENIED),
        (429, "You have used up your daily free allocation of 10,000 neurons", {"code": 4006}, Kind.DENIED),
        (429, "Daily free allocation of 10,000 neurons used up", {}, Kind.DENIED),
        (400, "You have reached your specified API usage limits. You will regain access on 2030-01-01.", {},
         Kind.DENIED),
        (400, "Budget has been exceeded! Current cost: 1.2, Max budget: 1.0", {}, Kind.DENIED),
        (403, "The free tier of the model has been exhausted.", {}, Kind.DENIED),
        (429, "Your trial has ended.", {}, Kind.DENIED),
        (429, "Monthly quota exceeded, try again in 12 days", {}, Kind.DENIED),
        (429, "Your balance is negative. Please top up your balance.", {}, Kind.DENIED),
        (429, "账户余额已用尽", {}, Kind.DENIED),
        # Limits: they pass.
        (429, "Usage limit reached, try again in 20s", {}, Kind.BUSY),
        (429, "Rate limit reached: tokens per day. Please try again in 7m12s.", {}, Kind.BUSY),
        (429, "Too many requests. Add credits to increase your rate limit.", {}, Kind.BUSY),
        (429, "Allocated quota exceeded, please increase your quota limit.", {}, Kind.BUSY),
        (429, "Concurrency limit reached for requests", {}, Kind.BUSY),
        (429, "Rate limit reached for requests", {"code": "rate_limit_exceeded"}, Kind.BUSY),
        (429, "Request reached max organization concurrency", {"type": "rate_limit_reached_error"}, Kind.BUSY),
        (429, "您的账户已达到速率限制", {"code": "1302"}, Kind.BUSY),
        (429, "You exceeded your current quota. Please retry in 32.5s.", {}, Kind.BUSY),
        (429, "You exceeded your current quota.", {"details": [{"retryDelay": "32s"}]}, Kind.BUSY),
        (529, "Overloaded", {"type": "overloaded_error"}, Kind.BUSY),
        # Filters: they concern this prompt alone.
        (400, "Input data may contain inappropriate content.", {"code": "data_inspection_failed"}, Kind.FINAL),
        (400, "No.", {"code": "DataInspectionFailed"}, Kind.FINAL),
        (400, "系统检测到输入或生成内容可能包含不安全或敏感内容", {"code": "1301"}, Kind.FINAL),
        (400, "No.", {"code": "1301"}, Kind.FINAL),
        (400, "Your prompt was flagged.", {"code": "invalid_prompt"}, Kind.FINAL),
        (400, "The request was rejected because it was considered high risk", {"type": "content_filter"}, Kind.FINAL),
        (403, "Content violates usage guidelines.", {}, Kind.FINAL),
        (400, "Filtered.", {"innererror": {"code": "ResponsibleAIPolicyViolation"}}, Kind.FINAL),
        (500, "The output was blocked by the content filter", {}, Kind.FINAL),
        # Neither.
        (429, "Request too large for gpt-4o: Limit 30000, Requested 50000. The tokens must be reduced.", {},
         Kind.TOO_LARGE),
        (404, "No endpoints found that support the requested parameters.", {}, Kind.REFUSED),
        (404, "The model does not exist", {}, Kind.DENIED),
        (400, "The request is odd.", {"type": "invalid_request_error"}, Kind.REFUSED),
    ],
)  # fmt: skip
def test_what_an_error_concerns(status: int, message: str, more: dict[str, Any], kind: Kind) -> None:
    assert read_refusal(status, {}, error_body(message, **more)).kind is kind


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"code": "insufficient_quota", "message": "No."}}, Kind.DENIED),
        ({"error": {"type": "insufficient_quota", "code": None, "message": "No."}}, Kind.DENIED),
        ({"error": {"code": "rate_limit_exceeded", "message": "No."}}, Kind.BUSY),
        ({"error": {"code": "RateLimitReached", "message": "No."}}, Kind.BUSY),
        ({"error": {"message": "Rate limit reached, slow down"}}, Kind.BUSY),
        ({"error": {"status": 429}}, Kind.BUSY),
        ({"error": {"status": "RESOURCE_EXHAUSTED", "message": "No."}}, Kind.BUSY),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, Kind.BUSY),
        ({"error": {"type": "authentication_error", "message": "No."}}, Kind.DENIED),
        ({"error": {"code": "InvalidApiKey", "message": "No."}}, Kind.DENIED),
        ({"error": {"code": "model_not_found", "message": "No."}}, Kind.DENIED),
        ({"error": {"type": "invalid_request_error", "message": "odd"}}, Kind.REFUSED),
        ({"error": {"code": "data_inspection_failed", "message": "No."}}, Kind.FINAL),
        ({"error": {"code": "1301", "message": "No."}}, Kind.FINAL),
        ({"error": {"code": "1113", "message": "No."}}, Kind.DENIED),
        ({"error": {"code": "1302", "message": "No."}}, Kind.BUSY),
        ({"error": {"code": "service_unavailable", "message": "No."}}, Kind.LOST),
        ({"error": {"type": "server_error", "message": "oops"}}, Kind.FAILED),
        ({"error": "Rate limit exceeded"}, Kind.BUSY),
        ({"error": "over capacity"}, Kind.FAILED),
        ([{"error": {"code": 429, "message": "No.", "status": "RESOURCE_EXHAUSTED"}}], Kind.BUSY),
        ({"code": 50505, "message": "Model service overloaded. Please try again later."}, Kind.LOST),
        ({"code": 20012, "message": "Model does not exist. Please check it carefully."}, Kind.DENIED),
        ({"code": 30001, "message": "No.", "data": None}, Kind.DENIED),
        ({"code": 77777, "message": "The model is overloaded"}, Kind.BUSY),
        ({"choices": [], "message": "Queue full"}, Kind.BUSY),
        ({"choices": [], "msg": "system is too busy now"}, Kind.BUSY),
        ({"detail": "Model org/x not found"}, Kind.DENIED),
        ({"error": {"message": "No healthy upstream, try again later"}}, Kind.LOST),
        ({"error": {"code": 0}}, Kind.FAILED),
        ({"code": 429}, Kind.BUSY),
        ({"code": 429, "message": "No.", "choices": []}, Kind.BUSY),
        ({"statusCode": 401, "message": "No."}, Kind.DENIED),
        ({"errors": [{"code": 429, "message": "No."}], "success": False}, Kind.BUSY),
        ({"choices": None, "base_resp": {"status_code": 1002, "status_msg": "rate limit"}}, Kind.BUSY),
        ({"choices": None, "base_resp": {"status_code": 1004, "status_msg": "login fail"}}, Kind.DENIED),
        ({"choices": None, "base_resp": {"status_code": 1008, "status_msg": "no balance"}}, Kind.DENIED),
        ({"choices": None, "base_resp": {"status_code": 1026, "status_msg": "input new_sensitive"}}, Kind.FINAL),
        ({"choices": None, "base_resp": {"status_code": 1027, "status_msg": "No."}}, Kind.FINAL),
        ({"base_resp": {"status_code": 2013, "status_msg": "invalid params"}}, Kind.REFUSED),
        ({"base_resp": {"status_code": 2013, "status_msg": "invalid params, context window exceeds limit"}},
         Kind.TOO_LONG),
        ({"base_resp": {"status_code": 1000, "status_msg": "unknown error"}}, Kind.FAILED),
        ({"status": "completed", "output": []}, Kind.FAILED),
        ({"choices": []}, Kind.FAILED),
    ],
)  # fmt: skip
def test_errors_under_status_200_wherever_they_stand(body: Any, kind: Kind) -> None:
    with pytest.raises(TryError) as raised:
        read_answer("a", json.dumps(body).encode())
    assert raised.value.kind is kind


@pytest.mark.parametrize(
    "more",
    [
        {"base_resp": {"status_code": 0, "status_msg": ""}},
        {"base_resp": {"status_code": "0", "status_msg": "success"}},
        {"error": None},
        {"error": "none"},
        {"error": {"code": 0}},
        {"error": {"code": "0", "message": "success"}},
        {"error": {"code": None, "message": ""}},
        {"error": {}},
        {"code": 0},
        {"code": 20000, "message": "ok"},
    ],
)
def test_an_answer_that_says_that_nothing_is_wrong_is_one(more: dict[str, Any]) -> None:
    body = {"choices": [{"message": {"content": "Ja."}, "finish_reason": "stop"}], **more}
    assert read_answer("a", json.dumps(body).encode()).text == "Ja."


def test_an_error_is_told_with_its_code_and_its_words() -> None:
    body = {"choices": None, "base_resp": {"status_code": 1004, "status_msg": "login fail: check the key"}}
    with pytest.raises(TryError, match=r"under HTTP 200 an error \(1004\): login fail: check the key"):
        read_answer("a", json.dumps(body).encode())


# Messages


@pytest.mark.parametrize(
    ("message", "text", "reasoning"),
    [
        ({"content": {"type": "text", "text": "Ja."}}, "Ja.", None),
        ({"content": {"text": {"value": "Ja."}}}, "Ja.", None),
        ({"content": {"content": "Ja."}}, "Ja.", None),
        ({"content": [{"content": "Ja"}, {"type": "text", "content": "."}]}, "Ja.", None),
        ({"content": {"content": [{"type": "text", "text": "Ja."}]}}, "Ja.", None),
        ({"content": [{"type": "output_text", "value": "Ja."}]}, "Ja.", None),
        ({"content": [{"type": "tool_result", "content": "42"}, {"type": "text", "text": "Ja."}]}, "Ja.", None),
        ({"content": [{"type": "thinking", "content": "Hm."}, {"content": "Ja."}]}, "Ja.", "Hm."),
        ({"content": {"parts": [{"text": "Ja"}, {"text": "."}]}}, "Ja.", None),
        ({"content": [{"type": "text", "text": {"value": "Ja.", "annotations": []}}]}, "Ja.", None),
        ({"content": "Ja.", "reasoning_text": "Hm."}, "Ja.", "Hm."),
        ({"content": "Ja.", "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]}, "Ja.", "Hm."),
        ({"content": "Ja.", "reasoning_details": [{"type": "reasoning.summary", "summary": "Hm."}]}, "Ja.", "Hm."),
        ({"content": "Ja.", "reasoning_details": [{"type": "reasoning.encrypted", "data": "Zm9v"}]}, "Ja.", None),
        ({"content": "Ja.", "reasoning": "Hm.", "reasoning_details": [{"text": "Hm."}]}, "Ja.", "Hm."),
    ],
)
def test_what_a_message_says(message: dict[str, Any], text: str, reasoning: str | None) -> None:
    body = {"choices": [{"message": message, "finish_reason": "stop"}]}
    completion = read_answer("a", json.dumps(body).encode())
    assert (completion.text, completion.reasoning, completion.finish_reason) == (text, reasoning, "stop")


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "refusal": "I cannot."},
        {"content": "", "refusal": "I cannot."},
        {"refusal": "I cannot.", "reasoning": "Hm."},
        {"content": [{"type": "refusal", "refusal": "I cannot."}]},
        {"content": {"type": "refusal", "refusal": "I cannot."}},
    ],
)
def test_a_refusal_that_is_told_apart_is_final(message: dict[str, Any]) -> None:
    body = {"choices": [{"message": message, "finish_reason": "stop"}]}
    with pytest.raises(TryError, match="the model refused: I cannot") as raised:
        read_answer("a", json.dumps(body).encode())
    assert raised.value.kind is Kind.FINAL
