# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Draws Mermaid sources into SVG pictures, once: in a headless browser, offline, into a cache.

A picture is the same bytes whenever the same source is drawn with the same Mermaid, fonts and
code. It needs nothing from the page: its fonts are cut to its letters and travel inside it, its
labels are SVG text, its styles are attributes.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import mimetypes
import os
import re
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin

import yaml

from zooniverse.browser import WITHOUT
from zooniverse.faces import FAMILIES, Faces
from zooniverse.problems import Problem
from zooniverse.svg import UnsafeSvgError, letters, shrink

Scheme = Literal["light", "dark", "own"]

LONGEST = 50_000  # characters of a source
SLOWEST = 20.0  # seconds for a picture
FRONT_MATTER = "the diagram's front matter"  # how a problem begins that is found before drawing

# What a picture lies on. A diagram with a theme of its own gets one of the two, whatever the
# scheme of the page: the one on which its own colours are read best.
CANVAS: Mapping[str, str] = {"light": "#ffffff", "dark": "#1c2126"}


def _theme(
    *,
    canvas: str,
    ink: str,
    main: tuple[str, str, str],
    accent: tuple[str, str, str],
    third: tuple[str, str, str],
    group: tuple[str, str],
    line: str,
    scale: Sequence[str],
    strong: Sequence[str],
    dark: bool,
) -> dict[str, Any]:
    """Mermaid's theme variables; three colours are fill, border and text."""
    colours: dict[str, Any] = {
        "darkMode": dark,
        "background": canvas,
        "textColor": ink,
        "titleColor": ink,
        "lineColor": line,
        "edgeLabelBackground": canvas,
        "clusterBkg": group[0],
        "clusterBorder": group[1],
        "noteBkgColor": accent[0],
        "noteBorderColor": accent[1],
        "noteTextColor": accent[2],
        "commitLabelFontSize": "12px",
        "tagLabelFontSize": "12px",
        "pieStrokeColor": canvas,
        "pieOuterStrokeColor": main[1],
        "pieOpacity": "1",
        "pieSectionTextColor": ink,
        "xyChart": {"plotColorPalette": ", ".join(strong)},
        "radar": {"axisColor": group[1], "graticuleColor": group[1], "graticuleOpacity": 0.25},
        "packet": {
            "blockFillColor": main[0],
            "blockStrokeColor": main[1],
            "labelColor": main[2],
            "titleColor": ink,
            "startByteColor": ink,
            "endByteColor": ink,
        },
    }
    for name, (fill, border, text) in zip(
        ("primary", "secondary", "tertiary"), (main, accent, third), strict=True
    ):
        colours |= {f"{name}Color": fill, f"{name}BorderColor": border, f"{name}TextColor": text}
    for number in range(12):
        fill = scale[number % len(scale)]
        colours |= {
            f"cScale{number}": fill,
            f"cScaleLabel{number}": ink,
            f"cScalePeer{number}": main[1],
            f"cScaleInv{number}": main[1],
            f"pie{number + 1}": fill,
        }
    for number in range(8):
        colours |= {
            f"git{number}": strong[number % len(strong)],
            f"gitBranchLabel{number}": canvas,
            f"gitInv{number}": canvas,
        }
    return colours


# The house's colours: deep teal and ink, with amber for the arrows and what is set apart. Text on
# its fill, and lines and text on the canvas, have a contrast of more than 4.5 to 1.
THEME: Mapping[str, Mapping[str, Any]] = {
    "light": _theme(
        canvas=CANVAS["light"],
        ink="#10292d",
        main=("#d9ecea", "#1d6b70", "#10292d"),
        accent=("#fbe8cf", "#a85a14", "#33200b"),
        third=("#e9edf5", "#5a6a85", "#1c2836"),
        group=("#f5f1e9", "#b7a98d"),
        line="#a85a14",
        scale=("#bfe0dd", "#fbdcb4", "#d5deef", "#f3cfc6", "#d9e6c0", "#e3d5ec"),
        strong=("#1d6b70", "#a85a14", "#4a5f8f", "#a8453a", "#5b7a2c", "#7a4f93"),
        dark=False,
    ),
    "dark": _theme(
        canvas=CANVAS["dark"],
        ink="#eef6f5",
        main=("#1f474b", "#6fbfc0", "#eef6f5"),
        accent=("#4d3720", "#e2a663", "#fbf0e2"),
        third=("#2f3a4b", "#93a4bd", "#eaf0f8"),
        group=("#262b2e", "#7d766a"),
        line="#e2a663",
        scale=("#23585c", "#6a4a22", "#3a4a6b", "#6b362e", "#465a24", "#55406a"),
        strong=("#6fbfc0", "#e2a663", "#9fb2dd", "#e79a8e", "#b3cc80", "#c7a5dd"),
        dark=True,
    ),
}

