# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When all pages have become HTML, their links are made to lead where they lead on GitHub.

before   <a href="../BERT">  <a href="bert.py#L10-L20">  <a href="../../hooks/links.py">
after    <a href="../BERT/"> <a href="bert.py.html#L10"> <a href="https://github.com/…/links.py">
         docs/…/README.md:7: the link 'brt.py' leads to no file. Write bert.py.
"""

from __future__ import annotations

import logging
import posixpath
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

from zooniverse.code_views import is_shown, line_anchors, view, view_source
from zooniverse.licences import LicenseSettings
from zooniverse.links import SourceLinks, anchors, link_lines, with_links
from zooniverse.navigation import INDEX
from zooniverse.reading import read_page
from zooniverse.repository import Repository, destination, relative
from zooniverse.settings import read_section

log = logging.getLogger("mkdocs.hooks.links")

_LEFT_OUT = (InclusionLevel.EXCLUDED, InclusionLevel.DRAFT)


def on_config(config: MkDocsConfig) -> None:
    config.markdown_extensions.append(SourceLinks())  # type: ignore[arg-type]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for file in _linked_code(files, config):
        files.append(_view_page(file, config))
    return files


def on_env(env: Any, config: MkDocsConfig, files: Files) -> None:
    pages = [file.page for file in files.documentation_pages() if file.page and file.page.content]
    repository = _repository(pages, files, config)
    for page in pages:
        if file := _viewed(page, files):
            page.content = _filled(page, file, files, config)
        else:
            page.content = _linked(page, repository, config)


def _linked_code(files: Files, config: MkDocsConfig) -> list[File]:
    """Return the files of code and data below docs/ that some page links to."""
    beside = {
        _place(file, config): file
        for file in files
        if file.src_dir == config.docs_dir and not file.is_documentation_page()
    }
    names = {posixpath.basename(place) for place in beside}
    linked: set[str | None] = set()
    for file in files.documentation_pages():
        body = read_page(file.content_bytes).body
        if any(name in unquote(body) for name in names):  # most pages need no second parse
            place = _place(file, config)
            linked |= {destination(address, place) for address in link_lines(body)}
    wanted = [file for place, file in beside.items() if place in linked]
    return [file for file in wanted if is_shown(file.src_uri, file.content_bytes)]


def _view_page(file: File, config: MkDocsConfig) -> File:
    """Return the page that shows a file; its edit link is the file's."""
    page = File.generated(
        config, f"{file.src_uri}.md", content=view_source(file.src_uri),
        inclusion=InclusionLevel.NOT_IN_NAV,
    )  # fmt: skip
    page.dest_uri = f"{file.src_uri}.html"  # beside the file itself, which is the download
    page.edit_uri = file.src_uri
    return page


def _viewed(page: Page, files: Files) -> File | None:
    """Return the file that a page shows, or None where it is an ordinary page."""
    uri = page.file.edit_uri
    shows = uri and page.file.generated_by and page.file.src_uri == f"{uri}.md"
    return files.get_file_from_path(uri) if uri and shows else None


def _filled(page: Page, file: File, files: Files, config: MkDocsConfig) -> str:
    """Return the content of a view with the lines of its file; its links are made for the site."""
    licence = read_section(config.extra, "licenses", LicenseSettings, PluginError).code.spdx
    home = files.get_file_from_path(posixpath.join(posixpath.dirname(file.src_uri), INDEX))
    back = relative(_address(home), page.file.url) if home else None
    return f"{page.content}{view(file.src_uri, file.content_string, licence, back)}"


def _repository(pages: list[Page], files: Files, config: MkDocsConfig) -> Repository:
    site = {}
    for file in [file for file in files if file.inclusion not in _LEFT_OUT]:
        if file.src_dir == config.docs_dir or file.generated_by:
            place = _place(file, config)
            site[place] = _address(file)  # a view, which comes last, stands before its file
            if posixpath.basename(place) == INDEX:
                site[posixpath.dirname(place) or "."] = _address(file)
    named = {}
    for page in pages:
        shown = _viewed(page, files)
        lines = line_anchors(shown.content_string) if shown else frozenset()
        named[_place(page.file, config)] = anchors(page.content or "") | lines
    named |= {posixpath.dirname(p): a for p, a in named.items() if posixpath.basename(p) == INDEX}
    host = (config.repo_url or "").rstrip("/") or None
    return Repository(_root(config), host, site, named)


def _linked(page: Page, repository: Repository, config: MkDocsConfig) -> str:
    place = _place(page.file, config)
    content, problems = with_links(
        page.content or "", place, repository, lambda: _lines(page.file.content_bytes)
    )
    for problem in problems:
        log.warning(problem.at(place))
    return content


def _lines(raw: bytes) -> dict[str, list[int]]:
    read = read_page(raw)
    return link_lines(read.body, read.first_line)


def _place(file: File, config: MkDocsConfig) -> str:
    """Return the path of a file in the repository, as its edit link has it."""
    docs = posixpath.relpath(Path(config.docs_dir).as_posix(), _root(config).as_posix())
    return posixpath.normpath(posixpath.join(docs, file.edit_uri or file.src_uri))


def _address(file: File) -> str:
    return "" if file.url == "./" else file.url


def _root(config: MkDocsConfig) -> Path:
    return Path(config.config_file_path).parent
