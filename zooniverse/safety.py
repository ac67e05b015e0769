# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Lets through what a page may give to a reader's browser, and says what was taken out of it.

Judged is the rendered HTML, for raw HTML and attribute lists lead to the same holes. nh3 (ammonia),
which reads HTML as browsers do, keeps what stands in the lists below. What it has taken out is
known by comparing the start tags before and after.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from html import escape, unescape
from html.parser import HTMLParser
from itertools import pairwise

import nh3
from markdown.extensions.attr_list import get_attrs_and_remainder
from pygments.token import STANDARD_TYPES  # type: ignore[import-untyped]

from zooniverse.checks import parser, places
from zooniverse.links import Tag, tags
from zooniverse.problems import Problem

MAX_READINGS = 20
"""How often a page's HTML is read anew until it stays the same; what never does stands as text."""
MAX_PROBLEMS = 50
"""Things of one page that are named one by one."""

_TEXT = "a abbr b bdi bdo br center cite code del dfn em font i ins kbd label mark q rp rt ruby"
_MORE = "s samp small span strike strong sub sup time tt u var wbr"
_BLOCKS = "blockquote dd details div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre"
_TABLES = "summary table tbody td tfoot th thead tr ul caption col colgroup img picture source"
ELEMENTS = frozenset(f"{_TEXT} {_MORE} {_BLOCKS} {_TABLES} input".split())
"""The elements that a page may hold; ``input`` only as the box of a task list."""

_ANY = frozenset({"align", "aria-hidden", "aria-label", "class", "dir", "id", "lang", "title"})
_CELL = frozenset({"colspan", "headers", "rowspan", "scope", "style", "valign", "width"})
ATTRIBUTES: dict[str, frozenset[str]] = {
    "*": _ANY,
    "a": frozenset({"href", "name"}),
    "col": frozenset({"span", "width"}),
    "colgroup": frozenset({"span", "width"}),
    "del": frozenset({"datetime"}),
    "div": frozenset({"data-search-exclude"}),
    "details": frozenset({"open"}),
    "img": frozenset({"alt", "height", "src", "srcset", "width"}),
    "ins": frozenset({"datetime"}),
    "li": frozenset({"value"}),
    "ol": frozenset({"reversed", "start", "type"}),
    "source": frozenset({"height", "media", "srcset", "type", "width"}),
    "table": frozenset({"width"}),
    "td": _CELL,
    "th": _CELL | {"abbr"},
    "time": frozenset({"datetime"}),
}
"""The attributes that elements may have, ``*`` being any; those of ``input`` are fixed."""

SCHEMES = frozenset({"http", "https", "mailto"})
"""How an address may begin; one without a scheme leads to the site itself."""

# What the extensions of Markdown write, and no more: others could imitate the site's frame.
CLASSES = frozenset(
    {
        *("admonition", "admonition-title", "note", "tip", "important", "warning", "caution"),
        *("arithmatex", "mermaid", "highlight", "highlighttable", "linenos", "linenodiv", "code"),
        *("filename", "headerlink", "footnote", "footnote-ref", "footnote-backref", "tight"),
        *("task-list", "task-list-item", "task-list-control", "task-list-indicator"),
        *(name for name in STANDARD_TYPES.values() if name),
    }
)
"""The classes that a page may use, beside ``language-…`` of code."""

# Of a fence's language, and of the kinds of token that a language has of its own.
_OF_CODE = re.compile(r"language-[\w+#.-]{1,40}|[a-z][a-z0-9]{0,2}(?:-[A-Z][A-Za-z]{0,20}){1,4}")
# Names by which the theme finds its own parts, in its markup and as variables of its scripts.
_TAKEN = re.compile(r"(?i)(?:__(?:search|drawer|toc|palette|nav|config|consent|comments|md|tabbed)"
                    r"|(?:md|zoo)[-_]).*")  # fmt: skip
# Scripts look headings up by their anchors: without what ends a word, a value or a selector.
_ANCHOR = re.compile(r"""[^\s"'<>`&=\\\[\]{}()]{1,300}""")
_ALIGNED = re.compile(r"\s*text-align\s*:\s*(left|right|center)\s*;?\s*", re.IGNORECASE)
_ASKS = re.compile(r"\s*zoo:(?:[^<>-]|-(?!-))*")  # a comment that no reader takes for anything else
_SIZE = re.compile(r"\d{1,4}(?:\.\d{1,3})?(?:px|%)?")
# Their content is no text for readers.
_WITH_CONTENT = frozenset(
    {
        *("script", "style", "iframe", "noembed", "noframes", "noscript", "template"),
        *("svg", "math", "object", "applet"),
    }
)
_UNSEEN = frozenset({"markdown", "data-toc-label"})  # read while Markdown is rendered
_URLS = frozenset({"href", "src"})