_SETTINGS: Mapping[str, Any] = {
    "startOnLoad": False,
    "securityLevel": "strict",
    "suppressErrorRendering": True,
    "handDrawnSeed": 1,
    "deterministicIds": True,
    "deterministicIDSeed": "zoo",
    "maxTextSize": LONGEST,
    "maxEdges": 2000,
    "flowchart": {"wrappingWidth": 240, "padding": 10},
}

# What only drawing needs; a site is built from the cache, or live, without them.
_DRIVERS = ("playwright", "fontTools", "brotli")
_HERE = "http://diagrams.invalid/"
_SCRIPT = Path(__file__).with_name("pictures.js")
_CODE = (Path(__file__), _SCRIPT, *(Path(__file__).with_name(n) for n in ("svg.py", "faces.py")))
_FLAGS = [
    WITHOUT,
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-extensions",
]
# A link in a label has the label's colour, not the browser's blue.
_PAGE = "<!doctype html><meta charset=utf-8><style>a{color:inherit}</style><body></body>"
_FRAME = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="120" viewBox="0 0 160 120"></svg>'
)


@dataclass(frozen=True)
class Drawing:
    """A Mermaid source to draw.

    Attributes:
        source: The block's text, with its front matter.
        images: The file for each image address in the source that may be shown. Any other address
            leaves an empty frame.
    """

    source: str
    images: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """A drawn diagram.

    Attributes:
        svg: The SVG for each scheme: ``light`` and ``dark``, or ``own`` where the source states
            its theme.
        canvas: The colour that each of them lies on.
        width: Width in CSS px, the same for each scheme up to a pixel.
        height: Height in CSS px.
        label: Size in CSS px of the smallest label when the picture is shown at its width, or None
            where it has none.
        title: The title of the front matter, which is not drawn.
        kind: What sort of diagram it is, as a reader calls it.
        labels: The texts in the picture, each once.
        alternative: What the picture shows, in words.
        links: The addresses that its parts link to.
        warnings: What a reader misses in it.
        notes: What was done otherwise than the source asked.
        key: Name of the picture, by everything that determines it.
    """

    svg: Mapping[str, str]
    canvas: Mapping[str, str]
    width: int
    height: int
    label: float | None
    title: str
    kind: str
    labels: tuple[str, ...]
    alternative: str
    links: tuple[str, ...]
    warnings: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    key: str


@dataclass(frozen=True)
class Live:
    """No picture, through no fault of the source: the reader's browser draws it.

    Attributes:
        reason: Why, in a few words.
    """

    reason: str


@dataclass(frozen=True)
class Studio:
    """Where pictures are drawn and kept.

    Attributes:
        mermaid: The vendored ``mermaid.min.js``.
        fonts: The folder of the vendored fonts.
        cache: The folder for what was drawn; made where it is missing.
        browser: The executable of Chrome or Chromium, or None to use what the cache has.
        workers: How many pictures are drawn at the same time.
        slowest: Seconds that a picture may take.
    """

    mermaid: Path
    fonts: Path
    cache: Path
    browser: str | None
    workers: int = 2
    slowest: float = SLOWEST

    @cached_property
    def tools(self) -> bytes:
        """Checksum of Mermaid, the fonts and this code."""
        parts = [hashlib.sha256(path.read_bytes()).digest() for path in (self.mermaid, *_CODE)]
        return b"".join(parts) + Faces.checksum(self.fonts).encode("ascii")


def draw(drawings: Sequence[Drawing], studio: Studio) -> list[Picture | Problem | Live]:
    """Return a picture for each drawing: from the cache, or drawn now.

    A source that is wrong gives the problem instead; its line counts the source's first as 1.
    """
    results: dict[int, Picture | Problem | Live] = {}
    missing: dict[str, list[int]] = {}
    keys = [_key(drawing, studio) for drawing in drawings]
    for index, (drawing, key) in enumerate(zip(drawings, keys, strict=True)):
        known = _recall(studio.cache, key)
        if known is not None:
            results[index] = known
        elif len(drawing.source) > LONGEST:
            results[index] = Problem(
                1,
                f"the diagram has {len(drawing.source):,} characters, more than {LONGEST:,}",
                "Split it into several",
            )
        elif studio.browser is None or not all(map(find_spec, _DRIVERS)):
            results[index] = Live("no browser to draw with")
        else:
            missing.setdefault(key, []).append(index)
    if missing:
        work = {key: drawings[places[0]] for key, places in missing.items()}
        # In a thread of its own, since the caller's may have an event loop already.
        with ThreadPoolExecutor(1) as thread:
            made = thread.submit(lambda: asyncio.run(_draw_all(work, studio))).result()
        for key, places in missing.items():
            results |= dict.fromkeys(places, made[key])
    return [results[index] for index in range(len(drawings))]


