# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Measures what diagrams cost beside the stock set-up, and how fast models are beside references.

Prints tables in Markdown. The stock set-up is Material and mkdocs-mermaid2-plugin with the same
Mermaid, served from the site; the plain page is the same text on Material without diagrams. Read
docs/Project/Performance.md for what the figures mean. Figures differ from machine to machine; those
of one run may be compared.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from mkdocs.config import load_config
from playwright.sync_api import Browser, sync_playwright

from zooniverse.browser import find
from zooniverse.pictures import Drawing, Picture, Studio, draw

ROOT = Path(__file__).resolve().parent.parent
MERMAID = "assets/vendor/mermaid/mermaid.min.js"
SLOWER = 4  # times slower than this machine's processor
PAGES = 300

MATERIAL = """\
site_name: Bench
theme: {name: material, font: false, features: [navigation.instant]}
extra: {generator: false}
"""
FEATURES = ("features", "palette")  # of the theme, as this site has them
FENCES = """\
markdown_extensions:
  - tables
  - pymdownx.superfences:
      custom_fences:
        - name: mermaid
          class: mermaid
          format: !!python/name:pymdownx.superfences.fence_div_format
"""
MERMAID2 = f"""\
plugins:
  - search
  - mermaid2: {{version: 12.3.0, javascript: {MERMAID}}}
"""
OBSERVE = """window.shift = 0; window.blocked = 0
new PerformanceObserver(list => { for (const e of list.getEntries())
  if (!e.hadRecentInput) window.shift += e.value }).observe({type: "layout-shift", buffered: true})
new PerformanceObserver(list => { for (const e of list.getEntries())
  window.blocked += e.duration - 50 }).observe({type: "longtask", buffered: true})"""


def large_diagram() -> str:
    """Sixty nodes in three groups, with a theme of its own, as the founding README has one."""
    lines = ["flowchart LR"]
    for group in range(3):
        lines.append(f'  subgraph g{group}["Part {group + 1}"]')
        for node in range(20):
            name = f"n{group * 20 + node}"
            lines.append(f'    {name}["Layer {group * 20 + node + 1}<br>Add & Norm"]')
        lines.append("  end")
    lines += [f"  n{n} --> n{n + 1}" for n in range(59)]
    lines += [f"  n{n} -. skip .-> n{n + 3}" for n in range(0, 54, 6)]
    head = 'title: "Sixty layers"\nconfig: {layout: elk, look: handDrawn, theme: dark}'
    return f"---\n{head}\n---\n" + "\n".join(lines)


def small_diagram(number: int) -> str:
    """Ten nodes, different for each number."""
    lines = [f'  a{n}["Step {n} of {number}"] --> a{n + 1}' for n in range(9)]
    head = "config: {layout: elk, look: handDrawn, handDrawnSeed: 1}"
    return f"---\n{head}\n---\nflowchart TB\n" + "\n".join(lines)


