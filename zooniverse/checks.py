# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Checks what a page's Markdown asks for and shows, and names the line of what is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from functools import lru_cache
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

from zooniverse.markers import Marker, find_markers
from zooniverse.problems import Problem

_MARKER = 60  # characters of a marker that a message repeats


def check_page(body: str, first_line: int, blocks: Collection[str]) -> list[Problem]:
    """Find blocks that do not exist, and pictures that some readers cannot have.

    Args:
        body: A page's Markdown, without its front matter.
        first_line: Line of the page's file at which ``body`` begins.
        blocks: Names that may stand in ``<!-- zoo: name -->``.

    Returns:
        The problems, in the order of their lines.
    """
    found = [_unknown(m, blocks) for m in find_markers(body) if m.name not in blocks]
    found += [
        Problem(line, "a picture has no text alternative", f"Say what is to be seen: {cure}")
        for line, cure in _bare_pictures(body)
    ]
    lines = [(problem.line or 1, problem) for problem in found]
    return [
        Problem(line + first_line - 1, problem.message, problem.cure)
        for line, problem in sorted(lines, key=lambda pair: pair[0])
    ]


def places(token: Token) -> Iterator[tuple[int, Token]]:
    """Yield what stands in a paragraph, heading or cell, each with its line in the text, from 1."""
    first = (token.map[0] if token.map else 0) + 1
    text, at = token.content, 0
    flat = text.replace("\n", " ")  # as CommonMark flattens inline code
    for child in token.children or []:
        yield first + text.count("\n", 0, at), child
        if child.type in ("softbreak", "hardbreak"):
            at = text.find("\n", at) + 1 or at
        elif child.type in ("html_inline", "code_inline"):
            found = flat.find(child.content.replace("\n", " "), at)
            at = max(found, at) + len(child.content)


def parser() -> MarkdownIt:
    """Return a parser of what GitHub reads as Markdown."""
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _unknown(marker: Marker, blocks: Collection[str]) -> Problem:
    near = get_close_matches(marker.name.split(" ")[0], blocks, n=1)
    known = f"'{near[0]}'" if near else f"one of {', '.join(sorted(blocks))}"
    name = " ".join(marker.name[:_MARKER].split())
    return Problem(
        marker.line, f"<!-- zoo: {name} --> asks for no block that there is",
        f'Write {known}, its options as key="value", or take the comment out',
    )  # fmt: skip


@lru_cache(maxsize=1024)  # while serving, most pages stay as they are
def _bare_pictures(body: str) -> tuple[tuple[int, str], ...]:
    return tuple(_find_bare_pictures(body))


def _find_bare_pictures(body: str) -> Iterator[tuple[int, str]]:
    for token in parser().parse(body):
        if token.type == "html_block" and token.map:
            yield from ((token.map[0] + n, _IN_HTML) for n in _bare_in_html(token.content))
        elif token.type == "inline":
            for line, child in places(token):
                if child.type == "image" and not child.content.strip():
                    yield line, "![…](…)"
                elif child.type == "html_inline":
                    yield from ((line - 1 + n, _IN_HTML) for n in _bare_in_html(child.content))


_IN_HTML = 'alt="…", or alt="" where it only decorates'


def _bare_in_html(html: str) -> list[int]:
    """Return the lines, counted from 1, of the ``<img>`` that have no ``alt``."""
    pictures = _Pictures(convert_charrefs=False)
    try:
        pictures.feed(html)
        pictures.close()
    except AssertionError:  # html.parser's word for a declaration that is none
        pass
    return pictures.bare


class _Pictures(HTMLParser):
    def __init__(self, *, convert_charrefs: bool) -> None:
        super().__init__(convert_charrefs=convert_charrefs)
        self.bare: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img" and "alt" not in dict(attrs):
            self.bare.append(self.getpos()[0])
