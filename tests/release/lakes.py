"""Small lakes from which real releases are made: one line says what a teacher answered to a seed."""

import shutil
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyglot_assets.contracts.counts import COUNTS
from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.grid import Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.examples.build import build
from polyglot_assets.lake.counts import count_answers, write_counts
from polyglot_assets.lake.store import Lake
from polyglot_assets.release import sft
from polyglot_assets.settings import Settings
from polyglot_assets.text.normal import text_key

_TEXT = (
    "brot wasser stein wald haus regen licht strasse garten schule musik winter fenster brief karte "
    "uhr meer vogel apfel lampe tisch feuer berg insel katze wolke blume zucker schiff kreide"
)
_WORDS = tuple(_TEXT.split())
Row = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What became of a seed in a cell. `written` stands for the answer's words, `wording` for the seed's."""

    seed: int
    cell: str = "de/respond"
    source: str = "openai/gsm8k"
    teacher: str = "scripted"
    outcome: str = "ok"
    template: str = "t1"
    weights: str = "w1"
    revision: str = "r1"
    sampling: str = "s1"
    written: int = 0
    wording: int = 0
    examples: tuple[int, ...] = ()
    licenses: tuple[str, ...] = ("apache-2.0",)

    @property
    def seed_id(self) -> str:
        return content_id(self.source, str(self.seed))


def _words(*parts: object) -> str:
    digits = content_id(*parts)
    return " ".join(_WORDS[int(digits[at : at + 2], 16) % len(_WORDS)] for at in range(0, 24, 2))


def _prompt(answer: Answer) -> Row:
    cell = dict(zip(("language", "strategy"), answer.cell.split("/"), strict=True))
    asked = _words("asked", answer.seed, answer.source, answer.wording)
    shown = [content_id(answer.source, str(number)) for number in answer.examples]
    return cell | {
        "prompt_id": content_id(answer.seed_id, answer.cell, answer.template, *shown),
        "seed_id": answer.seed_id,
        "exemplar_ids": shown,
        "source": answer.source,
        "source_id": str(answer.seed),
        "source_revision": answer.revision,
        "seed_language": cell["language"],
        "template_version": answer.template,
        "system_prompt": "",
        "synth_prompt": f"{answer.template} {asked} {' '.join(shown)}",
        "prompt": asked,
        "prompt_key": text_key(asked),
        "licenses": list(answer.licenses),
    }


def _response(answer: Answer) -> Row:
    prompt = _prompt(answer)
    asked = prompt["prompt"] + (f" {answer.cell}" if "generate" in answer.cell else "")
    names = [name for name, _, _ in RESPONSES.fields]
    request = content_id(prompt["synth_prompt"], answer.teacher, answer.weights, answer.sampling)
    return {name: prompt.get(name) for name in names} | {
        "sample_index": 0,
        "request_id": request,
        "teacher": answer.teacher,
        "model": f"org/{answer.teacher}",
        "model_revision": answer.weights,
        "outcome": answer.outcome,
        "prompt": asked,
        "response": _words("answered", request, answer.written) + f" {answer.seed}",
        "prompt_tokens": 10,
        "response_tokens": 10,
        "attempts": 1,
        "prompt_language_score": 0.9,
        "response_language_score": 0.9,
    }


def fill(lake: Lake, answers: Iterable[Answer]) -> Lake:
    """Replaces what the lake holds by seeds, prompts, answers and examples as the answers say."""
    lake.prepare()
    for table in (SEEDS, PROMPTS, RESPONSES, EXAMPLES, COUNTS):
        shutil.rmtree(lake.root / table.name, ignore_errors=True)
    cells: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        cells[answer.cell].append(answer)
    for key, own in cells.items():
        cell = Cell(*key.split("/"))
        prompts = {prompt["prompt_id"]: prompt for prompt in map(_prompt, own)}
        lake.write_cell(PROMPTS, cell, prompts.values())
        for source in {answer.source for answer in own}:
            rows = {p["seed_id"]: _seed(p) for p in prompts.values() if p["source"] == source}
            lake.write_cell(SEEDS, cell, rows.values(), source=source.split("/")[1])
        responses = []
        for teacher in {answer.teacher for answer in own}:
            rows = [_response(answer) for answer in own if answer.teacher == teacher]
            responses += rows
            lake.write_cell(RESPONSES, cell, rows, teacher=teacher)
        write_counts(lake, cell, count_answers(responses), stage="answers", part="all")
        lake.write_cell(EXAMPLES, cell, build(prompts.values(), responses))
    return lake


def _seed(prompt: Row) -> Row:
    names = {name for name, _, _ in SEEDS.fields}
    return {name: value for name, value in prompt.items() if name in names} | {"license": "apache-2.0"}


def released(root: Path, answers: Iterable[Answer], **settings: Any) -> Path:
    """The folder of a real release of a lake at `root` that holds just these answers."""
    values = Settings(lake=root, **settings)
    return sft.write(fill(Lake(root), answers), values).folder
