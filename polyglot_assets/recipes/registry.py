"""All recipes: found in the files beside this one.

Here: the registry that the grid, the settings, the SQL, the card and the report follow from. Not here: any recipe.
"""

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import iter_modules

from polyglot_assets import recipes as folder
from polyglot_assets.domain.grid import STRATEGIES
from polyglot_assets.recipes.recipe import Recipe


def found() -> Iterator[Recipe]:
    """The recipes of this folder: every module that has a `RECIPE`."""
    for module in iter_modules(folder.__path__):
        if module.name != "registry":
            recipe = getattr(import_module(f"{folder.__name__}.{module.name}"), "RECIPE", None)
            if recipe is not None:
                yield recipe


def in_order(recipes: Iterable[Recipe]) -> dict[str, Recipe]:
    """`recipes` by name, in their order.

    Raises:
        ValueError: two of them claim the same place or name, or one has a name that cannot be that of a folder.
    """
    known: dict[str, Recipe] = {}
    for recipe in sorted(recipes, key=lambda recipe: recipe.place):
        if recipe.name in known or recipe.place in {other.place for other in known.values()}:
            raise ValueError(f"two recipes have the name {recipe.name!r} or the place {recipe.place}")
        if not re.fullmatch("[a-z][a-z0-9_]*", recipe.name) or not 0 <= recipe.examples <= 8:
            raise ValueError(
                f"recipe {recipe.name!r}: a name is a word in lower case, and at most 8 examples are shown"
            )
        known[recipe.name] = recipe
    return known


RECIPES = in_order(found())
"""All recipes by name, in the order of the grid."""

NAMES = tuple(RECIPES)


def described(strategies: Iterable[str] = STRATEGIES) -> str:
    """What the strategies do, a sentence each, in Markdown."""
    return " ".join(f"*{name}*: {RECIPES[name].does}." for name in strategies if name in RECIPES)
