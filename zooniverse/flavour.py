# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Rewrites a page written for GitHub so that Python-Markdown reads the same blocks and text.

The page is parsed with markdown-it-py as GitHub parses it, and its tree of blocks is written anew
in the one form that both read alike: content of a list four spaces in, a blank line between
blocks, every fence closed by its own length. Three devices carry what Python-Markdown has no form
for: raw HTML stands in a fence named `RAW_HTML`, which works at any depth and reaches the reader as
it is (`raw_html`); a paragraph of a tight list that needs blank lines around it is marked with
``{: .tight }`` and unwrapped (`TightLists`); and an empty comment parts what would else grow
together. What comes out is also GitHub's Markdown for the same page: a second run changes nothing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Container, Iterable, Iterator
from functools import cache, lru_cache
from html.entities import html5
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor
from markdown_it import MarkdownIt
from markdown_it.common.html_re import HTML_TAG_RE
from markdown_it.helpers import parseLinkDestination, parseLinkTitle
from markdown_it.rules_block import StateBlock, html_block
from markdown_it.rules_block.html_block import HTML_SEQUENCES
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode as Node
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.footnote.index import footnote_def
from pymdownx import emoji  # type: ignore[import-untyped]

from zooniverse.problems import Problem

MAX_DEPTH = 20
"""How many lists, quotes and footnotes may stand in one another."""

RAW_HTML = "zoo-html"
"""The language of the fences that hold raw HTML."""

TIGHT = "tight"
"""The class of a paragraph that GitHub shows without one."""

_TIGHT_LINE = f"{{: .{TIGHT} }}"
_PART = "<!-- -->"
_LISTS = ("bullet_list", "ordered_list")
_INVISIBLE = ("definition", "footnote_reference")
_ALERTS = ("[!NOTE]", "[!TIP]", "[!IMPORTANT]", "[!WARNING]", "[!CAUTION]")


class TooDeepError(ValueError):
    """A page whose blocks are nested more than `MAX_DEPTH` deep.

    Attributes:
        problem: What to tell the author.
    """

    def __init__(self, line: int) -> None:
        self.problem = Problem(
            line,
            f"lists and quotes stand in one another more than {MAX_DEPTH} deep",
            "Nest them less",
        )
        super().__init__(self.problem.message)


def gemoji(options: object, md: object) -> dict[str, Any]:
    """Return pymdown-extensions' index of emoji; its own function copies it for each page."""
    return _gemoji()


@cache
def _gemoji() -> dict[str, Any]:
    index: dict[str, Any] = emoji.gemoji({}, None)
    return index


@lru_cache(maxsize=1024)  # while serving, most pages stay as they are
def to_python_markdown(text: str) -> str:
    """Return a page with the same blocks and text for Python-Markdown as the given one for GitHub.

    Args:
        text: The page's Markdown, its front matter already taken off.

    Returns:
        The page in canonical form, unchanged where it was in it.

    Raises:
        TooDeepError: The page is nested more than `MAX_DEPTH` deep.
    """
    tokens = _parser().parse(text)
    _check_depth(tokens)
    source = re.split(r"\r\n?|\n", text)
    writer = _Writer(tokens, source)
    parts: list[str] = []
    for node, lines in writer.blocks(Node(tokens).children, nested=False):
        blank = 0  # as many blank lines as the author has put before the block
        first = node.map[0] if node and node.map else 0
        while blank < first and not source[first - 1 - blank].strip():
            blank += 1
        parts += ["\n" * max(blank, 1) if parts else "\n" * blank, "\n".join(lines), "\n"]
    hoisted = writer.hoisted if parts else writer.hoisted[1:]
    return "".join([*parts, *(f"{line}\n" for line in hoisted)])


def as_code(text: str) -> str:
    """Return a page that shows the source of another one, for one that is too deep to be parsed."""
    return "\n".join(_fence(text)) + "\n"


