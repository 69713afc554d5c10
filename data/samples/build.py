"""Writes the sample seeds in each source's native shape from the texts in texts/<language>.jsonl.

    python data/samples/build.py

The texts are written for this project and say what a row is about; this script adds what the real datasets carry
around it (ids, flags, language names, file formats), so that the adapters read samples and originals alike. The
result is tracked: running it again changes nothing.
"""

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
NAMES = {
    "ar": "Arabic", "cs": "Czech", "de": "German", "en": "English", "es": "Spanish", "id": "Indonesian",
    "ja": "Japanese", "tl": "Tagalog",
}  # fmt: skip
Row = dict[str, Any]


def fake_id(*parts: object) -> str:
    """32 hex digits that stand for an id the original dataset would bring."""
    return hashlib.md5(json.dumps(parts, ensure_ascii=False).encode(), usedforsecurity=False).hexdigest()


def dashed(digits: str) -> str:
    """An id in UUID form."""
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def wildchat(language: str, row: Row, index: int) -> Row:
    """One conversation of allenai/WildChat-4.8M; flags stand on the row and on each turn."""
    toxic, redacted = row.get("toxic", False), row.get("redacted", False)
    turns = [
        {
            **turn,
            "language": NAMES[language],
            "toxic": toxic,
            "redacted": redacted,
            "turn_identifier": index * 10 + n,
        }
        for n, turn in enumerate(row["turns"])
    ]
    return {
        "conversation_hash": fake_id("wildchat", row["turns"]),
        "model": "gpt-4o-mini-2024-07-18",
        "conversation": turns,
        "turn": len([turn for turn in turns if turn["role"] == "user"]),
        "language": NAMES[language],
        "toxic": toxic,
        "redacted": redacted,
        "country": None,
    }


def messages_of_tree(language: str, node: Row, root: str | None = None, parent: str | None = None) -> list[Row]:
    """The message rows of an OpenAssistant tree, root first."""
    message_id = dashed(fake_id("oasst2", parent, node["text"]))
    root = root or message_id
    row = {
        "message_id": message_id,
        "parent_id": parent,
        "text": node["text"],
        "role": "prompter",
        "lang": language,
        "review_count": 3,
        "review_result": node.get("reviewed", True),
        "deleted": node.get("deleted", False),
        "rank": node.get("rank") if parent else None,
        "synthetic": False,
        "message_tree_id": root,
        "tree_state": "ready_for_export",
    }
    rows = [row]
    for reply in node.get("replies", []):
        below = messages_of_tree(language, reply, root, message_id)
        rows += below
    return rows


def oasst2(language: str, row: Row, index: int) -> list[Row]:
    """All messages of one tree; roles alternate with the depth."""
    rows = messages_of_tree(language, row["tree"])
    depth = {None: -1}
    for message in rows:
        depth[message["message_id"]] = depth[message["parent_id"]] + 1
        message["role"] = "prompter" if depth[message["message_id"]] % 2 == 0 else "assistant"
    return rows


def sharegpt(turns: list[Row]) -> list[Row]:
    """Turns with the keys `from` and `value`."""
    names = {"user": "human", "assistant": "gpt", "system": "system"}
    return [{"from": names[turn["role"]], "value": turn["content"]} for turn in turns]


def euroblocks(language: str, row: Row, index: int) -> Row:
    """One row of utter-project/EuroBlocks-SFT-Synthetic-1124."""
    return {
        "conversations": sharegpt(row["turns"]),
        "dataset": row["dataset"],
        "language": row.get("language", NAMES[language]),
    }


def magpie_pro(language: str, row: Row, index: int) -> Row:
    """One row of Magpie-Align/Magpie-Pro-300K-Filtered."""
    return {"conversations": sharegpt(row["turns"]), "uuid": dashed(fake_id("magpie", index))}


