# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Finds fenced code blocks as CommonMark finds them, and replaces what is in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

_NEWLINE = re.compile(r"\r\n?|\n")
_BOM = "\ufeff"
_SHORTCODE = re.compile(r":[a-z0-9_+-]+:")
# Attributes that attr_list reads and GitHub shows: {#id .class key=value}.
_ATTRIBUTES = re.compile(r"\{:?[ \t]*(?:[#.]\w|\w+=)[^{}]*\}[ \t]*$")
# Pictographs, their joiner, variation selectors, skin tones, flags and tags; no letters, no arrows.
_EMOJI = re.compile(
    "[\u2600-\u27bf\u2b00-\u2bff\ufe0e\ufe0f\u200d\u20e3"
    "\U0001f000-\U0001faff\U000e0020-\U000e007f]+"
)


@dataclass(frozen=True)
class Fence:
    """A fenced code block.

    Attributes:
        info: The info string: all that stands behind the opening fence, stripped.
        line: Line of the opening fence, counted from 1.
        content: The code without the prefix of its lines; its lines ended by line feeds.
        span: Start and end of the content in the text, prefixes and last newline included.
        prefix: What a new line of the block begins with: quote marks, indentation.
        heading: Text of the nearest heading above, or None.
    """

    info: str
    line: int
    content: str
    span: tuple[int, int]
    prefix: str
    heading: str | None = None

    @property
    def language(self) -> str:
        """The first word of the info string, or an empty string."""
        return self.info.split(maxsplit=1)[0] if self.info else ""


def find_fences(text: str) -> list[Fence]:
    """Find the fenced code blocks of a Markdown text, in order.

    Those in lists and quotes are found; those in other fences, in HTML comments and in HTML blocks
    are not. A page's own front matter must have been taken off.

    Args:
        text: Markdown with any newlines, with or without a byte-order mark.
    """
    return list(_found(text))


@lru_cache(maxsize=1024)  # while serving, most pages stay as they are
def _found(text: str) -> tuple[Fence, ...]:
    starts = _line_starts(text)
    bom = text.startswith(_BOM)
    tokens = MarkdownIt("commonmark").parse(text[bom:])
    fences: list[Fence] = []
    heading: str | None = None
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = _plain_text(tokens[index + 1].children or []) or heading
        elif token.type == "fence" and token.map:
            first = token.map[0]
            lines = _count_lines(token.content)
            fences.append(
                Fence(
                    info=token.info.strip(),
                    line=first + 1,
                    content=token.content,
                    span=(starts[first + 1], starts[first + 1 + lines]),
                    prefix=_prefix(text[starts[first] : starts[first + 1]], token.markup),
                    heading=heading,
                )
            )
    return tuple(fences)


def replace_content(text: str, fence: Fence, content: str) -> str:
    """Put ``content`` into a block.

    No byte outside the block changes, and lines that are the same at its beginning and at its end
    stay byte for byte; new ones get the block's prefix and the newline of its opening fence.

    Args:
        text: The text in which ``fence`` was found.
        fence: The block.
        content: Its new code; its lines ended by line feeds.
    """
    start, end = fence.span
    raw = _split_lines(text[start:end])
    old, new = _lines(fence.content), _lines(content)
    if old == new:
        return text
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    newline = _newline_before(text, start)
    made = [(fence.prefix + line).rstrip(" \t") for line in new[head : len(new) - tail]]
    kept_tail = raw[len(raw) - tail :]
    body = "".join(raw[:head]) + "".join(line + newline for line in made) + "".join(kept_tail)
    if head and made and not _NEWLINE.search(raw[head - 1]):
        body = "".join(raw[:head]) + newline + newline.join(made)
    elif made and not kept_tail and not _ends_line(text[:end]):
        body = body.removesuffix(newline)
    if body and not _ends_line(text[:start]):
        body = newline + body
    return text[:start] + body + text[end:]


def _line_starts(text: str) -> list[int]:
    """Offsets of the lines' first characters; behind the last line, the text's end."""
    first = 1 if text.startswith(_BOM) else 0
    starts = [first, *(match.end() for match in _NEWLINE.finditer(text, first))]
    return [*starts, len(text), len(text)]


def _split_lines(text: str) -> list[str]:
    ends = [match.end() for match in _NEWLINE.finditer(text)]
    lines = [text[a:b] for a, b in zip([0, *ends], [*ends, len(text)], strict=True)]
    return lines if lines[-1] else lines[:-1]


def _lines(content: str) -> list[str]:
    return content.removesuffix("\n").split("\n") if content else []


def _count_lines(content: str) -> int:
    return content.count("\n") + (bool(content) and not content.endswith("\n"))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _ends_line(text: str) -> bool:
    return text.endswith(("\n", "\r"))


def _newline_before(text: str, position: int) -> str:
    """The newline that ends the line before ``position``; at the text's end, its last one."""
    found = text[max(0, position - 2) : position]
    if found.endswith(("\n", "\r")):
        return "\r\n" if found == "\r\n" else found[-1]
    match = _NEWLINE.search(text)
    return match.group() if match else "\n"


def _prefix(opening: str, markup: str) -> str:
    """What stands before the fence, list markers blanked: their line belongs to the first one."""
    before = opening[: opening.index(markup)]
    return re.sub(r"[^>\s]", " ", before)


def _plain_text(inlines: Sequence[Token]) -> str:
    """What a reader hears of a heading: no marks, no link targets, no emoji, no attributes."""
    parts: list[str] = []
    for token in inlines:
        if token.type in ("text", "code_inline"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif token.type == "image":
            parts.append(_plain_text(token.children or []))
    text = _ATTRIBUTES.sub("", "".join(parts))
    return " ".join(_EMOJI.sub(" ", _SHORTCODE.sub(" ", text)).split())
