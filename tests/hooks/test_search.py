# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT

from __future__ import annotations

import json

from tests.conftest import SmallSite


def test_the_first_page_loads_an_empty_index(small_site: SmallSite) -> None:
    assert small_site.build() == (0, "")
    small = json.loads(small_site.html("search/search_index.json"))
    whole = json.loads(small_site.html("search/whole_index.json"))
    assert small["docs"] == [] and whole["docs"]
    assert small["config"] == whole["config"]
