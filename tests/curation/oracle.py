"""The duplicates again, slowly and from the words of the rule: no signatures, no index, no native code."""

import unicodedata
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from polyglot_assets.seeds.sources import PRECEDENCE
from polyglot_assets.text.invisible import without

Gram = tuple[str, ...]
UNSPACED = (
    "CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "COMBINING KATAKANA", "BOPOMOFO", "THAI", "LAO ", "MYANMAR", "KHMER",
    "TIBETAN", "TAI LE ", "NEW TAI LUE", "TAI THAM", "TAI VIET", "JAVANESE", "BALINESE", "YI ",
)  # fmt: skip


def tokens(text: str) -> list[str]:
    """Words, characters of scripts without spaces, and symbols of the folded text."""
    found, word = [], ""
    for char in unicodedata.normalize("NFKC", without(text)):
        category = unicodedata.category(char)
        if category == "Cf":
            continue
        alone = unicodedata.name(char, "").startswith(UNSPACED) and category[0] in "LMN"
        if category[0] in "LMN" and not alone:
            word += char.casefold()
            continue
        if word:
            found.append(word)
            word = ""
        if alone or category[0] == "S":
            found.append(char.casefold())
    return found + [word] * bool(word)


def grams(text: str, width: int) -> set[Gram]:
    words = tokens(text)
    return {tuple(words[at : at + width]) for at in range(max(len(words) - width + 1, min(1, len(words))))}


def shares(one: set[Gram], other: set[Gram]) -> tuple[int, int]:
    return len(one & other), len(one | other)


def similarity(one: Any, other: Any, width: int, least: float) -> Fraction:
    """Jaccard similarity over the n-grams of prompts and of responses; 0 if one of the two is below `least`."""
    sides = [shares(grams(one[side], width), grams(other[side], width)) for side in ("prompt", "response")]
    if any(union and Fraction(common, union) < Fraction(str(least)) for common, union in sides):
        return Fraction(0)
    common, union = (sum(values) for values in zip(*sides, strict=True))
    return Fraction(common, union) if union else Fraction(0)


def left_out(rows: Iterable[Any], threshold: float, width: int, least: float) -> dict[str, tuple[str, str, float]]:
    """id -> (kept id, kind, similarity)."""
    kept: list[Any] = []
    out = {}
    for row in sorted(rows, key=lambda row: (PRECEDENCE.get(row["source"], len(PRECEDENCE)), row["id"])):
        same = [other for other in kept if other["language"] == row["language"] and other["teacher"] == row["teacher"]]
        near = [(similarity(row, other, width, least), other) for other in same]
        pairs = [other for other in kept if other["content_key"] == row["content_key"]]
        prompts = [other for other in same if other["prompt_key"] == row["prompt_key"]]
        near = [pair for pair in near if pair[0] >= Fraction(str(threshold))]
        if pairs:
            out[row["id"]] = (pairs[0]["id"], "exact_pair", 1.0)
        elif prompts:
            out[row["id"]] = (prompts[0]["id"], "exact_prompt", 1.0)
        elif near:
            best = max(score for score, _ in near)
            instead = next(other for score, other in near if score == best)
            out[row["id"]] = (instead["id"], "near", float(best))
        else:
            kept.append(row)
    return out
