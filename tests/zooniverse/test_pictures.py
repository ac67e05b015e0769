# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
from __future__ import annotations

import base64
import gzip
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.zooniverse.diagram_types import TYPES
from zooniverse import pictures
from zooniverse.browser import find
from zooniverse.faces import Faces
from zooniverse.pictures import CANVAS, THEME, Drawing, Live, Picture, Studio, draw
from zooniverse.problems import Problem
from zooniverse.svg import letters

ROOT = Path(__file__).parents[2]
FONTS = ROOT / "docs/assets/vendor/diagram-fonts"
MERMAID = ROOT / "docs/assets/vendor/mermaid/mermaid.min.js"
BROWSER = find()

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True, scope="module")
def a_browser_is_found() -> None:
    assert BROWSER, "No Chrome or Chromium: run `python tools/browser.py --install`."


HOUSE = """\
---
title: "A block of the Transformer"
author: "Cong Le"
license(s): "MIT, CC BY 4.0"
config: {layout: elk, look: handDrawn}
---
flowchart TB
  x["Tokens x<br>(n, 512)"] --> e["Embedding + position"]
  e --> q["Queries, keys, values<br>3 × (n, 512)"]
  q --> a{"Masked?"}
  a -- "decoder" --> m["Masked self-attention"]
  a -- "encoder" --> s["Self-attention"]
  m --> n(["Add & norm"])
  s --> n
  n --> f["Feed-forward<br>max(0, xW<sub>1</sub> + b<sub>1</sub>)W<sub>2</sub>"]
  subgraph out["Output"]
    o(["Add & norm"]) --> y["Softmax over 37,000 tokens"]
  end
  f --> o
"""
DARK = "---\nconfig: {theme: dark, look: handDrawn}\n---\nflowchart LR\n  a --> b\n"
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    assert BROWSER, "No Chrome or Chromium: run `python tools/browser.py --install`."
    return Studio(MERMAID, FONTS, tmp_path_factory.mktemp("cache"), BROWSER)


def one(source: str, studio: Studio, **images: Path) -> Picture:
    result = draw([Drawing(source, images)], studio)[0]
    assert isinstance(result, Picture), result
    return result


