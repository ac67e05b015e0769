# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Sets the pictures of a site's diagrams into its pages; all that are missing are drawn at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path

from zooniverse.diagrams import FrontMatterError, find_front_matter
from zooniverse.fences import Fence, find_fences
from zooniverse.figures import figure_html, live_html, refused_html
from zooniverse.pictures import FRONT_MATTER, Drawing, Live, Picture, Studio, draw, title_and_theme
from zooniverse.problems import Problem

LIVE = '<div class="mermaid"'
"""How a diagram begins that the reader's browser draws."""

FOLDER = "assets/diagrams"
"""Where the pictures lie on the site."""

# What a fence named "mermaid" has become. It is escaped, so what holds a tag is an author's HTML.
_BLOCK = re.compile(r'<div class="mermaid">([^<]*)</div>')
_IMAGE = re.compile(
    r"""\bimg:[ \t]*["']([^"'\n]+)["']|<img\b[^>\n]*?\bsrc[ \t]*=[ \t]*["']?([^"'\s>]+)"""
)
_LINE = re.compile(r"(?i)\b(line:?\s+)\d+")


@dataclass(frozen=True)
class Wall:
    """A page on which diagrams hang.

    Attributes:
        html: Its HTML, in which the diagrams are still Mermaid sources.
        markdown: Its Markdown as the file has it, without front matter.
        first_line: Line of the file at which that Markdown begins.
        image: Gives the file of the site for an address in a diagram, or None.
        address: Gives the address of a file of the site, by its path, as the page writes it.
    """

    html: str
    markdown: str
    first_line: int
    image: Callable[[str], Path | None]
    address: Callable[[str], str]


@dataclass(frozen=True)
class Hung:
    """A page with its diagrams.

    Attributes:
        html: Its HTML.
        problems: What its author must mend; lines are the file's.
        notes: What was done otherwise than the author asked.
        live: How many diagrams the reader's browser draws.
    """

    html: str
    problems: list[Problem]
    notes: list[Problem]
    live: int


def hang(
    walls: Sequence[Wall],
    studio: Studio | None,
    browser: Callable[[], str | None],
    *,
    all_static: bool,
) -> tuple[list[Hung], dict[str, str]]:
    """Set pictures into pages.

    Args:
        walls: The pages that have diagrams.
        studio: Where pictures are kept; its browser is not used. With None, none is a picture.
        browser: Finds the browser to draw with; asked only where the cache lacks a picture.
        all_static: Whether a diagram without picture is a problem.

    Returns:
        The pages in their order, and the text of each picture's file by its path on the site.
    """
    drawings = [[_drawing(source, wall) for source in _sources(wall.html)] for wall in walls]
    results = iter(_drawn([one for page in drawings for one in page], studio, browser))
    files: dict[str, str] = {}
    hung = []
    for wall, page in zip(walls, drawings, strict=True):
        shown = [(drawing.source, next(results)) for drawing in page]
        for _, result in shown:
            if isinstance(result, Picture):
                files |= {_path(result, scheme): svg for scheme, svg in result.svg.items()}
        hung.append(_hung(wall, shown, all_static=all_static))
    return hung, files


def _sources(html: str) -> list[str]:
    return [unescape(found[1]) for found in _BLOCK.finditer(html)]


def _drawing(source: str, wall: Wall) -> Drawing:
    addresses = {one or other for one, other in _IMAGE.findall(source)}
    found = {address: wall.image(address) for address in sorted(addresses)}
    return Drawing(source, {address: path for address, path in found.items() if path})


def _drawn(
    drawings: Sequence[Drawing], studio: Studio | None, browser: Callable[[], str | None]
) -> list[Picture | Problem | Live]:
    if studio is None:
        return [Live("none is wanted") for _ in drawings]
    results = draw(drawings, replace(studio, browser=None))
    missing = [index for index, result in enumerate(results) if isinstance(result, Live)]
    path = browser() if missing else None
    if path:
        made = draw([drawings[index] for index in missing], replace(studio, browser=path))
        for index, result in zip(missing, made, strict=True):
            results[index] = result
    return results


def _path(picture: Picture, scheme: str) -> str:
    return f"{FOLDER}/{picture.key[:20]}-{scheme}.svg"


def _hung(
    wall: Wall, shown: Sequence[tuple[str, Picture | Problem | Live]], *, all_static: bool
) -> Hung:
    problems: list[Problem] = []
    notes: list[Problem] = []
    figures: list[str] = []
    for (source, result), place in zip(shown, _places(wall, shown), strict=True):
        if isinstance(result, Picture):
            problems += [place.moved(one) for one in result.warnings]
            notes += [place.moved(one) for one in result.notes]
            addresses = {scheme: wall.address(_path(result, scheme)) for scheme in result.svg}
            figures.append(figure_html(result, addresses, source))
        elif isinstance(result, Problem):
            wrong = place.moved(result)
            if not wrong.message.startswith(FRONT_MATTER):  # which the step that adds it has told
                problems.append(wrong)
            title, _ = title_and_theme(source)
            figures.append(refused_html(wrong.message, source, title))
        else:
            missing = Problem(
                None, f"the diagram has no picture: {result.reason}", "Install Chrome or Chromium"
            )
            (problems if all_static else notes).append(place.moved(missing))
            title, own = title_and_theme(source)
            figures.append(live_html(source, title, own=own))
    rest = iter(figures)
    return Hung(
        html=_BLOCK.sub(lambda _: next(rest), wall.html),
        problems=problems,
        notes=notes,
        live=sum(isinstance(result, Live) for _, result in shown),
    )


# Where a block stands in its page's file ---------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """The lines of the file that a drawn source comes from."""

    source: str
    fence: Fence | None
    first_line: int

    def moved(self, problem: Problem) -> Problem:
        """Return the problem by the file's line, and with what stands there."""
        line, text = self._line(problem.line), self._text(problem.line)
        message = problem.message
        if line is not None and text:
            message = _LINE.sub(rf"\g<1>{line}", message, count=1)
        if text and message.startswith("Mermaid cannot draw"):
            message = f"{message}, at '{text}'"
        return replace(problem, line=line, message=message)

    def _line(self, line: int | None) -> int | None:
        if self.fence is None:
            return None
        at = self.first_line - 1 + self.fence.line
        if line is None:
            return at
        now, own = self.source.rstrip().split("\n"), self.fence.content.rstrip().split("\n")
        # What was added stands above; so lines are counted from the end.
        below = len(own) - (len(now) - line)
        if 1 <= below <= len(own) and own[below - 1].split() == now[line - 1].split():
            return at + below
        same = [n for n, text in enumerate(own, 1) if text.split() == self._text(line).split()]
        return at + same[0] if same else at

    def _text(self, line: int | None) -> str:
        lines = self.source.rstrip().split("\n")
        return lines[line - 1].strip()[:120] if line and line <= len(lines) else ""


def _places(wall: Wall, shown: Sequence[tuple[str, object]]) -> Iterator[_Place]:
    """Find each source's fence by what it says, for other steps may have rewritten the page."""
    fences: dict[str, list[Fence]] = {}
    for fence in find_fences(wall.markdown):
        if fence.language == "mermaid":
            fences.setdefault(_body(fence.content), []).append(fence)
    for source, _ in shown:
        same = fences.get(_body(source), [])
        yield _Place(source, same.pop(0) if same else None, wall.first_line)


def _body(source: str) -> str:
    """What a source says below its front matter, by its words."""
    try:
        found = find_front_matter(source)
    except FrontMatterError:
        found = None
    start = source.index("---", found.start + len(found.text)) + 3 if found else 0
    return " ".join(source[start:].split())
