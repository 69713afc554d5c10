"""The tables say what is in the rows: final outcomes, sums, and measures computed again in plain Python."""

import math
from collections import Counter
from itertools import combinations
from typing import Any

import pytest
from factories import SOURCES, compute, duplicate, example, fill, leak, many, outsider, rows_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyglot_assets.domain.grid import Cell
from polyglot_assets.lake.counts import Counted, read_counts, write_counts
from polyglot_assets.lake.store import Lake
from polyglot_assets.licenses.licenses import KNOWN, of
from polyglot_assets.marts.checks import load_checks
from polyglot_assets.settings import bundled

CELL = Cell("de", "respond")


def outcomes(lake: Lake) -> dict[str, tuple[str, str | None]]:
    rows = rows_of(lake, "SELECT id, outcome, kept_id FROM marts.curated")
    return {row["id"]: (row["outcome"], row["kept_id"]) for row in rows}


def test_contamination_comes_before_duplicates(lake: Lake) -> None:
    kept, near, clean, leaked, its_twin, both = (example(number, CELL) for number in range(6))
    fill(
        lake,
        [kept, near, clean, leaked, its_twin, both],
        [duplicate(near, kept), duplicate(its_twin, leaked), duplicate(both, kept)],
        [leak(leaked), leak(leaked, side="response"), leak(both, "8")],
    )
    assert outcomes(lake) == {
        kept["id"]: ("ok", None),
        clean["id"]: ("ok", None),
        near["id"]: ("duplicate", kept["id"]),
        leaked["id"]: ("contaminated", None),
        its_twin["id"]: ("contaminated", None),
        both["id"]: ("contaminated", None),
    }
    reasons = {row["id"]: row["reason"] for row in rows_of(lake, "SELECT id, reason FROM marts.curated")}
    assert reasons[kept["id"]] is None
    assert reasons[near["id"]] == "near"
    assert reasons[leaked["id"]] == "mgsm_de.tsv 7 in the prompt"
    assert reasons[its_twin["id"]] == f"near of {leaked['id']}, which is contaminated"
    assert rows_of(lake, "SELECT size, clusters, rows_left_out FROM marts.cluster_sizes") == [
        {"size": 2, "clusters": 1, "rows_left_out": 1}
    ]


def test_the_policy_comes_between_contamination_and_duplicates(lake: Lake) -> None:
    kept, near, outside, its_twin, leaked, leaked_twin, both = (example(number, CELL) for number in range(7))
    fill(
        lake,
        [kept, near, outside, its_twin, leaked, leaked_twin, both],
        [duplicate(near, kept), duplicate(its_twin, outside), duplicate(leaked_twin, leaked), duplicate(both, kept)],
        [leak(leaked)],
        outsiders=[
            outsider(outside),
            outsider(leaked),
            outsider(leaked_twin),
            outsider(both, None, "teachers.exclude"),
        ],
    )
    assert outcomes(lake) == {
        kept["id"]: ("ok", None),
        near["id"]: ("duplicate", kept["id"]),
        outside["id"]: ("outside_policy", None),
        its_twin["id"]: ("outside_policy", None),
        leaked["id"]: ("contaminated", None),
        leaked_twin["id"]: ("contaminated", None),
        both["id"]: ("outside_policy", None),
    }
    reasons = {row["id"]: row["reason"] for row in rows_of(lake, "SELECT id, reason FROM marts.curated")}
    assert reasons[outside["id"]] == "cc-by-nc-4.0: require commercial"
    assert reasons[both["id"]] == "teachers.exclude"
    assert reasons[its_twin["id"]] == f"near of {outside['id']}, which is outside the policy"
    assert reasons[leaked_twin["id"]] == f"near of {leaked['id']}, which is contaminated"
    sizes = rows_of(lake, "SELECT cluster_size FROM marts.curated WHERE outcome = 'ok'")
    assert sizes == [{"cluster_size": 2}], "rows outside the policy are no part of a kept row's cluster"
    (overview,) = rows_of(lake, "SELECT accepted, contaminated, outside_policy, duplicates, kept FROM marts.overview")
    assert list(overview.values()) == [7, 2, 3, 1, 1]


