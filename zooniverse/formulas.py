# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Typesets the formulas of a rendered page with KaTeX, so that the reader's browser runs nothing.

KaTeX runs in an embedded V8 that has neither files nor network. Its output carries MathML for
screen readers, and in it the formula's LaTeX source.
"""

from __future__ import annotations

import atexit
import html
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from html.parser import HTMLParser
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from py_mini_racer import JSTimeoutException, MiniRacer

from zooniverse.problems import Problem

KATEX = Path(__file__).parent / "vendor" / "katex" / "katex.min.js"
LONGEST = 2_000
"""Characters of LaTeX; a page of aligned equations has about 1,500."""
DEEPEST = 50
"""Braces within braces; V8's stack would set a limit too, but not the same one each time."""

# Links, images and HTML are none of a formula's business (KaTeX's `trust: false` alone prints the
# command in red and says nothing); definitions would let a short formula grow without end.
_OFF = {
    *("href", "url", "includegraphics", "htmlClass", "htmlId", "htmlStyle", "htmlData"),
    *("def", "gdef", "edef", "xdef", "let", "futurelet", "global"),
    *("newcommand", "renewcommand", "providecommand"),
}
_TYPESET = """
function typeset(source, displayMode) {
  try {
    return {html: katex.renderToString(source, {
      displayMode, output: "htmlAndMathml", throwOnError: true, strict: "error", trust: false,
      maxSize: 20, maxExpand: 1000,
    })};
  } catch (error) {
    return {error: String(error.rawMessage || error.message).toWellFormed()};
  }
}
"""
_STRICT = re.compile(
    r"LaTeX-incompatible input and strict mode is set to 'error': (.*) \[\w+\]$", re.S
)
_SECONDS = 10.0  # the last resort, far from what any formula needs

# What KaTeX's style sheet draws with which of its fonts, by class name.
_FONTS = {
    "katex-html": "Main-Regular",
    "mathnormal": "Math-Italic",
    "mathit": "Main-Italic",
    "textit": "Main-Italic",
    "mathbf": "Main-Bold",
    "textbf": "Main-Bold",
    "boldsymbol": "Math-BoldItalic",
    "mathbb": "AMS-Regular",
    "textbb": "AMS-Regular",
    "amsrm": "AMS-Regular",
    "mathcal": "Caligraphic-Regular",
    "small-op": "Size1-Regular",
    "large-op": "Size2-Regular",
    "delim-size1": "Size1-Regular",
    "delim-size4": "Size4-Regular",
    "delimsizing size1": "Size1-Regular",
    "delimsizing size2": "Size2-Regular",
    "delimsizing size3": "Size3-Regular",
    "delimsizing size4": "Size4-Regular",
}

# The search index leaves both out (it would hold each formula three times). Material's indexer ends
# an exclusion at the first inner element of the same name, and KaTeX nests spans: hence <bdi>.
# A box that scrolls must be reachable by keyboard, and what is reachable must have a name.
_INLINE = '<bdi class="formula-inline" data-search-exclude>'
_DISPLAY = (
    '<div class="formula" role="group" aria-label="Formula" tabindex="0" data-search-exclude>'
)


def typeset(page: str, body: str = "", first_line: int = 1) -> tuple[str, list[Problem]]:
    r"""Replace what ``pymdownx.arithmatex`` (generic) leaves by typeset formulas.

    That is ``<span class="arithmatex">\(…\)</span>`` and ``<div class="arithmatex">\[…\]</div>``
    outside code; not one other character changes, and a second run changes nothing.

    Args:
        page: HTML of a page's content.
        body: The page's Markdown, in which the lines are found.
        first_line: Line of the page's file at which ``body`` begins.

    Returns:
        The HTML, and a problem for each formula that cannot be typeset; its source then stands
        in the page as code.
    """
    pieces: list[str] = []
    problems: list[Problem] = []
    end = at = 0
    for formula in _found(page):
        markup, error = _render(formula.source, formula.display)
        place = body.find(formula.source.partition("\n")[0], at)
        at = max(place, at)  # formulas come in the order of the page
        if error:
            line = first_line + body.count("\n", 0, place) if place >= 0 else None
            problems.append(_problem(formula.source, error, line))
            markup = f'<code class="formula-source">{html.escape(formula.source)}</code>'
        pieces += page[end : formula.start], _DISPLAY if formula.display else _INLINE, markup
        pieces.append("</div>" if formula.display else "</bdi>")
        end = formula.end
    return "".join([*pieces, page[end:]]), problems


