# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
r"""When a page's Markdown has become HTML, its formulas are typeset.

before:  $d_k$ is the width
         <span class="arithmatex">\(d_k\)</span> is the width
after:   <bdi …><span class="katex">…<math>…</math>…</span></bdi> is the width
"""

from __future__ import annotations

from typing import Any

from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.pages import Page

from zooniverse import formulas

log = get_plugin_logger("formulas")


def on_page_content(html: str, page: Page, **_: Any) -> str:
    html, problems = formulas.typeset(html)
    for problem in problems:
        log.warning(problem.at(page.file.src_uri))
    page.meta["formula_fonts"] = formulas.fonts(html)  # for the template: what to preload
    return html
