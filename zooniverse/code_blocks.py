# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Shows code from the file where it lies, so that what is read is what runs.

A region of a file stands between ``# region NAME`` and ``# endregion``, which editors fold. A page
asks for it with ``<!-- zoo: code file="transformer.py" region="attention" -->`` beside a link to
the file, which is what GitHub's readers see.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from textwrap import dedent
from urllib.parse import quote

from markdown import Markdown

from zooniverse.markers import Marker, replace_markers
from zooniverse.problems import Problem

# Language by ending, with what begins a comment in it.
LANGUAGES = {
    ".py": ("python", "#"),
    ".sh": ("bash", "#"),
    ".yml": ("yaml", "#"),
    ".toml": ("toml", "#"),
    ".swift": ("swift", "//"),
    ".js": ("javascript", "//"),
}
_BEGIN = re.compile(r"\s*(?:#|//) region (?P<name>[\w-]+)\s*")
_END = re.compile(r"\s*(?:#|//) endregion\b.*")


class CodeError(ValueError):
    """Code that cannot be shown; carries what is wrong and what to do, as a Problem does."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.problem = Problem(None, message, cure)


@dataclass(frozen=True)
class Excerpt:
    """Lines of a file.

    Attributes:
        text: The lines, without the marks of regions, moved to the left.
        first: Number of the first line in the file, counted from 1.
        last: Number of the last one.
    """

    text: str
    first: int
    last: int


def excerpt(source: str, region: str | None = None) -> Excerpt:
    """Cut a region out of a file's text; without a name, the whole of it.

    Raises:
        CodeError: The file has no region of that name.
    """
    lines = source.splitlines()
    first, last = 0, len(lines)
    if region is not None:
        begins = {m["name"]: n for n, line in enumerate(lines) if (m := _BEGIN.fullmatch(line))}
        if region not in begins:
            known = ", ".join(begins) or "none"
            raise CodeError(f"there is no region {region!r}", f"Name one of its regions: {known}")
        first = begins[region] + 1
        last = _end(lines, first)
    kept = [
        line for line in lines[first:last] if not (_BEGIN.fullmatch(line) or _END.fullmatch(line))
    ]
    return Excerpt(dedent("\n".join(kept)).strip("\n"), first + 1, last)


def code_block(path: Path, marker: Marker, licence: str) -> str:
    """Return the HTML of a code block that says where it is from and what it stands under.

    Args:
        path: The file.
        marker: What was asked for: ``file`` and, for a part of it, ``region``.
        licence: SPDX identifier that the first line names, unless the excerpt does so itself.

    Raises:
        CodeError: The file is not text, of an unknown kind, or has no such region.
    """
    if path.suffix not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise CodeError(f"{path.name} is no code that can be shown", f"Name a file of {known}")
    language, comment = LANGUAGES[path.suffix]
    cut = excerpt(path.read_text(encoding="utf-8"), marker.options.get("region"))
    head = f"{comment} SPDX-License-Identifier: {licence}"
    text = cut.text if head in cut.text.splitlines() else f"{head}\n{cut.text}"
    name = escape(marker.options["file"])
    return (
        f'<figure class="zoo-code"><figcaption><a href="{escape(quote(marker.options["file"]))}">'
        f"{name}</a>, lines {cut.first}–{cut.last}</figcaption>"
        f"{highlighted(text, language)}</figure>"
    )


def with_code(
    html: str, folder: Path, inside: Path, licence: str
) -> tuple[str, list[tuple[Marker, Problem]]]:
    """Put code in the place of each ``<!-- zoo: code … -->`` of a page's HTML.

    Args:
        html: The page's content.
        folder: Where the page lies; ``file`` is relative to it.
        inside: The folder that no file may be outside of, links followed.
        licence: SPDX identifier of code.

    Returns:
        The content, and for each block that could not be made (it is left out) why.
    """
    wrong: list[tuple[Marker, Problem]] = []

    def render(marker: Marker) -> str:
        try:
            return code_block(_file(marker, folder, inside), marker, licence)
        except CodeError as error:
            wrong.append((marker, error.problem))
            return ""

    return replace_markers(html, {"code": render}), wrong


@lru_cache(maxsize=1024)  # while serving, most files stay as they are
def highlighted(code: str, language: str) -> str:
    """Return code as the site's fences show it."""
    fence = "`" * (max((len(run) for run in re.findall(r"`+", code)), default=0) + 3)
    converter = _converter()
    converter.reset()
    return str(converter.convert(f"{fence}{language}\n{code}\n{fence}"))


@cache
def _converter() -> Markdown:
    settings = {"pymdownx.highlight": {"pygments_lang_class": True}}
    return Markdown(
        extensions=["pymdownx.highlight", "pymdownx.superfences"], extension_configs=settings
    )


def _file(marker: Marker, folder: Path, inside: Path) -> Path:
    name = marker.options.get("file")
    if not name:
        raise CodeError("a code block names no file", 'Write <!-- zoo: code file="…" -->')
    unknown = set(marker.options) - {"file", "region"}
    if unknown:
        raise CodeError(f"a code block has the option {min(unknown)!r}", "Write file and region")
    path = (folder / name).resolve()
    if not path.is_relative_to(inside.resolve()) or not path.is_file():
        beside = sorted(f.name for f in folder.iterdir() if f.suffix in LANGUAGES)
        cure = f"Beside the page lie: {', '.join(beside) or 'no code files'}"
        raise CodeError(f"there is no file {name!r} to show", cure)
    return path


def _end(lines: list[str], start: int) -> int:
    depth = 0
    for number in range(start, len(lines)):
        if _BEGIN.fullmatch(lines[number]):
            depth += 1
        elif _END.fullmatch(lines[number]):
            if depth == 0:
                return number
            depth -= 1
    return len(lines)