def page_text(*, diagrams: bool) -> str:
    """The project's README, and two diagrams between its parts."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^!\[.*\n", "", text)
    text = re.sub(r"\]\((?!https?:|#)[^)]*\)", "](https://example.org/)", text)
    parts = text.split("\n## ")
    if diagrams:
        parts[4] += f"\n```mermaid\n{large_diagram()}\n```\n"
        parts[-1] += f"\n```mermaid\n{small_diagram(1)}\n```\n"
    return "\n## ".join(parts)


# Sites -------------------------------------------------------------------------------------------


def site(folder: Path, settings: str, pages: dict[str, str], *, ours: bool = False) -> float:
    """Build a site into ``folder/site`` and return the seconds that it took."""
    docs = folder / "docs"
    docs.mkdir(parents=True)
    if ours:
        shutil.copytree(ROOT / "docs" / "assets", docs / "assets")
        for name in ("hooks", "overrides", "CONTRIBUTING.md", "LICENSE-MIT", "LICENSE-CC-BY-4.0"):
            (folder / name).symlink_to(ROOT / name)
    else:
        target = docs / MERMAID
        target.parent.mkdir(parents=True)
        shutil.copyfile(ROOT / "docs" / MERMAID, target)
    for name, text in pages.items():
        path = docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "mkdocs.yml").write_text(settings, encoding="utf-8")
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "-q", "-f", str(folder / "mkdocs.yml")],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder; yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


# Visits ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Visit:
    """What one visit to a page cost: KiB are of bodies as gzip makes them, times in ms."""

    first_kib: float
    first_requests: int
    all_kib: float
    blocked: float
    shift: float


def visit(browser: Browser, address: str, path: str) -> Visit:
    """Open a page, wait, scroll through it, wait."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme="light")
    page = context.new_page()
    sizes: dict[str, int] = {}

    def note(response: Any) -> None:
        if response.url.startswith(address) and response.ok:
            body = response.body()
            packed = re.search(r"\.(woff2|png)$", response.url.split("?")[0])
            sizes[response.url] = len(body) if packed else len(gzip.compress(body, 9))

    answers: list[Any] = []
    context.on("response", lambda answer: answers.append(answer))
    page.add_init_script(OBSERVE)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(address + path, wait_until="load", timeout=120_000)
    page.wait_for_timeout(3000)
    for answer in answers:
        note(answer)
    first_kib, first_requests = sum(sizes.values()) / 1024, len(sizes)
    height = page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, height, 600):
        page.evaluate("top => window.scrollTo(0, top)", top)
        page.wait_for_timeout(250)
    page.wait_for_timeout(2000)
    for answer in answers:
        note(answer)
    blocked, shift = page.evaluate("[window.blocked, window.shift]")
    context.close()
    return Visit(first_kib, first_requests, sum(sizes.values()) / 1024, blocked, shift)


def visits(browser: Browser, folders: dict[str, tuple[Path, str]], times: int) -> dict[str, Visit]:
    """Visit each site in turn, several times; return the medians."""
    found: dict[str, list[Visit]] = {name: [] for name in folders}
    for _ in range(times):
        for name, (folder, path) in folders.items():
            with served(folder) as address:
                found[name].append(visit(browser, address, path))
                print(f"  {name}: {found[name][-1]}", file=sys.stderr, flush=True)
    return {
        name: Visit(
            first_kib=median(one.first_kib for one in all_),
            first_requests=round(median(one.first_requests for one in all_)),
            all_kib=median(one.all_kib for one in all_),
            blocked=median(one.blocked for one in all_),
            shift=max(one.shift for one in all_),
        )
        for name, all_ in found.items()
    }


# All ---------------------------------------------------------------------------------------------


def drawing(folder: Path, path: str) -> tuple[float, float]:
    """Seconds for 100 different diagrams of ten nodes: from nothing, and from the cache."""
    vendor = ROOT / "docs/assets/vendor"
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        studio = Studio(vendor / "mermaid/mermaid.min.js", vendor / "diagram-fonts", folder, path)
        results = draw([Drawing(small_diagram(number)) for number in range(100)], studio)
        seconds.append(time.perf_counter() - start)
        assert all(isinstance(result, Picture) for result in results)
    return seconds[0], seconds[1]


def own_diagrams() -> list[tuple[str, int]]:
    """Return name and gzip bytes of each picture of the built site, the largest last."""
    files = (ROOT / "site/assets/diagrams").glob("*.svg")
    sizes = ((file.name, len(gzip.compress(file.read_bytes(), 9))) for file in files)
    return sorted(sizes, key=lambda one: one[1])


