"""translate: the teacher puts an English prompt into its target language and answers it there."""

from polyglot_assets.recipes.recipe import PAIR, Recipe

RECIPE = Recipe(
    "translate",
    place=30,
    does="it carries an English prompt over into the language and answers it there",
    sees="an English prompt",
    writes="the prompt in the target language, and the answer there",
    form=PAIR,
    english=True,
)
