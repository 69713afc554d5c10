"""Writes the README's tables of outcomes and settings from what the code says of them: `python tools/readme_tables.py`.

Here: the tables as Markdown, and where they stand: between `<!-- outcomes -->` or `<!-- settings -->` and
`<!-- end -->`. Not here: names and meanings (domain/outcomes.py, gates/, settings.py). tests/test_readme.py fails where
the README holds something else.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from polyglot_assets.domain import outcomes as outcomes_
from polyglot_assets.gates.registry import GATES, OUTCOMES
from polyglot_assets.settings import Settings, names

README = Path(__file__).parents[1] / "README.md"
_PLACES = {"lake": "`data/lake` in the checkout", "cache": "`~/.cache/polyglot-assets`"}
"""Defaults that depend on the machine."""


def outcomes() -> Iterator[str]:
    """A row per end of a request, in the order of the steps that decide."""
    yield "| outcome | gate | meaning |"
    yield "| --- | --- | --- |"
    gates = {outcome.name: gate for gate in GATES for outcome in gate.outcomes}
    stages = list(outcomes_.STAGES)
    for outcome in sorted(OUTCOMES.values(), key=lambda outcome: (outcome.name != "ok", stages.index(outcome.stage))):
        gate = gates.get(outcome.name)
        decides = f"`{gate.name}`{'' if gate.default_on else ' (off by default)'}" if gate else ""
        yield f"| `{outcome.name}` | {decides} | {outcome.meaning} |"


def settings() -> Iterator[str]:
    """A row per variable."""
    yield "| variable | default | meaning |"
    yield "| --- | --- | --- |"
    for name in names():
        field = Settings.model_fields[name]
        default = _PLACES.get(name) or _shown(field.get_default())
        yield f"| `POLYGLOT_{name.upper()}` | {default} | {field.description} |"


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        value = ",".join(value)
    if isinstance(value, float):
        value = f"{value:g}"
    return "" if value in (None, "") else f"`{value}`"


def written(text: str) -> str:
    """`text` with its tables as they must be."""
    for name, rows in (("outcomes", outcomes()), ("settings", settings())):
        before, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        if not end:
            raise SystemExit(f"{README}: there is no place for the table of {name}")
        text = before + begin + "\n".join(rows) + "\n" + end + after
    return text


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
