# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When the files are known, makes the navigation from the folders under docs/.

before   docs/Language-Models/README.md   docs/Language-Models/BERT/README.md
after    Language Models
           BERT
"""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel

from zooniverse.navigation import LAST, Entry, NavigationSettings, navigation
from zooniverse.problems import SettingsError
from zooniverse.reading import read_page
from zooniverse.settings import read_section


def on_files(files: Files, config: MkDocsConfig) -> Files:
    pages = files.documentation_pages(inclusion=_in_nav)
    try:
        config.nav = navigation(map(_entry, pages), _settings(config))
    except SettingsError as error:
        raise PluginError(str(error)) from None
    return files


def _in_nav(inclusion: InclusionLevel) -> bool:
    return inclusion in (InclusionLevel.UNDEFINED, InclusionLevel.INCLUDED)


def _settings(config: MkDocsConfig) -> NavigationSettings:
    return read_section(config.extra, "navigation", NavigationSettings, PluginError)


def _entry(file: File) -> Entry:
    meta = read_page(file.content_bytes).meta
    fallback = file.src_path.removesuffix("/README.md").rpartition("/")[2].removesuffix(".md")
    title = meta.get("nav_title") or meta.get("title") or fallback.replace("-", " ")
    order = meta.get("order")
    return Entry(file.src_uri, str(title), order if isinstance(order, int) else LAST)