def helpsteer3(language: str, row: Row, index: int) -> Row:
    """One row of nvidia/HelpSteer3, subset preference."""
    fields = ("context", "response1", "response2", "overall_preference")
    score = row["overall_preference"]
    return {
        "domain": "multilingual" if row["language"] != "english" else "general",
        "language": row["language"],
        **{name: row[name] for name in fields},
        "individual_preference": [{"score": score, "reasoning": "", "feedback1": "", "feedback2": ""}],
    }


def aya(language: str, row: Row, index: int) -> Row:
    """One row of CohereLabs/aya_collection, subset aya_dataset."""
    return {
        "id": 1000 * sorted(NAMES).index(language) + index,
        "inputs": row["inputs"],
        "targets": row["targets"],
        "dataset_name": "Aya-Dataset",
        "task_type": "original-annotations",
        "language": row["language"],
        "split": "train",
        "script": {"arb": "Arab", "arz": "Arab", "jpn": "Jpan"}.get(row["language"], "Latn"),
    }


def cidar(language: str, row: Row, index: int) -> Row:
    """One row of arbml/CIDAR, whose index runs past its number of rows."""
    return {"output": row["output"], "instruction": row["instruction"], "index": 10_000 + 3 * index}


def plain(*names: str) -> Callable[[str, Row, int], Row]:
    """A row that keeps just the named fields."""
    return lambda language, row, index: {name: row[name] for name in names}


def cendol(language: str, row: Row, index: int) -> Row:
    """One row of indonlp/cendol_collection_v2."""
    names = ("dataset_name", "subset_name", "prompt_id", "template_name", "input", "output")
    return {**{name: row[name] for name in names}, "dataset_key": "train"}


PARQUET = "data/train-00000-of-00001.parquet"
SHAPES: dict[str, tuple[str, Callable[[str, Row, int], Any]]] = {
    "wildchat": (f"allenai__WildChat-4.8M/{PARQUET}", wildchat),
    "gsm8k": ("openai__gsm8k/main/train-00000-of-00001.parquet", plain("question", "answer")),
    "magpie_pro": (f"Magpie-Align__Magpie-Pro-300K-Filtered/{PARQUET}", magpie_pro),
    "helpsteer3": ("nvidia__HelpSteer3/preference/train.jsonl.gz", helpsteer3),
    "oasst2": (f"OpenAssistant__oasst2/{PARQUET}", oasst2),
    "euroblocks": (f"utter-project__EuroBlocks-SFT-Synthetic-1124/{PARQUET}", euroblocks),
    "aya": ("CohereLabs__aya_collection/aya_dataset/train-00000-of-00001.parquet", aya),
    "cidar": (f"arbml__CIDAR/{PARQUET}", cidar),
    "cendol": (f"indonlp__cendol_collection_v2/{PARQUET}", cendol),
    "alpaca_filipino": (
        f"saillab__alpaca-filipino-cleaned/{PARQUET}",
        plain("instruction", "input", "output"),
    ),
}


def write(path: Path, rows: list[Row]) -> None:
    """Writes Parquet or gzipped JSON lines, by the file's name; equal rows give equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        path.write_bytes(gzip.compress(lines.encode(), mtime=0))
    else:
        pq.write_table(pa.Table.from_pylist(rows), path, compression="zstd")


def native_rows() -> dict[str, list[Row]]:
    """The rows of every source in native shape, languages in alphabetical order."""
    rows: dict[str, list[Row]] = {source: [] for source in SHAPES}
    for path in sorted((HERE / "texts").glob("*.jsonl")):
        for index, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
            text = json.loads(line)
            made = SHAPES[text["source"]][1](path.stem, text, index)
            rows[text["source"]] += made if isinstance(made, list) else [made]
    return rows


def main() -> None:
    """Writes all files and says how many rows each holds."""
    for source, rows in native_rows().items():
        path = HERE / SHAPES[source][0]
        write(path, rows)
        print(f"{len(rows):5d}  {path.relative_to(HERE)}")


if __name__ == "__main__":
    main()
