# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Every page in a real browser: no error, no request off the site, no barrier for anyone."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import Site

pytestmark = pytest.mark.browser

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Where pictures of another site may be asked for.
ACTIVITY = "Project/Activity/"
SHIFTS = """window.shifts = []; new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(
    entry.value + entry.sources.map(s => " " + (s.node?.outerHTML ?? s.node?.data ?? "")).join())
}).observe({type: "layout-shift", buffered: true})"""


@pytest.fixture(scope="session")
def paths(site: Site) -> list[str]:
    """All pages by their path below the site's address, as the sitemap lists them, and the 404."""
    tree = ElementTree.parse(site.folder / "sitemap.xml")
    found = [loc.text or "" for loc in tree.findall(".//{*}loc")]
    return [address.removeprefix(site.address) for address in found] + ["not/a/page/"]


class Visit:
    """One page, opened: what it asked for, what it complained of."""

    def __init__(self, browser: Browser, address: str, path: str, **context: Any) -> None:
        self.context = browser.new_context(**context)
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.route("**/*", self._inside_only(address))
        self.page.add_init_script(SHIFTS)
        self.page.goto(address + path, wait_until="load")

    def _inside_only(self, address: str) -> Any:
        def judge(route: Any) -> None:
            if route.request.url.startswith((address, "data:", "blob:")):
                route.continue_()
            else:
                self.outside.append(route.request.url)
                route.abort()

        return judge

    def settle(self) -> None:
        """Wait for fonts."""
        self.page.evaluate("document.fonts.ready")

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def visits(browser: Browser, site: Site) -> Iterator[Any]:
    opened: list[Visit] = []

    def visit(path: str, **context: Any) -> Visit:
        opened.append(Visit(browser, site.address, path, **context))
        return opened[-1]

    yield visit
    for one in opened:
        one.close()


def test_there_are_pages(paths: list[str]) -> None:
    assert len(paths) >= 14


# All rules in either scheme; on a phone those that the width decides.
RULES = {
    ("light", 1400): {"runOnly": WCAG},
    ("dark", 1400): {"runOnly": WCAG},
    ("light", 360): {"runOnly": ["scrollable-region-focusable", "target-size", "meta-viewport"]},
}


@pytest.mark.parametrize(("scheme", "width"), RULES)
def test_no_error_no_request_outside_no_barrier(
    visits: Any, paths: list[str], root: Path, scheme: str, width: int
) -> None:
    axe = (root / "tests/vendor/axe-core/axe.min.js").read_text(encoding="utf-8")
    wrong: list[str] = []
    for path in paths:
        visit = visits(path, color_scheme=scheme, viewport={"width": width, "height": 900})
        visit.settle()
        if path != ACTIVITY:
            wrong += [f"{path}: asks {url}" for url in visit.outside]
        wrong += [f"{path}: {error}" for error in visit.errors if not _expected(error, path)]
        visit.page.evaluate(axe)
        found = visit.page.evaluate("rules => axe.run(rules)", RULES[scheme, width])
        assert found["passes"], "axe looked at nothing"
        wrong += [
            f"{path}: {violation['id']} at {node['target']}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]
        visit.close()
    assert wrong == []


def _expected(error: str, path: str) -> bool:
    """The missing page answers 404; pictures of the activity page do not arrive here."""
    return ("404" in error and path == "not/a/page/") or (
        "ERR_FAILED" in error and path == ACTIVITY
    )


@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_moves_and_nothing_sticks_out(visits: Any, paths: list[str], width: int) -> None:
    wrong = []
    for path in paths:
        visit = visits(path, viewport={"width": width, "height": 800})
        visit.settle()
        visit.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        visit.page.wait_for_timeout(150)
        shifts = visit.page.evaluate("window.shifts")
        wrong += [f"{path} moves by {shift[:200]}" for shift in shifts]
        wide = visit.page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            wrong.append(f"{path} is {wide} px wide")
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


def test_everything_is_readable_with_scripts_off(visits: Any, paths: list[str]) -> None:
    for path in paths:
        visit = visits(path, java_script_enabled=False)
        assert visit.page.locator("article h1").first.is_visible(), path
        hidden = visit.page.locator("article :is(p, li, td):not(details *)")
        for n in range(min(hidden.count(), 12)):
            assert hidden.nth(n).is_visible(), f"{path}: {hidden.nth(n).inner_html()}"
        visit.close()
