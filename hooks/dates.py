# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When the pages are known, says when each was last changed; not while the site is served.

before   docs/Resources/README.md, committed on 24 November 2026
after    sitemap.xml: <lastmod>2026-11-24</lastmod>, JSON-LD: "dateModified": "2026-11-24"
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from zooniverse.history import last_changes

serving = False


def on_startup(command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
    global serving
    serving = command == "serve"


@event_priority(-50)
def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> None:
    root = Path(config.config_file_path).parent
    days = {} if serving else last_changes(root)
    for page in (file.page for file in files.documentation_pages() if file.page):
        page.update_date = str(days.get(place(page, root), page.update_date))


def place(page: Page, root: Path) -> str:
    """Return a page's file by its path below the repository's top folder."""
    source = Path(page.file.abs_src_path or "")
    return source.relative_to(root).as_posix() if source.is_relative_to(root) else ""
