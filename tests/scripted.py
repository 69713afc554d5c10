"""A teacher without a model, for tests.

The scripted engine stands where vLLM stands: it takes real requests and gives real completions, so everything from
the request to the release is the real code. Tests marked `engine` use the real vLLM instead.
"""

import json
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from polyglot_assets.inference.engine import Completion, Engine, Request, Take
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.inference.resource import VllmResource

SENTENCES = {
    "Arabic": "هذه إجابة كاملة وواضحة عن السؤال الذي طرحته قبل قليل.",
    "Czech": "Toto je úplná a srozumitelná odpověď na otázku, kterou jste právě položili.",
    "German": "Das ist eine vollständige und klare Antwort auf die Frage, die Sie gerade gestellt haben.",
    "Spanish": "Esta es una respuesta completa y clara a la pregunta que usted acaba de hacer.",
    "Indonesian": "Ini adalah jawaban yang lengkap dan jelas atas pertanyaan yang baru saja Anda ajukan.",
    "Japanese": "これはあなたが今たずねた質問に対する完全で分かりやすい答えです。",
    "Tagalog": "Ito ay isang kumpleto at malinaw na sagot sa tanong na katatanong mo lamang ngayon.",
    "Norwegian": "Dette er et fullstendig og klart svar på spørsmålet som du nettopp har stilt.",
    "French": "Voici une réponse complète et claire à la question que vous venez de poser.",
}


def language_of(request: Request) -> str:
    """The language that the system prompt asks for."""
    system = request.messages[0]["content"]
    return next(name for name in SENTENCES if name in system)


def taking(requests: Iterable[Request]) -> Take:
    """Gives these requests, one after the other; a deque may be appended to meanwhile."""
    queue = requests if isinstance(requests, deque) else deque(requests)
    return lambda: queue.popleft() if queue else None


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

    def stream(self, take: Take) -> Iterator[Completion]:
        """See Engine.stream: works on up to eight requests at once and finishes them in a shuffled order."""
        order = random.Random(0)
        under_way: list[Request] = []
        while True:
            while len(under_way) < 8 and (request := take()) is not None:
                under_way.append(request)
                self.asked.append(request)
            if not under_way:
                return
            yield self.answer(under_way.pop(order.randrange(len(under_way))))

    def close(self) -> None:
        """Counts how often it was closed."""
        self.closed += 1


@dataclass
class Script:
    """What a scripted resource answers, and the engines it made: one per load."""

    answer: Callable[[Request], Completion] = good_answer
    engines: list[ScriptedEngine] = field(default_factory=list)


_SCRIPTS: dict[str, Script] = {}


class ScriptedVllm(VllmResource):
    """The vLLM resource with scripted engines.

    Dagster runs a copy of the resource that it was given, so what is shared with the test lies outside of it.
    """

    cache: str = ""
    name: str = ""

    @classmethod
    def new(cls) -> "ScriptedVllm":
        """A resource with a script of its own."""
        name = str(len(_SCRIPTS))
        _SCRIPTS[name] = Script()
        return cls(name=name)

    @property
    def script(self) -> Script:
        """The script, also of the copies."""
        return _SCRIPTS[self.name]

    def _make(self, teacher: Teacher, report: Callable[[str], None]) -> Engine:
        self.script.engines.append(ScriptedEngine(self.script.answer))
        return self.script.engines[-1]
