"""Real rows of two sources, as their authors published them. Skipped where the shared data are not mounted."""

import json
from pathlib import Path

import pytest

from polyglot_assets.domain.grid import LANGUAGES, Cell, cells
from polyglot_assets.seeds import gsm8k, oasst2
from polyglot_assets.seeds.acquire import find
from polyglot_assets.seeds.fill import fill
from polyglot_assets.settings import Settings

DATA = Path(__file__).parents[3] / "shared" / "data"
NAMES = {
    "openai__gsm8k/train.jsonl": DATA / "gsm8k_train.jsonl",
    "OpenAssistant__oasst2/trees.jsonl": DATA / "oasst_en_100_tree.jsonl",
}

pytestmark = pytest.mark.skipif(
    not all(path.is_file() for path in NAMES.values()), reason=f"needs the real data in {DATA}"
)


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Settings for a local copy with the two sources."""
    for name, original in NAMES.items():
        copy = tmp_path / "native" / name
        copy.parent.mkdir(parents=True)
        copy.symlink_to(original)
    return Settings(seeds=str(tmp_path / "native"))


def lines(name: str) -> list[dict]:
    return [json.loads(line) for line in NAMES[name].read_text(encoding="utf-8").splitlines()]


def test_gsm8k_gives_all_its_training_problems_without_marks(settings):
    raw = lines("openai__gsm8k/train.jsonl")
    distinct = {(row["question"].strip(), row["answer"].strip()) for row in raw}
    cell = Cell("de", "translate")
    seeds = fill(gsm8k.SOURCE, find(gsm8k.SOURCE, settings), [cell], settings)[cell]
    assert len(raw) == sum(seeds.counts.values()) == 7473
    assert len(seeds.rows) == len(distinct)
    assert seeds.counts.get("duplicate_id", 0) == len(raw) - len(distinct)
    assert {row["prompt"] for row in seeds.rows} == {question for question, _ in distinct}
    assert {row["seed_language"] for row in seeds.rows} == {"en"}
    marked = [row for row in seeds.rows if "<<" in row["response"] or ">>" in row["response"]]
    assert marked == []
    assert not [row for row in seeds.rows if "####" in row["response"]]
    # The result is still the last line of the answer.
    results = {row["question"].strip(): row["answer"].rsplit("####", 1)[1].strip() for row in raw}
    assert all(row["response"].rsplit("\n", 1)[1] == results[row["prompt"]] for row in seeds.rows)


def messages(tree: dict) -> list[dict]:
    """A tree's messages, parents before their replies."""
    found, waiting = [], [tree["prompt"]]
    while waiting:
        found.append(waiting.pop())
        waiting += found[-1]["replies"]
    return found


def test_english_oasst_trees_are_another_language_everywhere_but_in_english(settings):
    total = sum(len(messages(tree)) for tree in lines("OpenAssistant__oasst2/trees.jsonl"))
    assert total == 1167
    filled = fill(oasst2.SOURCE, find(oasst2.SOURCE, settings), cells(LANGUAGES), settings)
    for cell, seeds in filled.items():
        assert seeds.rows == []
        if cell.strategy != "translate":
            assert +seeds.counts == {"other_language": total}


def test_oasst_answers_are_the_best_ranked_child_of_each_root(settings):
    trees = lines("OpenAssistant__oasst2/trees.jsonl")
    cell = Cell("en", "generate")
    seeds = fill(oasst2.SOURCE, find(oasst2.SOURCE, settings), [cell], settings)[cell]
    expected = {}
    for tree in trees:
        replies = tree["prompt"]["replies"]
        ranked = sorted(replies, key=lambda reply: (reply.get("rank") is None, reply.get("rank") or 0))
        expected[tree["prompt"]["message_id"]] = ranked[0]["text"].strip()
    assert {row["source_id"]: row["response"] for row in seeds.rows} == expected
    assert len(expected) == len(trees) == 100
    flat = [message for tree in trees for message in messages(tree)]
    assert seeds.counts == {
        "kept": 100,
        "assistant_turn": sum(message["role"] == "assistant" for message in flat),
        "follow_up": sum(message["role"] == "prompter" for message in flat) - 100,
    }
