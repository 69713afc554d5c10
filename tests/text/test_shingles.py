"""Tokens and n-grams agree with their description; signatures estimate similarity."""

import random
import unicodedata
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from curation.oracle import grams, tokens
from hypothesis import example, given, settings
from hypothesis import strategies as st

from polyglot_assets.text.characters import characters
from polyglot_assets.text.shingles import BANDS, band_keys, grams_of, signatures, similarities

TRICKY = "aAßŉİıΣςéé ẞ한각ｶﾞがが字ก็กำ\u200b\u00ad\ufe0f\u2800\u3164\x00😀+-.,'ﬁ①½ΐ\u0345\u0323\u0307ಠ"
BLOCKS = (
    (0x20, 0x24F),
    (0x300, 0x5FF),
    (0x600, 0x6FF),
    (0x900, 0x97F),
    (0xE00, 0xEFF),
    (0x1000, 0x11FF),
    (0x1780, 0x17FF),
    (0x1E00, 0x20CF),
    (0x3040, 0x30FF),
    (0x4E00, 0x4F00),
    (0xAC00, 0xAD00),
    (0xF900, 0xFFEF),
    (0x1F600, 0x1F64F),
    (0x20000, 0x20100),
    (0x2F800, 0x2F900),
)
letters = st.one_of(*(st.characters(min_codepoint=a, max_codepoint=b, exclude_categories=["Cn"]) for a, b in BLOCKS))
texts = st.text(st.one_of(letters, st.sampled_from(TRICKY)), max_size=30)


def cut(prompts, responses, width):
    found = grams_of(pa.array(prompts, pa.string()), pa.array(responses, pa.string()), width)
    return found, [
        set(found.grams[at : at + count].tolist()) for at, count in zip(found.starts, found.counts, strict=True)
    ]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5), st.integers(1, 4))
@example([("Straße", "STRASSE"), ("o\u0308", "ö"), ("ｶﾞ", "ガ"), ("\u1100\u1161", "가")], 1)
def test_the_sets_are_those_of_the_description(pairs, width):
    prompts, responses = [p for p, _ in pairs], [r for _, r in pairs]
    found, sets = cut(prompts, responses, width)
    expected = [(grams(prompt, width), grams(response, width)) for prompt, response in pairs]
    assert found.prompt_counts.tolist() == [len(prompt) for prompt, _ in expected]
    assert found.counts.tolist() == [len(prompt) + len(response) for prompt, response in expected]
    for one, (prompt, response) in enumerate(expected):
        for other, (prompt2, response2) in enumerate(expected):
            assert len(sets[one] & sets[other]) == len(prompt & prompt2) + len(response & response2)
            same = (prompt, response) == (prompt2, response2)
            assert (found.sets[one] == found.sets[other]) == same


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Das ist's, 3+4!", ["das", "ist", "s", "3", "+", "4"]),
        ("東京タワーは333m", ["東", "京", "タ", "ワ", "ー", "は", "333m"]),
        ("ไทย ok", ["ไ", "ท", "ย", "ok"]),
        ("မြန်မာ", list("မြန်မာ")),
        ("*Hallo*\n- Welt", ["hallo", "welt"]),
        ("co\u00adop", ["coop"]),
    ],
)
def test_tokens(text, expected):
    assert tokens(text) == expected
    _, (own,) = cut([text], [""], 1)
    assert len(own) == len(set(expected))


def test_texts_that_nfkc_changes_are_never_taken_as_they_are():
    unstable = characters().unstable
    changed = [
        c for c in range(0x110000) if not 0xD800 <= c < 0xE000 and unicodedata.normalize("NFKC", chr(c)) != chr(c)
    ]
    assert unstable[changed].all()
    assert not unstable[[ord(char) for char in "aäßéかが東한แกقя"]].any()  # or everything would take the slow way


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
@settings(max_examples=500, deadline=None)
def test_a_text_of_stable_characters_is_nfkc(text):
    table = characters()
    codes = [ord(char) for char in text]
    classes = [int(table.combining[code]) for code in codes]
    ordered = all(b == 0 or a <= b for a, b in pairwise(classes))
    if ordered and not table.unstable[codes].any():
        assert unicodedata.normalize("NFKC", text) == text


def test_signatures_estimate_the_jaccard_similarity():
    rng = random.Random(0)
    words = [f"w{number}" for number in range(5000)]
    shared, pairs = [], []
    for _ in range(200):
        own, other = rng.sample(words, 100), rng.sample(words, 100)
        keep = rng.randint(40, 100)
        pairs.append((" ".join(own), " ".join(own[:keep] + other[keep:])))
    left, sets = cut([a for a, _ in pairs], [""] * 200, 1)
    right, others = cut([b for _, b in pairs], [""] * 200, 1)
    shared = (band_keys(left) == band_keys(right)).mean(axis=1)
    jaccard = np.array([len(a & b) / len(a | b) for a, b in zip(sets, others, strict=True)])
    expected = jaccard**5  # the chance that a band of five minima agrees
    assert abs(shared.mean() - expected.mean()) < 0.015
    assert np.abs(shared - expected).max() < 0.45


def signed(prompts, responses, width=2):
    return signatures(pa.array(prompts, pa.string()), pa.array(responses, pa.string()), width).to_pylist()


def test_a_signature_holds_width_set_and_band_keys():
    prompts, responses = ["eins zwei", "東京", "", "?!"], ["drei vier", "大阪 ok", "", "..."]
    found, _ = cut(prompts, responses, 2)
    stored = signed(prompts, responses)
    assert [signature["bands"] for signature in stored] == band_keys(found).tolist()
    assert [signature["grams"] for signature in stored] == found.sets.tolist()
    assert [signature["grams"] == 0 for signature in stored] == [False, False, True, True]
    assert {signature["width"] for signature in stored} == {2}
    assert {len(signature["bands"]) for signature in stored} == {BANDS}
    assert signed([], []) == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(texts, texts, texts, texts), min_size=1, max_size=6), st.integers(1, 3))
@example([("a b", "c", "a b", "c"), ("", "", "", ""), ("a b", "c", "c", "a b"), ("a b", "c", "a b", "")], 2)
def test_similarities_are_those_of_the_sets(pairs, width):
    """Also where a text comes several times, as the left one or the right one."""
    pairs = [*pairs, *(pair[2:] + pair[:2] for pair in pairs)]
    sides = [pa.array(column, pa.string()) for column in zip(*pairs, strict=True)]
    found = similarities((sides[0], sides[1]), (sides[2], sides[3]), width).to_pylist()

    def jaccard(one, other):
        return len(one & other) / len(one | other) if one | other else 1.0

    for (prompt, response, other, answer), alike in zip(pairs, found, strict=True):
        asked, said = (grams(prompt, width), grams(other, width)), (grams(response, width), grams(answer, width))
        both = [{("p", *gram) for gram in asked[at]} | {("r", *gram) for gram in said[at]} for at in range(2)]
        expected = {"whole": jaccard(*both), "prompts": jaccard(*asked), "responses": jaccard(*said)}
        assert alike == pytest.approx(expected)


def test_a_signature_never_changes():
    """Cells on the disk hold signatures; a change of the algorithm must be seen here and nowhere else."""
    (signature,) = signed(["Wie heißt die Hauptstadt?"], ["Sie heißt Wien, 東京."])
    keys = b"".join(key.to_bytes(4, "little") for key in signature["bands"])
    assert keys.hex()[:24] == "7150cb9eb8887a8bd5be88b6"
    assert signature["grams"] == 9044467253940621675
