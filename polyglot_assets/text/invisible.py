"""Characters that nobody sees: byte order marks, zero-width and direction marks, fillers, control characters.

Here: which they are, a text without those around it, and what of a text counts when texts are compared. Not here: white
space, which `str.split` knows.

They come with copied text and make no difference to a reader, so a text of nothing else is empty, and two texts that
differ in nothing else are the same. Inside of a text they stay: joiners spell words in Persian and in many scripts of
India, and variation selectors belong to emoji.
"""

import re
import unicodedata

RANGES = (
    (0x00, 0x08), (0x0E, 0x1B), (0x7F, 0x84), (0x86, 0x9F),  # controls that are no white space
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
    (0xFDD0, 0xFDEF), *((plane + 0xFFFE, plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000)),
)  # fmt: skip
"""First and last code points: Unicode's Default_Ignorable_Code_Point, controls, the empty pattern of Braille, and what
can never be a character, such as a byte order mark read the wrong way round."""

_CLASS = "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in RANGES)
_INVISIBLE = re.compile(f"[{_CLASS}]+")
_VISIBLE = re.compile(f"[^{_CLASS}\\s]")
_BELONGS_TO_AN_EMOJI = ((0xFE00, 0xFE0F), (0xE0000, 0xE0FFF))
_AROUND = "".join(
    chr(code) for first, last in RANGES if (first, last) not in _BELONGS_TO_AN_EMOJI for code in range(first, last + 1)
) + "".join(chr(code) for code in range(0x3001) if chr(code).isspace())  # fmt: skip
_JOINERS = "\u200c\u200d"
_MARKS = frozenset(["Mn", "Mc", "Me", "Co"])
"""Accents and vowel signs, which need a letter, and characters that mean something only to who made them up."""
_REPLACEMENTS = "\ufffc\ufffd"
"""What stands where something could not be carried over."""


def trimmed(text: str) -> str:
    """`text` without white space and invisible characters around it; empty if nothing in it can be read."""
    if not _can_be_read(text):
        return ""
    plain = text.strip(_AROUND)
    following = text[text.index(plain) + len(plain) :][:1]
    # Behind a sign that silences the vowel a joiner is a part of the letter, as at the end of words in Malayalam.
    return plain + following if following in _JOINERS and unicodedata.combining(plain[-1]) == 9 else plain


def is_name(text: str) -> bool:
    """Whether `text` can be a name: it begins and ends with something to read and hides nothing."""
    return bool(text) and trimmed(text) == text and text.isprintable() and not _INVISIBLE.search(text)


def without(text: str) -> str:
    """`text` without its invisible characters."""
    return _INVISIBLE.sub("", text)


def _can_be_read(text: str) -> bool:
    """Whether anything in `text` is a letter, a digit or a sign; the first visible character mostly is."""
    return any(
        unicodedata.category(found[0]) not in _MARKS and found[0] not in _REPLACEMENTS
        for found in _VISIBLE.finditer(text)
    )
