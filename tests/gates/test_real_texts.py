"""The gates on texts that other people wrote. Skipped where the shared data are not mounted.

A sample of what benchmarks/language_id.py and benchmarks/gates.py measure in full.
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from polyglot_assets.gates.debris import debris
from polyglot_assets.gates.language import LanguageLimits, read
from polyglot_assets.inference.engine import Completion
from polyglot_assets.responses.outcomes import judge
from polyglot_assets.responses.traces import split
from polyglot_assets.text.languages import count_scripts

LIMITS = LanguageLimits()

DATA = Path(__file__).parents[3] / "shared" / "data"
SENTENCES, ANSWERS = DATA / "lid_pud.jsonl", "benchmax_arenahard_{}.jsonl"

pytestmark = pytest.mark.skipif(not SENTENCES.is_file(), reason=f"needs the real data in {DATA}")


def sentences(language: str) -> list[str]:
    rows = map(json.loads, SENTENCES.read_text(encoding="utf-8").splitlines())
    return [row["text"] for row in rows if row["lang"] == language][::3]


def is_rejected(text: str, language: str) -> bool:
    return (read(text, language, LIMITS.language_likelihood).foreign_share or 0) >= LIMITS.foreign_share


@pytest.mark.parametrize("language", ["ar", "cs", "de", "es", "id", "ko", "en"])
def test_correct_sentences_are_kept(language: str) -> None:
    texts = sentences(language)
    assert len(texts) > 300
    rejected = [text for text in texts if is_rejected(text, language)]
    assert len(rejected) <= 0.01 * len(texts), rejected


@pytest.mark.parametrize("language", ["ar", "cs", "de", "es", "id", "ja", "tl"])
def test_english_is_caught(language: str) -> None:
    texts = [text for text in sentences("en") if count_scripts(text).total() >= 100]
    assert len(texts) > 50
    assert [text for text in texts if not is_rejected(text, language)] == []


@pytest.mark.parametrize("language", ["cs", "de", "es", "ja"])
def test_answers_of_a_good_model_pass_the_gates(language: str) -> None:
    """What is left over after the language gate: some of the answers are English, or do decline."""
    rows = [json.loads(line) for line in (DATA / ANSWERS.format(language)).read_text(encoding="utf-8").splitlines()][
        ::4
    ]
    row = {"strategy": "respond", "language": language, "seed_language": language, "prompt": "?", "prompt_key": ""}
    ends = Counter(judge(row, Completion("r", each["response"], "stop")).outcome for each in rows)
    assert ends["ok"] >= 0.95 * len(rows), ends
    assert ends["debris"] == ends["leaked"] == ends["bad_length"] == 0, ends


WRITTEN = {
    **{ANSWERS.format(language): ("response",) for language in ("cs", "de", "es", "ja")},
    "pref_llmbar_dev.jsonl": ("answer_a", "answer_b"),
    "pref_mtbench_human.jsonl": ("answer_a", "answer_b"),
    "pref_pandalm_test.jsonl": ("answer_a", "answer_b"),
    "gsm8k_train.jsonl": ("answer",),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_no_answer_is_called_debris_or_loses_a_part(name: str) -> None:
    """Code, markup and lists among them."""
    rows = [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()][:500]
    answers = [row[column] for row in rows for column in WRITTEN[name]]
    assert len(answers) > 150
    assert [text for text in answers if debris(text)[0] or split(text) != ("", text)] == []
