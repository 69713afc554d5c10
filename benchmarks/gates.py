"""Promise: all gates together cost at most six times the language detector alone, and they rarely err.

Printed are the cost of each gate on real answers cut to 600 characters; the share of real answers that each gate
rejects at the default thresholds, per language, which is the false-rejection rate (an answer of a good model that
declines or is in English is rightly rejected; the numbers of those are in them); and the share of damaged answers
that it catches. The damage is planted by the script into the same answers.

Needs the texts that language_id.py names, in the same folder. Without them the script says so and ends.
"""

import random
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from language_id import Texts, folder, texts
from promises import promise

from polyglot_assets.domain.grid import LANGUAGES
from polyglot_assets.gates.debris import debris
from polyglot_assets.gates.gate import Pair
from polyglot_assets.gates.language import LanguageLimits
from polyglot_assets.gates.leakage import leaked_words
from polyglot_assets.gates.length import measured_length
from polyglot_assets.gates.personal import personal_data
from polyglot_assets.gates.reading import read
from polyglot_assets.gates.refusal import refusal_share
from polyglot_assets.gates.registry import NAMES, assess
from polyglot_assets.gates.repetition import repeated_share
from polyglot_assets.inference.engine import Completion
from polyglot_assets.prompts import templates
from polyglot_assets.responses.outcomes import judge
from polyglot_assets.text.languages import identify

if TYPE_CHECKING:
    from pathlib import Path

SETS = ("answers", "encyclopedia", "quiz", "news", "reviews")
"""Sets whose texts could be answers, best first."""
_RNG = random.Random(0)  # noqa: S311 reproducible damage, not a secret


@lru_cache(maxsize=32)
def instructions(language: str) -> tuple[str, str]:
    """The template of `respond` as the teacher sees it."""
    return templates.load()["respond"].renderer(language)("\n")


def outcome(text: str, language: str) -> str:
    """The outcome of an answer in a respond cell."""
    system, user = instructions(language)
    row = {"strategy": "respond", "language": language, "seed_language": language, "prompt": "?", "prompt_key": "",
           "system_prompt": system, "synth_prompt": user}  # fmt: skip
    return judge(row, Completion("r", text, "stop")).outcome


def cost(found: Texts) -> None:
    """Prints µs of CPU per answer and gate."""
    print("µs of CPU for an answer of 600 characters")
    ratios = {}
    for language in ("cs", "de", "es", "ja", "ar"):
        rows = found.get((language, "answers"), found.get((language, "encyclopedia"), []))
        cut = [text[:600] for text in rows if len(text) >= 600][:400]
        gates: dict[str, Callable[[str], object]] = {
            "detector": identify,
            "leakage": lambda text, code=language: leaked_words(text, instructions(code)),  # type: ignore[misc]
            "debris": debris,
            "repetition": repeated_share,
            "refusal": lambda text, code=language: refusal_share(text, code),  # type: ignore[misc]
            "language": lambda text, code=language: read(text, code, LanguageLimits().language_likelihood),  # type: ignore[misc]
            "length": measured_length,
            "personal_data": lambda text, code=language: personal_data(text, code),  # type: ignore[misc]
            "all": lambda text, code=language: assess(  # type: ignore[misc]
                Pair(code, "?", text, invented=False, instructions=instructions(code))
            ),
        }
        spent = {name: _seconds(gate, cut) / len(cut) * 1e6 for name, gate in gates.items()}
        detector = spent.pop("detector")
        shown = ", ".join(f"{name} {used:.0f}" for name, used in spent.items())
        print(
            f"  {language} ({len(cut)} answers): {shown}: {spent['all'] / detector:.1f} × the detector ({detector:.0f})"
        )
        ratios[language] = spent["all"] / detector
    found_ratios = ", ".join(f"{language} {ratio:.1f}" for language, ratio in ratios.items())
    promise("all gates against the language detector alone, answers of 600 characters", "≤ 6 times", found_ratios)


def _seconds(gate: Callable[[str], object], rows: list[str]) -> float:
    gate(rows[0])
    started = time.process_time()
    for text in rows:
        gate(text)
    return time.process_time() - started


def rejections(found: Texts) -> None:
    """Prints the share of real texts that end otherwise than ok."""
    print("\nreal text by outcome (%)")
    for (language, name), rows in sorted(found.items()):
        if name in SETS and language in (*LANGUAGES, "ko", "en"):
            ends = [outcome(text, language) for text in rows]
            shares = {end: 100 * ends.count(end) / len(ends) for end in sorted(set(ends) - {"ok"})}
            print(
                f"  {language} {name} ({len(rows)}): "
                + (", ".join(f"{e} {s:.2f}" for e, s in shares.items()) or "all ok")
            )


def _loop(text: str, _: str) -> str:
    start = text[: max(120, len(text) // 3)]
    return start + " " + (start[:80] + " ") * 5


def _word_loop(text: str, _: str) -> str:
    return text[:200] + " " + (text[:9].strip() + " ") * 40


def _token(text: str, _: str) -> str:
    token = _RNG.choice(
        ["<|im_end|>", "<|eot_id|>\n", "[/INST]", " </s>", "<end_of_turn>", "\n### Response:\n", "\ufffd\ufffd"]
    )
    return text[:100] + token + text[100:]  # at the very end some of them only end the answer


def _leak(text: str, language: str) -> str:
    sentences = [part for part in " ".join(instructions(language)).split(". ") if len(part.split()) >= 8]
    return _RNG.choice(sentences).strip() + ".\n\n" + text


def _english(text: str, _: str) -> str:
    english = "The committee met again on Thursday and decided that the bridge should be repaired before winter. "
    return text[:300] + "\n\n" + english * (1 + len(text[:300]) // 60)


def _personal(text: str, _: str) -> str:
    data = [
        "maria.novak82@gmail.com",
        "+49 171 9876543",
        "4539 1488 0343 6467",
        "GB94 BARC 1020 1530 0934 59",
        "84.112.57.203",
    ]
    return f"{text[:200]} {_RNG.choice(data)} {text[200:]}"


PLANTED: dict[str, tuple[Callable[[str, str], str], tuple[str, ...]]] = {
    "a passage five times": (_loop, ("repetitive",)),
    "a word forty times": (_word_loop, ("repetitive",)),
    "chat-template token": (_token, ("debris",)),
    "sentence of the template": (_leak, ("leaked",)),
    "half of it English": (_english, ("wrong_language", "mixed_language", "repetitive")),
    "personal data": (_personal, ("personal_data",)),
}


def catches(found: Texts) -> None:
    """Prints the share of damaged texts that are caught under the right name."""
    print("\nplanted damage that is caught (%)")
    for language in LANGUAGES:
        rows = next(found[language, name] for name in SETS if (language, name) in found)
        good = [text for text in rows if len(text) >= 150 and "```" not in text and outcome(text, language) == "ok"][
            :200
        ]
        shares = {
            name: 100 * sum(outcome(damage(text, language), language) in right for text in good) / len(good)
            for name, (damage, right) in PLANTED.items()
        }
        print(f"  {language} ({len(good)}): " + ", ".join(f"{name} {share:.1f}" for name, share in shares.items()))


def main() -> None:
    """Measures and prints."""
    data: Path = folder()
    if not (data / "lid_pud.jsonl").is_file():
        print(f"gates: skipped, the texts are not there: {data} (give the folder as the first argument)")
        return
    found = texts(data)
    print(f"gates in their order: {', '.join(NAMES)}")
    cost(found)
    rejections(found)
    catches(found)


if __name__ == "__main__":
    main()
