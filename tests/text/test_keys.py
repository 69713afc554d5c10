"""Keys made many at a time are those of normal.py."""

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from text.test_shingles import texts

from polyglot_assets.domain.ids import content_id
from polyglot_assets.text import keys
from polyglot_assets.text.normal import text_key

CONTROL = "".join(map(chr, range(0xA1)))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(texts, st.text(CONTROL)), max_size=5))
@example([CONTROL, "Straße\u2028", "\u3000 o\u0308", "", '"\\', "😀𠀀", "a\ufffe\ufdd0b\U0001ffff\U0010ffff"])
def test_the_keys_are_the_same(several):
    found = keys.text_keys(pa.array(["first", *several], pa.string()).slice(1))
    assert found == [text_key(text) for text in several]
    assert keys.pair_keys(found, found[::-1]) == [content_id(a, b) for a, b in zip(found, found[::-1], strict=True)]


def test_long_texts_are_taken_in_parts(monkeypatch):
    monkeypatch.setattr(keys, "_BYTES_AT_ONCE", 10)
    several = ["a" * 30, "", "b" * 5, "c" * 5, "d" * 6, "", "é" * 20]
    assert keys.text_keys(pa.array(several)) == [text_key(text) for text in several]
