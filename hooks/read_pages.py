# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When a page is read, its file is decoded and its front matter checked before MkDocs sees it.

before   titel: BERT                     (in the front matter)
after    docs/…/README.md:2: the front matter has the unknown key 'titel'. Write 'title', or …
         A page that cannot be read keeps its last good version; else a note stands in its place.
"""

from __future__ import annotations

import logging
import posixpath
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from zooniverse.checks import check_page
from zooniverse.reading import PageText, linked_folders, mkdocs_source, notice, read_page, refusal

log = logging.getLogger("mkdocs.hooks.read_pages")

# By path, what `mkdocs serve` shows while a page is broken; it keeps this module between builds.
_last_good: dict[str, PageText] = {}


def on_config(config: MkDocsConfig) -> None:
    for name, problem in linked_folders(Path(config.docs_dir)):
        raise PluginError(problem.at(f"docs/{name}"))


@event_priority(100)  # before any other step looks at the files
def on_files(files: Files, config: MkDocsConfig) -> Files:
    for file in [file for file in files if file.src_dir == config.docs_dir]:
        if problem := refusal(Path(config.docs_dir, file.src_uri), Path(config.docs_dir)):
            log.warning(problem.at(_name(file)))
            files.remove(file)
    return files


def on_page_read_source(page: Page, config: MkDocsConfig) -> str:
    read = read_page(page.file.content_bytes)
    for problem in [*read.problems, *check_page(read.body, read.first_line, _blocks(config))]:
        log.warning(problem.at(_name(page.file)))
    return mkdocs_source(_shown(page.file, read))


def _blocks(config: MkDocsConfig) -> frozenset[str]:
    """Return what a page may ask for with <!-- zoo: NAME -->: what each step names in BLOCKS."""
    steps: Any = config.hooks  # modules by their paths, though MkDocs says a list
    return frozenset(name for step in steps.values() for name in getattr(step, "BLOCKS", ()))


def _shown(file: File, read: PageText) -> PageText:
    if not read.fatal:
        _last_good[file.src_uri] = read
        return read
    kept = _last_good.get(file.src_uri) or notice(_name(file), read.problems)
    file.content_string = mkdocs_source(kept)  # what later steps read is what is shown
    return kept


def _name(file: File) -> str:
    place = posixpath.normpath(posixpath.join("docs", file.edit_uri or file.src_uri))
    return place if place.isprintable() else ascii(place)[1:-1]