_CURES = {
    "iframe": "Link to it instead",
    "embed": "Link to it instead",
    "object": "Link to it instead",
    "video": "Link to it instead",
    "audio": "Link to it instead",
    "svg": "Save it as a file beside the page, and show it as a picture",
    "math": "Write the formula between dollar signs",
    "style": "Leave it out: the site has one look",
    "link": "Leave it out: the site has one look",
    "script": "Leave it out: pages run no scripts",
    "input": "Write a task list: - [ ] to do",
}
_LEAVE_OUT = "Leave it out"


def safe_html(html: str, body: str = "", first_line: int = 1) -> tuple[str, list[Problem]]:
    """Keep of a page's HTML what is allowed, and say what was not.

    Pictures of other sites become links, so that reading a page asks no one but the site for
    anything. Comments go, but for those that ask for a block of the site.

    Args:
        html: The page's content, as Markdown made it.
        body: The page's Markdown, in which the lines are found.
        first_line: Line of the page's file at which ``body`` begins.

    Returns:
        The HTML, a second run on which changes nothing, and the problems by their lines.
    """
    safe, lost = _judged(html)
    return safe, _problems(lost, body, first_line)


@lru_cache(maxsize=1024)  # while serving, most pages stay as they are
def _judged(html: str) -> tuple[str, tuple[_Loss, ...]]:
    clean = _stable(html)
    return _Rewriter(clean).result(), tuple(_lost(html, clean))


def _stable(html: str) -> str:
    """Return what nh3 keeps, cleaned until it is read the way it is written.

    Taking out an element can leave others where they cannot stand, and the next reader of the
    HTML, a browser, would move them.
    """
    for _ in range(MAX_READINGS):
        html, before = _with_first_lines(_cleaned(html)), html
        if html == before:
            return html
    return escape(html)


def _with_first_lines(html: str) -> str:
    """Write once more the newline that begins a block of code: each reader drops one."""
    ends = [t.end for t in tags(html) if t.name == "pre" and html.startswith("\n", t.end)]
    pieces = [html[a:b] for a, b in pairwise([0, *ends, len(html)])]
    return "\n".join(pieces)


def _cleaned(html: str) -> str:
    return nh3.clean(
        html,
        tags=set(ELEMENTS),
        clean_content_tags=set(_WITH_CONTENT),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_kept,
        tag_attribute_values={"input": {"type": {"checkbox"}, "checked": {""}}},
        set_tag_attribute_values={"input": {"type": "checkbox", "disabled": ""}},
        url_schemes=set(SCHEMES),
        strip_comments=False,
        link_rel=None,
    )


def safe_title(text: str) -> str:
    """Return a title as the theme can write it, which puts titles into attributes as they are.

    Args:
        text: A title, plain or as HTML.

    Returns:
        Its text, escaped once; what could end an attribute or an element is written otherwise.
    """
    marks = str.maketrans({"<": "‹", ">": "›", '"': "”"})
    plain, seen = text, ""
    while plain != seen:  # the theme takes entities off once more
        plain, seen = unescape(plain).translate(marks), plain
    return plain.replace("&", "&amp;")


def safe_anchor(anchor: str) -> str:
    """Return what an anchor may be of a heading's, for links that the theme makes to it.

    One that is not allowed, and which the heading has thus lost, leads to no place.
    """
    return anchor if _ANCHOR.fullmatch(anchor) and not _TAKEN.fullmatch(anchor) else ""


def _kept(tag: str, attribute: str, value: str) -> str | None:
    """Return the value that an attribute keeps, or None."""
    if attribute == "class":
        return " ".join(name for name in value.split() if _is_class(name)) or None
    if attribute in ("id", "name"):
        return safe_anchor(value) or None
    if attribute == "style":
        aligned = _ALIGNED.fullmatch(value)
        return f"text-align: {aligned[1].lower()};" if aligned else None
    if attribute in ("width", "height"):
        return value if _SIZE.fullmatch(value.strip()) else None
    if attribute == "srcset":
        return None if any(map(_leaves, _candidates(value))) else value
    return value