def test_the_mix_of_licenses_shows_what_is_left_out(lake: Lake) -> None:
    sets = [["apache-2.0"], ["apache-2.0"], ["apache-2.0", "cc-by-nc-sa-4.0"], ["cc0-1.0", "proprietary"]]
    rows = [example(number, CELL, licenses=licenses) for number, licenses in enumerate(sets)]
    fill(lake, rows, [duplicate(example(99, CELL), rows[0])], outsiders=[outsider(rows[2])])
    assert [tuple(row.values()) for row in rows_of(lake, "FROM marts.license_mix")] == [
        ("apache-2.0", 2, 0.666667, False, False, 0),
        ("cc0-1.0 + proprietary", 1, 0.333333, False, True, 0),
        ("apache-2.0 + cc-by-nc-sa-4.0", 0, 0.0, True, False, 1),
    ]


def test_what_duplicates_cost(lake: Lake) -> None:
    """By the source and cell of the row left out; one that is contaminated is not counted as a duplicate."""
    other = Cell("ja", "generate")
    rows = [example(number, CELL, source="org/a") for number in range(6)]
    more = [example(number, other, source="org/b", prompt_repeated=number > 0) for number in range(3)]
    fill(
        lake,
        [*rows, *more],
        [
            *(duplicate(rows[number], rows[0], kind) for number, kind in ((1, "near"), (2, "near"), (3, "exact_pair"))),
            duplicate(rows[4], rows[5]),
            duplicate(more[1], more[0], "exact_prompt"),
        ],
        [leak(rows[5])],
    )
    assert [tuple(row.values()) for row in rows_of(lake, "FROM marts.duplicate_share")] == [
        ("org/a", "de", "respond", 6, 1, 0, 2, 3, 0.5),
        ("org/b", "ja", "generate", 3, 0, 1, 0, 1, 0.333333),
    ]
    counts = "SELECT outcome, sum(rows)::INT AS rows, sum(unique_prompts)::INT AS unique FROM marts.example_counts"
    assert [tuple(row.values()) for row in rows_of(lake, f"{counts} GROUP BY ALL ORDER BY ALL")] == [
        ("contaminated", 2, 2), ("duplicate", 4, 3), ("ok", 3, 2)
    ]  # fmt: skip


def test_the_fifty_largest_clusters(lake: Lake) -> None:
    """Of clusters of equal size those with the smallest ids."""
    kept = [example(number, CELL) for number in range(60)]
    sizes = [2 + (number < 45) + 3 * (number == 7) for number in range(60)]
    left = [
        duplicate(example(1000 * number + more + 1000, CELL), kept[number], "near" if number % 2 else "exact_pair")
        for number, size in enumerate(sizes)
        for more in range(1, size)
    ]
    fill(lake, [*kept, *(example_of(row) for row in left)], left)
    expected = sorted(zip(sizes, (row["id"] for row in kept), strict=True), key=lambda pair: (-pair[0], pair[1]))[:50]
    found = rows_of(lake, "FROM marts.largest_clusters")
    assert [(row["size"], row["kept_id"]) for row in found] == expected
    assert {row["kept_id"]: row["kind"] for row in found}[kept[7]["id"]] == "near"


def example_of(left_out: dict[str, Any]) -> dict[str, Any]:
    """The example that a row of `duplicates` leaves out."""
    return example(0, CELL, id=left_out["id"], source=left_out["source"])


def test_hits_by_item_and_by_evaluation_set(lake: Lake) -> None:
    rows = [example(number, Cell(language, "respond")) for language in ("de", "ja") for number in range(7)]
    leaks = [leak(row, "7", "response") for row in rows[1:]] + [leak(rows[1], "7"), leak(rows[2], "8")]
    fill(lake, rows, leaks=[*leaks, leak(rows[3], "7", eval_set="other.jsonl")])
    first, second, third = rows_of(lake, "FROM marts.contamination_items")
    assert first | {"first_ids": None} == {
        "eval_set": "mgsm_de.tsv", "item": "7", "examples": 13, "prompts": 1, "responses": 13,
        "largest_overlap": pytest.approx(0.9), "languages": ["de", "ja"], "first_ids": None,
    }  # fmt: skip
    assert first["first_ids"] == sorted(row["id"] for row in rows[1:])[:10]
    assert (second["item"], second["examples"], third["eval_set"]) == ("8", 1, "other.jsonl")
    sets = rows_of(lake, "SELECT * EXCLUDE (mean_overlap, sources) FROM marts.contamination_sets")
    assert [tuple(row.values()) for row in sets] == [("mgsm_de.tsv", 2, 13, 2, 13), ("other.jsonl", 1, 1, 1, 0)]


