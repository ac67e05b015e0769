# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
r"""When a page's Markdown has become HTML, its formulas are typeset.

before:  $d_k$ is the width
         <span class="arithmatex">\(d_k\)</span> is the width
after:   <bdi …><span class="katex">…<math>…</math>…</span></bdi> is the width
"""

from __future__ import annotations

import logging
from typing import Any

from mkdocs.structure.pages import Page

from zooniverse import formulas
from zooniverse.reading import read_page

log = logging.getLogger("mkdocs.hooks.formulas")


def on_page_content(html: str, page: Page, **_: Any) -> str:
    if "arithmatex" not in html:
        return html
    read = read_page(page.file.content_bytes)
    html, problems = formulas.typeset(html, read.body, read.first_line)
    for problem in problems:
        log.warning(problem.at(f"docs/{page.file.src_uri}"))
    page.meta["formula_fonts"] = formulas.fonts(html)  # for the template: what to preload
    return html
