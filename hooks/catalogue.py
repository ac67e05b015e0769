# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Before a page is put into its template, the catalogue and its plot are set into it.

before   <!-- zoo: catalogue -->  <!-- zoo: parameters -->
after    <table class="zoo-catalogue">all models</table>
         <figure class="zoo-plot">parameters by year</figure>
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from zooniverse.markers import replace_markers
from zooniverse.records.catalogue import catalogue_html, plot_html
from zooniverse.records.collection import Collection, collect
from zooniverse.records.exports import structured_catalogue
from zooniverse.repository import relative

BLOCKS = ("catalogue", "parameters")  # what it puts in the place of <!-- zoo: NAME -->


@event_priority(60)  # after links are led, before search reads the page
def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> None:
    records = collect(Path(config.docs_dir), config)
    before, base = page.content or "", page.file.url
    page.content = with_catalogue(before, records, base)
    if 'class="zoo-catalogue"' in page.content and context.get("licence"):
        url = context["licence"].parts[0].url
        context["structured"] = structured_catalogue(config.site_url or "", url, config.site_name)


def with_catalogue(html: str, collection: Collection, base: str) -> str:
    """Set the catalogue and the plot of parameters where a page asks for them.

    Args:
        html: The page's content.
        collection: All models.
        base: Address of the page below the site's.
    """
    script = relative("assets/javascripts/catalogue.js", base)
    return replace_markers(
        html,
        {
            "catalogue": lambda _: catalogue_html(collection, base, script),
            "parameters": lambda _: plot_html(collection, base, "zoo-plot"),
        },
    )
