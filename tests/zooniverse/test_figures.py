# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
from __future__ import annotations

from dataclasses import replace

from zooniverse.figures import figure_html
from zooniverse.pictures import Picture

TWO = Picture(
    svg={"light": "<svg/>", "dark": "<svg/>"},
    canvas={"light": "#ffffff", "dark": "#000000"},
    width=600,
    height=300,
    label=16.5,
    title='A & "B"',
    kind="Flowchart",
    labels=("A", "B"),
    alternative='Flowchart: A to "B" <sub>.',
    links=(),
    warnings=(),
    notes=(),
    key="k",
)
ADDRESSES = {"light": "a/k-light.svg", "dark": "a/k-dark.svg", "own": "a/k-own.svg"}


def test_each_scheme_has_its_image() -> None:
    html = figure_html(TWO, ADDRESSES, "flowchart LR\n  A --> B", name="d1")
    assert html.count("<img ") == 2
    assert 'src="a/k-light.svg#only-light"' in html
    assert 'src="a/k-dark.svg#only-dark"' in html
    assert html.count('width="600" height="300" loading="lazy"') == 2
    assert html.count('alt="Flowchart: A to &quot;B&quot; &lt;sub&gt;."') == 2
    assert "<figcaption>A &amp; &quot;B&quot;</figcaption>" in html
    assert '<figure class="diagram" id="d1" style="' in html
    assert "--readable:400px;--canvas:#ffffff;--canvas-dark:#000000" in html
    assert "<pre><code>flowchart LR\n  A --&gt; B\n</code></pre>" in html


def test_one_theme_is_one_image_on_its_canvas() -> None:
    own = replace(TWO, svg={"own": "<svg/>"}, canvas={"own": "#123456"}, title="", label=None)
    html = figure_html(own, ADDRESSES, "<script>")
    assert html.count("<img ") == 1
    assert 'src="a/k-own.svg" alt' in html
    assert "--readable:600px;--canvas:#123456;--canvas-dark:#123456" in html
    assert "figcaption" not in html and 'aria-label="Flowchart"' in html
    assert "<script>" not in html
