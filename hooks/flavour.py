# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When a page is read, it is rewritten so that the site shows what GitHub shows.

before   Three of them:                  after   Three of them:
         - a
           - b                                   - a
                                                     - b
"""

from __future__ import annotations

import logging
from typing import Any

from mkdocs.structure.pages import Page

from zooniverse.flavour import TooDeepError, as_code, to_python_markdown
from zooniverse.problems import Problem
from zooniverse.reading import read_page

log = logging.getLogger("mkdocs.hooks.flavour")


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    markdown, problems = flavoured(markdown, read_page(page.file.content_bytes).first_line)
    for problem in problems:
        log.warning(problem.at(f"docs/{page.file.src_uri}"))
    return markdown


def flavoured(markdown: str, first_line: int) -> tuple[str, list[Problem]]:
    """Return a page as Python-Markdown needs it; its source as code where it is nested too deep.

    Args:
        markdown: The page without its front matter.
        first_line: Line of the page's file at which ``markdown`` begins.
    """
    try:
        return to_python_markdown(markdown), []
    except TooDeepError as error:
        found = error.problem
        line = (found.line or 1) + first_line - 1
        return as_code(markdown), [Problem(line, found.message, found.cure)]
