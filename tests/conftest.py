"""Fixtures for all tests: a lake of its own for each test, and a teacher that needs no model.

The scripted engine stands where vLLM stands: it takes real requests and gives real completions, so everything from
the request to the release is the real code. Tests marked `engine` use the real vLLM instead.
"""

import json
import random
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import PrivateAttr

from polyglot_assets.grid import Cell
from polyglot_assets.lake import Lake
from polyglot_assets.settings import Settings
from polyglot_assets.teachers.engine import Completion, Engine, Request
from polyglot_assets.teachers.registry import Teacher
from polyglot_assets.teachers.resource import VllmResource

SENTENCES = {
    "Arabic": "هذه إجابة كاملة وواضحة عن السؤال الذي طرحته قبل قليل.",
    "Czech": "Toto je úplná a srozumitelná odpověď na otázku, kterou jste právě položili.",
    "German": "Das ist eine vollständige und klare Antwort auf die Frage, die Sie gerade gestellt haben.",
    "Spanish": "Esta es una respuesta completa y clara a la pregunta que usted acaba de hacer.",
    "Indonesian": "Ini adalah jawaban yang lengkap dan jelas atas pertanyaan yang baru saja Anda ajukan.",
    "Japanese": "これはあなたが今たずねた質問に対する完全で分かりやすい答えです。",
    "Tagalog": "Ito ay isang kumpleto at malinaw na sagot sa tanong na katatanong mo lamang ngayon.",
    "French": "Voici une réponse complète et claire à la question que vous venez de poser.",
}


def language_of(request: Request) -> str:
    """The language that the system prompt asks for."""
    system = request.messages[0]["content"]
    return next(name for name in SENTENCES if name in system)


def good_answer(request: Request) -> Completion:
    """A completion that passes every rule: right language, valid JSON where a schema is given."""
    sentence = SENTENCES[language_of(request)]
    text = sentence
    if request.schema:
        pair = {"prompt": f"{sentence} ({request.request_id})", "response": sentence}
        text = json.dumps(pair, ensure_ascii=False)
    return Completion(request.request_id, text, "stop", prompt_tokens=50, response_tokens=20)


class ScriptedEngine:
    """Answers requests with a function, out of order as a real engine does."""

    def __init__(self, answer: Callable[[Request], Completion] = good_answer) -> None:
        self.answer = answer
        self.asked: list[Request] = []
        self.closed = 0

    def stream(self, requests: deque[Request]) -> Iterator[Completion]:
        """See Engine.stream: works on up to eight requests at once and finishes them in a shuffled order."""
        order = random.Random(0)
        under_way: list[Request] = []
        while requests or under_way:
            while requests and len(under_way) < 8:
                under_way.append(requests.popleft())
                self.asked.append(under_way[-1])
            yield self.answer(under_way.pop(order.randrange(len(under_way))))

    def close(self) -> None:
        """Counts how often it was closed."""
        self.closed += 1


class ScriptedVllm(VllmResource):
    """The vLLM resource with scripted engines; `engines` holds one per load."""

    cache: str = ""
    _answer: Callable[[Request], Completion] = PrivateAttr(default=good_answer)
    _engines: list[ScriptedEngine] = PrivateAttr(default_factory=list)

    def script(self, answer: Callable[[Request], Completion]) -> "ScriptedVllm":
        """Sets the answering function."""
        self._answer = answer
        return self

    @property
    def engines(self) -> list[ScriptedEngine]:
        """The engines made so far."""
        return self._engines

    def _make(self, teacher: Teacher) -> Engine:
        self._engines.append(ScriptedEngine(self._answer))
        return self._engines[-1]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the person who runs the tests reaches them, and no test writes into a real lake."""
    import os

    for name in os.environ:
        if name.startswith("POLYGLOT_") and name != "POLYGLOT_CACHE":
            monkeypatch.delenv(name)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setenv("POLYGLOT_LAKE", str(tmp_path / "lake"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings for a small lake on the sample seeds."""
    return Settings(lake=tmp_path / "lake", rows_per_cell=3)


@pytest.fixture
def lake(settings: Settings) -> Lake:
    """An empty lake that can be written."""
    lake = Lake(settings.lake)
    lake.prepare()
    return lake


@pytest.fixture
def cell() -> Cell:
    """One cell."""
    return Cell("de", "generate")
