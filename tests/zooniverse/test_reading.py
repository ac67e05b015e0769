# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""A page's bytes become text, front matter and problems, whatever they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mkdocs.utils.meta import get_data

from zooniverse.problems import Problem
from zooniverse.reading import (
    MAX_PAGE,
    linked_folders,
    mkdocs_source,
    notice,
    read_page,
    refusal,
)


@pytest.mark.parametrize(
    ("raw", "meta", "body", "first_line"),
    [
        (b"# A\n", {}, "# A\n", 1),
        (b"---\ntitle: A\n---\n\n# A\n", {"title": "A"}, "# A\n", 5),
        (b"---\r\ntitle: A\r\n...\r\nb\r\n", {"title": "A"}, "b\n", 4),
        (b"\xef\xbb\xbf---\ntitle: A\n---\nb\n", {"title": "A"}, "b\n", 4),
        (b"Note: this is text\n", {}, "Note: this is text\n", 1),
        (b"---\n\nno end\n", {}, "---\n\nno end\n", 1),
        (b"\n\n---\nb: c\n---\n", {}, "---\nb: c\n---\n", 3),
        (b"---\n---\n", {}, "", 3),
        (b"", {}, "", 1),
    ],
)
def test_a_right_page(raw: bytes, meta: dict[str, str], body: str, first_line: int) -> None:
    page = read_page(raw)
    assert (page.meta, page.body, page.first_line) == (meta, body, first_line)
    assert page.problems == () and not page.fatal


@pytest.mark.parametrize(
    ("raw", "said", "fatal"),
    [
        (b"a\n\xff\n", "p.md:2: byte 0xff is not UTF-8. Save the file as UTF-8.", True),
        (b"---\ntitle: a: b\n---\n", "p.md:2: the front matter is not YAML", True),
        (b"---\n- a\n---\n", "p.md:2: the front matter is no mapping", True),
        (b"---\ntitle: A\n\n# A\n", "p.md:1: the front matter has no end", False),
        (b"a\nb\x00\n", "p.md:2: U+0000, a control character", False),
        ("a\n\nb\u202e c\u202e\n".encode(), "p.md:3: U+202E, RIGHT-TO-LEFT OVERRIDE", False),
        (b"a" * (MAX_PAGE + 1), "p.md: the page has 300,001 bytes", True),
    ],
)
def test_a_wrong_page(raw: bytes, said: str, fatal: bool) -> None:
    page = read_page(raw)
    assert page.fatal == fatal
    (problem,) = page.problems
    assert problem.at("p.md").startswith(said)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read(raw: bytes) -> None:
    page = read_page(raw)
    assert page.problems or not page.fatal
    assert "\r" not in page.body


@given(
    st.lists(
        st.sampled_from(["---", "...", "title: A", "Note: b", "order: 1", "", "text", " "]),
        max_size=8,
    )
)
def test_mkdocs_finds_what_was_read(lines: list[str]) -> None:
    page = read_page("\n".join(lines).encode())
    body, meta = get_data(mkdocs_source(page))
    assert (meta, body.lstrip("\n")) == (page.meta, page.body.lstrip("\n"))


def test_the_page_in_the_place_of_one_that_cannot_be_shown_says_why() -> None:
    body = notice("docs/a.md", [Problem(2, "it has <b>no</b> end", "End it")]).body
    assert "\n    docs/a.md:2: it has <b>no</b> end. End it.\n" in body


def test_files_that_may_not_be_published(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    (docs / "a").mkdir(parents=True)
    (docs / "right.md").write_text("a")
    (tmp_path / "secret").write_text("a")
    (docs / "out.md").symlink_to(tmp_path / "secret")
    (docs / "nowhere.md").symlink_to(tmp_path / "none")
    (docs / "inside.md").symlink_to(docs / "right.md")
    (docs / "<b>.md").write_text("a")
    (docs / "a" / "loop").symlink_to(docs)
    said = {f.name: p.message for f in docs.iterdir() if (p := refusal(f, docs))}
    assert said == {
        "out.md": "the link leads out of docs/",
        "nowhere.md": "the link leads nowhere",
        "<b>.md": "the file's name holds a character that pages cannot carry",
    }
    assert [name for name, _ in linked_folders(docs)] == ["a/loop"]
