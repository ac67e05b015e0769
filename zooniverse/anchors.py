# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Anchors of headings as GitHub makes them, so that a link to a heading works on both."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.extensions.toc import remove_fnrefs, render_inner_html, strip_tags
from markdown.treeprocessors import Treeprocessor

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


def github_slug(heading: str, separator: str = "-") -> str:
    """Return GitHub's anchor for the text of a heading.

    Letters, marks, digits, ``_`` and ``-`` stay, in lower case; each space becomes a separator;
    all else goes. Neither runs of separators nor those at the ends are trimmed.

    Args:
        heading: The heading's text, without markup.
        separator: What stands for a space (the signature that Python-Markdown's ``toc`` asks for).
    """
    kept = (
        separator if character == " " else character
        for character in heading.strip().lower()
        if character in " -" or unicodedata.category(character)[0] in "LMN"
        or unicodedata.category(character) == "Pc"
    )  # fmt: skip
    return "".join(kept)


def github_anchors(headings: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Return the anchors of a page's headings in order: a second ``dup`` is ``dup-1``.

    Args:
        headings: The texts of the headings, in the order of the page.
        taken: Anchors that the author has given himself.
    """
    used = dict.fromkeys(taken, 0)
    anchors = []
    for heading in headings:
        slug = anchor = github_slug(heading)
        while anchor in used:
            used[slug] += 1
            anchor = f"{slug}-{used[slug]}"
        used[anchor] = 0
        anchors.append(anchor)
    return anchors


class GithubAnchors(Treeprocessor):
    """Gives each heading GitHub's anchor; the author's own (``{ #name }``) stays."""

    def run(self, root: Element) -> None:
        """Set the headings' ids, which ``toc`` then keeps."""
        headings = [element for element in root.iter() if element.tag in _HEADINGS]
        bare = [heading for heading in headings if not heading.get("id")]
        texts = (
            html.unescape(strip_tags(render_inner_html(remove_fnrefs(heading), self.md)))
            for heading in bare
        )
        taken = [heading.get("id", "") for heading in headings if heading.get("id")]
        for heading, anchor in zip(bare, github_anchors(texts, taken), strict=True):
            if anchor:
                heading.set("id", anchor)


class AnchorsExtension(Extension):
    """Python-Markdown's side of `github_anchors`."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (Python-Markdown's name)
        """Register `GithubAnchors` between attribute lists (8) and ``toc`` (5)."""
        md.treeprocessors.register(GithubAnchors(md), "github_anchors", 6)


def makeExtension(**settings: Any) -> AnchorsExtension:  # noqa: N802 (Python-Markdown's name)
    """Return the extension: what ``markdown_extensions: [zooniverse.anchors]`` calls."""
    return AnchorsExtension(**settings)
