# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT

from __future__ import annotations

from tests.conftest import SmallSite


def test_the_notice_stands_on_the_page_and_in_its_head(small_site: SmallSite) -> None:
    small_site.page("A/README.md", "---\nlicense: CC0-1.0\nauthor: Grace\n---\n\n# A\n\nText.\n")
    assert small_site.build() == (0, "")
    html = small_site.html("A/index.html")
    assert '<link rel="license" href="https://spdx.org/licenses/CC0-1.0.html"' in html
    assert '<link rel="license" href="https://opensource.org/license/mit"' in html
    assert "© 2025 Grace." in html
    other = small_site.html("index.html")
    assert '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/"' in other
    assert "© 2025 Cong Le." in other


def test_an_unknown_licence_is_a_warning_that_names_the_page(small_site: SmallSite) -> None:
    small_site.page("A/README.md", "---\nlicense: CC-BY\n---\n\n# A\n\nText.\n")
    code, said = small_site.build()
    assert code == 1
    assert "docs/A/README.md: license is 'CC-BY'. Write an SPDX identifier" in said
    assert "Traceback" not in said


def test_a_wrong_setting_stops_the_build_with_one_line(small_site: SmallSite) -> None:
    small_site.settings = "extra: {licenses: {year: soon}}\n"
    code, said = small_site.build()
    assert code == 1
    assert (
        said.strip()
        .splitlines()[-1]
        .startswith("ERROR   -  mkdocs.yml: extra.licenses.year is 'soon'.")
    )
    assert "Traceback" not in said
