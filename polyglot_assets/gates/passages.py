"""The passages that a text's language is read in.

Here: cutting a text into sentences, putting neighbours together that may be in one language, and counting letters by
script. Not here: which words are the text's own (own_words.py), and what a passage is in (language.py).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache

from polyglot_assets.gates.own_words import without_names
from polyglot_assets.text.languages import DENSE_SCRIPTS, DENSE_WEIGHT, MIN_LETTERS, script_of, scripts_of, shares

_SENTENCE_END = re.compile(
    r"(?<=[.!?;:؟।])\s+|(?<=[。！？；：])"
    r"|(?<=[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])\s+(?=[A-Z][a-z']* [a-z]+ )"  # scripts without full stops
)
"""Where a line may be cut. A half sentence that a colon ends may be in one language and the rest in another."""
_ITEM = re.compile(r"\s*(?:[-*+•–]|\(?\d{1,3}[.)）]|\|)\s*")
_GLOSS = re.compile(r"[()（）=→|–—]|\s-\s")
_LEAST_HALF = 8
_PASSAGE = 60
"""Letters of a passage at least: below that the detectors err on correct text."""
_PASSAGES = 40
"""About so many passages at most; those of longer texts are longer."""

_DECIDING = {"ja": frozenset({"HIRAGANA", "KATAKANA"}), "ko": frozenset({"HANGUL"}), "th": frozenset({"THAI"}),
             "el": frozenset({"GREEK"}), "he": frozenset({"HEBREW"})}  # fmt: skip
"""Scripts that one language uses, of those that a detector could take for each other."""
_LEAST_DECIDING = 0.04
"""Share of the deciding script among the language's own letters: Chinese has no kana."""
_LEAST_SCRIPT = 0.3
"""Share of a passage's letters that is in the language's script: names and terms are written in Latin everywhere."""
_LATIN_WORDS = 5
_LATIN_SENTENCE = re.compile(rf"[A-Za-z][A-Za-z'’-]*(?:[ ,]+[A-Za-z][A-Za-z'’-]*){{{_LATIN_WORDS - 1},}}")
"""So many Latin words in a row may be a sentence; fewer are a term."""


class _Kinds(dict[str, tuple[float, float, float]]):
    """What each character weighs as a letter, as one of the asked language's scripts, and as one that decides."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._own, self._deciding = scripts_of(language), _DECIDING.get(language, frozenset())

    def __missing__(self, char: str) -> tuple[float, float, float]:
        script = script_of(char)
        weight = 0.0 if script is None else DENSE_WEIGHT if script in DENSE_SCRIPTS else 1.0
        self[char] = kind = weight, weight * (script in self._own), weight * (script in self._deciding)
        return kind


_kinds = lru_cache(maxsize=256)(_Kinds)


class Passage:
    """A part of a text, with its letters: all, in the scripts of the asked language, and in those that decide.

    Attributes:
        text: as it stands in the text.
        line: number of the line that it begins in.
        is_item: whether that is an item of a list or a row of a table.
        sentences: how many sentences or lines it holds.
    """

    def __init__(self, text: str, language: str, line: int = 0, *, is_item: bool = False) -> None:
        self.text, self.line, self.is_item, self.sentences = text, line, is_item, 1
        self._language = language
        self._shares: dict[str, float] | None = None
        kinds = _kinds(language)
        numbers = Counter(map(kinds.__getitem__, text))
        self.letters = self.own_letters = self.deciding_letters = 0.0
        for (weight, own, deciding), number in numbers.items():
            self.letters += weight * number
            self.own_letters += own * number
            self.deciding_letters += deciding * number

    @property
    def is_in_script(self) -> bool:
        """Whether it is written as the asked language is."""
        return self.own_letters >= _LEAST_SCRIPT * self.letters

    @property
    def is_decided(self) -> bool:
        """Whether its script alone says that it is in the asked language."""
        return self.is_in_script and self.deciding_letters > _LEAST_DECIDING * self.own_letters

    @property
    def shares(self) -> dict[str, float]:
        """How CLD2 divides it between languages."""
        if self._shares is None:
            self._shares = shares(self.text)
        return self._shares

    def is_too_little(self) -> bool:
        """Whether no detector could say anything about it."""
        return self.letters < MIN_LETTERS or _is_name(self.text, self.letters)

    def add(self, other: "Passage") -> None:
        """Puts what stands behind this passage into it."""
        self.text = f"{self.text} {other.text}"
        self.sentences += other.sentences
        self.letters += other.letters
        self.own_letters += other.own_letters
        self.deciding_letters += other.deciding_letters
        self._shares = None

    def without_names(self) -> "Passage":
        """The same without titles and names."""
        rest = Passage(without_names(self.text), self._language, self.line, is_item=self.is_item)
        rest.sentences = self.sentences
        return rest

    def halves(self) -> list["Passage"]:
        """The parts that signs between a sentence and its translation divide it into, those of a word left out."""
        parts = [Passage(part, self._language, self.line) for part in _GLOSS.split(self.text)]
        return [part for part in parts if part.letters >= _LEAST_HALF]

    def other_letters(self) -> int:
        """Letters of Latin sentences within a passage that is written otherwise; terms, names and titles are none."""
        if self.is_item or self.letters - self.own_letters < MIN_LETTERS:
            return 0
        runs = (without_names(run) for run in _LATIN_SENTENCE.findall(self.text))
        return sum(sum(map(str.isalpha, run)) for run in runs if run.count(" ") >= _LATIN_WORDS - 1)


def passages(text: str, language: str, are_unlike: Callable[[Passage, Passage], bool]) -> list[Passage]:
    """The sentences of `text`, neighbours put together until they are long enough; a short rest goes with the last.

    Args:
        text: without code and quotations.
        language: the asked one.
        are_unlike: whether two neighbours are in different languages, so that they do not come together.
    """
    at_least = max(_PASSAGE, len(text) // _PASSAGES)
    found: list[Passage] = []
    for sentence in _sentences(text, language):
        if found and len(found[-1].text) < at_least and not are_unlike(found[-1], sentence):
            found[-1].add(sentence)
        else:
            found.append(sentence)
    if len(found) > 1 and len(found[-1].text) < _PASSAGE and not are_unlike(found[-2], found[-1]):
        rest = found.pop()
        found[-1].add(rest)
    return found


def _sentences(text: str, language: str) -> Iterator[Passage]:
    for number, line in enumerate(text.split("\n")):
        item = _ITEM.match(line)
        for sentence in _SENTENCE_END.split(line[item.end() :] if item else line):
            if sentence:
                yield Passage(sentence, language, number, is_item=item is not None)


def _is_name(passage: str, letters: float) -> bool:
    """Whether a short text looks like a name or a term, which belongs to any language: `The Art of the Fugue`."""
    if letters >= 2.5 * MIN_LETTERS or passage.rstrip()[-1:] in (".", "!", "?", "。"):
        return False
    words = [word for word in passage.split() if word[0].isalpha()]
    return (len(words) < 3 and passage.isascii()) or sum(word[0].isupper() for word in words) > 0.6 * len(words)
