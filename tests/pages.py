"""Pages in a real browser: what holds for every page that the project writes."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_CONTRAST = """() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const linear = value => (value /= 255) <= .03928 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4;
  const light = rgb => .2126 * linear(rgb[0]) + .7152 * linear(rgb[1]) + .0722 * linear(rgb[2]);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), node = walker.currentNode.parentElement;
    if (!text || node.closest('title')) continue;
    const style = getComputedStyle(node);
    const front = parse(node.closest('svg') ? style.fill : style.color);
    const [high, low] = [light(front), light(behind(node))].sort((one, other) => other - one);
    if ((high + .05) / (low + .05) < 4.5) found.push(text);
  }
  return found;
}"""
"""Texts whose contrast to what is behind them is below 4.5 : 1 (WCAG AA)."""


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; the test is skipped where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium on this machine: install the package chromium to run the browser tests")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def check_page(browser: Any, path: Path, scheme: str, width: int) -> None:
    """The page fits, can be read, asks for nothing else and complains about nothing."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    asked: list[str] = []
    trouble: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto(path.as_uri())
    for opened in (False, True):
        if opened:
            page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(_CONTRAST) == []
    assert asked == [path.as_uri()], "the page asks for something else"
    assert trouble == []
    charts = page.locator("svg[role=img]")
    assert all(charts.nth(number).get_attribute("aria-label") for number in range(charts.count()))
    page.close()
