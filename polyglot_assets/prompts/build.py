"""Building the prompts of a cell from its seeds.

Here: seed rows in, prompt rows and counts out; no files, no Dagster.
"""

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from polyglot_assets.domain.grid import GENERATE, Cell
from polyglot_assets.domain.ids import content_id
from polyglot_assets.prompts.choose import Exemplars, Seed, choose
from polyglot_assets.prompts.templates import StrategyTemplate

EXEMPLARS = 3


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
    choice = choose(seeds, limit)
    ring = Exemplars(seeds) if cell.strategy == GENERATE else None
    render = template.renderer(cell.language)
    rows = []
    drawn = ring.draw(choice.seeds, EXEMPLARS) if ring else [[]] * len(choice.seeds)
    for seed, exemplars in zip(choice.seeds, drawn, strict=True):
        if ring and len(exemplars) < EXEMPLARS:
            choice.counts[seed["source"], "kept"] -= 1
            choice.counts[seed["source"], "too_few_exemplars"] += 1
            continue
        text = _shown(exemplars) if ring else str(seed["prompt"])
        rows.append(_row(cell, seed, exemplars, template, render(text)))
    return rows, +choice.counts


def _shown(exemplars: Sequence[Seed]) -> str:
    return "\n\n".join(f"Prompt: {e['prompt']}\nResponse: {e['response']}" for e in exemplars)


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
        "licenses": sorted({template.licence, seed["license"], *(e["license"] for e in exemplars)}),
        **{name: seed[name] for name in carried},
    }
