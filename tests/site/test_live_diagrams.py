# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Diagrams are drawn in the page, however the reader came to it, and asked of no other site."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import ROOT, mkdocs_build, served

pytestmark = pytest.mark.browser

LIBRARY = "assets/vendor/mermaid/mermaid.min.js"
CONFIG = """\
site_name: Test
theme:
  name: material
  custom_dir: theme
  font: false
  features: [navigation.instant]
extra_css: [assets/stylesheets/diagrams.css]
extra_javascript: [assets/javascripts/diagrams.js]
extra: {generator: false}
markdown_extensions:
  - pymdownx.superfences:
      custom_fences:
        - name: mermaid
          class: mermaid
          format: !!python/name:pymdownx.superfences.fence_div_format
plugins:
  - mermaid2:
      javascript: assets/vendor/mermaid/mermaid.min.js
      arguments: {startOnLoad: false, securityLevel: strict, suppressErrorRendering: true}
"""
PAGES = {
    "index.md": "# Home\n\n[plain](plain.md)\n\n## Mermaid\n\n```mermaid\n"
    '---\ntitle: "Q & K"\n---\n'
    'graph TB\n  A["<b>x</b> & y"] --> B["a < b"]\n```\n',
    "plain.md": "# Plain\n\n[home](index.md) [deep](a/deep.md)\n",
    "a/deep.md": "# Deep\n\n[plain](../plain.md)\n\n```mermaid\n---\nconfig: {theme: dark}\n---\n"
    'pie\n  "a": 1\n```\n\n```mermaid\npie\n  <i>wrong</i>\n```\n\n```mermaid\n---\n'
    "title: Wide\nconfig: {flowchart: {useMaxWidth: false}}\n---\nflowchart LR\n"
    "  a[A long label for a node] --> b[And another long label] --> c[And a third one of them]\n"
    "  c --> d[And a fourth one that is wide] --> e[And the last one]\n```\n",
}
SHOWN = """() => [...document.querySelectorAll("div.mermaid")].map(frame => ({
  pictures: frame.querySelectorAll("svg").length, canvas: frame.dataset.canvas,
  name: frame.querySelector("svg")?.getAttribute("aria-label"), tab: frame.tabIndex,
  titles: [...frame.querySelectorAll("text")].map(text => text.textContent),
  source: frame.querySelector("pre")?.textContent,
  note: frame.querySelector(":scope > p")?.textContent,
}))"""
DRAWN = """() => document.querySelector("div.mermaid")
  && !document.querySelector("div.mermaid:not([data-processed])")"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("live")
    for name, text in PAGES.items():
        path = folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for source, target in [
        (f"docs/{LIBRARY}", f"docs/{LIBRARY}"),
        ("overrides/assets/javascripts/diagrams.js", "theme/assets/javascripts/diagrams.js"),
        ("overrides/assets/stylesheets/diagrams.css", "theme/assets/stylesheets/diagrams.css"),
    ]:
        path = folder / target
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / source, path)
    with served(folder / "site") as host:
        # Instant navigation stays within the address that the sitemap names.
        config = f"{CONFIG}site_url: {host}\n"
        (folder / "mkdocs.yml").write_text(config, encoding="utf-8")
        assert mkdocs_build(folder / "mkdocs.yml", folder / "site") == (0, "")
        yield host


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page that has asked for nothing elsewhere and reported no error by the end of the test."""
    page = browser.new_page(viewport={"width": 360, "height": 700})
    heard: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    yield page
    assert heard == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert sum(url.endswith(LIBRARY) for url in asked) == 1
    page.close()


def shown(page: Page) -> list[dict[str, object]]:
    page.wait_for_function(DRAWN)
    found: list[dict[str, object]] = page.evaluate(SHOWN)
    return found


def check_home(page: Page) -> None:
    (frame,) = shown(page)
    assert (frame["pictures"], frame["canvas"], frame["name"]) == (1, "light", "Q & K")
    assert frame["titles"] == ["Q & K"]


def check_deep(page: Page) -> None:
    dark, wrong, wide = shown(page)
    assert (dark["pictures"], dark["canvas"], dark["name"]) == (1, "dark", "Diagram")
    assert (wrong["pictures"], wrong["source"]) == (0, "pie\n  <i>wrong</i>")
    assert str(wrong["note"]).startswith("This diagram could not be drawn: ")
    assert (wide["pictures"], wide["tab"]) == (1, 0)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_opened_directly(page: Page, address: str) -> None:
    page.goto(address)
    check_home(page)


def test_opened_directly_below_the_home_page(page: Page, address: str) -> None:
    page.goto(address + "a/deep/")
    check_deep(page)


def test_after_instant_navigation(page: Page, address: str) -> None:
    page.goto(address + "plain/")
    page.evaluate("window.kept = true")
    page.click("article a:text-is('deep')")
    page.wait_for_url("**/deep/")
    check_deep(page)
    page.click("article a:text-is('plain')")
    page.wait_for_url("**/plain/")
    page.click("article a:text-is('home')")
    page.wait_for_url(address)
    check_home(page)
    page.go_back()
    page.wait_for_url("**/plain/")
    page.go_forward()
    page.wait_for_url(address)
    check_home(page)
    assert page.evaluate("window.kept")


def test_without_scripts_the_source_is_read(browser: Browser, address: str) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(address)
    frame = page.locator("div.mermaid")
    assert frame.inner_text().splitlines()[-1] == '  A["<b>x</b> & y"] --> B["a < b"]'
    page.close()
