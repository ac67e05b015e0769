# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Diagrams without picture are drawn in the page, however the reader came to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import SmallSite, ready, served

pytestmark = pytest.mark.browser

LIBRARY = "assets/vendor/mermaid/mermaid.min.js"
PAGES = {
    "README.md": "# Home\n\n[plain](Plain.md)\n\n## Mermaid\n\n```mermaid\n"
    '---\ntitle: "Q & K"\n---\n'
    'graph TB\n  A["<b>x</b> & y"] --> B["a < b"]\n```\n',
    "Plain.md": "# Plain\n\n[home](README.md) [deep](A/README.md)\n",
    "A/README.md": "# Deep\n\n[plain](../Plain.md)\n\n```mermaid\n---\nconfig: {theme: dark}\n---\n"
    'pie\n  "a": 1\n```\n\n```mermaid\npie\n  <i>wrong</i>\n```\n\n```mermaid\n---\n'
    "title: Wide\n---\nflowchart LR\n"
    "  a[A long label for a node] --> b[And another long label] --> c[And a third one of them]\n"
    "  c --> d[And a fourth one that is wide] --> e[And the last one]\n"
    '  e --> f@{ img: "https://example.org/x.png", label: "Far", w: 60, h: 60 }\n```\n',
}
SHOWN = """() => [...document.querySelectorAll("figure.diagram")].map(figure => {
  const frame = figure.querySelector("div.mermaid")
  return {
    pictures: frame.querySelectorAll("svg").length, canvas: frame.dataset.canvas,
    name: frame.querySelector("svg")?.getAttribute("aria-label"),
    tab: frame.tabIndex, caption: figure.querySelector(".diagram__title").textContent,
    titles: [...frame.querySelectorAll("svg > text, svg > g > text")].map(t => t.textContent),
    source: frame.querySelector("pre")?.textContent,
    note: frame.querySelector(":scope > p")?.textContent,
    open: figure.querySelectorAll("button.diagram__open").length,
  }
})"""
# Asked and answered at once: between two questions another page may have come.
DRAWN = f"""() => document.querySelector("div.mermaid")
  && !document.querySelector("div.mermaid:not([data-processed])") && ({SHOWN})()"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    small = SmallSite(tmp_path_factory.mktemp("live"))
    for name, text in PAGES.items():
        small.page(name, text)
    with served(small.folder / "site") as host:
        # Instant navigation stays within the address that the sitemap names.
        small.settings = f"site_url: {host}\nextra: {{diagrams: {{pictures: live}}}}\n"
        assert small.build() == (0, "")
        yield host


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page that has asked for nothing elsewhere and reported no error by the end of the test."""
    page = browser.new_page(viewport={"width": 360, "height": 700}, color_scheme="light")
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
    found: list[dict[str, object]] = page.wait_for_function(DRAWN).json_value()
    return found


def follow(page: Page, name: str, url: str, heading: str) -> None:
    """Follow a link of the page to the page with that heading."""
    page.click(f"article a:text-is('{name}')")
    arrived(page, url, heading)


def arrived(page: Page, url: str, heading: str) -> None:
    """Wait for a page; its address alone does not tell, which changes before the page does."""
    page.wait_for_url(url)
    expect(page.locator("article h1")).to_contain_text(heading)


def check_home(page: Page) -> None:
    (frame,) = shown(page)
    assert (frame["pictures"], frame["canvas"], frame["name"]) == (1, None, "Q & K")
    # The title is the caption and is not drawn a second time.
    assert (frame["caption"], frame["titles"]) == ("Q & K", [])


def check_deep(page: Page) -> None:
    dark, wrong, wide = shown(page)
    assert (dark["pictures"], dark["canvas"], dark["name"]) == (1, "dark", "Deep")
    assert wrong["pictures"] == 0
    assert str(wrong["source"]).endswith("pie\n  <i>wrong</i>")
    assert str(wrong["note"]).startswith("This diagram could not be drawn: ")
    assert wide["pictures"] == 1
    page.locator("figure.diagram").last.scroll_into_view_if_needed()
    expect(page.locator("figure.diagram").last.locator("div.mermaid")).to_have_attribute(
        "tabindex", "0"
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_opened_directly(page: Page, address: str) -> None:
    page.goto(address)
    check_home(page)


def test_opened_directly_below_the_home_page(page: Page, address: str) -> None:
    page.goto(address + "A/")
    check_deep(page)


def test_after_instant_navigation(page: Page, address: str) -> None:
    ready(page, address + "Plain/")
    follow(page, "deep", "**/A/", "Deep")
    check_deep(page)
    follow(page, "plain", "**/Plain/", "Plain")
    follow(page, "home", address, "Home")
    check_home(page)
    page.go_back()
    arrived(page, "**/Plain/", "Plain")
    page.go_forward()
    arrived(page, address, "Home")
    check_home(page)
    assert page.evaluate("window.kept")


INKS = """() => [...document.querySelectorAll("div.mermaid")].map(frame => {
  const label = frame.querySelector("svg .nodeLabel, svg text.slice")
  return label && getComputedStyle(label).fill
})"""


def test_it_is_drawn_anew_when_the_scheme_changes(page: Page, address: str) -> None:
    page.goto(address + "A/")
    shown(page)
    own, _, house = page.evaluate(INKS)
    assert house == "rgb(16, 41, 45)"
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"({INKS})()[2] === 'rgb(238, 246, 245)'", polling=200)
    assert page.evaluate(INKS)[0] == own  # a theme of its own stays as it is


def test_it_can_be_looked_at_full_screen_and_comes_back(page: Page, address: str) -> None:
    page.goto(address)
    shown(page)
    page.locator("figure.diagram").scroll_into_view_if_needed()
    page.get_by_role("button", name="Full screen").click()
    dialog = page.locator("dialog.diagram-viewer")
    expect(dialog.locator(".diagram-viewer__stage > svg")).to_be_visible()
    dialog.get_by_role("button", name="Zoom in").click()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("div.mermaid > svg")).to_be_visible()


def test_without_scripts_the_source_is_read(browser: Browser, address: str) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(address)
    frame = page.locator("div.mermaid")
    assert frame.inner_text().splitlines()[-1] == '  A["<b>x</b> & y"] --> B["a < b"]'
    page.close()
