# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Whether a page reads the same on GitHub and on the site: outlines, and where they part.

GitHub's side is made by GitHub's own parser, cmark-gfm. What GitHub adds after parsing (alerts,
emoji, mathematics) is added here to its outline: the site is held to what readers see there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache
from html.parser import HTMLParser

from zooniverse.problems import Problem

ALERTS = ("note", "tip", "important", "warning", "caution")

_CONTAINERS = frozenset({"ul", "ol", "li", "blockquote", "table", "tr", "details", "section"})
_TEXT_BLOCKS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "th", "td", "summary", "pre"})
_TRANSPARENT_BLOCKS = frozenset({"div", "center", "thead", "tbody", "figure", "dl", "dt", "dd"})
_BREAK = "\u2028"
_VOID = frozenset({"br", "hr", "img", "input", "source", "wbr", "col", "area", "meta", "link"})


# GitHub reads a formula between dollars as Markdown first: marks such as _ and * may vanish.
_FORMULA = "Write the formula as $`…`$, or in a fence named math"


@dataclass(frozen=True)
class Block:
    """One block of a page.

    Attributes:
        depth: How many containers (lists, items, quotes, tables, rows, folded parts) it stands in.
        kind: ``p``, ``h1`` … ``h6``, ``pre``, ``hr``, ``math``, ``td``, ``ul``, ``ol:3`` (its first
            number), ``blockquote``, ``alert:note``, …; ``text`` is text that no paragraph wraps, as
            in the items of a tight list.
        text: Its text: exact in ``pre`` (but for newlines at the end), elsewhere with white space
            made one. A picture gives its text alternative, a check box ``[ ]`` or ``[x]``.
        line: The line of the source it begins on, where the HTML says so (``data-sourcepos``).
    """

    depth: int
    kind: str
    text: str = ""
    line: int | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.text[:60]!r}" if self.text else self.kind


@cache
def _emoji() -> dict[str, str]:
    """Return GitHub's short names and their characters."""
    from pymdownx import gemoji_db  # type: ignore[import-untyped]

    points = {
        name: entry.get("unicode_alt") or entry.get("unicode")
        for name, entry in gemoji_db.emoji.items()
    }
    points |= {alias: points.get(name) for alias, name in gemoji_db.aliases.items()}
    return {
        name: "".join(chr(int(point, 16)) for point in code.split("-"))
        for name, code in points.items()
        if code
    }


