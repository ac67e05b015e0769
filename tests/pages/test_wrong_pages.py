# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Pages that are wrong or mean harm: what is said of each, and what never reaches a reader."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.conftest import SmallSite, served
from zooniverse.reading import MAX_PAGE

CORPUS = Path(__file__).parent.parent / "pages_corpus" / "wrong"
# By page: what must be said of it, without the file's name, and what its HTML must not hold.
EXPECTED: dict[str, dict[str, list[str]]] = json.loads(
    (CORPUS / "expected.json").read_text(encoding="utf-8")
)
NAMES = sorted(EXPECTED)
TOUCH = """document.querySelectorAll("article *").forEach(element => {
  element.dispatchEvent(new MouseEvent("mouseover")); element.focus?.()
})"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[SmallSite, int, str]:
    """One site of all these pages, built strictly, with the exit code and what was said."""
    site = SmallSite(tmp_path_factory.mktemp("wrong"))
    for page in CORPUS.glob("*.md"):
        site.page(f"Wrong/{page.name}", page.read_bytes())
    site.page("Wrong/huge.md", "# Huge\n\n" + "word " * (MAX_PAGE // 5))
    site.page('Wrong/na"me<b>.md', "# Name\n")
    wrong = site.folder / "docs" / "Wrong"
    (site.folder / "secret.md").write_text("# The secret\n", encoding="utf-8")
    (wrong / "link-out.md").symlink_to(site.folder / "secret.md")
    (wrong / "link-nowhere.md").symlink_to(wrong / "nothing.md")
    return site, *site.build()


def neutral(line: str) -> str:
    """Leave out which blocks there are: that is not these tests' concern."""
    return re.sub(r"Write [\w', -]+, its options", "Write …, its options", line)


def said_of(name: str, said: str) -> list[str]:
    prefix = f"Wrong/{name}.md:"
    lines = [line.partition(prefix)[2] for line in said.splitlines() if prefix in line]
    return [neutral(line) for line in lines]


def test_every_page_has_its_entry_and_every_entry_its_page() -> None:
    assert sorted(page.stem for page in CORPUS.glob("*.md")) == NAMES
    assert len(NAMES) >= 50


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said_and_what_is_kept_out(name: str, built: tuple[SmallSite, int, str]) -> None:
    site, _, said = built
    assert said_of(name, said) == [neutral(line) for line in EXPECTED[name]["says"]]
    html = site.html(f"Wrong/{name}/index.html")
    assert "</html>" in html
    for never in EXPECTED[name]["never"]:
        assert never not in html


def test_the_strict_build_fails_with_every_warning_and_without_a_traceback(
    built: tuple[SmallSite, int, str],
) -> None:
    site, code, said = built
    assert code == 1
    assert "Traceback" not in said
    for line in said.splitlines():
        assert not line.strip() or line.startswith(("WARNING", "Aborted with")), line
    assert "docs/Wrong/huge.md: the page has" in said
    assert "docs/Wrong/link-out.md: the link leads out of docs/" in said
    assert "docs/Wrong/link-nowhere.md: the link leads nowhere" in said
    assert "the file's name holds a character" in said
    assert not any("The secret" in f.read_text() for f in site.folder.glob("site/**/*.html"))


@pytest.mark.browser
def test_no_page_does_anything_in_a_browser(
    built: tuple[SmallSite, int, str], browser: Browser
) -> None:
    site = built[0]
    heard: list[str] = []
    at = ""

    def stop(route: Any) -> None:
        heard.append(f"{at}: asked for {route.request.url}")
        route.abort()

    def dismiss(dialog: Any) -> None:
        heard.append(f"{at}: opened a dialog")
        dialog.dismiss()

    def complain(message: Any) -> None:
        # The browser says so where a picture is not there, or another site's, which it then
        # asks for nothing.
        known = ("status of 404", "violates the following Content Security Policy")
        if message.type == "error" and not any(words in message.text for words in known):
            heard.append(f"{at}: {message.text}")

    with served(site.folder / "site") as host:
        page = browser.new_page()
        page.on("dialog", dismiss)
        page.on("pageerror", lambda error: heard.append(f"{at}: {error}"))
        page.on("console", complain)
        page.route(re.compile(f"^(?!{re.escape(host)}|data:|blob:)"), stop)
        for at in NAMES:
            address = f"{host}Wrong/{at}/"
            page.goto(address, wait_until="load")
            if page.locator("div.mermaid").count():
                page.wait_for_selector("div.mermaid[data-processed]")
            page.evaluate(TOUCH)
            if page.evaluate("window.__pwned !== undefined"):
                heard.append(f"{at}: a script of the page ran")
            if page.url.partition("#")[0] != address:
                heard.append(f"{at}: led to {page.url}")
            frame = "document.querySelectorAll('.md-header, .md-main, .md-footer').length"
            if page.evaluate(frame) != 3:
                heard.append(f"{at}: the site's frame is not whole")
        page.close()
    assert not heard, "\n".join(heard)
