# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Before a page is put into its template, the references of its folder are set at its end.

before   references.bib beside the page, [^vaswani2017] in its text
after    <div class="zoo-references">the footnotes, each with its note and its BibTeX</div>
         docs/…/README.md:9: the citation [^vasvani2017] is unknown. Add it to references.bib …
         {{ citation }} in the template: BibTeX of the page itself
         <!-- zoo: references --> puts them elsewhere.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from zooniverse.markers import replace_markers
from zooniverse.problems import Problem
from zooniverse.reading import read_page
from zooniverse.records.bibliography import (
    Entry,
    check_citations,
    cited,
    page_citation,
    references_html,
    split_notes,
    uncited,
)
from zooniverse.records.collection import Collection, collect, sources

log = logging.getLogger("mkdocs.hooks.references")

BLOCKS = ("references",)  # what it puts in the place of <!-- zoo: NAME -->


def on_files(files: Files, config: MkDocsConfig) -> Files:
    records = collect(Path(config.docs_dir), config)
    for folder, problem in unused(records, Path(config.docs_dir)):
        log.warning(problem.at(f"docs/{folder}/references.bib"))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> None:
    if "[^" in markdown:
        read = read_page(page.file.content_bytes)
        entries = _entries(page, collect(Path(config.docs_dir), config))
        for problem in check_citations(read.body, read.first_line, entries):
            log.warning(problem.at(f"docs/{page.file.src_uri}"))


@event_priority(60)  # after links are led, before search reads the page
def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> None:
    entries = _cited(page, collect(Path(config.docs_dir), config))
    page.content = with_references(page.content or "", entries)
    author = str(page.meta.get("author") or config.site_author or config.site_name)
    address, day = page.canonical_url or "", str(page.update_date)
    context["citation"] = page_citation(_title(page), author, config.site_name, address, day)


def unused(collection: Collection, docs: Path) -> list[tuple[str, Problem]]:
    """Return folder and problem for each entry that nothing in its folder cites.

    Args:
        collection: All models and bibliographies.
        docs: The folder of the pages.
    """
    found = []
    for folder, entries in collection.bibliographies.items():
        used = _by_record(collection, folder)
        pages = list((docs / folder).glob("*.md"))
        for file in pages:
            used |= set(cited(read_page(file.read_bytes()).body).uses)
        found += [(folder, problem) for problem in uncited(entries, used) if pages]
    return found


def with_references(html: str, entries: Mapping[str, Entry]) -> str:
    """Set references where a page asks for them, or else at its end; its footnotes are among them.

    Args:
        html: The page's content.
        entries: What the page cites.
    """
    if not entries or 'class="zoo-references"' in html:
        return html
    body, notes = split_notes(html)
    listed = references_html(entries, notes)
    placed = replace_markers(body, {"references": lambda _: listed})
    if placed != body:
        return placed
    own = '<h2 id="references"' in body  # the page has the heading already
    return body + ("" if own else '<h2 id="zoo-references">References</h2>') + listed


def _by_record(collection: Collection, folder: str) -> set[str]:
    model = collection.by_folder.get(folder)
    return {source for _, source in sources(model.record)} if model else set()


def _entries(page: Page, collection: Collection) -> Mapping[str, Entry]:
    return collection.bibliographies.get(page.file.src_uri.rpartition("/")[0], {})


def _cited(page: Page, collection: Collection) -> dict[str, Entry]:
    """Return what a page cites, and on a model's own page what its record cites."""
    entries = _entries(page, collection)
    if not entries:
        return {}
    folder, _, name = page.file.src_uri.rpartition("/")
    used = set(cited(read_page(page.file.content_bytes).body).uses)
    used |= _by_record(collection, folder) if name == "README.md" else set()
    return {key: entry for key, entry in entries.items() if key in used}


def _title(page: Page) -> str:
    return str(page.meta.get("title") or page.title or "")
