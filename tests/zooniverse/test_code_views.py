# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Code files as pages: numbered lines, the licence, a download, nothing but text."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mkdocs.utils.meta import get_data

from zooniverse.code_views import MAX_SHOWN, is_shown, line_anchors, view, view_source


@pytest.mark.parametrize(
    ("path", "content", "shown"),
    [
        ("a/b.py", b"x = 1\n", True), ("a/b.PY", b"", True), ("b.png", b"text", False),
        ("b.py", b"\xff", False), ("b.py", b"a\0b", False), ("b.py", b"a" * MAX_SHOWN, True),
        ("b.py", b"a" * (MAX_SHOWN + 1), False), ("Makefile", b"a", False),
    ],
)  # fmt: skip
def test_which_files_are_shown(path: str, content: bytes, shown: bool) -> None:
    assert is_shown(path, content) == shown


def test_a_view() -> None:
    html = view("docs/a b.py", "x = '<b>'\ny = 2\n", "MIT", "./")
    assert '<a href="a%20b.py" download>Download</a>' in html
    assert "2 lines · MIT ·" in html and '<a href="./">The page it belongs to</a>' in html
    assert re.findall(r'id="(L\d+)"', html) == ["L1", "L2"]
    assert "<b>" not in html and "&lt;b&gt;" in html


def test_a_file_may_name_its_own_licence() -> None:
    assert "1 line · Apache-2.0 ·" in view("a.py", "# SPDX-License-Identifier: Apache-2.0\n", "MIT")


def test_the_page_of_a_view_is_named_as_its_file() -> None:
    body, meta = get_data(view_source("a/b_`c`.py"))
    assert meta["title"] == "b_`c`.py" and meta["search"] == {"exclude": True}
    assert body == "# `` b_`c`.py ``\n"


@given(st.text(alphabet=st.sampled_from("ab <>&\"'#\t\n`$"), min_size=1, max_size=60))
def test_every_line_is_there(content: str) -> None:
    html = view("a.py", content, "MIT").partition("<code>")[2].removesuffix("</code></pre></div>")
    text = unescape(re.sub(r"<[^>]*>", "", html)).rstrip("\n")
    assert text == content.rstrip("\n")


@given(st.text(alphabet=st.sampled_from("ab#\"'\t\r\n\f\x0b\x85\u2028"), max_size=40))
def test_what_an_address_can_name_is_each_line_of_the_view(content: str) -> None:
    named = re.findall(r'id="(L\d+)"', view("a.py", content, "MIT"))
    assert line_anchors(content) == set(named)
