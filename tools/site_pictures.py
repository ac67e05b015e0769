# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Takes the pictures of the built site that README.md and link previews show.

Run ``make build`` first; writes docs/assets/images/home.png and social.png.
"""

from __future__ import annotations

import functools
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
import browser

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "assets" / "images"
# Name -> width and height in CSS pixels, and what a preview does not need.
PICTURES = {
    "home.png": (1280, 800, "body { }"),
    "social.png": (1200, 630, ".md-header, .md-tabs { display: none }"),
}


def main() -> None:
    """Take every picture of the home page in light colours."""
    files = functools.partial(SimpleHTTPRequestHandler, directory=str(ROOT / "site"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), files)  # browsers load no fonts from file://
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=browser.find(), args=browser.ARGUMENTS)
        for name, (width, height, style) in PICTURES.items():
            page = chrome.new_page(viewport={"width": width, "height": height})
            page.goto(f"http://127.0.0.1:{server.server_port}/")
            page.add_style_tag(content=style)
            page.evaluate("document.fonts.ready")
            page.screenshot(path=IMAGES / name)
        chrome.close()


if __name__ == "__main__":
    main()
