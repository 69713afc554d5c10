"""Texts in two languages: those of mixed_texts.toml, and ones that are put together from its sentences."""

import tomllib
from pathlib import Path

_FILE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))

KEPT: list[tuple[str, str, str]] = [(row["kind"], row["language"], row["text"]) for row in _FILE["kept"]]
"""(kind, language, text) of answers that hold another language by right."""
CAUGHT: list[tuple[str, str]] = [(row["language"], row["text"]) for row in _FILE["caught"]]
"""(language, text) of answers that slip into English."""
ENGLISH: list[str] = _FILE["sentences"].pop("en")
SENTENCES: dict[str, list[str]] = _FILE["sentences"]
"""Ten neighbouring sentences of one text by language, and the same in English."""


def ending_in_english(language: str, number: int) -> str:
    """Ten sentences of which the last `number` are English."""
    return _joined(language, [*SENTENCES[language][: 10 - number], *ENGLISH[10 - number :]])


def beginning_in_english(language: str, number: int) -> str:
    """Ten sentences of which the first `number` are English."""
    return _joined(language, [*ENGLISH[:number], *SENTENCES[language][number:]])


def alternating(language: str) -> str:
    """Ten sentences of which every other one is English."""
    own = SENTENCES[language]
    return _joined(language, [(own if place % 2 else ENGLISH)[place] for place in range(10)])


def _joined(language: str, sentences: list[str]) -> str:
    if language != "ja":
        return " ".join(sentences)
    return "".join(f" {text} " if text.isascii() else text for text in sentences).strip()
