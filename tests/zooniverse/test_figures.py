# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from dataclasses import replace
from html import unescape

from zooniverse.figures import figure_html, live_html, refused_html, themes_html
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
    assert '<figcaption><span class="diagram__title">A &amp; &quot;B&quot;</span>' in html
    assert 'href="a/k-light.svg"' in html and "data-links" not in html
    assert '<figure class="diagram" id="d1" style="' in html
    assert "--readable:400px;--canvas:#ffffff;--canvas-dark:#000000" in html
    assert "<code>flowchart LR\n  A --&gt; B\n</code></pre>" in html


def test_one_theme_is_one_image_on_its_canvas() -> None:
    own = replace(TWO, svg={"own": "<svg/>"}, canvas={"own": "#123456"}, title="", label=None)
    html = figure_html(own, ADDRESSES, "<script>")
    assert html.count("<img ") == 1
    assert 'src="a/k-own.svg" alt' in html and 'href="a/k-own.svg"' in html
    assert "--readable:600px;--canvas:#123456;--canvas-dark:#123456" in html
    assert 'aria-label="Flowchart"' in html
    assert "<script>" not in html


def test_search_finds_labels_that_the_alternative_left_out_and_no_source() -> None:
    html = figure_html(replace(TWO, labels=("A", "Beyond <b>")), ADDRESSES, "secret", name="")
    assert "<p>Labels: Beyond &lt;b&gt;</p>" in html
    assert '<div class="diagram__code" data-search-exclude><pre tabindex="0"><code>secret' in html


def test_links_ask_for_the_picture_itself() -> None:
    assert " data-links>" in figure_html(replace(TWO, links=("https://a.org",)), ADDRESSES, "")


def test_live_and_refused_ones_show_their_source_escaped() -> None:
    live = live_html('a["<b>"]', "T & U", own=True)
    assert '<div class="mermaid" data-search-exclude>a[&quot;&lt;b&gt;&quot;]</div>' in live
    assert "data-own" in live and "T &amp; U" in live
    assert "data-own" not in live_html("a", "", own=False)
    refused = refused_html("line 3: <x>", "<script>", "")
    assert "as its source: line 3: &lt;x&gt;.</p>" in refused and "<script>" not in refused
    assert "mermaid" not in refused


def test_themes_cannot_end_their_element() -> None:
    html = themes_html({"light": {"x": '"</template><b>'}})
    assert html.count("<") == 2 and html.count('"') == 4
    text = unescape(html[html.index("{") : html.rindex("}") + 1])
    assert json.loads(text) == {"light": {"x": '"</template><b>'}}