def test_what_licenses_allow_is_what_is_known_of_them(lake: Lake) -> None:
    names = [*KNOWN, "mrl-0.1"]
    fill(lake, [example(number, CELL, licenses=[name]) for number, name in enumerate(names)])
    found = {row["licenses"]: row for row in rows_of(lake, "FROM marts.license_mix")}
    assert {name: (row["unclear"], row["non_commercial"]) for name, row in found.items()} == {
        name: (not of(name).granted, of(name).granted and not of(name).commercial) for name in names
    }


def test_raw_rows_of_several_languages_add_up(lake: Lake) -> None:
    """Those of one language are judged in two cells and counted once; so are English ones, for every language."""
    fill(lake, [example(1, CELL)])
    lost = {
        ("org/a", "de/generate"): 5, ("org/a", "de/respond"): 5, ("org/a", "es/respond"): 7,
        ("org/b", "de/translate"): 9, ("org/b", "es/translate"): 9,
    }  # fmt: skip
    for (source, cell), rows in lost.items():
        counts = {Counted(source, "ungraded"): rows, Counted(source, "other_language"): 100}
        write_counts(lake, Cell(*cell.split("/")), counts, stage="seeds", part=source[-1])
    compute(lake)
    unused = rows_of(lake, "SELECT source, rows FROM marts.unused_rows WHERE reason = 'ungraded'")
    assert [tuple(row.values()) for row in unused] == [("org/a", 12), ("org/b", 9)]


def test_a_duplicate_of_a_row_that_is_gone_is_kept(lake: Lake) -> None:
    here, gone = example(1, CELL), example(2, CELL)
    fill(lake, [here], [duplicate(here, gone)])
    assert outcomes(lake) == {here["id"]: ("ok", None)}


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_example_has_one_outcome_and_all_sums_agree(lake: Lake, data: Any) -> None:
    rows = [example(number, Cell(language, "respond")) for language in ("de", "ja") for number in range(6)]
    numbers = st.integers(1, len(rows) - 1)
    twins = data.draw(st.sets(numbers, max_size=6))
    keepers = [number for number in range(len(rows)) if number not in twins]
    duplicates = [duplicate(rows[number], rows[data.draw(st.sampled_from(keepers))]) for number in sorted(twins)]
    leaks = [leak(rows[number]) for number in sorted(data.draw(st.sets(numbers, max_size=4)))]
    outsiders = [outsider(rows[number]) for number in sorted(data.draw(st.sets(numbers, max_size=4)))]
    fill(lake, rows, duplicates or [duplicate(example(99, CELL), rows[0])], leaks or [leak(example(99, CELL))],
         outsiders=outsiders or [outsider(example(99, CELL))])  # fmt: skip
    with lake.connect() as connection:
        for check in load_checks(bundled("dbt_like_sql")):
            if check.table not in ("prompts", "responses", "examples", "duplicates", "contamination", "licenses"):
                assert check.offences(connection) == [], (check.table, check.name)


def test_the_funnel_of_a_source(lake: Lake) -> None:
    rows = [example(number, CELL, source="org/a") for number in range(5)]
    fill(lake, rows, [duplicate(rows[1], rows[0])], [leak(rows[2])], failed=4)
    (funnel,) = rows_of(lake, "FROM marts.source_funnel")
    assert funnel == {
        "source": "org/a", "raw_rows": 11 + 3 + 40, "seeds": 11, "prompts": 9, "answers": 9, "accepted": 5,
        "contaminated": 1, "outside_policy": 0, "duplicates": 1, "kept": 3, "kept_share": round(3 / 9, 6),
    }  # fmt: skip
    assert rows_of(lake, "SELECT outcome, rows FROM marts.outcomes ORDER BY ALL") == [
        {"outcome": "contaminated", "rows": 1},
        {"outcome": "duplicate", "rows": 1},
        {"outcome": "ok", "rows": 3},
        {"outcome": "truncated", "rows": 4},
    ]
    assert rows_of(lake, "FROM marts.unused_rows") == [{"source": "org/a", "reason": "toxic", "rows": 3}]


def test_outcomes_that_nobody_foresaw_are_counted(lake: Lake) -> None:
    fill(lake, [example(1, CELL)])
    sung = Counted(SOURCES[1], "sung", "scripted")
    counts = read_counts(lake, CELL, stage="answers", part="all") + Counter({sung: 1})
    write_counts(lake, CELL, counts, stage="answers", part="all")
    compute(lake)
    assert rows_of(lake, "SELECT rows FROM marts.outcomes WHERE outcome = 'sung'") == [{"rows": 1}]


