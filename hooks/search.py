# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When the site is written, puts the search index where only a reader who searches loads it.

before   search/search_index.json   the whole index, loaded with the first page
after    search/search_index.json   an empty one
         search/whole_index.json    the whole one, loaded with the first query

While serving, a page that stays as it is keeps its entries: finding them takes long.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from material.plugins.search.plugin import SearchPlugin  # type: ignore[import-untyped]
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.pages import Page

from zooniverse.search import split_index

_entries: dict[str, tuple[object, list[Any], str | None]] = {}


def on_config(config: MkDocsConfig) -> None:
    events = config.plugins.events["page_context"]
    events[:] = [_remembered(event) if _is_search(event) else event for event in events]


@event_priority(-100)  # after the search plugin, which writes the index in the same event
def on_post_build(config: MkDocsConfig) -> None:
    folder = Path(config.site_dir, "search")
    small, whole = split_index((folder / "search_index.json").read_text(encoding="utf-8"))
    (folder / "search_index.json").write_text(small, encoding="utf-8")
    (folder / "whole_index.json").write_text(whole, encoding="utf-8")


def _is_search(event: Callable[..., Any]) -> bool:
    plugin = getattr(event, "__self__", None)
    return isinstance(plugin, SearchPlugin) and plugin.config.enabled


def _remembered(event: Callable[..., Any]) -> Callable[..., Any]:
    index = event.__self__.search_index  # type: ignore[attr-defined]  # it is a method

    def on_page_context(context: dict[str, Any], page: Page, **others: Any) -> None:
        read = page.url, str(page.title), dict(page.meta), page.content
        before = _entries.get(page.file.src_uri)
        if before and before[0] == read:
            index.entries += before[1]
            page.content = before[2]
            return
        had = len(index.entries)
        event(context, page=page, **others)
        _entries[page.file.src_uri] = read, index.entries[had:], page.content

    return on_page_context
