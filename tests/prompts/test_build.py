"""Building a cell's prompts: ids, licenses, and that every seed is accounted for."""

import shutil
from collections import Counter
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyglot_assets.contracts.prompts import PROMPTS
from polyglot_assets.domain.grid import GENERATE, RESPOND, STRATEGIES, TRANSLATE, Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.prompts.build import build
from polyglot_assets.prompts.templates import FOLDER, load
from polyglot_assets.seeds.sources import SOURCES

CELLS = {strategy: Cell("de", strategy) for strategy in STRATEGIES}


@pytest.fixture(scope="module")
def make_seeds(make_seed):
    def make(strategy, numbers, source=0, **changes):
        return [make_seed(number, source, strategy=strategy, **changes) for number in numbers]

    return make


def made(strategy, seeds, limit=100, template=None):
    return build(CELLS[strategy], seeds, template or load()[strategy], limit)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_row_keeps_the_contract(strategy, make_seeds):
    rows, _ = made(strategy, make_seeds(strategy, range(10)))
    assert len(rows) == 10
    table = pa.Table.from_pylist(rows, schema=PROMPTS.schema)
    assert all(set(row) == set(table.column_names) for row in rows)
    for row in rows:
        assert all(value is not None for value in row.values())
        assert (row["language"], row["strategy"]) == ("de", strategy)


def test_a_whole_row_of_respond(make_seed):
    seed = make_seed(1, 2, strategy=RESPOND)
    [row], counts = made(RESPOND, [seed])
    template = load()[RESPOND]
    system, user = template.renderer("de")(seed["prompt"])
    assert row == {
        "prompt_id": content_id(seed["seed_id"], "de", "respond", template.version),
        "seed_id": seed["seed_id"],
        "exemplar_ids": [],
        "source": "allenai/WildChat-4.8M",
        "source_id": "1",
        "source_revision": "rev",
        "language": "de",
        "strategy": "respond",
        "seed_language": "de",
        "template_version": template.version,
        "system_prompt": system,
        "synth_prompt": user,
        "prompt": seed["prompt"],
        "prompt_key": seed["prompt_key"],
        "licenses": ["cc0-1.0", "odc-by"],
    }
    assert counts == {("allenai/WildChat-4.8M", "kept"): 1}


def test_generate_shows_three_examples_and_not_its_own_seed(make_seeds):
    seeds = make_seeds(GENERATE, range(12))
    by_id = {seed["seed_id"]: seed for seed in seeds}
    rows, _ = made(GENERATE, seeds)
    for row in rows:
        assert len(row["exemplar_ids"]) == 3
        assert row["seed_id"] not in row["exemplar_ids"]
        shown = [by_id[identifier] for identifier in row["exemplar_ids"]]
        places = [row["synth_prompt"].index(f"Prompt: {e['prompt']}\nResponse: {e['response']}") for e in shown]
        assert places == sorted(places), "exemplar_ids are in the order shown"
        assert row["prompt"] not in row["synth_prompt"]


@pytest.mark.parametrize("strategy", [RESPOND, TRANSLATE])
def test_other_strategies_show_the_seeds_prompt_and_no_answer(strategy, make_seeds):
    [row, *_], _ = made(strategy, make_seeds(strategy, range(5), response="die Antwort darauf"))
    assert row["exemplar_ids"] == []
    assert row["prompt"] in row["synth_prompt"]
    assert "die Antwort darauf" not in row["synth_prompt"]


def test_the_licenses_are_those_of_the_seed_the_examples_and_the_templates(make_seed):
    seeds = [make_seed(number, source) for source in range(len(SOURCES)) for number in (1, 2)]
    license = {seed["seed_id"]: seed["license"] for seed in seeds}
    rows, _ = made(GENERATE, seeds)
    assert len({tuple(row["licenses"]) for row in rows}) > 3
    for row in rows:
        used = {license[identifier] for identifier in (row["seed_id"], *row["exemplar_ids"])}
        assert row["licenses"] == sorted({*used, "cc0-1.0"})


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_ids_are_unique_and_change_with_the_template_and_the_target(strategy, make_seeds):
    seeds = make_seeds(strategy, range(20))
    template = load()[strategy]
    rows, _ = made(strategy, seeds)
    ids = {row["prompt_id"] for row in rows}
    edited, _ = made(strategy, seeds, template=replace(template, user=template.user + "!"))
    other_system, _ = made(strategy, seeds, template=replace(template, system=template.system + "!"))
    target, _ = build(Cell("cs", strategy), seeds, template, 100)
    everything = [ids, *({row["prompt_id"] for row in other} for other in (edited, other_system, target))]
    assert len(set().union(*everything)) == 4 * 20
    assert {row["template_version"] for row in rows} == {template.version}


