# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Before a page is put into its template, its comparisons of models become tables.

before   <!-- zoo: compare models="BERT, GPT-3" fields="year, parameters, results" -->
after    <div class="zoo-compare"><table>a column for each, each figure with its source</table>
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from zooniverse.markers import Marker, find_markers, replace_markers
from zooniverse.reading import read_page
from zooniverse.records.collection import collect
from zooniverse.records.comparisons import comparison_html

log = logging.getLogger("mkdocs.hooks.comparisons")

BLOCKS = ("compare",)  # what it puts in the place of <!-- zoo: NAME -->


@event_priority(60)  # after links are led, before search reads the page
def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> None:
    records = collect(Path(config.docs_dir), config)

    def table(marker: Marker) -> str:
        return comparison_html(marker, records, page.file.url)[0]

    page.content = replace_markers(page.content or "", {"compare": table})


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> None:
    if "zoo:" in markdown:
        records = collect(Path(config.docs_dir), config)
        read = read_page(page.file.content_bytes)
        for marker in [m for m in find_markers(read.body) if m.name == "compare"]:
            for problem in comparison_html(marker, records, "")[1]:
                line = (problem.line or 1) + read.first_line - 1
                log.warning(replace(problem, line=line).at(f"docs/{page.file.src_uri}"))
