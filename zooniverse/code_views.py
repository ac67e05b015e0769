# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Shows a file of code or data as a page: numbered lines, what it stands under, and a download."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from html import escape
from urllib.parse import quote

from pygments import formatters, highlight, lexers, util  # type: ignore[import-untyped]

from zooniverse.reading import PageText, mkdocs_source

SHOWN = frozenset(
    {".bib", ".c", ".cfg", ".cpp", ".csv", ".cu", ".h", ".ini", ".java", ".jl", ".js", ".json"}
    | {".jsonl", ".mmd", ".py", ".r", ".rs", ".sh", ".swift", ".toml", ".ts", ".tsv", ".txt"}
    | {".yaml", ".yml"}
)
"""Endings of the files that are shown as pages."""
MAX_SHOWN = 256_000
"""Bytes of the largest file that is shown; a larger one is only downloaded."""

_SPDX = re.compile(r"SPDX-License-Identifier:[ \t]*([\w.+() -]+)")


def is_shown(path: str, content: bytes) -> bool:
    """Say whether a file is shown as a page: text of a known kind, and not too long."""
    if posixpath.splitext(path)[1].lower() not in SHOWN or len(content) > MAX_SHOWN:
        return False
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


def view_source(path: str) -> str:
    """Return the Markdown of the page that shows a file; `view` is its rest."""
    name = posixpath.basename(path)
    meta = {
        "title": name,
        "description": f"The file {name} of this project, with numbered lines and a download.",
        "search": {"exclude": True},
    }
    ticks = "`" * (max((len(run) for run in re.findall("`+", name)), default=0) + 1)
    return mkdocs_source(PageText(meta, f"# {ticks} {name} {ticks}\n"))


def line_anchors(content: str) -> frozenset[str]:
    """Return what ``#…`` can name in the `view` of a file: its lines, as on GitHub."""
    lines = content.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").count("\n") + 1
    return frozenset(f"L{n}" for n in range(1, lines + 1))


@lru_cache(maxsize=512)  # while serving, most files stay as they are
def view(path: str, content: str, licence: str, page: str | None = None) -> str:
    """Return the HTML of a file's lines, each of which is an anchor as on GitHub: ``#L10``.

    Args:
        path: The file; only its name is shown.
        content: Its text.
        licence: SPDX identifier of what it falls under, unless it says so in its first lines.
        page: Address, relative to the view's, of the page that it belongs to.
    """
    name = posixpath.basename(path)
    try:
        lexer = lexers.get_lexer_for_filename(name, stripnl=False)
    except util.ClassNotFound:
        lexer = lexers.get_lexer_by_name("text", stripnl=False)
    lines = (
        highlight(content, lexer, formatters.HtmlFormatter(nowrap=True))
        .removesuffix("\n")
        .split("\n")
    )
    width = len(str(len(lines)))
    code = "\n".join(
        f'<span id="L{n}"><span class="linenos" data-linenos="{n:{width}} "></span>{line}</span>'
        for n, line in enumerate(lines, 1)
    )
    own = _SPDX.search("\n".join(content.split("\n", 10)[:10]))
    facts = [
        f"{len(lines):,} {'line' if len(lines) == 1 else 'lines'}",
        escape(own[1].strip() if own else licence),
        f'<a href="{escape(quote(name))}" download>Download</a>',
        *([f'<a href="{escape(page)}">The page it belongs to</a>'] if page else []),
    ]
    return (
        f'<p class="zoo-file">{" · ".join(facts)}</p>\n'
        f'<div class="language-{lexer.aliases[0]} highlight"><pre><span></span>'
        f"<code>{code}\n</code></pre></div>"
    )
