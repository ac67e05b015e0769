# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Formulas are typeset, nothing else changes, and no formula can do harm."""

from __future__ import annotations

import html
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zooniverse import formulas
from zooniverse.formulas import LONGEST, fonts, typeset

ATTENTION = r"\operatorname{softmax}\!\left(\frac{QK^\top}{\sqrt{d_k}}\right)V"
REAL = [
    ATTENTION,
    r"\log p_\theta(x)\ge\mathbb{E}_{q_\phi}\big[\log p_\theta(x\mid z)\big]-D_{\mathrm{KL}}(q\|p)",
    r"L^{\text{CLIP}}(\theta)=\hat{\mathbb{E}}_t\Big[\min\big(r_t\hat A_t,\ \dots\big)\Big]",
    r"\begin{aligned}a&=b\\&\approx\frac1N\sum_{n=1}^N\prod_{t=0}^{T}c_t\end{aligned}",
    r"\begin{cases}x & \text{if } x > 0\\ 0 & \text{otherwise}\end{cases}",
    r"\begin{pmatrix}\cos\theta&-\sin\theta\\ \sin\theta&\cos\theta\end{pmatrix}\tag{1}",
    r"\mathcal{N}(x_t;\sqrt{\bar\alpha_t}\,x_0,(1-\bar\alpha_t)\mathbf{I})",
]


def inline(source: str) -> str:
    return rf'<span class="arithmatex">\({html.escape(source)}\)</span>'


def display(source: str) -> str:
    return f'<div class="arithmatex">\\[\n{html.escape(source)}\n\\]</div>'


