# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Markers are found where a browser, or CommonMark, sees a comment, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zooniverse.markers import Marker, find_markers, replace_markers

ASK = "<!-- zoo: block -->"
PIECES = [
    ASK, '<!-- zoo: block key="a b" -->', "<!-- zoo: other -->", "<!--", "-->", "--", ">", "<",
    "<p", '"', "'", "</p>", "<code>", "&lt;", "<![CDATA[", "]]>", "<!x", "<script>", "</script>",
    "<textarea>", "</", "<?", "\r\n", "é", " a=", "\x00",
]  # fmt: skip


def replaced(html: str) -> str:
    return replace_markers(html, {"block": lambda marker: "[BLOCK]"})


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (ASK, "[BLOCK]"),
        (f"<p>é\r\n{ASK}</p>\n  {ASK}\n", "<p>é\r\n[BLOCK]</p>\n  [BLOCK]\n"),
        ("<!--zoo:block-->", "[BLOCK]"),
        ("<!--\n zoo: block\n a='1' -->", "<!--\n zoo: block\n a='1' -->"),
        ('<!--\n zoo: block\n a="1" -->', "[BLOCK]"),
        (f"<pre>{ASK}</pre>", "<pre>[BLOCK]</pre>"),
        (f"<!-- -- > {ASK}", f"<!-- -- > {ASK}"),  # still the first comment
        (f"<!--> {ASK}", "<!--> [BLOCK]"),
        (f"<!-- --!> {ASK}", "<!-- --!> [BLOCK]"),
        (f"<!-- zoo: unended {ASK}", f"<!-- zoo: unended {ASK}"),
        (f"<![if x]>{ASK}<![nonsense[>{ASK}", "<![if x]>[BLOCK]<![nonsense[>[BLOCK]"),
        (f"<!doctype html>{ASK}<!", "<!doctype html>[BLOCK]<!"),
    ],
)
def test_comments_are_replaced(html: str, expected: str) -> None:
    assert replaced(html) == expected


@pytest.mark.parametrize(
    "html",
    [
        f'<a title="{ASK}">x</a>',
        f"<a title='{ASK}'>x</a>",
        "<code>&lt;!-- zoo: block --&gt;</code>",
        f"<script>{ASK}</script>",
        f"<style>{ASK}</style>",
        f"<textarea>{ASK}</textarea>",
        f"<TEXTAREA/>{ASK}</textarea>",
        f"<iframe>{ASK}</iframe>",
        "<!-- zoo: other -->",
        "<!-- zoo: Block -->",
        "<!-- zoo: block key=value -->",
        "<!-- zoo: block block -->",
        "<!-- zoo block -->",
        "<!-- a zoo: block -->",
        "<!zoo: block>",
        "<?zoo: block?>",
    ],
)
def test_what_only_looks_like_a_request_stays(html: str) -> None:
    assert replaced(html) == html


def test_block_gets_the_options_of_its_marker() -> None:
    seen: list[Marker] = []
    html = 'a\n\n<!-- zoo: block size="2 × 3" last-one="" size="4" --> <!-- zoo: block -->'

    def note(marker: Marker) -> str:
        seen.append(marker)
        return ""

    replace_markers(html, {"block": note})
    assert seen == [
        Marker("block", {"size": "4", "last-one": ""}, 3),
        Marker("block", {}, 3),
    ]


def test_block_is_not_searched_again() -> None:
    assert replace_markers(ASK, {"block": lambda _: ASK * 2}) == ASK * 2


@given(st.lists(st.sampled_from(PIECES)).map("".join) | st.text())
def test_all_but_the_markers_stays_byte_for_byte(html: str) -> None:
    assert replace_markers(html, {}) == html
    # A marker that is replaced by itself.
    plain = html.replace(' key="a b"', "")
    assert replace_markers(plain, {"block": lambda _: ASK}) == plain


@given(st.lists(st.sampled_from(PIECES[2:])).map("".join))
def test_marker_before_any_text_is_replaced_and_the_rest_stays(rest: str) -> None:
    assert replaced(ASK + rest).startswith("[BLOCK]")
    assert replaced(ASK + rest) == "[BLOCK]" + replaced(rest)


def test_markers_of_a_page_have_their_lines() -> None:
    markdown = """# Title

<!-- zoo: first -->

Text `<!-- zoo: second a="b" -->` and
then <!-- zoo: second a="b" --> <b>bold</b>.

> - item
>
>   <!-- a comment
>   --> <!-- zoo: third -->

```html
<!-- zoo: fenced -->
```

    <!-- zoo: indented -->

\\<!-- zoo: escaped -->
![<!-- zoo: alt -->](x.png)

<div title="<!-- zoo: attribute -->">
<!-- zoo: not well=formed -->
</div>
"""
    for text in (markdown, markdown.replace("\n", "\r\n")):
        assert find_markers(text) == [
            Marker("first", {}, 3),
            Marker("second", {"a": "b"}, 6),
            Marker("third", {}, 11),
            Marker("not well=formed", {}, 23),
        ]


@given(st.lists(st.sampled_from([*PIECES, "\n\n", "`", "- ", "    "])).map("".join) | st.text())
def test_no_page_breaks_the_search(markdown: str) -> None:
    for marker in find_markers(markdown):
        assert 1 <= marker.line <= markdown.count("\n") + markdown.count("\r") + 1
