"""Languages with a script or a region as targets: which codes there are, and what the letters of a text say.

Here: the code of a target, and how much of a text is in another script than its code names. Not here: telling languages
apart (languages.py). No detector knows regions, so a text in `pt-BR` is judged as Portuguese.

Chinese characters are one script to Unicode. A character that only GB 2312 has is taken for a simplified one, one that
only Big5 has for a traditional one; those in both, or in neither, say nothing.
"""

from collections import Counter
from functools import lru_cache

import langcodes

from polyglot_assets.text.languages import count_scripts, display_name, prose, scripts_of, to_code
from polyglot_assets.text.tags import base_of, region_of, script_of

_HAN = {"Hans": "gb2312", "Hant": "big5"}
_LEAST = 4
"""Letters that tell two scripts apart that a text must have at least: a quoted name may hold one or two."""
_STRAY = 0.5
"""Weight of letters in another script where most are in the asked one: names and terms."""
_CODES = {"LATIN": "Latn", "CYRILLIC": "Cyrl", "ARABIC": "Arab", "DEVANAGARI": "Deva", "GURMUKHI": "Guru"}


@lru_cache(maxsize=1024)
def to_target(written: str) -> str | None:
    """The code of a target language, of which to_code gives the first part; None when unknown.

    A script and a region may follow: `zh-Hant`, `pt-BR`, `sr-Latn-ME`. Anything else is left out.
    """
    code = to_code(written)
    if code is None or "-" not in written.replace("_", "-"):
        return code
    tag = langcodes.Language.get(written.replace("_", "-"))
    if not tag.is_valid():
        return None
    return "-".join(filter(None, (code, tag.script, tag.territory)))


def has_usual_script(code: str) -> bool:
    """Whether the detectors can read what a code names: in Kazakh they know Cyrillic letters alone."""
    script = _script(code)
    return script is None or script in _HAN or _letters_of(script) <= scripts_of(base_of(code))


def how_judged(code: str) -> str | None:
    """In a sentence, what can be checked of a text in a variant; None for a language as such."""
    base = base_of(code)
    if code == base:
        return None
    by_script = " and by its script" if _script(code) else ""
    if not has_usual_script(code):
        return f"{display_name(code)} ({code}): no detector reads it in this script, so its script alone is checked"
    no_region = "; no detector knows regions" if region_of(code) else ""
    return f"{display_name(code)} ({code}) is judged as {display_name(base)}{by_script}{no_region}"


def other_script(text: str, code: str) -> tuple[float, str] | None:
    """The share of letters in another script than `code` names, 0..1, and the code with that one.

    None where it names none, or the text has too few letters that could tell.
    """
    script = _script(code)
    if script is None:
        return None
    letters = prose(text)
    if script in _HAN:
        kinds = Counter(map(_only_in, letters))
        other = "Hans" if script == "Hant" else "Hant"
        own, strange = kinds[script], kinds[other]
    else:
        scripts = count_scripts(letters)
        own = sum(scripts.pop(name, 0) for name in _letters_of(script))
        strange = scripts.total()
        other = _CODES.get(scripts.most_common(1)[0][0], "") if strange else ""
    if own + strange < _LEAST:
        return None
    share = strange / (own + strange)
    return share if share >= 0.5 else share * _STRAY, "-".join(filter(None, (base_of(code), other)))


@lru_cache(maxsize=64)
def _script(code: str) -> str | None:
    """The script that a code names; that of Chinese in a region is known."""
    if base_of(code) == "zh" and region_of(code):
        return script_of(code) or str(langcodes.Language.get(code).maximize().script)
    return script_of(code)


@lru_cache(maxsize=64)
def _letters_of(script: str) -> frozenset[str]:
    """A script as count_scripts names it: the letters that a language with this script uses."""
    return scripts_of(f"und-{script}")


@lru_cache(maxsize=65536)
def _only_in(char: str) -> str | None:
    """Which of the two kinds of Chinese characters a character is alone, if either."""
    has = [kind for kind, charset in _HAN.items() if _encodes(char, charset)]
    return has[0] if len(has) == 1 and "\u3400" <= char <= "\u9fff" else None


def _encodes(char: str, charset: str) -> bool:
    try:
        char.encode(charset)
    except UnicodeEncodeError:
        return False
    return True
