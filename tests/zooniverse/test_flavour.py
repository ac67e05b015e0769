# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The site shows what GitHub's own parser shows: examples, the specification, and random pages."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.rendering import differs, markdown, site_html
from zooniverse.flavour import MAX_DEPTH, TooDeepError, as_code, to_python_markdown
from zooniverse.structure import Block, github_html, outline_of

DATA = Path(__file__).parent / "data"


GOLDEN = {
    "list after a paragraph": ("a:\n- b\n- c\n", "a:\n\n- b\n- c\n"),
    "table after a paragraph": (
        "a:\n| b | c |\n|---|:-:|\n| 1 | 2 |\n",
        "a:\n\n| b | c |\n| --- | :-: |\n| 1 | 2 |\n",
    ),
    "nested by two": ("- a\n  - b\n    - c\n", "- a\n    - b\n        - c\n"),
    "nested by three": ("1. a\n   - b\n2. c\n", "1. a\n    - b\n2. c\n"),
    "beginning at seven, with a bracket": ("7) a\n8) b\n", "7. a\n8. b\n"),
    "neighbours of one kind": ("- a\n\n\n* b\n", "- a\n\n<!-- -->\n\n\n* b\n"),
    "neighbours of two kinds": ("- a\n1. b\n", "- a\n\n1. b\n"),
    "loose": ("- a\n\n  b\n- c\n", "- a\n\n    b\n\n- c\n"),
    "tight with a loose list in it": (
        "- a\n  - b\n\n  - c\n",
        "- a\n    {: .tight }\n\n    - b\n\n    - c\n",
    ),
    "fence in a list": ("1. a\n   ```sh\n   b\n   ```\n2. c\n",
        "1. a\n    ```sh\n    b\n    ```\n2. c\n",
    ),
    "fence first in an item": ("- ~~~\n  a\n  ~~~\n", "- <!-- -->\n    ~~~\n    a\n    ~~~\n"),
    "fence in a quote": ("> ```\n> a\n> ```\n", "> ```\n> a\n> ```\n"),
    "longer closing fence": ("```py\na\n`````\n", "```py\na\n```\n"),
    "fence left open": ("~~~\na\n", "~~~\na\n~~~\n"),
    "words after a fence": ("```js {1,3} x='y'\na\n```\n", "```js\na\n```\n"),
    "options of superfences": ('``` py title="a.py"\nb\n```\n', '```py title="a.py"\nb\n```\n'),
    "indented code": ("    a\n    \tb\n\n    c\n", "```\na\n\tb\n\nc\n```\n"),
    "setext": ("a\nb\n===\nc\n---\n", "# a b\n\n## c\n"),
    "heading that ends in #": ("# C\\#\n## C# #\n", "# C\\#\n\n## C\\#\n"),
    "hash that is no heading": ("#5 bolts\n", "\\#5 bolts\n"),
    "number that is no item": ("- a\n  2. b\n", "- a\n    2\\. b\n"),
    "lazy quote": ("> a\nb\n", "> a\n> b\n"),
    "quotes apart": ("> a\n\n> b\n>> c\n", "> a\n\n> b\n>\n> > c\n"),
    "alert": ("> [!NOTE]\n> a\n", "> [!NOTE]\n> a\n"),
    "no alert": ("> [!HINT]\n> a\n\n- > [!NOTE]\n  > b\n", None),
    "folded": (
        "<details>\n<summary>a</summary>\n\n**b**\n\n</details>\n",
        "~~~zoo-html\n<details>\n<summary>a</summary>\n~~~\n\n**b**\n\n~~~zoo-html\n</details>\n~~~\n",
    ),
    "comment": ("<!-- zoo: proof -->\na\n", "<!-- zoo: proof -->\n\na\n"),
    "comment with a fence": (
        "<!--\n```\na\n```\n-->\n",
        "~~~zoo-html\n<!--\n```\na\n```\n-->\n~~~\n",
    ),
    "hard break": ("a\\\nb  \nc\n", "a  \nb  \nc\n"),
    "formulas": ("$`a_1`$ and $$b$$ and $c$\n", "$a_1$ and $b$ and $c$\n"),
    "prices": ("from $5 to $6 or $7/$8\n", "from \\$5 to \\$6 or \\$7/$8\n"),
    "pipe in code in a table": ("|a|\n|-|\n|`b \\| c`|\n",
        "| a |\n| --- |\n| <code>b &#124; c</code> |\n",
    ),
    "unknown escape": ("\\& \\* \\a\n", "&#38; \\* \\a\n"),
    "address that is none": ("[a](b c) <d e=\n", "[a]&#40;b c) &lt;d e=\n"),
    "definition": ("> [a]: /b 'c'\n> [a]\n", "> [a]\n\n[a]: /b \"c\"\n"),
    "first definition counts": ("[a]\n\n[a]: /b\n[a]: /c\n", "[a]\n\n[a]: /b\n"),
    "footnote": ("a[^1]\n\n[^1]: b\n\n    c\n[^2]: d\n", "a[^1]\n\n[^1]: b\n\n    c\n"),
    "footnote after a list": ("- a[^1]\n[^1]: b\n", "- a[^1]\n\n[^1]: b\n"),
    "tag after a list": ("- a\n<br>\n", "- a\n\n~~~zoo-html\n<br>\n~~~\n"),
    "rule": ("a\n***\n* * *\n", "a\n\n***\n\n***\n"),
    "canonical": ("# a\n\n\n- b\n    - c\n\ntext  \nmore { .x }\n\n<!-- d -->\n", None),
    "nothing": ("", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_a_page_is_rewritten(name: str) -> None:
    before, after = GOLDEN[name]
    if after is not None:
        assert to_python_markdown(before) == after
    if name not in ("options of superfences", "canonical"):  # which only the site understands
        assert differs(before) == []


def test_a_canonical_page_stays_as_it_is() -> None:
    page = GOLDEN["canonical"][0]
    assert to_python_markdown(page) == page


def test_a_page_with_every_construct_agrees() -> None:
    text = (DATA / "every_construct.md").read_text(encoding="utf-8")
    assert differs(text) == []
    blocks = outline_of(site_html(text))
    kinds = {block.kind for block in blocks}
    assert kinds >= {"details", "summary", "alert:tip", "alert:caution", "table",
                     "td:center", "math", "pre", "blockquote", "ol", "ol:4", "ul", "hr",
                     "footnotes"}  # fmt: skip
    diagram = next(block.text for block in blocks if "flowchart" in block.text)
    assert diagram.startswith('---\ntitle: "Front matter"\n')
    assert 'A --> B["<b>x</b> & y"]' in diagram
    assert "<!-- zoo: proof -->" in site_html(text)
    assert not any("Quick Links" in block.text for block in blocks)


def test_footnotes_are_numbered_as_they_are_referred_to() -> None:
    page = "| a |\n|---|\n| b[^y] |\n| c[^x] |\n\nd[^z] e[^y]\n\n"
    page += "[^z]: Z\n[^x]: X[^w]\n[^w]: W\n[^y]: Y\n"
    assert differs(page) == []
    notes = [b.text for b in outline_of(site_html(page)) if b.kind == "p" and b.depth == 3]
    assert notes == ["Y", "X[^]", "Z", "W"]
    assert re.findall(r'footnote-ref" href="#fn:\w">(\d)', site_html(page)) == list("12314")


def test_code_is_kept_byte_for_byte() -> None:
    code = "\n\n{: .x }\n\tif a:  \n  \tb = '`'*3\n\n    ```\n\n> - <b>&amp;\\*\n \n\n"
    for mark in ("```", "~~~~", "``````"):
        fence = f"{mark}\n{code}{mark}"
        pages = [fence, *(f"{first}{fence.replace(chr(10), chr(10) + rest)}" for first, rest in
                          (("> ", "> "), ("- ", "  "), ("1. - ", "     ")))]  # fmt: skip
        for page in pages:
            shown = [b.text for b in outline_of(site_html(page + "\n")) if b.kind == "pre"]
            assert shown == [code.rstrip("\n")], page


def test_the_examples_of_githubs_specification_agree() -> None:
    examples = json.loads((DATA / "gfm_spec.json").read_text(encoding="utf-8"))["examples"]
    reasons = json.loads((DATA / "gfm_known_differences.json").read_text(encoding="utf-8"))
    known = sorted(number for numbers in reasons.values() for number in numbers)
    found = [example["number"] for example in examples if differs(example["markdown"])]
    assert len(examples) == 673
    assert found == known


def test_what_is_nested_too_deep_is_said() -> None:
    for page in ("a\n\n" + ">" * 1000 + "b", "a\n\n" + "- " * 1000 + "b"):
        with pytest.raises(TooDeepError) as error:
            to_python_markdown(page)
        assert error.value.problem.line == 3
        assert outline_of(site_html(as_code(page))) == [Block(0, "pre", page)]
    assert differs("> " * MAX_DEPTH + "a") == []
    assert differs("- " * MAX_DEPTH + "a") == []


def test_an_item_with_a_long_number_keeps_its_children() -> None:
    assert differs("100. a\n\n     b\n\n     - c\n101. d\n") == []


def _indented(text: str, first: str) -> str:
    rest = " " * len(first)
    head, *lines = text.split("\n")
    return "\n".join([first + head, *(rest + line if line else "" for line in lines)])


def _list(items: list[str], kind: str, start: int, between: str, pad: int) -> str:
    numbers = {"o": ".", "p": ")"}
    markers = [
        f"{start + i}{numbers[kind]}" if kind in numbers else kind for i in range(len(items))
    ]
    return between.join(
        _indented(item, marker + " " * pad) for item, marker in zip(items, markers, strict=True)
    )


def _page(blocks: list[str], gaps: list[str]) -> str:
    page = ""
    for block, gap in zip(blocks, gaps, strict=False):
        page += gap * bool(page) + block
    return page


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))


