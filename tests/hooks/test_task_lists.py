# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT

from __future__ import annotations

from tests.conftest import SmallSite
from zooniverse.task_lists import name_boxes


def test_boxes_are_named(small_site: SmallSite) -> None:
    small_site.page("A/README.md", "# A\n\n- [x] slept\n- [ ] eaten\n")
    assert small_site.build() == (0, "")
    html = small_site.html("A/index.html")
    assert html.count('aria-label="Done"') == html.count('aria-label="To do"') == 1


def test_twice_is_once_and_the_rest_stays() -> None:
    html = '<p>&lt;input type="checkbox" disabled/&gt;</p><input type="checkbox" disabled/>'
    once = name_boxes(html)
    assert once == html[:-2] + ' aria-label="To do"/>'
    assert name_boxes(once) == once
