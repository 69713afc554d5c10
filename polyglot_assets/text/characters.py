"""Tables about Unicode characters that let native code fold and cut text without asking Python.

Here: for each code point its case folding, what it is in a sentence, and whether a text with it may need NFKC. Not
here: the code that walks over text (duplicate_kernels.py).
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from polyglot_assets.text import invisible
from polyglot_assets.text.languages import is_unspaced

SPACE, LETTER, ALONE, SKIPPED = 0, 1, 2, 3
"""What a character does: it ends a word, belongs to one, is a token of its own, or is as good as not there."""

LONGER = 1 << 24
"""A folding at or above this is a row of `Characters.longer`: the character folds to several."""

KEPT, WHITE, INVISIBLE = 0, 1, 2
"""Whether a character counts when texts are compared, or is dropped as white space or as one that nobody sees."""

_TABLED = 0x20000
"""Beyond this plane there are ideographs, their compatibility forms, and characters for private or special use."""
_LAST = 0x110000


@dataclass(frozen=True)
class Characters:
    """One entry per code point.

    Attributes:
        folded: uint32, the case folding; see LONGER.
        longer: uint32 (number, 3), foldings of two or three characters, padded with 0.
        role: uint8, one of SPACE, LETTER, ALONE, SKIPPED.
        unstable: bool, NFKC may change a text because of this character.
        combining: uint8, the canonical combining class, whose order NFKC may change.
        dropped: uint8, one of KEPT, WHITE, INVISIBLE.
    """

    folded: npt.NDArray[np.uint32]
    longer: npt.NDArray[np.uint32]
    role: npt.NDArray[np.uint8]
    unstable: npt.NDArray[np.bool_]
    combining: npt.NDArray[np.uint8]
    dropped: npt.NDArray[np.uint8]

    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """The tables in the order in which the kernels that cut text take them."""
        return self.folded, self.longer, self.role, self.unstable, self.combining


@lru_cache(maxsize=1)
def characters() -> Characters:
    """The tables of this Python's Unicode version. Takes a fifth of a second, once per process."""
    folded = np.arange(_LAST, dtype=np.uint32)
    role = np.full(_LAST, SPACE, dtype=np.uint8)
    unstable = np.zeros(_LAST, dtype=np.bool_)
    combining = np.zeros(_LAST, dtype=np.uint8)
    dropped = np.full(_LAST, KEPT, dtype=np.uint8)
    longer: list[list[int]] = []
    for code in range(_TABLED):
        character = chr(code)
        category = unicodedata.category(character)
        if category in {"Cn", "Co", "Cs"}:
            continue
        role[code] = _role(code, category)
        dropped[code] = WHITE if character.isspace() else KEPT
        combining[code] = unicodedata.combining(character)
        decomposition = unicodedata.decomposition(character)
        if decomposition:
            unstable[code] |= not unicodedata.is_normalized("NFKC", character)
            if not decomposition.startswith("<"):
                # What can follow in a composition may be joined with the character before it.
                unstable[[int(part, 16) for part in decomposition.split()[1:]]] = True
        fold = character.casefold()
        if len(fold) > 1:
            folded[code] = LONGER + len(longer)
            longer.append([ord(part) for part in fold.ljust(3, "\0")])
        else:
            folded[code] = ord(fold)
    unstable[0x1161:0x1176] = unstable[0x11A8:0x11C3] = True  # vowels and finals that join into Korean syllables
    role[0x20000:0x32000] = ALONE
    unstable[0x2F800:0x2FA20] = True  # compatibility ideographs
    for first, last in invisible.RANGES:
        role[first : last + 1] = SKIPPED
        dropped[first : last + 1] = INVISIBLE
    return Characters(folded, np.array(longer, dtype=np.uint32), role, unstable, combining, dropped)


def _role(code: int, category: str) -> int:
    if category == "Cf":
        return SKIPPED
    if category[0] == "S":
        return ALONE  # signs of currencies and of arithmetic carry meaning, punctuation mostly does not
    if category[0] not in "LMN":
        return SPACE
    return ALONE if is_unspaced(chr(code)) else LETTER
