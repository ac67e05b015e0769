# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When a page is read, it is rewritten so that the site shows what GitHub shows.

before:  Three of them:
         - `a`
           - `b`
after:   Three of them:

         - `a`
             - `b`
"""

from __future__ import annotations

from typing import Any

from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.pages import Page

from zooniverse import flavour

log = get_plugin_logger("flavour")


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    try:
        return flavour.to_python_markdown(markdown)
    except flavour.TooDeepError as error:
        log.warning(error.problem.at(page.file.src_uri))
        return flavour.as_code(markdown)
