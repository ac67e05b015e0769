# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When the files are known, reads all records and bibliographies, and says what is wrong in them.

before   docs/…/BERT/model.yml      authers: [Jacob Devlin]
after    docs/…/BERT/model.yml:4: the key 'authers' is unknown. Write 'authors', or …
         A model whose record is wrong is left out of what is made from records.
"""

from __future__ import annotations

import logging
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files

from zooniverse.records.collection import collect

log = logging.getLogger("mkdocs.hooks.records")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for place, problem in collect(Path(config.docs_dir), config).problems:
        log.warning(problem.at(f"docs/{place}"))
    return files
