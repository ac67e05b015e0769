# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What the catalogue's table holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.zooniverse.records.made_up import write
from zooniverse.records import catalogue
from zooniverse.records.collection import collect


def test_a_long_table_leaves_out_the_sentences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Alpha", "Beta"):
        write(tmp_path, f"Area/{name}")
    models = collect(tmp_path)
    sentence = "<small>A model that reads letters.</small>"
    assert catalogue.catalogue_html(models, "Catalogue/", "x.js").count(sentence) == 2
    monkeypatch.setattr(catalogue, "WITH_LINES", 1)
    short = catalogue.catalogue_html(models, "Catalogue/", "x.js")
    assert sentence not in short
    assert all(f">{name}</a>" in short for name in ("Alpha", "Beta"))
