"""Rows that say the same are in one content group, whatever their order."""

import random

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from polyglot_assets.release.groups import content_groups

Row = tuple[str, str, str, str]
"""Language, seed, prompt, response; the prompt is its own key."""

LONG = "the old house at the end of the street has a garden with apple trees and a small pond full of frogs"


def groups(rows: list[Row], threshold: float = 0.7) -> list[str]:
    table = pa.table(
        {"language": [r[0] for r in rows], "seed_id": [r[1] for r in rows], "prompt_key": [r[2] for r in rows]}
    )

    def texts(language: str) -> tuple[pa.StringArray, pa.StringArray]:
        own = [row for row in rows if row[0] == language]
        return pa.array([row[2] for row in own], pa.string()), pa.array([row[3] for row in own], pa.string())

    found: list[str] = content_groups(table, texts, threshold, 2).to_pylist()
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