def raw_html(source: str, *_: Any, **__: Any) -> str:
    """Return the raw HTML of a `RAW_HTML` fence as it is (a formatter of ``pymdownx.superfences``).

    The comment before it tells Python-Markdown that it is a block whatever its first tag is.
    """
    return f"<!---->{source}"


def math_block(source: str, *_: Any, **__: Any) -> str:
    """Return the formula of a ``math`` fence as ``$$`` gives it (a formatter of superfences)."""
    return f'<div class="arithmatex">\\[\n{html.escape(source, quote=False)}\n\\]</div>'


class TightLists(Treeprocessor):
    """Unwraps the paragraphs that `to_python_markdown` has marked as those of a tight list."""

    def run(self, root: Element) -> None:
        """Put text and children of each marked paragraph in the place of the paragraph."""
        for parent in root.iter():
            for child in list(parent):
                if child.tag == "p" and TIGHT in child.get("class", "").split():
                    _unwrap(parent, child)


class NoteOrder(Treeprocessor):
    """Numbers footnotes in the order in which the page refers to them, cells of tables included."""

    def run(self, root: Element) -> None:
        """Sort the notes, and write their numbers at the places that refer to them."""
        footer = next((div for div in root.iter("div") if div.get("class") == "footnote"), None)
        notes = next(iter(footer.iter("ol")), None) if footer is not None else None
        if footer is None or notes is None:
            return
        within = {id(element) for element in footer.iter()}
        by_target = {f"#{note.get('id', '')}": note for note in notes}
        order: list[str] = []
        _collect([e for e in root.iter("a") if id(e) not in within], by_target, order)
        for target in order:  # it grows: notes refer to notes
            _collect(by_target[target].iter("a"), by_target, order)
        order += [target for target in by_target if target not in order]
        notes[:] = [by_target[target] for target in order]
        for link in root.iter("a"):
            if link.get("class") == "footnote-ref" and link.get("href") in by_target:
                link.text = str(order.index(link.get("href", "")) + 1)


def _collect(links: Iterable[Element], known: Container[str], order: list[str]) -> None:
    for link in links:
        target = link.get("href", "")
        if link.get("class") == "footnote-ref" and target in known and target not in order:
            order.append(target)


class FlavourExtension(Extension):
    """Python-Markdown's side of `to_python_markdown`."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (Python-Markdown's name)
        """Register `TightLists`, after attribute lists (8) have been read, and `NoteOrder`."""
        md.treeprocessors.register(TightLists(md), "tight_lists", 7)
        md.treeprocessors.register(NoteOrder(md), "note_order", 18)  # inline is 20, backlinks 15


def makeExtension(**settings: Any) -> FlavourExtension:  # noqa: N802 (Python-Markdown's name)
    """Return the extension: what ``markdown_extensions: [zooniverse.flavour]`` calls."""
    return FlavourExtension(**settings)


def _unwrap(parent: Element, child: Element) -> None:
    place = list(parent).index(child)
    before = parent[place - 1] if place else None
    text, tail = child.text or "", child.tail or ""
    if before is None:
        parent.text = (parent.text or "") + text
    else:
        before.tail = (before.tail or "") + text
    parent[place : place + 1] = list(child)
    last = parent[place + len(child) - 1] if place + len(child) else None
    if last is None:
        parent.text = (parent.text or "") + tail
    else:
        last.tail = (last.tail or "") + tail


@cache
def _parser() -> MarkdownIt:
    """Return GitHub's block grammar. Inline text is left to Python-Markdown, hence not parsed."""
    options = {"maxNesting": 2 * MAX_DEPTH + 4, "inline_definitions": True}
    parser = MarkdownIt("commonmark", options).enable("table")
    parser.use(footnote_plugin, inline=False, move_to_end=False)
    ends = ["paragraph", "reference", "blockquote", "list"]  # what the two may follow at once
    parser.block.ruler.at("footnote_def", footnote_def, {"alt": ends})
    parser.block.ruler.at("html_block", _html_rule, {"alt": ends[:3]})
    parser.core.ruler.disable(["inline", "text_join"])
    return parser


