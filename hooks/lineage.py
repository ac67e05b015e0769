# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Before a page is put into its template, the lineage of models is drawn into it.

before   <!-- zoo: lineage -->     (on a model's page, and at its end where it does not ask)
after    <figure class="zoo-lineage">its ancestors and descendants, with links</figure>
         On other pages: all models, over all areas.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from zooniverse.markers import replace_markers
from zooniverse.records.collection import Collection, Model, collect
from zooniverse.records.lineage import lineage_html

BLOCKS = ("lineage",)  # what it puts in the place of <!-- zoo: NAME -->


@event_priority(60)  # after links are led, before search reads the page
def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> None:
    records = collect(Path(config.docs_dir), config)
    model = records.by_folder.get(page.file.src_uri.removesuffix("/README.md"))
    page.content = with_lineage(page.content or "", model, records, page.file.url)


def with_lineage(html: str, model: Model | None, collection: Collection, base: str) -> str:
    """Draw the lineage where a page asks for it, or at the end of a model's page.

    Args:
        html: The page's content.
        model: Whose page it is, or None.
        collection: All models.
        base: Address of the page below the site's.
    """
    if 'class="zoo-lineage"' in html:
        return html
    placed = replace_markers(html, {"lineage": lambda _: lineage_html(collection, base, model)})
    if model is None or placed != html:
        return placed
    drawn = lineage_html(collection, base, model)
    return f'{html}<h2 id="zoo-kin">Lineage</h2>{drawn}' if drawn else html
