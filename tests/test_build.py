# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The build: the same bytes twice, no network, and nothing written but the site."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from tests.conftest import Site, SmallSite, mkdocs_build

# Python starts with this file where it lies on the path: whoever opens a connection is stopped.
NO_NETWORK = """
import socket
def refuse(*args, **kwargs):
    raise SystemExit("the build asked the network")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
"""


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
