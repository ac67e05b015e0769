# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Reads a page's file: which bytes are text, which text is front matter, and what may stand in it.

MkDocs reads pages itself, but takes a first line such as "Note: …" for metadata, passes over front
matter that is not YAML, and stops with a traceback where a file is not UTF-8.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from zooniverse.front_matter import ALLOWED, FrontMatterError, front_matter
from zooniverse.limits import excess
from zooniverse.problems import Problem

MAX_PAGE = 300_000
"""Bytes that a page may have."""

_RULE = re.compile(r"---[ \t]*")
_END = re.compile(r"(?:---|\.\.\.)[ \t]*")
# Controls, and the marks that show text in another order than it is read in by machines.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# What names of files may not hold: the theme writes them as they are, and Windows refuses them.
_MARKUP = re.compile(r'[<>"]')


@dataclass(frozen=True)
class PageText:
    """A page as its file says it.

    Attributes:
        meta: The front matter: text, whole numbers, truth values, lists and mappings of them.
        body: The Markdown, lines ended by line feeds, without empty lines at its beginning.
        first_line: Line of the file at which ``body`` begins, counted from 1.
        problems: All that is wrong with it.
        fatal: Whether there is nothing to show: no text, or front matter that cannot be read.
    """

    meta: Mapping[str, Any] = field(default_factory=dict)
    body: str = ""
    first_line: int = 1
    problems: tuple[Problem, ...] = ()
    fatal: bool = False


@lru_cache(maxsize=1024)  # many steps ask; while serving, most pages stay as they are
def read_page(raw: bytes) -> PageText:
    """Read the bytes of a page's file.

    Front matter stands between a first line ``---`` and the next line ``---`` or ``...``. Without
    that second line, the first one is a rule across the page, as on GitHub. Whatever ``raw`` holds,
    this returns: what is wrong is in ``problems``.
    """
    if len(raw) > MAX_PAGE:
        said = f"the page has {len(raw):,} bytes"
        return _fatal(Problem(None, said, f"Split it: {MAX_PAGE:,} are enough"))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = len(re.findall(rb"\r\n?|\n", raw[: error.start])) + 1
        what = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        return _fatal(Problem(line, what, "Save the file as UTF-8"))
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    text, problems = _without_controls(text)
    lines = text.split("\n")
    if not _RULE.fullmatch(lines[0]):
        return _page({}, lines, 0, problems)
    end = next((n for n, line in enumerate(lines[1:], 1) if _END.fullmatch(line)), None)
    if end is None:
        key = lines[1].partition(":")[0] if len(lines) > 1 and ":" in lines[1] else ""
        if key in ALLOWED:
            cure = "Write --- on a line of its own below the last key"
            problems.append(Problem(1, "the front matter has no end", cure))
        return _page({}, lines, 0, problems)
    try:
        meta, wrong = front_matter("\n".join(lines[1:end]) + "\n")
    except FrontMatterError as error:
        return _fatal(*problems, error.problem)
    return _page(meta, lines, end + 1, problems + wrong)


def mkdocs_source(page: PageText) -> str:
    """Return a text in which MkDocs' own parser finds exactly ``page.meta`` and ``page.body``."""
    if not page.meta:
        return "\n" + page.body  # an empty first line ends MkDocs' search for metadata
    return f"---\n{yaml.safe_dump(dict(page.meta), sort_keys=False)}---\n{page.body}"


def notice(file: str, problems: Iterable[Problem]) -> PageText:
    """Return the page that is shown in the place of one that cannot be: it says what is wrong.

    Args:
        file: The page's file, as messages name it.
        problems: Why it cannot be shown.
    """
    lines = "\n".join(f"    {problem.at(file)}" for problem in problems)  # a code block escapes all
    return PageText(body=f"# This page cannot be shown\n\nMend its file and save it:\n\n{lines}\n")


def refusal(file: Path, docs: Path) -> Problem | None:
    """Say why a file below ``docs`` may not be published, or return None.

    Args:
        file: The file, as it lies below ``docs``.
        docs: The folder of the pages.
    """
    name = file.relative_to(docs).as_posix()
    if _MARKUP.search(name) or _CONTROLS.search(name) or not name.isprintable():
        cure = "Rename it: letters, digits, hyphens, underscores and dots"
        return Problem(None, "the file's name holds a character that pages cannot carry", cure)
    if file.is_symlink():
        try:
            inside = file.resolve(strict=True).is_relative_to(docs.resolve())
        except (OSError, RuntimeError):
            return Problem(None, "the link leads nowhere", "Put the file itself there")
        if not inside:
            return Problem(None, "the link leads out of docs/", "Put the file itself there")
    return None


def linked_folders(docs: Path) -> list[tuple[str, Problem]]:
    """Return the folders below ``docs`` that are symbolic links, and what to do about each.

    One that leads to a folder above itself makes MkDocs read the same pages without end.
    """
    folders = (Path(above, name) for above, names, _ in os.walk(docs) for name in names)
    found = sorted(f.relative_to(docs).as_posix() for f in folders if f.is_symlink())
    wrong = Problem(None, "a symbolic link to a folder", "Put the folder itself there")
    return [(name, wrong) for name in found]


def _page(meta: dict[str, Any], lines: list[str], first: int, problems: list[Problem]) -> PageText:
    while first < len(lines) - 1 and not lines[first]:  # MkDocs drops them, too
        first += 1
    if wrong := excess("\n".join(lines[first:]), first + 1):
        return _fatal(*problems, wrong)
    return PageText(meta, "\n".join(lines[first:]), first + 1, tuple(problems))


def _fatal(*problems: Problem) -> PageText:
    return PageText(problems=problems, fatal=True)


def _without_controls(text: str) -> tuple[str, list[Problem]]:
    found = _CONTROLS.findall(text)
    if not found:
        return text, []
    first = _CONTROLS.search(text)
    assert first
    line = text.count("\n", 0, first.start()) + 1
    name = unicodedata.name(found[0], "a control character")
    more = f" (and {len(found) - 1} more of the kind)" if len(found) > 1 else ""
    message = f"U+{ord(found[0]):04X}, {name}, cannot be seen by those who read the source{more}"
    return _CONTROLS.sub("\ufffd", text), [Problem(line, message, "Take it out")]