class Elements(HTMLParser):
    """Lists the tags and attributes of a piece of HTML, and the text of its annotations."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.sources: list[str] = []
        self.balance = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.balance += 1
        if tag in {"annotation", "code"}:
            self.sources.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.balance -= 1

    def handle_endtag(self, tag: str) -> None:
        self.balance -= 1

    def handle_data(self, data: str) -> None:
        if self.lasttag in {"annotation", "code"}:
            self.sources[-1] += data


def test_inline_formula() -> None:
    page, problems = typeset(f"<p>Here {inline('d_k')} is.</p>")
    assert problems == []
    assert page.startswith(
        '<p>Here <bdi class="formula-inline" data-search-exclude><span class="katex">'
        '<span class="katex-mathml"><math xmlns="http://www.w3.org/1998/Math/MathML"><semantics>'
        "<mrow><msub><mi>d</mi><mi>k</mi></msub></mrow>"
        '<annotation encoding="application/x-tex">d_k</annotation></semantics></math></span>'
        '<span class="katex-html" aria-hidden="true">'
    )
    assert page.endswith("</span></bdi> is.</p>")


def test_display_formula_scrolls_in_a_box_that_the_keyboard_reaches() -> None:
    page, problems = typeset(display("a = b"))
    assert problems == []
    assert page.startswith(
        '<div class="formula" role="group" aria-label="Formula" tabindex="0" data-search-exclude>'
        '<span class="katex-display"><span class="katex">'
    )
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">' in page
    assert page.endswith("</span></div>")


@pytest.mark.parametrize("source", REAL)
def test_real_formulas_keep_their_source_for_those_who_copy_it(source: str) -> None:
    page, problems = typeset(display(source))
    assert problems == []
    assert Elements(page).sources == [source]


def test_entities_are_unescaped_once() -> None:
    page, _ = typeset(r'<span class="arithmatex">\(a &lt; b\)</span>')
    assert "<mi>a</mi><mo>&lt;</mo><mi>b</mi>" in page


@pytest.mark.parametrize(
    "page",
    [
        "",
        "<p>5 $ and \\(x\\), caf\u00e9 &amp; <br>\r\n<br/>",
        r"<p><code>&lt;span class=&quot;arithmatex&quot;&gt;\(x\)&lt;/span&gt;</code></p>",
        r'<pre><code><span class="arithmatex">\(x\)</span></code></pre>',
        r"""<p title='<span class="arithmatex">\(x\)</span>'>t</p>""",
        r'<!-- <span class="arithmatex">\(x\)</span> -->',
        r'<script>"<span class=\"arithmatex\">\(x\)</span>"</script>',
        r'<span class="arithmatex">\(x <b>y</b>\)</span>',
        r'<span class="arithmatex">\(x <!-- y -->\)</span>',
        r'<span class="arithmatex">x</span><span class="arithmatex">\()</span>',
        r'<span class="arithmatex">\(x\)</div>',
        r'<span class="arithmatex">\[x\]</div>',
        r'<span class="arithmatex">\(x\)',
        r'<span class="arithmatex">\[x\]</span><div class="arithmatex">\(x\)</div>',
    ],
)
def test_what_is_no_formula_stays_as_it_is(page: str) -> None:
    assert typeset(page) == (page, [])


def test_text_around_formulas_stays_byte_for_byte() -> None:
    around = ["\ufeff<p>é\r\n\t&nbsp;<IMG src=x\n>", "</p>\n<p\nid=a>😀 ", "<hr></p>\r\n\x0c "]
    page, _ = typeset(inline("x").join(around))
    assert page == typeset(inline("x"))[0].join(around)


def test_second_run_changes_nothing() -> None:
    once, problems = typeset("".join([*map(display, REAL), inline("x"), inline(r"\frac{")]))
    assert len(problems) == 1
    assert typeset(once) == (once, [])


def test_formula_that_does_not_parse_is_a_problem_and_shown_as_source() -> None:
    page, (problem,) = typeset(inline(r"\fraq{a<b}"))
    assert page == (
        '<bdi class="formula-inline" data-search-exclude>'
        r'<code class="formula-source">\fraq{a&lt;b}</code></bdi>'
    )
    assert problem.at("a.md") == (
        r"a.md: the formula \fraq{a<b} cannot be typeset: Undefined control sequence: \fraq. "
        "Mend its LaTeX; katex.org/docs/supported lists what KaTeX knows."
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (r"\href{javascript:alert(1)}{x}", r"\href is switched off"),
        (r"\url{https://example.org}", r"\url is switched off"),
        (r"\includegraphics{https://example.org/x.png}", r"\includegraphics is switched off"),
        (r"\htmlClass{md-header}{x}", r"\htmlClass is switched off"),
        (r"\htmlStyle{position:fixed}{x}", r"\htmlStyle is switched off"),
        (r"\def\a{\a\a}\a", r"\def is switched off"),
        (r"\newcommand{\a}{\a\a}\a", r"\newcommand is switched off"),
        ("{" * 51 + "}" * 51, "nested 51 deep"),
        ("x" * (LONGEST + 1), f"{LONGEST + 1} characters"),
        ("é", "Accented Unicode text character"),
        (r"x % y", "comment has no terminating newline"),
        ("😀" * 9, "Unrecognized Unicode character"),
        ("a\x07\n", "Unexpected character: ' '"),
        ("a\n\n\\foo", r"Undefined control sequence: \foo"),
    ],
)
def test_hostile_and_wrong_formulas_are_problems_in_one_line(source: str, words: str) -> None:
    page, (problem,) = typeset(display(source))
    assert words in problem.message
    assert "strict mode" not in problem.message
    line = problem.at("a.md")
    assert "\n" not in line and line.isprintable() and len(line) < 300
    assert Elements(page).tags == {"div", "code"}


def test_switched_off_names_are_commands_only() -> None:
    assert typeset(inline(r"x\\def \mathrm{href}"))[1] == []


def test_nesting_counts_open_braces_only() -> None:
    assert typeset(inline(r"\{" * 60 + "{}" * 60 + "{" * 50 + "}" * 50))[1] == []


def test_sizes_are_bounded() -> None:
    page, _ = typeset(display(r"\rule{99999em}{99999em}"))
    assert "99999" not in page.split("</annotation>")[1]


def test_one_formula_leaves_nothing_behind_for_the_next() -> None:
    typeset(display(r"x\tag{1}"))
    assert "(1)" not in typeset(display("x"))[0]


def test_engine_that_does_not_end_is_stopped_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    typeset(inline("x"))
    engine = formulas._v8()
    engine.eval("original = typeset; typeset = () => { for (;;); }")
    monkeypatch.setattr(formulas, "_SECONDS", 0.05)
    try:
        _, (problem,) = typeset(inline("endless"))
    finally:
        engine.eval("typeset = original")
    monkeypatch.undo()
    assert "it takes more than 0.05 seconds" in problem.message
    assert typeset(inline("after"))[1] == []


def test_threads_get_the_same_bytes() -> None:
    pages = [display(f"x_{{{n}}}") for n in range(20)]
    expected = [typeset(page) for page in pages]
    formulas._render.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(typeset, pages)) == expected
    assert sum(thread.name.startswith("katex") for thread in threading.enumerate()) == 1


def test_new_process_gives_the_same_bytes_prints_nothing_and_ends() -> None:
    page = "".join(map(display, REAL))
    code = (
        "import asyncio, sys\n"
        "from zooniverse.formulas import typeset\n"
        "async def main(): sys.stdout.buffer.write(typeset(sys.argv[1])[0].encode())\n"
        "asyncio.run(main())"  # where an event loop runs, as in Playwright's tests
    )
    run = subprocess.run(
        [sys.executable, "-W", "default", "-c", code, page], capture_output=True, timeout=60
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert run.stdout.decode() == typeset(page)[0]


def test_fonts_are_those_that_the_page_draws_with() -> None:
    assert fonts("<p class='mathbb'>none</p>") == []
    assert fonts(typeset(inline("1"))[0]) == ["Main-Regular"]
    assert fonts(typeset(inline("x"))[0]) == ["Main-Regular", "Math-Italic"]
    assert "Main-Italic" not in fonts('<span class="katex-html"><span class="textitsf">')
    page, _ = typeset(display(r"\mathbb{E}\Big(\sum_x \mathbf{x}\Bigg)\mathcal{N}"))
    assert fonts(page) == [
        *("AMS-Regular", "Caligraphic-Regular", "Main-Bold", "Main-Regular", "Math-Italic"),
        *("Size2-Regular", "Size4-Regular"),
    ]


COMMANDS = st.sampled_from(
    [
        *(r"\href{javascript:x}{y}", r"\url{x}", r"\def\a{\a\a}", r"\a", r"\htmlData{a=b}{c}"),
        *(r"\frac{a}{b}", r"\text{", r"\left(", r"\sqrt{x}", r"\mathbb{E}", r"\color{red}"),
        *(r"\verb|<i>|", r"\begin{cases}", r"\end{cases}", r"\char`<", r"\kern-9em", r"\unicode"),
        *("</span>", "<script>", "&lt;", r"\(", r"\)", r"\\", *"{}^_&<>$%"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(COMMANDS, max_size=8).map(" ".join)), st.booleans())
def test_no_text_breaks_out_of_a_formula(source: str, block: bool) -> None:
    page, problems = typeset((display if block else inline)(source))
    found = Elements(page)
    assert len(problems) <= 1
    assert all(problem.at("a.md").isprintable() for problem in problems)
    assert found.balance == 0
    assert not found.tags & {"a", "b", "i", "img", "script", "style", "iframe", "object"}
    assert found.attributes <= {
        *("class", "style", "role", "aria-label", "aria-hidden", "tabindex", "data-search-exclude"),
        *("xmlns", "display", "encoding", "width", "height", "viewbox", "preserveaspectratio", "d"),
        *("mathvariant", "mathcolor", "stretchy", "fence", "separator", "minsize", "maxsize"),
        *("accent", "accentunder", "scriptlevel", "displaystyle", "linethickness", "lspace"),
        *("rspace", "rowspacing", "columnspacing", "columnalign", "columnlines", "rowlines"),
        *("movablelimits", "largeop", "symmetric", "form", "linebreak", "depth", "voffset"),
    }
    assert typeset(page) == (page, [])
    formulas._render.cache_clear()
    assert typeset((display if block else inline)(source)) == (page, problems)


@settings(max_examples=150, deadline=None)
@given(st.text("<>/!-\"'= spandivcode\\()&;\n\r", max_size=60), st.text(max_size=20))
def test_no_page_breaks_the_finder(before: str, after: str) -> None:
    page = before + inline("x") + after
    result, problems = typeset(page)
    assert problems == []
    assert result in {page, before + typeset(inline("x"))[0] + after}