WORDS = st.lists(
    st.sampled_from(["alpha", "beta", "gamma", "x1", "don't", "café", "2.5", "C#", "a_b_c", "3)",
                     "#7"]),
    min_size=1, max_size=5,
).map(" ".join)  # fmt: skip
INLINE = WORDS | st.sampled_from(
    ["**bold** text", "`co de` x", "a \\& b", "*em* and ~~gone~~", "a [link](x.md) b",
     "`a | b` pipe", "<b>raw</b> html", "a < b & c", "AT&amp;T &nbsp;x", "#5 bolt", "$x_1$ math",
     "2) no", "x  \ny", "one\\\ntwo", "!important", "foo\nbar", "a_b_ c*d", "![alt](p.png)",
     "<https://e.org>", "https://e.org/a_b", "~x~", "`` ` `` tick", "[a] [b]", "$5 and $6"]
)  # fmt: skip
CODE = st.lists(
    st.sampled_from(["x = 1", "", "  y", "# no heading", "- no list", "> no quote", "\tt", "~~",
                     "``", "<b>", "$a$", "| a |", "---", "    deep"]),
    max_size=5,
).map("\n".join)  # fmt: skip
FENCE = st.builds(
    lambda mark, info, code: f"{mark}{info}\n{code}\n{mark}",
    st.sampled_from(["```", "~~~", "````"]),
    st.sampled_from(["", "py", " python", "js {1}", "mermaid", "sh title=x"]),
    CODE,
)
CELL = INLINE.map(lambda text: text.replace("\n", " ").replace("|", "\\|"))
LEAF = st.one_of(
    INLINE, INLINE, FENCE,
    st.builds(lambda n, text: "#" * n + " " + text.split("\n")[0].rstrip("\\"),
              st.integers(1, 6), INLINE),
    st.builds(lambda text, line: f"{text}\n{line}", INLINE, st.sampled_from(["---", "==="])),
    st.builds(lambda *c: f"| {c[0]} | {c[1]} |\n|:-|---|\n| {c[2]} | {c[3]} |", *[CELL] * 4),
    st.sampled_from(["<div align=\"center\">\n\n**x**\n\n</div>", "<!-- c -->", "<br>",
                     "<details>\n<summary>S **x**</summary>\n\n- a\n\n</details>",
                     "<!--\n```py\nx\n```\n-->", "<p>\n*raw*\n</p>", "<img src=x alt=y>"]),
    st.sampled_from(["***", "* * *", "___"]),
    # Not right below a list: there markdown-it counts the indent from the item, cmark does not.
    st.sampled_from(["***\n\n    x = 1", "***\n\n    x\n      y", "***\n    \tt\n    <b>"]),
)  # fmt: skip
GAPS = st.lists(st.sampled_from(["\n", "\n\n", "\n\n", "\n\n\n"]), min_size=4, max_size=4)