def test_words_are_counted_as_python_counts_them(lake: Lake) -> None:
    texts = [f"ein Weg führt nach {place} und zurück nach {place} am Tag {number}" for number, place in
             enumerate(["Rom", "Köln", "Linz", "Rom", "Graz"] * 40)]  # fmt: skip
    fill(lake, [example(number, CELL, response=text, source="org/a") for number, text in enumerate(texts)])
    (row,) = rows_of(lake, "FROM marts.lexical_diversity WHERE side = 'response'")
    said = [text.lower().split() for text in texts[:100]]
    flat, grams = [], {2: Counter(), 3: Counter()}  # type: ignore[var-annotated]
    for words in said:
        flat += words
        for size, found in grams.items():
            found.update(tuple(words[start : start + size]) for start in range(len(words) - size + 1))
    assert (row["words"], row["complete"], row["types"]) == (len(flat), False, len(set(flat)))
    assert row["distinct_1"] == round(len(set(flat)) / len(flat), 4)
    for size, found in grams.items():
        assert row[f"distinct_{size}"] == round(len(found) / found.total(), 4)
    stretches = [flat[start : start + 100] for start in range(0, len(flat) - 99, 100)]
    assert row["segment_ttr"] == round(sum(len(set(stretch)) for stretch in stretches) / len(stretches) / 100, 4)


def test_the_sample_holds_kept_rows_with_words_only(lake: Lake) -> None:
    rows = [example(number, CELL) for number in range(103)]
    fill(lake, rows, [duplicate(rows[1], rows[0])])
    assert rows_of(lake, "SELECT count(*) AS n, count(place) AS placed FROM marts.word_sample") == [
        {"n": 99, "placed": 99}
    ]


def test_large_samples_are_cut_to_the_same_size(lake: Lake) -> None:
    long = " ".join(f"wort{number}" for number in range(50))
    fill(lake, [example(number, CELL, response=long, source="org/a") for number in range(60)])
    (row,) = rows_of(lake, "FROM marts.lexical_diversity WHERE side = 'response'")
    assert (row["words"], row["complete"], row["types"], row["distinct_1"]) == (2000, True, 50, 0.025)


def test_scripts_without_spaces_have_characters_for_words(lake: Lake) -> None:
    fill(lake, [example(0, Cell("ja", "respond"), response="東京都京都", prompt="はい")])
    (row,) = rows_of(lake, "FROM marts.lexical_diversity WHERE side = 'response'")
    assert (row["words"], row["types"], row["distinct_2"]) == (5, 3, 0.75)


def test_the_overlap_is_the_mean_over_all_pairs(lake: Lake) -> None:
    prompts = ["was ist das", "was ist ein Haus", "wer geht heute nach Haus", "was ist das"]
    fill(lake, [example(number, CELL, prompt=text, prompt_repeated=number == 3) for number, text in enumerate(prompts)])
    (row,) = rows_of(lake, "FROM marts.prompt_diversity")
    sets = [set(text.lower().split()) for text in prompts]
    cosines = [len(one & other) / math.sqrt(len(one) * len(other)) for one, other in combinations(sets, 2)]
    assert row["overlap"] == pytest.approx(sum(cosines) / len(cosines), abs=6e-5)
    assert (row["examples"], row["unique_prompts"], row["unique_share"]) == (4, 3, 0.75)
    assert (row["opening_share"], row["most_common_opening"], row["most_common_rows"]) == (0.75, "was ist das", 2)


def test_the_published_card_does_not_add_up(lake: Lake) -> None:
    fill(lake, [example(number, CELL) for number in range(3)] + [example(0, Cell("fr", "respond"))])
    (audit,) = rows_of(lake, "FROM marts.card_audit")
    assert (audit["stated_total"], audit["table_total"], audit["difference"]) == (315_596, 356_471, 40_875)
    assert (audit["adds_up"], audit["forgotten_language"]) == (False, "tl")
    compared = {row["language"]: row for row in rows_of(lake, "FROM marts.card_comparison")}
    assert compared["de"]["share"] == 0.75
    assert compared["de"]["published_share"] == round(83_878 / 356_471, 6)
    assert (compared["fr"]["published_rows"], compared["cs"]["rows"]) == (0, 0)


def test_tables_do_not_depend_on_the_order_of_rows_or_runs(lake: Lake, tmp_path: Any) -> None:
    examples, duplicates, leaks = many(["de", "ja"], 30)
    fill(lake, examples, duplicates, leaks)
    again = Lake(tmp_path / "again")
    fill(again, examples[::-1], duplicates[::-1], leaks[::-1])
    for path in sorted((lake.root / "marts").glob("*.parquet")):
        assert path.read_bytes() == again.mart_path(path.stem).read_bytes(), path.stem
