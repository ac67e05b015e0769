# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Links lead on the site to where they lead on GitHub; those that lead nowhere are said."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zooniverse.links import anchors, link_lines, tags, with_links
from zooniverse.repository import Repository, destination, follow, relative

PAGE = "docs/A/README.md"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    for name in ("docs/A/README.md", "docs/A/b.md", "docs/A/c.py", "docs/A/d e.png", "Makefile",
                 "hooks/links.py", ".git/config"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    site = {
        "docs/A": "A/", "docs/A/README.md": "A/", "docs/A/b.md": "A/b/",
        "docs/A/c.py": "A/c.py.html", "docs/A/d e.png": "A/d%20e.png",
    }  # fmt: skip
    known = {PAGE: {"top-one"}, "docs/A": {"top-one"}, "docs/A/b.md": {"part", "été"},
             "docs/A/c.py": {"L1", "L2", "L3"}}  # fmt: skip
    return Repository(tmp_path, "https://host/o/r", site, known)


@pytest.mark.parametrize(
    ("address", "made"),
    [
        ("b.md", "b/"), ("./b.md#part", "b/#part"), ("../A", "./"), ("/docs/A/b.md", "b/"),
        ("#top-one", "#top-one"), ("README.md#top-one", "#top-one"), ("#", "./"),
        ("b.md#%C3%A9t%C3%A9", "b/#%C3%A9t%C3%A9"),
        ("c.py", "c.py.html"), ("c.py#L2", "c.py.html#L2"), ("c.py#L1-L3", "c.py.html#L1"),
        ("d%20e.png", "d%20e.png"),
        ("../../hooks/links.py#L9", "https://host/o/r/blob/main/hooks/links.py#L9"),
        ("../../hooks", "https://host/o/r/tree/main/hooks"), ("/Makefile", None),
        ("https://e.org/b.md", "https://e.org/b.md"), ("mailto:a@b.c", "mailto:a@b.c"),
    ],
)  # fmt: skip
def test_a_link_is_followed(repository: Repository, address: str, made: str | None) -> None:
    expected = made if made is not None else "https://host/o/r/blob/main/Makefile"
    assert follow(address, PAGE, repository) == (expected, None)


@pytest.mark.parametrize(
    ("address", "message", "cure"),
    [
        ("B.md", "leads to no file", "Write b.md"),
        ("b/", "leads to no file", "Write b.md"),
        ("zzzzzz", "leads to no file", "Write the path of a file"),
        ("../../../x", "leads out of the repository", "Link to what lies in"),
        ("b.md#Part", "leads to no heading", "Write #part"),
        ("#qqqq", "leads to no heading", "Write a heading in lower case"),
        ("c.py#L9", "names a line that the file has not", "Write a line from L1 to L3"),
        ("../../.git/config", "leads to no file", ""),
        ("http://[", "is no address", "Write https://"),
    ],
)
def test_a_wrong_link_is_said(
    repository: Repository, address: str, message: str, cure: str
) -> None:
    _, wrong = follow(address, PAGE, repository)
    assert wrong and message in wrong[0] and wrong[1].startswith(cure)


def test_a_picture_must_lie_in_the_site(repository: Repository) -> None:
    assert follow("d%20e.png", PAGE, repository, is_source=True)[1] is None
    wrong = follow("../../Makefile", PAGE, repository, is_source=True)[1]
    assert wrong and "outside what the site holds" in wrong[0]


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=4), st.sampled_from(["", "/"]),
       st.lists(st.sampled_from(["a", "b", "c"]), max_size=4),
       st.sampled_from(["", "/"]))  # fmt: skip
def test_relative_addresses_lead_where_they_should(
    to: list[str], to_end: str, base: list[str], base_end: str
) -> None:
    target = "/".join(to) + to_end * bool(to)
    start = "/".join(base) + base_end * bool(base)
    joined = urljoin("http://h/" + start, relative(target, start))
    assert joined.rstrip("/") == ("http://h/" + target).rstrip("/")


@given(st.text(alphabet="./ab%20#?é:", max_size=20))
def test_no_address_leads_out_of_the_repository(address: str) -> None:
    place = destination(address, PAGE)
    assert place is None or not place.startswith(("..", "/"))


def test_the_links_of_a_page_are_made_and_the_wrong_ones_have_lines(
    repository: Repository,
) -> None:
    body = "[b](b.md)\n\n[gone](gone.md)\n\n> a\n> [gone](gone.md)\n\n<img src='d e.png' alt=''>\n"
    html = (
        '<p><a href="b.md">b</a> <a title="&lt;" href="gone.md">g</a></p><!-- <a href="b.md"> -->'
        '<blockquote><a href="gone.md">g</a></blockquote><img src="d e.png" alt=""/>'
    )
    made, problems = with_links(html, PAGE, repository, lambda: link_lines(body, 5))
    assert made == html.replace('<p><a href="b.md"', '<p><a href="b/"').replace(
        '<img src="d e.png" alt=""/>', '<img src="d%20e.png" alt="" />'
    )
    assert [problem.line for problem in problems] == [7, 10]


def test_addresses_have_their_lines() -> None:
    body = "[a](x.md) b\n[c](y%20z.md)\n\n<div>\n<a href='x.md'>\n\n![d](p.png)\n\n`[e](f.md)`\n"
    assert link_lines(body) == {"x.md": [1, 5], "y z.md": [2], "p.png": [7]}


def test_anchors_and_tags_are_found() -> None:
    html = '<h2 id="a">x</h2><a name="b"></a><!-- <p id="c"> --><p name="d">'
    assert anchors(html) == {"a", "b"}
    assert next((html[t.start : t.end], t.name) for t in tags(html)) == ('<h2 id="a">', "h2")
