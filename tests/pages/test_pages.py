# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What every page under docs/ must have, for those who write pages: no browser needed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from mkdocs.utils.meta import get_data

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGES = sorted(DOCS.rglob("*.md"))


@pytest.fixture(params=PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def page(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_there_are_pages() -> None:
    assert len(PAGES) > 10


def test_front_matter_names_and_describes_the_page(page: Path) -> None:
    meta = get_data(page.read_text(encoding="utf-8"))[1]
    assert meta.get("title"), f"{page}:1: no title. Add `title: …` to the front matter."
    words = str(meta.get("description", "")).split()
    assert 4 < len(words) < 40, f"{page}:1: describe the page in one sentence: `description: …`."


def test_a_page_has_one_first_heading(page: Path) -> None:
    body = get_data(page.read_text(encoding="utf-8"))[0]
    tops = [t for t in MarkdownIt().parse(body) if t.type == "heading_open" and t.tag == "h1"]
    assert len(tops) == 1, f"{page}: {len(tops)} headings with one #. Write exactly one."


def test_headings_do_not_skip_a_level(page: Path) -> None:
    body = get_data(page.read_text(encoding="utf-8"))[0]
    levels = [int(t.tag[1]) for t in MarkdownIt().parse(body) if t.type == "heading_open"]
    for above, below in pairwise(levels):
        assert below <= above + 1, (
            f"{page}: a heading of level {below} stands under one of {above}."
        )
