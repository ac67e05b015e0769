# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Splits the search index, so that a reader who does not search does not load it."""

from __future__ import annotations

import json


def split_index(index: str) -> tuple[str, str]:
    """Split Material's search index into what starts the search and what is searched.

    The theme loads ``search_index.json`` with each first page. It gets an index of the same shape
    without documents; the worker of ``overrides/assets/javascripts/search.js`` fetches the whole
    one with the reader's first query.

    Args:
        index: Text of ``search_index.json``: ``{"config": {...}, "docs": [...]}``.

    Returns:
        The small index and the whole one, both JSON texts. Splitting a small one changes nothing.
    """
    small = {**json.loads(index), "docs": []}
    return json.dumps(small, separators=(",", ":"), sort_keys=True), index
