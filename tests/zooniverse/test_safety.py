# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What a page may give to a browser: what passes, what is taken out, and what is said of it."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown import markdown
from selectolax.lexbor import LexborHTMLParser

from zooniverse.safety import (
    ATTRIBUTES,
    ELEMENTS,
    MAX_PROBLEMS,
    safe_anchor,
    safe_html,
    safe_title,
)

RIGHT = [
    '<p align="center"><img alt="A" src="a.png" width="40%" height="30"></p>',
    '<div class="admonition tip"><p class="admonition-title">Tip</p><p>x</p></div>',
    '<li class="task-list-item"><label class="task-list-control">'
    '<input type="checkbox" disabled=""><span class="task-list-indicator"></span></label> a</li>',
    '<table><thead><tr><th style="text-align: right;">a</th></tr></thead></table>',
    '<div class="highlight"><pre><span></span><code class="language-python">'
    '<span class="n">x</span><span class="l-Scalar-Plain">y</span></code></pre></div>',
    '<span class="arithmatex">\\(a &lt; b\\)</span><div class="arithmatex">\\[x\\]</div>',
    '<details open=""><summary>S</summary><p><kbd>K</kbd><sub>2</sub><ins>i</ins></p></details>',
    '<h2 id="tile-d_k-größe">T<a class="headerlink" href="#tile" title="Link">#</a></h2>',
    '<sup id="fnref:1"><a class="footnote-ref" href="#fn:1">1</a></sup><abbr title="x">X</abbr>',
    '<picture><source media="(prefers-color-scheme: dark)" srcset="d.png, e.png 2x">'
    '<img alt="" src="l.png"></picture>',
    '<a href="https://example.org/?a=1&amp;b=2">x</a><a name="old">y</a>'
    '<a href="mailto:a@b.c">z</a>',
    '<!-- zoo: code file="a.py" --><div class="mermaid">graph TB; A--&gt;B</div>',
    "<pre>\n\nFirst line empty</pre>",
    '<ol start="3" type="a"><li value="4">x</li></ol><hr><br>&nbsp;“”',
]


@pytest.mark.parametrize("html", RIGHT)
def test_what_is_right_stays_as_it_is(html: str) -> None:
    assert safe_html(html, html) == (html, [])


def said(html: str) -> list[str]:
    return [problem.at("a.md") for problem in safe_html(html, html)[1]]


def test_what_is_wrong_is_named_with_its_line_and_cure() -> None:
    assert said('Text\n\n<iframe src="x"></iframe>') == [
        "a.md:3: <iframe> is not allowed. Link to it instead."
    ]
    assert said('<p\n onclick="x()">a</p>\n\n<b onclick="y()">b</b>') == [
        "a.md:1: the attribute 'onclick' of <p> is not allowed. Leave it out.",
        "a.md:4: the attribute 'onclick' of <b> is not allowed. Leave it out.",
    ]
    assert said('<p style="text-align:left">a</p>\n\n<img alt="x" src="x" width="1e9">') == [
        "a.md:1: the style 'text-align:left' of <p> is not allowed. Leave it out.",
        "a.md:3: the width '1e9' of <img> is no size. Write a number up to 9999.",
    ]
    assert said("</div></article>") == []
    many = said("<p onclick=x></p>\n" * (MAX_PROBLEMS + 3))
    assert len(many) == MAX_PROBLEMS + 1
    assert "a.md: 3 more things are not allowed. Mend the others first." in many


def test_lines_of_attribute_lists_and_links_are_found() -> None:
    body = "One\n\n*two*{: onclick=x }\n\n[three](javascript:x)\n"
    html = markdown(body, extensions=["attr_list"])
    lines = [(problem.line, problem.message) for problem in safe_html(html, body, 10)[1]]
    assert lines == [
        (12, "the attribute 'onclick' of <em> is not allowed"),
        (14, "the address 'javascript:x' of <a> is not allowed"),
    ]


def test_pictures_of_other_sites_become_links() -> None:
    assert safe_html('<a href="L"><img alt="MIT &amp; x" src="https://e.org/mit.svg"></a>')[0] == (
        '<a href="L">MIT &amp; x</a>'
    )
    for address in (
        "https://e.org/a.png",
        "//e.org/a.png",
        "/\\e.org/a.png",
        " \thttps:e.org/a.png",
    ):
        html, problems = safe_html(f'<img alt="A" src="{address}">')
        assert "<img" not in html and ">A</a>" in html and not problems
    html, problems = safe_html('<img alt="" src="https://e.org/dot.gif?x=1">')
    assert html == '<a href="https://e.org/dot.gif?x=1">dot.gif</a>' and not problems
    html = safe_html('<img alt="A" src="a.png" srcset="//e.org/a.png 2x">')[0]
    assert html == '<img alt="A" src="a.png">'


