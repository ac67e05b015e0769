# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When the site is written, its records and pages are written once more, for other programs.

before   Language-Models/BERT/index.html
after    Language-Models/BERT/index.md   (the page as Markdown, its links led to the web)
         catalogue.json   catalogue.csv   model.schema.json   llms.txt
"""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from zooniverse.licences import LicenseSettings
from zooniverse.reading import read_page
from zooniverse.records import exports
from zooniverse.records.collection import Collection, collect
from zooniverse.records.schema import SCHEMA, json_schema
from zooniverse.settings import read_section

_pages: list[Page] = []


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    _pages[:] = [page for page in nav.pages if page.file.src_uri.endswith(".md")]
    return nav


def on_post_build(config: MkDocsConfig) -> None:
    collection, site = collect(Path(config.docs_dir), config), config.site_url or ""
    licence = read_section(config.extra, "licenses", LicenseSettings, PluginError).text.spdx
    for name, text in _written(collection, site, licence, config).items():
        file = Path(config.site_dir, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")


def _written(
    collection: Collection, site: str, licence: str, config: MkDocsConfig
) -> dict[str, str]:
    """Return the text of each file by its name below the site's folder."""
    pages = [_page(page) for page in _pages]
    twins = {page.source: page for page in pages}
    host = (config.repo_url or "").rstrip("/")
    made = {
        page.twin: exports.twin(
            page, site, licence, exports.leads(page, site, twins, host),
            collection.by_folder.get(page.source.removesuffix("/README.md")),
        )
        for page in pages
    }  # fmt: skip
    made["catalogue.json"] = exports.catalogue_json(collection, site, licence)
    made["catalogue.csv"] = exports.catalogue_csv(collection, site)
    made[SCHEMA] = json_schema()
    made["llms.txt"] = exports.llms_txt(
        config.site_name, config.site_description or "", pages, site, collection
    )
    return made


def _page(page: Page) -> exports.PageOfSite:
    read = read_page(page.file.content_bytes)
    address = "" if page.file.url == "./" else page.file.url
    title = str(read.meta.get("title") or page.title or page.file.name)
    description = str(read.meta.get("description") or "")
    return exports.PageOfSite(title, description, page.file.src_uri, address, read.body)
