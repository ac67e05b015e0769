# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Makes the navigation from the folders, so that a new folder needs no other edit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Any

from pydantic import Field

from zooniverse.problems import SettingsError
from zooniverse.settings import Settings

INDEX = "README.md"
# A page that does not say where it stands comes after those that do.
LAST = 1_000_000


class NavigationSettings(Settings):
    """Order of the top folders: ``first``, then all others by name, then ``last``."""

    first: list[str] = Field(default_factory=list)
    last: list[str] = Field(default_factory=list)


@dataclass(frozen=True)
class Entry:
    """A page as the navigation sees it.

    Attributes:
        path: Path below ``docs/``, with forward slashes.
        title: What the navigation calls it.
        order: Where it stands among its neighbours; equal ones are ordered by path.
    """

    path: str
    title: str
    order: int = LAST


def navigation(entries: Iterable[Entry], settings: NavigationSettings) -> list[dict[str, Any]]:
    """Arrange pages into MkDocs' nested ``nav``.

    A folder becomes a section that is called what its ``README.md`` is called; a folder that holds
    nothing but its ``README.md`` becomes a plain page.

    Args:
        entries: All pages of the site.
        settings: Order of the top folders.

    Returns:
        A list of ``{title: path}`` and ``{title: [...]}``, home page first.

    Raises:
        SettingsError: The settings name a folder that is not there, and another one that they do
            not name is there and is called nearly the same.
    """
    pages = sorted(entries, key=lambda entry: entry.path)
    _check(settings, {entry.path.split("/")[0] for entry in pages if "/" in entry.path})
    return _section(PurePosixPath("."), pages, settings)


def _check(settings: NavigationSettings, folders: Set[str]) -> None:
    unnamed = folders - {*settings.first, *settings.last}
    for key in ("first", "last"):
        for name in getattr(settings, key):
            near = get_close_matches(name, sorted(unnamed), n=1, cutoff=0.8)
            if name not in folders and near:
                raise SettingsError(
                    f"mkdocs.yml: extra.navigation.{key} names the folder {name!r}, which is not "
                    f"there. Did you mean '{near[0]}'?"
                )


def _section(
    folder: PurePosixPath, pages: Sequence[Entry], settings: NavigationSettings
) -> list[dict[str, Any]]:
    def rank(item: tuple[Entry, dict[str, Any]]) -> tuple[int, int, str]:
        entry = item[0]
        name = PurePosixPath(entry.path).relative_to(folder).parts[0]
        return (_place(name, settings) if folder.name == "" else 0, entry.order, entry.path)

    index: list[dict[str, Any]] = []
    rest: list[tuple[Entry, dict[str, Any]]] = []
    folders: dict[str, list[Entry]] = {}
    for page in pages:
        below = PurePosixPath(page.path).relative_to(folder)
        if len(below.parts) > 1:
            folders.setdefault(below.parts[0], []).append(page)
        elif below.name == INDEX:
            index.append({page.title: page.path})
        else:
            rest.append((page, {page.title: page.path}))
    for name, inside in folders.items():
        head = next((p for p in inside if p.path == str(folder / name / INDEX)), None)
        lead = head or Entry(inside[0].path, name.replace("-", " "))
        children = _section(folder / name, inside, settings)
        alone = head is not None and len(inside) == 1
        rest.append((lead, {lead.title: head.path if head and alone else children}))
    return index + [item for _, item in sorted(rest, key=rank)]


def _place(name: str, settings: NavigationSettings) -> int:
    if name in settings.first:
        return settings.first.index(name)
    if name in settings.last:
        return LAST + 1 + settings.last.index(name)
    return LAST
