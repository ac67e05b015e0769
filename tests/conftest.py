# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What tests share: the built site, a server for it, and a real browser."""

from __future__ import annotations

import functools
import os
import shutil
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
from filelock import FileLock
from hypothesis import settings
from playwright.sync_api import Browser, Page, sync_playwright

settings.register_profile("no clock", deadline=None)  # a busy machine is no fault
settings.load_profile("no clock")

# Tiny models run many times faster on one thread, and no library may fetch weights.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

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
) -> tuple[int, str]:
    """Build as ``make build`` does, in a process of its own; MkDocs' INFO lines are left out.

    Not with ``--quiet``: it hides warnings from ``--strict``, too.
    """
    command = [sys.executable, "-m", "mkdocs", "build", "-f", str(config), "-d", str(site)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", **environment}
    done = subprocess.run(
        [*command, *(["--strict"] if strict else [])],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (done.stdout + done.stderr).splitlines(keepends=True)
    said = "".join(line for line in lines if not line.startswith("INFO "))
    return done.returncode, said


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


class _Files(SimpleHTTPRequestHandler):
    """Answers like GitHub Pages: a missing page is the site's own 404.html."""

    protocol_version = "HTTP/1.1"  # one connection for many files

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/favicon.ico":  # the host's, which browsers ask for beside a picture
            self.send_response(204)
            return self.end_headers()
        return super().do_GET()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        missing = next(Path(self.directory).glob("*/404.html"), None)
        if code != 404 or missing is None:
            return super().send_error(code, message, explain)
        self.send_response(404)
        body = missing.read_bytes()
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


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
    """A built site.

    Attributes:
        folder: Where its files lie.
        address: At which they are served.
        named: At which the site says that it is: `address` without the port, which each process
            has for itself.
    """

    folder: Path
    address: str
    named: str = "http://127.0.0.1/zoo/"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The project's own site, built strictly and without a word, served below a folder's name.

    The first process that needs it builds it for all.
    """
    home = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        home = home.parent
    home /= "served"
    folder, built = home / "zoo", home.with_name("built")
    with FileLock(f"{built}.lock"):
        if not built.exists():
            done = mkdocs_build(ROOT / "mkdocs.yml", folder, SITE_URL=Site.named, DIAGRAMS="static")
            assert done == (0, "")
            built.touch()
    with served(home) as host:
        yield Site(folder, host + "zoo/")


class SmallSite:
    """A site of a few pages with the project's own settings, hooks and theme.

    Attributes:
        folder: Where its mkdocs.yml lies; pages go to ``docs/`` below it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "docs").mkdir()
        shutil.copytree(ROOT / "docs" / "assets", folder / "docs" / "assets")  # no links in docs/
        for name in ("hooks", "overrides", "CONTRIBUTING.md", "LICENSE-MIT", "LICENSE-CC-BY-4.0"):
            (folder / name).symlink_to(ROOT / name)
        self.page("README.md", "# Home\n\nOne sentence.\n")
        for name in ("Licence", "Disclaimer", "Activity"):
            self.page(f"Project/{name}.md", f"# {name}\n\nOne sentence.\n")
        self.settings = ""

    def page(self, path: str, text: str | bytes) -> None:
        """Write a page."""
        file = self.folder / "docs" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)

    def build(self, *, strict: bool = True) -> tuple[int, str]:
        """Build it; return the exit code and all that was printed."""
        return mkdocs_build(self.write_settings(), self.folder / "site", strict=strict)

    def write_settings(self) -> Path:
        """Write mkdocs.yml: the project's own, and ``settings`` over it."""
        config = self.folder / "mkdocs.yml"
        inherited = f"INHERIT: {ROOT / 'mkdocs.yml'}\ndocs_dir: docs\n"
        config.write_text(inherited + self.settings, encoding="utf-8")
        return config

    def html(self, path: str) -> str:
        """Return a built file."""
        return (self.folder / "site" / path).read_text(encoding="utf-8")


@pytest.fixture
def small_site(tmp_path: Path) -> SmallSite:
    return SmallSite(tmp_path)


def ready(page: Page, address: str) -> None:
    """Open a page; return when its links are followed within it: once the sitemap has come."""
    with page.expect_response("**/sitemap.xml") as sitemap:
        page.goto(address)
    sitemap.value.finished()
    page.wait_for_timeout(200)  # it is read
    page.evaluate("window.kept = true")


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
