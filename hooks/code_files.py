# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When a page has become HTML, shows the code that it asks for, from the file where it lies.

before   <!-- zoo: code file="softmax.py" region="stable" -->
after    <figure class="zoo-code"><figcaption>softmax.py, lines 12–20</figcaption>
         # SPDX-License-Identifier: MIT
         def softmax(scores): …
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.pages import Page

from zooniverse.code_blocks import with_code
from zooniverse.licences import LicenseSettings
from zooniverse.markers import Marker, find_markers
from zooniverse.reading import read_page
from zooniverse.settings import read_section

log = logging.getLogger("mkdocs.hooks.code_files")

BLOCKS = ("code",)  # what it puts in the place of <!-- zoo: NAME -->


def on_page_content(html: str, page: Page, config: MkDocsConfig, **_: Any) -> str:
    licence = read_section(config.extra, "licenses", LicenseSettings, PluginError).code.spdx
    docs = Path(config.docs_dir)
    html, wrong = with_code(html, docs / Path(page.file.src_uri).parent, docs, licence)
    for marker, problem in wrong:
        log.warning(replace(problem, line=_line(page, marker)).at(f"docs/{page.file.src_uri}"))
    return html


def _line(page: Page, asked: Marker) -> int | None:
    """Return the line of the page's file at which a block is asked for."""
    read = read_page(page.file.content_bytes)
    for marker in find_markers(read.body):
        if (marker.name, marker.options) == (asked.name, asked.options):
            return marker.line + read.first_line - 1
    return None
