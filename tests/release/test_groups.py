"""Rows that say the same are in one content group, whatever their order."""

import random
from itertools import combinations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from polyglot_assets.release.groups import content_groups
from polyglot_assets.text.shingles import signatures, similarities

Row = tuple[str, str, str, str]
"""Language, seed, prompt, response; the prompt is its own key."""

LONG = "the old house at the end of the street has a garden with apple trees and a small pond full of frogs"


def groups(rows: list[Row], threshold: float = 0.7) -> list[str]:
    prompts, responses = (pa.array([row[side] for row in rows], pa.string()) for side in (2, 3))
    grams = signatures(prompts, responses, 2).field("grams")
    table = pa.table(
        {
            "language": pa.array([row[0] for row in rows], pa.string()),
            "seed_id": pa.array([row[1] for row in rows], pa.string()),
            "prompt_key": prompts,
            "grams": grams,
        }
    )
    near = []
    for one, other in combinations(range(len(rows)), 2):
        texts = ((prompts.slice(at, 1), responses.slice(at, 1)) for at in (one, other))
        alike = similarities(*texts, 2)[0].as_py()["whole"]
        if rows[one][0] == rows[other][0] and alike >= threshold:
            near.append({"language": rows[one][0], "grams": grams[one].as_py(), "other_grams": grams[other].as_py()})
    kinds = pa.schema([("language", pa.string()), ("grams", pa.uint64()), ("other_grams", pa.uint64())])
    found: list[str] = content_groups(table, pa.Table.from_pylist(near, kinds)).to_pylist()
    return found


def test_the_same_seed_is_one_group_in_every_language() -> None:
    one, two, other = groups(
        [("de", "s1", "was ist das", "ein Haus"), ("es", "s1", "que es", "casa"), ("es", "s2", "q", "r")]
    )
    assert one == two != other


def test_the_same_prompt_is_one_group_in_one_language_only() -> None:
    one, two, other = groups([("de", "s1", "p", "eins"), ("de", "s2", "p", "zwei drei"), ("es", "s3", "p", "cuatro")])
    assert one == two != other


def test_nearly_the_same_text_is_one_group() -> None:
    changed = LONG.replace("pond", "lake")
    one, two, other = groups(
        [("en", "a", LONG, LONG), ("en", "b", changed, LONG), ("en", "c", "how are you", "well enough")]
    )
    assert one == two != other


def test_belonging_together_passes_on() -> None:
    rows = [
        ("en", "a", "p1", "x"),
        ("en", "b", "p1", "y"),
        ("es", "b", "p2", "z"),
        ("es", "c", "p2", "w"),
        ("es", "d", "p3", "v"),
    ]
    found = groups(rows)
    assert len(set(found[:4])) == 1
    assert found[4] != found[0]


def test_a_group_is_not_named_by_its_seed() -> None:
    assert "s1" not in groups([("de", "s1", "p", "r")])[0]


def test_no_rows() -> None:
    assert groups([]) == []


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["de", "es"]), st.sampled_from("abcdef"), st.sampled_from(["p", "q", "r s"]), st.just(LONG)
        ),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 99),
)
def test_groups_are_the_finest_partition_that_joins_equal_keys_and_do_not_depend_on_order(
    rows: list[Row], seed: int
) -> None:
    ordered = sorted(rows)
    found = groups(ordered)
    shuffled = sorted(rows, key=lambda row: (row[0], random.Random(f"{row}{seed}").random()))
    assert dict(zip(shuffled, groups(shuffled), strict=True)) == dict(zip(ordered, found, strict=True))
    # The slow way: merge until nothing changes. All texts differ enough but for equal ones.
    member = list(range(len(ordered)))
    for _ in ordered:
        for one, left in enumerate(ordered):
            for two, right in enumerate(ordered):
                if left[1] == right[1] or (left[0] == right[0] and left[2] == right[2]):
                    member[one] = member[two] = min(member[one], member[two])
    for one in range(len(ordered)):
        for two in range(len(ordered)):
            near = found[one] == found[two]
            assert near or member[one] != member[two]