@pytest.fixture(scope="module")
def several(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Everything that can be drawn at once, so that browsers start once."""
    dot = tmp_path_factory.mktemp("images") / "dot.png"
    dot.write_bytes(DOT)
    image = 'flowchart LR\n  a@{{ img: "{}", label: "Shown", w: 60, h: 60 }}\n  a --> b["Next"]\n'
    sources = {
        "house": Drawing(HOUSE),
        "dark": Drawing(DARK),
        "init": Drawing("%%{init: {'theme':\n 'forest'}}%%\nflowchart LR\n  a --> b\n"),
        "grammar": Drawing(
            "---\ntitle: x\n---\n%% one\n\nflowchart LR\n  %% two\n  a --> b\n  c[(\n"
        ),
        "unknown": Drawing("barchart\n  a: 1\n"),
        "front": Drawing("---\ntitle: a: b\n---\nflowchart LR\n  a --> b\n"),
        "elk": Drawing("---\nconfig: {layout: elk}\n---\nmindmap\n  root\n    a\n    b\n"),
        "local": Drawing(image.format("dot.png"), {"dot.png": dot}),
        "remote": Drawing(image.format("http://127.0.0.1:1/x.png")),
        "links": Drawing(
            'flowchart LR\n  a --> b --> c\n  click a "https://example.org/"\n'
            '  click b call steal()\n  click c "javascript:alert(1)"\n'
        ),
        "hostile": Drawing(
            "flowchart LR\n  a[\"<img src=x onerror='alert(1)'> "
            "<a href='javascript:alert(1)'>go</a> <script>alert(1)</script>end\"]\n"
        ),
        "ink": Drawing("flowchart LR\n  a[pale]:::p\n  classDef p fill:#ffe9c9\n"),
        "amber": Drawing(
            "%%{init: {'theme': 'base', 'themeVariables': {'primaryTextColor': '#F8B229', "
            "'secondaryColor': '#81c784', 'primaryColor': '#fc82', 'lineColor': '#F8B229'}}}%%\n"
            + image.format("x.png")
        ),
        "moving": Drawing("flowchart LR\n  a e1@--> b\n  e1@{ animate: true }\n"),
        "symbols": Drawing(
            'flowchart LR\n  a["Ăn uống gì chưa ngừi đẹp?"] --> b["x₁ √ Σ θ ∈ ℝⁿ"]\n'
        ),
        **{f"type {name}": Drawing(source) for name, source in TYPES.items()},
    }
    return dict(zip(sources, draw(list(sources.values()), studio), strict=True))


def test_a_house_diagram_is_small_and_needs_nothing_else(several: dict[str, Any]) -> None:
    house = several["house"]
    assert set(house.svg) == {"light", "dark"}
    assert house.title == "A block of the Transformer"
    assert house.kind == "Flowchart"
    assert house.label >= 11
    assert 200 < house.width < 700
    assert "Feed-forward max(0, xW1 + b1)W2" in house.labels
    assert "Tokens x (n, 512) to Embedding + position" in house.alternative
    assert "Masked? to Self-attention (encoder)" in house.alternative
    for svg in house.svg.values():
        assert len(gzip.compress(svg.encode())) < 40_000
        assert "foreignObject" not in svg
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", svg)
        assert house.title not in svg and "MIT" not in svg
        # Drawn by hand: strokes that are drawn twice, and hachures under the labels.
        assert svg.count("<path") > 20
    families = {family for family, _ in letters(house.svg["light"])}
    assert all(f"@font-face{{font-family:{family}" in house.svg["light"] for family in families)


def test_pictures_share_no_id(several: dict[str, Any]) -> None:
    seen: set[str] = set()
    for picture in several.values():
        if isinstance(picture, Picture):
            for svg in picture.svg.values():
                ids = set(re.findall(r'(?: id|class|font-family)="([^"]*)"', svg))
                assert not ids & seen
                seen |= ids
    assert len(seen) > 50


@pytest.mark.parametrize("name", TYPES)
def test_each_type_of_diagram_is_drawn(name: str, several: dict[str, Any]) -> None:
    picture = several[f"type {name}"]
    assert isinstance(picture, Picture), picture
    assert picture.labels or name == "math"
    assert picture.width > 20 and picture.height > 20


def test_a_theme_of_its_own_is_drawn_once_on_its_canvas(several: dict[str, Any]) -> None:
    assert dict(several["dark"].canvas) == {"own": CANVAS["dark"]}
    assert dict(several["init"].canvas) == {"own": CANVAS["light"]}
    assert list(several["dark"].svg) == ["own"]


def test_a_wrong_source_is_named_by_line_in_mermaids_words(several: dict[str, Any]) -> None:
    grammar = several["grammar"]
    assert isinstance(grammar, Problem)
    assert grammar.line in (9, 10)  # Mermaid names the line or the end of the text after it
    assert f"Parse error on line {grammar.line}" in grammar.message
    assert "\n" not in grammar.message
    assert several["unknown"] == replace(several["unknown"], line=1)
    assert "No diagram type detected" in several["unknown"].message
    assert several["front"].line == 2
    assert "front matter" in several["front"].message


def test_what_elk_cannot_lay_out_is_laid_out_otherwise(several: dict[str, Any]) -> None:
    (note,) = several["elk"].notes
    assert "layout failed" in note.message
    assert several["elk"].labels == ("root", "a", "b")
    assert several["house"].notes == ()


def test_a_local_image_is_set_and_a_remote_one_leaves_its_frame(several: dict[str, Any]) -> None:
    local, remote = several["local"], several["remote"]
    assert base64.b64encode(DOT).decode() in local.svg["light"]
    assert local.warnings == ()
    assert "<image" not in remote.svg["light"]
    assert 'stroke-dasharray="6 5"' in remote.svg["light"]
    (warning,) = remote.warnings
    assert warning.line == 2 and "http://127.0.0.1:1/x.png" in warning.message
    for picture in (local, remote):
        assert {"Shown", "Next"} <= set(picture.labels)
    assert abs(local.width - remote.width) < 2


def test_mermaid_is_told_to_be_strict() -> None:
    # What gets past it anyhow is stopped by shrink; this is the first of two doors.
    assert pictures._SETTINGS["securityLevel"] == "strict"


def test_links_lead_to_pages_and_callbacks_nowhere(several: dict[str, Any]) -> None:
    assert several["links"].links == ("https://example.org/",)
    assert 'href="https://example.org/"' in several["links"].svg["light"]
    for name in ("links", "hostile"):
        assert not re.search(r"steal|javascript|onerror|<script", several[name].svg["light"])
    assert "end" in " ".join(several["hostile"].labels)


def test_a_label_on_an_authors_fill_can_be_read_in_both_schemes(several: dict[str, Any]) -> None:
    for svg in several["ink"].svg.values():
        assert re.search(r'<text[^>]*fill="#10292d"', svg)


def test_a_label_that_its_own_background_hides_stands_on_the_canvas(
    several: dict[str, Any],
) -> None:
    assert dict(several["amber"].canvas) == {"own": CANVAS["dark"]}
    assert "#81c784" not in several["amber"].svg["own"]


def test_moving_edges_move(several: dict[str, Any]) -> None:
    assert "@keyframes" in several["moving"].svg["light"]
    assert "@keyframes" not in several["dark"].svg["own"]


def test_every_letter_has_a_font_that_travels_with_it(several: dict[str, Any]) -> None:
    faces = list(Faces(FONTS))
    for family in ("hand", "sans"):
        known = {c for face in faces if face.family == family for c in face.characters}
        assert not [
            c for c in "Ăn uống gì chưa ngừi đẹp? x₁ₙₘ √Σ∇∂θλ∈ℝ𝔼→≤×·∞" if ord(c) not in known
        ]
    svg = several["symbols"].svg["light"]
    ranges = "".join(re.findall(r"unicode-range:([^}]*)", svg))
    for character in "Ăốừẹ₁√Σθ∈ℝⁿ":
        number = ord(character)
        spans = [
            tuple(int(n, 16) for n in span.split("-"))
            for span in re.findall(r"U\+([0-9A-F-]+)", ranges)
        ]
        assert any(span[0] <= number <= span[-1] for span in spans), character


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, two: str) -> float:
    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_house_theme_can_be_read(scheme: str) -> None:
    theme = THEME[scheme]
    pairs = [(f"{n}TextColor", f"{n}Color") for n in ("primary", "secondary", "tertiary")]
    pairs += [("textColor", "clusterBkg"), ("noteTextColor", "noteBkgColor")]
    pairs += [(f"cScaleLabel{n}", f"cScale{n}") for n in range(12)]
    pairs += [(f"gitBranchLabel{n}", f"git{n}") for n in range(8)]
    pairs += [("lineColor", "background"), ("textColor", "background")]
    for text, back in pairs:
        assert contrast(theme[text], theme[back]) >= 4.5, (text, back)


def test_the_same_source_gives_the_same_bytes(
    several: dict[str, Any], studio: Studio, tmp_path: Path
) -> None:
    again = replace(studio, cache=tmp_path, workers=1)
    names = ["type gitgraph", "house", "type gantt"]
    drawings = [Drawing(HOUSE if n == "house" else TYPES[n.removeprefix("type ")]) for n in names]
    for name, picture in zip(names, draw(drawings, again), strict=True):
        assert picture == several[name]


def test_nothing_is_fetched(studio: Studio, tmp_path: Path) -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"http://127.0.0.1:{server.server_port}"
    try:
        one(
            f'flowchart LR\n  a@{{ img: "{host}/img.png", label: "x" }}\n'
            f"  b[\"<img src='{host}/label.png'>\"]\n",
            studio,
        )
        # And if a later Mermaid wanted something from outside:
        curious = fake(tmp_path, f"await fetch('{host}/data').catch(() => 0)")
        # Chromium's own door between the internet and this machine is held open.
        flags = "--disable-web-security --disable-features=LocalNetworkAccessChecks"
        ajar = f'exec {BROWSER} "$@" {flags}'
        wrapped = browser(tmp_path, ajar, ajar)
        one("x", replace(studio, mermaid=curious, cache=tmp_path, browser=wrapped))
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []


def test_too_long_a_source_is_not_tried(studio: Studio) -> None:
    (problem,) = draw([Drawing("flowchart LR\n" + "%% x\n" * 10_001)], studio)
    assert isinstance(problem, Problem) and "50,018 characters" in problem.message


def fake(tmp_path: Path, parse: str) -> Path:
    """A Mermaid whose ``parse`` does this, and which draws a single square."""
    script = tmp_path / "fake.js"
    script.write_text(
        "const mermaid = {initialize() {}, async parse(text) {" + parse + "; return {}}, async "
        "render() { return {svg: `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>"
        "<rect width='9' height='9'/></svg>`} }}"
    )
    return script


def browser(tmp_path: Path, first: str, later: str) -> str:
    """A browser that starts one way the first time and another way later."""
    script = tmp_path / "browser.sh"
    script.write_text(
        f'#!/bin/sh\nif mkdir "{tmp_path}/started" 2>/dev/null; then {first}; else {later}; fi\n'
    )
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize("hang", ["while (true) {}", "await new Promise(() => {})"])
def test_a_picture_that_takes_too_long_is_given_up(
    hang: str, studio: Studio, tmp_path: Path
) -> None:
    parse = f"if (text.includes('slow')) {{ {hang} }}"
    short = replace(studio, mermaid=fake(tmp_path, parse), cache=tmp_path, slowest=1.0, workers=1)
    drawings = [Drawing("slow"), Drawing("quick")]
    slow, quick = draw(drawings, short)
    assert isinstance(slow, Problem) and "longer than 1 s" in slow.message
    assert isinstance(quick, Picture)
    # Another day it may be quick enough, so only the picture is remembered.
    assert len(list(tmp_path.glob("*.json"))) == 1


def test_a_browser_that_dies_is_replaced_once(studio: Studio, tmp_path: Path) -> None:
    parse = "if (navigator.userAgent === 'first') await new Promise(() => {})"
    dies = f'exec timeout -s KILL 4 {BROWSER} --user-agent=first "$@"'
    wrapped = browser(tmp_path, dies, f'exec {BROWSER} "$@"')
    new = replace(studio, mermaid=fake(tmp_path, parse), cache=tmp_path, browser=wrapped)
    assert isinstance(draw([Drawing("x")], new)[0], Picture)
    assert (tmp_path / "started").is_dir()


def test_a_browser_that_fails_twice_leaves_it_to_the_readers(
    studio: Studio, tmp_path: Path
) -> None:
    wrapped = browser(tmp_path, "exit 1", "exit 1")
    (result,) = draw([Drawing("x")], replace(studio, cache=tmp_path, browser=wrapped))
    assert isinstance(result, Live) and "failed twice" in result.reason
    assert not list(tmp_path.glob("*.json"))


def test_without_a_browser_the_cache_still_gives(several: dict[str, Any], studio: Studio) -> None:
    known, new = draw(
        [Drawing(HOUSE), Drawing("flowchart LR\n  new")], replace(studio, browser=None)
    )
    assert known == several["house"]
    assert isinstance(new, Live)


def test_problems_are_remembered_too(several: dict[str, Any], studio: Studio) -> None:
    (problem,) = draw([Drawing("barchart\n  a: 1\n")], replace(studio, browser=None))
    assert problem == several["unknown"]


@pytest.mark.parametrize(
    "tear",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"Tokens", b"Spoken"),
        lambda data: b"foreign",
        lambda data: b"0" * 64 + b"\n{}",
    ],
)
def test_a_torn_or_foreign_file_is_drawn_again(
    tear: Any, several: dict[str, Any], studio: Studio, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    name = f"{several['house'].key}.json"
    cache.mkdir()
    (cache / name).write_bytes(tear((studio.cache / name).read_bytes()))
    (left,) = draw([Drawing(HOUSE)], replace(studio, cache=cache, browser=None))
    assert isinstance(left, Live)


def test_a_well_signed_file_of_another_shape_is_no_picture(
    several: dict[str, Any], studio: Studio, tmp_path: Path
) -> None:
    from hashlib import sha256

    data = json.dumps({"Picture": {"svg": "x"}}).encode()
    name = f"{several['house'].key}.json"
    (tmp_path / name).write_bytes(sha256(data).hexdigest().encode() + b"\n" + data)
    (left,) = draw([Drawing(HOUSE)], replace(studio, cache=tmp_path, browser=None))
    assert isinstance(left, Live)


def test_the_key_is_all_that_determines_the_picture(
    several: dict[str, Any], studio: Studio, tmp_path: Path
) -> None:
    offline = replace(studio, browser=None)
    assert isinstance(draw([Drawing(HOUSE)], offline)[0], Picture)
    changed = tmp_path / "mermaid.js"
    changed.write_bytes(MERMAID.read_bytes() + b" ")
    assert isinstance(draw([Drawing(HOUSE)], replace(offline, mermaid=changed))[0], Live)
    assert isinstance(draw([Drawing(HOUSE + " ")], offline)[0], Live)
    assert isinstance(draw([Drawing(HOUSE, {"a.png": tmp_path})], offline)[0], Live)


RACE = """
import sys
from pathlib import Path
from zooniverse.pictures import Drawing, Picture, Studio, draw
mermaid, fonts, cache, browser = sys.argv[1:]
studio = Studio(Path(mermaid), Path(fonts), Path(cache), browser, workers=1)
made = draw([Drawing(f"x{n}") for n in range(25)], studio)
assert all(isinstance(each, Picture) for each in made), made
"""


def test_two_builds_at_once_and_one_killed_leave_no_torn_file(
    studio: Studio, tmp_path: Path
) -> None:
    script, cache = fake(tmp_path, ""), tmp_path / "cache"
    command = [sys.executable, "-c", RACE, str(script), str(FONTS), str(cache), str(BROWSER)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [subprocess.Popen(command, env=env) for _ in range(3)]
    while running[0].poll() is None and not list(cache.glob("*.json")):
        pass
    running[0].kill()
    assert [process.wait() for process in running[1:]] == [0, 0]
    running[0].wait()
    drawings = [Drawing(f"x{n}") for n in range(25)]
    again = replace(studio, mermaid=script, cache=cache, browser=None)
    assert all(isinstance(each, Picture) for each in draw(drawings, again))
    assert len(list(cache.glob("*.json"))) == 25


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def test_as_an_image_it_has_its_fonts_and_no_label_is_cut(
    several: dict[str, Any], page: Page
) -> None:
    house = several["house"]
    svg = house.svg["light"]
    page.set_content(svg)
    page.evaluate("document.fonts.ready")
    boxes = page.evaluate(
        """() => {
          const svg = document.querySelector("svg"), out = svg.getBoundingClientRect()
          return [...svg.querySelectorAll("text")].map(text => {
            const box = text.getBoundingClientRect()
            return [box.left - out.left, box.top - out.top,
                    out.right - box.right, out.bottom - box.bottom]
          })
        }"""
    )
    assert len(boxes) > 10
    assert all(min(box) >= -0.5 for box in boxes)
    # In an <img> the fonts must come from the picture itself: without them it looks different.
    bare = re.sub(r"<style>@font-face.*?</style>", "", svg)
    shots = []
    for text in (svg, bare):
        data = base64.b64encode(text.encode()).decode()
        page.set_content(f'<img width="{house.width}" src="data:image/svg+xml;base64,{data}">')
        page.wait_for_function("document.images[0].complete")
        shots.append(page.locator("img").screenshot())
    assert shots[0] != shots[1]


def test_drawing_works_where_an_event_loop_is_running(
    page: Page, several: dict[str, Any], studio: Studio
) -> None:
    # Playwright's own fixture runs one in this very thread; so does more than one build tool.
    assert isinstance(draw([Drawing(DARK + "%% again")], studio)[0], Picture)