def _pages(block: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(_page, st.lists(block, min_size=1, max_size=4), GAPS)


def _lists(block: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        _list,
        st.lists(block, min_size=1, max_size=3),
        st.sampled_from("-*op"),
        st.sampled_from([1, 1, 2, 10, 98]),
        st.sampled_from(["\n", "\n", "\n\n"]),
        st.integers(1, 3),
    )


PAGE = _pages(
    st.recursive(
        LEAF,
        lambda block: st.one_of(_pages(block).map(_quoted), _lists(_pages(block)), _lists(block)),
        max_leaves=8,
    )
)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(PAGE)
def test_a_random_page_agrees(page: str) -> None:
    assert differs(page) == []


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 8), st.sampled_from(
    ["alpha", "- a", "1. d", "2) e", "> q", "> > r", "```", "~~~", "# h", "| a | b |", "|---|---|",
     "<div>", "</div>", "<!--", "-->", "***", "[x]: /u", "[x]", "[^1]: note", "see [^1]", "$$",
     "`a", "> [!NOTE]", "- [ ] t", "", "***b", "\\", "---", "{: .x }", "a<b", "&copy;", "<b", ">"]
)), max_size=9))  # fmt: skip
def test_a_heap_of_lines_is_written_once_and_for_all(lines: list[tuple[int, str]]) -> None:
    once = to_python_markdown("\n".join(" " * indent + line for indent, line in lines))
    assert to_python_markdown(once) == once
    markdown().reset().convert(once)


