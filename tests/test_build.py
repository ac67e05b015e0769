# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The build: the same bytes twice, no network, nothing kept of what has changed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import Site, SmallSite, mkdocs_build

# Python starts with this file where it lies on the path: whoever opens a connection is stopped.
NO_NETWORK = """
import socket
def refuse(*args, **kwargs):
    raise SystemExit("the build asked the network")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
"""

# Serving, MkDocs builds in one process again and again; what the hooks remember, they keep.
AGAIN = """
import sys
from pathlib import Path
from mkdocs.commands.build import build
from mkdocs.config import load_config
page, settings, site, *texts = sys.argv[1:]
for text in texts:
    Path(page).write_text(text, encoding="utf-8")
    config = load_config(settings, site_dir=site)
    config.plugins.on_startup(command="serve", dirty=False)
    build(config)
"""
BEFORE = '# A\n\n## Gone\n\n```mermaid\npie\n  "a": 1\n```\n\n$x_1$ [home](../README.md)\n'
AFTER = '# A\n\n## New\n\n```mermaid\npie\n  "b": 2\n```\n\n$x_2$ `<!-- zoo: card -->`\n'


def checksums(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }


def test_twice_the_same_bytes_without_network(site: Site, root: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(NO_NETWORK, encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    once_more = tmp_path / "site"
    done = mkdocs_build(
        root / "mkdocs.yml", once_more,
        SITE_URL=site.named, DIAGRAMS="static", PYTHONPATH=paths, PYTHONHASHSEED="random",
    )  # fmt: skip
    assert done == (0, "")
    one, two = checksums(site.folder), checksums(once_more)
    assert len(one) > 50
    assert one == two


def test_built_again_in_the_same_process_nothing_is_stale(small_site: SmallSite) -> None:
    small_site.settings = "extra: {diagrams: {pictures: live}}\n"
    small_site.page("B/README.md", f"# B\n\n{BEFORE[3:]}")  # stays as it is
    small_site.page("A/README.md", AFTER)
    assert small_site.build() == (0, "")
    again = small_site.folder / "again"
    page, settings = small_site.folder / "docs/A/README.md", small_site.folder / "mkdocs.yml"
    subprocess.run(
        [sys.executable, "-c", AGAIN, page, settings, again, BEFORE, AFTER, AFTER], check=True,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    whole = (again / "search/whole_index.json").read_text(encoding="utf-8")
    assert "A/#new" in whole and "A/#gone" not in whole
    assert checksums(again) == checksums(small_site.folder / "site")


def test_the_network_guard_works(root: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        NO_NETWORK + "import socket; socket.create_connection(('127.0.0.1', 9))", encoding="utf-8"
    )
    _, said = mkdocs_build(root / "mkdocs.yml", tmp_path / "site", PYTHONPATH=str(tmp_path))
    assert "the build asked the network" in said


def test_a_broken_link_and_a_missing_anchor_fail_the_strict_build(small_site: SmallSite) -> None:
    small_site.page("A/README.md", "# A\n\n[gone](../B/README.md) and [lost](../README.md#lost)\n")
    code, said = small_site.build()
    assert code == 1
    assert "A/README.md" in said and "../B/README.md" in said and "#lost" in said
    assert small_site.build(strict=False)[0] == 0
