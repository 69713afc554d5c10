"""The keys of exact duplicates for many texts at once.

Here: normal.text_key and the key of a pair, made by native code. Not here: what the keys mean (normal.py), and who is
whose duplicate (curation/duplicates.py). The keys are the very same; only text that NFKC may change goes through
Python.
"""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
import pyarrow as pa

from polyglot_assets.text.characters import characters
from polyglot_assets.text.normal import text_key
from polyglot_assets.text.shingles import text_bytes

_BYTES_AT_ONCE = 1 << 22


def text_keys(texts: pa.StringArray) -> list[str]:
    """normal.text_key of each text."""
    from polyglot_assets.text import duplicate_kernels as kernels

    table = characters()
    text, ends = text_bytes(texts)
    tables = (table.folded, table.longer, table.unstable, table.combining, table.dropped)
    keys: list[str] = []
    first = 0
    while first < len(texts):
        # In parts that stay in the cache; the room is for the worst case, a text of control characters.
        last = max(first + 1, int(np.searchsorted(ends, ends[first] + _BYTES_AT_ONCE, side="right")) - 1)
        last = min(last, len(texts))
        out = np.empty(6 * int(ends[last] - ends[first]) + 4 * (last - first), np.uint8)
        out_ends = np.empty(last - first, np.int64)
        kernels.key_texts(text, ends[first : last + 1], tables, out, out_ends)
        start, view = 0, out.data
        for row, end in enumerate(out_ends.tolist(), first):
            if end < 0:
                keys.append(text_key(texts[row].as_py()))
                continue
            keys.append(blake2b(view[start:end], digest_size=16).hexdigest())
            start = end
        first = last
    return keys


def pair_keys(prompt_keys: Iterable[str], response_keys: Iterable[str]) -> list[str]:
    """`content_key` of pairs: ids.content_id of the two keys, which are plain hex digits."""
    pairs = zip(prompt_keys, response_keys, strict=True)
    return [blake2b(f'["{one}","{other}"]'.encode(), digest_size=16).hexdigest() for one, other in pairs]
