# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Small pages, each with one construct: what GitHub shows of it, and what the built site holds."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.conftest import ROOT, SmallSite
from tests.rendering import differs, site_html
from zooniverse.structure import github_html, outline_of

CORPUS = ROOT / "tests" / "pages_corpus"
RIGHT = {file.stem: file for file in sorted((CORPUS / "right").glob("*.md"))}
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((CORPUS / "right.yml").read_text("utf-8"))


def drawn(html: str) -> str:
    return "".join(f"{'  ' * block.depth}{block}\n" for block in outline_of(html))


def test_each_page_says_what_it_must_give() -> None:
    assert len(RIGHT) >= 50
    assert list(EXPECTED) == list(RIGHT)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_page_has_its_outline_on_both(name: str) -> None:
    text = RIGHT[name].read_text(encoding="utf-8")
    assert drawn(github_html(text)) == EXPECTED[name]["outline"]
    assert drawn(site_html(text)) == EXPECTED[name]["outline"]
    assert differs(text) == []


def test_right_pages_are_built_without_a_word(small_site: SmallSite) -> None:
    small_site.page("R/folder/README.md", "# Folder\n\n## Part\n\nText.\n")
    small_site.page("R/data.bin", b"\0\1")
    small_site.page("R/code.py", "a = 1\nb = 2\nc = 3\n")
    small_site.page("R/picture.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>')
    for name, file in RIGHT.items():
        small_site.page(f"R/{name}.md", file.read_bytes())
    assert small_site.build() == (0, "")
    for name in RIGHT:
        html = small_site.html(f"R/{name}/index.html")
        for piece in EXPECTED[name].get("html", ()):
            assert piece in html, f"{name}: {piece}"
