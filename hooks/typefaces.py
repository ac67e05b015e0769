# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Before a page is put into its template, names the fonts that it needs, so that nothing moves.

before   <p>the <em>key</em> of …</p>
after    {{ typefaces }} in the template: zoo-sans, zoo-serif, zoo-sans-italic, all preloaded
"""

from __future__ import annotations

from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from zooniverse.typefaces import needed


def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> None:
    context["typefaces"] = needed(page.content or "")
