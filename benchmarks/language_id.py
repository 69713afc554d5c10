"""Promise: the language gate keeps text that is in the asked language and catches text that is not.

At the default thresholds, on texts that other people wrote: at most 1 % of correct text is rejected in any language of
the grid, and at least 99 % of English text of a hundred letters and more is caught in every other language's cell.

Of texts of ten sentences, in the grid and thirteen more languages: at most 1 % of correct text is rejected, at most
2 % of text in any other language is kept unless it is a near relative, and of text that is English in every other
sentence at least 90 % is caught, as of text whose first or last three sentences are English; where no detector knows
the asked language at least 85 % of text that is English, French or Swahili in every other sentence. Of two English
sentences at an end the share is printed: what is caught depends on how long they are.

Printed are that table (all there is with --texts-only), the confusion table of fastText alone, then for every language
of the grid what the gate does with correct text (by data set, short and long) and with text in other languages.

Needs the texts named below in a folder: the first argument, else $POLYGLOT_TEXTS, else ../shared/data beside the
checkout. Without it the script says so and ends.
"""

import csv
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
from promises import promise

from polyglot_assets.domain.grid import LANGUAGES
from polyglot_assets.gates.language import LanguageLimits
from polyglot_assets.gates.reading import read
from polyglot_assets.text.languages import DENSE_SCRIPTS, DENSE_WEIGHT, count_scripts, identify, same_to_detectors

CHECKOUT = Path(__file__).parent.parent
LIMITS = LanguageLimits()
LONG = 100
"""Letters from which on a text counts as long; those below the gate's minimum are never rejected."""
ROWS = 1500
"""Texts of a set that are read at most."""
ASKED = (*LANGUAGES, "ko")
RELATIVES = {"id": ("jv", "su", "min", "ban"), "cs": ("sk",), "es": ("gl", "pt"), "tl": ("ceb", "war"),
             "ar": ("fa", "ur"), "ja": ("zh",), "de": ("nl",)}  # fmt: skip
TEXT_LANGUAGES = (*LANGUAGES, "fr", "pt", "it", "ko", "zh", "ru", "hi", "th", "vi", "tr", "pl", "uk", "sw")
"""Languages of the table of texts of ten sentences."""
NEAR_RELATIVES = {
    "id": {"min", "ace", "ban", "bjn", "mad"},
    "tl": {"pam", "bik"},
    "es": {"ast", "lad", "pap", "ch"},
    "de": {"gsw"},
    "fr": {"oc", "wa", "pcd"},
    "pt": {"kea", "mwl"},
    "it": {"co", "fur", "rm"},
    "zh": {"hak", "gan", "nan", "hsn", "cjy"},
    "sw": {"swb", "zdj"},
    "hi": {"bho", "mag"},
    "tr": {"crh", "gag"},
}
"""Languages that may pass for the asked one; docs/guides/gates.md lists them."""
UNKNOWN = ("mos", "kab", "fon", "dyu", "bm", "ee", "gaa", "bem", "loz", "tzo", "chk")
"""Some of the languages that no detector knows."""
TABLE = (*ASKED, "en", "fr", "jv", "su", "min", "ban", "sk", "pl", "gl", "pt", "nl", "ceb", "war", "fa", "ur", "zh")
"""Languages of the confusion table."""

_NUSAX = {
    "indonesian": "id",
    "javanese": "jv",
    "sundanese": "su",
    "minangkabau": "min",
    "balinese": "ban",
    "english": "en",
}
_SQUADS = {"arcd": "ar", "xquad.ar": "ar", "xquad.de": "de", "xquad.es": "es", "jglue_jsquad_valid": "ja"}
_UNUSUAL_SCRIPTS = ("tl-Tglg", "vi-Hani", "jv-Java", "ha-NE")
_MISLABELLED = ("062", "063", "068")
"""Declarations under `sw` and `fr` that are in Comorian, a dialect and Welche."""

Texts = dict[tuple[str, str], list[str]]


def folder() -> Path:
    """Where the texts are looked for."""
    given = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    chosen = given[0] if given else os.environ.get("POLYGLOT_TEXTS")
    return Path(chosen) if chosen else CHECKOUT.parent / "shared" / "data"


