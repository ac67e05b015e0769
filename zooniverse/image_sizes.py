# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Tells browsers how large the pictures of a page are, so that no text moves as they arrive."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from zooniverse.links import Tag, tags

Size = tuple[int, int]


def with_sizes(html: str, page: str, size_of: Callable[[str], Size | None]) -> str:
    """Add width and height to the pictures of the site that have not both.

    Args:
        html: The page's content, with the links of the site.
        page: Address of the page below the site's, such as ``Language-Models/BERT/``.
        size_of: Gives width and height in pixels of the file at an address below the site's, or
            None where it is no picture of the site.

    Returns:
        The content. A width or height that the author gave stays; the other follows from the
        picture's proportions. A size in per cent is left to the author.
    """
    parts, done = [], 0
    for tag in tags(html) if "<img" in html else []:
        if tag.name == "img" and (size := _missing(tag, page, size_of)):
            written = html[tag.start : tag.end]
            parts += [html[done : tag.start], written[:4], size, written[4:]]
            done = tag.end
    return "".join([*parts, html[done:]])


def _missing(tag: Tag, page: str, size_of: Callable[[str], Size | None]) -> str:
    given = dict(tag.attributes)
    address = urlsplit(given.get("src") or "")
    if address.scheme or address.netloc or not address.path:
        return ""
    size = size_of(posixpath.normpath(posixpath.join("/", page, unquote(address.path))).lstrip("/"))
    if not size or min(size) < 1:
        return ""
    width, height = given.get("width"), given.get("height")
    if width is None and height is None:
        return f' width="{size[0]}" height="{size[1]}"'
    if height is None and (width or "").isascii() and (width or "").isdigit():
        return f' height="{round(int(width or 0) * size[1] / size[0])}"'
    if width is None and (height or "").isascii() and (height or "").isdigit():
        return f' width="{round(int(height or 0) * size[0] / size[1])}"'
    return ""
