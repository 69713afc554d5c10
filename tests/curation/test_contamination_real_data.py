"""Real evaluation sets and real clean text. Skipped where the shared data are not mounted."""

import json
import random
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polyglot_assets.curation import evalsets
from polyglot_assets.curation.matching import Rules, build, search, words

DATA = Path(__file__).parents[3] / "shared" / "data"
SETS = (
    "mgsm_de.tsv", "mgsm_en.tsv", "mgsm_es.tsv", "seahelm_global_mmlu_lite_en.jsonl",
    "seahelm_global_mmlu_lite_id.jsonl", "seahelm_global_mmlu_lite_tl.jsonl", "xquad.ar.json", "xquad.de.json",
    "xquad.es.json", "jglue_jsquad_valid.json",
)  # fmt: skip
ANSWERS = [DATA / f"benchmax_arenahard_{language}.jsonl" for language in ("cs", "de", "es", "ja")]

pytestmark = pytest.mark.skipif(not (DATA / SETS[0]).is_file(), reason=f"needs the real data in {DATA}")


@pytest.fixture(scope="module")
def items(tmp_path_factory) -> list[evalsets.Item]:
    folder = tmp_path_factory.mktemp("sets")
    for name in SETS:
        (folder / name).symlink_to(DATA / name)
    return evalsets.read(folder, lambda text: words(text) >= Rules().least, lambda _: None)


@pytest.fixture(scope="module")
def answers() -> list[str]:
    return [json.loads(line)["response"] for path in ANSWERS for line in path.open(encoding="utf-8")]


def hits(texts: list[str], items: list[evalsets.Item]) -> set[tuple[int, str, str]]:
    """(text, set, item) of everything that is found."""
    owners = [item for item in items for _ in item.texts]
    index, _ = build([text for item in items for text in item.texts], Rules())
    matches = search(pa.array(texts), index)
    found = zip(matches.rows.tolist(), matches.texts.tolist(), strict=True)
    return {(row, owners[text].eval_set, owners[text].item) for row, text in found}


def test_every_set_is_read_with_its_number_of_items(items):
    counts = {name: sum(item.eval_set == name for item in items) for name in SETS}
    assert list(counts.values()) == [250, 250, 250, 400, 400, 400, 1190, 1190, 1190, 4442]
    assert all(item.texts for item in items)
    assert len({(item.eval_set, item.item) for item in items}) == len(items)


def test_clean_text_is_not_hit(items, answers):
    gsm8k = [json.loads(line) for line in (DATA / "gsm8k_train.jsonl").open(encoding="utf-8")]
    clean = answers + [row["question"] for row in gsm8k] + [row["answer"] for row in gsm8k]
    clean += [json.loads(line)["text"] for line in (DATA / "lid_pud.jsonl").open(encoding="utf-8")]
    clean += pq.read_table(DATA / "lid_udhr.parquet")["text"].to_pylist()
    for language in ("de", "es", "ja"):
        table = pq.read_table(DATA / f"chitchat_{language}.parquet")
        clean += sorted({*table["instruction"].to_pylist(), *table["output"].to_pylist()})
    assert len(clean) > 90_000
    assert hits(clean, items) == set()


def test_translations_of_an_item_do_not_hit_each_other(items):
    for one in ("mgsm", "seahelm", "xquad"):
        texts = [(item.eval_set, text) for item in items if item.eval_set.startswith(one) for text in item.texts]
        found = hits([text for _, text in texts], [item for item in items if item.eval_set.startswith(one)])
        assert {(texts[row][0], name) for row, name, _ in found} == {
            (name, name) for name in SETS if name.startswith(one)
        }


def disguised(text: str, draw: random.Random) -> str:
    text = draw.choice([str.upper, str.lower, str.swapcase])(text)
    return re.sub(
        r"\s",
        lambda _: draw.choice([" ", "\n", "\t "]),
        re.sub(r"[?,!？、。]", lambda _: draw.choice(["", "!", "…"]), text),
    )


def edited(text: str, draw: random.Random) -> str:
    glue = "" if re.search("[\u3040-\u30ff]", text) else " "
    parts = text.split() if glue else list(text)
    for at in draw.sample(range(len(parts)), max(1, round(len(parts) / 10))):
        other = draw.choice(parts)
        parts[at] = draw.choice([other + parts[at][:1], "", f"{parts[at]}{glue}{other}"])
    return glue.join(part for part in parts if part)


@pytest.mark.parametrize(("change", "least"), [(disguised, 0.99), (edited, 0.9)])
def test_planted_items_are_found(items, answers, change, least):
    draw = random.Random(4)
    planted = [item for name in SETS for item in draw.sample([i for i in items if i.eval_set == name], 200)]
    texts = []
    for item in planted:
        host = draw.choice(answers)[:2000]
        cut = draw.randrange(len(host))
        texts.append(f"{host[:cut]}\n{change(item.texts[0], draw)}\n{host[cut:]}")
    found = hits(texts, items)
    missed = [item for row, item in enumerate(planted) if (row, item.eval_set, item.item) not in found]
    assert 1 - len(missed) / len(planted) >= least, missed[:5]
