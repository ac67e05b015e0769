# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Pictures of diagrams in the page: size, scheme, full screen, links, paper."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import ROOT, Site, SmallSite, ready, served

pytestmark = pytest.mark.browser

WIDE = """\
# Wide

[home](../README.md)

```mermaid
---
title: A wide one
---
flowchart LR
  a[A long label for a node] --> b[And another long label] --> c[And a third one of them]
  c --> d[And a fourth one that is wide] --> e[And the last one]
  click a "https://example.org/a" _blank
```

## Own

```mermaid
---
title: Own theme
config: {theme: dark}
---
flowchart TB
  x --> y
```
"""
SEEN = """() => [...document.querySelectorAll(".diagram__frame")].map(frame => {
  const seen = [...frame.children].filter(one => one.getClientRects().length)
  return [seen.length, seen[0].getBoundingClientRect().width, frame.clientWidth,
    getComputedStyle(frame).backgroundColor]
})"""
REQUESTED = "performance.getEntriesByType('resource').map(e => e.name)"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    small = SmallSite(tmp_path_factory.mktemp("pictures"))
    small.page("README.md", "# Home\n\n[wide](A/README.md)\n")
    small.page("A/README.md", WIDE)
    with served(small.folder / "site") as host:
        small.settings = f"site_url: {host}\n"
        assert small.build() == (0, "")
        yield host


@pytest.fixture
def visit(browser: Browser) -> Iterator[Any]:
    """Open a page; by the end of the test it has reported no error."""
    errors: list[str] = []
    contexts = []

    def open_page(address: str, width: int = 1400, **options: Any) -> Page:
        options = {"color_scheme": "light", "viewport": {"width": width, "height": 800}} | options
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.goto(address)
        return page

    yield open_page
    assert errors == []
    for context in contexts:
        context.close()


def scale(dialog: Locator) -> float:
    return float(dialog.locator(".diagram-viewer__stage").get_attribute("data-scale") or 0)


def enlarge(page: Page) -> Locator:
    page.locator("figure.diagram").first.scroll_into_view_if_needed()
    page.get_by_role("button", name="Full screen").first.click()
    dialog = page.locator("dialog.diagram-viewer")
    expect(dialog).to_be_visible()
    return dialog


def test_the_site_has_pictures_only_each_at_most_40_kb(site: Site) -> None:
    pages = list(site.folder.rglob("*.html"))
    assert not [page for page in pages if '<div class="mermaid"' in page.read_text("utf-8")]
    pictures = list((site.folder / "assets/diagrams").iterdir())
    assert len(pictures) >= 10
    sizes = {file.name: len(gzip.compress(file.read_bytes(), 9)) for file in pictures}
    assert max(sizes.values()) <= 40_000, sizes


@pytest.mark.parametrize("width", [360, 1400])
def test_labels_stay_readable_and_the_frame_scrolls_where_they_would_not(
    visit: Any, address: str, width: int
) -> None:
    page = visit(address + "A/", width)
    figure = page.locator("figure.diagram").first
    figure.scroll_into_view_if_needed()
    style = figure.get_attribute("style") or ""
    natural, readable = (int(found) for found in re.findall(r"(?:width|readable):(\d+)px", style))
    (seen, shown, room, _), *_ = page.evaluate(SEEN)
    assert seen == 1
    assert shown == pytest.approx(max(readable, min(natural, room - 32)), abs=40)
    assert shown >= readable - 1
    assert page.evaluate("document.documentElement.scrollWidth") == width
    if shown > room:
        expect(figure).to_have_attribute("data-wider", "")
        expect(figure.locator(".diagram__hint")).to_have_css("opacity", "1")
        figure.locator(".diagram__frame").focus()
        page.keyboard.press("ArrowRight")
        expect(figure).not_to_have_attribute("data-wider", "")
    assert (shown > room) == (width == 360)


def test_only_the_seen_scheme_is_loaded_and_the_switch_is_followed(
    visit: Any, address: str
) -> None:
    for scheme, other in (("light", "dark"), ("dark", "light")):
        page = visit(address + "A/", color_scheme=scheme)
        page.locator("figure.diagram").last.scroll_into_view_if_needed()
        page.wait_for_function(
            f"{REQUESTED}.filter(n => n.includes('/assets/diagrams/')).length > 1"
        )
        page.wait_for_timeout(400)
        names = [name for name in page.evaluate(REQUESTED) if "/assets/diagrams/" in name]
        kinds = [re.findall(r"-(\w+)\.svg", name)[0] for name in names]
        assert set(kinds) == {scheme, "own"}, names
        before = page.evaluate(SEEN)
        page.emulate_media(color_scheme=other)
        page.wait_for_function(f"({SEEN})()[0][3] !== '{before[0][3]}'")
        after = page.evaluate(SEEN)
        assert [len({b[0], a[0], 1}) for b, a in zip(before, after, strict=True)] == [1, 1]
        # One with a theme of its own lies on its canvas in either scheme.
        assert before[1][3] == after[1][3] == "rgb(28, 33, 38)"


