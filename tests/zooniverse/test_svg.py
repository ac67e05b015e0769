# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from math import cos, hypot, sin
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zooniverse.svg import UnsafeSvgError, letters, short_path, shrink

OPEN = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:h="http://www.w3.org/1999/xhtml" viewBox="0 0 10 10">'
)


def shrunk(inside: str) -> str:
    return shrink(f"{OPEN}{inside}</svg>", "p")


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '<script href="https://evil.example/x.js"/>',
        '<rect width="1" height="1" onclick="alert(1)"/>',
        '<a href="javascript:alert(1)"><text>x</text></a>',
        '<a xlink:href=" JaVaScRiPt:alert(1)"><text>x</text></a>',
        '<a href="data:text/html,evil.example"><text>x</text></a>',
        '<image href="https://evil.example/x.png" width="1" height="1"/>',
        '<image href="data:text/html;base64,AAAA" width="1" height="1"/>',
        '<use href="https://evil.example/x.svg#a"/>',
        '<rect width="1" height="1" fill="url(https://evil.example/#a)"/>',
        '<rect width="1" height="1" style="background:url(https://evil.example)"/>',
        '<path d="M0 0L9 9" fill="url(//evil.example/#a)"/>',
        '<path d="M0 0L9 9" stroke="URL(//evil.example/#a)"/>',
        '<foreignObject><h:div style="color:url(//evil.example)">x</h:div></foreignObject>',
        "<style>@import url(https://evil.example/x.css);</style>",
        '<foreignObject><h:iframe src="https://evil.example"/></foreignObject>',
        '<foreignObject><h:div onmouseover="alert(1)">x</h:div></foreignObject>',
        '<foreignObject><h:div style="color:red;background:url(//evil.example)">x</h:div>'
        "</foreignObject>",
        '<foreignObject><h:img src="https://evil.example/x.png"/></foreignObject>',
        '<animate attributeName="href" to="javascript:alert(1)"/>',
        '<set attributeName="onclick" to="alert(1)"/>',
        "<text><h:script>alert(1)</h:script></text>",
        '<feImage href="https://evil.example/x.png"/>',
    ],
)
def test_what_is_hostile_does_not_pass(hostile: str) -> None:
    result = shrunk(f'{hostile}<text x="1" y="1">kept</text>')
    assert "kept" in result
    assert not re.search(r"evil|alert|script|\son\w+=|@import|iframe", result, re.IGNORECASE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no xml",
        "<svg",
        "<html/>",
        '<svg viewBox="0 0 1 1"/>',  # in no namespace
        f"<!DOCTYPE svg>{OPEN}</svg>",
        '<!DOCTYPE svg [<!ENTITY a "b">]>' + OPEN + "&a;</svg>",
    ],
)
def test_what_is_no_svg_is_refused(text: str) -> None:
    with pytest.raises(UnsafeSvgError):
        shrink(text, "p")


def words(text: str) -> list[str]:
    return text.split()


names = st.sampled_from(
    words(
        "g a text tspan path rect script style image use foreignObject h:div h:script h:a set "
        "animate marker svg title feImage iframe handler"
    )
)
attributes = st.dictionaries(
    st.sampled_from(
        words(
        "id href xlink:href style fill stroke onclick onload d x width transform class filter "
        "marker-end font-family data-dash src"
    )
    ),
    st.sampled_from(
        [
            "javascript:alert(1)", "https://evil.example/", "url(#a)", "url(//evil.example/#a)",
            "a", "#a", "#fff", "M0 0L1 1", "1", "data:image/svg+xml;base64,PHN2Zz4=",
            "data:text/html;base64,AAAA", "expression(alert(1))", "20s", "zoo-hand",
            '"><script>alert(1)</script>', "color:url(javascript:alert(1))", "translate(1,2)",
        ]
    )
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
    max_size=4,
)  # fmt: skip
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


def element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def build(name: str, given: dict[str, str], inside: list[str]) -> str:
        written = "".join(f" {key}={quoteattr(value)}" for key, value in given.items())
        return f"<{name}{written}>{''.join(inside)}</{name}>"

    return st.builds(build, names, attributes, st.lists(children, max_size=3))


@settings(max_examples=250, deadline=None)
@given(st.recursive(texts.map(escape), element, max_leaves=12))
def test_no_tree_smuggles_anything(inside: str) -> None:
    result = shrunk(inside)
    for node in ET.fromstring(result).iter():
        name = node.tag.rpartition("}")[2]
        assert name not in {"script", "set", "animate", "iframe", "handler", "feImage", "title"}
        assert name != "style" or "http" not in (node.text or "")
        for key, value in node.attrib.items():
            assert not key.startswith("on")
            assert key not in {"src", "{http://www.w3.org/1999/xlink}href"}
            assert "javascript:" not in value and "script>" not in value
            assert "url(" not in value or re.fullmatch(r"url\(#p\d+\)", value)
            if key == "href" and name != "a":
                assert value.startswith(("#p", "data:image/"))
    assert shrink(result.replace("<style>", "<style >"), "p").count("<") <= result.count("<")


