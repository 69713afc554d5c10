"""respond: the teacher answers a seed's own prompt."""

from polyglot_assets.recipes.recipe import TEXT, Recipe

RECIPE = Recipe(
    "respond",
    place=20,
    does="it answers a prompt of the source",
    sees="a seed's own prompt",
    writes="the answer",
    form=TEXT,
)
