# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Makes links lead on the site to where they lead on GitHub, and says which lead nowhere.

A link is written for the repository: relative to the page's file, or to the repository where it
begins with a slash. That holds in Markdown, in raw HTML, and in the blocks that the site makes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor

from zooniverse.checks import parser, places
from zooniverse.problems import Problem
from zooniverse.repository import Repository, follow

MAX_SUGGESTIONS = 50
"""Broken links of one page for which a near one is looked for: it takes time."""

_HREF = frozenset({"a", "area"})
_SOURCE = frozenset({"img", "source", "video", "audio", "track"})
_CANDIDATE = re.compile(r"[^\s,]\S*")  # an address in srcset


@dataclass(frozen=True)
class Tag:
    """A start tag: where it stands in its HTML, the element's name, and its attributes."""

    start: int
    end: int
    name: str
    attributes: tuple[tuple[str, str | None], ...]

    @property
    def links(self) -> Iterator[tuple[str, str]]:
        """The attributes that hold one address, with it."""
        keys = (
            ("href",) if self.name in _HREF else ("src", "poster") if self.name in _SOURCE else ()
        )
        return ((key, value) for key, value in self.attributes if key in keys and value is not None)


def with_links(
    html: str, page: str, repository: Repository, lines: Callable[[], Mapping[str, list[int]]]
) -> tuple[str, list[Problem]]:
    """Make the links of a page lead to where they lead on GitHub.

    Args:
        html: The page's content, its links as their author wrote them.
        page: The page's file.
        repository: What links can lead to.
        lines: Gives the lines of the file in which an address stands, as `link_lines` does; called
            only where a link leads nowhere.

    Returns:
        The content with links relative to the page's address on the site, and a problem for each
        link that leads nowhere; one of these is left as it is.
    """
    lines = cache(lines)
    problems: list[Problem] = []
    seen: dict[str, int] = {}

    def led(address: str, is_source: bool) -> str:
        suggest = len(problems) < MAX_SUGGESTIONS
        made, wrong = follow(address, page, repository, is_source=is_source, suggest=suggest)
        if wrong:
            key = unquote(address)
            at, seen[key] = seen.get(key, 0), seen.get(key, 0) + 1
            known = lines().get(key, [])
            problems.append(Problem(known[min(at, len(known) - 1)] if known else None, *wrong))
        return made

    parts, done = [], 0
    for tag in tags(html):
        new = {key: led(value, key != "href") for key, value in tag.links}
        for key, value in tag.attributes:
            if key == "srcset" and value and tag.name in _SOURCE:
                new[key] = ", ".join(
                    _CANDIDATE.sub(lambda found: led(found[0], True), candidate.strip(), count=1)
                    for candidate in value.split(", ")
                )
        if any(new[key] != value for key, value in tag.attributes if key in new):
            parts += [html[done : tag.start], _written(tag, new, html[tag.start : tag.end])]
            done = tag.end
    return "".join([*parts, html[done:]]), problems


def link_lines(body: str, first_line: int = 1) -> dict[str, list[int]]:
    """Return for each address of a page, its ``%20`` decoded, the lines of the file it stands in.

    Args:
        body: The page's Markdown.
        first_line: Line of the file at which ``body`` begins.
    """
    found: dict[str, list[int]] = {}
    for address, line in _places(body):
        found.setdefault(address, []).append(line + first_line - 1)
    return found


@lru_cache(maxsize=1024)
def _places(body: str) -> tuple[tuple[str, int], ...]:
    found: list[tuple[str, int]] = []

    def add(line: int, address: object) -> None:
        found.append((unquote(str(address)), line))

    def add_html(line: int, html: str) -> None:
        for tag in tags(html):
            for _, address in tag.links:
                add(line + html.count("\n", 0, tag.start), address)

    for token in parser().parse(body):
        if token.type == "html_block" and token.map:
            add_html(token.map[0] + 1, token.content)
        for line, child in places(token) if token.type == "inline" else ():
            if child.type in ("link_open", "image"):
                add(line, child.attrs["href" if child.type == "link_open" else "src"])
                for inner in child.children or ():  # a picture's text may hold a link's address
                    if inner.type == "image":
                        add(line, inner.attrs["src"])
            elif child.type == "html_inline":
                add_html(line, child.content)
    return tuple(found)


@lru_cache(maxsize=1024)  # while serving, most pages stay as they are
def anchors(html: str) -> frozenset[str]:
    """Return what ``#…`` can name in a page's content."""
    return frozenset(
        value
        for tag in tags(html)
        for key, value in tag.attributes
        if value and (key == "id" or (key == "name" and tag.name == "a"))
    )


@lru_cache(maxsize=1024)
def tags(html: str) -> tuple[Tag, ...]:
    """Return the start tags of a piece of HTML; none that stand in comments or scripts."""
    reader = _Tags(html)
    try:
        reader.feed(html)
        reader.close()
    except AssertionError:  # html.parser's word for a declaration that is none
        pass
    return tuple(reader.found)


class SourceLinks(Extension):
    """Keeps links as their author wrote them; MkDocs rewrites those that it knows, no others."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (Markdown calls it)
        """Register what hides the links before MkDocs' step, whose priority is 0, and after it."""
        hidden: list[tuple[Element, str, str]] = []
        md.treeprocessors.register(_Hide(md, hidden), "zoo_hide_links", 0)
        md.treeprocessors.register(_Restore(md, hidden), "zoo_restore_links", -1)


class _Hide(Treeprocessor):
    def __init__(self, md: Markdown, hidden: list[tuple[Element, str, str]]) -> None:
        super().__init__(md)
        self.hidden = hidden

    def run(self, root: Element) -> None:
        self.hidden.clear()
        for element in root.iter():
            for key in ("href", "src"):
                if element.get(key) is not None or (key, element.tag) == ("href", "a"):
                    self.hidden.append((element, key, element.get(key, "")))
                    element.set(key, "")


class _Restore(_Hide):
    def run(self, root: Element) -> None:
        for element, key, address in self.hidden:
            element.set(key, address)


class _Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[Tag] = []
        self._starts = [0, *(match.end() for match in re.finditer("\n", html))]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line, column = self.getpos()
        start = self._starts[line - 1] + column
        end = start + len(self.get_starttag_text() or "")
        self.found.append(Tag(start, end, tag, tuple(attrs)))


def _written(tag: Tag, new: Mapping[str, str], old: str) -> str:
    values = ((key, new.get(key, value)) for key, value in tag.attributes)
    said = "".join(f" {k}" if v is None else f' {k}="{escape(v)}"' for k, v in values)
    return f"<{tag.name}{said}{' /' if old.endswith('/>') else ''}>"
