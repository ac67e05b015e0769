# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import pytest

from tests.zooniverse.test_figures import TWO
from zooniverse import gallery
from zooniverse.gallery import LIVE, Wall, hang
from zooniverse.pictures import Drawing, Live, Picture, Studio
from zooniverse.problems import Problem

MARKDOWN = """\
# Page

```mermaid
flowchart LR
  a --> b
```

> ```mermaid
> ---
> title: Own
> ---
> flowchart LR
>   c[(
> ```
"""
FIRST = '---\ntitle: "Page"\nconfig:\n  look: handDrawn\n---\nflowchart LR\n  a --> b'
SECOND = "---\ntitle: Own\nauthor: X\nconfig:\n  look: handDrawn\n---\nflowchart LR\n  c[("
STUDIO = Studio(Path("m.js"), Path("fonts"), Path("cache"), None)


def block(source: str) -> str:
    return f'<div class="mermaid">{escape(source, quote=False)}</div>'


def wall(*sources: str, image: Path | None = None) -> Wall:
    return Wall(
        html="<p>x</p>" + "<p>y</p>".join(map(block, sources)),
        markdown=MARKDOWN,
        first_line=5,
        image=lambda address: image if address == "a.png" else None,
        address=lambda path: f"../{path}",
    )


class Painter:
    """Answers for ``draw``; without a browser it knows nothing."""

    def __init__(self, answers: dict[str, Picture | Problem | Live], cached: bool = False) -> None:
        self.answers = answers
        self.cached = cached
        self.calls: list[tuple[int, str | None]] = []
        self.drawings: list[Drawing] = []

    def __call__(
        self, drawings: Sequence[Drawing], studio: Studio
    ) -> list[Picture | Problem | Live]:
        self.calls.append((len(drawings), studio.browser))
        self.drawings += drawings
        if studio.browser is None and not self.cached:
            return [Live("no browser to draw with") for _ in drawings]
        return [self.answers[drawing.source] for drawing in drawings]


def paint(
    monkeypatch: pytest.MonkeyPatch, *answers: Picture | Problem | Live, cached: bool = False
) -> Painter:
    painter = Painter(dict(zip((FIRST, SECOND), answers, strict=False)), cached)
    monkeypatch.setattr(gallery, "draw", painter)
    return painter


def test_a_picture_takes_the_place_of_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    painter = paint(monkeypatch, TWO, TWO)
    (page,), files = hang([wall(FIRST, SECOND)], STUDIO, lambda: "/chrome", all_static=True)
    assert painter.calls == [(2, None), (2, "/chrome")]
    assert page.html.startswith('<p>x</p><figure class="diagram"')
    assert page.html.count("<figure") == 2 and "<p>y</p>" in page.html
    assert 'src="../assets/diagrams/k-light.svg#only-light"' in page.html
    assert files == {
        "assets/diagrams/k-light.svg": "<svg/>",
        "assets/diagrams/k-dark.svg": "<svg/>",
    }
    assert (page.problems, page.notes, page.live) == ([], [], 0)
    assert LIVE not in page.html


def test_what_the_cache_has_needs_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    paint(monkeypatch, TWO, TWO, cached=True)

    def never() -> str:
        raise AssertionError("a browser was looked for")

    (page,), _ = hang([wall(FIRST)], STUDIO, never, all_static=True)
    assert page.live == 0


def test_all_pages_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    painter = paint(monkeypatch, TWO, TWO)
    pages, _ = hang([wall(FIRST), wall(SECOND)], STUDIO, lambda: "/chrome", all_static=True)
    assert painter.calls[-1] == (2, "/chrome")
    assert [page.html.count("<figure") for page in pages] == [1, 1]


def test_without_browser_it_is_live_and_says_so_only_where_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paint(monkeypatch)
    (page,), files = hang([wall(FIRST)], STUDIO, lambda: None, all_static=False)
    assert page.live == 1 and page.problems == [] and files == {}
    assert '<div class="mermaid" data-search-exclude>---\ntitle: &quot;Page' in page.html
    assert '<span class="diagram__title">Page</span>' in page.html
    (page,), _ = hang([wall(FIRST)], STUDIO, lambda: None, all_static=True)
    (problem,) = page.problems
    assert problem.line == 4 + 3
    assert "has no picture: no browser" in problem.message


def test_none_is_a_picture_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    paint(monkeypatch, TWO, cached=True)
    (page,), _ = hang([wall(FIRST)], None, lambda: "/chrome", all_static=False)
    assert page.live == 1


def test_a_problem_is_named_by_the_files_line_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Problem(8, "Mermaid cannot draw the diagram: Parse error on line 8: <x", "Mend it")
    paint(monkeypatch, TWO, wrong)
    (page,), _ = hang([wall(FIRST, SECOND)], STUDIO, lambda: "/chrome", all_static=False)
    # The file's front matter has four lines, and "> c[(" is the Markdown's thirteenth.
    (problem,) = page.problems
    assert problem.line == 17
    assert problem.message.endswith("Parse error on line 17: <x, at 'c[('")
    assert 'class="diagram diagram--refused"' in page.html
    assert "on line 17: &lt;x, at &#x27;c[(&#x27;.</p>" in page.html
    assert "<code>---\ntitle: Own\n" in page.html


@pytest.mark.parametrize(("line", "expected"), [(2, 14), (3, 12), (7, 16), (None, 12)])
def test_lines_of_front_matter_and_body(
    line: int | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(monkeypatch, TWO, Problem(line, "wrong", "Mend it"))
    (page,), _ = hang([wall(SECOND)], STUDIO, lambda: "/chrome", all_static=False)
    assert [problem.line for problem in page.problems] == [expected]


def test_of_equal_lines_the_right_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    body = "flowchart LR\n  a --> b\n  a --> b"
    monkeypatch.setattr(
        gallery, "draw", Painter({f"---\nx: 1\n---\n{body}": Problem(6, "wrong", "Mend it")})
    )
    page = Wall(
        block(f"---\nx: 1\n---\n{body}"), f"```mermaid\n{body}\n```\n", 1, lambda _: None, str
    )
    (hung,), _ = hang([page], STUDIO, lambda: "/chrome", all_static=False)
    assert [problem.line for problem in hung.problems] == [4]


def test_what_stands_in_no_fence_has_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    painter = Painter({"pie": Problem(1, "wrong", "Mend it")})
    monkeypatch.setattr(gallery, "draw", painter)
    (page,), _ = hang([wall("pie")], STUDIO, lambda: "/chrome", all_static=False)
    assert [problem.line for problem in page.problems] == [None]


def test_an_authors_own_html_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    paint(monkeypatch, TWO)
    own = '<div class="mermaid"><b>x</b></div>'
    page = Wall(own, "", 1, lambda _: None, str)
    assert hang([page], STUDIO, lambda: "/chrome", all_static=True)[0][0].html == own


def test_images_are_looked_up_on_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        'flowchart LR\n  a@{ img: "a.png", w: 9 }\n  b@{ img: "https://example.org/x.png" }\n'
        "  c[\"<img src='a.png'>\"]"
    )
    painter = Painter({source: TWO})
    monkeypatch.setattr(gallery, "draw", painter)
    hang([wall(source, image=Path("docs/a.png"))], STUDIO, lambda: None, all_static=False)
    assert painter.drawings[0].images == {"a.png": Path("docs/a.png")}
