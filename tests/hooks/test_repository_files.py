# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT

from __future__ import annotations

from pathlib import Path

from tests.conftest import SmallSite


def test_the_roots_files_are_on_the_site_and_edited_at_the_root(
    small_site: SmallSite, root: Path
) -> None:
    assert small_site.build() == (0, "")
    page = small_site.html("Project/Contributing/index.html")
    assert "/edit/main/CONTRIBUTING.md" in page
    for name in ("LICENSE-MIT", "LICENSE-CC-BY-4.0"):
        assert small_site.html(f"{name}.txt") == (root / name).read_text(encoding="utf-8")


def test_a_licence_without_its_text_stops_the_build_with_one_line(small_site: SmallSite) -> None:
    small_site.settings = "extra: {licenses: {code: {file: LICENCE-MIT}}}\n"
    code, said = small_site.build()
    assert code == 1
    assert (
        said.strip()
        .splitlines()[-1]
        .startswith("ERROR   -  mkdocs.yml: there is no file 'LICENCE-MIT' beside it.")
    )