def _is_class(name: str) -> bool:
    return name in CLASSES or bool(_OF_CODE.fullmatch(name))


def _candidates(srcset: str) -> list[str]:
    return [part.split()[0] for part in re.split(r",\s|,$", srcset) if part.split()]


def _leaves(address: str) -> bool:
    """Return whether browsers fetch an address from another site, or from none."""
    bare = re.sub(r"[\t\n\r]", "", address).strip("".join(map(chr, range(33)))).replace("\\", "/")
    return bare.startswith("//") or bool(re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", bare))


class _Rewriter(HTMLParser):
    """Takes comments out of HTML that nh3 has written, and makes links of others' pictures."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self._html = html
        self._starts = [0, *(match.end() for match in re.finditer("\n", html))]
        self._parts: list[str] = []
        self._done = 0
        self._links = 0

    def result(self) -> str:
        self.feed(self._html)
        self.close()
        return "".join([*self._parts, self._html[self._done :]])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._links += tag == "a"
        values = dict(attrs)
        source = values.get("src") or ""
        if tag == "img" and _leaves(source):
            self._replace(len(self.get_starttag_text() or ""), self._instead(source, values))

    def handle_endtag(self, tag: str) -> None:
        self._links -= tag == "a"

    def parse_comment(self, i: int, report: bool = True) -> int:
        """Read a comment to where browsers end it; some versions of Python end it at ``-- >``."""
        end = self.rawdata.find("-->", i + len("<!--"))
        if end < 0:
            return -1
        self.handle_comment(self.rawdata[i + len("<!--") : end])
        return end + len("-->")

    def handle_comment(self, data: str) -> None:
        if not _ASKS.fullmatch(data):
            self._replace(len(data) + len("<!---->"), "")

    def _instead(self, source: str, values: dict[str, str | None]) -> str:
        name = source.split("?")[0].rstrip("/").rpartition("/")[2]
        text = escape((values.get("alt") or "").strip() or name or source)
        return text if self._links > 0 else f'<a href="{escape(source)}">{text}</a>'

    def _at(self) -> int:
        line, column = self.getpos()
        return self._starts[line - 1] + column

    def _replace(self, length: int, new: str) -> None:
        start = self._at()
        self._parts += self._html[self._done : start], new
        self._done = start + length


# What was lost: the element, and, where it is there, the attribute and its value.
_Loss = tuple[str, str | None, str]


def _lost(html: str, clean: str) -> Iterator[_Loss]:
    """Yield what stands in the start tags of the one, and not in those of the other."""
    after = tags(clean)
    names = Counter(tag.name for tag in after)
    kept = Counter((tag.name, *pair) for tag in after for pair in _pairs(tag))
    lower, silent = html.lower(), 0
    for tag in tags(html):
        if tag.start < silent:
            continue  # it went with what it stands in
        if not names[tag.name]:
            yield tag.name, None, ""
            if tag.name in _WITH_CONTENT:
                silent = lower.find(f"</{tag.name}", tag.end)
            continue
        names[tag.name] -= 1
        if tag.name == "input":
            if dict(tag.attributes).get("type") != "checkbox":
                yield tag.name, None, ""
            continue
        for name, value in _pairs(tag):
            if kept[tag.name, name, value]:
                kept[tag.name, name, value] -= 1
            elif name == "class":
                yield from ((tag.name, name, word) for word in value.split() if not _is_class(word))
            elif not _is_silent(tag.name, name, value):
                yield tag.name, name, value


def _pairs(tag: Tag) -> Iterator[tuple[str, str]]:
    return ((name, value or "") for name, value in dict(tag.attributes).items())


def _is_silent(tag: str, name: str, value: str) -> bool:
    """Return whether a loss changes nothing that readers could miss."""
    if name == "style" and tag in ("td", "th"):
        return bool(_ALIGNED.fullmatch(value))
    if name == "srcset" and tag in ("img", "source"):
        return True
    return name in _UNSEEN or (name in ("id", "name", "class") and not value.strip())


def _problems(lost: tuple[_Loss, ...], body: str, first_line: int) -> list[Problem]:
    if not lost:
        return []
    where = _Lines(body, first_line)
    found = [Problem(where.of(loss), *_said(*loss)) for loss in lost[:MAX_PROBLEMS]]
    found.sort(key=lambda problem: problem.line or 0)
    if len(lost) > MAX_PROBLEMS:
        more = len(lost) - MAX_PROBLEMS
        found.append(Problem(None, f"{more} more things are not allowed", "Mend the others first"))
    return found


def _said(tag: str, name: str | None, value: str) -> tuple[str, str]:
    """Return what is wrong and what to do."""
    element = f"<{_shown(tag, 30)}>"
    if name is None:
        if tag in ELEMENTS and tag != "input":
            return f"{element} stands where it cannot", "Put it into the element it belongs to"
        return f"{element} is not allowed", _CURES.get(tag, _LEAVE_OUT)
    if name == "class":
        return f"the class {_shown(value)!r} of {element} is not the page's to use", _LEAVE_OUT
    if name == "id" or (name == "name" and tag == "a"):
        said = f"the {name} {_shown(value)!r} of {element} is "
        if _TAKEN.fullmatch(value):
            return f"{said}one of the site's own", "Name it otherwise"
        return f"{said}no anchor", "Write letters, digits and hyphens"
    if name == "style":
        return f"the style {_shown(value)!r} of {element} is not allowed", _LEAVE_OUT
    if name in _URLS and name in ATTRIBUTES.get(tag, ()):
        cure = "Begin it with https:, http: or mailto:, or write it relative to the page"
        return f"the address {_shown(value)!r} of {element} is not allowed", cure
    if name in ("width", "height") and name in ATTRIBUTES.get(tag, ()):
        return f"the {name} {_shown(value)!r} of {element} is no size", "Write a number up to 9999"
    return f"the attribute {_shown(name, 30)!r} of {element} is not allowed", _LEAVE_OUT


def _shown(text: str, most: int = 60) -> str:
    """Return an author's text as a message repeats it: in one line, short, and visible."""
    line = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))
    return line if len(line) <= most else f"{line[:most]}…"


