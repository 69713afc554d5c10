"""The length gate: how long a text is, in a measure that is fair to all scripts.

Here: the measure. Not here: the limits (settings).
"""

import re

from polyglot_assets.text.languages import DENSE_WEIGHT

_DENSE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+")


def measured_length(text: str) -> int:
    """Length of `text` in characters, Chinese, Japanese and Korean ones counted two and a half times.

    A text without any letter or digit has the length 0.
    """
    if not any(map(str.isalnum, text)):
        return 0
    return round(len(text) + (DENSE_WEIGHT - 1) * sum(map(len, _DENSE.findall(text))))
