# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When Markdown has become HTML, only what is harmless to readers is kept of it.

before   <p onclick="run()"><iframe src="https://example.org"></iframe>Text</p>
after    <p>Text</p>
         docs/…/README.md:7: <iframe> is not allowed. Link to it instead.
         docs/…/README.md:7: the attribute 'onclick' of <p> is not allowed. Leave it out.
"""

from __future__ import annotations

import logging
import posixpath
from typing import Any

from mkdocs.plugins import event_priority
from mkdocs.structure.pages import Page

from zooniverse.problems import Problem
from zooniverse.reading import read_page
from zooniverse.safety import safe_anchor, safe_html, safe_title

log = logging.getLogger("mkdocs.hooks.safety")


@event_priority(100)  # before any other step puts its own blocks into the page
def on_page_content(html: str, page: Page, **_: Any) -> str:
    html, problems = _judged(html, page)
    for problem in problems:
        log.warning(problem.at(_name(page)))
    _make_titles_safe(page)
    return html


def _judged(html: str, page: Page) -> tuple[str, list[Problem]]:
    read = read_page(page.file.content_bytes)
    return safe_html(html, read.body, read.first_line)


def _make_titles_safe(page: Page) -> None:
    """The theme puts the page's title and the anchors of its headings into HTML as they are."""
    page.title = safe_title(str(page.title or ""))
    items = list(page.toc)
    while items:
        item = items.pop()
        item.id = safe_anchor(item.id)
        items += item.children


def _name(page: Page) -> str:
    place = posixpath.join("docs", page.file.edit_uri or page.file.src_uri)
    return posixpath.normpath(place)
