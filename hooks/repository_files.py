# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When the files are known, adds those of the repository's root that readers of the site need too.

before   CONTRIBUTING.md            LICENSE-MIT
after    Project/Contributing.md    LICENSE-MIT.txt      (as if they lay under docs/)
"""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

# Place in the repository -> place under docs/.
FILES = {
    "CONTRIBUTING.md": "Project/Contributing.md",
    "LICENSE-MIT": "LICENSE-MIT.txt",
    "LICENSE-CC-BY-4.0": "LICENSE-CC-BY-4.0.txt",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for source, target in FILES.items():
        files.append(repository_file(source, target, config))
    return files


def repository_file(source: str, target: str, config: MkDocsConfig) -> File:
    """Return a file of the repository's root as one of the site; its edit link is the root's."""
    place = Path(config.config_file_path).parent / source
    file = File.generated(config, target, abs_src_path=str(place))
    file.edit_uri = f"../{source}"
    return file
