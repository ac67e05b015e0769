# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Says of a page, before it is rendered, whether that would take time out of all proportion.

Python-Markdown looks from each ``[`` for the ``]`` that closes it, to the end of the paragraph, and
readers of HTML look from each ``<!--`` for its ``-->``, to the end of the page. Their work thus
grows with the square of the number, and a page that is built to do harm could stop the build.
"""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt

from zooniverse.problems import Problem

MAX_BRACKETS = 1_000
"""How often ``[`` may stand in one paragraph, heading, cell or piece of HTML."""
MAX_STEPS = 8 * MAX_BRACKETS**2
"""What the squares of these numbers may come to in a page."""
MAX_COMMENTS = 1_000
"""How often ``<!--`` may stand in a page."""


def excess(body: str, first_line: int = 1) -> Problem | None:
    """Return what a page has too much of to be rendered, or None.

    Args:
        body: The page's Markdown.
        first_line: Line of the page's file at which ``body`` begins.
    """
    comments = body.count("<!--")
    if comments > MAX_COMMENTS:
        return Problem(None, f"the page has {comments:,} comments", f"{MAX_COMMENTS:,} are enough")
    if body.count("[") <= MAX_BRACKETS:
        return None  # true of nearly every page, which need not be parsed for it
    steps = 0
    for token in _blocks().parse(body):
        brackets = token.content.count("[") if token.type in ("inline", "html_block") else 0
        steps += brackets**2
        if brackets > MAX_BRACKETS or steps > MAX_STEPS:
            line = (token.map[0] if token.map else 0) + first_line
            cure = "Put code into a fence, or split the paragraph"
            if brackets <= MAX_BRACKETS:
                return Problem(line, "the page has too many [ up to here", "Split the page")
            return Problem(line, f"the paragraph has {brackets:,} times the sign [", cure)
    return None


@cache
def _blocks() -> MarkdownIt:
    """Return a parser of blocks alone; the text in them is left as it is."""
    reader = MarkdownIt("commonmark").enable("table")
    reader.core.ruler.disable(["inline", "text_join"])
    return reader
