# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What tests share: the built site, a server for it, and a real browser."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent


def load(path: str) -> ModuleType:
    """Load a file that is in no package, as MkDocs loads hooks."""
    spec = spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec and spec.loader
    module = module_from_spec(spec)
    sys.modules.setdefault(spec.name, module)
    spec.loader.exec_module(module)
    return module


def mkdocs_build(
    config: Path, site: Path, *, strict: bool = True, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Build as ``make build`` does, in a process of its own."""
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-f", str(config), "-d", str(site)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", **environment}
    return subprocess.run(
        [*command, *(["--strict"] if strict else [])],
        env=environment, capture_output=True, text=True, check=False,
    )


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


class _Files(SimpleHTTPRequestHandler):
    """Answers like GitHub Pages: a missing page is the site's own 404.html."""

    def log_message(self, format: str, *args: object) -> None:
        pass

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        missing = next(Path(self.directory).glob("*/404.html"), None)
        if code != 404 or missing is None:
            return super().send_error(code, message, explain)
        self.send_response(404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(missing.read_bytes())


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free local port; yields its address, with the final slash."""
    files = functools.partial(_Files, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True)
class Site:
    """A built site: where its files lie, and the address at which they are served."""

    folder: Path
    address: str


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The project's own site, built strictly and without a word, served below a folder's name."""
    home = tmp_path_factory.mktemp("served")
    with served(home) as host:
        built = Site(home / "zoo", host + "zoo/")
        done = mkdocs_build(ROOT / "mkdocs.yml", built.folder, SITE_URL=built.address)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")
        yield built


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    tool = load("tools/browser.py")
    find: Callable[[], str | None] = tool.find
    path = find()
    assert path, "No Chrome or Chromium: run `python tools/browser.py --install`."
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=tool.ARGUMENTS)
        yield started
        started.close()