def fonts(page: str) -> list[str]:
    """Return the names of the KaTeX fonts that a typeset page draws with, sorted.

    A page that preloads them does not shift when they arrive; ``KaTeX_{name}.woff2`` are the
    files. The four families for single words (Fraktur, SansSerif, Script, Typewriter) are left out.
    """
    classes = " ".join(re.findall(r'<span class="([^"]*)"', page)) if 'class="katex' in page else ""
    return sorted({font for name, font in _FONTS.items() if re.search(rf"\b{name}\b", classes)})


class _Formula(NamedTuple):
    start: int
    end: int
    source: str
    display: bool


@lru_cache(maxsize=1024)  # while serving, most pages stay as they are
def _found(page: str) -> tuple[_Formula, ...]:
    return tuple(_Finder(page).found)


class _Finder(HTMLParser):
    """Finds the formulas and their places: elements that hold nothing but delimited text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[_Formula] = []
        self._page = page
        self._lines = [0, *(match.end() for match in re.finditer("\n", page))]
        self._open: tuple[str, int, int] | None = None
        self._code = 0
        self.feed(page)
        self.close()

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = None
        if tag in {"code", "pre"}:
            self._code += 1
        elif tag in {"span", "div"} and not self._code and ("class", "arithmatex") in attrs:
            start = self._offset()
            self._open = tag, start, start + len(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = None

    def handle_comment(self, data: str) -> None:
        self._open = None

    def handle_endtag(self, tag: str) -> None:
        opened, self._open = self._open, None
        if tag in {"code", "pre"}:
            self._code = max(0, self._code - 1)
        elif opened and opened[0] == tag:
            _, start, text_start = opened
            text_end = self._offset()
            text = html.unescape(self._page[text_start:text_end]).strip()
            left, right = (r"\[", r"\]") if tag == "div" else (r"\(", r"\)")
            if text.startswith(left) and text.endswith(right):
                end = self._page.index(">", text_end) + 1
                self.found.append(_Formula(start, end, text[2:-2].strip(), tag == "div"))


def _problem(source: str, error: str, line: int | None) -> Problem:
    shown = _one_line(source)
    shown = shown if len(shown) <= 60 else shown[:59] + "…"
    return Problem(
        line=line,
        message=f"the formula {shown} cannot be typeset: {_one_line(error).rstrip('.')}",
        cure="Mend its LaTeX; katex.org/docs/supported lists what KaTeX knows",
    )


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


@lru_cache(maxsize=4096)
def _render(source: str, display: bool) -> tuple[str, str]:
    """Return KaTeX's HTML and its error; one of them is empty."""
    if len(source) > LONGEST:
        return "", f"it has {len(source)} characters, {LONGEST} are allowed"
    tokens = re.findall(r"\\(?:[a-zA-Z@]+|.)|[{}]", source, re.S)
    for token in tokens:
        if token[1:] in _OFF:
            return "", f"{token} is switched off"
    depth = max(accumulate((token == "{") - (token == "}") for token in tokens), default=0)
    if depth > DEEPEST:
        return "", f"its braces are nested {depth} deep, {DEEPEST} are allowed"
    return _thread().submit(_call, source, display).result()


def _call(source: str, display: bool) -> tuple[str, str]:
    try:
        answer = _v8().call("typeset", source, display, timeout_sec=_SECONDS)
    except JSTimeoutException:
        return "", f"it takes more than {_SECONDS:g} seconds"
    error = str(answer.get("error", ""))
    return str(answer.get("html", "")), _STRICT.sub(r"\1", error)


@cache
def _thread() -> ThreadPoolExecutor:
    """Return the one thread that V8 is used from.

    V8 must not meet two threads at once, and MiniRacer takes over an event loop that runs where it
    is made (Playwright's, for one) instead of starting its own.
    """
    atexit.register(_stop)
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="katex")


@cache
def _v8() -> MiniRacer:
    engine = MiniRacer()
    engine.eval(KATEX.read_text(encoding="utf-8"))
    engine.eval(_TYPESET)
    return engine


def _stop() -> None:
    """End V8 before the interpreter ends: its threads must not outlive it."""
    if _v8.cache_info().currsize:
        _v8().close()