# What Mermaid is given ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Parts:
    """A source taken apart: Mermaid counts lines without what it takes out first."""

    title: str
    head: str
    body: str
    lines: tuple[int, ...]  # of the source, for each line of the body
    own: bool

    def line(self, number: int | None) -> int | None:
        """The source's line for a line that Mermaid names."""
        if number is None or not self.lines:
            return None
        return self.lines[min(max(number, 1), len(self.lines)) - 1]


_FRONT = re.compile(
    r"\A\s*^[ \t]*---[ \t]*\n(.*?)^[ \t]*---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
_DIRECTIVE = re.compile(r"%%\{.*?\}%%", re.DOTALL)
_COMMENT = re.compile(r"\s*%%(?!\{)")
_OWN = re.compile(r"""["']?\b(?:theme|themeVariables|themeCSS|darkMode)\b["']?\s*:""")


def _take_apart(source: str) -> _Parts | Problem:
    text = source.replace("\r\n", "\n").replace("\r", "\n")
    front = _FRONT.match(text)
    data: Any = {}
    if front:
        try:
            data = yaml.safe_load(front[1])
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            before = text[: front.start(1)].count("\n")
            reason = getattr(error, "problem", None) or "it cannot be read"
            return Problem(
                before + 1 + (mark.line if mark else 0),
                f"{FRONT_MATTER} is no YAML: {reason}",
                "Correct it, for example by quoting the value",
            )
        # Lines keep their numbers while parts are taken out.
        text = "\n" * text[: front.end()].count("\n") + text[front.end() :]
    data = data if isinstance(data, dict) else {}
    config = data.get("config") if isinstance(data.get("config"), dict) else {}
    directives = [found[0].replace("\n", " ") for found in _DIRECTIVE.finditer(text)]
    text = _DIRECTIVE.sub(lambda found: "\n" * found[0].count("\n"), text)
    kept = [
        (number, line)
        for number, line in enumerate(text.split("\n"), start=1)
        if not _COMMENT.match(line)
    ]
    while kept and not kept[0][1].strip():
        kept.pop(0)
    head = {"config": config} | (
        {"displayMode": data["displayMode"]} if "displayMode" in data else {}
    )
    title = data.get("title")
    return _Parts(
        title="" if title is None else str(title).strip(),
        # JSON is YAML, and on one line it holds nothing that could end the front matter.
        head=f"---\n{json.dumps(head, default=str)}\n---\n" + "".join(f"{d}\n" for d in directives),
        body="\n".join(line for _, line in kept),
        lines=tuple(number for number, _ in kept),
        own=bool(_OWN.search(json.dumps(config, default=str)) or _OWN.search("".join(directives))),
    )


def title_and_theme(source: str) -> tuple[str, bool]:
    """Return the title that a source's front matter states, and whether it has its own theme."""
    parts = _take_apart(source)
    return ("", False) if isinstance(parts, Problem) else (parts.title, parts.own)


# Drawing -----------------------------------------------------------------------------------------


async def _draw_all(
    work: Mapping[str, Drawing], studio: Studio
) -> dict[str, Picture | Problem | Live]:
    from playwright.async_api import async_playwright

    faces = await asyncio.to_thread(Faces, studio.fonts)
    waiting = list(work.items())[::-1]
    made: dict[str, Picture | Problem | Live] = {}
    async with async_playwright() as playwright:

        async def worker() -> None:
            easel = _Easel(playwright.chromium, studio, faces)
            try:
                while waiting:
                    key, drawing = waiting.pop()
                    result = await _draw_one(key, drawing, easel, faces)
                    made[key] = result
                    if not isinstance(result, Live):
                        await asyncio.to_thread(_remember, studio.cache, key, result)
            finally:
                await easel.close()

        await asyncio.gather(*(worker() for _ in range(min(studio.workers, len(work)))))
    return made


async def _draw_one(
    key: str, drawing: Drawing, easel: _Easel, faces: Faces
) -> Picture | Problem | Live:
    parts = _take_apart(drawing.source)
    if isinstance(parts, Problem):
        return parts
    known = {url: _data_uri(path) for url, path in drawing.images.items() if path.is_file()}
    schemes: tuple[Scheme, ...] = ("own",) if parts.own else ("light", "dark")
    drawn: dict[Scheme, dict[str, Any]] = {}
    for scheme in schemes:
        theme = {} if scheme == "own" else {"theme": "base", "themeVariables": THEME[scheme]}
        job = {
            "head": parts.head,
            "body": parts.body,
            "config": {**_SETTINGS, **theme},
            "images": known,
            "own": parts.own,
            "canvas": CANVAS.get(scheme),
        }
        answer = await easel.draw(job)
        if isinstance(answer, Live):
            return answer
        if answer is None:
            return _TooSlow(easel.slowest)
        if "error" in answer:
            return _refusal(answer["error"], parts)
        drawn[scheme] = answer
    try:
        svgs: dict[str, str] = {
            scheme: await asyncio.to_thread(_finish, answer["svg"], f"z{key[:7]}{scheme[0]}", faces)
            for scheme, answer in drawn.items()
        }
    except UnsafeSvgError as error:
        return Problem(
            None, f"the diagram's picture cannot be used: {error}", "Simplify its labels"
        )
    first = drawn[schemes[0]]
    warnings, notes = _remarks(first["warnings"], drawing.source)
    kind = _KINDS.get(first["type"], first["type"].partition("-")[0].capitalize() + " diagram")
    return Picture(
        svg=svgs,
        canvas={s: drawn[s]["canvas"] or CANVAS[s] for s in schemes},
        width=first["width"],
        height=first["height"],
        label=first["label"],
        title=parts.title,
        kind=kind,
        labels=tuple(first["labels"]),
        alternative=first["description"] or _in_words(kind, first["edges"], first["labels"]),
        links=tuple(first["links"]),
        warnings=warnings,
        notes=notes,
        key=key,
    )


def _finish(svg: str, prefix: str, faces: Faces) -> str:
    small = shrink(svg, prefix)
    css = faces.css(letters(small), prefix)
    start = small.index(">") + 1
    return f"{small[:start]}<style>{css}</style>{small[start:]}" if css else small


class _Easel:
    """A browser with a page that draws; replaced when it hangs or dies."""

    def __init__(self, chromium: Any, studio: Studio, faces: Faces) -> None:
        self._chromium = chromium
        self._studio = studio
        self._faces = faces
        self._browser: Any = None
        self._page: Any = None
        self._images: dict[str, str] = {}
        self.slowest = studio.slowest

    async def draw(self, job: Mapping[str, Any]) -> dict[str, Any] | Live | None:
        """Return what ``drawPicture`` answers, or None when it takes too long."""
        from playwright.async_api import Error

        self._images = {urljoin(_HERE, url): data for url, data in job["images"].items()}
        reason = ""
        for _ in range(2):
            try:
                if self._page is None:
                    await self._open()
                answer: dict[str, Any] = await asyncio.wait_for(
                    self._page.evaluate("job => drawPicture(job)", job), self._studio.slowest
                )
                return answer
            except TimeoutError:
                await self.close()
                return None
            except Error as error:
                reason = str(error).strip().partition("\n")[0]
                await self.close()
        return Live(f"the browser failed twice: {reason}")

    async def _open(self) -> None:
        self._browser = await self._chromium.launch(
            executable_path=self._studio.browser, args=_FLAGS
        )
        page = await self._browser.new_page(viewport={"width": 1000, "height": 800})
        await page.route("**/*", self._answer)
        await page.goto(_HERE)
        await page.add_script_tag(path=str(self._studio.mermaid))
        await page.add_script_tag(path=str(_SCRIPT))
        await page.evaluate(
            "([aliases, faces]) => prepareFonts(aliases, faces)",
            [
                FAMILIES,
                [
                    {
                        "family": f.family,
                        "weight": str(f.weight),
                        "range": f.unicode_range,
                        "url": f.url,
                    }
                    for f in self._faces
                ],
            ],
        )
        self._page = page

    async def _answer(self, route: Any) -> None:
        """Nothing outside is reached: the page, the known images, a frame for the others."""
        url = route.request.url
        if url == _HERE:
            await route.fulfill(content_type="text/html", body=_PAGE)
        elif url in self._images:
            kind, _, data = self._images[url].removeprefix("data:").partition(";base64,")
            await route.fulfill(content_type=kind, body=base64.b64decode(data))
        elif route.request.resource_type == "image":
            await route.fulfill(content_type="image/svg+xml", body=_FRAME)
        else:
            await route.abort()

    async def close(self) -> None:
        browser, self._browser, self._page = self._browser, None, None
        if browser is not None:
            await _quietly(browser.close)


async def _quietly(close: Callable[[], Awaitable[None]]) -> None:
    from playwright.async_api import Error

    # Where this fails, it is gone, or goes when Playwright does.
    with suppress(Error, TimeoutError):
        await asyncio.wait_for(close(), 5)


def _data_uri(path: Path) -> str:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


# What is said about a drawing --------------------------------------------------------------------


class _TooSlow(Problem):
    """Not remembered: another day, or another machine, may be quicker."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            1,
            f"the diagram takes longer than {seconds:g} s to draw",
            "Make it smaller, or split it",
        )


def _refusal(error: Mapping[str, Any], parts: _Parts) -> Problem:
    line = parts.line(error["line"])
    message = str(error["message"])
    if line is not None:
        message = re.sub(r"(?i)\b(line:?\s+)\d+", rf"\g<1>{line}", message, count=1)
    if len(message) > 260:
        message = f"{message[:150].rstrip()} … {message[-100:].lstrip()}"
    message = message.rstrip(". ")
    return Problem(
        line or (parts.lines[0] if parts.lines else 1),
        f"Mermaid cannot draw the diagram: {message}",
        "Correct the source; https://mermaid.live shows it as you type",
    )


def _remarks(
    raw: Sequence[Sequence[str]], source: str
) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    warnings: list[Problem] = []
    notes: list[Problem] = []
    for kind, what, *rest in raw:
        if kind == "image":
            line = next((n for n, t in enumerate(source.splitlines(), 1) if what in t), None)
            warnings.append(
                Problem(
                    line,
                    f"the image {what} is not on this site, so its frame stays empty",
                    "Put the file beside the page and name it by its relative path",
                )
            )
        else:
            why = rest[0][:120] if rest else ""
            notes.append(
                Problem(
                    None,
                    f"the diagram's layout failed ({why}), so it is drawn with {what}",
                    f"State layout: {what} in its front matter",
                )
            )
    return tuple(dict.fromkeys(warnings)), tuple(notes)


_KINDS = {
    "flowchart-v2": "Flowchart", "flowchart": "Flowchart", "graph": "Flowchart",
    "flowchart-elk": "Flowchart", "sequence": "Sequence diagram", "class": "Class diagram",
    "classDiagram": "Class diagram", "state": "State diagram", "stateDiagram": "State diagram",
    "er": "Entity-relationship diagram", "gantt": "Gantt chart", "pie": "Pie chart",
    "gitGraph": "Git graph", "mindmap": "Mind map", "timeline": "Timeline",
    "quadrantChart": "Quadrant chart", "xychart": "Chart", "sankey": "Sankey diagram",
    "journey": "User journey", "requirement": "Requirement diagram", "c4": "C4 diagram",
}  # fmt: skip


def _in_words(kind: str, edges: Sequence[Sequence[str]], labels: Sequence[str]) -> str:
    steps = [f"{a} to {b}" + (f" ({by})" if by else "") for a, by, b in edges]
    text = f"{kind}: " + "; ".join(steps or labels) if steps or labels else kind
    if len(text) > 800:
        text = text[:800].rpartition("; ")[0] + f"; … ({len(steps or labels)} in all)"
    return text + "."


# The cache ---------------------------------------------------------------------------------------


def _key(drawing: Drawing, studio: Studio) -> str:
    parts = [studio.tools, drawing.source.encode("utf-8", "surrogatepass")]
    for url, path in sorted(drawing.images.items()):
        parts += [url.encode(), path.read_bytes() if path.is_file() else b""]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def _remember(cache: Path, key: str, result: Picture | Problem) -> None:
    """Write one file whole or not at all; the last of several writers wins, with the same bytes."""
    if isinstance(result, _TooSlow):
        return
    body = json.dumps({type(result).__name__: asdict(result)}, ensure_ascii=False, sort_keys=True)
    data = body.encode()
    cache.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=cache, prefix=f"{key[:12]}-", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(hashlib.sha256(data).hexdigest().encode() + b"\n" + data)
        Path(name).replace(cache / f"{key}.json")
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _recall(cache: Path, key: str) -> Picture | Problem | None:
    """Read what was remembered; a torn or foreign file is as good as none."""
    try:
        checksum, _, data = (cache / f"{key}.json").read_bytes().partition(b"\n")
        if hashlib.sha256(data).hexdigest().encode() != checksum:
            return None
        body = json.loads(data)
        if "Problem" in body:
            return Problem(**body["Problem"])
        picture = body["Picture"]
        for name in ("warnings", "notes"):
            picture[name] = tuple(Problem(**each) for each in picture[name])
        for name in ("labels", "links"):
            picture[name] = tuple(picture[name])
        return Picture(**picture)
    except (OSError, ValueError, TypeError, KeyError):
        return None
