# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Before a model's page is put into its template, its record is shown below the heading.

before   <h1>BERT</h1>                        (a model.yml lies beside the page)
after    <h1>BERT</h1><section class="zoo-card" …>year, authors, sizes, sources, badge</section>
         {{ structured }} in the template: what schema.org has words for
         <!-- zoo: card --> puts it elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from zooniverse.markers import replace_markers
from zooniverse.records.cards import card_html, structured, with_card
from zooniverse.records.collection import Collection, Model, collect

BLOCKS = ("card",)  # what it puts in the place of <!-- zoo: NAME -->


@event_priority(60)  # after links are led, before search reads the page
def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> None:
    records = collect(Path(config.docs_dir), config)
    model = records.by_folder.get(page.file.src_uri.removesuffix("/README.md"))
    if model:
        page.content = shown(page.content or "", model, records, page.file.url)
        context["structured"] = structured(model, records, config.site_url or "")


def shown(html: str, model: Model, collection: Collection, base: str) -> str:
    """Put a model's card where the page asks for it, or else below its heading.

    Args:
        html: The page's content.
        model: Whose page it is.
        collection: All models.
        base: Address of the page below the site's.
    """
    if 'class="zoo-card"' in html:
        return html
    card = card_html(model, collection, base)
    placed = replace_markers(html, {"card": lambda _: card})
    return placed if placed != html else with_card(html, card)
