# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When the site is written, puts the search index where only a reader who searches loads it.

before   search/search_index.json   the whole index, loaded with the first page
after    search/search_index.json   an empty one
         search/whole_index.json    the whole one, loaded with the first query
"""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority

from zooniverse.search import split_index


@event_priority(-100)  # after the search plugin, which writes the index in the same event
def on_post_build(config: MkDocsConfig) -> None:
    folder = Path(config.site_dir, "search")
    small, whole = split_index((folder / "search_index.json").read_text(encoding="utf-8"))
    (folder / "search_index.json").write_text(small, encoding="utf-8")
    (folder / "whole_index.json").write_text(whole, encoding="utf-8")
