"""Sorting rows into cells: nothing is lost uncounted, and the same rows come out whatever else is read with them."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyglot_assets.contracts.seeds import SEEDS
from polyglot_assets.domain.grid import LANGUAGES, Cell, cells
from polyglot_assets.domain.ids import content_id
from polyglot_assets.seeds import aya, euroblocks, gsm8k, magpie_pro, wildchat
from polyglot_assets.seeds.acquire import Files, find
from polyglot_assets.seeds.fill import _Lowest, fill
from polyglot_assets.seeds.source import Candidate, Source, each, text
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import Settings

EVERY_SOURCE = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
ENGLISH = pytest.mark.parametrize("source", [gsm8k.SOURCE, magpie_pro.SOURCE], ids=lambda source: source.name)


def raw_rows(path: Path) -> int:
    if path.suffix == ".parquet":
        return pq.read_metadata(path).num_rows
    with gzip.open(path) as lines:
        return sum(1 for line in lines if line.strip())


def by_id(rows: list[dict]) -> list[dict]:
    return sorted(rows, key=lambda row: row["seed_id"])


@EVERY_SOURCE
def test_the_counts_of_every_fed_cell_add_up_to_the_raw_rows(source, samples):
    total = sum(raw_rows(path) for path in find(source, Settings()).paths)
    for cell, seeds in samples[source.name].items():
        if seeds.empty_because is None:
            assert sum(seeds.counts.values()) == total, cell
            assert seeds.counts["kept"] == len(seeds.rows)


@EVERY_SOURCE
def test_a_cell_that_the_source_does_not_feed_is_empty_and_says_why(source, samples):
    for cell, seeds in samples[source.name].items():
        if (cell.strategy == "translate") == source.english:
            assert seeds.empty_because is None
        else:
            assert seeds.rows == []
            assert seeds.counts == {}
            other = "translate" if source.english else "generate, respond, rewrite"
            assert seeds.empty_because.startswith(source.name)
            assert seeds.empty_because.endswith(f"feeds only {other}")


@EVERY_SOURCE
def test_no_row_breaks_the_contract_or_occurs_twice_in_a_cell(source, samples):
    for cell, seeds in samples[source.name].items():
        pa.Table.from_pylist(seeds.rows, schema=SEEDS.schema)
        assert all(list(row) == [field for field, *_ in SEEDS.fields] for row in seeds.rows)
        assert {(row["language"], row["strategy"]) for row in seeds.rows} <= {(cell.language, cell.strategy)}
        assert len({row["seed_id"] for row in seeds.rows}) == len(seeds.rows)


@EVERY_SOURCE
def test_reading_once_for_several_cells_equals_reading_each_alone(source, samples):
    files = find(source, Settings())
    for cell in cells(LANGUAGES):
        together, alone = samples[source.name][cell], fill(source, files, [cell], Settings())[cell]
        assert by_id(alone.rows) == by_id(together.rows)
        # +counts: a reason that only occurs in another language's rows is a zero, not an entry
        assert +alone.counts == +together.counts
        assert alone.empty_because == together.empty_because


def test_the_same_text_in_two_languages_is_a_seed_of_both_in_any_order(fill_rows, fill_files, write_native):
    turns = [{"from": "human", "value": "OK?"}, {"from": "gpt", "value": "OK."}]
    rows = [{"conversations": turns, "dataset": "x", "language": language} for language in ("German", "Spanish")]
    for order in (rows, rows[::-1]):
        path = write_native(euroblocks.SOURCE, order)
        both = fill_files(euroblocks.SOURCE, [path], ["de/generate", "es/generate"])
        for target, seeds in both.items():
            assert seeds.counts == {"kept": 1, "other_language": 1}
            assert fill_files(euroblocks.SOURCE, [path], [target])[target] == seeds


def shuffled(path: Path, folder: Path) -> Path:
    copy = folder / path.name
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        pq.write_table(table.take(sorted(range(table.num_rows), key=content_id)), copy)
    else:
        lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
        copy.write_bytes(gzip.compress(b"".join(sorted(lines))))
    return copy


@EVERY_SOURCE
def test_the_order_of_the_raw_rows_does_not_matter(source, samples, tmp_path):
    [path] = find(source, Settings()).paths
    copy = shuffled(path, tmp_path)
    assert copy.read_bytes() != path.read_bytes()
    filled = fill(source, Files(tmp_path, (copy,), "rev"), cells(LANGUAGES), Settings())
    for cell, seeds in filled.items():
        expected = samples[source.name][cell]
        assert seeds.counts == expected.counts
        assert by_id(seeds.rows) == [{**row, "source_revision": "rev"} for row in by_id(expected.rows)]


def test_the_rows_may_be_spread_over_several_files(samples, tmp_path):
    [path] = find(gsm8k.SOURCE, Settings()).paths
    table = pq.read_table(path)
    parts = []
    for number, part in enumerate((table.slice(0, 5), table.slice(5, 0), table.slice(5))):
        parts.append(tmp_path / f"train-{number}.parquet")
        pq.write_table(part, parts[-1])
    cell = Cell("cs", "translate")
    seeds = fill(gsm8k.SOURCE, Files(tmp_path, tuple(parts), "rev"), [cell], Settings())[cell]
    assert seeds.counts == samples["gsm8k"][cell].counts
    assert {row["seed_id"] for row in seeds.rows} == {row["seed_id"] for row in samples["gsm8k"][cell].rows}


@ENGLISH
@pytest.mark.parametrize("cap", [1, 2, 7, 20])
def test_the_cap_takes_the_first_in_hash_order_and_counts_the_rest(source, samples, cap):
    cell = Cell("de", "translate")
    everything = samples[source.name][cell].rows
    capped = fill(source, find(source, Settings()), [cell], Settings(seeds_per_cell=cap))[cell]
    in_order = sorted(everything, key=lambda row: content_id(cell.key, row["seed_id"]))
    assert by_id(capped.rows) == by_id(in_order[:cap])
    assert capped.counts["kept"] == cap
    # A repeated id beyond the cap is counted as beyond the cap: to know better, all ids would have to be kept.
    repeated = samples[source.name][cell].counts["duplicate_id"]
    assert capped.counts["over_cap"] + capped.counts["duplicate_id"] == len(everything) - cap + repeated
    assert sum(capped.counts.values()) == sum(samples[source.name][cell].counts.values())


def test_memory_is_bounded_by_the_cap_and_not_by_the_rows():
    lowest = _Lowest(limit=5)
    for number in range(1000):
        key = content_id(number)
        assert lowest.push(key, key, Candidate())
    assert len(lowest.heap) == len(lowest.ids) == 5
    assert {identifier for _, identifier, _ in lowest.heap} == lowest.ids
    assert lowest.beyond == 995


def test_a_cap_that_is_not_reached_is_not_mentioned(samples):
    assert "over_cap" not in samples["gsm8k"][Cell("de", "translate")].counts


def test_each_target_language_gets_its_own_choice_of_the_english_rows():
    filled = fill(gsm8k.SOURCE, find(gsm8k.SOURCE, Settings()), cells(LANGUAGES), Settings(seeds_per_cell=5))
    choices = [frozenset(row["seed_id"] for row in filled[Cell(code, "translate")].rows) for code in LANGUAGES]
    assert len(set(choices)) == len(LANGUAGES)


def _adapt(record) -> Candidate:
    return Candidate(source_id=text(record, "id"), language="en", prompt=text(record, "id"))


NUMBERS = Source("numbers", "made/numbers", "mit", ("*.parquet",), ("id",), each(_adapt), english=True)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 50), st.randoms(use_true_random=False))
def test_a_smaller_cap_gives_a_part_of_a_larger_ones_rows(tmp_path_factory, low, high, number, shuffler):
    names = [f"row {n}" for n in range(number)]
    shuffler.shuffle(names)
    folder = tmp_path_factory.mktemp("numbers")
    pq.write_table(pa.table({"id": pa.array(names, pa.string())}), folder / "a.parquet")
    cell, files = Cell("ja", "translate"), Files(folder, (folder / "a.parquet",), "rev")
    small, large = (fill(NUMBERS, files, [cell], Settings(seeds_per_cell=cap))[cell] for cap in sorted((low, high)))
    assert {row["seed_id"] for row in small.rows} <= {row["seed_id"] for row in large.rows}
    assert len(small.rows) == min(number, low, high)
    assert sum(small.counts.values()) == sum(large.counts.values()) == number


@pytest.mark.parametrize("flag", ["toxic", "redacted"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_flagged_rows_are_kept_only_on_request(samples, flag, language):
    cell = Cell(language, "respond")
    usual = samples["wildchat"][cell]
    assert not [row for row in usual.rows if row[flag]]
    [kept] = fill(
        wildchat.SOURCE, find(wildchat.SOURCE, Settings()), [cell], Settings(**{f"keep_{flag}": True})
    ).values()
    flagged = [row for row in kept.rows if row[flag]]
    assert len(flagged) == usual.counts[flag] == 1
    assert flag not in kept.counts
    assert {row["seed_id"] for row in kept.rows} - {row["seed_id"] for row in flagged} == {
        row["seed_id"] for row in usual.rows
    }


def test_a_folder_that_lacks_the_source_gives_empty_cells_that_say_so():
    filled = fill(gsm8k.SOURCE, None, cells(["de"]), Settings())
    assert [seeds.rows for seeds in filled.values()] == [[], [], []]
    assert filled[Cell("de", "translate")].empty_because == "POLYGLOT_SEEDS has no folder openai__gsm8k"
    assert filled[Cell("de", "generate")].empty_because == "gsm8k is English and feeds only translate"


@ENGLISH
def test_english_sources_have_nothing_to_translate_into_english(source):
    cell = Cell("en", "translate")
    seeds = fill(source, find(source, Settings()), [cell], Settings())[cell]
    assert (seeds.rows, seeds.empty_because) == ([], f"{source.name} is English already")


def test_cells_that_the_source_does_not_feed_cost_no_reading(tmp_path):
    files = Files(tmp_path, (tmp_path / "absent.parquet",), "rev")
    filled = fill(gsm8k.SOURCE, files, cells(["de"], ["generate", "respond"]), Settings())
    assert all(seeds.empty_because for seeds in filled.values())


def test_more_languages_than_the_default_ones(fill_files):
    paths = find(euroblocks.SOURCE, Settings()).paths
    filled = fill_files(euroblocks.SOURCE, paths, ["fr/respond", "en/generate"])
    assert filled["fr/respond"].counts["kept"] == 1
    assert filled["en/generate"].counts["kept"] == 1


class TestInvisibleCharacters:
    @pytest.mark.parametrize("name", ["rows.parquet", "rows.jsonl"])
    @pytest.mark.parametrize(
        "prompt",
        [
            *("\u200b", "\ufeff", "\u2800", "\u3164", "\u00ad", "\u200e\u200f", "\x00", "\ufe0f", " \u2060\n"),
            *("\ufffe", "\u0301", "\ue000", "\ufdd0 \u0300\uf8ff\n"),
        ],
    )
    def test_a_prompt_of_nothing_else_is_empty(self, fill_rows, prompt, name):
        row = {"question": prompt, "answer": "a"}
        assert fill_rows(gsm8k.SOURCE, [row], "de/translate", name).counts == {"empty_prompt": 1, "kept": 0}

    def test_so_is_an_answer(self, fill_rows):
        row = {"id": 1, "inputs": "Was?", "targets": "\u200b\ufeff", "language": "deu"}
        assert fill_rows(aya.SOURCE, [row], "de/generate").counts == {"empty_response": 1, "kept": 0}
        [seed] = fill_rows(aya.SOURCE, [row], "de/respond").rows
        assert (seed["response"], seed["response_chars"]) == ("", 0)

    def test_texts_are_cut_at_their_ends_and_ids_stay_what_they_were(self, fill_rows):
        rows = [{"question": "\ufeffWhy\u200b?\u200e ", "answer": "So.\u200b"}]
        [seed] = fill_rows(gsm8k.SOURCE, rows, "de/translate").rows
        assert (seed["prompt"], seed["response"], seed["prompt_chars"]) == ("Why\u200b?", "So.", 5)
        # Of this very text: a row that somebody had deleted under its id must not come back under another.
        assert seed["source_id"] == content_id("\ufeffWhy\u200b?\u200e", "So.\u200b")
        [plain] = fill_rows(gsm8k.SOURCE, [{"question": "Why?", "answer": "So."}], "de/translate").rows
        assert seed["prompt_key"] == plain["prompt_key"]


class TestLongTexts:
    def rows(self, prompt: str, response: str) -> list[dict]:
        return [{"id": 1, "inputs": prompt, "targets": response, "language": "deu"}]

    def test_a_prompt_beyond_the_limit_is_counted_and_left_out(self, fill_rows):
        for target in ("de/respond", "de/generate"):
            assert fill_rows(aya.SOURCE, self.rows("x" * 1_500_000, "a"), target).counts == {
                "prompt_too_long": 1,
                "kept": 0,
            }

    def test_an_answer_counts_only_where_it_is_shown(self, fill_rows):
        rows = self.rows("Was?", "x" * 100_001)
        assert fill_rows(aya.SOURCE, rows, "de/generate").counts == {"response_too_long": 1, "kept": 0}
        assert fill_rows(aya.SOURCE, rows, "de/respond").counts == {"kept": 1}

    def test_the_limit_is_a_setting(self, fill_rows):
        rows = self.rows("x" * 20, "y" * 20)
        assert fill_rows(aya.SOURCE, rows, "de/generate", seed_chars=20).counts == {"kept": 1}
        assert fill_rows(aya.SOURCE, rows, "de/generate", seed_chars=19).counts == {"prompt_too_long": 1, "kept": 0}
