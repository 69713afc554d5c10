"""The corpus of benchmarks/duplicates.py: made-up text in nine languages with planted duplicates.

Words are strings of syllables of each language's script, drawn with Zipf frequencies; Japanese has no spaces. 70% of
the rows are originals. The others copy one of them: 10% exactly, 7% written differently (decomposed letters, upper
case, white space, full width), 13% with 1, 2, 3, 5 or 10% of the words (in Japanese: characters) replaced.
"""

import random
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SHARES = {"en": 32, "ja": 12, "de": 10, "es": 10, "ar": 8, "id": 8, "ko": 8, "cs": 6, "tl": 6}
EDITS = (1, 2, 3, 5, 10)
SOURCES = ("OpenAssistant/oasst2", "CohereLabs/aya_collection", "allenai/WildChat-4.8M")
TEACHERS = ("first-teacher", "second-teacher")
_BASE, _EXACT, _WRITTEN, _NEAR = 0.70, 0.10, 0.07, 0.13
_WORDS = 30_000
_ROWS_AT_ONCE = 5000

_LETTERS = {
    "en": ("bcdfghklmnprstvwz", "aeiouy"),
    "de": ("bdfghklmnprstwzß", "aeiouäöü"),
    "es": ("bcdfghlmnñprstvz", "aeiouáéíó"),
    "cs": ("bcčdhjklmnprřsštvzž", "aeiouyáéíýě"),
    "id": ("bdghjklmnprstw", "aeiou"),
    "tl": ("bdghklmnpstwy", "aiou"),
    "ar": ("بتثجحخدرزسشصطعغفقكلمنهوي", "اوي"),
}


@dataclass(frozen=True)
class Row:
    """A row and how it came about: `how` is base, exact, written or the percentage of edited words."""

    identifier: str
    source: str
    teacher: str
    prompt: str
    response: str
    how: str
    original: str


def words_of(language: str) -> list[str]:
    """The vocabulary of a language, most frequent first; for Japanese single characters."""
    rng = random.Random(language)  # noqa: S311 reproducible text, not a secret
    if language == "ja":
        kana = [chr(code) for code in range(0x3042, 0x3094)]
        return kana + rng.sample([chr(code) for code in range(0x4E00, 0x5E00)], 2500)
    words: dict[str, None] = {}
    while len(words) < _WORDS:
        if language == "ko":
            word = "".join(chr(rng.randrange(0xAC00, 0xD7A3)) for _ in range(rng.randint(1, 3)))
        else:
            heads, tails = _LETTERS[language]
            word = "".join(rng.choice(heads) + rng.choice(tails) for _ in range(rng.randint(1, 4)))
        words[word] = None
    return list(words)


