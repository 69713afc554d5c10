"""The documentation's hook: tables whose rows a test suite wrote as JSON."""

import json
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
HOOK = ROOT / "tools" / "reference_pages.py"


def test_a_place_gets_the_rows_of_its_file(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    from mkdocs.config.defaults import MkDocsConfig

    (tmp_path / "rows.json").write_text(json.dumps([{"fault": "a|b", "lost": 0}, {"fault": "ä", "lost": 1}]))
    config = MkDocsConfig()
    config.docs_dir = str(tmp_path)
    page = runpy.run_path(str(HOOK))["on_page_markdown"]("above\n\n<!-- table: rows.json -->\n\nbelow", config)
    assert page.splitlines() == [
        "above", "", "| fault | lost |", "| --- | --- |", "| a\\|b | 0 |", "| ä | 1 |", "", "", "below"
    ]  # fmt: skip


def test_nothing_was_lost_by_the_rows_of_the_chaos_suite() -> None:
    rows = json.loads((ROOT / "docs" / "reliability.json").read_text())
    assert sum(row["runs"] for row in rows) > 1000
    assert {row["lost"] for row in rows} == {0}
    assert all(row["paid twice"] <= row["bound"] for row in rows)
