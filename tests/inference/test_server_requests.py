"""The server engine against a real HTTP server on loopback: what is sent, and what becomes of the answers."""

import base64
import json
from collections import deque
from contextlib import closing
from dataclasses import replace

import pytest
from fake_server import (
    KEY,
    SCHEMA,
    TEACHER,
    Call,
    Engines,
    FakeServer,
    Reply,
    ask,
    chat,
    failure,
    taking,
)

from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.domain.grid import Cell
from polyglot_assets.inference.engine import Completion, Request
from polyglot_assets.inference.server_engine import ServerEngine
from polyglot_assets.lake.store import Lake
from polyglot_assets.responses.stage import respond


def test_a_plain_answer(server: FakeServer, engine_of: Engines) -> None:
    assert ask(engine_of(server), "a")["a"] == Completion("a", "answer to a", "stop", 7, 3, engine="server")
    assert server.calls[0].headers["Authorization"] == f"Bearer {KEY}"
    assert server.checks == 1


def test_a_request_arrives_whole(server: FakeServer, engine_of: Engines) -> None:
    sampling = {"temperature": 0.6, "top_p": 0.9, "top_k": 64, "repetition_penalty": 1.1, "max_tokens": 9, "seed": 5}
    messages = ({"role": "system", "content": "Sei kurz."}, {"role": "user", "content": "Größe? 大きさ"})
    list(engine_of(server).stream(taking(deque([Request("a", messages, sampling, SCHEMA)]))))
    assert server.calls[0].body == {
        "model": TEACHER.model,
        "messages": list(messages),
        **sampling,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA},
        },
    }


def test_plain_text_sends_no_response_format(server: FakeServer, engine_of: Engines) -> None:
    ask(engine_of(server), "a")
    assert set(server.calls[0].body) == {"model", "messages", "max_tokens", "seed"}


@pytest.mark.parametrize("key", ["", "  \n"])
def test_without_a_key_the_users_openai_key_stays_at_home(
    key: str, server: FakeServer, engine_of: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert ask(engine_of(server, key=key), "a")["a"].finish_reason == "stop"
    assert "Authorization" not in server.calls[0].headers


def test_user_and_password_in_a_url_are_sent_instead_of_the_key(server: FakeServer) -> None:
    with closing(ServerEngine(TEACHER, [server.url.replace("//", "//me:p%40ss@")], KEY)) as engine:
        ask(engine, "a")
    token = base64.b64encode(b"me:p@ss").decode()
    assert server.calls[0].headers["Authorization"] == f"Basic {token}"


def test_a_teacher_may_be_served_under_another_name(server: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    server.models = lambda: Reply({"data": [{"id": "alias"}]})
    with closing(ServerEngine(replace(TEACHER, served_as="alias"), [server.url + "/"], KEY)) as engine:
        ask(engine, "a")
    assert server.calls[0].body["model"] == "alias"
    assert not caplog.records


def test_a_cell_answered_by_a_server(server: FakeServer, lake: Lake, cell: Cell) -> None:
    text = "Das ist eine vollständige und klare Antwort auf die Frage, die Sie gerade gestellt haben."
    rows = [
        {column: f"{column} {number}" for column, kind, _ in PROMPTS.fields if str(kind) == "string"}
        | {"language": cell.language, "strategy": cell.strategy, "exemplar_ids": [], "licenses": ["cc0-1.0"]}
        for number in range(4)
    ]
    lake.write_cell(PROMPTS, cell, rows)

    def answer(call: Call) -> Reply:
        if call.text == "synth_prompt 0":
            return failure(400, "maximum context length is 8 tokens")
        if call.text == "synth_prompt 1":
            return chat(None, "content_filter")
        if call.text == "synth_prompt 2" and call.body["max_tokens"] == TEACHER.max_tokens:
            return chat("cut", "length")
        asked = "Können Sie mir bitte erklären, wie eine gute Antwort auf diese Frage aussehen sollte?"
        content = json.dumps({"prompt": asked, "response": text})
        return chat(None, message={"content": content, "reasoning_content": "Hm."})

    server.answer = answer
    with closing(ServerEngine(TEACHER, [server.url], KEY)) as engine:
        result = dict(respond(lake, TEACHER, [cell], lambda: engine, lambda _: None))[cell]
    assert result.outcomes == {"ok": 2, "too_long": 1, "engine_error": 1}
    assert result.asked == 5
    rows = lake.read_cell(RESPONSES, cell, teacher=TEACHER.name)
    assert len(rows) == 4
    assert [row["reasoning"] for row in rows if row["outcome"] == "ok"] == ["Hm.", "Hm."]
