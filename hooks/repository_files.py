# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""When the files are known, adds those of the repository's root that readers of the site need too.

before   CONTRIBUTING.md            LICENSE-MIT
after    Project/Contributing.md    LICENSE-MIT.txt      (as if they lay under docs/)
"""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from zooniverse.licences import LicenseSettings
from zooniverse.settings import read_section


def on_files(files: Files, config: MkDocsConfig) -> Files:
    licences = read_section(config.extra, "licenses", LicenseSettings, PluginError)
    for source, target in places(licences).items():
        files.append(repository_file(source, target, config))
    return files


def places(licences: LicenseSettings) -> dict[str, str]:
    """Return, for each file of the repository's root, where it stands under docs/."""
    texts = {licence.file: f"{licence.file}.txt" for licence in (licences.text, licences.code)}
    return {"CONTRIBUTING.md": "Project/Contributing.md", **texts}


def repository_file(source: str, target: str, config: MkDocsConfig) -> File:
    """Return a file of the repository's root as one of the site; its edit link is the root's.

    Raises:
        PluginError: There is no such file.
    """
    place = Path(config.config_file_path).parent / source
    if not place.is_file():
        raise PluginError(
            f"mkdocs.yml: there is no file '{source}' beside it. "
            "Add it, or mend extra.licenses, whose keys 'file' name the texts of the licences."
        )
    file = File.generated(config, target, abs_src_path=str(place))
    file.edit_uri = f"../{source}"
    return file
