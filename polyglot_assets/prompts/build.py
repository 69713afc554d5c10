"""Building the prompts of a cell from its seeds.

Here: seed rows in, prompt rows and counts out; no files, no Dagster.
"""

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from polyglot_assets.domain.grid import Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.prompts.choose import Exemplars, Seed, choose
from polyglot_assets.prompts.templates import StrategyTemplate
from polyglot_assets.recipes.registry import RECIPES


def build(
    cell: Cell, seeds: Sequence[Seed], template: StrategyTemplate, limit: int
) -> tuple[list[dict[str, Any]], Counter[tuple[str, str]]]:
    """Up to `limit` prompt rows (contracts.PROMPTS) and the cell's seeds counted by (source, reason)."""
    with _no_search_for_cycles():
        return _build(cell, seeds, template, limit)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Rows hold none, and looking for them again and again would take as long as making the rows."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _build(
    cell: Cell, seeds: Sequence[Seed], template: StrategyTemplate, limit: int
) -> tuple[list[dict[str, Any]], Counter[tuple[str, str]]]:
    choice, recipe = choose(seeds, limit), RECIPES[cell.strategy]
    ring = Exemplars(seeds) if recipe.examples else None
    render = template.renderer(cell.language)
    rows = []
    drawn = ring.draw(choice.seeds, recipe.examples) if ring else [[]] * len(choice.seeds)
    for seed, exemplars in zip(choice.seeds, drawn, strict=True):
        if len(exemplars) < recipe.examples:
            choice.counts[seed["source"], "kept"] -= 1
            choice.counts[seed["source"], "too_few_exemplars"] += 1
            continue
        rows.append(_row(cell, seed, exemplars, template, render(recipe.shown(seed, exemplars))))
    return rows, +choice.counts


def _row(
    cell: Cell, seed: Seed, exemplars: Sequence[Seed], template: StrategyTemplate, messages: tuple[str, str]
) -> dict[str, Any]:
    exemplar_ids = [e["seed_id"] for e in exemplars]
    carried = ("seed_id", "source", "source_id", "source_revision", "seed_language", "prompt", "prompt_key")
    return {
        "prompt_id": content_id(seed["seed_id"], cell.language, cell.strategy, template.version, *exemplar_ids),
        "exemplar_ids": exemplar_ids,
        "language": cell.language,
        "strategy": cell.strategy,
        "template_version": template.version,
        "system_prompt": messages[0],
        "synth_prompt": messages[1],
        "licenses": sorted({*template.licenses, seed["license"], *(e["license"] for e in exemplars)}),
        **{name: seed[name] for name in carried},
    }
