# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Before a page is put into its template, what a script beside it measured is set into it.

before   <!-- zoo: measured file="encoder_decoder.json" -->
after    <div class="zoo-measured"> for each task a table and a curve; seeds, budget, versions
         A file that is missing, or older than the code, is a warning.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from zooniverse.proofs.measured import with_measured

log = logging.getLogger("mkdocs.hooks.measurements")

BLOCKS = ("measured",)  # what it puts in the place of <!-- zoo: NAME -->


@event_priority(60)  # after links are led, before search reads the page
def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> None:
    folder = Path(config.docs_dir, page.file.src_uri).parent
    page.content, problems = with_measured(page.content or "", folder)
    for problem in problems:
        log.warning(problem.at(f"docs/{page.file.src_uri}"))
