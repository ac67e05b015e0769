# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Every page in a real browser: no error, no request off the site, no barrier for anyone."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.conftest import Site

pytestmark = pytest.mark.browser

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Where pictures of another site may be asked for.
ACTIVITY = "Project/Activity/"
MOVES = "moves by "
SHIFTS = """window.shifts = []; new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push([entry.value,
    entry.sources.map(s => s.node?.outerHTML ?? s.node?.data ?? "").join()])
}).observe({type: "layout-shift", buffered: true})"""


@pytest.fixture(scope="session")
def paths(site: Site) -> list[str]:
    """The pages by their path below the site's address, as the sitemap lists them, and the 404.

    Of the views of code and data, which differ in their lines alone, the longest of each kind.
    """
    tree = ElementTree.parse(site.folder / "sitemap.xml")
    found = [(loc.text or "").removeprefix(site.named) for loc in tree.findall(".//{*}loc")]
    views = sorted((path for path in found if path.endswith(".html")), key=lambda path: (
        (site.folder / path).stat().st_size))  # fmt: skip
    longest = {path.removesuffix(".html").rpartition(".")[2]: path for path in views}
    return [*(path for path in found if path not in views), *longest.values(), "not/a/page/"]


class Visit:
    """One page, opened: what it asked for, what it complained of."""

    def __init__(self, context: BrowserContext, address: str, path: str) -> None:
        self.path = path
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.route(re.compile(f"^(?!{re.escape(address)}|data:|blob:)"), self._stop)
        self.page.add_init_script(SHIFTS)
        self.page.goto(address + path, wait_until="load")

    def _stop(self, route: Route) -> None:
        self.outside.append(route.request.url)
        route.abort()

    def complaints(self) -> list[str]:
        """Scroll to the end; return errors, requests to others, what moves, what sticks out."""
        self.page.evaluate("document.fonts.ready")
        self.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        self.page.wait_for_timeout(150)
        found = [] if self.path == ACTIVITY else [f"asks {url}" for url in self.outside]
        found += [error for error in self.errors if not _expected(error, self.path)]
        shifts = self.page.evaluate("window.shifts")
        found += [f"{MOVES}{value:.4f}: {what[:200]}" for value, what in shifts]
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found += [f"sticks out by {wide} px"] if wide > 0 else []
        return [f"{self.path}: {what}" for what in found]

    def switch_to_dark(self) -> None:
        """Let the system change to its dark scheme, and wait until the page is in it."""
        self.page.emulate_media(color_scheme="dark")
        self.page.wait_for_selector("[data-md-color-scheme=slate]")
        self.page.evaluate("Promise.all(document.getAnimations().map(a => a.finished))")

    def barriers(self, axe: str, rules: list[str]) -> list[str]:
        """Return what axe finds."""
        if not self.page.evaluate("Boolean(window.axe)"):
            self.page.evaluate(axe)
        self.page.evaluate(ONE_OF_EACH_COLOUR)
        found = self.page.evaluate(AXE, rules)
        assert found["passes"], "axe looked at nothing"
        return [
            f"{self.path}: {violation['id']} at {node['target']}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    def close(self) -> None:
        self.page.close()


def _expected(error: str, path: str) -> bool:
    """The missing page answers 404; pictures of the activity page do not arrive here."""
    return ("404" in error and path == "not/a/page/") or (
        "ERR_FAILED" in error and path == ACTIVITY
    )


@pytest.fixture
def visits(browser: Browser, site: Site) -> Iterator[Any]:
    contexts: dict[str, BrowserContext] = {}  # pages of the same settings share what they load

    def visit(path: str, **settings: Any) -> Visit:
        if str(settings) not in contexts:
            contexts[str(settings)] = browser.new_context(**settings)
        return Visit(contexts[str(settings)], site.address, path)

    yield visit
    for context in contexts.values():
        context.close()


def test_there_are_pages(paths: list[str]) -> None:
    assert len(paths) >= 14
    assert sum(path.endswith(".py.html") for path in paths) == 1


# What passes is not described in full: it would take a third of the time.
AXE = "rules => axe.run({runOnly: rules, resultTypes: ['violations']})"
# Of the thousands of coloured words of code, the first of each colour on each ground is enough,
# and so it is of formulas, each of which is a hundred elements of one colour.
ONE_OF_EACH_COLOUR = """{ const seen = new Set(), grounds = new Map(), again = []
  for (const formula of document.querySelectorAll(".katex-html")) {
    let ground = formula
    while (ground.parentElement && getComputedStyle(ground).backgroundColor == "rgba(0, 0, 0, 0)")
      ground = ground.parentElement
    const look = getComputedStyle(formula).color + getComputedStyle(ground).backgroundColor
    if (seen.has(look)) formula.style.visibility = "hidden"; else seen.add(look)
  }
  for (const word of document.querySelectorAll("pre code span")) {
    const ground = word.closest(".hll, code")
    if (!grounds.has(ground)) grounds.set(ground, getComputedStyle(ground).backgroundColor)
    const look = `${word.className} on ${grounds.get(ground)}`
    if (seen.has(look)) again.push(word); else seen.add(look)
  }
  for (const word of again) word.replaceWith(...word.childNodes) }"""
# What the scheme decides: colours, and which of two pictures is shown.
IN_THE_DARK = ["color-contrast", "link-in-text-block", "image-alt", "role-img-alt", "svg-img-alt"]
# What the width decides.
ON_A_PHONE = ["scrollable-region-focusable", "target-size", "meta-viewport"]
PARTS = 8  # of all pages, so that several processes share them
each_part = pytest.mark.parametrize("part", range(PARTS))


@pytest.fixture(scope="session")
def axe(root: Path) -> str:
    return (root / "tests/vendor/axe-core/axe.min.js").read_text(encoding="utf-8")


def opened(visits: Any, path: str, width: int, height: int) -> tuple[Visit, list[str]]:
    """Open a page; again where something moved.

    A table that arrives in pieces on a busy machine finds the width of its columns piece by piece,
    as everywhere on the web. What moves each time is the page's own fault.
    """
    for _ in range(3):
        visit: Visit = visits(
            path, color_scheme="light", viewport={"width": width, "height": height}
        )
        complaints = visit.complaints()
        if not any(MOVES in what for what in complaints):
            break
    return visit, complaints


@each_part
def test_at_a_desk(visits: Any, paths: list[str], axe: str, part: int) -> None:
    wrong: list[str] = []
    for path in paths[part::PARTS]:
        visit, complaints = opened(visits, path, 1400, 900)
        wrong += complaints + visit.barriers(axe, WCAG)
        visit.switch_to_dark()
        wrong += visit.barriers(axe, IN_THE_DARK)
        visit.close()
    assert wrong == []


@each_part
def test_on_a_phone(visits: Any, paths: list[str], axe: str, part: int) -> None:
    wrong: list[str] = []
    for path in paths[part::PARTS]:
        visit, complaints = opened(visits, path, 360, 800)
        wrong += complaints + visit.barriers(axe, ON_A_PHONE)
        visit.close()
    assert wrong == []


def test_the_shell_weighs_at_most_100_kib(visits: Any, site: Site) -> None:
    visit = visits("")
    visit.page.wait_for_timeout(300)
    names = visit.page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
    inside = [urlsplit(name.removeprefix(site.address)).path for name in names]
    files = [site.folder / path for path in ["index.html", *inside]]
    weights = {file.name: len(gzip.compress(file.read_bytes(), 9)) for file in files}
    assert sum(weights.values()) <= 100 * 1024, weights
    assert "whole_index.json" not in weights


HIDDEN = """() => [...document.querySelectorAll("article h1, article :is(p, li, td)")]
  .filter(part => !part.closest("details") && !part.checkVisibility({visibilityProperty: true}))
  .map(part => part.outerHTML.slice(0, 200))"""


@each_part
def test_everything_is_readable_with_scripts_off(visits: Any, paths: list[str], part: int) -> None:
    wrong = []
    for path in paths[part::PARTS]:
        visit = visits(path, java_script_enabled=False)
        assert visit.page.locator("article h1").first.is_visible(), path
        wrong += [f"{path}: {part}" for part in visit.page.evaluate(HIDDEN)]
        visit.close()
    assert wrong == []