class _Lines:
    """Where in a page's file that stands which its HTML has lost."""

    def __init__(self, body: str, first_line: int) -> None:
        self._first = first_line
        self._found: dict[tuple[str, ...], list[int]] = {}
        self._used: Counter[tuple[str, ...]] = Counter()
        reader = parser()
        reader.validateLink = lambda url: True  # type: ignore[method-assign]
        reader.normalizeLink = lambda url: url  # type: ignore[method-assign]
        for token in reader.parse(body):
            line = token.map[0] + 1 if token.map else 1
            if token.type == "html_block":
                self._add_html(line, token.content)
            elif token.type == "fence":
                self._add_list(line, token.info)
            elif token.type == "inline":
                for at, child in places(token):
                    if child.type == "html_inline":
                        self._add_html(at, child.content)
                    elif child.type == "link_open":
                        self._add("a", "href", str(child.attrs["href"]), at)
                    elif child.type == "image":
                        self._add("img", "src", str(child.attrs["src"]), at)
                for number, text in enumerate(token.content.split("\n")):
                    self._add_list(line + number, text)

    def of(self, loss: _Loss) -> int | None:
        """Return the line of a loss; of several that are alike, the next one at each call."""
        tag, name, value = loss
        keys = [(tag, name, value.strip()), (tag, name), (name,)] if name else [(tag,)]
        for key in keys:
            if lines := self._found.get(key):
                at = min(self._used[key], len(lines) - 1)
                self._used[key] += 1
                return lines[at] + self._first - 1
        return None

    def _add_html(self, line: int, html: str) -> None:
        for tag in tags(html):
            at = line + html.count("\n", 0, tag.start)
            self._found.setdefault((tag.name,), []).append(at)
            for name, value in _pairs(tag):
                for part in value.split() if name == "class" else [value]:
                    self._add(tag.name, name, part, at)

    def _add_list(self, line: int, text: str) -> None:
        """Find attribute lists by their own parser."""
        for brace in list(re.finditer(r"\{", text))[:20]:
            inside = text[brace.end() : brace.end() + 2_000].lstrip(":")
            pairs, _ = get_attrs_and_remainder(inside)
            for name, _ in pairs:
                key = {".": "class", "#": "id"}.get(name, name)
                self._found.setdefault((key,), []).append(line)

    def _add(self, tag: str, name: str, value: str, line: int) -> None:
        for key in ((tag, name, value.strip()), (tag, name)):
            self._found.setdefault(key, []).append(line)
