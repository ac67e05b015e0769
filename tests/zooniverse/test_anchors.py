# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Anchors of headings are GitHub's."""

from __future__ import annotations

import re

import pytest
from markdown import Markdown

from zooniverse.anchors import github_anchors, github_slug


@pytest.mark.parametrize(
    ("heading", "slug"),
    [
        ("Areas of Focus", "areas-of-focus"),
        ("Émoji & heading", "émoji--heading"),
        ("C++ c_x-y", "c-c_x-y"),
        ("🚀 Project Current Activities", "-project-current-activities"),
        ("What's new in 2.0?", "whats-new-in-20"),
        ("a — b", "a--b"),
        ("日本語 と", "日本語-と"),
        ("हिन्दी", "हिन्दी"),
        ("  trimmed  ", "trimmed"),
        ("--flag", "--flag"),
        ("!", ""),
    ],
)
def test_a_slug_is_githubs(heading: str, slug: str) -> None:
    assert github_slug(heading) == slug


def test_a_second_heading_of_the_name_is_numbered() -> None:
    headings = ["dup", "dup", "Dup", "dup-1", "own"]
    assert github_anchors(headings, ["own"]) == ["dup", "dup-1", "dup-2", "dup-1-1", "own-1"]


def test_headings_of_a_page_get_them_and_the_contents_too() -> None:
    md = Markdown(extensions=["zooniverse.anchors", "toc", "attr_list", "footnotes"])
    html = md.convert(
        "# A *b* `c_d` \\* &amp; [e](f) <i>g</i>[^1]\n\n## dup\n\n## dup\n\n"
        "## x { #Own }\n\n[^1]: n\n"
    )
    anchors = re.findall(r'<h\d id="([^"]*)"', html)
    assert anchors == ["a-b-c_d---e-g", "dup", "dup-1", "Own"]
    assert [entry["id"] for entry in md.toc_tokens[0]["children"]] == anchors[1:]  # type: ignore[attr-defined]
