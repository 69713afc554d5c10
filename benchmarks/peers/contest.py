"""What all contestants share: the questions, the parameters, and the measuring of one turn.

Needs nothing but the standard library, because it also runs in the environments of the peers.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

IN_FLIGHT = 200
WARM_UP = 64
MODEL = "teacher"
MAX_TOKENS = 512
TEMPERATURE = 0.7
SYSTEM = "You are a helpful assistant. Answer in German, in complete sentences and without any introduction."

_TOPICS = ("die Photosynthese", "ein Girokonto", "der Satz des Pythagoras", "die Gezeiten", "ein guter Lebenslauf")
_READERS = ("ein Schulkind", "eine Anfängerin", "einen Kollegen", "Fachleute", "die Großeltern", "einen Gast")


@dataclass(frozen=True)
class Task:
    """What is to be asked of the server at `url` (without /v1), and the empty folder in which it is to be kept."""

    url: str
    questions: list[str]
    folder: Path


def questions(rows: int, name: str) -> list[str]:
    """Short German questions, all different; other names give other questions."""
    return [
        f"Frage {name}-{n}: Wie erklärt man {_TOPICS[n % len(_TOPICS)]} für {_READERS[n % len(_READERS)]}?"
        for n in range(rows)
    ]


def messages(question: str) -> list[dict[str, str]]:
    """The chat messages of a question."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]


def cpu_seconds() -> float:
    """User and system seconds of this process and of the processes that it started and waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def compete(prepare: Callable[[Task], Callable[[], object]], written: Callable[[Task], int]) -> None:
    """The main program of a contestant, `-m <module> <url> <rows> <folder> ...`. Its figures: <folder>/result.json.

    A small warm-up comes first, so that what is imported or loaded at the first use does not count.

    Args:
        prepare: gets everything ready that is not the asking itself, and returns the asking, which is measured.
        written: counts the answers that lie on the disk after the asking.
    """
    url, rows, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    cpu = wall = 0.0
    for name, count in (("warm", WARM_UP), ("rows", rows)):
        task = Task(url, questions(count, name), folder / name)
        task.folder.mkdir(parents=True)
        ask = prepare(task)
        cpu, wall = cpu_seconds(), time.perf_counter()
        ask()
        cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
        if (found := written(task)) != count:
            sys.exit(f"wrote {found} usable answers to {count} questions")
    (folder / "result.json").write_text(json.dumps({"cpu": cpu, "wall": wall}), encoding="utf-8")
