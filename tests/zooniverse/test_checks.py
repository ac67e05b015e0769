# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Unknown blocks and pictures without a text are found, with the file's line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zooniverse.checks import check_page

BLOCKS = ("code", "oss-insight")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("a\n\n<!-- zoo: cod -->\n", ["p:12: <!-- zoo: cod --> asks for no block that there is. "
         "Write 'code', its options as key=\"value\", or take the comment out."]),
        ("<!-- zoo: x1 -->\n", ["p:10: <!-- zoo: x1 --> asks for no block that there is. Write "
         'one of code, oss-insight, its options as key="value", or take the comment out.']),
        ("![](a.png)\n", ["p:10: a picture has no text alternative. "
         "Say what is to be seen: ![…](…)."]),
        ("a\n<img src='a.png'>\n", ["p:11: a picture has no text alternative. "
         'Say what is to be seen: alt="…", or alt="" where it only decorates.']),
        ("<div>\n\n<p>\n<img\nsrc=a></p>\n", ["p:13: a picture has no text"]),
        ("[![](a)](b) ![c](d)\n\n![ ](e)", ["p:10: a picture", "p:12: a picture"]),
        ("![](a)\n\n<!-- zoo: none -->\n", ["p:10: a picture", "p:12: <!-- zoo: none -->"]),
        ('<!-- zoo: code file="a.py" -->\n\n<img alt="" src="b">\n\n![c](d)\n', []),
        ("```\n![](a)\n<!-- zoo: x -->\n```\n\n`![](b)` `<img src=c>`\n\n<!-- ![](d) -->\n", []),
    ],
)  # fmt: skip
def test_a_page_is_checked(body: str, said: list[str]) -> None:
    found = [problem.at("p") for problem in check_page(body, 10, BLOCKS)]
    assert len(found) == len(said)
    for one, beginning in zip(found, said, strict=True):
        assert one.startswith(beginning)


@given(st.lists(st.sampled_from(["![](a)", "<img src=b>", "<!-- zoo: x -->", "`", "<!--", "-->",
                                 "> ", "- ", "\n", "\n\n", "text ", "<!DOCTYPE",
                                 "```"])))  # fmt: skip
def test_any_page_is_checked(pieces: list[str]) -> None:
    body = "".join(pieces)
    lines = [problem.line or 0 for problem in check_page(body, 1, BLOCKS)]
    assert lines == sorted(lines)
    assert all(1 <= line <= body.count("\n") + 1 for line in lines)
