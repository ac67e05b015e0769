# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When links lead where they should, pictures of the site get their width and height.

before   <img src="samples.png" alt="…">
after    <img width="1040" height="304" src="samples.png" alt="…">
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import unquote

import imagesize
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files

from zooniverse.image_sizes import Size, with_sizes


def on_env(env: Any, config: MkDocsConfig, files: Files) -> None:
    pictures = {unquote(file.url): file.abs_src_path for file in files.media_files()}
    measured = cache(lambda address: _size(pictures.get(address)))
    for file in files.documentation_pages():
        if file.page and file.page.content:
            file.page.content = with_sizes(file.page.content, unquote(file.url), measured)


def _size(path: str | None) -> Size | None:
    try:
        return imagesize.get(path) if path else None
    except (OSError, ValueError):  # a file that is no picture, whatever its name says
        return None
