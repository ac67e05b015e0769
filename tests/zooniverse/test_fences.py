# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Fences are found where CommonMark has them, and nothing else changes when one is replaced."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zooniverse.fences import find_fences, replace_content


@pytest.mark.parametrize(
    ("text", "language", "line", "content", "prefix"),
    [
        ("```mermaid\na\n```\n", "mermaid", 1, "a\n", ""),
        ("~~~ mermaid x=1\na\n~~~\n", "mermaid", 1, "a\n", ""),
        ("````mermaid\n```\n``````\n", "mermaid", 1, "```\n", ""),
        ("```\na\n```\n", "", 1, "a\n", ""),
        ("\r\n```m\r\na\r\n\r\nb\r\n```\r\n", "m", 2, "a\n\nb\n", ""),
        ("\ufeff```m\na\n```\n", "m", 1, "a\n", ""),
        ("x\n```m\na", "m", 2, "a", ""),
        ("x\n```m", "m", 2, "", ""),
        ("- x\n\n  ```m\n  a\n\n  b\n  ```\n", "m", 3, "a\n\nb\n", "  "),
        ("- ```m\n  a\n  ```\n", "m", 1, "a\n", "  "),
        ("10. ```m\n    a\n    ```\n", "m", 1, "a\n", "    "),
        ("-\t```m\n\ta\n\t```\n", "m", 1, "a\n", " \t"),
        ("> ```m\n> a\n>\n> b\n> ```\n", "m", 1, "a\n\nb\n", "> "),
        ("> - ```m\n>   a\n>   ```\n", "m", 1, "a\n", ">   "),
        ("- > ~~~m\n  > a\n  > ~~~\n", "m", 1, "a\n", "  > "),
        ("> ```m\nno longer quoted\n", "m", 1, "", "> "),
        ("> text\n```m\na\n```\n", "m", 2, "a\n", ""),
        ("  ```m\n  a\n   b\n  ```\n", "m", 1, "a\n b\n", "  "),
        ("<div>\n\n```m\na\n```\n\n</div>\n", "m", 3, "a\n", ""),
        ("line\u2028one\x0b\x0c\n```m\na\n```\n", "m", 2, "a\n", ""),
    ],
)
def test_one_fence(text: str, language: str, line: int, content: str, prefix: str) -> None:
    (fence,) = find_fences(text)
    found = (fence.language, fence.line, fence.content, fence.prefix)
    assert found == (language, line, content, prefix)


@pytest.mark.parametrize(
    "text",
    [
        "    ```m\n    a\n    ```\n",
        "<!--\n```m\na\n```\n-->\n",
        "<pre>\n```m\n</pre>\n",
        "``m\na\n``\n",
        "`` ```m ``\n",
        "\\```m\n",
    ],
)
def test_no_fence(text: str) -> None:
    assert find_fences(text) == []


def test_fences_within_fences_are_text() -> None:
    text = "````md\n```m\na\n```\n````\n\n~~~\n```m\n~~~\n"
    assert [fence.language for fence in find_fences(text)] == ["md", ""]


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("## The *QKᵀ* `softmax` [step](x.md)", "The QKᵀ softmax step"),
        ("Two words\n=====", "Two words"),
        ("## 🚀 Go :tada: now 👨‍🎓", "Go now"),
        ("## Encoder { #encoder .wide }", "Encoder"),
        ('## A & B: "C" ![logo](a.png) #', 'A & B: "C" logo'),
        ("## x → y, ∑ é 中", "x → y, ∑ é 中"),
        ("## Set {1, 2}", "Set {1, 2}"),
    ],
)
def test_nearest_heading(heading: str, text: str) -> None:
    (fence,) = find_fences(f"# Before\n\n{heading}\n\n```m\n```\n\n# After\n")
    assert fence.heading == text


def test_no_heading() -> None:
    assert find_fences("```m\n```\n\n# After\n")[0].heading is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n```m\nx\ny\n```\nb\n", "a\n```m\nnew\n\ny\n```\nb\n"),
        ("> ```m\r\n> x\r\n>y\r\n> ```\r\n", "> ```m\r\n> new\r\n>\r\n>y\r\n> ```\r\n"),
        ("1. ```m\n   x\n   y\n   ```", "1. ```m\n   new\n\n   y\n   ```"),
        ("\ufeff```m\nx\ny", "\ufeff```m\nnew\n\ny"),
    ],
)
def test_replace(text: str, expected: str) -> None:
    (fence,) = find_fences(text)
    assert replace_content(text, fence, "new\n\n" + "y\n") == expected


@pytest.mark.parametrize("text", ["```m", "- ```m", "> ```m\n", "```m\n```", "```m\r\n", "```m\nx"])
def test_replace_where_nothing_or_no_newline_was(text: str) -> None:
    (fence,) = find_fences(text)
    changed = replace_content(text, fence, "a\n\nb\n")
    (again,) = find_fences(changed)
    assert again.content.rstrip("\n") == "a\n\nb"
    assert changed.startswith(text[: fence.span[0]])
    assert changed.endswith(text[fence.span[1] :])


MARKDOWN = st.lists(
    st.sampled_from(
        [
            *("```m", "````", "~~~m x", "~~~", "  ```m", "> ```m", "> ", "> a", ">", "- ```m"),
            *(
                "  a",
                "  ```",
                "1. ~~~m",
                "   ~~~",
                "",
                "a",
                "\ta",
                "-\t```m",
                "\t```",
                "# h",
                "<!--",
            ),
            *("-->", "<div>", "> - ```m", ">   a", ">   ```", "a: b", "---", "- > ```m", "  > b"),
        ]
    ),
    max_size=12,
)


@given(
    lines=MARKDOWN,
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    end=st.booleans(),
    bom=st.sampled_from(["", "\ufeff"]),
    content=st.lists(st.sampled_from(["---", "a: 1", "  b", "c", ""]), max_size=4),
)
def test_replacing_keeps_every_other_byte(
    lines: list[str], newline: str, end: bool, bom: str, content: list[str]
) -> None:
    text = bom + newline.join(lines) + (newline if end else "")
    fences = find_fences(text)
    for index, fence in enumerate(fences):
        new = "".join(line + "\n" for line in content)
        assert replace_content(text, fence, fence.content) == text
        changed = replace_content(text, fence, new + fence.content)
        tail = text[fence.span[1] :]
        assert changed.startswith(text[: fence.span[0]])
        assert changed.endswith(tail)
        again = find_fences(changed)
        assert len(again) == len(fences)
        assert again[index].content.rstrip("\n") == (new + fence.content).rstrip("\n")
        assert [f.content for f in again if f.line < fence.line] == [
            f.content for f in fences[:index]
        ]