def test_a_template_edit_leaves_the_other_strategies_ids_alone(make_seeds, tmp_path):
    folder = shutil.copytree(FOLDER, tmp_path / "templates")
    (folder / "generate.txt").write_text("$examples\n\nNow write one in $language.")
    for strategy in STRATEGIES:
        seeds = make_seeds(strategy, range(8))
        same = made(strategy, seeds)[0] == made(strategy, seeds, template=load(folder)[strategy])[0]
        assert same == (strategy != GENERATE)


def test_other_examples_make_another_prompt(make_seeds):
    few = {row["seed_id"]: row for row in made(GENERATE, make_seeds(GENERATE, range(40)))[0]}
    more = {row["seed_id"]: row for row in made(GENERATE, make_seeds(GENERATE, range(41)))[0]}
    assert any(few[seed]["exemplar_ids"] != more[seed]["exemplar_ids"] for seed in few)
    for seed, row in few.items():
        same_examples = row["exemplar_ids"] == more[seed]["exemplar_ids"]
        assert (row["prompt_id"] == more[seed]["prompt_id"]) == same_examples


@pytest.mark.parametrize("number", [1, 2, 3])
def test_too_few_examples_are_counted_and_not_asked(number, make_seeds):
    rows, counts = made(GENERATE, make_seeds(GENERATE, range(number)))
    assert rows == []
    assert counts == {("OpenAssistant/oasst2", "too_few_exemplars"): number}


def test_four_seeds_are_enough(make_seeds):
    rows, counts = made(GENERATE, make_seeds(GENERATE, range(4)))
    assert len(rows) == 4
    assert counts == {("OpenAssistant/oasst2", "kept"): 4}


def test_examples_come_from_all_seeds_of_the_cell_and_not_only_the_chosen(make_seeds):
    seeds = make_seeds(GENERATE, range(60))
    rows, _ = made(GENERATE, seeds, limit=2)
    assert {e for row in rows for e in row["exemplar_ids"]} - {row["seed_id"] for row in rows}


def test_a_larger_limit_leaves_the_prompts_that_were_there_as_they_were(make_seeds):
    seeds = make_seeds(GENERATE, range(60))
    few, more = (made(GENERATE, seeds, limit=limit)[0] for limit in (5, 15))
    assert [row for row in more if row["prompt_id"] in {r["prompt_id"] for r in few}] == few


def test_dollars_and_braces_of_examples_reach_the_teacher(make_seed):
    seeds = [make_seed(n, prompt=f"Was kostet ${n}? {{x}} $prompt", response=f"${n} {{}}") for n in range(6)]
    rows, _ = made(GENERATE, seeds)
    assert all(row["synth_prompt"].count("{x} $prompt") == 3 for row in rows)


def test_an_empty_cell():
    for strategy in STRATEGIES:
        assert made(strategy, []) == ([], Counter())


@settings(deadline=None, max_examples=60)
@given(
    chosen=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(0, 25)), unique_by=lambda s: s[:2]),
    limit=st.integers(1, 30),
    strategy=st.sampled_from(STRATEGIES),
    shuffler=st.randoms(use_true_random=False),
)
def test_every_seed_is_counted_once_and_order_does_not_matter(make_seed, chosen, limit, strategy, shuffler):
    seeds = [make_seed(n, source, strategy=strategy, prompt=f"Frage {prompt}?") for source, n, prompt in chosen]
    rows, counts = made(strategy, seeds, limit)
    totals = Counter()
    for (source, reason), number in counts.items():
        assert number > 0
        assert reason in {"kept", "duplicate", "over_cap", "too_few_exemplars"}
        totals[source] += number
    assert totals == Counter(seed["source"] for seed in seeds)
    assert sum(number for (_, reason), number in counts.items() if reason == "kept") == len(rows) <= limit
    assert len({row["prompt_id"] for row in rows}) == len({row["prompt_key"] for row in rows}) == len(rows)
    shuffler.shuffle(seeds)
    assert made(strategy, seeds, limit) == (rows, counts)
