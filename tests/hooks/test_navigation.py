# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT

from __future__ import annotations

from tests.conftest import SmallSite


def test_a_new_folder_stands_in_the_navigation_by_itself(small_site: SmallSite) -> None:
    small_site.page("New-Area/README.md", "---\ntitle: New things\n---\n\n# New things\n\nText.\n")
    small_site.page("New-Area/First/README.md", "---\ntitle: The First\n---\n\n# First\n\nText.\n")
    assert small_site.build() == (0, "")
    home = small_site.html("index.html")
    assert "New things" in home
    area = small_site.html("New-Area/index.html")
    assert 'href="First/"' in area and "The First" in area


def test_a_wrong_setting_stops_the_build_with_one_line(small_site: SmallSite) -> None:
    small_site.settings = "extra: {navigation: {frist: []}}\n"
    code, said = small_site.build()
    assert code == 1
    last = said.strip().splitlines()[-1]
    assert last == (
        "ERROR   -  mkdocs.yml: extra.navigation.frist is not a setting. Did you mean 'first'?"
    )