def test_ids_begin_with_the_prefix_and_references_follow() -> None:
    inside = (
        '<defs><marker id="m"><path d="M0 0L9 9" fill="#000"/></marker>'
        '<marker id="unused"><path d="M0 0L9 9"/></marker></defs>'
        '<path id="nobody" d="M0 0L5 5" marker-end="url(#m)" filter="url(#gone)"/>'
    )
    result = shrink(f"{OPEN}{inside}</svg>", "zz")
    assert re.findall(r' id="([^"]*)"', result) == ["zz0"]
    assert 'marker-end="url(#zz0)"' in result
    assert "gone" not in result and "unused" not in result


def test_moving_lines_move_only_for_those_who_like_it() -> None:
    result = shrunk('<path d="M0 0L90 9" stroke="#000" stroke-dasharray="9 5" data-dash="20s"/>')
    assert "@media (prefers-reduced-motion:no-preference){.p-d20{" in result
    assert 'class="p-d20"' in result


def test_http_links_open_without_an_opener() -> None:
    result = shrunk('<a href="https://example.org/?a=1&amp;b"><text>x</text></a>')
    assert 'href="https://example.org/?a=1&amp;b" target="_blank" rel="noopener"' in result


def test_text_keeps_its_spaces_and_loses_no_tail() -> None:
    result = shrunk('<text>one <script>x</script>two <tspan dy="3">sub</tspan> end</text>')
    assert "<text>one two <tspan" in result
    assert "</tspan> end</text>" in result
    between = shrunk("<text><tspan>a</tspan> b <script>x</script>c</text>")
    assert "<text><tspan>a</tspan> b c</text>" in between


def test_letters_are_read_by_family_and_weight() -> None:
    svg = shrunk(
        '<text font-family="zoo-hand">ba<tspan font-weight="700">c</tspan></text>'
        '<text font-family="zoo-sans">é</text>'
    )
    assert letters(svg) == {("p-hand", 400): "ab", ("p-hand", 700): "c", ("p-sans", 400): "é"}


numbers = st.floats(-900, 900).map(lambda v: round(v, 6))
segments = st.one_of(
    st.tuples(st.sampled_from("MmLl"), st.tuples(numbers, numbers)),
    st.tuples(st.sampled_from("HhVv"), st.tuples(numbers)),
    st.tuples(st.sampled_from("Cc"), st.tuples(*[numbers] * 6)),
    st.tuples(st.sampled_from("SsQq"), st.tuples(*[numbers] * 4)),
    st.tuples(st.sampled_from("Tt"), st.tuples(numbers, numbers)),
    st.tuples(st.sampled_from("Zz"), st.just(())),
)


def ends(data: str) -> list[tuple[float, float]]:
    """Where each segment of a path ends: a second reader, kept apart from the one it checks."""
    points: list[tuple[float, float]] = []
    x = y = 0.0
    start = (0.0, 0.0)
    for command, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", re.sub(r"[eE][-+]?\d+", "", data)):
        values = [float(v) for v in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", rest)]
        size = {"H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "Z": 0}.get(command.upper(), 2)
        relative = command.islower()
        if not size:
            x, y = start
            points.append((x, y))
        for at in range(0, len(values), size or 1):
            last = values[at : at + size]
            if command in "HhVv":
                change = last[0] + ((x if command in "Hh" else y) if relative else 0)
                x, y = (change, y) if command in "Hh" else (x, change)
            else:
                x, y = (x + last[-2], y + last[-1]) if relative else (last[-2], last[-1])
            if command in "Mm" and at == 0:
                start = (x, y)
            points.append((x, y))
    return points


@settings(max_examples=200, deadline=None)
@given(st.lists(segments, min_size=1, max_size=25))
def test_a_shorter_path_ends_each_segment_where_the_long_one_does(
    parts: list[tuple[str, tuple[float, ...]]],
) -> None:
    data = "M0 0" + "".join(c + " ".join(f"{v:.6f}" for v in vs) for c, vs in parts)
    short, hachure = short_path(data)
    if hachure:
        return
    # Segments of no length are left out, so each end must be near one of the shorter path's.
    there = ends(short)
    for x, y in ends(data):
        assert any(hypot(x - a, y - b) < 0.11 for a, b in there), (data, short)


def stroke(at: float, angle: float) -> str:
    dx, dy = 60 * cos(angle), 60 * sin(angle)
    x, y = at * sin(angle), -at * cos(angle)
    return (
        f"M{x} {y} C{x + dx / 3 + 1} {y + dy / 3}, {x + dx * 0.6} {y + dy * 0.6 + 1}, "
        f"{x + dx} {y + dy}"
    )


def test_a_hachure_loses_the_twin_of_each_stroke() -> None:
    data = " ".join(stroke(n * 6 + twin * 0.7, 0.8) for n in range(20) for twin in (0, 1))
    short, hachure = short_path(data)
    assert hachure
    assert short.lower().count("m") == 20
    assert len(short) < len(data) / 6


def test_an_outline_drawn_twice_stays_drawn_twice() -> None:
    sides = [stroke(0, a) for a in (0, 1.57, 3.14, 4.71) for _ in (0, 1)]
    short, hachure = short_path(" ".join(sides))
    assert not hachure
    assert short.lower().count("m") == 8


@pytest.mark.parametrize("data", ["", "L", "M1", "M1 1 C2 2", "Z", "M1e999 0L1 1"])
def test_malformed_paths_end_where_they_make_no_sense(data: str) -> None:
    assert "nan" not in short_path(data)[0] and "inf" not in short_path(data)[0]
