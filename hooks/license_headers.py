# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Before a page is put into its template, says under which licence its parts stand.

before   license: CC0-1.0                          (front matter; may be absent)
after    {{ licence }} in the template, drawn as notice, <link rel="license"> and JSON-LD:
         Text and pictures: CC0-1.0, Code: MIT. © 2025 Cong Le.
"""

from __future__ import annotations

import logging
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from zooniverse.licences import LicenseSettings, page_licence
from zooniverse.settings import read_section

log = logging.getLogger("mkdocs.hooks.license_headers")


def on_config(config: MkDocsConfig) -> None:
    _settings(config)


def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> None:
    context["licence"], problems = page_licence(page.meta, _settings(config))
    for problem in problems:
        log.warning(problem.at(f"docs/{page.file.src_uri}"))


def _settings(config: MkDocsConfig) -> LicenseSettings:
    return read_section(config.extra, "licenses", LicenseSettings, PluginError)