def reader(folder: Path, path: str, times: int) -> None:
    """Print what a reader's visit to each of the pages costs."""
    rest = {f"Project/{name}.md": f"# {name}\n" for name in ("Licence", "Disclaimer", "Activity")}
    both = page_text(diagrams=True)
    # Below the home page, which has a template of its own.
    without = page_text(diagrams=False)
    pages = {"README.md": "# Home\n\nA.\n", "P/README.md": both, "Q/README.md": without} | rest
    inherited = f"INHERIT: {ROOT / 'mkdocs.yml'}\ndocs_dir: docs\n"
    theme = load_config(str(ROOT / "mkdocs.yml")).theme
    featured = MATERIAL.replace(
        "features: [navigation.instant]",
        ", ".join(f"{n}: {json.dumps(theme[n])}" for n in FEATURES),
    )
    site(folder / "plain", MATERIAL + FENCES, {"index.md": without})
    site(folder / "featured", featured + FENCES, {"index.md": without})
    site(folder / "stock", MATERIAL + FENCES + MERMAID2, {"index.md": both})
    site(folder / "ours", inherited, pages, ours=True)
    if "diagram--refused" in (folder / "ours/site/P/index.html").read_text(encoding="utf-8"):
        sys.exit("A diagram took too long to draw: this machine is too busy to measure on.")
    places = {
        "plain, without diagrams": (folder / "plain/site", ""),
        "plain with this site's features, without diagrams": (folder / "featured/site", ""),
        "here, without diagrams": (folder / "ours/site", "Q/"),
        "here": (folder / "ours/site", "P/"),
        "stock": (folder / "stock/site", ""),
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        found = visits(browser, places, times)
        browser.close()
    print("| page | first view, KiB | requests | scrolled, KiB | blocked, ms | layout shift |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for kind, one in found.items():
        print(
            f"| {kind} | {one.first_kib:.0f} | {one.first_requests} | {one.all_kib:.0f} "
            f"| {one.blocked:.0f} | {one.shift:.3f} |"
        )
    for name, size in own_diagrams()[-1:]:
        print(f"Largest of our own diagrams: {name}, {size / 1000:.1f} KB gzip")


def pages_without(folder: Path) -> None:
    """Print how long a site of pages without diagrams takes to build, with and without our step."""
    text = "# Page {}\n\nThe word mermaid.\n\n" + "A paragraph of some words.\n\n" * 60
    pages = {"index.md": "# Home\n"} | {f"p{n}.md": text.format(n) for n in range(PAGES)}
    hook = f"hooks: [{ROOT / 'hooks/diagrams.py'}]\n"
    for kind, settings in {
        "Material alone": MATERIAL + FENCES,
        "with mermaid2": MATERIAL + FENCES + MERMAID2,
        "with mermaid2 and the step for diagrams": MATERIAL + FENCES + MERMAID2 + hook,
    }.items():
        seconds = site(folder / kind.replace(" ", "-"), settings, pages)
        print(f"{PAGES} pages without diagrams, {kind}: {seconds:.1f} s")


def steps(rounds: int = 15) -> None:
    """Print how long a step (forward and backward) of each model takes beside its reference's.

    The two take turns, so that what else the machine does falls on both.
    """
    import torch

    from zooniverse.proofs import running

    torch.set_num_threads(1)
    print("| model | size of the comparison | times the reference's |")
    print("| --- | --- | ---: |")
    for folder in running.folders(ROOT / "docs"):
        proof = running.load_proof(folder)
        if proof.speed is None:
            continue
        torch.manual_seed(0)
        pair = proof.speed(running.load_code(folder, proof))
        taken: tuple[list[float], list[float]] = ([], [])
        for turn in range(-2, rounds):  # the first turns are for warming up
            for run, model, seconds in (
                (pair.run_ours, pair.ours, taken[0]),
                (pair.run_reference, pair.reference, taken[1]),
            ):
                start = time.process_time()
                torch.autograd.backward(run()["loss"])
                if turn >= 0:
                    seconds.append(time.process_time() - start)
                model.zero_grad(set_to_none=True)
        ratio = median(taken[0]) / median(taken[1])
        print(
            f"| {folder.name} | {(proof.speed.__doc__ or '').removesuffix('.')} | {ratio:.2f} |",
            flush=True,
        )


def main() -> None:
    """Measure what is named, or everything, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="reader, drawing, pages, steps; all by default")
    parser.add_argument("--visits", type=int, default=3, help="visits to a page; 3 by default")
    named = parser.parse_args()
    parts = named.parts or ["reader", "drawing", "pages", "steps"]
    path = find()
    if not path:
        sys.exit("No Chrome or Chromium: run `python tools/browser.py --install`.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "reader" in parts:
            reader(folder, path, named.visits)
        if "drawing" in parts:
            nothing, cached = drawing(folder / "cache", path)
            print(f"100 diagrams: {nothing:.1f} s from nothing, {cached:.2f} s from the cache")
        if "pages" in parts:
            pages_without(folder)
        if "steps" in parts:
            steps()


if __name__ == "__main__":
    main()
