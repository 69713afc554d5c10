"""The gates on texts that other people wrote. Skipped where the shared data are not mounted.

A sample of what benchmarks/language_id.py and benchmarks/gates.py measure in full.
"""

import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from polyglot_assets.gates.debris import debris
from polyglot_assets.gates.language import LanguageLimits
from polyglot_assets.gates.reading import read
from polyglot_assets.inference.engine import Completion
from polyglot_assets.responses.outcomes import judge
from polyglot_assets.responses.traces import split
from polyglot_assets.text.languages import count_scripts

LIMITS = LanguageLimits()

DATA = Path(__file__).parents[3] / "shared" / "data"
SENTENCES, RIGHTS, ANSWERS = DATA / "lid_pud.jsonl", DATA / "lid_udhr.parquet", "benchmax_arenahard_{}.jsonl"

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


@pytest.mark.parametrize("language", ["cs", "de", "es", "id"])
def test_an_end_that_was_left_in_english_is_caught_in_most_texts(language: str) -> None:
    """Three of ten sentences; those of this set are neighbours in nothing but their place."""
    own, english = sentences(language), sorted(sentences("en"), key=len)
    texts = [own[start : start + 10] for start in range(0, len(own) - 9, 10)]
    longer = [text for text in english if len(text) >= 100]
    caught = [
        is_rejected(" ".join([*text[:7], *longer[3 * at : 3 * at + 3]]), language) for at, text in enumerate(texts)
    ]
    assert sum(caught) >= 0.9 * len(texts) > 20
    assert not any(is_rejected(" ".join(text), language) for text in texts)


@pytest.mark.parametrize("asked", ["mos", "kab"])
@pytest.mark.parametrize("foreign", ["fr", "sw", "en"])
def test_every_other_sentence_is_caught_where_no_detector_knows_the_language(asked: str, foreign: str) -> None:
    mislabelled = ("062", "063", "068")  # Comorian, a dialect and Welche
    rows = pq.read_table(RIGHTS, columns=["code", "lang", "text"]).to_pylist()
    rows = [row for row in rows if row["code"] not in mislabelled and len(row["text"]) > 40]
    own, others = ([row["text"] for row in rows if row["lang"] == code] for code in (asked, foreign))
    pairs = list(zip(own, others, strict=False))
    mixed = [" ".join(sum(pairs[start : start + 5], ())) for start in range(0, len(pairs) - 4, 5)]
    assert sum(is_rejected(text, asked) for text in mixed) >= 0.9 * len(mixed) > 3
    assert not any(is_rejected(" ".join(own[start : start + 10]), asked) for start in range(0, len(own), 10))


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
