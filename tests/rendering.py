# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""A page's Markdown as the site renders it, without a build: the settings are mkdocs.yml's."""

from __future__ import annotations

from functools import cache

from markdown import Markdown
from mkdocs.config import load_config

from tests.conftest import ROOT
from zooniverse.flavour import to_python_markdown
from zooniverse.structure import differences, github_html


@cache
def markdown() -> Markdown:
    config = load_config(str(ROOT / "mkdocs.yml"))
    names: list[str] = config.markdown_extensions
    return Markdown(extensions=names, extension_configs=config.mdx_configs)


def site_html(text: str) -> str:
    return markdown().reset().convert(to_python_markdown(text))


def differs(text: str) -> list[str]:
    """Return where GitHub and the site differ, or what a second run would change."""
    once = to_python_markdown(text)
    if to_python_markdown(once) != once:
        return ["a second run changes the page"]
    return [problem.message for problem in differences(github_html(text), site_html(text))]
