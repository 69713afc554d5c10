"""rewrite: the teacher makes a seed's prompt harder or sets it further conditions, and answers what it wrote.

One request for both: the answer belongs to the very prompt that was written, and the ledger keeps them together. A
prompt that comes back as it was is `unchanged`.
"""

from polyglot_assets.recipes.recipe import PAIR, Recipe

RECIPE = Recipe(
    "rewrite",
    place=40,
    does="it makes a prompt of the source harder, or sets it further conditions, and answers that",
    sees="a seed's own prompt",
    writes="a harder version of it, and its answer",
    form=PAIR,
    changes_prompt=True,
)