# What authors write, whole and torn: the pieces meet in ways that nobody writes on purpose.
PIECES = st.sampled_from(
    ["alpha", "beta gamma", "**strong**", "*em", "~~gone~~", "`code`", "``", "[link](a.md)",
     "![alt", "](b.png)", "<b>", "</b>", "<details>", "<summary>sum</summary>", "</details>",
     "<!-- c -->", "# head", "## head", "- item", "1. item", "- [x] box", "> quote",
     "```py", "```", "~~~", "$x_1$", "$$", "| a | b |", "|---|---|", "[^1]", "\\", "&copy;",
     ":tada:", "https://e.org/a", "<div align='center'>", "</div>", "***", "===", "    four",
     "  two", "caf\u00e9"]
)  # fmt: skip
HEAP = st.lists(
    st.tuples(PIECES, st.sampled_from([" ", "\n", "\n", "\n\n", "\n  ", "\n    ", "\n> "]))
)


def shown(html: str) -> str:
    # Of a formula that is a block to GitHub and none to the site, only the site's text has emoji.
    # Code is left as it is: there a name must stay a name.
    return " ".join(
        block.text.replace(":tada:", "🎉") if block.kind == "math" else block.text
        for block in outline_of(html)
    )


def lost(page: str) -> tuple[set[str], Counter[str]]:
    """Return the words, and the letters with their numbers, that only GitHub shows."""
    github, site = shown(github_html(page)), shown(site_html(page))
    words = {word for word in re.findall(r"\w+", github) if word not in site}
    return words, Counter(re.findall(r"\w", github)) - Counter(re.findall(r"\w", site))


@settings(max_examples=int(os.environ.get("FUZZ", "250")), suppress_health_check=list(HealthCheck))
@given(HEAP.map(lambda pieces: "".join(map("".join, pieces)) + "\n\n[^1]: note\n"))
@example("<b> $$ :tada: $$ \n\n[^1]: note\n")
def test_no_word_that_github_shows_is_lost(page: str) -> None:
    assert lost(page) == (set(), Counter())
