# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Finds the comments that ask for generated blocks, ``<!-- zoo: name key="value" -->``.

GitHub shows nothing for such a comment, and the site puts the block in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

_COMMENT = re.compile(r"<!--(?:-?>|(.*?)--!?>)", re.DOTALL)
_ASKS = re.compile(r"\s*zoo:(.*)", re.DOTALL)
_ASKED = re.compile(r"<!--\s*zoo:\s*([a-z][a-z0-9]*(?:-[a-z0-9]+)*)")
_OPTION = r'[a-z][\w-]*="[^"]*"'
_WELL_FORMED = re.compile(rf"([a-z][a-z0-9-]*)((?:\s+{_OPTION})*)")
_KEY_AND_VALUE = re.compile(r'([\w-]+)="([^"]*)"')
# Elements whose content browsers take for text; html.parser itself knows of script and style.
_TEXT_ONLY = frozenset(("textarea", "xmp", "iframe", "noembed", "noframes"))


@dataclass(frozen=True)
class Marker:
    """A comment that asks for a generated block.

    Attributes:
        name: Which block; where the comment is not well-formed, all that follows ``zoo:``, so that
            it is the name of no block.
        options: What the author set for this block; of a key that stands twice, the last value.
        line: Line of the comment in its text, counted from 1.
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    line: int = 1


def replace_markers(html: str, render: Mapping[str, Callable[[Marker], str]]) -> str:
    """Put generated blocks in the place of the comments that ask for them.

    What only looks like a comment (in an attribute, in code, in a script) and comments that ask for
    another name are left as they are, byte for byte.

    Args:
        html: A page's content, or any piece of HTML.
        render: For each name, what makes its block, as HTML.
    """
    if render.keys().isdisjoint(_ASKED.findall(html)):  # most pages ask for nothing
        return html
    parts: list[str] = []
    done = 0
    for start, end, marker in _markers(html):
        if marker.name in render:
            parts += html[done:start], render[marker.name](marker)
            done = end
    return "".join([*parts, html[done:]])


def find_markers(markdown: str) -> list[Marker]:
    """Return the markers of a page, in their order, with their lines in ``markdown``.

    Found is what CommonMark takes for HTML: not what stands in fences, indented or inline code.

    Args:
        markdown: A page's text without its front matter.
    """
    return list(_found(markdown))


@lru_cache(maxsize=1024)  # while serving, most pages stay as they are
def _found(markdown: str) -> tuple[Marker, ...]:
    found: list[Marker] = []
    for token in MarkdownIt("commonmark").parse(markdown):
        first = token.map[0] if token.map else 0
        if token.type == "html_block":
            pieces = [(0, token.content)]
        else:
            pieces = [
                (_line_of(token.content, at), child.content)
                for at, child in _places(token.content, token.children or [])
            ]
        found += [
            Marker(marker.name, marker.options, first + line + marker.line)
            for line, piece in pieces
            for _, _, marker in _markers(piece)
        ]
    return tuple(found)


def _places(text: str, children: list[Token]) -> Iterator[tuple[int, Token]]:
    """Yield the inline HTML of a paragraph with its place in the paragraph's text."""
    flat, at = text.replace("\n", " "), 0  # as CommonMark flattens inline code
    for child in children:
        if child.type in ("html_inline", "code_inline"):
            place = flat.find(child.content.replace("\n", " "), at)
            if child.type == "html_inline":
                yield max(place, at), child
            at = max(place, at) + len(child.content)


def _line_of(text: str, at: int) -> int:
    return text.count("\n", 0, at)


@lru_cache(maxsize=1024)
def _markers(html: str) -> tuple[tuple[int, int, Marker], ...]:
    """Return start, end and marker of each comment that begins with ``zoo:``."""
    parser = _Comments(html)
    parser.feed(html)
    parser.close()
    return tuple(parser.found)


class _Comments(HTMLParser):
    """Collects comments, which end where browsers end them; html.parser's own rule varies."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[int, int, Marker]] = []
        self._lines = [0, *(match.end() for match in re.finditer("\n", html))]

    def parse_html_declaration(self, i: int) -> int:
        comment = _COMMENT.match(self.rawdata, i)
        if comment is None:  # a doctype and the like, which html.parser refuses by an exception
            return self.rawdata.find(">", i) + 1 or -1
        asks = _ASKS.fullmatch(comment[1] or "")
        if asks:
            line, column = self.getpos()
            start = self._lines[line - 1] + column
            self.found.append((start, start + len(comment[0]), _marker(asks[1].strip(), line)))
        return comment.end()

    def parse_comment(self, i: int, report: bool = True) -> int:
        return self.parse_html_declaration(i) if _COMMENT.match(self.rawdata, i) else -1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _TEXT_ONLY:
            self.set_cdata_mode(tag)


def _marker(text: str, line: int) -> Marker:
    parts = _WELL_FORMED.fullmatch(text)
    if parts is None:
        return Marker(text, line=line)
    return Marker(parts[1], dict(_KEY_AND_VALUE.findall(parts[2])), line)
