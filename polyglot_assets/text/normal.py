"""A text as it is stored, and what of it counts when texts are compared.

Here: the forms. Not here: which characters nobody sees (invisible.py), and keys of many
texts at once (keys.py).
"""

import re
import unicodedata

from polyglot_assets.domain.ids import content_id
from polyglot_assets.text.invisible import without

_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """A text that Parquet can hold: half of a surrogate pair, which JSON can hold as well, becomes U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def comparable(text: str) -> str:
    """What counts when texts are compared: NFKC, case folded, without white space and invisible characters."""
    if text.isascii():
        folded = "".join(text.casefold().split())
        return folded if folded.isprintable() else without(folded)
    return "".join(unicodedata.normalize("NFKC", without(text)).casefold().split())


def text_key(text: str) -> str:
    """The hash under which two texts count as the same: of what `comparable` leaves of it."""
    return content_id(comparable(text))
