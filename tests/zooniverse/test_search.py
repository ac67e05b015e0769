# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT

from __future__ import annotations

import json

from zooniverse.search import split_index

INDEX = json.dumps({"config": {"lang": ["en"]}, "docs": [{"location": "", "text": "words"}]})


def test_the_small_index_has_the_settings_and_no_documents() -> None:
    small, whole = split_index(INDEX)
    assert json.loads(small) == {"config": {"lang": ["en"]}, "docs": []}
    assert whole == INDEX


def test_splitting_a_small_index_changes_nothing() -> None:
    small = split_index(INDEX)[0]
    assert split_index(small)[0] == small
