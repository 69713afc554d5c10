"""Each format says what the release says, and a trainer takes it: a chat template, and TRL where it is installed."""

import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from release.lakes import Answer, released

from polyglot_assets.release.contents import opened, query
from polyglot_assets.release.formats import FORMATS, ORIGIN
from polyglot_assets.release.subset import Options, write

_TEMPLATE = (
    "{% for message in messages %}<{{ message.role }}>{{ message.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return released(tmp_path_factory.mktemp("formats") / "lake", [Answer(number) for number in range(8)])


@pytest.fixture(scope="module")
def folders(release: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("subsets")
    for form in FORMATS:
        write(release, root / form, Options(form=form))
    return {form: root / form for form in FORMATS}


def loaded(folder: Path, cache: Path) -> Any:
    from datasets import load_dataset

    return load_dataset(str(folder), split="train", cache_dir=str(cache))


def pair_of(row: dict[str, Any]) -> tuple[str, str]:
    """Prompt and response of a row in any of the formats."""
    if "messages" in row:
        user, assistant = row["messages"]
        assert (user["role"], assistant["role"]) == ("user", "assistant")
        return user["content"], assistant["content"]
    if "conversations" in row:
        human, gpt = row["conversations"]
        assert (human["from"], gpt["from"]) == ("human", "gpt")
        return human["value"], gpt["value"]
    if isinstance(row["prompt"], str):
        assert row["prompt"].endswith("\n\n"), "a trainer puts the completion straight after it"
        return row["prompt"].removesuffix("\n\n"), row["completion"]
    ((user,), (assistant,)) = row["prompt"], row["completion"]
    assert (user["role"], assistant["role"]) == ("user", "assistant")
    return user["content"], assistant["content"]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_holds_the_pairs_of_the_release(
    folders: dict[str, Path], release: Path, form: str, tmp_path: Path
) -> None:
    with opened(release) as connection:
        published = {row["id"]: row for row in query(connection, "FROM published")}
    rows = loaded(folders[form], tmp_path)
    assert rows.num_rows == len(published) == 8
    assert rows.column_names == FORMATS[form].schema.names
    for row in rows:
        original = published[row["id"]]
        assert pair_of(row) == (original["prompt"], original["response"])
        assert {name: row[name] for name in ORIGIN} == {name: original[name] for name in ORIGIN}


def test_no_format_leaves_a_trainer_the_choice_between_two_meanings() -> None:
    for form, layout in FORMATS.items():
        meant = {"messages", "conversations", "prompt", "text"} & set(layout.schema.names)
        assert len(meant) == 1, form


def tokenizer(texts: list[str]) -> Any:
    """A tokenizer that knows the words of `texts`, with a chat template."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pad, unknown, end, *roles = marks = ["<pad>", "<unk>", "</s>", "<user>", "<assistant>"]
    words = sorted({word for text in texts for word in text.split()})
    own = Tokenizer(models.WordLevel({word: place for place, word in enumerate([*marks, *words])}, unk_token=unknown))
    own.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made = PreTrainedTokenizerFast(
        tokenizer_object=own, pad_token=pad, unk_token=unknown, eos_token=end, extra_special_tokens=roles
    )
    made.chat_template = _TEMPLATE
    return made


def test_a_chat_template_takes_the_messages(folders: dict[str, Path], tmp_path: Path) -> None:
    for row in loaded(folders["messages"], tmp_path):
        text = tokenizer([]).apply_chat_template(row["messages"], tokenize=False)
        prompt, response = pair_of(row)
        assert text == f"<user>{prompt}</s><assistant>{response}</s>"


def test_the_embedded_teachers_own_template_takes_the_messages(folders: dict[str, Path]) -> None:
    cache = Path(os.environ.get("POLYGLOT_CACHE", Path.home() / ".cache" / "polyglot-assets"))
    found = next(iter(sorted(cache.glob("smollm2-135m-instruct*/tokenizer_config.json"))), None)
    if found is None:
        pytest.skip("the embedded teacher was not unpacked here; `polyglot demo` does it")
    from transformers import AutoTokenizer

    teacher = AutoTokenizer.from_pretrained(found.parent)
    for form in ("messages", "prompt-completion"):
        for row in pq.read_table(folders[form] / "data").to_pylist():
            chat = row["messages"] if form == "messages" else row["prompt"] + row["completion"]
            text = teacher.apply_chat_template(chat, tokenize=False)
            prompt, response = pair_of(row)
            assert f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n{response}<|im_end|>" in text


def test_trl_sees_in_each_format_what_it_is(folders: dict[str, Path], tmp_path: Path) -> None:
    utilities = pytest.importorskip("trl.data_utils", reason="TRL is not installed")
    expected = {"messages": True, "sharegpt": False, "prompt-completion": True, "prompt-completion-text": False}
    for form, conversational in expected.items():
        for row in loaded(folders[form], tmp_path / form):
            assert utilities.is_conversational(row) is conversational
            assert utilities.is_conversational_from_value(row) is (form == "sharegpt")
            if conversational:
                texts = utilities.apply_chat_template(row, tokenizer([]))
                prompt, response = pair_of(row)
                whole = texts["text"] if form == "messages" else texts["prompt"] + texts["completion"]
                assert whole == f"<user>{prompt}</s><assistant>{response}</s>"


def test_sharegpt_is_not_for_trl_as_its_description_says(folders: dict[str, Path], tmp_path: Path) -> None:
    utilities = pytest.importorskip("trl.data_utils", reason="TRL is not installed")
    row = utilities.maybe_convert_to_chatml(loaded(folders["sharegpt"], tmp_path)[0])
    assert [turn["role"] for turn in row["messages"]] == ["human", "gpt"], "no roles of a chat template"


@pytest.mark.parametrize("form", ["messages", "prompt-completion", "prompt-completion-text"])
def test_trl_trains_a_step_on_it(folders: dict[str, Path], form: str, tmp_path: Path) -> None:
    trl = pytest.importorskip("trl", reason="TRL is not installed")
    from transformers import LlamaConfig, LlamaForCausalLM

    rows = loaded(folders[form], tmp_path / "cache")
    words = tokenizer([text for row in rows for text in pair_of(row)])
    size = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(words), pad_token_id=0, eos_token_id=2, **size))
    options = trl.SFTConfig(
        output_dir=str(tmp_path / "out"), max_steps=1, per_device_train_batch_size=2, report_to="none", use_cpu=True,
        save_strategy="no", disable_tqdm=True, bf16=False, gradient_checkpointing=False,
    )  # fmt: skip
    trainer = trl.SFTTrainer(model=model, args=options, train_dataset=rows, processing_class=words)
    first = trainer.train_dataset[0]
    _, response = pair_of(rows[0])
    learned = [word for word in first.get("labels", first["input_ids"]) if word >= 0]
    if form != "messages":
        assert words.decode(learned).replace("</s>", "").split() == response.split(), "the answer alone is learned"
    assert trainer.train().global_step == 1
