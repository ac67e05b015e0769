# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What two renderings of a page have in common is told from what they have not."""

from __future__ import annotations

import pytest

from zooniverse.structure import Block, differences, github_html, outline_of


def test_github_parses_a_page() -> None:
    page = (
        "# A *b*\n\n> [!NOTE]\n> c :tada:\n\n3. d\n   - [x] e\n\n   f\n\n"
        "| g | h |\n|:-:|---|\n| 1 | |\n\n```math\ni\n```\n\n```\n j\n\n```\n\n"
        "$`k`$ ![l](m) n[^1]\n\n[^1]: o\n\n***\n<details>\n\np\n\n</details>\n"
    )  # fmt: skip
    assert outline_of(github_html(page)) == [
        Block(0, "h1", "A b"),
        Block(0, "alert:note"), Block(1, "p", "c 🎉"),
        Block(0, "ol:3"), Block(1, "li"), Block(2, "p", "d"),
        Block(2, "ul"), Block(3, "li"), Block(4, "text", "[x] e"), Block(2, "p", "f"),
        Block(0, "table"), Block(1, "tr"), Block(2, "th:center", "g"), Block(2, "th", "h"),
        Block(1, "tr"), Block(2, "td:center", "1"), Block(2, "td"),
        Block(0, "math", "i"), Block(0, "pre", " j"), Block(0, "p", "$k$ l n[^]"), Block(0, "hr"),
        Block(0, "details"), Block(1, "p", "p"),
        Block(0, "footnotes"), Block(1, "ol"), Block(2, "li"), Block(3, "p", "o"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("github", "site"),
    [
        ("<ul><li>a</li></ul>", "<ul><li><p>a</p></li></ul>"),
        ("<ul><li>a<ul><li>b</li></ul></li></ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<ol start='2'><li>a</li></ol>", "<ol><li>a</li></ol>"),
        ("<pre><code>a  b\n</code></pre>", "<pre><code>a b\n</code></pre>"),
        ("<h2>a</h2>", "<h3>a</h3>"),
        ("<p>a</p><p>b</p>", "<p>a b</p>"),
        ("<p>a<br>b</p>", "<p>a b</p>"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "<table><tr><td>a b</td></tr></table>"),
        ("<blockquote><p>a</p></blockquote>", "<p>a</p>"),
        ("<p><input type='checkbox'>a</p>", "<p>a</p>"),
        ("<p>word</p>", ""),
    ],
)
def test_a_difference_is_found(github: str, site: str) -> None:
    assert differences(github, site)
    assert not differences(github, github)
    assert not differences(site, site)


def test_a_difference_names_its_line() -> None:
    (problem,) = differences(github_html("# a\n\ntext:\n- b\n"), "<h1>a</h1><p>text: - b</p>")
    assert problem.at("p.md") == (
        "p.md:3: GitHub shows p 'text:', ul, li, text 'b', the site p 'text: - b'. "
        "Write it in a way that both understand."
    )


def test_unbalanced_html_does_not_mislead() -> None:
    assert outline_of("</div></p><div><p>a<ul></blockquote><li>b</div><p>c") == [
        Block(0, "p", "a"), Block(0, "ul"), Block(1, "li"), Block(2, "text", "b"),
        Block(0, "p", "c"),
    ]  # fmt: skip
