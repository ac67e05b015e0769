# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When all pages have become HTML, their diagrams become pictures, where they can be drawn.

before   <div class="mermaid">--- title: A residual block --- flowchart TB …</div>
after    <figure class="diagram">…<img src="../../assets/diagrams/3f….svg#only-light" …>…</figure>
         In `mkdocs serve`, what the cache lacks is left to the reader's browser.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from zooniverse import browser
from zooniverse.diagrams import DiagramSettings
from zooniverse.figures import themes_html
from zooniverse.gallery import LIVE, Wall, hang
from zooniverse.pictures import THEME, Studio
from zooniverse.reading import read_page
from zooniverse.settings import read_section

log = get_plugin_logger("diagrams")
serving = False


def on_startup(command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
    global serving
    serving = command == "serve"


def on_config(config: MkDocsConfig) -> None:
    events = config.plugins.events["post_page"]
    events[:] = [_where_live(event) if _is_mermaid2(event) else event for event in events]


@event_priority(-50)  # after the step that rewrites links, which would not know the pictures
def on_env(env: Any, config: MkDocsConfig, files: Files) -> None:
    pages = [file.page for file in files.documentation_pages() if file.page and file.page.content]
    pages = [page for page in pages if LIVE in (page.content or "")]
    if pages:
        _hang(pages, config, files)


def _hang(pages: list[Page], config: MkDocsConfig, files: Files) -> None:
    settings = read_section(config.extra, "diagrams", DiagramSettings, PluginError)
    hung, pictures = hang(
        [_wall(page, files) for page in pages],
        None if settings.pictures == "live" else _studio(config),
        (lambda: None) if serving else browser.find,
        all_static=settings.pictures == "static" and not serving,
    )
    for path, svg in pictures.items():
        files.append(File.generated(config, path, content=svg))
    for page, shown in zip(pages, hung, strict=True):
        name = posixpath.normpath(posixpath.join("docs", page.file.edit_uri or page.file.src_uri))
        for problem in shown.problems:
            log.warning(problem.at(name))
        for note in shown.notes:
            log.info(note.at(name))
        page.content = shown.html + (themes_html(THEME) if shown.live else "")


def _studio(config: MkDocsConfig) -> Studio:
    vendor = Path(config.docs_dir, "assets", "vendor")
    cache = Path(config.config_file_path).parent / ".cache" / "diagrams"
    return Studio(vendor / "mermaid" / "mermaid.min.js", vendor / "diagram-fonts", cache, None)


def _wall(page: Page, files: Files) -> Wall:
    read = read_page(page.file.content_bytes)

    def image(address: str) -> Path | None:
        if urlsplit(address).scheme or address.startswith("/"):
            return None
        here = posixpath.dirname(page.file.src_uri)
        file = files.get_file_from_path(posixpath.normpath(posixpath.join(here, unquote(address))))
        return Path(file.abs_src_path) if file and file.abs_src_path else None

    return Wall(
        html=page.content or "",
        markdown=read.body,
        first_line=read.first_line,
        image=image,
        address=lambda path: get_relative_url(path, page.file.url),
    )


# mkdocs-mermaid2-plugin parses a whole page in order to add its scripts, half a second for a long
# one. It is shown a page that has nothing but a diagram; what it adds goes to the real one.
_LEAST = '<body><div class="mermaid"></div>'


def _is_mermaid2(event: Callable[..., Any]) -> bool:
    return type(getattr(event, "__self__", None)).__module__.startswith("mermaid2")


def _where_live(event: Callable[..., Any]) -> Callable[..., Any]:
    def on_post_page(output: str, **others: Any) -> str:
        if LIVE not in output:
            return output
        scripts = event(f"{_LEAST}</body>", **others).removeprefix(_LEAST)
        before, _, after = output.rpartition("</body>")
        return f"{before}{scripts}{after}"

    return on_post_page
