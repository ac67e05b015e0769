# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What readers do: search, switch colours, walk from page to page, print, follow a dead link."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from selectolax.lexbor import LexborHTMLParser

from tests.conftest import Site, ready

pytestmark = pytest.mark.browser

CC_BY = "https://creativecommons.org/licenses/by/4.0/"
MIT = "https://opensource.org/license/mit"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme="light")
    yield context.new_page()
    context.close()


def searched(page: Page, words: str) -> list[str]:
    """Type into the search field; return the addresses of what is found."""
    page.get_by_role("textbox", name="Search").click()
    page.keyboard.type(words)
    results = page.locator(".md-search-result__meta")
    expect(results).not_to_have_text("Type to start searching")
    expect(results).not_to_have_text("Initializing search")
    links = page.locator("a.md-search-result__link")
    return [links.nth(n).get_attribute("href") or "" for n in range(links.count())]


def test_search_loads_with_the_first_query_and_finds_pages(page: Page, site: Site) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.on("request", lambda request: asked.append(request.url))
    page.goto(site.address)
    page.wait_for_timeout(300)
    assert not [url for url in asked if "whole_index" in url]
    found = searched(page, "reinforcement")
    assert any("Reinforcement-Learning" in link for link in found)
    assert [url for url in asked if "whole_index" in url]


def test_search_never_finds_licence_notices_or_the_source_of_diagrams(site: Site) -> None:
    index = json.loads((site.folder / "search" / "whole_index.json").read_text(encoding="utf-8"))
    texts = {doc["location"]: doc["text"] for doc in index["docs"]}
    assert texts
    for location, text in texts.items():
        assert "All Rights Reserved" not in text or location.startswith("Project/"), location
        assert "handDrawn" not in text, location


def test_colours_follow_the_system_and_the_switch(page: Page, site: Site) -> None:
    page.goto(site.address)
    body = page.locator("body")
    expect(body).to_have_attribute("data-md-color-scheme", "default")
    page.emulate_media(color_scheme="dark")
    expect(body).to_have_attribute("data-md-color-scheme", "slate")
    page.locator("label[title*='switch to light']").click()
    expect(body).to_have_attribute("data-md-color-scheme", "default")
    page.locator("label[title*='switch to dark']").click()
    expect(body).to_have_attribute("data-md-color-scheme", "slate")
    page.reload()
    expect(body).to_have_attribute("data-md-color-scheme", "slate")


def test_instant_navigation_keeps_the_window(page: Page, site: Site) -> None:
    pages = (site.folder / "sitemap.xml").read_text(encoding="utf-8")
    here = pages.replace(site.named, site.address)  # pages of another port are another site's
    page.route("**/sitemap.xml", lambda route: route.fulfill(body=here, content_type="text/xml"))
    ready(page, site.address)
    page.get_by_role("link", name="Computer Vision").first.click()
    expect(page.locator("article h1")).to_contain_text("Computer Vision")
    assert page.evaluate("window.kept")


def test_the_first_tab_stop_skips_to_the_text(page: Page, site: Site) -> None:
    page.goto(site.address + "Resources/")
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.className")
    assert "md-skip" in focused.split()


def test_a_missing_page_helps_on(page: Page, site: Site) -> None:
    answer = page.goto(site.address + "no/such/page/")
    assert answer and answer.status == 404
    expect(page.locator("article h1")).to_have_text("This page is not here")
    assert page.locator("article a").count() > 3


def test_print_leaves_the_words_and_drops_the_frame(page: Page, site: Site) -> None:
    page.goto(site.address + "Language-Models/")
    page.emulate_media(media="print")
    for frame in (".md-header", ".md-tabs", ".md-sidebar--secondary", ".md-footer"):
        assert page.locator(frame).first.is_hidden(), frame
    assert page.locator("article h1").is_visible()
    assert page.locator(".zoo-notice__licence").is_visible()


def test_every_page_says_its_licence_to_people_and_machines(site: Site) -> None:
    pages = list(site.folder.rglob("index.html"))
    assert pages
    for file in pages:
        html = LexborHTMLParser(file.read_text(encoding="utf-8"))
        named = {link.attributes["href"] for link in html.css("link[rel=license]")}
        assert named == {CC_BY, MIT}, file
        noticed = {link.attributes["href"] for link in html.css(".zoo-notice a[rel=license]")}
        assert noticed == named, file
        data = html.css_first("script[type='application/ld+json']")
        assert data, file
        assert set(json.loads(data.text())["license"]) == named, file