class _Outliner(HTMLParser):
    """Reads HTML as events, so that unbalanced raw HTML cannot mislead it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._open: list[str] = []  # containers
        self._tags: list[tuple[str, str]] = []  # every element: tag, what to do at its end
        self._kind = "text"
        self._text: list[str] = []
        self._line: int | None = None
        self._skip = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        get = {name: value or "" for name, value in attrs}
        classes = set(get.get("class", "").split())
        line = int(get["data-sourcepos"].split(":")[0]) if "data-sourcepos" in get else None
        role = ""
        if tag in _VOID:
            self._void(tag, get, line)
            return
        if self._skip or classes & {"footnote-backref", "headerlink"}:
            role, self._skip = "skip", self._skip + 1
        elif tag == "sup" and ("footnote-ref" in classes or get.get("id", "").startswith("fnref")):
            self._text.append("[^]")
            role, self._skip = "skip", self._skip + 1
        elif self._kind == "pre":
            pass
        elif "arithmatex" in classes or "mermaid" in classes or tag in _TEXT_BLOCKS:
            if tag != "span":
                role = "block"
                kind = "math" if "arithmatex" in classes or get.get("lang") == "math" else tag
                self._begin("pre" if "mermaid" in classes else kind + _alignment(tag, get), line)
                if "admonition-title" in classes:
                    role, self._skip = "skip", 1
        elif tag in _CONTAINERS or classes & {"admonition", "footnote"}:
            role = "container"
            self._begin("text", None)
            kind = tag
            if tag == "ol" and get.get("start", "1") != "1":
                kind = f"ol:{int(get['start'])}" if get["start"].isdigit() else "ol"
            elif "admonition" in classes:
                kind = "alert:" + next((c for c in ALERTS if c in classes), "other")
            elif classes & {"footnote", "footnotes"}:
                kind = "footnotes"
            self.blocks.append(Block(len(self._open), kind, line=line))
            self._open.append(kind)
        elif tag in _TRANSPARENT_BLOCKS:
            role = "block"
            self._begin("text", None)
        self._tags.append((tag, role))

    def _void(self, tag: str, get: dict[str, str], line: int | None) -> None:
        if self._skip:
            return
        if tag == "br":
            self._text.append("\n" if self._kind == "pre" else _BREAK)
        elif tag == "img":
            self._text.append(get.get("alt", ""))
        elif tag == "input" and get.get("type") == "checkbox":
            self._text.append("[x] " if "checked" in get else "[ ] ")
        elif tag == "hr" and self._open[-1:] != ["footnotes"]:
            self._begin("text", None)
            self.blocks.append(Block(len(self._open), "hr", line=line))

    def handle_endtag(self, tag: str) -> None:
        if tag not in (open_tag for open_tag, _ in self._tags):
            return
        while self._tags:
            closed, role = self._tags.pop()
            if role == "skip":
                self._skip -= 1
            elif role == "block":
                self._begin("text", None)
            elif role == "container":
                self._begin("text", None)
                self._open.pop()
            if closed == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self._text.append(data)

    def _begin(self, kind: str, line: int | None) -> None:
        """End the block at hand and begin another one."""
        text = "".join(self._text)
        if self._kind == "pre":
            self.blocks.append(Block(len(self._open), "pre", text.rstrip("\n"), self._line))
        elif self._kind != "text" or text.strip():
            self._end_text(text)
        self._kind, self._line, self._text = kind, line, []

    def _end_text(self, text: str) -> None:
        text = re.sub(r"[ \t\r\n\f\v\xa0]+", " ", text).strip()
        text = re.sub(rf" ?{_BREAK} ?", "\n", text)
        kind, depth = self._kind, len(self._open)
        math = re.fullmatch(r"(?:\$\$|\\\[)(.*?)(?:\$\$|\\\])", text)
        if kind == "math" or (kind in ("p", "text") and math):
            self.blocks.append(
                Block(depth, "math", (math[1] if math else text).strip(), self._line)
            )
            return
        alert = re.match(r"\[!(\w+)\] ?", text)
        if (
            kind == "p" and depth == 1 and alert and alert[1].lower() in ALERTS
            and self.blocks[-1].kind == "blockquote"
        ):  # fmt: skip
            self.blocks[-1] = Block(0, "alert:" + alert[1].lower(), line=self.blocks[-1].line)
            self._open[-1] = self.blocks[-1].kind
            text = text[alert.end() :]
        if kind == "p" and self.blocks and self.blocks[-1] in _boxes(depth):
            text = f"{self.blocks.pop().text} {text}"  # cmark-gfm puts the box before the paragraph
        if text or kind not in ("p", "text"):
            text = re.sub(r"\\\((.*?)\\\)|\$\$", lambda m: f"${m[1]}$" if m[1] else "$", text)
            text = re.sub(r":([\w+-]+):", lambda m: _emoji().get(m[0], m[0]), text)
            self.blocks.append(Block(depth, kind, text, self._line))

    def close(self) -> None:
        super().close()
        self._begin("text", None)


def _boxes(depth: int) -> tuple[Block, Block]:
    return Block(depth, "text", "[ ]"), Block(depth, "text", "[x]")


def _alignment(tag: str, get: dict[str, str]) -> str:
    style = re.search(r"text-align:\s*(\w+)", get.get("style", ""))
    align = get.get("align") or (style[1] if style else "")
    return f":{align}" if tag in ("td", "th") and align else ""


def outline_of(html: str) -> list[Block]:
    """Return the blocks of a page in reading order, from its HTML (GitHub's or the site's).

    Rows of a table without any text are left out: Python-Markdown adds one to an empty table.
    """
    outliner = _Outliner()
    outliner.feed(html)
    outliner.close()
    kept: list[Block] = []
    row: list[Block] = []
    for block in [*outliner.blocks, Block(-1, "end")]:
        if row and block.depth <= row[0].depth:
            kept += row if any(cell.text for cell in row) else []
            row = []
        if row or block.kind == "tr":
            row.append(block)
        elif block.depth >= 0:
            kept.append(block)
    return kept


def github_html(text: str) -> str:
    """Return what GitHub's parser makes of a page, each block with its place in the source."""
    from cmarkgfm import cmark  # type: ignore[import-untyped]

    options = cmark.Options
    flags = options.CMARK_OPT_UNSAFE | options.CMARK_OPT_FOOTNOTES | options.CMARK_OPT_SOURCEPOS
    flags |= options.CMARK_OPT_GITHUB_PRE_LANG
    html: str = cmark.markdown_to_html_with_extensions(
        text, flags, ["table", "strikethrough", "autolink", "tasklist"]
    )
    return html


def differences(github: str, site: str) -> list[Problem]:
    """Return where two renderings of a page part, in reading order; none where they agree.

    Args:
        github: HTML by GitHub's parser (`github_html`).
        site: HTML of the site's page, without what the site adds.
    """
    ours, theirs = outline_of(site), outline_of(github)
    problems = []
    matcher = SequenceMatcher(None, theirs, ours, autojunk=False)
    for tag, begin, end, site_begin, site_end in matcher.get_opcodes():
        if tag != "equal":
            near = [block.line for block in theirs[max(begin - 1, 0) : end] if block.line]
            line = next((b.line for b in theirs[begin:end] if b.line), near[-1] if near else None)
            there = ", ".join(map(str, theirs[begin:end])) or "nothing"
            here = ", ".join(map(str, ours[site_begin:site_end])) or "nothing"
            formula = any(b.kind == "math" or "$" in b.text for b in theirs[begin:end])
            cure = _FORMULA if formula else "Write it in a way that both understand"
            problems.append(Problem(line, f"GitHub shows {there}, the site {here}", cure))
    return problems