def texts(data: Path) -> Texts:
    """Correct texts by (language, set); code-free, written by people except the model answers of `answers`."""
    found: Texts = defaultdict(list)
    _add_parallel_texts(found, data)
    _add_chats(found, data)
    for code in ("en", "id", "tl"):
        for row in _json_lines(data / f"seahelm_global_mmlu_lite_{code}.jsonl"):
            found[code, "quiz"].append(row["prompts"][0]["question"])
    for name, code in _SQUADS.items():
        for passage in _squad(data / f"{name}.json"):
            found[code, "encyclopedia"].append(passage["context"].rpartition(" [SEP] ")[2])  # without a title
            found[code, "questions"] += [entry["question"] for entry in passage["qas"]]
            found[code, "names"] += [entry["answers"][0]["text"] for entry in passage["qas"] if entry["answers"]]
    for code in ("cs", "de", "es", "ja"):
        found[code, "answers"] = [row["response"] for row in _json_lines(data / f"benchmax_arenahard_{code}.jsonl")]
    return {key: rows[:ROWS] for key, rows in found.items()}


def _add_parallel_texts(found: Texts, data: Path) -> None:
    for row in _json_lines(data / "lid_pud.jsonl"):
        found[row["lang"], "news"].append(row["text"])
    for row in pq.read_table(data / "lid_udhr.parquet", columns=["code", "lang", "text"]).to_pylist():
        if row["lang"] not in _UNUSUAL_SCRIPTS and row["code"] not in _MISLABELLED:
            found[row["lang"].split("-")[0], "rights"].append(row["text"])
    with (data / "nusax_mt_train.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            for name, code in _NUSAX.items():
                found[code, "reviews"].append(line[name])


def _add_chats(found: Texts, data: Path) -> None:
    for code in ("de", "en", "es", "fr", "ja"):
        rows = pq.read_table(data / f"chitchat_{code}.parquet", columns=["instruction", "output"])
        # Many questions are variations of one, so every twentieth is enough.
        found[code, "chat questions"] = sorted(set(rows.column("instruction").to_pylist()))[::20]
        found[code, "chat answers"] = sorted(set(rows.column("output").to_pylist()))
    with (data / "korean_chatbot.csv").open(encoding="utf-8", newline="") as file:
        found["ko", "chat answers"] = sorted({line["A"] for line in csv.DictReader(file)})


def _json_lines(path: Path) -> Iterator[dict]:  # type: ignore[type-arg]
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _squad(path: Path) -> Iterator[dict]:  # type: ignore[type-arg]
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        yield from article["paragraphs"]


def is_long(text: str) -> bool:
    """Whether a text has so many letters that the detector's word counts in full."""
    return sum(map(str.isalpha, text)) >= LONG


def is_rejected(text: str, language: str) -> bool:
    """What the gate does at the default thresholds, whether as wrong_language or as mixed_language."""
    return (read(text, language, LIMITS.language_likelihood).foreign_share or 0) >= LIMITS.foreign_share


def confusion(found: Texts) -> None:
    """Prints true language × detected language in percent of the texts with a verdict."""
    print("Confusion of the detector (row: true, column: found; % of the texts with a verdict, sets of sentences)")
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for (language, name), rows in found.items():
        if language in TABLE and name in ("news", "rights", "reviews", "quiz", "encyclopedia"):
            counts[language].update(code for text in rows if (code := identify(text).code))
    columns = [*TABLE, "other"]
    print("      n " + "".join(f"{code:>6}" for code in columns))
    for language in TABLE:
        total = counts[language].total()
        if not total:
            continue
        shares = {code: counts[language][code] / total for code in TABLE}
        shares["other"] = 1 - sum(shares.values())
        cells = "".join(f"{100 * shares[code]:6.1f}" if shares[code] > 0.0005 else "     ·" for code in columns)
        print(f"{language:>3} {total:>4} {cells}")


def false_rejections(found: Texts) -> float:
    """Prints the share of correct text that the gate rejects; returns the worst over whole languages."""
    print(
        "\nCorrect text that the gate rejects (%, by set; short: under 100 letters). `names` are bare names and terms"
    )
    print("in questions about them; `answers` are model answers, some of which are English because the task was.")
    worst = 0.0
    for language in ASKED:
        parts, rejected, total = [], 0, 0
        for (code, name), rows in sorted(found.items()):
            if code != language:
                continue
            verdicts = [(is_long(text), is_rejected(text, language)) for text in rows]
            for label, size in (("short", False), ("long", True)):
                chosen = [bad for long, bad in verdicts if long is size]
                if len(chosen) >= 20:
                    parts.append(f"{name} {label} {100 * sum(chosen) / len(chosen):.2f} of {len(chosen)}")
            if name not in ("names", "answers"):
                rejected += sum(bad for _, bad in verdicts)
                total += len(verdicts)
        worst = max(worst, rejected / total)
        print(f"{language:>3} all but names and answers: {100 * rejected / total:.2f} of {total}  ({'; '.join(parts)})")
    return worst


def catches(found: Texts) -> float:
    """Prints the share of long text in other languages that the gate catches; returns the least for English."""
    print("\nText of at least 100 letters in another language that the gate catches (%)")
    least = 1.0
    long = {
        language: [text for (code, name), rows in found.items() if code == language and name != "answers"
                   for text in rows if is_long(text)][:ROWS]
        for language in (*TABLE,)
    }  # fmt: skip
    for asked in ASKED:
        shares = {}
        for language, rows in long.items():
            if language != asked and rows:
                shares[language] = sum(is_rejected(text, asked) for text in rows) / len(rows)
        least = min(least, shares["en"])
        others = [share for code, share in shares.items() if code in LANGUAGES]
        relatives = ", ".join(f"{code} {100 * shares[code]:.1f}" for code in RELATIVES.get(asked, ()) if code in shares)
        print(f"{asked:>3} English {100 * shares['en']:.2f}; least of the grid's languages {100 * min(others):.2f}; "
              f"relatives: {relatives or 'none'}")  # fmt: skip
    return least


def of_ten_sentences(rows: list[str], number: int) -> list[list[str]]:
    """Up to `number` texts of ten neighbouring sentences each; they overlap where there are few sentences."""
    chosen = [row for row in rows if len(row) > 25]
    step = min(10, max(1, (len(chosen) - 10) // number))
    return [chosen[start : start + 10] for start in range(0, len(chosen) - 9, step)][:number]


def alternating(sentences: list[str], others: list[tuple[float, str]]) -> str:
    """The first five of `sentences`, each followed by the one of `others` that is next to it in size."""
    return " ".join(text for own in sentences[:5] for text in (own, _of_its_size(own, others)))


def with_foreign_end(sentences: list[str], others: list[tuple[float, str]], number: int = 3) -> str:
    """Ten sentences, of which the last `number` are the ones of `others` that are next to them in size."""
    return " ".join([*sentences[:-number], *(_of_its_size(own, others) for own in sentences[-number:])])


def with_foreign_beginning(sentences: list[str], others: list[tuple[float, str]], number: int = 3) -> str:
    """Ten sentences, of which the first `number` are the ones of `others` that are next to them in size."""
    return " ".join([*(_of_its_size(own, others) for own in sentences[:number]), *sentences[number:]])


def _of_its_size(sentence: str, others: list[tuple[float, str]]) -> str:
    size = _size(sentence)
    return min((abs(other - size), text) for other, text in others)[1]


def _size(text: str) -> float:
    scripts = count_scripts(text)
    return sum(number * (DENSE_WEIGHT if name in DENSE_SCRIPTS else 1) for name, number in scripts.items())


def ten_sentences(found: Texts) -> tuple[float, float, float, float]:
    """Prints the table of texts of ten sentences; returns its worst figures."""
    sources = ("news", "rights", "reviews")
    others = {
        code: [" ".join(text) for name in sources for text in of_ten_sentences(found.get((code, name), []), 5)]
        for code in sorted({code for code, name in found if name in sources})
        if len(code) == 2 or any(code in near for near in NEAR_RELATIVES.values())
    }
    english = [(_size(text), text) for text in found["en", "news"][::5]]
    print(f"\nTexts of ten sentences, {len(others)} languages (%)")
    worst = [0.0, 0.0, 1.0, 1.0]
    for asked in TEXT_LANGUAGES:
        parts = [text for name in sources for text in of_ten_sentences(found.get((asked, name), []), 20)]
        correct = ["".join(part) if asked in ("ja", "zh") else " ".join(part) for part in parts]
        rejected = sum(is_rejected(text, asked) for text in correct) / len(correct)
        caught, last, first, last_two, first_two = (
            sum(is_rejected(mix(part, english), asked) for part in parts) / len(parts)
            for mix in (
                alternating,
                with_foreign_end,
                with_foreign_beginning,
                partial(with_foreign_end, number=2),
                partial(with_foreign_beginning, number=2),
            )
        )
        kept = {
            code: sum(not is_rejected(text, asked) for text in rows) / len(rows)
            for code, rows in others.items()
            if rows and code != asked
        }
        near = NEAR_RELATIVES.get(asked, set()) | same_to_detectors(asked)
        far = {code: share for code, share in kept.items() if code not in near}
        ends = min(last, first)
        worst = [max(worst[0], rejected), max(worst[1], *far.values()), min(worst[2], caught), min(worst[3], ends)]
        named = ", ".join(f"{code} {100 * share:.0f}" for code, share in kept.items() if share > 0.02)
        print(f"{asked:>3} correct rejected {100 * rejected:.1f} of {len(correct)}; every other sentence English "
              f"caught {100 * caught:.0f}, last three {100 * last:.0f}, first three {100 * first:.0f}, last two "
              f"{100 * last_two:.0f}, first two {100 * first_two:.0f}; kept: {named or 'none'}",
              flush=True)  # fmt: skip
    return worst[0], worst[1], worst[2], worst[3]


def unknown_languages(found: Texts) -> float:
    """Prints what is caught in the cells of languages that no detector knows; returns the least share."""
    least = 1.0
    for foreign in ("en", "fr", "sw"):
        rows = [text for name in ("news", "rights") for text in found.get((foreign, name), []) if len(text) > 25]
        others = [(_size(text), text) for text in rows[:: max(1, len(rows) // 200)]]
        parts = [(asked, part) for asked in UNKNOWN for part in of_ten_sentences(found[asked, "rights"], 8)]
        caught = [sum(is_rejected(mix(part, others), asked) for asked, part in parts) / len(parts)
                  for mix in (alternating, with_foreign_end)]  # fmt: skip
        least = min(least, caught[0])
        print(f"{foreign} in {len(parts)} texts of {len(UNKNOWN)} languages that no detector knows: every other "
              f"sentence caught {100 * caught[0]:.0f}, last three {100 * caught[1]:.0f}")  # fmt: skip
    rejected = sum(is_rejected(" ".join(part), asked) for asked, part in parts)
    print(f"correct rejected {rejected} of {len(parts)}")
    return least


def main() -> None:
    """Measures and prints."""
    data = folder()
    if not (data / "lid_pud.jsonl").is_file():
        print(f"language_id: skipped, the texts are not there: {data} (give the folder as the first argument)")
        return
    found = texts(data)
    rejected, kept, caught, ends = ten_sentences(found)
    unknown = unknown_languages(found)
    for what, bar, share in (
        ("correct rejected, the worst language", "≤ 1 %", rejected),
        ("another language kept, near relatives apart", "≤ 2 %", kept),
        ("English in every other sentence caught", "≥ 90 %", caught),
        ("English in three sentences at an end caught", "≥ 90 %", ends),
        ("half of a text in a language that no detector knows caught", "≥ 85 %", unknown),
    ):
        promise(f"language gate, texts of ten sentences: {what}", bar, f"{100 * share:.1f} %")
    if "--texts-only" in sys.argv:
        return
    confusion(found)
    worst, least = false_rejections(found), catches(found)
    real = "language gate, real texts of any length"
    promise(f"{real}: correct rejected, the worst language of the grid", "≤ 1 %", f"{100 * worst:.2f} %")
    promise(f"{real}: English of 100 letters and more caught", "≥ 99 %", f"{100 * least:.2f} %")


if __name__ == "__main__":
    main()
