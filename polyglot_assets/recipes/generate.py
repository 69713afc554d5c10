"""generate: the teacher is shown three pairs of its target language and writes a new one."""

from collections.abc import Mapping, Sequence

from polyglot_assets.recipes.recipe import PAIR, Recipe, Seed


def _pairs(_: Seed, examples: Sequence[Seed]) -> Mapping[str, str]:
    """Other seeds, not the one that owns the prompt: a pair that was shown would come back."""
    return {"examples": "\n\n".join(f"Prompt: {e['prompt']}\nResponse: {e['response']}" for e in examples)}


RECIPE = Recipe(
    "generate",
    place=10,
    does="the teacher invents a pair after three examples",
    sees="three seeds of the language",
    writes="a new prompt and its answer",
    form=PAIR,
    examples=3,
    needs_answers=True,
    place_of_seed="examples",
    shown=_pairs,
)
