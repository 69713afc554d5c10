"""The page about a difference in a real browser: as for the report, and its figures are those of the difference."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pages import check_page, chromium

from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import STRATEGIES
from polyglot_assets.release.diff import ADDED, CHANGED, REMOVED, SAME, Difference
from polyglot_assets.release.diff_page import render, write

_LANGUAGES = ["ar", "cs", "de", "es", "id", "ja", "tl"]
_REASONS = {SAME: "", REMOVED: "seed_gone", CHANGED: "template", ADDED: "accepted"}


def difference(name: str) -> Difference:
    long = f"{'org' * 20}/{'name' * 20}"
    changes = [
        {"language": language, "strategy": strategy, "source": source, "change": change, "reason": reason,
         "rows": 10 ** ((place + at) % (8 if name == "extremes" else 4))}
        for place, language in enumerate(_LANGUAGES if name != "extremes" else _LANGUAGES * 3)
        for strategy in STRATEGIES
        for source in ("openai/gsm8k", long if name == "extremes" else "arbml/CIDAR")
        for at, (change, reason) in enumerate(_REASONS.items())
    ]  # fmt: skip
    if name == "the same":
        changes = [row for row in changes if row["change"] == SAME]
    if name == "nothing":
        changes = []
    return Difference("0123456789ab", "ba9876543210", changes, name == "much")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.mark.ui
@pytest.mark.parametrize("name", ["much", "extremes", "the same", "nothing"])
def test_the_page_fits_and_can_be_read(browser: Any, name: str, tmp_path: Path) -> None:
    write(difference(name), tmp_path / "page.html")
    for scheme in ("light", "dark"):
        for width in (1280, 800, 600, 375, 320):
            check_page(browser, tmp_path / "page.html", scheme, width)


@pytest.mark.ui
def test_its_figures_are_those_of_the_difference(browser: Any, tmp_path: Path) -> None:
    shown = difference("much")
    write(shown, tmp_path / "page.html")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    (total,) = shown.sums()
    counts = [f"{total[change]:,}" for change in (REMOVED, CHANGED, ADDED, SAME)]
    assert page.locator(".key dd").all_inner_texts() == counts
    table = page.locator("table").first.locator("tbody tr")
    cells = [row.locator("td").all_inner_texts() for row in table.all()]
    names = ("old", REMOVED, CHANGED, SAME, ADDED, "new")
    assert cells == [
        [row["language"], row["strategy"], *(f"{row[name]:,}" for name in names)]
        for row in shown.sums("language", "strategy")
    ]
    assert page.locator(".why b").all_inner_texts() == [f"{row['rows']:,}" for row in shown.reasons()]
    page.close()


def test_text_of_the_lake_is_not_markup_and_the_page_is_the_same_again() -> None:
    row = {"language": "de", "strategy": "respond", "source": "<script>x</script>", "change": REMOVED, "reason": "<i>"}
    page = render(Difference("a", "b", [{**row, "rows": 1}], with_lake=False))
    assert "<script" not in page
    assert "<i>" not in page
    assert page == render(Difference("a", "b", [{**row, "rows": 1}], with_lake=False))


def test_a_device_or_a_link_that_it_is_written_to_stays(tmp_path: Path) -> None:
    device, link, target = tmp_path / "null", tmp_path / "link", tmp_path / "target"
    device.symlink_to("/dev/null")
    link.symlink_to(target)
    for path in (device, link):
        write(difference("nothing"), path)
        assert path.is_symlink()
    assert target.read_text().startswith("<!DOCTYPE html>")
    with pytest.raises(UserError, match="cannot write /proc/nowhere/x"):
        write(difference("nothing"), Path("/proc/nowhere/x"))