def test_links_lead_on(visit: Any, address: str) -> None:
    page = visit(address + "A/")
    link = page.locator("figure.diagram svg a").first
    link.wait_for(state="attached")
    assert link.get_attribute("href") == "https://example.org/a"
    page.context.route("https://example.org/**", lambda route: route.fulfill(body="there"))
    with page.expect_popup() as popup:
        link.locator("text").first.click()
    popup.value.wait_for_url("https://example.org/a")
    assert page.locator("dialog.diagram-viewer").count() == 0


def test_full_screen_by_keyboard(visit: Any, address: str) -> None:
    page = visit("about:blank")
    ready(page, address)
    page.get_by_role("link", name="wide").click()
    page.wait_for_url("**/A/")
    assert page.evaluate("window.kept")  # by instant navigation, from a page without diagrams
    button = page.get_by_role("button", name="Full screen: A wide one")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog.diagram-viewer")
    stage = dialog.locator(".diagram-viewer__stage")
    expect(stage).to_be_focused()
    expect(page.get_by_role("dialog", name="A wide one")).to_be_visible()
    page.keyboard.press("0")
    whole = scale(dialog)
    for _ in range(4):
        page.keyboard.press("+")
    assert scale(dialog) == pytest.approx(whole * 1.3**4, rel=0.01)
    expect(dialog.get_by_role("status")).to_have_text(re.compile(r"\d+ %"))
    at = stage.evaluate("stage => stage.scrollLeft")
    page.keyboard.press("ArrowRight")
    assert stage.evaluate("stage => stage.scrollLeft") > at
    page.keyboard.press("-")
    assert scale(dialog) < whole * 1.3**3.5
    page.keyboard.press("0")
    assert scale(dialog) == pytest.approx(whole, rel=0.01)
    # The site's own keys (n: next page) do nothing here.
    page.keyboard.press("n")
    assert page.url.endswith("/A/")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


def test_full_screen_by_mouse(visit: Any, address: str) -> None:
    page = visit(address + "A/", permissions=["clipboard-read", "clipboard-write"])
    dialog = enlarge(page)
    stage = dialog.locator(".diagram-viewer__stage")
    before = scale(dialog)
    page.mouse.move(500, 400)
    page.mouse.wheel(0, -700)
    expect(stage).not_to_have_attribute("data-scale", f"{before:.3f}")
    assert scale(dialog) > before
    dialog.get_by_role("button", name="Zoom in").click()
    at = stage.evaluate("stage => stage.scrollLeft")
    page.mouse.move(700, 400)
    page.mouse.down()
    page.mouse.move(640, 400, steps=4)
    page.mouse.up()
    assert stage.evaluate("stage => stage.scrollLeft") == pytest.approx(at + 60, abs=3)
    dialog.get_by_role("button", name="Fit").click()
    box = dialog.locator(".diagram-viewer__stage > *").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 1400
    with page.expect_download() as download:
        dialog.get_by_role("link", name="Download SVG").click()
    assert download.value.suggested_filename == "A-wide-one.svg"
    dialog.get_by_role("button", name="Copy source").click()
    expect(dialog.get_by_role("status")).to_have_text("Source copied")
    assert "click a" in page.evaluate("navigator.clipboard.readText()")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_full_screen_by_fingers(visit: Any, address: str) -> None:
    page = visit(address + "A/", 360, has_touch=True)
    dialog = enlarge(page)
    before = scale(dialog)
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *points: tuple[int, int]) -> None:
        at = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    fingers("touchStart", (160, 400), (200, 400))
    for step in range(1, 6):
        fingers("touchMove", (160 - 8 * step, 400), (200 + 8 * step, 400))
    fingers("touchEnd")
    assert scale(dialog) > before * 2
    buttons = dialog.locator(".diagram-viewer__tools > *")
    for n in range(buttons.count()):
        box = buttons.nth(n).bounding_box()
        assert box and box["width"] >= 44 and box["height"] >= 44 and box["x"] + 44 <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barrier_in_full_screen(visit: Any, address: str, scheme: str) -> None:
    page = visit(address + "A/", color_scheme=scheme)
    enlarge(page)
    page.evaluate((ROOT / "tests/vendor/axe-core/axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")
    assert found["passes"]
    assert [(v["id"], v["nodes"][0]["target"]) for v in found["violations"]] == []


def test_on_paper_the_light_one_is_whole(visit: Any, address: str) -> None:
    page = visit(address + "A/", color_scheme="dark")
    page.wait_for_timeout(300)
    page.emulate_media(media="print", color_scheme="dark")
    seen = page.evaluate("""() => [...document.querySelectorAll(".diagram__frame")].map(frame =>
      [...frame.children].filter(one => one.getClientRects().length)
        .map(one => [/#only-dark/.test(one.src), frame.scrollWidth <= frame.clientWidth]))""")
    assert seen == [[[False, True]], [[False, True]]]
    assert page.locator(".diagram__open").first.is_hidden()


def test_with_scripts_off_the_picture_and_its_source_are_there(visit: Any, address: str) -> None:
    page = visit(address + "A/", java_script_enabled=False)
    figure = page.locator("figure.diagram").first
    assert figure.locator("img").first.is_visible() and figure.locator("img").last.is_hidden()
    figure.locator("summary").click()
    assert "flowchart LR" in figure.locator("pre").inner_text()
    figure.locator("a.diagram__open").click()
    page.wait_for_url("**/assets/diagrams/*-light.svg")