def _html_rule(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """Find raw HTML as markdown-it does, but let any tag end a quote, list or table above it.

    The specification lets a line with but one tag, such as ``<br>``, go on a paragraph; cmark-gfm
    does so, too, but not where the paragraph stands in a quote or list and the line does not.
    """
    if html_block(state, first, last, silent):
        return True
    if not silent or state.is_code_block(first):
        return False
    lazy = state.parentType in ("blockquote", "table") or state.sCount[first] < state.blkIndent
    line = state.src[state.bMarks[first] + state.tShift[first] : state.eMarks[first]]
    return lazy and bool(HTML_SEQUENCES[-1][0].search(line))


def _check_depth(tokens: list[Token]) -> None:
    depth = 0
    for token in tokens:
        if token.type in ("blockquote_open", "list_item_open", "footnote_reference_open"):
            depth += 1
            if depth > MAX_DEPTH:
                raise TooDeepError(token.map[0] + 1 if token.map else 1)
        elif token.type in ("blockquote_close", "list_item_close", "footnote_reference_close"):
            depth -= 1


def _cited(tokens: list[Token]) -> set[str]:
    """Return the labels of the footnotes that the text refers to, or a note that it refers to."""
    cites: dict[str, set[str]] = {"": set()}  # by the note that cites; "" is the text
    within = [""]
    for token in tokens:
        if token.type == "footnote_reference_open":
            label = token.meta["label"]
            within.append("of no effect " if label in cites else label)  # the first one counts
            cites.setdefault(within[-1], set())
        elif token.type == "footnote_reference_close":
            within.pop()
        elif token.type == "inline":
            cites[within[-1]] |= set(re.findall(r"\[\^([^\]\s]+)\]", token.content))
    cited: set[str] = set()
    new = cites[""]
    while new:
        cited |= new
        new = {label for note in new for label in cites.get(note, ())} - cited
    return cited


class _Writer:
    """Writes blocks in canonical form."""

    def __init__(self, tokens: list[Token], source: list[str]) -> None:
        self._source = source
        self._cited = _cited(tokens)
        self._defined: set[str] = set()
        self.hoisted: list[str] = []  # definitions found inside lists and quotes

    def blocks(
        self, nodes: Iterable[Node], nested: bool = True
    ) -> Iterator[tuple[Node | None, list[str]]]:
        """Yield each visible block and its lines, and comments between lists that would join."""
        before: Node | None = None
        for node in nodes:
            lines = self._block(node, nested)
            if node.type in _INVISIBLE:
                if nested:
                    self.hoisted += ["", *lines] if lines else []
                elif lines:
                    yield node, lines
                continue
            if before and before.type == node.type in _LISTS:
                yield None, [_PART]
            yield node, lines
            before = node

    def _lines(self, nodes: Iterable[Node]) -> list[str]:
        """Return blocks with a blank line between them."""
        lines: list[str] = []
        for _, block in self.blocks(nodes):
            lines += ["", *block] if lines else block
        return lines

    def _block(self, node: Node, nested: bool) -> list[str]:
        match node.type:
            case "paragraph":
                return _paragraph(_content(node))
            case "heading":
                return [_heading(node)]
            case "hr":
                return [node.markup[0] * 3]
            case "fence":
                return _fence(node.content, _info(node.info), node.markup)
            case "code_block":
                return _fence(node.content)
            case "html_block":
                return _html(node.content, nested)
            case "table":
                return _table(node)
            case "blockquote":
                return self._quote(node, nested)
            case "bullet_list" | "ordered_list":
                return self._list(node)
            case "definition":
                return self._definition(node)
            case "footnote_reference":
                return self._footnote(node)
        raise AssertionError(f"a block of an unknown kind: {node.type}")

    def _quote(self, node: Node, nested: bool) -> list[str]:
        lines = self._lines(node.children)
        # Alerts do not nest, and stand alone in their line: GitHub shows the rest as text.
        if lines and lines[0].startswith("[!") and (nested or lines[0].strip() not in _ALERTS):
            lines[0] = "\\" + lines[0]
        return [f"> {line}" if line else ">" for line in lines or [""]]

    def _list(self, node: Node) -> list[str]:
        tight = self._is_tight(node)
        compact = self._is_compact(node)
        lines: list[str] = []
        start = int(node.attrs.get("start", 1))
        for number, item in enumerate(node.children, start):
            marker = item.markup
            if node.type == "ordered_list":
                # Only the first number is shown; a long one would want a deeper indent.
                marker = (item.info if number == start or len(item.info) < 3 else "1") + "."
            body: list[str] = []
            first = next(iter(_visible(item)), None)
            if not first or not (first.type in ("paragraph", "heading") or _is_comment(first)):
                body = [_PART]
            for child, block in self.blocks(item.children):
                if child and child.type == "paragraph" and tight and not compact:
                    block.append(_TIGHT_LINE)
                body += ["", *block] if body and not compact else block
            # GitHub wants content to begin right of the marker, Python-Markdown four spaces in.
            indent = " " * max(4, len(marker) + 1)
            lines += [""] if lines and not compact else []
            lines.append(f"{marker} {body[0]}")
            lines += [indent + line if line else "" for line in body[1:]]
        return lines

    def _is_tight(self, node: Node) -> bool:
        """Return whether GitHub shows a list's paragraphs without a paragraph's space.

        This is cmark-gfm's rule. It differs from the specification's, and from markdown-it's, in
        that a blank line after a thematic break or a definition does not count.
        """
        for item, next_item in pairwise([*node.children, None]):
            children = _visible(item) if item else []
            for child, next_child in pairwise([*children, None]):
                if child and (next_item or next_child) and self._ends_blank(child):
                    return False
            if item and next_item and not item.children and self._is_blank(_place(item)[0] + 1):
                return False
        return True

    def _ends_blank(self, node: Node) -> bool:
        while node.type in (*_LISTS, "list_item") and _visible(node):
            node = _visible(node)[-1]
        if node.type == "list_item":  # an empty one: its marker's line alone
            return self._is_blank(_place(node)[0] + 1)
        return node.type != "hr" and self._is_blank(_place(node)[1])

    def _is_blank(self, line: int) -> bool:
        return line < len(self._source) and not self._source[line].strip(" \t>")

    def _is_compact(self, node: Node) -> bool:
        """Return whether a list is tight and can be written without a blank line in it.

        Python-Markdown takes any line below the first for text, but for fences (which it has put
        away by then) and for one nested list, which must come last.
        """
        for item in node.children:
            children = _visible(item)
            before = ""
            for child in children:
                if child.type in _LISTS and child is children[-1] and self._is_compact(child):
                    # GitHub lets no list end a paragraph unless it begins with 1.
                    fits = before != "paragraph" or child.attrs.get("start", 1) == 1
                elif child.type == "heading":
                    fits = len(children) == 1
                elif child.type == "paragraph":
                    fits = before != "paragraph"
                else:
                    fits = child.type in ("fence", "code_block", "html_block")
                before = child.type
                if not fits:
                    return False
        return self._is_tight(node)

    def _definition(self, node: Node) -> list[str]:
        if node.meta["id"] in self._defined:  # GitHub takes the first, Python-Markdown the last
            return []
        self._defined.add(node.meta["id"])
        title = " ".join(node.meta["title"].split()).replace('"', "&quot;")
        label = " ".join(node.meta["label"].split())
        return [f"[{label}]: {node.meta['url'] or '<>'}" + (f' "{title}"' if title else "")]

    def _footnote(self, node: Node) -> list[str]:
        label = node.meta["label"]
        if label not in self._cited or f"^{label}" in self._defined:
            return []  # GitHub shows only what is referred to
        self._defined.add(f"^{label}")
        lines = self._lines(node.children) or [""]
        first = next(iter(_visible(node)), None)
        if not first or not (first.type == "paragraph" or _is_comment(first)):
            lines = [_PART, "", *lines]
        return [f"[^{label}]: {lines[0]}", *(f"    {line}" if line else "" for line in lines[1:])]


def _place(node: Node) -> tuple[int, int]:
    """Return the lines of a block: its first, and the one after its last."""
    assert node.map, "every block but a footnote has its lines"
    return node.map


def _visible(node: Node) -> list[Node]:
    return [child for child in node.children if child.type not in _INVISIBLE]


def _is_comment(node: Node) -> bool:
    """Return whether a block is one comment in one line, which both renderers hide."""
    text = node.content.strip()
    return node.type == "html_block" and bool(re.fullmatch(r"<!--(?:(?!-->).)*-->", text))


def _content(node: Node) -> str:
    return node.children[0].content if node.children else ""


def _heading(node: Node) -> str:
    text = re.sub(r"(?:  +|\\)\n[ \t]*", "<br>", _content(node))
    text = _escape_end(_inline(re.sub(r"[ \t]*\n[ \t]*", " ", text)), r"#|\\")
    return f"{'#' * int(node.tag[1])} {text}".rstrip()


def _paragraph(content: str) -> list[str]:
    stripped = content.strip()
    if stripped.startswith("$$") and stripped.endswith("$$") and stripped.count("$$") == 2:
        return stripped.split("\n")
    lines: list[str] = []
    for line in _inline(content).split("\n"):
        text = line.lstrip(" \t")
        if lines and any(opens.search(text) for opens, _, breaks in HTML_SEQUENCES if breaks):
            lines[-1] = re.sub(r"  +$", "<br>", lines[-1]) + f" {text}"  # lest it begin a block
        else:
            lines.append(_escape_start(text))
    if any(opens.search(lines[0]) for opens, _, _ in HTML_SEQUENCES):
        lines[0] = f"&#32;{lines[0]}"  # a tag that was no block, as it went on in the next line
    lines[-1] = _escape_end(lines[-1].rstrip(), r"\\")
    return lines


def _escape_end(text: str, last: str) -> str:
    """Return text whose last character, if one of the given ones, is escaped."""
    bare = re.search(rf"(?<!\\)(?:\\\\)*(?:{last})$", text)
    return f"{text[:-1]}\\{text[-1]}" if bare else text


_BLOCK_START = re.compile(
    r"\#|>|[-+*](?=\s|$)|(?P<end>\d+)(?=[.)](?:\s|$))|```(?=[^`]*$)|~~~|(?P<equals>=)=*\s*$"
    r"|(?:[*_]\s*){3,}$|\[[^\[\]]*\]:|[|:-][|: \t-]*$"
)


def _escape_start(line: str) -> str:
    """Return a line of a paragraph so that it begins no block, as it did not on GitHub."""
    match = _BLOCK_START.match(line)
    if not match:
        return line
    if match["equals"]:
        return "&#61;" + line[1:]
    return (
        line[: match.end("end")] + "\\" + line[match.end("end") :] if match["end"] else "\\" + line
    )


def _fence(content: str, info: str = "", markup: str = "```") -> list[str]:
    """Return code between two fences of the same length, which no line of it can close."""
    lines = content.removesuffix("\n").split("\n")
    longest = max((len(m[0]) for m in re.finditer(markup[0] + "+", content)), default=0)
    mark = markup if longest < len(markup) else markup[0] * (longest + 1)
    return [f"{mark}{info}", *lines, mark]


def _info(info: str) -> str:
    """Return what superfences understands of the words after a fence; GitHub shows none of them."""
    info = html.unescape(info.strip())
    if re.fullmatch(r"[\w#.+-]*( ?\{[^\n`]*\})?( +\w+=\"[^\"`]*\")*", info):
        return info
    word = re.match(r"[\w#.+-]*(?=\s|$)", info)
    return word[0] if word else ""


def _html(content: str, nested: bool) -> list[str]:
    text = content.strip("\n")
    comment = re.fullmatch(r"\s{0,3}<!--(?:(?!-->)[\s\S])*-->\s*", text)
    # A comment stays one, unless superfences would find a fence in it.
    if (
        comment
        and not re.search(r"^[> ]*(?:```|~~~)", text, re.M)
        and not (nested and "\n" in text)
    ):
        return text.strip().split("\n")
    return _fence(text, RAW_HTML, "~~~")


def _table(node: Node) -> list[str]:
    rows = [
        [_cell(cell) for cell in row.children] for part in node.children for row in part.children
    ]
    marks = {"left": ":--", "right": "--:", "center": ":-:"}
    styles = [str(cell.attrs.get("style", "")) for cell in node.children[0].children[0].children]
    rows.insert(1, [marks.get(style.removeprefix("text-align:"), "---") for style in styles])
    return [f"| {' | '.join(row)} |" for row in rows]


def _cell(node: Node) -> str:
    return _inline(_content(node), in_table=True)


_KNOWN_ESCAPES = frozenset("\\`*_{}[]()>#+-.!|~$:")
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_INLINE = re.compile(
    r"(?P<target>\]\()"
    r"|(?P<beside>\](?: |\n[ \t]*)(?=\[))"
    r"|(?P<address>(?:https?://|www\.)[^\s<)\]]*)"
    r"|\$(?P<quoted>`[^`\n]+`)\$(?!\d)"
    r"|\$\$(?P<display>[^$\n]+)\$\$(?!\d)"
    r"|(?P<math>\$(?!\s)(?:\\.|[^\\$\n`])+?(?<!\s)\$(?!\d))"
    r"|(?P<ticks>`+)"
    r"|(?P<escape>\\[\s\S])"
    r"|<(?P<link>[^<>\s]+)>"
    r"|(?P<less><)"
    r"|&(?P<entity>\#?\w+);"
    r"|(?<!~)~(?P<struck>[^\s~`\n](?:[^~`\n]*[^\s~`\\])?)~(?!~)"
    r"|(?P<tildes>~+)"
    r"|(?P<pipe>\|)"
    r"|(?P<dollar>\$)"
)


def _inline(text: str, in_table: bool = False) -> str:
    """Return inline text with the few escapes by which Python-Markdown reads it as GitHub does."""
    ticks = _closing_ticks(text)
    written: list[str] = []
    position = 0
    while match := _INLINE.search(text, position):
        written.append(text[position : match.start()])
        position = match.end()
        found = match[0]
        if match["target"]:
            position = _end_of_target(text, match.end())
            found = text[match.start() : position].replace("\n", " ") or "]&#40;"
            position = position or match.end()
        elif match["beside"]:
            found = "]  " if found[1] == " " else "] \n"
        elif match["ticks"]:
            closing = ticks.get(match.start())
            if closing is None:
                found = "\\`" * len(found)
            else:
                code = re.sub(r"\s*\n\s*", " ", text[match.end() : closing])
                position = closing + len(found)
                found = _code_in_table(code) if in_table and "|" in code else found + code + found
        elif match["escape"]:
            line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
            found = _escape(found) if line.strip() or found[1] != "\n" else "&#32;  \n"
        elif match["quoted"]:
            found = f"${match['quoted'][1:-1].strip()}$"
        elif match["display"]:
            formula = match["display"].strip()
            found = f"${formula}$" if formula else found.replace("$", "\\$")
        elif match["link"] and _autolink(match["link"]):
            found = _autolink(match["link"])
        elif match["link"] or match["less"]:
            tag = HTML_TAG_RE.match(text, match.start())
            if tag and not re.match(r"<!---?>", tag[0]):
                found, position = _tag(tag[0]), tag.end()
            else:
                found, position = "&lt;", match.start() + 1
        elif match["entity"]:
            found = found if _is_entity(match["entity"]) else f"&amp;{found[1:]}"
        elif match["struck"]:
            found = f"~~{_inline(match['struck'], in_table)}~~"
        elif match["tildes"] and len(found) > 2:
            found = "\\~" * len(found)
        elif match["pipe"] and in_table:
            found = "\\|"
        elif match["dollar"] and "$" in text[position:]:
            found = "\\$"
        written.append(found)
    return "".join([*written, text[position:]])


def _closing_ticks(text: str) -> dict[int, int]:
    """Return where each code span that is opened at a place is closed."""
    places: dict[int, list[int]] = {}
    runs = [(m.start(), len(m[0])) for m in re.finditer("`+", text)]
    closing: dict[int, int] = {}
    for start, length in reversed(runs):
        following = places.setdefault(length, [])
        if following:
            closing[start] = following[-1]
        following.append(start)
    return closing


def _end_of_target(text: str, position: int) -> int:
    """Return where a link's target ends that begins at a position, or 0 if GitHub sees none."""
    space = re.compile(r"\s*")
    position = space.match(text, position).end()  # type: ignore[union-attr]
    target = parseLinkDestination(text, position, len(text))
    after = target.pos if target.ok else position
    position = space.match(text, after).end()  # type: ignore[union-attr]
    title = parseLinkTitle(text, position, len(text))
    if title.ok and position > after:
        position = space.match(text, title.pos).end()  # type: ignore[union-attr]
    return position + 1 if text.startswith(")", position) else 0


def _tag(tag: str) -> str:
    """Return an inline tag without characters that Python-Markdown reads before it reads tags."""
    if tag.startswith("<!") and not tag.startswith("<!--"):
        return ""  # a declaration, which neither shows
    if tag.startswith("<!"):
        return tag
    tag = re.sub(r"\s*\n\s*(?=[-+*#>=`~|:\[\d])", " ", tag)  # what follows could begin a block
    return re.sub(r"[`\[\]]", lambda m: f"&#{ord(m[0])};", tag)


def _is_entity(name: str) -> bool:
    return f"{name};" in html5 or bool(re.fullmatch(r"#(?:\d{1,7}|[xX][0-9a-fA-F]{1,6})", name))


def _code_in_table(code: str) -> str:
    """Return code with a pipe for a cell, in which the two split it differently."""
    escaped = "".join(f"&#{ord(c)};" if c in _PUNCTUATION else c for c in code.strip())
    return f"<code>{escaped}</code>"


def _escape(found: str) -> str:
    """Return an escaped character in a form that Python-Markdown knows, too."""
    character = found[1]
    if character == "\n":
        return "  \n"
    if character in _KNOWN_ESCAPES:
        return found
    if character in _PUNCTUATION:
        return f"&#{ord(character)};"
    return f"\\\\{character}" if character == " " else found


def _autolink(inside: str) -> str:
    """Return an address in angle brackets as Python-Markdown knows it, or "" if it is none."""
    if re.fullmatch(r"(?i)(?:https?|ftp)://[^<>\s\\`\[\]]*", inside) or re.fullmatch(
        r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)*", inside
    ):
        return f"<{inside}>"
    if re.fullmatch(r"[a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^<>\s]*", inside):
        text = "".join(f"&#{ord(c)};" if c in _PUNCTUATION else c for c in inside)
        target = re.sub(r"[\\`\[\]]", lambda m: f"%{ord(m[0]):X}", inside)
        return f"[{text}](<{target}>)"
    return ""
