# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What a link can lead to: the site's files, and those of the repository around them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

_LINES = re.compile(r"L(\d+)(?:C\d+)?(?:-L(\d+)(?:C\d+)?)?")
# What need not be encoded in a fragment.
_IN_FRAGMENT = "!$&'()*+,;=:@/?-._~"


@dataclass(frozen=True)
class Repository:
    """What links can lead to; all paths are relative to the repository, with forward slashes.

    Attributes:
        root: The repository's folder.
        host: Its address on the code host, without a final slash, or None.
        site: For each file that the site shows or holds, its address below the site's.
        anchors: For each page of the site, what ``#…`` can name in it.
    """

    root: Path
    host: str | None
    site: Mapping[str, str]
    anchors: Mapping[str, Collection[str]]


def follow(
    address: str,
    page: str,
    repository: Repository,
    *,
    is_source: bool = False,
    suggest: bool = True,
) -> tuple[str, tuple[str, str] | None]:
    """Return the address on the site for one in a page, and what is wrong with it and the cure.

    Args:
        address: What the author wrote.
        page: The page's file.
        repository: What links can lead to.
        is_source: Whether the browser loads it into the page, as a picture.
        suggest: Whether to look for the nearest right one.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return address, (f"{_said(address)} is no address", "Write https://, a name and a path")
    if parts.scheme or parts.netloc or address.startswith("//"):
        return address, None
    fragment = unquote(parts.fragment)
    wanted = destination(address, page)
    if wanted is None:
        cure = "Link to what lies in the repository, or to a web address"
        return address, (f"the link {_said(address)} leads out of the repository", cure)
    if wanted not in repository.site:
        kind = _kind(repository.root, wanted)
        if kind is None or repository.host is None:
            near = _near(wanted, page, repository) if suggest else None
            cure = (
                f"Write {near}" if near else "Write the path of a file as it is in the repository"
            )
            return address, (f"the link {_said(address)} leads to no file", cure)
        if is_source:
            cure = "Put the file below docs/, beside the page"
            return address, (f"{_said(address)} lies outside what the site holds", cure)
        query = f"?{parts.query}" if parts.query else ""
        after = f"#{parts.fragment}" if parts.fragment else ""
        return f"{repository.host}/{kind}/main/{quote(wanted)}{query}{after}", None
    anchors = repository.anchors.get(wanted)
    fragment, wrong = (
        _anchor(fragment, address, anchors) if anchors is not None else (fragment, None)
    )
    made = relative(repository.site[wanted], repository.site.get(page, ""))
    if wanted == page and parts.fragment:
        made = ""
    return made + (f"#{quote(fragment, safe=_IN_FRAGMENT)}" if fragment else ""), wrong


def destination(address: str, page: str) -> str | None:
    """Return the path in the repository that an address names, or None where it leads out of it."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme or parts.netloc:
        return None
    path = unquote(parts.path)
    if not path:
        return page
    above = "" if path.startswith("/") else posixpath.dirname(page)
    wanted = posixpath.normpath(posixpath.join(above, path.lstrip("/")))
    return None if wanted == ".." or wanted.startswith("../") or "\0" in wanted else wanted


def relative(address: str, base: str) -> str:
    """Return an address of the site relative to another one; both are below the site's."""
    folder = base if base.endswith("/") else posixpath.dirname(base)
    made = posixpath.relpath(address or ".", folder or ".")
    return f"{made}/" if address.endswith("/") or not address else made


def _anchor(
    wanted: str, address: str, known: Collection[str]
) -> tuple[str, tuple[str, str] | None]:
    """Return the anchor on the site, and what is wrong with it."""
    lines = _LINES.fullmatch(wanted)
    if lines and "L1" in known:  # a view of code
        first, last = lines[1], lines[2] or lines[1]
        if f"L{first}" in known and f"L{last}" in known:
            return f"L{first}", None
        count = sum(bool(_LINES.fullmatch(anchor)) for anchor in known)
        cure = f"Write a line from L1 to L{count}"
        return wanted, (f"the link {_said(address)} names a line that the file has not", cure)
    if wanted in known or wanted in ("", "top") or wanted.startswith(":~:"):
        return wanted, None
    near = get_close_matches(wanted, known, n=1) or get_close_matches(wanted.lower(), known, n=1)
    cure = f"Write #{near[0]}" if near else "Write a heading in lower case, hyphens for its spaces"
    return wanted, (f"the link {_said(address)} leads to no heading", cure)


def _kind(root: Path, path: str) -> str | None:
    """Return ``blob`` for a file of the repository, ``tree`` for a folder, and None for neither.

    Names must be written as they are even where the file system is lenient, as on GitHub.
    """
    at = root
    for part in path.split("/"):
        if part == ".":
            continue
        if part == ".git" or not at.is_dir() or part not in (entry.name for entry in at.iterdir()):
            return None
        at /= part
    if not at.exists() or not at.resolve().is_relative_to(root.resolve()):
        return None
    return "tree" if at.is_dir() else "blob"


def _near(wanted: str, page: str, repository: Repository) -> str | None:
    """Return the file nearest to what was wanted, as the page would write it."""
    folder, name = posixpath.split(wanted)
    beside = repository.root / folder
    pool = {entry.name for entry in beside.iterdir()} if (
        _kind(repository.root, folder or ".") == "tree"
    ) else set()  # fmt: skip
    inside = (path for path in repository.site if posixpath.dirname(path) == folder)
    pool |= {posixpath.basename(path) for path in inside}
    stems = {posixpath.splitext(one)[0].lower(): one for one in sorted(pool)}
    found = get_close_matches(posixpath.splitext(name)[0].lower(), stems, n=1)
    elsewhere = sorted(path for path in repository.site if posixpath.basename(path) == name)
    near = [posixpath.join(folder, stems[one]) for one in found] or get_close_matches(
        wanted, elsewhere, n=1, cutoff=0.8
    )
    return quote(posixpath.relpath(near[0], posixpath.dirname(page) or ".")) if near else None


def _said(address: str) -> str:
    said = " ".join(address.split())
    return repr(said if len(said) <= 100 else said[:100] + "…")
