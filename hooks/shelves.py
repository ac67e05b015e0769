# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Before the page of an area is put into its template, it lists the models of the area.

before   <!-- zoo: models -->      (and at the end of the page where it does not ask)
after    <ul class="zoo-shelf">each model with a small picture and one sentence</ul>
         {{ shelves }} in the template of the home page: the models of each area
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from zooniverse.markers import replace_markers
from zooniverse.records.catalogue import picture_html, shelf_html
from zooniverse.records.collection import Collection, collect

BLOCKS = ("models",)  # what it puts in the place of <!-- zoo: NAME -->


@event_priority(60)  # after links are led, before search reads the page
def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> None:
    records = collect(Path(config.docs_dir), config)
    folder, _, name = page.file.src_uri.rpartition("/")
    if page.is_homepage:
        context["shelves"] = {area: records.area(area) for area in {m.area for m in records.models}}
        context["picture"] = partial(picture_html, base=page.file.url, letters=False)
    page.content = with_shelf(page.content or "", folder, name, records, page.file.url)


def with_shelf(html: str, folder: str, name: str, collection: Collection, base: str) -> str:
    """List the models of a page's area where it asks for them, or at the end of the area's page.

    Args:
        html: The page's content.
        folder: The page's folder below ``docs/``.
        name: The page's file.
        collection: All models.
        base: Address of the page below the site's.
    """
    models = collection.area(folder.split("/")[0])
    placed = replace_markers(html, {"models": lambda _: shelf_html(models, base)})
    own = name == "README.md" and folder and "/" not in folder
    if placed != html or not (own and models) or 'class="zoo-shelf"' in html:
        return placed
    return f'{html}<h2 id="zoo-models">Models</h2>{shelf_html(models, base)}'