class Writer:
    """Writes the texts of one language."""

    def __init__(self, language: str, seed: int) -> None:
        self._words = np.array(words_of(language), dtype=object)
        self._chances = np.cumsum(1 / np.arange(1, len(self._words) + 1))
        self._numbers = np.random.default_rng([seed, len(language), *language.encode()])
        self._unspaced = language == "ja"
        self._language = language
        self._rng = random.Random(f"{language}{seed}")  # noqa: S311 reproducible

    def rows(self, count: int) -> Iterator[Row]:
        """`count` rows, originals and copies mixed."""
        originals: list[tuple[str, list[Any], list[Any]]] = []
        made = 0
        while made < count:
            number = min(_ROWS_AT_ONCE, count - made)
            fresh = iter(self._texts(2 * number))
            for _ in range(number):
                chance = self._rng.random()
                if chance < _BASE or not originals:
                    yield self._original(originals, next(fresh), next(fresh), made)
                else:
                    yield self._copy(self._rng.choice(originals), chance, made)
                made += 1

    def _drawn(self, count: int) -> Any:
        return self._words[np.searchsorted(self._chances, self._numbers.random(count) * self._chances[-1])]

    def _texts(self, count: int) -> list[list[Any]]:
        """Texts as lists of words: 10 to 40 for a prompt, 30 to 150 for the response after it."""
        sizes: Any = np.where(
            np.arange(count) % 2 == 0, *self._numbers.integers([[10], [30]], [[41], [151]], (2, count))
        )
        if self._unspaced:
            sizes *= 2
        drawn = self._drawn(int(sizes.sum()))
        return [part.tolist() for part in np.split(drawn, np.cumsum(sizes)[:-1])]

    def _row(self, number: int, prompt: str, response: str, how: str, original: str | None = None) -> Row:
        identifier = blake2b(f"{self._language} {number}".encode(), digest_size=16).hexdigest()
        source, teacher = SOURCES[number % 7 % 3], TEACHERS[0]
        return Row(identifier, source, teacher, prompt, response, how, original or identifier)

    def _joined(self, words: Sequence[Any]) -> str:
        if self._unspaced:
            return "".join(words) + "。"
        text = " ".join(words)
        return text[:1].upper() + text[1:] + "."

    def _original(self, originals: list[Any], prompt: list[Any], response: list[Any], number: int) -> Row:
        row = self._row(number, self._joined(prompt), self._joined(response), "base")
        originals.append((row.identifier, prompt, response))
        return row

    def _copy(self, original: tuple[str, list[Any], list[Any]], chance: float, number: int) -> Row:
        identifier, prompt, response = original
        if chance < _BASE + _EXACT:
            return self._row(number, self._joined(prompt), self._joined(response), "exact", identifier)
        if chance < _BASE + _EXACT + _WRITTEN:
            way = self._rng.randrange(4)
            asked, answer = (_written(self._joined(words), way) for words in (prompt, response))
            return self._row(number, asked, answer, "written", identifier)
        percent = self._rng.choice(EDITS)
        words = prompt + response
        for place in self._rng.sample(range(len(words)), max(1, round(len(words) * percent / 100))):
            words[place] = str(self._drawn(1)[0])
        asked, answer = self._joined(words[: len(prompt)]), self._joined(words[len(prompt) :])
        return self._row(number, asked, answer, f"{percent}%", identifier)


def _written(text: str, way: int) -> str:
    """The same text, written differently."""
    if way == 0:
        return unicodedata.normalize("NFD", text)
    if way == 1:
        return text.upper()
    if way == 2:
        return "  " + text.replace(" ", "\n") + "\t"
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


SCHEMA = pa.schema([(name, pa.string()) for name in ("id", "source", "teacher", "prompt", "response")])
TRUTH = pa.schema([(name, pa.string()) for name in ("id", "language", "how", "original")])
STRATEGIES = ("generate", "respond", "translate")
"""Each language's rows are dealt out: 5% are `translate`, which is the part that comes later."""


def write(folder: Path, rows: int, seed: int = 0) -> None:
    """Writes raw/language=…/strategy=…/cell.parquet and truth.parquet below `folder`."""
    draft = folder.with_name(f"{folder.name}.part")
    truth: dict[str, list[str]] = {name: [] for name in TRUTH.names}
    for language, share in SHARES.items():
        cells: dict[str, list[Row]] = {strategy: [] for strategy in STRATEGIES}
        for number, row in enumerate(Writer(language, seed).rows(rows * share // 100)):
            cells["translate" if number % 20 == 19 else STRATEGIES[number % 2]].append(row)
            for name, value in zip(TRUTH.names, (row.identifier, language, row.how, row.original), strict=True):
                truth[name].append(value)
        for strategy, own in cells.items():
            path = draft / "raw" / f"language={language}" / f"strategy={strategy}" / "cell.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            own.sort(key=lambda row: row.identifier)
            columns = {
                "id": [row.identifier for row in own],
                "source": [row.source for row in own],
                "teacher": [row.teacher for row in own],
                "prompt": [row.prompt for row in own],
                "response": [row.response for row in own],
            }
            pq.write_table(pa.table(columns, schema=SCHEMA), path, compression="zstd", row_group_size=1 << 14)
    pq.write_table(pa.table(truth, schema=TRUTH), draft / "truth.parquet", compression="zstd")
    draft.rename(folder)
