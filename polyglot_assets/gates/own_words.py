"""What a text says itself: without code, formulas and links, without what it quotes, and without names.

Here: which parts count when a text's language is read. Not here: cutting it into passages (passages.py) and reading
them (language.py).
"""

import re

from polyglot_assets.text.languages import without_code

_QUOTATION = re.compile(
    # Each branch begins with its mark, so that the search skips all other characters.
    r"„[^„“”\n]{3,500}[“”]|“[^“”\n]{3,500}”|«[^«»\n]{3,500}»|「[^「」\n]{3,500}」|『[^『』\n]{3,500}』|《[^《》\n]{3,500}》"
    r'|"(?<!\w")[^"\n]{3,500}"(?!\w)|\*(?<![\w*]\*)\*{0,2}(?=[^\s*])[^*\n]{3,500}(?<=\S)\*{1,3}(?![\w*])'
    r"|_(?<!\w_)(?=[^\s_])[^_\n]{3,500}(?<=\S)_(?!\w)|>(?:(?<=\n>)|(?<=\A>)).*"
)
_QUOTATION_MARKS = re.compile(r'["„“«「『《>*_]')
_CODE = re.compile(r"```[^`\n]*\n(.*?)(?:```|\Z)|~~~[^~\n]*\n(.*?)(?:~~~|\Z)|`([^`\n]+)`", re.DOTALL)
_CODE_MARKS = re.compile("`|~~~")
_WORD = re.compile(r"[^\W\d_]+")
_ENDED = re.compile(r"[.!?][\"')]*(\s|\Z)")
_BEFORE_A_SENTENCE = re.compile(r"(?:^|[\n.!?؟。！？\"“”»」』*_])\s*(?:(?:[-+•]|\d+[.)])\s+)?\Z")
_BEHIND_A_SENTENCE = re.compile(r"\s*(?:\Z|\n)")
_BEHIND_AN_ENDED_SENTENCE = re.compile(r"\s*(?:\Z|\n|[\"„“«「『*_]|[^\W\d_a-z])")
_AROUND = 40
"""Characters before a quotation that say how it stands."""
_SENTENCE_ENDS = ".!?…؟。！？"
_LEAST_WORDS = 5
_MOSTLY_PROSE = 0.97
"""Share of letters and signs of sentences; in code many others stand between the words."""
_MOST_QUOTED = 0.5
_MOST_EXAMPLES = 0.7
_MANY_QUOTED = 0.2
_QUOTED_LINE = 200
"""Quotations and emphasised words are left out. Of those that stand by themselves, as a sentence among the text's own,
not more than half of a text, and not more than a fifth if they are longer than these characters together: beyond that
they are what is to be read. One within a sentence, behind a colon or before its translation is an example; so may be
the greater part of a text."""

_SMALL_WORDS = frozenset(
    ["a", "an", "and", "as", "at", "but", "by", "for", "from", "if", "in", "into", "is", "it", "of", "off", "on",
     "or", "out", "over", "so", "than", "that", "the", "to", "up", "vs", "with", "d", "da", "das", "de", "dei",
     "del", "della", "der", "des", "di", "do", "dos", "du", "e", "el", "en", "et", "la", "las", "le", "les", "los",
     "und", "van", "von", "y", "zu", "zum", "zur"]
)  # fmt: skip
"""Words that titles and names hold, written small."""
_MOST_CAPITALS = 0.5
_INITIAL = 3
"""Characters of `J.` and `St.`, behind which no sentence ends."""


def own_words(text: str) -> str:
    """What the text says itself: without code, and without quotations unless they are a good part of it.

    Prose that is put into the marks of code counts as a quotation that stands by itself.
    """
    plain = without_code(text)
    whole = without_code(_CODE.sub(_unless_code, text)) if _CODE_MARKS.search(text) else plain
    if len(whole) == len(plain) and not _QUOTATION_MARKS.search(plain):
        return plain
    unquoted = _QUOTATION.sub(" ", plain)
    if len(unquoted) == len(whole):
        return whole
    with_sentences = _QUOTATION.sub(lambda found: found[0] if _stands_alone(found) else " ", whole)
    sentences, examples = len(with_sentences) - len(unquoted), len(whole) - len(with_sentences)
    if sentences > _MOST_QUOTED * len(whole) or examples > _MOST_EXAMPLES * len(whole):
        return whole
    is_much = sentences > _QUOTED_LINE and sentences > _MANY_QUOTED * len(whole)
    return with_sentences if is_much else unquoted


def _stands_alone(quotation: re.Match[str]) -> bool:
    """Whether a quotation is a sentence among others, not a part of one."""
    text, start, end = quotation.string, quotation.start(), quotation.end()
    if quotation[0][0] == ">":
        return True
    ended = quotation[0].strip('"“”«»「」『』*_')[-1:] in _SENTENCE_ENDS
    behind = _BEHIND_AN_ENDED_SENTENCE if ended else _BEHIND_A_SENTENCE
    return bool(behind.match(text, end)) and bool(_BEFORE_A_SENTENCE.search(text[max(0, start - _AROUND) : start]))


def _unless_code(found: re.Match[str]) -> str:
    """What stands between the marks of code, if it is sentences; else all of it."""
    inside = next(part for part in found.groups() if part is not None)
    words = _WORD.findall(inside)
    prose = sum(map(len, words)) + sum(map(inside.count, " \n.,;:!?'"))
    is_prose = len(words) >= _LEAST_WORDS and _ENDED.search(inside) and prose >= _MOSTLY_PROSE * len(inside)
    return inside if is_prose else found[0]


def without_names(text: str) -> str:
    """`text` without its titles and names of several words: `The Art of the Fugue`, `University of Chicago`.

    They are words written large in a row, with small ones such as `of the` between them. A text in capitals has none.
    """
    words = text.split()
    letters = ["".join(_WORD.findall(word)) for word in words]
    if sum(len(word) > 1 and word.isupper() for word in letters) > _MOST_CAPITALS * sum(map(bool, letters)):
        return text
    kept: list[str] = []
    run: list[str] = []
    large = behind = 0  # words written large in the run, and small ones behind the last of them
    for word, spelt in zip([*words, ""], [*letters, "end"], strict=True):
        is_large = spelt[:1].isupper()
        joins = is_large or (run and word and (not spelt or spelt.lower() in _SMALL_WORDS))
        if not joins or (run and (word[0] in '("' or (run[-1][-1] in ".!?;:)" and len(run[-1]) > _INITIAL))):
            kept += run[len(run) - behind :] if large > 1 else run
            run, large, behind = [], 0, 0
        if joins:
            run.append(word)
            large, behind = large + is_large, 0 if is_large else behind + 1
        else:
            kept.append(word)
    return " ".join(kept).strip()
