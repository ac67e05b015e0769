# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Before a page is put into its template, the references of its folder are set at its end.

before   references.bib beside the page, [^vaswani2017] in its text
after    <ol class="zoo-references">each with its note and its BibTeX</ol>
         docs/…/README.md:9: the citation [^vasvani2017] is unknown. Add it to references.bib …
         {{ citation }} in the template: BibTeX of the page itself
         <!-- zoo: references --> puts them elsewhere.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from zooniverse.markers import replace_markers
from zooniverse.reading import read_page
from zooniverse.records.bibliography import check_citations, page_citation, references_html
from zooniverse.records.collection import Collection, collect, sources

log = logging.getLogger("mkdocs.hooks.references")

BLOCKS = ("references",)  # what it puts in the place of <!-- zoo: NAME -->
_all = Collection(())


def on_files(files: Files, config: MkDocsConfig) -> Files:
    global _all
    _all = collect(Path(config.docs_dir))
    return files


@event_priority(60)  # after links are led, before search reads the page
def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> None:
    entries = _all.bibliographies.get(_folder(page), {})
    page.content = with_references(page.content or "", references_html(entries))
    author = str(page.meta.get("author") or config.site_author or config.site_name)
    address, day = page.canonical_url or "", str(page.update_date)
    context["citation"] = page_citation(_title(page), author, config.site_name, address, day)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> None:
    folder = _folder(page)
    entries = _all.bibliographies.get(folder, {})
    if not entries and "[^" not in markdown:
        return
    model = _all.by_folder.get(folder)
    used = {source for _, source in sources(model.record)} if model else set()
    read = read_page(page.file.content_bytes)
    on_page, in_bib = check_citations(read.body, read.first_line, entries, used)
    for problem in on_page:
        log.warning(problem.at(f"docs/{page.file.src_uri}"))
    for problem in in_bib:
        log.warning(problem.at(f"docs/{folder}/references.bib"))


def with_references(html: str, references: str) -> str:
    """Set references where a page asks for them, or else at its end.

    Args:
        html: The page's content.
        references: The list as HTML, or nothing.
    """
    if 'class="zoo-references"' in html:
        return html
    placed = replace_markers(html, {"references": lambda _: references})
    if placed != html or not references:
        return placed
    return f'{html}<h2 id="zoo-references">References</h2>{references}'


def _folder(page: Page) -> str:
    """Return the folder whose bibliography a page cites: its own, if it is the folder's page."""
    folder, _, name = page.file.src_uri.rpartition("/")
    return folder if name == "README.md" else "\0"


def _title(page: Page) -> str:
    return str(page.meta.get("title") or page.title or "")
