# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Before a page's Markdown is rendered, gives each Mermaid block the house front matter.

before   ## Encoder        ```mermaid
                           graph TB
after    (the same)        ```mermaid
                           ---
                           title: "Encoder"     author, version, license(s), copyright, config
"""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from zooniverse.diagrams import DiagramSettings, PageFacts, add_front_matter
from zooniverse.problems import SettingsError
from zooniverse.reading import read_page
from zooniverse.settings import read_section

log = get_plugin_logger("mermaid_front_matter")


def on_config(config: MkDocsConfig) -> None:
    _settings(config)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    read = read_page(page.file.content_bytes)
    about = PageFacts(
        str(page.title or ""), page.meta.get("author"), read.first_line, source=read.body
    )
    markdown, problems = add_front_matter(markdown, _settings(config), about)
    for problem in problems:
        log.warning(problem.at(f"docs/{page.file.src_uri}"))
    return markdown


def _settings(config: MkDocsConfig) -> DiagramSettings:
    try:
        return read_section(config.extra, "diagrams", DiagramSettings)
    except SettingsError as error:
        raise PluginError(str(error)) from None
