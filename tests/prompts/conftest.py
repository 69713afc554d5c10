"""Fixtures for the prompt tests: seeds made by number."""

from collections.abc import Callable
from typing import Any

import pytest

from polyglot_assets.domain.ids import content_id
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.text.normal import text_key

MakeSeed = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def make_seed() -> MakeSeed:
    """A seed row (contracts.SEEDS) by number; equal numbers give equal seeds, `source` is a place in SOURCES."""

    def make(number: int, source: int = 0, **changes: Any) -> dict[str, Any]:
        chosen = SOURCES[source]
        prompt = changes.get("prompt", f"Frage {number} an {chosen.name}?")
        response = changes.get("response", f"Antwort {number}.")
        return {
            "seed_id": content_id(chosen.repo, str(number)),
            "source": chosen.repo,
            "source_id": str(number),
            "source_revision": "rev",
            "license": chosen.license,
            "language": "de",
            "strategy": "generate",
            "seed_language": "de",
            "prompt": prompt,
            "response": response,
            "toxic": False,
            "redacted": False,
            "prompt_key": text_key(prompt),
            "prompt_chars": len(prompt),
            "response_chars": len(response),
            **changes,
        }

    return make
