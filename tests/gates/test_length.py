"""Lengths are fair to all scripts."""

import pytest
from texts import TEXTS

from polyglot_assets.gates.length import measured_length


@pytest.mark.parametrize("language", TEXTS)
def test_the_same_content_has_about_the_same_length(language: str) -> None:
    assert 0.6 < measured_length(TEXTS[language]) / measured_length(TEXTS["en"]) < 1.5


@pytest.mark.parametrize(
    ("text", "length"), [("Ja.", 3), ("42", 2), ("はい", 5), ("...", 0), ("?!", 0), ("", 0), ("🙂", 0)]
)
def test_short_texts(text: str, length: int) -> None:
    assert measured_length(text) == length