@pytest.mark.parametrize(
    "html",
    [
        "<!--<!-- ><script>x()</script>-->",
        "<!-- zoo: card -- ><script>x()</script>-->",
        "<!-- zoo: card --!><script>x()</script>-->",
        "<!--><script>x()</script>-->",
        "<!---><img alt='' src=x onerror=x()>-->",
    ],
)
def test_no_end_of_a_comment_lets_anything_out(html: str) -> None:
    clean = safe_html(html)[0]
    assert "script" not in clean and "onerror" not in clean
    assert_harmless(clean)


def test_titles_and_anchors_are_safe_where_the_theme_writes_them_as_they_are() -> None:
    assert safe_title('Q &amp; K &lt;x&gt; "y"') == "Q &amp; K ‹x› ”y”"
    assert safe_title("&amp;lt;/title&amp;gt;") == "‹/title›"
    assert safe_anchor("größe-d_k") == "größe-d_k"
    assert safe_anchor('x"onfocus=1') == safe_anchor("__search") == safe_anchor("md-x") == ""
    assert safe_anchor("__init__") == "__init__"


PIECES = st.sampled_from(
    [
        "<script>",
        "</script>",
        "<svg>",
        "</svg>",
        "<math>",
        "<mtext>",
        "<style>",
        "</style>",
        "<!--",
        "-->",
        "--!>",
        "-- >",
        "<!-- zoo: card",
        "<img",
        "<a",
        "<p",
        "<div",
        "<iframe>",
        "<form>",
        "<input>",
        "<table>",
        "<td>",
        "<select>",
        "<noscript>",
        "</noscript>",
        "<template>",
        "<title>",
        "</title>",
        "<textarea>",
        "</textarea>",
        "<plaintext>",
        "<xmp>",
        "<mglyph>",
        "<annotation-xml>",
        "<foreignObject>",
        "<base",
        "<object",
        "src=x",
        "onerror=x",
        'onclick="x()"',
        'href="javascript:x"',
        "href=java&#9;script:x",
        'style="position:fixed"',
        'id="__search"',
        'class="md-header"',
        'srcset="//e.org/x"',
        'src="https://e.org/x"',
        'xlink:href="data:x"',
        "name=x",
        ">",
        "/>",
        '"',
        "'",
        "`",
        "=",
        "&",
        "&lt;",
        "&quot;",
        "{:",
        ".md-header",
        "onclick=x",
        "}",
        "[x](javascript:x)",
        "![x](//e.org/x)",
        "<http://x>",
        "```",
        "~~~",
        "#",
        "-",
        "|",
        "$",
        "\\(",
        "*a*",
        "_b_",
        "<![CDATA[",
        "]]>",
        "<?",
        "?>",
        "zoo:",
        "[^1]",
        "<b>",
        "</b>",
        "</p>",
        "</div>",
        "</a>",
        "<details>",
    ]
)


def assert_harmless(html: str) -> None:
    """Read it as browsers do, with a parser that is not the one that cleaned it."""
    page = LexborHTMLParser(f"<!doctype html><body><main>{html}</main><footer></footer>")
    assert [part.tag for part in page.css("body > *")] == ["main", "footer"], html
    for element in page.css("main *"):
        name, attributes = element.tag, element.attributes
        assert name in ELEMENTS, html
        allowed = ATTRIBUTES["*"] | ATTRIBUTES.get(name, frozenset())
        if name == "input":
            assert attributes["type"] == "checkbox" and "disabled" in attributes
            allowed = allowed | {"type", "disabled", "checked"}
        assert set(attributes) <= allowed, html
        for key in ("href", "src"):
            address = "".join(str(attributes.get(key) or "").split()).lower()
            assert not address.startswith(("javascript:", "data:", "vbscript:")), html
            assert key == "href" or not address.startswith(("//", "http")), html
        assert "fixed" not in str(attributes.get("style"))
        assert attributes.get("id") != "__search"
        assert "md-header" not in str(attributes.get("class"))


@settings(max_examples=int(os.environ.get("FUZZ", "600")))
@given(st.lists(st.tuples(PIECES, st.sampled_from(["", " ", "\n", "\n\n"])), max_size=14))
def test_nothing_escapes(pieces: list[tuple[str, str]]) -> None:
    text = "".join(piece + space for piece, space in pieces)
    for html in (text, markdown(text, extensions=["attr_list", "md_in_html", "footnotes"])):
        clean, _ = safe_html(html, text)
        assert_harmless(clean)
        assert safe_html(clean)[0] == clean
