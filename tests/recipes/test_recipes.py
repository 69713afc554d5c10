"""Recipes: those that there are, and that adding one touches one file and its template, as the page says."""

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from polyglot_assets.domain.grid import STRATEGIES, cells
from polyglot_assets.inference.registry import enabled
from polyglot_assets.prompts.build import build
from polyglot_assets.prompts.templates import load
from polyglot_assets.recipes.recipe import PAIR, TEXT
from polyglot_assets.recipes.registry import NAMES, RECIPES, in_order
from polyglot_assets.responses.requests import make_request
from polyglot_assets.seeds.acquire import find
from polyglot_assets.seeds.fill import fill
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import Settings

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "guides" / "adding.md").read_text(encoding="utf-8")
SECTION = PAGE[PAGE.index("## A strategy") : PAGE.index("## A mart")]
[RECIPE] = re.findall(r"^```python\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)
[TEMPLATE] = re.findall(r"^```text\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)


def test_the_default_strategies_have_recipes_and_come_first() -> None:
    assert (*STRATEGIES, "rewrite") == NAMES
    assert Settings().strategies == STRATEGIES
    assert Settings(strategies=("rewrite", "respond")).strategies == ("respond", "rewrite"), "in the order of the grid"


def test_prompts_and_requests_are_those_of_before_there_were_recipes() -> None:
    """Lakes of then go on: a byte that differs here would ask all of their prompts again."""
    settings = Settings()
    teacher = enabled(settings)[0]
    teacher = replace(teacher, engine={**teacher.engine, "dtype": "bfloat16"})
    grid = cells(["de", "ja", "ar"])
    filled = [fill(source, find(source, settings), grid, settings) for source in SOURCES]
    digest = hashlib.sha256()
    for cell in grid:
        rows, _ = build(cell, [seed for source in filled for seed in source[cell].rows], load()[cell.strategy], 5)
        for row in rows:
            request = make_request(row, teacher, teacher.max_tokens)
            values = sorted((name, value) for name, value in row.items())
            digest.update(f"{cell.key}{row['prompt_id']}{request.request_id}{values!r}".encode())
    assert digest.hexdigest() == "7de5347b663cc9d00677afc5f35d8867bd2b7e432d6795eea650eff312aa2e09"


@pytest.mark.parametrize("wrong", [(), ("rewrit",)])
def test_strategies_that_there_are_not(wrong: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"needs at least one strategy|unknown strategy 'rewrit'; there are generate"):
        Settings(strategies=wrong)


def test_two_recipes_never_claim_the_same() -> None:
    one = RECIPES["respond"]
    for other in (replace(one, place=21), replace(one, name="other")):
        with pytest.raises(ValueError, match="two recipes have the name"):
            in_order([one, other])
    for wrong in (replace(one, name="a b"), replace(one, examples=9)):
        with pytest.raises(ValueError, match="a name is a word"):
            in_order([wrong])


def test_forms_of_an_answer() -> None:
    assert TEXT.read("  Ja.\n", "Stimmt das?") == ("Stimmt das?", "Ja.")
    assert PAIR.read('{"prompt": "a", "response": " b "}', "?") == ("a", "b")
    assert PAIR.read("[]", "?") == "expected an object, got list"
    assert TEXT.schema_text == ""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process says in which the page's recipe lies among the others, and its template in a folder."""
    recipes, templates = tmp_path_factory.mktemp("recipes"), tmp_path_factory.mktemp("templates")
    (recipes / "simplify.py").write_text(RECIPE)
    (templates / "simplify.txt").write_text(TEMPLATE)
    (templates / "license.txt").write_text("cc-by-4.0")
    variables = {
        "PYTHONPATH": str(TESTS),
        "POLYGLOT_LAKE": str(tmp_path_factory.mktemp("lakes") / "lake"),
        "POLYGLOT_LANGUAGES": "de",
        "POLYGLOT_ROWS_PER_CELL": "2",
        "POLYGLOT_STRATEGIES": "respond,translate,rewrite,simplify",
        "POLYGLOT_TEMPLATES": str(templates),
    }
    script = [sys.executable, str(Path(__file__).with_name("own_recipe.py")), str(recipes)]
    result = subprocess.run(script, env=os.environ | variables, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    said: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return said


def test_the_chain_and_its_checks(found: dict[str, Any]) -> None:
    assert found["failed"] == []
    assert found["succeeded"]
    assert found["keys"] == ["de|respond", "de|translate", "de|rewrite", "de|simplify"]
    rows = {(strategy, outcome): number for strategy, outcome, number in found["rows"]}
    assert rows[("rewrite", "unchanged")] == rows[("rewrite", "ok")] == 1
    assert rows[("simplify", "ok")] == 2


def test_figures_follow(found: dict[str, Any]) -> None:
    strategies = ["respond", "translate", "rewrite", "simplify"]
    assert found["known"] == ["generate", *strategies]
    assert [part["strategy"] for part in found["distribution"]] == strategies
    assert found["settings"] == strategies
    assert "simplify" in found["templates"]
    assert found["verified"] == []
    assert "| language | respond | translate | rewrite | simplify |" in found["card"]
    assert "*simplify*: it answers a prompt of the source so that a child" in " ".join(found["card"].split())
    assert "cc-by-4.0" in found["card"], "the license of the template"
    assert "simplify" in found["report"]
    assert re.search(r"de +│ simplify", found["status"])
    assert "| `simplify` | a seed's own prompt | an answer for a child |" in found["docs"]
